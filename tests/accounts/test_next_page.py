"""Where sign-in leads afterwards: to a page of the portal, whatever an address asks for."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Membership
from tests.accounts.conftest import SignIn

pytestmark = pytest.mark.django_db
ELSEWHERE = (
    "https://evil.example/",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "https:///evil.example",
    "http://testserver@evil.example/",
    "javascript:alert(1)",
    "data:text/html,x",
    "ftp://testserver/",
    " //evil.example",
    "\t//evil.example",
    "http://[::1",
    "//[evil",
    "https://testserver/customers/",
    "https://reseller.portal.example/",
)


@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_nobody_is_led_out_of_the_portal(
    membership: Membership, sign_in: SignIn, client: Client, wanted: str, settings: Any
) -> None:
    # Another site of the same owner is no page of the portal either.
    settings.ALLOWED_HOSTS = ["testserver", ".portal.example"]
    query = urlencode({"next": wanted})
    entry = f"{reverse('account_login')}?{query}"
    assert client.get(entry).status_code == 200
    fields = {"login": membership.user.sign_in_name, "password": "wrong", "next": wanted}
    assert client.post(entry, fields).status_code == 200
    assert sign_in(membership.user.sign_in_name, next_url=urlencode({"": wanted})[1:])["Location"] == reverse("home")
    # Whoever is signed in is led on at once.
    assert client.get(entry)["Location"] == reverse("home")
    assert client.post(f"{reverse('account_reauthenticate')}?{query}", {}).status_code in (200, 302)


def test_a_page_of_the_portal_is_led_to(membership: Membership, sign_in: SignIn, client: Client) -> None:
    wanted = f"{reverse('accounts:preferences')}?tab=1"
    assert sign_in(membership.user.sign_in_name, next_url=urlencode({"": wanted})[1:])["Location"] == wanted
    assert client.get(f"{reverse('account_login')}?{urlencode({'next': wanted})}")["Location"] == wanted
