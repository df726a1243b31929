"""Requests as no browser sends them, and where a request came from."""

from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse

from core.net import client_ip

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["session", "csrf", "device", "anything"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_cookie_with_a_nul_is_refused(client: Client, name: str, method: str) -> None:
    response = getattr(client, method)(reverse("account_login"), headers={"cookie": rf'{name}="{"a" * 20}\000"'})
    assert response.status_code == 400


FORWARDED = {
    "nobody vouches for a proxy": (0, "203.0.113.7", "192.0.2.1"),
    "the last hop is the proxy's word": (1, "6.6.6.6, 203.0.113.7", "203.0.113.7"),
    "what a client invents stands before it": (2, "6.6.6.6, 203.0.113.7, 10.0.0.1", "203.0.113.7"),
    "past the proxies": (2, "6.6.6.6", "192.0.2.1"),
    "with a port": (1, "203.0.113.7:50123", "203.0.113.7"),
    "version 6": (1, "2001:DB8::7", "2001:db8::7"),
    "version 6 with a port": (1, "[2001:db8::7]:50123", "2001:db8::7"),
    "version 6 in brackets": (1, "[2001:db8::7]", "2001:db8::7"),
    "with a zone": (1, "fe80::1%eth0", "fe80::1"),
    "no address": (1, "unknown", "192.0.2.1"),
}


@pytest.mark.parametrize("case", FORWARDED)
def test_address_is_what_the_vouched_for_proxies_say(case: str, settings: Any) -> None:
    proxies, header, expected = FORWARDED[case]
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", headers={"x-forwarded-for": header})
    assert client_ip(request) == expected
