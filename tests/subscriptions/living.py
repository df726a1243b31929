"""Subscriptions that live: ordered at a price of the catalogue, for a customer that accepted the agreement."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from accounts.access import Actor
from accounts.models import Partner
from activity.models import ActivityRecord
from catalogue.models import Price, Sku, SkuConversion
from core import clock
from customers.models import Customer, CustomerAgreement
from subscriptions.models import Subscription
from subscriptions.services import start_subscription
from tests.factories import CustomerFactory, PriceFactory, SkuFactory


def ready_customer(provider: Partner, **values: Any) -> Customer:
    """A customer that may buy."""
    customer = CustomerFactory(provider=provider, **values)
    CustomerAgreement.objects.create(
        customer=customer,
        accepted_on=date(2026, 1, 1),
        first_name="Ana",
        last_name="Lima",
        email="ana@padaria.example",
        confirmed_by=customer.created_by,
    )
    customer.refresh_from_db()
    return customer


def offer(*, policy: str = "new_commerce", price: str = "120", **sku: Any) -> Price:
    """An offer of up to 300 licenses for a year, billed monthly."""
    made = SkuFactory(policy=policy, **{"max_licenses": 300, **sku})
    return PriceFactory(sku=made, unit_price=Decimal(price))


def also_sold(price: Price, **values: Any) -> Price:
    """The same offer for another term, billing plan or price."""
    facts = {name: getattr(price, name) for name in ("sku", "market", "currency", "segment", "unit_price")}
    return PriceFactory(**{**facts, **values})


def path(source: Sku, target: Sku) -> None:
    """The offer matrix lets one become the other."""
    SkuConversion.objects.create(sku=source, target_code=target.code)


def bought(
    customer: Customer, price: Price, by: Actor, *, at: datetime | None = None, quantity: int = 10, **values: Any
) -> Subscription:
    """Order it, at a moment of the past or now."""
    with clock.at(at or clock.now()):
        made = start_subscription(
            customer=customer, price=price, quantity=quantity, reseller_of_record=values.get("reseller"), by=by
        )
    return Subscription.objects.select_related("customer__provider", "sku__product", "parent").get(pk=made.pk)


def offer_of(subscription: Subscription) -> Price:
    """What a year of it was bought at."""
    return Price.objects.get(sku=subscription.sku, term_duration="P1Y")


def last_record(subscription: Subscription) -> ActivityRecord:
    """What was done with it last."""
    found = ActivityRecord.objects.about(subscription).first()
    assert found is not None
    return found
