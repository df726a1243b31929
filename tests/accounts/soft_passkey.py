"""A passkey device in software: makes keys and signs challenges as a browser with a real one does."""

import hashlib
import json
import secrets
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client
from django.urls import reverse
from fido2 import cbor
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode

ORIGIN = "http://localhost:8000"
PRESENT, VERIFIED, WITH_KEY = 1, 4, 64


class SoftPasskey:
    """One passkey of one person; `verified=False` is a device that asks for no finger and no PIN."""

    def __init__(self, *, origin: str = ORIGIN, verified: bool = True) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = secrets.token_bytes(16)
        self.origin = origin
        self.flags = PRESENT | (VERIFIED if verified else 0)
        self.user_handle = b""

    def create(self, options: dict[str, Any]) -> str:
        """What the browser sends after the dialog that makes a passkey."""
        public = options["publicKey"]
        self.user_handle = websafe_decode(public["user"]["id"])
        key = cbor.encode(ES256.from_cryptography_key(self.key.public_key()))
        held = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + key
        data = self._data(public["rp"]["id"], self.flags | WITH_KEY) + held
        attestation = cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", public["challenge"])
        return self._json({"clientDataJSON": client, "attestationObject": attestation})

    def get(self, options: dict[str, Any]) -> str:
        """What the browser sends after the dialog that uses it."""
        public = options["publicKey"]
        data = self._data(public["rpId"], self.flags)
        client = self._client("webauthn.get", public["challenge"])
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        parts = {"clientDataJSON": client, "authenticatorData": data, "signature": signature}
        return self._json({**parts, "userHandle": self.user_handle})

    def _data(self, host: str, flags: int) -> bytes:
        return hashlib.sha256(host.encode()).digest() + bytes([flags]) + bytes(4)

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _json(self, response: dict[str, bytes]) -> str:
        name = websafe_encode(self.credential_id)
        written = {part: websafe_encode(value) for part, value in response.items()}
        return json.dumps(
            {"id": name, "rawId": name, "type": "public-key", "clientExtensionResults": {}, "response": written}
        )


def challenge(client: Client, *, new: bool = False) -> dict[str, Any]:
    """What the page's JavaScript fetches."""
    answer = client.post(reverse("accounts:new_passkey_challenge" if new else "accounts:passkey_challenge"))
    assert answer.status_code == 200
    options: dict[str, Any] = answer.json()
    return options


def set_up_passkey(client: Client, passkey: SoftPasskey | None = None, name: str = "Blue key") -> SoftPasskey:
    """Set one up as the page does."""
    passkey = passkey or SoftPasskey()
    answer = client.post(
        reverse("mfa_add_webauthn"), {"name": name, "credential": passkey.create(challenge(client, new=True))}
    )
    assert answer.status_code == 302, answer.content.decode()
    return passkey
