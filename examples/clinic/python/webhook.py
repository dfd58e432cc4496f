"""Is told by the server what happens, and verifies that it was the server (Standard Webhooks)."""

import base64
import hashlib
import hmac
import http.server
import json
import queue
import threading
import time
import urllib.parse

TOPIC = "https://pestle-fhir.github.io/SubscriptionTopic/prescription-received"
CONTENT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content"

# How many seconds old a call may be, and how far clocks may differ.
TOLERANCE = 300


def verified(secret, headers, body, now=None):
    """Whether a call is signed by who has the secret, and new."""
    stamp = headers.get("webhook-timestamp", "")
    if not stamp.isdigit() or abs((now or time.time()) - int(stamp)) > TOLERANCE:
        return False
    signed = f"{headers.get('webhook-id', '')}.{stamp}.".encode() + body
    want = "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    # There are two while the secret is changed.
    return any(hmac.compare_digest(given.encode(), want.encode()) for given in headers.get("webhook-signature", "").split())


def parameter(listed, name):
    return next((p for p in listed or [] if p["name"] == name), {})


def events_of(body):
    """(number, focus) of each event of a notification: a Bundle whose first entry lists them."""
    for p in json.loads(body)["entry"][0]["resource"].get("parameter", []):
        if p["name"] == "notification-event":
            reference = parameter(p["part"], "focus").get("valueReference", {}).get("reference", "")
            yield int(parameter(p["part"], "event-number")["valueString"]), "/".join(reference.split("/")[-2:])


class Hook:
    def __init__(self, address, url=None):
        """Listens at HOST:PORT; url is by what the server calls it, where that is another address."""
        self._secret = None
        self._last = 0  # number of the event that was dealt with last; in your software it is stored
        self._lock = threading.Lock()
        self.events = queue.Queue()
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers.get("Content-Length", "0"))
                self.send_response(hook._take(self.headers, self.rfile.read(length)) if length <= 1 << 20 else 413)
                self.end_headers()

            def log_message(self, *_):
                pass

        host, _, port = address.rpartition(":")
        self._server = http.server.ThreadingHTTPServer((host, int(port)), Handler)
        self.url = url or f"http://{host}:{self._server.server_address[1]}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _take(self, headers, body):
        with self._lock:
            if self._secret is None:
                # The handshake comes before the secret could be asked for. It says nothing
                # on which anything is done.
                return 200
            if not verified(self._secret, headers, body):
                return 401
            for number, focus in events_of(body):
                # The server tells at least once, in order: a number that is not greater was dealt with.
                if number > self._last:
                    self._last = number
                    self.events.put((number, focus))
            return 200

    def close(self):
        self._server.shutdown()

    def subscribe(self, client):
        """Finds the clinic's Subscription, or writes it, and waits until it is active."""
        where = urllib.parse.urlencode({"status": "active,requested", "criteria": TOPIC, "url": self.url})
        found = client.read("Subscription?" + where).get("entry", [])
        made = found[0]["resource"] if found else client.call("POST", "Subscription", json.dumps({
            "resourceType": "Subscription", "status": "requested", "reason": "to know when an order has arrived", "criteria": TOPIC,
            "channel": {"type": "rest-hook", "endpoint": self.url, "payload": "application/fhir+json",
                        "_payload": {"extension": [{"url": CONTENT, "valueCode": "id-only"}]}},
        }).encode())
        name = "Subscription/" + made["id"]
        told = client.call("POST", name + "/$webhook-secret")
        secret = base64.b64decode(parameter(told["parameter"], "secret")["valueString"].split("_", 1)[1])
        with self._lock:
            self._secret = secret
        until = time.monotonic() + 60
        while time.monotonic() < until:
            now = client.read(name)
            if now["status"] == "active":
                return name
            if now["status"] != "requested":
                raise RuntimeError(f"{name} is {now['status']}: {now.get('error')}")
            time.sleep(0.1)
        raise RuntimeError(f"{name} did not become active in time")
