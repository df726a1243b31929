"""A provider with a reseller, one offer, the back office, and subscriptions that began in the past."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from accounts.access import Actor
from accounts.models import Partner
from catalogue.models import Price
from subscriptions.incentives.rates import add_rate
from subscriptions.models import IncentiveRate, ResellerOfRecord, Subscription
from tests.factories import (
    CustomerFactory,
    PartnerFactory,
    PartnershipFactory,
    PriceFactory,
    SubscriptionFactory,
    UserFactory,
)

Make = Callable[..., Subscription]


def day(text: str) -> datetime:
    """A moment in UTC: 2026-10-05, or with a time."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def office(db: None) -> Actor:
    """Somebody of the back office."""
    return Actor(user=UserFactory(back_office=True, full_name="Olga Office"))


@pytest.fixture
def old_provider(provider: Partner) -> Partner:
    """Enrolled since the beginning of the year."""
    Partner.objects.filter(pk=provider.pk).update(created_at=day("2026-01-01"))
    provider.refresh_from_db()
    return provider


@pytest.fixture
def sibling(old_provider: Partner) -> Partner:
    """Another reseller of the same provider."""
    partner = PartnerFactory(reseller=True, legal_name="Siblingsoft", mpn_id="0099999")
    PartnershipFactory(provider=old_provider, reseller=partner)
    return partner


@pytest.fixture
def sold(db: None) -> Price:
    """A year at 120 dollars: ten a month."""
    return PriceFactory(unit_price=Decimal(120), sku__product__title="Office Suite")


@pytest.fixture
def ten_percent(office: Actor) -> IncentiveRate:
    """Of everything, since January."""
    return add_rate(percent=Decimal(10), effective_from=date(2026, 1, 1), by=office)


@pytest.fixture
def subscribed(old_provider: Partner, reseller: Partner, sold: Price, sales: Actor) -> Make:
    """Ten licenses since a day of the past; `reseller` is of record since then, None leaves it without."""

    def make(since: str = "2026-09-01", of_record: Partner | None = reseller, **values: Any) -> Subscription:
        begin = day(since)
        facts = {
            "customer": values.pop("customer", None) or CustomerFactory(provider=old_provider),
            "sku": sold.sku,
            "unit_price": Decimal(120),
            "starts_at": begin,
            "term_starts_at": begin,
            "created_at": begin,
            "changed_at": begin,
            "ends_at": day("2027-09-01"),
            "next_step_at": day("2027-09-01"),
        }
        made: Subscription = SubscriptionFactory(**{**facts, **values})
        if of_record is not None:
            ResellerOfRecord.objects.create(
                subscription=made, reseller=of_record, mpn_id=of_record.mpn_id, begins_at=begin, set_by=sales.user
            )
        return made

    return make
