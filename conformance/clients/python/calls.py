"""Runs calls one after the other and says of each whether it did what it must."""
import sys
import time

base = sys.argv[1]
unique = f"{time.time_ns()}"


def patient(family):
    return {
        "resourceType": "Patient",
        "identifier": [{"system": "urn:clients", "value": unique}],
        "name": [{"family": family, "given": ["A"]}],
    }


def equal(got, want):
    assert got == want, f"{got!r} is not {want!r}"


def refused(kind, call):
    try:
        call()
    except kind as e:
        return e
    raise AssertionError("the call was not refused")


def run(calls):
    for name, call in calls.items():
        try:
            call()
            print("ok", name)
        except Exception as e:  # of any kind: it is a miss
            print("miss", f"{name}:", " ".join(f"{type(e).__name__} {e}".split())[:500])
