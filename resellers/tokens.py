"""The secret half of a request's link: derived, never stored, so that a copy of the database opens nothing."""

import base64
import hashlib
import hmac

from django.conf import settings

from resellers.models import PartnershipRequest

TOKEN_LENGTH = 43  # base64url of 32 bytes, without padding


def _keys() -> list[bytes]:
    keys = settings.INVITE_KEYS or [f"invite:{key}" for key in [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]]
    return [key.encode() for key in keys]


def _sign(key: bytes, request: PartnershipRequest) -> str:
    message = f"invite|v1|{request.public_id}|{request.nonce}".encode()
    return base64.urlsafe_b64encode(hmac.digest(key, message, hashlib.sha256)).decode().rstrip("=")


def link_token(request: PartnershipRequest) -> str:
    """The token that the request's present link carries; a new nonce makes it another."""
    return _sign(_keys()[0], request)


def token_matches(request: PartnershipRequest, token: str) -> bool:
    """Whether the token belongs to the request's present link, in time that does not depend on the token."""
    if len(token) != TOKEN_LENGTH or not token.isascii():
        return False
    # Every key is tried, so that the answer takes as long for the first key as for the last.
    matches = [hmac.compare_digest(_sign(key, request), token) for key in _keys()]
    return any(matches)


def request_link(request: PartnershipRequest) -> str:
    """The personal link, under 120 characters unless the portal's own address is long."""
    return f"{settings.PORTAL_BASE_URL}/i/{request.public_id}/{link_token(request)}/"
