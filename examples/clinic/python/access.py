"""Proof of who the client is, for the token endpoint (SMART Backend Services)."""

import base64
import json
import time
import uuid

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA384

# What the program asks for, and no more than it needs.
SCOPES = "system/Task.rs system/Subscription.cruds system/$validate system/$process-message system/$progress system/$webhook-secret"


def _encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


class SigningKey:
    """A private key on P-384 with the id under which its public key is registered."""

    def __init__(self, file):
        """Reads a JSON Web Key, as `pestle client key` writes it."""
        with open(file, encoding="utf-8") as text:
            jwk = json.load(text)
        if jwk.get("crv") != "P-384":
            raise ValueError(f"{file} is not a JSON Web Key on P-384")
        secret = base64.urlsafe_b64decode(jwk["d"] + "=" * (-len(jwk["d"]) % 4))
        self.id = jwk["kid"]
        self._key = ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP384R1())

    def assertion(self, client, endpoint):
        """A JSON Web Token that is taken once."""
        header = {"alg": "ES384", "typ": "JWT", "kid": self.id}
        claims = {"iss": client, "sub": client, "aud": endpoint, "jti": str(uuid.uuid4()), "exp": int(time.time()) + 240}
        signed = _encoded(json.dumps(header).encode()) + b"." + _encoded(json.dumps(claims).encode())
        r, s = decode_dss_signature(self._key.sign(signed, ec.ECDSA(SHA384())))
        return (signed + b"." + _encoded(r.to_bytes(48, "big") + s.to_bytes(48, "big"))).decode()
