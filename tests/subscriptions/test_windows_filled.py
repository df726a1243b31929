"""Older legacy subscriptions of other publishers learn until when they can be canceled."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from accounts.access import Actor
from accounts.models import Partner
from core import clock
from customers.models import Customer
from subscriptions.models import Subscription
from tests.subscriptions.living import also_sold, bought, offer, ready_customer

migration = import_module("subscriptions.migrations.0022_windows_of_other_publishers")


@pytest.fixture
def customer(provider: Partner) -> Customer:
    return ready_customer(provider)


@pytest.mark.parametrize("term", ["P1M", "P3Y"])
def test_what_is_filled_in_is_what_the_rules_say(customer: Customer, sales: Actor, term: str) -> None:
    made = bought(customer, also_sold(offer(policy="legacy", product__publisher="Adobe"), term_duration=term), sales)
    said = made.cancellable_until
    assert said is not None
    Subscription.objects.filter(pk=made.pk).update(cancellable_until=None)
    migration.fill(apps, connection.schema_editor())
    made.refresh_from_db()
    assert made.cancellable_until == said


def test_what_has_no_window_stays_without_one(customer: Customer, sales: Actor) -> None:
    none = [
        bought(customer, offer(policy="legacy"), sales),
        bought(customer, offer(policy="legacy", product__publisher="Adobe", is_trial=True), sales),
        bought(customer, also_sold(offer(policy="legacy", product__publisher="Adobe"), term_duration=""), sales),
        bought(customer, offer(policy="legacy", product__publisher="Adobe"), sales),
        bought(customer, offer(product__publisher="Adobe"), sales),
    ]
    Subscription.objects.filter(pk=none[3].pk).update(status="deleted", ended_at=clock.now())
    Subscription.objects.update(cancellable_until=None)
    migration.fill(apps, connection.schema_editor())
    assert not Subscription.objects.exclude(cancellable_until=None).exists()
