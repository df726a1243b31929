"""The six digits that prove a mailbox: derived from a row and a key, so that a copy of the database proves nothing."""

import hashlib
import hmac
import secrets
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError

from accounts.models import EmailCode
from core import clock
from mail.models import OutgoingEmail

DIGITS = 6
TRIES = 5
# How long somebody who has typed the right code may take to describe the company.
PROOF_LIFE = timedelta(hours=2)


def new_binding() -> str:
    """A random word that a browser's session keeps: a code works only together with it."""
    return secrets.token_urlsafe(24)


def hash_of(binding: str) -> str:
    """What the database keeps of a binding."""
    return hashlib.sha256(binding.encode()).hexdigest()


def code_digits(code: EmailCode) -> str:
    """The digits to be mailed, by the present key."""
    return _derive(_keys()[0], code)


def digits_match(code: EmailCode, typed: str) -> bool:
    """Whether these are the code's digits, in time that depends on nothing.

    A row without a nonce stands for a code that was never mailed, and no digits are right for it.
    """
    matches = [hmac.compare_digest(_derive(key, code), typed) for key in _keys()] if typed.isascii() else []
    return any(matches) and code.nonce != ""


def proved_address(code_id: UUID | str, binding: str) -> str:
    """The address whose code was typed in this session not long ago, or ""."""
    since = clock.now() - PROOF_LIFE
    try:
        found = EmailCode.objects.filter(pk=code_id, session_hash=hash_of(binding), used_at__gt=since).first()
    except ValidationError:
        return ""
    return found.address_key if found else ""


def late_code(email: OutgoingEmail) -> dict[str, str] | None:
    """The digits for a mail that leaves now; None, so that it does not, when they would open nothing any more."""
    code = EmailCode.objects.filter(pk=email.about_id, used_at=None, expires_at__gt=clock.now()).first()
    return {"code": code_digits(code)} if code else None


def _keys() -> list[bytes]:
    # A purpose of their own: what signs links or encrypts secrets says nothing about a code.
    return [f"email-code:{key}".encode() for key in [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]]


def _derive(key: bytes, code: EmailCode) -> str:
    digest = hmac.digest(key, f"email-code|v1|{code.pk}|{code.nonce}".encode(), hashlib.sha256)
    return f"{int.from_bytes(digest, 'big') % 10**DIGITS:0{DIGITS}d}"
