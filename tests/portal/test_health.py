"""The health check tells a load balancer what it needs and a stranger nothing."""

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.urls import reverse


@pytest.mark.django_db
def test_health_is_ok_while_the_database_answers(client: Client) -> None:
    response = client.get(reverse("healthz"))

    assert (response.status_code, response.content) == (200, b"ok")


@pytest.mark.django_db
def test_health_fails_without_the_database_and_says_nothing_more(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise DatabaseError("connection to server at 10.0.0.5 failed for user portal")

    monkeypatch.setattr(connection, "cursor", refuse)
    response = client.get(reverse("healthz"))

    assert (response.status_code, response.content) == (503, b"unavailable")


@pytest.mark.django_db
def test_health_is_read_only(client: Client) -> None:
    assert client.post(reverse("healthz")).status_code == 405
