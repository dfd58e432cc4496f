from fhirclient import client as smart
from fhirclient.models.bundle import Bundle
from fhirclient.models.fhirabstractbase import FHIRValidationError
from fhirclient.models.patient import Patient
from fhirclient.server import FHIRNotFoundException
from requests import HTTPError

from calls import base, equal, patient, refused, run, unique

client = smart.FHIRClient(settings={"app_id": "pestle", "api_base": base})
made = Patient(patient("Smart"))


def create():
    answer = made.create(client.server)
    made.id = answer["id"]


def update():
    made.name[0].family = "Smart2"
    equal(made.update(client.server)["meta"]["versionId"], "2")


def pages():
    for n in range(3):
        other = Patient(patient(f"P{n}"))
        other.identifier[0].value = unique + "-p"
        other.create(client.server)
    search = Patient.where({"identifier": f"urn:clients|{unique}-p", "_count": "2"})
    equal(sum(1 for _ in search.perform_resources_iter(client.server)), 3)


run({
    "prepare": lambda: equal(client.prepare(), True),
    "metadata": lambda: equal(client.server.capabilityStatement.fhirVersion, "4.0.1"),
    "create": create,
    "read": lambda: equal(Patient.read(made.id, client.server).name[0].family, "Smart"),
    "update": update,
    "vread": lambda: equal(client.server.request_json(f"Patient/{made.id}/_history/1")["meta"]["versionId"], "1"),
    "search": lambda: equal(len(Patient.where({"identifier": f"urn:clients|{unique}"}).perform_resources(client.server)), 1),
    "search as a Bundle": lambda: equal(Patient.where({"identifier": f"urn:clients|{unique}"}).perform(client.server).total, 1),
    "pages": pages,
    "transaction": lambda: equal(
        Bundle(client.server.post_json("", {"resourceType": "Bundle", "type": "transaction", "entry": [
            {"resource": patient("T"), "request": {"method": "POST", "url": "Patient"}}]}).json()).type, "transaction-response"),
    "history": lambda: equal(Bundle(client.server.request_json(f"Patient/{made.id}/_history")).type, "history"),
    "operation": lambda: equal(client.server.post_json("Patient/$validate", patient("V")).json()["resourceType"], "OperationOutcome"),
    "error is an OperationOutcome": lambda: equal(refused(HTTPError, lambda: client.server.post_json("Patient", {"resourceType": "Patient", "birthdate": "x"})).response.json()["resourceType"], "OperationOutcome"),
    "models read what is sent": lambda: refused(FHIRValidationError, lambda: Patient({"gender": 1})),
    "delete": lambda: made.delete(client.server),
    "read of what is deleted": lambda: refused(Exception, lambda: Patient.read(made.id, client.server)),
    "read of nothing": lambda: refused(FHIRNotFoundException, lambda: Patient.read("nobody", client.server)),
})
