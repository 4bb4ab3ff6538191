"""An issuer of JSON Web Tokens, as a cluster of Kubernetes is one."""

import base64
import hashlib
import hmac
import json
import os
import time

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

ISSUER = "https://issuer.test"
AUDIENCE = "ateapi"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, length=None):
    return base64url(value.to_bytes(length or (value.bit_length() + 7) // 8, "big"))


class Key:
    """A key pair; `algorithm` is RS256, ES256 or EdDSA."""

    def __init__(self, algorithm, kid):
        self.algorithm, self.kid = algorithm, kid
        self.private = {"RS256": lambda: rsa.generate_private_key(65537, 2048),
                        "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
                        "EdDSA": ed25519.Ed25519PrivateKey.generate}[algorithm]()

    def jwk(self):
        public = self.private.public_key()
        common = {"kid": self.kid, "use": "sig", "alg": self.algorithm}
        if self.algorithm == "RS256":
            numbers = public.public_numbers()
            return {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e), **common}
        if self.algorithm == "ES256":
            numbers = public.public_numbers()
            return {"kty": "EC", "crv": "P-256", "x": number(numbers.x, 32),
                    "y": number(numbers.y, 32), **common}
        raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return {"kty": "OKP", "crv": "Ed25519", "x": base64url(raw), **common}

    def public_pem(self):
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def token(self, subject, **claims):
        """Valid for an hour; claims that are None are left out."""
        all_claims = {"iss": ISSUER, "aud": [AUDIENCE], "sub": subject,
                      "exp": int(time.time()) + 3600, **claims}
        return jwt.encode({name: value for name, value in all_claims.items() if value is not None},
                          self.private, algorithm=self.algorithm, headers={"kid": self.kid})


def key_set(*keys):
    return json.dumps({"keys": [key.jwk() for key in keys]})


def with_header(token, header, sign=lambda text: b""):
    """The claims of `token` behind another header, signed by `sign`."""
    text = base64url(json.dumps(header).encode()) + "." + token.split(".")[1]
    return text + "." + base64url(sign(text.encode()))


def by_secret(secret):
    return lambda text: hmac.new(secret, text, hashlib.sha256).digest()


def replace(path, text):
    """As deployments do it: by rename."""
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".tmp", path)
