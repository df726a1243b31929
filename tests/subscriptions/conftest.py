"""An offer, a subscription, the people of tests.customers.conftest, and for resellers those of tests.resellers."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from accounts.access import Actor
from accounts.models import Partner, User
from catalogue.models import Price
from core import clock
from customers.models import Customer
from subscriptions.models import Subscription
from tests.customers.conftest import admin, provider, reseller, sales, signed_in
from tests.resellers.conftest import fabrikam, helpdesk, northwind, riley, sender, tailwind
from tests.subscriptions.living import bought, offer, ready_customer
from tests.world import make_price

__all__ = [
    "admin",
    "fabrikam",
    "helpdesk",
    "northwind",
    "price",
    "provider",
    "reseller",
    "riley",
    "sales",
    "sender",
    "signed_in",
    "tailwind",
]


@pytest.fixture
def price(db: None) -> Price:
    """Business Standard in the United States, 150 dollars for a year."""
    return make_price()


@pytest.fixture
def customer(provider: Partner, reseller: Partner) -> Customer:
    """Padaria, which may buy, managed by the reseller."""
    return ready_customer(provider, managed_by=reseller, company_name="Padaria")


@pytest.fixture
def browser(sales: Actor, signed_in: Callable[[User | None], Client]) -> Client:
    """In which the provider's Sales agent is signed in."""
    return signed_in(sales.user)


@pytest.fixture
def new(customer: Customer, sales: Actor) -> Subscription:
    """Ten licenses under the new commerce rules, bought an hour ago."""
    return bought(customer, offer(), sales, at=clock.now() - timedelta(hours=1))


@pytest.fixture
def old(customer: Customer, sales: Actor) -> Subscription:
    """Ten licenses under the legacy rules, bought in the spring."""
    return bought(customer, offer(policy="legacy"), sales, at=clock.now() - timedelta(days=100))
