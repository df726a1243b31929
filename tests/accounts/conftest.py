"""People at the door."""

import time
from collections.abc import Callable

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, User
from tests.factories import PASSWORD, MembershipFactory

SignIn = Callable[..., HttpResponse]


@pytest.fixture
def membership(db: None) -> Membership:
    """Somebody who works for a provider."""
    return MembershipFactory()


@pytest.fixture
def user(membership: Membership) -> User:
    """That person."""
    return membership.user


@pytest.fixture
def sign_in(client: Client) -> SignIn:
    """Sign in through the page, as people do."""

    def through_the_page(name: str, password: str = PASSWORD, next_url: str = "", **extra: str) -> HttpResponse:
        address = reverse("account_login") + (f"?next={next_url}" if next_url else "")
        return client.post(address, {"login": name, "password": password}, **extra)

    return through_the_page


def totp_code(secret: str) -> str:
    """What the app shows now."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


@pytest.fixture
def secret(user: User) -> str:
    """The person has an authenticator app with this key, and recovery codes."""
    key = generate_totp_secret()
    TOTP.activate(user, key)
    RecoveryCodes.activate(user)
    return key
