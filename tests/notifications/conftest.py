"""A provider with a webhook, its Global admin, and a program of its own that answers."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from pytest_httpserver import HTTPServer
from standardwebhooks import Webhook
from werkzeug import Request, Response

from accounts.access import Actor
from accounts.models import Partner
from accounts.roles import Role
from core import clock
from notifications.models import WebhookDelivery, WebhookEndpoint
from notifications.webhooks import signing
from notifications.webhooks.events import EventCategory
from notifications.webhooks.services import register_endpoint, send_test_event
from tests.customers.conftest import actor_of
from tests.factories import PartnerFactory

PATH = "/hooks"


@pytest.fixture
def provider(db: None) -> Partner:
    return PartnerFactory(legal_name="Northwind", contact_email="contact@northwind.example")


@pytest.fixture
def owner(provider: Partner) -> Actor:
    return actor_of(provider, Role.GLOBAL_ADMIN)


@pytest.fixture
def receiver(httpserver: HTTPServer) -> HTTPServer:
    """A program that takes everything unless a test says otherwise."""
    return httpserver


@pytest.fixture
def endpoint(owner: Actor, receiver: HTTPServer) -> WebhookEndpoint:
    return register_endpoint(name="Billing", url=receiver.url_for(PATH), categories=EventCategory.values, by=owner)


@pytest.fixture
def secret(endpoint: WebhookEndpoint) -> str:
    """The secret as the receiver keeps it."""
    found = signing.unseal(endpoint.sealed, endpoint=endpoint.public_id)
    assert found is not None
    return found


@pytest.fixture
def delivery(endpoint: WebhookEndpoint, owner: Actor) -> WebhookDelivery:
    return send_test_event(endpoint=endpoint, by=owner)


@pytest.fixture
def window(owner: Actor) -> Client:
    client = Client()
    client.force_login(owner.user)
    return client


def verified(secret: str, request: Request) -> dict:
    """What the receiver's library makes of a request."""
    return Webhook(secret).verify(request.get_data(), dict(request.headers))


def answering(*answers: int) -> Callable[[Request], Response]:
    """A receiver that answers with these statuses in turn, and with the last one from then on."""
    left = list(answers)
    return lambda request: Response("thanks", left.pop(0) if len(left) > 1 else left[0])


def make_due(delivery: WebhookDelivery) -> None:
    """Let the next attempt's time have come."""
    WebhookDelivery.objects.filter(pk=delivery.pk).update(due_at=clock.now() - timedelta(seconds=1))
