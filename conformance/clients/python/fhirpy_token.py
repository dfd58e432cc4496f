import json
import os
import time
import uuid

import jwt
import requests
from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import ForbiddenError

from calls import base, equal, patient, refused, run, unique

key = json.load(open(os.environ["PESTLE_KEY"]))
smart = requests.get(base + "/.well-known/smart-configuration", timeout=10).json()
last = {}


def assertion(**claims):
    now = int(time.time())
    body = {"iss": "backend", "sub": "backend", "aud": smart["token_endpoint"], "jti": str(uuid.uuid4()), "exp": now + 240, **claims}
    return jwt.encode(body, jwt.PyJWK(key).key, algorithm="ES384", headers={"kid": key["kid"]})


def ask(scope, signed=None):
    last["signed"] = signed or assertion()
    return requests.post(smart["token_endpoint"], timeout=10, data={
        "grant_type": "client_credentials", "scope": scope, "client_assertion": last["signed"],
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"})


def client(scope):
    return SyncFHIRClient(base, authorization="Bearer " + ask(scope).json()["access_token"])


def discovery():
    equal("ES384" in smart["token_endpoint_auth_signing_alg_values_supported"], True)
    equal("client-confidential-asymmetric" in smart["capabilities"], True)


def token():
    answer = ask("system/Patient.cruds").json()
    equal((answer["token_type"], answer["expires_in"], answer["scope"]), ("bearer", 300, "system/Patient.cruds"))


def write_and_read():
    own = client("system/Patient.cruds")
    made = own.resource("Patient", **{k: v for k, v in patient("Backend").items() if k != "resourceType"})
    made.save()
    equal(own.reference("Patient", made["id"]).to_resource()["name"][0]["family"], "Backend")
    equal(own.resources("Patient").search(identifier=f"urn:clients|{unique}").count(), 1)


def narrower():
    refused(ForbiddenError, lambda: client("system/Patient.r").resources("Patient").fetch())


def replay():
    ask("system/Patient.r")
    equal((ask("system/Patient.r", last["signed"]).status_code), 401)


run({
    "discovery": discovery,
    "token": token,
    "write and read": write_and_read,
    "no more than the scope": narrower,
    "a scope with a query": lambda: equal(client("system/Observation.rs").resources("Observation").fetch(), []),
    "granted with its query": lambda: equal(ask("system/Observation.rs").json()["scope"], "system/Observation.rs?category=laboratory"),
    "an assertion is taken once": replay,
    "of another server": lambda: equal(ask("system/Patient.r", assertion(aud="https://other.example/token")).json()["error"], "invalid_client"),
    "a scope that it may not have": lambda: equal(ask("system/Task.r").json()["error"], "invalid_scope"),
})
