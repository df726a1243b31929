"""What an order turns into."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from accounts.access import Actor
from accounts.models import Partner
from accounts.roles import Role
from activity.models import ActivityRecord
from catalogue.models import Price
from core import clock
from core.exceptions import NotPermitted, Refused
from customers.services import PartnershipRequired
from resellers.models import Partnership
from subscriptions.models import ResellerOfRecord, Subscription, SupportContact
from subscriptions.rules.money import after_months
from subscriptions.services import (
    NewSubscription,
    QuantityRefused,
    start_subscription,
    start_subscriptions,
)
from tests.customers.conftest import actor_of
from tests.factories import CustomerFactory, PartnerFactory, PartnershipFactory, SubscriptionFactory
from tests.faults import fail_at_each_statement
from tests.subscriptions.living import also_sold, bought, offer, ready_customer


def another(price: Price, **changes: Any) -> Price:
    """A price of the same offer that differs in something."""
    facts = {
        name: getattr(price, name)
        for name in ("sku", "market", "currency", "term_duration", "billing_plan", "segment", "unit_price")
    }
    return Price.objects.create(**{**facts, "pricing_tier_min": Price.objects.count() + 1, **changes})


def test_start_copies_what_no_later_price_list_changes(provider: Partner, sales: Actor, price: Price) -> None:
    customer = CustomerFactory(provider=provider)
    with time_machine.travel(datetime(2028, 2, 29, 12, tzinfo=UTC), tick=False):
        started = start_subscription(customer=customer, price=price, quantity=25, reseller_of_record=None, by=sales)
    Price.objects.all().update(is_listed=False, sold_until=clock.now())
    started.refresh_from_db()
    assert (started.customer, started.sku, started.quantity, started.status) == (customer, price.sku, 25, "active")
    assert (started.unit_price, started.currency) == (Decimal("150.0000"), "USD")
    assert (started.term_duration, started.billing_plan, started.segment) == ("P1Y", "Monthly", "Commercial")
    assert started.nickname == started.offer_name == "Microsoft 365 Business Standard"
    assert started.starts_at == datetime(2028, 2, 29, 12, tzinfo=UTC)
    assert started.ends_at == datetime(2029, 2, 28, 12, tzinfo=UTC)
    assert started.cancellable_until == datetime(2028, 3, 7, 12, tzinfo=UTC)
    assert started.auto_renew
    record = ActivityRecord.objects.get(action="subscription.started")
    assert (record.customer_id, record.changes["quantity"]) == (customer.microsoft_id, 25)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2028-02-29", 36, "2031-02-28"),
        ("2026-11-22", 36, "2029-11-22"),
    ],
)
def test_terms_are_calendar_months(start: str, months: int, end: str) -> None:
    assert after_months(datetime.fromisoformat(start), months) == datetime.fromisoformat(end)


@given(st.datetimes(timezones=st.just(UTC)).filter(lambda moment: moment.year < 9990), st.integers(0, 36))
def test_terms_end_on_the_same_day_or_the_last_of_the_month(start: datetime, months: int) -> None:
    end = after_months(start, months)
    assert (end.year - start.year) * 12 + end.month - start.month == months
    assert end.day == start.day or (end.day < start.day and (end + timedelta(days=1)).day == 1)


def test_start_without_a_term_has_no_end(provider: Partner, sales: Actor, price: Price) -> None:
    customer = CustomerFactory(provider=provider)
    usage = another(price, term_duration="", billing_plan="None")
    started = start_subscription(customer=customer, price=usage, quantity=1, reseller_of_record=None, by=sales)
    assert (started.ends_at, started.auto_renew) == (None, False)


def test_start_keeps_the_mpn_id_of_that_time(provider: Partner, reseller: Partner, sales: Actor, price: Price) -> None:
    customer = CustomerFactory(provider=provider)
    started = start_subscription(customer=customer, price=price, quantity=1, reseller_of_record=reseller, by=sales)
    Partner.objects.filter(pk=reseller.pk).update(mpn_id="999")
    relation = started.resellers_of_record.get()
    assert (relation.reseller, relation.mpn_id, relation.set_by, relation.ends_at) == (
        reseller,
        "0012345",
        sales.user,
        None,
    )
    assert not customer.reseller_relationships.exists()  # incentives are one thing, administration another
    assert not SupportContact.objects.exists()


@pytest.mark.parametrize("case", ["stranger", "ended"])
def test_start_requires_an_open_partnership(
    provider: Partner, reseller: Partner, sales: Actor, price: Price, case: str
) -> None:
    customer = CustomerFactory(provider=provider)
    if case == "stranger":
        reseller = PartnershipFactory().reseller
    else:
        Partnership.objects.update(ended_at=clock.now())
    with pytest.raises(PartnershipRequired):
        start_subscription(customer=customer, price=price, quantity=1, reseller_of_record=reseller, by=sales)
    assert not Subscription.objects.exists()


def test_start_is_for_those_who_may_order(provider: Partner, reseller: Partner, price: Price) -> None:
    customer = CustomerFactory(provider=provider, managed_by=reseller)
    for actor in (actor_of(provider, Role.HELPDESK_AGENT), actor_of(reseller), actor_of(PartnerFactory())):
        with pytest.raises(NotPermitted):
            start_subscription(customer=customer, price=price, quantity=1, reseller_of_record=None, by=actor)
    assert not Subscription.objects.exists()


def test_start_refuses_quantities_that_are_not_sold(provider: Partner, sales: Actor, price: Price) -> None:
    customer = CustomerFactory(provider=provider)
    for quantity in (0, -1, 301):
        with pytest.raises(QuantityRefused, match="1 to 300"):
            start_subscription(customer=customer, price=price, quantity=quantity, reseller_of_record=None, by=sales)


def test_start_refuses_a_price_of_another_country(provider: Partner, sales: Actor, price: Price) -> None:
    foreign = another(price, market="BR", currency="BRL")
    with pytest.raises(Refused, match="country"):
        start_subscription(
            customer=CustomerFactory(provider=provider), price=foreign, quantity=1, reseller_of_record=None, by=sales
        )


def test_add_ons_belong_to_a_base_of_the_same_customer(provider: Partner, sales: Actor, price: Price) -> None:
    customer = CustomerFactory(provider=provider)
    base = start_subscription(customer=customer, price=price, quantity=1, reseller_of_record=None, by=sales)
    add_on = start_subscription(
        customer=customer, price=another(price), quantity=1, reseller_of_record=None, by=sales, parent=base
    )
    assert list(base.add_ons.all()) == [add_on]
    foreign = SubscriptionFactory(sku=price.sku)
    with pytest.raises(Refused, match="same customer"):
        start_subscription(
            customer=customer, price=price, quantity=1, reseller_of_record=None, by=sales, parent=foreign
        )


@pytest.mark.parametrize(("policies", "together"), [(("legacy", "legacy"), True), (("new_commerce",) * 2, False)])
def test_a_legacy_add_on_ends_with_its_base(
    provider: Partner, sales: Actor, policies: tuple[str, str], together: bool
) -> None:
    base_price, add_on_price = (offer(policy=policy) for policy in policies)
    customer = ready_customer(provider)
    base = bought(customer, base_price, sales, at=clock.now() - timedelta(days=100))
    add_on = start_subscription(
        customer=customer, price=add_on_price, quantity=1, reseller_of_record=None, by=sales, parent=base
    )
    assert (add_on.ends_at == base.ends_at, add_on.anchor_day == base.anchor_day) == (together, together)


@pytest.mark.parametrize(("policy", "end"), [("legacy", "2026-03-02"), ("new_commerce", "2026-02-28")])
def test_a_legacy_trial_lasts_thirty_days(provider: Partner, sales: Actor, policy: str, end: str) -> None:
    sold = offer(price="0", policy=policy, is_trial=True, min_licenses=25, max_licenses=25)
    free = also_sold(sold, term_duration="P1M")
    with clock.at(datetime(2026, 1, 31, 12, tzinfo=UTC)):
        trial = start_subscription(
            customer=ready_customer(provider), price=free, quantity=25, reseller_of_record=None, by=sales
        )
    assert trial.ends_at == datetime.fromisoformat(f"{end}T12:00+00:00")


def test_many_start_together_or_not_at_all(provider: Partner, reseller: Partner, sales: Actor, price: Price) -> None:
    customer = CustomerFactory(provider=provider)
    lines = [NewSubscription(price, 5), NewSubscription(another(price), 301)]
    with pytest.raises(QuantityRefused):
        start_subscriptions(customer=customer, lines=lines, reseller_of_record=reseller, by=sales)
    assert not Subscription.objects.exists()
    lines = [NewSubscription(another(price), number) for number in (1, 2, 3)]
    started = start_subscriptions(customer=customer, lines=lines, reseller_of_record=reseller, by=sales)
    assert [one.quantity for one in started] == [1, 2, 3]
    assert ResellerOfRecord.objects.count() == 3
    assert ActivityRecord.objects.filter(action="subscription.started").count() == 3


def test_start_keeps_nothing_when_a_statement_fails(
    provider: Partner, reseller: Partner, sales: Actor, price: Price
) -> None:
    customer = CustomerFactory(provider=provider)
    before = ActivityRecord.objects.count()

    def nothing() -> None:
        assert not Subscription.objects.exists()
        assert not ResellerOfRecord.objects.exists()
        assert ActivityRecord.objects.count() == before

    fail_at_each_statement(
        lambda: start_subscription(customer=customer, price=price, quantity=1, reseller_of_record=reseller, by=sales),
        nothing,
    )


def test_a_subscription_has_one_of_each_relation_at_a_time(provider: Partner, price: Price) -> None:
    subscription = SubscriptionFactory(sku=price.sku)
    user = subscription.customer.created_by
    for model, facts in ((ResellerOfRecord, {"mpn_id": "1"}), (SupportContact, {})):
        first = model.objects.create(subscription=subscription, reseller=provider, set_by=user, **facts)
        with pytest.raises(IntegrityError), transaction.atomic():
            model.objects.create(subscription=subscription, reseller=provider, set_by=user, **facts)
        model.objects.filter(pk=first.pk).update(ends_at=clock.now())
        model.objects.create(subscription=subscription, reseller=provider, set_by=user, **facts)


def test_subscriptions_are_seen_by_those_who_see_the_customer(
    provider: Partner, reseller: Partner, price: Price
) -> None:
    managed = SubscriptionFactory(sku=price.sku, customer=CustomerFactory(provider=provider, managed_by=reseller))
    direct = SubscriptionFactory(sku=price.sku, customer=CustomerFactory(provider=provider))
    theirs = SubscriptionFactory(sku=price.sku)
    seen = {
        "provider": actor_of(provider),
        "reseller": actor_of(reseller),
        "customer": Actor(customer=direct.customer),
        "outsider": actor_of(theirs.customer.provider),
        "nobody": Actor(),
    }
    assert {name: set(Subscription.objects.visible_to(actor)) for name, actor in seen.items()} == {
        "provider": {managed, direct},
        "reseller": {managed},
        "customer": {direct},
        "outsider": {theirs},
        "nobody": set(),
    }
