"""One service makes every change: judged under the lock, written, recorded, and nothing when it is refused."""

from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.access import ANONYMOUS, Actor
from accounts.models import Partner
from accounts.roles import Role
from activity.models import ActivityRecord
from catalogue.models import Price, Product
from core import clock
from core.exceptions import NotPermitted
from customers.models import Customer, ResellerRelationship
from orders.models import Order, OrderLine
from subscriptions.changing import ChangedMeanwhile, ChangeRefused, change_subscription, rename_subscription
from subscriptions.clockwork import run_due
from subscriptions.intents import Kind, Priced, preview
from subscriptions.models import ResellerOfRecord, Subscription, SupportContact
from subscriptions.rules import (
    Allowed,
    AtEnd,
    Cancel,
    Change,
    ChangeLicenses,
    DecideEnd,
    DropSchedule,
    Reactivate,
    ScheduleChange,
    Scheduled,
    Suspend,
)
from subscriptions.services import set_reseller_of_record, set_support_contact
from tests.customers.conftest import actor_of
from tests.factories import CustomerFactory, PartnerFactory, PartnershipFactory, PriceFactory, SubscriptionFactory
from tests.faults import fail_at_each_statement
from tests.subscriptions.living import also_sold, bought, offer, path, ready_customer


@pytest.fixture
def customer(provider: Partner) -> Customer:
    return ready_customer(provider)


@pytest.fixture
def new(customer: Customer, sales: Actor) -> Subscription:
    """Ten licenses under the new commerce rules, bought an hour ago."""
    return bought(customer, offer(), sales, at=clock.now() - timedelta(hours=1))


@pytest.fixture
def old(customer: Customer, sales: Actor) -> Subscription:
    """Ten licenses under the legacy rules, bought in the spring."""
    return bought(customer, offer(policy="legacy"), sales, at=clock.now() - timedelta(days=100))


def last_record(subscription: Subscription) -> ActivityRecord:
    found = ActivityRecord.objects.about(subscription).first()
    assert found is not None
    return found


def test_a_change_is_written_and_recorded(new: Subscription, sales: Actor) -> None:
    changed = change_subscription(subscription=new, intent=ChangeLicenses(15), version=1, by=sales)
    changed.refresh_from_db()
    assert (changed.quantity, changed.version, [one["quantity"] for one in changed.batches]) == (15, 2, [10, 5])
    record = last_record(new)
    assert (record.action, record.changes["quantity"]) == ("subscription.licenses_changed", [10, 15])
    assert record.changes["amount"].startswith("USD ")
    assert record.actor_user_id == sales.user.pk  # type: ignore[union-attr]


def test_a_refused_change_leaves_everything(old: Subscription, sales: Actor) -> None:
    before = ActivityRecord.objects.count()
    with pytest.raises(ChangeRefused) as refused:
        change_subscription(subscription=old, intent=Cancel(), by=sales)
    assert (refused.value.answer.code, refused.value.answer.instead) == ("legacy_cancel", "Suspend")
    old.refresh_from_db()
    assert (old.status, old.version, ActivityRecord.objects.count()) == ("active", 1, before)


def test_a_second_press_changes_nothing_more(new: Subscription, sales: Actor) -> None:
    change_subscription(subscription=new, intent=Suspend(), version=1, by=sales)
    with pytest.raises(ChangedMeanwhile) as meanwhile:
        change_subscription(subscription=new, intent=Suspend(), version=1, by=sales)
    assert (meanwhile.value.current.status, meanwhile.value.current.version) == ("suspended", 2)
    with pytest.raises(ChangeRefused):
        change_subscription(subscription=new, intent=Suspend(), by=sales)
    assert ActivityRecord.objects.about(new).filter(action="subscription.suspended").count() == 1


@pytest.mark.parametrize("kind", ["stranger", "reseller", "administrator", "anonymous"])
def test_who_may_not_change(new: Subscription, reseller: Partner, kind: str) -> None:
    actors = {
        "stranger": actor_of(CustomerFactory().provider),
        "reseller": actor_of(reseller),
        "administrator": Actor(user=actor_of(reseller).user, customer=new.customer),
        "anonymous": ANONYMOUS,
    }
    with pytest.raises(NotPermitted):
        change_subscription(subscription=new, intent=Suspend(), by=actors[kind])


def test_a_helpdesk_agent_may(new: Subscription, provider: Partner) -> None:
    change_subscription(subscription=new, intent=Suspend(), by=actor_of(provider, Role.HELPDESK_AGENT))


def test_without_an_agreement_nothing_is_bought(provider: Partner, sales: Actor) -> None:
    subscription = SubscriptionFactory(customer=CustomerFactory(provider=provider))
    with pytest.raises(ChangeRefused) as refused:
        change_subscription(subscription=subscription, intent=ChangeLicenses(11), by=sales)
    assert refused.value.answer.code == "13605"
    change_subscription(subscription=subscription, intent=Suspend(), by=sales)


def test_an_account_under_review_buys_nothing(new: Subscription, sales: Actor) -> None:
    Customer.objects.update(status=Customer.Status.UNDER_REVIEW)
    with pytest.raises(ChangeRefused) as refused:
        change_subscription(subscription=new, intent=ChangeLicenses(11), by=sales)
    assert refused.value.answer.code == "800075"


@pytest.fixture
def of_record(new: Subscription, reseller: Partner, admin: Actor) -> Subscription:
    """The new one, whose reseller of record has not accepted the partner agreement by now."""
    set_reseller_of_record(subscription=new, reseller=reseller, by=admin)
    Partner.objects.filter(pk=reseller.pk).update(agreement_accepted_on=None)
    return new


def test_nothing_is_bought_under_a_reseller_that_could_not_be_named_today(
    of_record: Subscription, sales: Actor, admin: Actor
) -> None:
    with pytest.raises(ChangeRefused, match=r"Fabrikam has not accepted .* Name another reseller") as refused:
        change_subscription(subscription=of_record, intent=ChangeLicenses(11), by=sales)
    assert refused.value.answer.code == "900400"
    for change in (DecideEnd(AtEnd.CANCEL), DecideEnd(AtEnd.RENEW), Suspend(), Reactivate()):
        change_subscription(subscription=of_record, intent=change, by=sales)
    set_reseller_of_record(subscription=of_record, reseller=None, by=admin)
    change_subscription(subscription=of_record, intent=ChangeLicenses(11), by=sales)


def test_a_managing_reseller_reads_nothing_of_the_one_of_record(of_record: Subscription, provider: Partner) -> None:
    manager = PartnerFactory(reseller=True)
    partnership = PartnershipFactory(provider=provider, reseller=manager)
    ResellerRelationship.objects.create(
        customer=of_record.customer, reseller=manager, partnership=partnership, set_by=of_record.customer.created_by
    )
    with pytest.raises(ChangeRefused) as refused:
        change_subscription(subscription=of_record, intent=ChangeLicenses(11), by=actor_of(manager))
    assert "Fabrikam" not in str(refused.value)


def test_it_renews_all_the_same(of_record: Subscription) -> None:
    Subscription.objects.filter(pk=of_record.pk).update(ends_at=clock.now(), next_step_at=clock.now())
    assert run_due() == 1
    of_record.refresh_from_db()
    assert of_record.status == "active"


def test_a_change_is_all_or_nothing(new: Subscription, sales: Actor) -> None:
    def state() -> tuple[int, int]:
        new.refresh_from_db()
        return new.quantity, ActivityRecord.objects.about(new).count()

    before = state()

    def check() -> None:
        assert state() == before

    fail_at_each_statement(lambda: change_subscription(subscription=new, intent=ChangeLicenses(12), by=sales), check)
    assert state() == (12, before[1] + 1)


# --- the life of a subscription ---------------------------------------------------------------------------------------
def test_suspended_and_reactivated(new: Subscription, old: Subscription, sales: Actor) -> None:
    for subscription, end in ((new, "undecided"), (old, "renew")):
        change_subscription(subscription=subscription, intent=Suspend(), by=sales)
        change_subscription(subscription=subscription, intent=Reactivate(), by=sales)
        subscription.refresh_from_db()
        assert (subscription.status, subscription.at_end, subscription.suspended_at) == ("active", end, None)


def test_a_legacy_suspension_says_when_it_is_deleted(old: Subscription, sales: Actor) -> None:
    change_subscription(subscription=old, intent=Suspend(), by=sales)
    old.refresh_from_db()
    assert old.suspended_at is not None
    assert old.next_step_at == old.suspended_at + timedelta(days=90)


def test_add_ons_are_suspended_with_a_base_that_is_canceled(customer: Customer, sales: Actor) -> None:
    base = bought(customer, offer(policy="legacy"), sales, at=clock.now() - timedelta(hours=1))
    Product.objects.filter(pk=base.sku.product_id).update(publisher="Contoso")
    add_on = SubscriptionFactory(customer=customer, parent=base, policy="legacy")
    change_subscription(subscription=base, intent=Cancel(), by=sales)
    add_on.refresh_from_db()
    assert add_on.status == "suspended"


def test_add_ons_are_suspended_with_their_base(old: Subscription, sales: Actor) -> None:
    add_on = SubscriptionFactory(customer=old.customer, parent=old, policy="legacy")
    change_subscription(subscription=old, intent=Suspend(), by=sales)
    add_on.refresh_from_db()
    assert add_on.status == "suspended"
    with pytest.raises(ChangeRefused) as refused:
        change_subscription(subscription=add_on, intent=Reactivate(), by=sales)
    assert refused.value.answer.code == "27009"


def test_canceled_in_time_it_is_gone(new: Subscription, sales: Actor) -> None:
    change_subscription(subscription=new, intent=Cancel(), by=sales)
    new.refresh_from_db()
    assert (new.status, new.next_step_at, new.cancellable_until) == ("deleted", None, None)
    assert new not in Subscription.objects.listed()


def test_the_end_and_the_next_term(new: Subscription, sales: Actor) -> None:
    change_subscription(subscription=new, intent=ScheduleChange(Scheduled(quantity=4)), by=sales)
    new.refresh_from_db()
    assert new.scheduled is not None
    assert new.scheduled["quantity"] == 4
    change_subscription(subscription=new, intent=DropSchedule(), by=sales)
    change_subscription(subscription=new, intent=DecideEnd(AtEnd.CANCEL), by=sales)
    new.refresh_from_db()
    assert (new.scheduled, new.at_end, new.auto_renew) == (None, "cancel", False)


# --- other prices, other offers ---------------------------------------------------------------------------------------
def test_a_longer_term_at_todays_price(new: Subscription, sales: Actor) -> None:
    longer = also_sold(offer_of(new), term_duration="P3Y", unit_price=Decimal(330))
    change_subscription(subscription=new, intent=Priced(Kind.TERM, longer), by=sales)
    new.refresh_from_db()
    assert (new.term_duration, new.unit_price) == ("P3Y", 330)


def offer_of(subscription: Subscription) -> Price:
    return Price.objects.get(sku=subscription.sku, term_duration="P1Y")


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


def test_a_trial_becomes_paid(customer: Customer, sales: Actor) -> None:
    free = offer(price="0", is_trial=True, min_licenses=25, max_licenses=25)
    paid = offer(price="240")
    path(free.sku, paid.sku)
    trial = bought(customer, free, sales, quantity=25)
    change_subscription(subscription=trial, intent=Priced(Kind.CONVERT, paid, 30), by=sales)
    trial.refresh_from_db()
    assert (trial.is_trial, trial.quantity, trial.sku, trial.unit_price) == (False, 30, paid.sku, 240)


# --- before, and beside -----------------------------------------------------------------------------------------------
def test_a_preview_says_what_will_happen_and_writes_nothing(new: Subscription) -> None:
    answer = preview(new, ChangeLicenses(12), clock.now())
    assert isinstance(answer, Allowed)
    assert answer.after.quantity == 12
    new.refresh_from_db()
    assert new.quantity == 10


def later_price(subscription: Subscription, price: int) -> None:
    """From now on the offer costs something else."""
    old = offer_of(subscription)
    Price.objects.filter(pk=old.pk).update(is_listed=False, sold_until=clock.now())
    also_sold(old, unit_price=Decimal(price), effective_from=clock.now())


@pytest.mark.parametrize(
    ("change", "licenses"),
    [(ChangeLicenses(12), 12), (DecideEnd(AtEnd.RENEW), 10), (DropSchedule(), 10)],
    ids=["licenses", "end", "schedule"],
)
def test_the_next_term_is_foretold_at_todays_price(
    new: Subscription, sales: Actor, change: Change, licenses: int
) -> None:
    at_end = AtEnd.CANCEL if isinstance(change, DecideEnd) else AtEnd.RENEW
    scheduled = {"quantity": 4} if isinstance(change, DropSchedule) else None
    Subscription.objects.filter(pk=new.pk).update(at_end=at_end.value, scheduled=scheduled)
    new.refresh_from_db()
    later_price(new, 132)
    answer = preview(new, change, clock.now())
    assert isinstance(answer, Allowed)
    assert answer.cost.next_term == 132 * licenses


def test_no_price_is_foretold_of_what_is_no_longer_sold(new: Subscription) -> None:
    Price.objects.filter(pk=offer_of(new).pk).update(is_listed=False, sold_until=clock.now())
    answer = preview(new, ChangeLicenses(12), clock.now())
    assert isinstance(answer, Allowed)
    assert answer.cost.next_term is None


def test_what_a_trial_will_cost_is_foretold(customer: Customer, sales: Actor) -> None:
    free = offer(price="0", is_trial=True, min_licenses=25, max_licenses=25)
    paid = offer(price="240")
    path(free.sku, paid.sku)
    trial = bought(customer, free, sales, quantity=25)
    Subscription.objects.filter(pk=trial.pk).update(at_end="cancel")
    trial.refresh_from_db()
    answer = preview(trial, DecideEnd(AtEnd.RENEW), clock.now())
    assert isinstance(answer, Allowed)
    assert answer.cost.next_term == 25 * 240


def test_a_nickname(new: Subscription, sales: Actor) -> None:
    rename_subscription(subscription=new, nickname="Ovens", version=1, by=sales)
    with pytest.raises(ChangedMeanwhile):
        rename_subscription(subscription=new, nickname="Stoves", version=1, by=sales)
    new.refresh_from_db()
    assert (new.nickname, new.search_text) == ("Ovens", f"ovens {new.offer_name}".lower())
    assert last_record(new).changes["nickname"] == [new.offer_name, "Ovens"]


def test_the_customer_is_shown_as_changed(new: Subscription, sales: Actor) -> None:
    before = new.customer.changed_at
    change_subscription(subscription=new, intent=Suspend(), by=sales)
    new.customer.refresh_from_db()
    assert new.customer.changed_at > before
