"""Calls the server as the clinic, and tries again where that helps."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request

from access import SCOPES

# How often something is sent at most: for about two minutes.
ATTEMPTS = 8


def problems(answer):
    """The errors of an OperationOutcome."""
    return [
        ", ".join(issue.get("expression", [])) + ": " + issue.get("diagnostics", "")
        for issue in answer.get("issue", [])
        if issue["severity"] in ("error", "fatal")
    ]


class Refused(Exception):
    """What the server refused, with all that its OperationOutcome says."""

    def __init__(self, path, status, body):
        try:
            listed = problems(json.loads(body))
        except (ValueError, AttributeError):  # not an OperationOutcome: the text is shown as it is
            listed = []
        super().__init__("\n".join([f"{path}: {status}", *(listed or [body[:500].decode(errors="replace")])]))


def retried(make):
    """Sends a request until there is an answer that another attempt would not change."""
    wait = 0.5
    for attempt in range(1, ATTEMPTS + 1):
        request = make()
        asked = 0.0
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                body = answer.read()
                return json.loads(body) if body else None
        except urllib.error.HTTPError as error:
            failure = Refused(request.full_url, error.code, error.read())
            if error.code != 429 and error.code < 500:
                raise failure from None
            after = error.headers.get("Retry-After", "")
            asked = float(after) if after.isdigit() else 0.0
        except (OSError, ValueError) as error:  # no answer, or half of one
            failure = error
        if attempt == ATTEMPTS:
            raise failure
        time.sleep(max(wait, asked))
        wait *= 2
    return None


class Client:
    def __init__(self, base, name, key):
        self._base, self._name, self._key = base.rstrip("/"), name, key
        self._token, self._until = "", 0.0

    def renew(self):
        """Gets an access token, and says how many seconds it lasts."""
        known = retried(lambda: urllib.request.Request(self._base + "/.well-known/smart-configuration"))
        endpoint = known["token_endpoint"]

        def form():
            fields = {
                "grant_type": "client_credentials",
                "scope": SCOPES,
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": self._key.assertion(self._name, endpoint),
            }
            return urllib.request.Request(endpoint, data=urllib.parse.urlencode(fields).encode())

        granted = retried(form)
        self._token = granted["access_token"]
        self._until = time.monotonic() + granted["expires_in"] - 30
        return granted["expires_in"]

    def read(self, path):
        return self.call("GET", path)

    def call(self, method, path, body=None, request_id=None):
        """Sends bytes and returns the answer.

        By request_id, which is the same for each attempt, the server knows a repeat, and
        answers as it did the first time.
        """
        if time.monotonic() > self._until:
            self.renew()
        headers = {"Authorization": "Bearer " + self._token, "Accept": "application/fhir+json"}
        if body is not None:
            headers["Content-Type"] = "application/fhir+json"
        if request_id is not None:
            headers["X-Request-ID"] = request_id
        return retried(lambda: urllib.request.Request(f"{self._base}/{path}", data=body, headers=headers, method=method))
