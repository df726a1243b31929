"""Encryption of a temporary password for the quarter of an hour until its one reveal."""

import base64
import hashlib
import json

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


def session_digest(session_key: str) -> str:
    """The form in which a session is remembered: nobody can go back from it to the session."""
    return hashlib.sha256(session_key.encode()).hexdigest()


def seal(plain: str, *, context: list[str]) -> bytes:
    """Encrypt a text so that it opens only in the same context (which row, which person, which session)."""
    return _box().encrypt(json.dumps([context, plain]).encode())


def unseal(ciphertext: bytes, *, context: list[str]) -> str | None:
    """Decrypt, or return None when the key is gone or the context is another."""
    try:
        sealed_context, plain = json.loads(_box().decrypt(ciphertext))
    except (InvalidToken, ValueError):
        return None
    return str(plain) if sealed_context == context else None


def _box() -> MultiFernet:
    secrets: list[str] = settings.ENVELOPE_KEYS or [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_derive(secret)) for secret in secrets])


def _derive(secret: str) -> bytes:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"customers.envelopes").derive(secret.encode())
    return base64.urlsafe_b64encode(key)
