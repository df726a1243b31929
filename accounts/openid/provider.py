"""What is asked of the OpenID Connect provider: its addresses, its keys, and the ID token for a code.

Every wait is bounded, every answer is small, redirects are not followed, and nothing is asked without TLS but on this
machine itself.
"""

import base64
import hashlib
import json
import time
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from django.conf import settings
from django.core.cache import cache

DISCOVERY = "/.well-known/openid-configuration"
CONNECT_SECONDS, READ_SECONDS = 3, 5
# What drips is cut off after this long.
WHOLE_SECONDS = 10.0
LONGEST_ANSWER = 512 * 1024
CACHED_SECONDS = 3600
# After an answer that did not come, nobody waits for the next one.
OUTAGE_SECONDS = 30
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class ProviderUnavailable(Exception):
    """The provider does not answer, or not as one does."""


class TokenRefused(Exception):
    """The provider gives nothing for the code."""


@dataclass(frozen=True)
class Provider:
    """Where the provider is asked for what, as it publishes it."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    posts_secret: bool


def is_configured() -> bool:
    """Whether the installation has a provider at all."""
    return bool(settings.OIDC_SERVER_URL)


def origin() -> str:
    """Where the browser is sent: the one foreign address to which the sign-in page may lead."""
    parts = urlsplit(settings.OIDC_SERVER_URL)
    return f"{parts.scheme}://{parts.netloc}"


def discover() -> Provider:
    """The provider, as it describes itself; remembered for an hour."""
    name = _cache_name("provider")
    known = cache.get(name)
    if known is None:
        found = _read_discovery(_fetch("GET", settings.OIDC_SERVER_URL + DISCOVERY))
        cache.set(name, known := asdict(found), CACHED_SECONDS)
    return Provider(**known)


def signing_keys(provider: Provider, *, afresh: bool = False) -> list[dict[str, Any]]:
    """The provider's public keys as JWKs; remembered for an hour, unless wanted afresh."""
    name = _cache_name("keys")
    known: list[dict[str, Any]] | None = None if afresh else cache.get(name)
    if known is None:
        published = _fetch("GET", provider.jwks_uri).get("keys")
        if not isinstance(published, list):
            raise ProviderUnavailable("no keys")
        known = [key for key in published if isinstance(key, dict)]
        cache.set(name, known, CACHED_SECONDS)
    return known


def exchange_code(provider: Provider, *, code: str, verifier: str, redirect_uri: str) -> str:
    """The ID token for a code, unread; the verifier proves that this server asked for the code."""
    data = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    headers = {}
    if provider.posts_secret:
        data |= {"client_id": settings.OIDC_CLIENT_ID, "client_secret": settings.OIDC_CLIENT_SECRET}
    else:
        pair = ":".join(quote(part, safe="") for part in (settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET))
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    token = _fetch("POST", provider.token_endpoint, data=data, headers=headers).get("id_token")
    if not isinstance(token, str):
        raise TokenRefused("no ID token")
    return token


def _read_discovery(document: dict[str, Any]) -> Provider:
    names = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
    found = {name: document.get(name) for name in names}
    if not all(isinstance(value, str) and is_safe(value) for value in found.values()):
        raise ProviderUnavailable("an address is missing or not protected by TLS")
    # As the provider must: else whoever answers here could speak for another.
    if str(found["issuer"]).rstrip("/") != settings.OIDC_SERVER_URL:
        raise ProviderUnavailable("the issuer is another than OIDC_SERVER_URL")
    # The sign-in page lets its form lead to this origin and to no other.
    parts = urlsplit(str(found["authorization_endpoint"]))
    if f"{parts.scheme}://{parts.netloc}" != origin():
        raise ProviderUnavailable("the sign-in page of the provider is at another origin than OIDC_SERVER_URL")
    # What the standard takes for granted where nothing is said.
    methods = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return Provider(**found, posts_secret="client_secret_post" in methods)  # type: ignore[arg-type]


def is_safe(address: str) -> bool:
    """Whether what is sent there is protected: by TLS, or because it never leaves this machine (demo and tests)."""
    parts = urlsplit(address)
    local = parts.scheme == "http" and parts.hostname in LOOPBACK and not settings.PRODUCTION
    return bool(parts.hostname) and (parts.scheme == "https" or local)


def _fetch(method: str, address: str, **sent: Any) -> dict[str, Any]:
    """The JSON object that an address answers with; for half a minute after an outage nothing is asked."""
    outage = _cache_name("outage")
    if cache.get(outage):
        raise ProviderUnavailable("it did not answer less than half a minute ago")
    try:
        status, body = _ask(method, address, **sent)
    except requests.RequestException as error:
        cache.set(outage, True, OUTAGE_SECONDS)
        raise ProviderUnavailable(type(error).__name__) from error
    return _read_answer(status, body, refusable=method == "POST")


def _ask(method: str, address: str, **sent: Any) -> tuple[int, bytes]:
    """Status and body; what drips counts as what does not come."""
    until = time.monotonic() + WHOLE_SECONDS
    headers = {"Accept": "application/json", **sent.pop("headers", {})}
    with requests.request(
        method,
        address,
        headers=headers,
        timeout=(CONNECT_SECONDS, READ_SECONDS),
        allow_redirects=False,
        stream=True,
        **sent,
    ) as response:
        body = b""
        for part in response.iter_content(16 * 1024):
            body += part
            if time.monotonic() > until:
                raise requests.Timeout
            if len(body) > LONGEST_ANSWER:
                raise ProviderUnavailable("the answer is too long")
        return response.status_code, body


def _read_answer(status: int, body: bytes, *, refusable: bool) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError as error:
        raise ProviderUnavailable(f"{status} without JSON") from error
    if not isinstance(answer, dict):
        raise ProviderUnavailable(f"{status} without an object")
    if refusable and 400 <= status < 500 and status != 429:
        raise TokenRefused(f"{status} {str(answer.get('error', ''))[:60]}")
    if status != 200:
        raise ProviderUnavailable(str(status))
    return answer


def _cache_name(what: str) -> str:
    # The issuer in it, so that another setting never meets what was published by the one before.
    return f"openid-{what}-{hashlib.sha256(settings.OIDC_SERVER_URL.encode()).hexdigest()[:32]}"
