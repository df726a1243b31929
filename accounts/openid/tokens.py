"""ID tokens: what has to be right about one before a word of it is believed."""

import secrets
from dataclasses import dataclass
from typing import Any

import jwt
from django.conf import settings

from accounts.openid.provider import Provider, signing_keys
from core import clock

# Signed with the provider's private key and no other way; "none" and shared secrets are nobody's signature.
ALGORITHMS = {"RS256": {"kty": "RSA"}, "ES256": {"kty": "EC", "crv": "P-256"}}
LEEWAY_SECONDS = 60
# A token is read as soon as it is made; an older one was meant for another time.
OLDEST_SECONDS = 600
LONGEST_SUBJECT = 255


class TokenInvalid(Exception):
    """The token is not believed."""


@dataclass(frozen=True)
class Identity:
    """Somebody, as the provider knows them."""

    issuer: str
    subject: str
    email: str
    email_is_proved: bool
    gave_second_factor: bool


def read_id_token(token: str, provider: Provider, *, nonce: str) -> Identity:
    """Whom the token is about; every doubt about it is a TokenInvalid."""
    claims = _verified_claims(token, provider)
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if (len(audiences) > 1 or "azp" in claims) and claims.get("azp") != settings.OIDC_CLIENT_ID:
        raise TokenInvalid("it was made for another client")
    if claims["iat"] < clock.now().timestamp() - OLDEST_SECONDS - LEEWAY_SECONDS:
        raise TokenInvalid("it is too old")
    if not secrets.compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
        raise TokenInvalid("it answers another question")
    if not claims["sub"] or len(claims["sub"]) > LONGEST_SUBJECT:
        raise TokenInvalid("it names nobody")
    email, methods = claims.get("email"), claims.get("amr")
    return Identity(
        issuer=provider.issuer,
        subject=claims["sub"],
        email=email if isinstance(email, str) else "",
        email_is_proved=claims.get("email_verified") is True or settings.OIDC_TRUST_EMAIL,
        gave_second_factor=isinstance(methods, list) and "mfa" in methods,
    )


def _verified_claims(token: str, provider: Provider) -> dict[str, Any]:
    try:
        header = jwt.get_unverified_header(token)
        key = _key_for(header, provider)
        claims: dict[str, Any] = jwt.decode(
            token,
            key=key,
            algorithms=[header["alg"]],
            audience=settings.OIDC_CLIENT_ID,
            issuer=provider.issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": ["iss", "sub", "aud", "exp", "iat", "nonce"], "enforce_minimum_key_length": True},
        )
    except jwt.PyJWTError as error:
        raise TokenInvalid(f"{type(error).__name__}: {error}") from error
    return claims


def _key_for(header: dict[str, Any], provider: Provider) -> jwt.PyJWK:
    """The key that the token names, of the kind that its algorithm needs; published anew, it is found once more."""
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        raise TokenInvalid("its algorithm is not accepted")
    if not isinstance(kid, str):
        raise TokenInvalid("it names no key")
    for afresh in (False, True):
        for key in signing_keys(provider, afresh=afresh):
            if key.get("kid") == kid and _suits(key, algorithm):
                return jwt.PyJWK(key, algorithm)
    raise TokenInvalid("its key is unknown")


def _suits(key: dict[str, Any], algorithm: str) -> bool:
    wanted = {"use": "sig", "alg": algorithm}
    kind = ALGORITHMS[algorithm]
    return all(key.get(name) == value for name, value in kind.items()) and all(
        key.get(name, value) == value for name, value in wanted.items()
    )
