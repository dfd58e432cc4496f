"""Sends a prescription as the software of a clinic does, and is told by a webhook that it
has arrived. ../README.md says how to try it."""

import json
import os
import queue
import sys
import time
import urllib.parse

from access import SigningKey
from client import Client, Refused, problems
from webhook import Hook, parameter


def progress(client, task):
    answer = client.read(task + "/$progress")["parameter"]
    print(f"progress  {parameter(answer, 'step').get('valueCode')}, since {parameter(answer, 'since').get('valueDateTime')}")


def follow(client, hook, number):
    """Waits to be told of the prescription.

    Events of others are passed over; where nothing is told the program looks itself, since
    whoever sends an order again is not told again.
    """
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            event, focus = hook.events.get(timeout=15)
        except queue.Empty:
            found = client.read("Task?" + urllib.parse.urlencode({"code": "prescription-order", "group-identifier": number})).get("entry")
            if found:
                return progress(client, "Task/" + found[0]["resource"]["id"])
            continue
        if client.read(focus).get("groupIdentifier", {}).get("value") == number:
            print(f"told      event {event}: {focus}")
            return progress(client, focus)
    raise RuntimeError("the prescription did not arrive in time")


def main():
    if len(sys.argv) != 2:
        raise RuntimeError("usage: clinic.py ORDER.json")
    with open(sys.argv[1], "rb") as file:
        text = file.read()
    message = json.loads(text)
    orders = [e["resource"] for e in message["entry"] if e["resource"]["resourceType"] == "MedicationRequest"]
    number = orders[0]["groupIdentifier"]["value"]
    request_id = message["identifier"]["value"]  # the same whenever this message is sent

    client = Client(os.environ["PESTLE_URL"], os.environ["PESTLE_CLIENT"], SigningKey(os.environ["PESTLE_KEY"]))
    print(f"token     expires in {client.renew()} s")
    hook = Hook(os.environ["HOOK_LISTEN"], os.environ.get("HOOK_URL"))
    try:
        print(f"webhook   {hook.subscribe(client)} is active")
        wrong = problems(client.call("POST", "$validate", text))
        if wrong:
            raise RuntimeError("\n".join(wrong))
        print("valid     nothing to put right")
        client.call("POST", "$process-message", text, request_id)
        print(f"sent      {number}")
        follow(client, hook, number)
    finally:
        hook.close()


if __name__ == "__main__":
    try:
        main()
    except KeyError as error:
        sys.exit(f"{error.args[0]} is missing")
    except (OSError, ValueError, RuntimeError, Refused) as error:
        sys.exit(str(error))
