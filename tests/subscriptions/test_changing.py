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
from subscriptions.changing import ChangedMeanwhile, ChangeRefused, change_subscription, rename_subscription
from subscriptions.clockwork import run_due
from subscriptions.intents import preview
from subscriptions.models import Subscription
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
from subscriptions.services import set_reseller_of_record
from tests.customers.conftest import actor_of
from tests.factories import CustomerFactory, PartnerFactory, PartnershipFactory, SubscriptionFactory
from tests.faults import fail_at_each_statement
from tests.subscriptions.living import also_sold, bought, last_record, offer, offer_of, path


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
        "reseller": actor_of(PartnershipFactory(provider=new.customer.provider).reseller),
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
    ResellerRelationship.objects.filter(customer=of_record.customer).update(reseller=manager, partnership=partnership)
    with pytest.raises(ChangeRefused) as refused:
        change_subscription(subscription=of_record, intent=ChangeLicenses(11), by=actor_of(manager))
    assert "Fabrikam" not in str(refused.value)


def test_the_one_of_record_itself_reads_what_it_can_do(of_record: Subscription, reseller: Partner) -> None:
    with pytest.raises(ChangeRefused) as refused:
        change_subscription(subscription=of_record, intent=ChangeLicenses(11), by=actor_of(reseller))
    assert str(refused.value) == (
        "Your company has not accepted the Microsoft Partner Agreement. Accept it and tell the back office the day."
    )


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
