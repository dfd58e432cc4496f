"""fhir.resources has no client of its own: its strict models read every answer."""
import requests
from fhir.resources.R4B.binary import Binary
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from fhir.resources.R4B.operationoutcome import OperationOutcome
from fhir.resources.R4B.patient import Patient

from calls import base, equal, patient, run, unique

session = requests.Session()
session.headers.update({"Accept": "application/fhir+json", "Content-Type": "application/fhir+json"})
made = {}


def send(model, method, path, status, body=None, **headers):
    answer = session.request(method, f"{base}/{path}".rstrip("/"), data=body, headers={k.replace("_", "-"): v for k, v in headers.items()})
    equal(answer.status_code, status)
    return model.model_validate_json(answer.text)


def create():
    made["it"] = send(Patient, "POST", "Patient", 201, Patient(**patient("Models")).model_dump_json())


def update():
    made["it"].name[0].family = "Models2"
    equal(send(Patient, "PUT", f"Patient/{made['it'].id}", 200, made["it"].model_dump_json(), If_Match='W/"1"').meta.versionId, "2")


def bundle(kind):
    entry = [{"resource": patient("B"), "request": {"method": "POST", "url": "Patient"}}, {"request": {"method": "GET", "url": f"Patient/{made['it'].id}"}}]
    text = Bundle(resourceType="Bundle", type=kind, entry=entry).model_dump_json()
    equal(send(Bundle, "POST", "", 200, text).type, f"{kind}-response")


def binary():
    b = send(Binary, "POST", "Binary", 201, '{"resourceType":"Binary","contentType":"text/plain","data":"aGVsbG8="}')
    equal(session.get(f"{base}/Binary/{b.id}", headers={"Accept": "*/*"}).text, "hello")


run({
    "metadata": lambda: send(CapabilityStatement, "GET", "metadata", 200),
    "create": create,
    "read": lambda: equal(send(Patient, "GET", f"Patient/{made['it'].id}", 200).name[0].family, "Models"),
    "update": update,
    "vread": lambda: send(Patient, "GET", f"Patient/{made['it'].id}/_history/1", 200),
    "patch": lambda: equal(send(Patient, "PATCH", f"Patient/{made['it'].id}", 200, '{"active":true}', Content_Type="application/merge-patch+json").active, True),
    "search": lambda: equal(send(Bundle, "GET", f"Patient?identifier=urn:clients|{unique}", 200).total, 1),
    "search of everything": lambda: send(Bundle, "GET", "Patient?_count=100&_include=*&_revinclude=Provenance:target", 200),
    "medicines": lambda: send(Bundle, "GET", "MedicationRequest?_count=100", 200),
    "batch": lambda: bundle("batch"),
    "transaction": lambda: bundle("transaction"),
    "history": lambda: send(Bundle, "GET", "_history?_count=100", 200),
    "operation": lambda: send(OperationOutcome, "POST", "Patient/$validate", 200, '{"resourceType":"Patient","gender":"x"}'),
    "error": lambda: send(OperationOutcome, "POST", "Patient", 422, '{"resourceType":"Patient","birthdate":"x"}'),
    "Binary": binary,
    "delete": lambda: send(OperationOutcome, "DELETE", f"Patient/{made['it'].id}", 200),
    "read of what is deleted": lambda: send(OperationOutcome, "GET", f"Patient/{made['it'].id}", 410),
})
