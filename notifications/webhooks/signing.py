"""Secrets of endpoints, encrypted at rest, and the signatures made with them (Standard Webhooks, HMAC-SHA256)."""

import base64
import hashlib
import hmac
import secrets
import uuid

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

PREFIX = "whsec_"
LENGTH = 32


def new_secret() -> str:
    """A secret as receivers' libraries take it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(LENGTH)).decode()


def seal(secret: str, *, endpoint: uuid.UUID) -> bytes:
    """Encrypt the secret of an endpoint; it opens for no other endpoint."""
    return _box().encrypt(f"{endpoint.hex}:{secret}".encode())


def unseal(sealed: bytes | memoryview | None, *, endpoint: uuid.UUID) -> str | None:
    """The secret, or None when there is none, the key is gone or it is another endpoint's."""
    if not sealed:
        return None
    try:
        owner, _colon, secret = _box().decrypt(bytes(sealed)).decode().partition(":")
    except (InvalidToken, UnicodeDecodeError):
        return None
    return secret if owner == endpoint.hex else None


def signature(secret: str, *, message_id: str, timestamp: int, body: str) -> str:
    """The signature over number, time and body."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    digest = hmac.new(key, f"{message_id}.{timestamp}.{body}".encode(), hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _box() -> MultiFernet:
    keys: list[str] = settings.ENVELOPE_KEYS or [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_derive(key)) for key in keys])


def _derive(secret: str) -> bytes:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"notifications.webhooks").derive(secret.encode())
    return base64.urlsafe_b64encode(key)
