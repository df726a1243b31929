"""One attempt to sign in at the provider: what this browser's session remembers until the answer comes."""

import base64
import hashlib
import secrets
from dataclasses import asdict, dataclass
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from accounts.openid.provider import Provider
from core import clock

ATTEMPT = "openid_attempt"
LIFE_SECONDS = 600


@dataclass(frozen=True)
class Attempt:
    """What the answer is compared with; `next_page` is where the person was heading."""

    state: str
    nonce: str
    verifier: str
    begun_at: float
    next_page: str


def redirect_uri() -> str:
    """The address to which the provider sends the browser back; registered there."""
    return str(settings.PORTAL_BASE_URL + reverse("accounts:openid_callback"))


def begin_attempt(request: HttpRequest, provider: Provider, next_page: str) -> str:
    """Remember a new attempt in place of any other, and give the address at the provider to go to."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _each in range(3))
    attempt = Attempt(state, nonce, verifier, clock.now().timestamp(), next_page)
    request.session[ATTEMPT] = asdict(attempt)
    digest = hashlib.sha256(attempt.verifier.encode()).digest()
    query = {
        "response_type": "code",
        "client_id": settings.OIDC_CLIENT_ID,
        "redirect_uri": redirect_uri(),
        "scope": "openid email",
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    address = provider.authorization_endpoint
    return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(query)}"


def take_attempt(request: HttpRequest) -> Attempt | None:
    """The attempt that the request answers, which it thereby ends; None when it answers none of this session's.

    What answers nothing leaves the attempt alone: a stranger's link must not end one.
    """
    kept = request.session.get(ATTEMPT)
    state = request.GET.get("state", "")
    if not kept or not secrets.compare_digest(kept["state"].encode(), state.encode()):
        return None
    del request.session[ATTEMPT]
    attempt = Attempt(**kept)
    return attempt if clock.now().timestamp() - attempt.begun_at <= LIFE_SECONDS else None
