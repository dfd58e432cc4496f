from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import OperationOutcome, ResourceNotFound

from calls import base, equal, patient, refused, run, unique

client = SyncFHIRClient(base)
merge = SyncFHIRClient(base, extra_headers={"Content-Type": "application/merge-patch+json"})


def new(family):
    return client.resource("Patient", **{k: v for k, v in patient(family).items() if k != "resourceType"})


made = new("Py")
found = client.resources("Patient").search(identifier=f"urn:clients|{unique}")


def update():
    made["name"][0]["family"] = "Py2"
    made.save()
    equal(made["meta"]["versionId"], "2")


def conditional_create():
    once = SyncFHIRClient(base, extra_headers={"If-None-Exist": f"identifier=urn:clients|{unique}"})
    equal(once.execute("Patient", data=patient("Other"))["id"], made["id"])


def conditional_update():
    got, created = found.update(new("Py3"))
    equal((created, got["id"]), (False, made["id"]))


def conditional_patch():
    equal(merge.resources("Patient").search(identifier=f"urn:clients|{unique}").patch(active=True)["active"], True)


def transaction():
    entry = [
        {"resource": dict(patient(f"T{n}"), identifier=[{"system": "urn:clients", "value": unique + "-t"}]), "request": {"method": "POST", "url": "Patient"}}
        for n in range(3)
    ]
    equal(client.execute("", "post", data={"resourceType": "Bundle", "type": "transaction", "entry": entry})["type"], "transaction-response")


def several():
    return client.resources("Patient").search(identifier=f"urn:clients|{unique}-t")


run({
    "create": lambda: made.save(),
    "read": lambda: equal(client.reference("Patient", made["id"]).to_resource()["name"][0]["family"], "Py"),
    "refresh": lambda: made.refresh(),
    "update": update,
    "vread": lambda: equal(client.execute(f"Patient/{made['id']}/_history/1", "get")["meta"]["versionId"], "1"),
    "merge patch": lambda: equal(merge.patch("Patient", made["id"], active=False)["active"], False),
    "plain patch is refused with a hint": lambda: equal("merge-patch+json" in str(refused(OperationOutcome, lambda: client.patch("Patient", made["id"], active=True))), True),
    "conditional create": conditional_create,
    "conditional update": conditional_update,
    "conditional patch": conditional_patch,
    # It posts to Patient?identifier=…, which a server that takes no such parameter would answer with a duplicate.
    "get_or_create is refused with a hint": lambda: equal("If-None-Exist" in str(refused(OperationOutcome, lambda: found.get_or_create(new("Other")))), True),
    "fetch": lambda: equal(len(found.fetch()), 1),
    "first": lambda: equal(found.first()["id"], made["id"]),
    "get": lambda: equal(found.get()["id"], made["id"]),
    "count": lambda: equal(found.count(), 1),
    "elements": lambda: equal(found.elements("name").first()["name"][0]["family"], "Py3"),
    "sort and limit": lambda: equal(len(found.sort("family", "-birthdate").limit(5).fetch()), 1),
    "transaction": transaction,
    "all pages": lambda: equal(len(several().limit(2).fetch_all()), 3),
    "history": lambda: equal(client.execute(f"Patient/{made['id']}/_history", "get")["type"], "history"),
    "is_valid": lambda: equal(client.resource("Patient", name=[{"family": "V"}]).is_valid(), True),
    "is not valid": lambda: equal(client.resource("Patient", gender="x").is_valid(), False),
    "operation": lambda: equal(client.execute("Patient/$validate", "post", data=patient("V"))["resourceType"], "OperationOutcome"),
    "metadata": lambda: equal(client.execute("metadata", "get")["fhirVersion"], "4.0.1"),
    "error is an OperationOutcome": lambda: equal(refused(OperationOutcome, lambda: client.resource("Patient", birthdate="x").save()).resource["resourceType"], "OperationOutcome"),
    "delete": lambda: equal(client.delete("Patient", made["id"])["resourceType"], "OperationOutcome"),
    "read of what is deleted": lambda: refused(ResourceNotFound, lambda: client.reference("Patient", made["id"]).to_resource()),
})
