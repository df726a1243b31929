"""The secret half of a mailed link: derived, never stored, so that a copy of the database opens nothing."""

import base64
import hashlib
import hmac
from typing import Any

from django.conf import settings

TOKEN_LENGTH = 43  # base64url of 32 bytes, without padding


def derived_token(purpose: str, public_id: Any, nonce: str) -> str:
    """The token of a link by the present key; another purpose, row or nonce makes it another."""
    return _sign(_keys()[0], purpose, public_id, nonce)


def is_token_of(purpose: str, public_id: Any, nonce: str, token: str) -> bool:
    """Whether this is the token, in time that does not depend on it."""
    if len(token) != TOKEN_LENGTH or not token.isascii():
        return False
    # Every key is tried, so that the answer takes as long for the first key as for the last.
    matches = [hmac.compare_digest(_sign(key, purpose, public_id, nonce), token) for key in _keys()]
    return any(matches)


def _keys() -> list[bytes]:
    keys = settings.INVITE_KEYS or [f"invite:{key}" for key in [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]]
    return [key.encode() for key in keys]


def _sign(key: bytes, purpose: str, public_id: Any, nonce: str) -> str:
    message = f"{purpose}|v1|{public_id}|{nonce}".encode()
    return base64.urlsafe_b64encode(hmac.digest(key, message, hashlib.sha256)).decode().rstrip("=")
