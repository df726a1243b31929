"""To other terms, bills and offers: what becomes of the subscription, of its order and of what it joins."""

from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.access import Actor
from accounts.models import Partner
from catalogue.models import Price
from core import clock
from customers.models import Customer
from orders.models import Order, OrderLine
from subscriptions.changing import ChangeRefused, change_subscription
from subscriptions.intents import Kind, Priced, preview
from subscriptions.models import ResellerOfRecord, Subscription, SupportContact
from subscriptions.rules import Allowed, AtEnd, Cancel, ChangeLicenses, DecideEnd
from subscriptions.services import set_reseller_of_record, set_support_contact
from tests.factories import PriceFactory
from tests.subscriptions.living import also_sold, bought, last_record, offer, offer_of, path


def test_a_longer_term_at_todays_price(new: Subscription, sales: Actor) -> None:
    longer = also_sold(offer_of(new), term_duration="P3Y", unit_price=Decimal(330))
    change_subscription(subscription=new, intent=Priced(Kind.TERM, longer), by=sales)
    new.refresh_from_db()
    assert (new.term_duration, new.unit_price) == ("P3Y", 330)


def test_a_price_that_is_gone_is_not_taken(new: Subscription, sales: Actor) -> None:
    longer = also_sold(offer_of(new), term_duration="P3Y", unit_price=Decimal(330))
    Price.objects.filter(pk=longer.pk).update(is_listed=False, sold_until=clock.now())
    with pytest.raises(ChangeRefused) as refused:
        change_subscription(subscription=new, intent=Priced(Kind.TERM, longer), by=sales)
    assert refused.value.answer.code == "2091"


def test_a_price_of_another_offer_is_not_taken(new: Subscription, sales: Actor) -> None:
    foreign = offer(price="1")
    for kind in Kind:
        with pytest.raises(ChangeRefused) as refused:
            change_subscription(subscription=new, intent=Priced(kind, foreign), by=sales)
        assert refused.value.answer.code == "2091"


def test_legacy_bills_change_with_the_order(old: Subscription, sales: Actor) -> None:
    yearly = also_sold(offer_of(old), billing_plan="Annual", unit_price=Decimal(110))
    change_subscription(subscription=old, intent=Priced(Kind.BILLING, yearly), by=sales)
    old.refresh_from_db()
    assert (old.billing_plan, old.unit_price) == ("Annual", 110)


@pytest.fixture
def ordered_together(customer: Customer, old: Subscription, sales: Actor) -> list[Subscription]:
    """The old one, another of the same order, and an add-on of that which was bought later."""
    mate = bought(customer, offer(policy="legacy", price="60"), sales, at=clock.now() - timedelta(days=100))
    add_on = bought(customer, offer(policy="legacy", price="24"), sales, at=clock.now() - timedelta(days=50))
    Subscription.objects.filter(pk=add_on.pk).update(parent=mate)
    order = Order.objects.create(customer=customer, provider=customer.provider, placed_by=sales.user, currency="USD")
    for one in (old, mate):
        OrderLine.objects.create(
            order=order,
            sku=one.sku,
            price=offer_of(one),
            subscription=one,
            offer_name=one.offer_name,
            quantity=one.quantity,
            unit_price=one.unit_price,
            billing_plan=one.billing_plan,
        )
    # Of another order: it stays as it is.
    bought(customer, offer(policy="legacy"), sales, at=clock.now() - timedelta(days=100))
    return [old, mate, add_on]


def test_the_bills_of_the_whole_order_change(ordered_together: list[Subscription], sales: Actor) -> None:
    old, *others = ordered_together
    yearly = [
        also_sold(offer_of(one), billing_plan="Annual", unit_price=one.unit_price - 10) for one in ordered_together
    ]
    asked = Priced(Kind.BILLING, yearly[0])
    answer = preview(old, asked, clock.now())
    assert isinstance(answer, Allowed)
    assert [effect.who for effect in answer.effects if effect.who] == [tuple(one.nickname for one in others)]
    change_subscription(subscription=old, intent=asked, by=sales)
    for one, price in zip(ordered_together, yearly, strict=True):
        one.refresh_from_db()
        assert (one.billing_plan, one.unit_price, one.term_starts_at.date()) == (
            "Annual",
            price.unit_price,
            clock.now().date(),
        )
        assert last_record(one).action == "subscription.billing_changed"
    assert Subscription.objects.filter(billing_plan="Annual").count() == 3


def test_no_bills_change_where_one_of_the_order_is_not_sold_so(
    ordered_together: list[Subscription], sales: Actor
) -> None:
    old, mate, _add_on = ordered_together
    yearly = also_sold(offer_of(old), billing_plan="Annual")
    also_sold(offer_of(mate), billing_plan="Annual")
    with pytest.raises(ChangeRefused) as refused:
        change_subscription(subscription=old, intent=Priced(Kind.BILLING, yearly), by=sales)
    assert refused.value.answer.code == "6000"
    assert not Subscription.objects.filter(billing_plan="Annual").exists()


def test_no_bills_change_where_one_of_the_order_has_a_reseller_that_is_not_ready(
    ordered_together: list[Subscription], reseller: Partner, sales: Actor, admin: Actor
) -> None:
    old, mate, _add_on = ordered_together
    [yearly, *_others] = [also_sold(offer_of(one), billing_plan="Annual") for one in ordered_together]
    set_reseller_of_record(subscription=mate, reseller=reseller, by=admin)
    Partner.objects.filter(pk=reseller.pk).update(agreement_accepted_on=None)
    asked = Priced(Kind.BILLING, yearly)
    with pytest.raises(ChangeRefused, match=f"{mate.nickname} of the same order: Fabrikam has not accepted") as refused:
        change_subscription(subscription=old, intent=asked, by=sales)
    assert refused.value.answer.code == "900400"
    assert not Subscription.objects.filter(billing_plan="Annual").exists()
    set_reseller_of_record(subscription=mate, reseller=None, by=admin)
    change_subscription(subscription=old, intent=asked, by=sales)
    assert Subscription.objects.filter(billing_plan="Annual").count() == 3


def test_a_whole_upgrade_keeps_its_id(new: Subscription, sales: Actor) -> None:
    better = offer(price="240")
    path(new.sku, better.sku)
    change_subscription(subscription=new, intent=Priced(Kind.UPGRADE, better), by=sales)
    new.refresh_from_db()
    assert (new.sku, new.offer_name, new.nickname, new.unit_price) == (
        better.sku,
        better.sku.title,
        better.sku.title,
        240,
    )
    assert Subscription.objects.filter(customer=new.customer).count() == 1


def test_a_partial_upgrade_makes_a_subscription_with_the_same_resellers(
    new: Subscription, reseller: Partner, admin: Actor
) -> None:
    better = offer(price="240")
    path(new.sku, better.sku)
    ResellerOfRecord.objects.create(subscription=new, reseller=reseller, mpn_id="0012345", set_by=admin.user)
    set_support_contact(subscription=new, reseller=reseller, by=admin)
    change_subscription(subscription=new, intent=Priced(Kind.UPGRADE, better, 4), by=admin)
    new.refresh_from_db()
    made = Subscription.objects.exclude(pk=new.pk).get(customer=new.customer)
    assert (new.quantity, made.quantity, made.sku, made.ends_at) == (6, 4, better.sku, new.ends_at)
    assert made.resellers_of_record.get().mpn_id == "0012345"
    assert SupportContact.objects.get(subscription=made).reseller == reseller
    assert made.cancellable_until is None


@pytest.mark.parametrize("quantity", [10, 4])
def test_what_is_upgraded_in_an_extended_service_term_stays_in_it(
    customer: Customer, new: Subscription, sales: Actor, quantity: int
) -> None:
    better = also_sold(offer(price="240"), term_duration="P1M", unit_price=Decimal(20))
    path(new.sku, better.sku)
    Subscription.objects.filter(pk=new.pk).update(
        term_duration="P1M", unit_price=Decimal("10.30"), is_extended=True, at_end="extend", batches=[]
    )
    new.refresh_from_db()
    change_subscription(subscription=new, intent=Priced(Kind.UPGRADE, better, quantity), by=sales)
    made = Subscription.objects.get(customer=customer, sku=better.sku)
    assert (made.quantity, made.unit_price, made.is_extended) == (quantity, Decimal("20.60"), True)
    change_subscription(subscription=made, intent=Cancel(), by=sales)


def test_so_many_licenses_cost_what_so_many_do(customer: Customer, sales: Actor) -> None:
    """A price of 100 licenses and more is none of four that leave them."""
    few = PriceFactory(unit_price=Decimal(240), pricing_tier_max=99, sku__max_licenses=300)
    many = also_sold(few, unit_price=Decimal(200), pricing_tier_min=100)
    source = bought(customer, offer(), sales, at=clock.now() - timedelta(days=8), quantity=120)
    path(source.sku, few.sku)
    answer = preview(source, Priced(Kind.UPGRADE, many, 4), clock.now())
    assert isinstance(answer, Allowed)
    assert answer.cost.next_term == 4 * 240
    change_subscription(subscription=source, intent=Priced(Kind.UPGRADE, many, 4), by=sales)
    made = Subscription.objects.exclude(pk=source.pk).get(customer=customer)
    assert (made.quantity, made.unit_price) == (4, 240)


def test_of_what_nobody_renews_no_next_term_is_foretold(new: Subscription, sales: Actor) -> None:
    better = offer(price="240")
    path(new.sku, better.sku)
    new = change_subscription(subscription=new, intent=DecideEnd(AtEnd.EXTEND), by=sales)
    for quantity in (None, 4):
        answer = preview(new, Priced(Kind.UPGRADE, better, quantity), clock.now())
        assert isinstance(answer, Allowed)
        assert answer.cost.next_term is None


def test_upgraded_licenses_join_what_the_customer_has(customer: Customer, new: Subscription, sales: Actor) -> None:
    better = offer(price="240")
    path(new.sku, better.sku)
    with clock.at(clock.now() - timedelta(hours=1)):
        change_subscription(subscription=new, intent=ChangeLicenses(12), by=sales)
    owned = bought(customer, better, sales, at=clock.now() - timedelta(days=8))
    Subscription.objects.filter(pk=owned.pk).update(
        ends_at=new.ends_at + timedelta(days=1),
        scheduled={"quantity": 4},  # type: ignore[operator]
    )
    change_subscription(subscription=new, intent=Priced(Kind.UPGRADE, better, 5), by=sales)
    owned.refresh_from_db()
    assert (owned.quantity, owned.scheduled, len(owned.batches)) == (15, None, 1)
    assert last_record(owned).changes["scheduled"] == [{"quantity": 4}, None]


def test_upgraded_licenses_join_nothing_under_a_reseller_that_is_not_ready(
    customer: Customer, new: Subscription, reseller: Partner, sales: Actor, admin: Actor
) -> None:
    better = offer(price="240")
    path(new.sku, better.sku)
    owned = bought(customer, better, sales, at=clock.now() - timedelta(days=8), reseller=reseller)
    Subscription.objects.filter(pk=owned.pk).update(ends_at=new.ends_at + timedelta(days=1))  # type: ignore[operator]
    Partner.objects.filter(pk=reseller.pk).update(agreement_accepted_on=None)
    upgrade = Priced(Kind.UPGRADE, better, 5)
    words = f"{owned.nickname}, which the upgraded licenses would join: Fabrikam has not accepted .* Name another"
    with pytest.raises(ChangeRefused, match=words) as refused:
        change_subscription(subscription=new, intent=upgrade, by=sales)
    assert refused.value.answer.code == "900400"
    owned.refresh_from_db()
    assert owned.quantity == 10
    set_reseller_of_record(subscription=owned, reseller=None, by=admin)
    change_subscription(subscription=new, intent=upgrade, by=sales)
    owned.refresh_from_db()
    assert owned.quantity == 15


def test_upgraded_licenses_join_nothing_in_another_currency(
    customer: Customer, new: Subscription, sales: Actor
) -> None:
    better = offer(price="240")
    path(new.sku, better.sku)
    owned = bought(customer, better, sales, at=clock.now() - timedelta(days=8))
    Subscription.objects.filter(pk=owned.pk).update(currency="EUR", ends_at=new.ends_at + timedelta(days=1))  # type: ignore[operator]
    change_subscription(subscription=new, intent=Priced(Kind.UPGRADE, better, 5), by=sales)
    owned.refresh_from_db()
    made = Subscription.objects.exclude(pk__in=[new.pk, owned.pk]).get(customer=customer)
    assert (owned.quantity, made.quantity, made.currency) == (10, 5, "USD")


def test_a_trial_becomes_paid(customer: Customer, sales: Actor) -> None:
    free = offer(price="0", is_trial=True, min_licenses=25, max_licenses=25)
    paid = offer(price="240")
    path(free.sku, paid.sku)
    trial = bought(customer, free, sales, quantity=25)
    change_subscription(subscription=trial, intent=Priced(Kind.CONVERT, paid, 30), by=sales)
    trial.refresh_from_db()
    assert (trial.is_trial, trial.quantity, trial.sku, trial.unit_price) == (False, 30, paid.sku, 240)
