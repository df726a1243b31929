"""Two people change one subscription at the same moment: as if one had come first, and the other knew."""

import time
from collections.abc import Callable
from itertools import combinations_with_replacement

import pytest
from django.db import transaction
from django.test import Client

from accounts.access import Actor
from accounts.models import Partner
from activity.models import ActivityRecord
from catalogue.models import Price
from core import clock
from customers.models import ResellerRelationship
from customers.relationships import end_reseller_relationship
from customers.services import PartnershipRequired
from resellers.models import Partnership
from subscriptions.changing import ChangedMeanwhile, ChangeRefused, change_subscription
from subscriptions.clockwork import run_due
from subscriptions.facts import batches_of, facts_of
from subscriptions.models import ResellerOfRecord, Subscription, SupportContact
from subscriptions.rules import (
    Allowed,
    AtEnd,
    Cancel,
    Change,
    ChangeLicenses,
    DecideEnd,
    Facts,
    Reactivate,
    ScheduleChange,
    Scheduled,
    Suspend,
    judge,
)
from subscriptions.services import AccessRequired, set_reseller_of_record, set_support_contact
from tests.factories import CustomerFactory, PartnershipFactory, SubscriptionFactory
from tests.races import at_once, run_parallel
from tests.reading import words
from tests.subscriptions.living import bought, offer, ready_customer
from tests.subscriptions.test_clockwork import YEAR, actions

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

ROUNDS = 8


@pytest.fixture
def buy(provider: Partner, sales: Actor) -> Callable[..., Subscription]:
    """Ten licenses, bought now or in the past."""
    customer, prices = ready_customer(provider), {policy: offer(policy=policy) for policy in ("legacy", "new_commerce")}

    def buying(policy: str = "new_commerce", **values: object) -> Subscription:
        price: Price = prices[policy]
        return bought(customer, price, sales, **values)  # type: ignore[arg-type]

    return buying


def press(subscription: Subscription, change: Change, by: Actor, version: int | None = None) -> Subscription:
    """Submit the change."""
    return change_subscription(subscription=subscription, intent=change, by=by, version=version)


# --- nobody waits for each other --------------------------------------------------------------------------------------
def test_licenses_and_reseller_are_changed_at_once(
    reseller: Partner, buy: Callable[..., Subscription], sales: Actor, admin: Actor
) -> None:
    for _number in range(3 * ROUNDS):
        subscription = buy()
        changed, named = at_once(
            lambda one=subscription: press(one, ChangeLicenses(20), sales),
            lambda one=subscription: set_reseller_of_record(subscription=one, reseller=reseller, by=admin),
        )
        assert isinstance(changed, Subscription), changed
        assert isinstance(named, ResellerOfRecord), named


# --- licenses: no update is lost --------------------------------------------------------------------------------------
def test_of_two_who_change_the_licenses_the_second_sees_what_the_first_did(
    buy: Callable[..., Subscription], sales: Actor
) -> None:
    def check(subscription: Subscription, results: list) -> None:
        assert sorted(type(result).__name__ for result in results) == ["ChangedMeanwhile", "Subscription"]
        (won,) = [result for result in results if isinstance(result, Subscription)]
        (late,) = [result for result in results if isinstance(result, ChangedMeanwhile)]
        stored = Subscription.objects.get(pk=subscription.pk)
        assert (stored.quantity, stored.version) == (won.quantity, 2)
        assert (late.current.quantity, late.current.version) == (won.quantity, 2)
        assert actions(subscription) == ["started", "licenses_changed"]

    run_parallel(
        lambda subscription, number: press(subscription, ChangeLicenses(20 + number), sales, version=1),
        n=2,
        rounds=ROUNDS,
        before=buy,
        after=check,
    )


def test_without_a_version_each_adds_to_what_is_there(buy: Callable[..., Subscription], sales: Actor) -> None:
    def check(subscription: Subscription, results: list) -> None:
        assert {type(result) for result in results} == {Subscription}
        stored = Subscription.objects.get(pk=subscription.pk)
        assert stored.version == 3
        assert sum(batch.quantity for batch in batches_of(stored)) == stored.quantity
        assert actions(subscription) == ["started", "licenses_changed", "licenses_changed"]

    run_parallel(
        lambda subscription, number: press(subscription, ChangeLicenses(20 + number), sales),
        n=2,
        rounds=ROUNDS,
        before=buy,
        after=check,
    )


def test_the_second_gets_a_page_with_both_values(
    buy: Callable[..., Subscription], sales: Actor, admin: Actor, signed_in: Callable[..., Client]
) -> None:
    windows = [signed_in(sales.user), signed_in(admin.user)]

    def submit(subscription: Subscription, number: int) -> object:
        data = {"quantity": str(21 + number), "version": "1"}
        return windows[number].post(f"{subscription.get_absolute_url()}change/licenses/", data)

    def check(subscription: Subscription, results: list) -> None:
        assert sorted(result.status_code for result in results) == [302, 409]
        stored = Subscription.objects.get(pk=subscription.pk)
        (late,) = [number for number, result in enumerate(results) if result.status_code == 409]
        page = words(results[late])
        assert f">{stored.quantity}<" in page.replace("> ", ">").replace(" <", "<")
        assert f">{21 + late}<" in page.replace("> ", ">").replace(" <", "<")
        assert stored.quantity == 21 + (1 - late)

    run_parallel(submit, n=2, rounds=ROUNDS, before=buy, after=check)


# --- every pair of changes --------------------------------------------------------------------------------------------
CHANGES: dict[str, Change] = {
    "suspend": Suspend(),
    "reactivate": Reactivate(),
    "cancel": Cancel(),
    "add licenses": ChangeLicenses(12),
    "give licenses back": ChangeLicenses(7),
    "cancel at the end": DecideEnd(AtEnd.CANCEL),
    "schedule": ScheduleChange(Scheduled(quantity=5)),
}


def told(facts: Facts) -> tuple:
    """What a person sees of it."""
    return facts.status, facts.quantity, facts.at_end, facts.scheduled


def one_after_the_other(facts: Facts, changes: list[tuple[int, Change]]) -> tuple:
    """How it ends by the rules alone, and which of the changes were allowed."""
    allowed = {}
    for number, change in changes:
        answer = judge(facts, change, clock.now())
        allowed[number] = isinstance(answer, Allowed)
        facts = answer.after if isinstance(answer, Allowed) else facts
    return told(facts), allowed[0], allowed[1]


@pytest.mark.parametrize("policy", ["legacy", "new_commerce"])
@pytest.mark.parametrize(("one", "other"), list(combinations_with_replacement(CHANGES, 2)))
def test_any_two_changes_end_as_if_one_had_come_first(
    buy: Callable[..., Subscription], sales: Actor, policy: str, one: str, other: str
) -> None:
    pair = [(0, CHANGES[one]), (1, CHANGES[other])]

    def check(subscription: Subscription, results: list) -> None:
        assert {type(result) for result in results} <= {Subscription, ChangeRefused}
        start = facts_of(subscription)
        possible = [one_after_the_other(start, pair), one_after_the_other(start, pair[::-1])]
        stored = Subscription.objects.select_related("sku__product").get(pk=subscription.pk)
        done = [isinstance(result, Subscription) for result in results]
        assert (told(facts_of(stored)), *done) in possible
        assert stored.version == 1 + sum(done)
        assert ActivityRecord.objects.about(subscription).count() == 1 + sum(done)

    run_parallel(
        lambda subscription, number: press(subscription, pair[number][1], sales),
        n=2,
        rounds=2,
        before=lambda: buy(policy),
        after=check,
    )


# --- the clock --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "action"),
    [(Cancel(), "canceled"), (DecideEnd(AtEnd.CANCEL), "end_decided"), (Suspend(), "suspended")],
)
def test_a_change_comes_after_the_renewal_or_is_refused_before_it(
    buy: Callable[..., Subscription], sales: Actor, change: Change, action: str
) -> None:
    for _round in range(ROUNDS):
        subscription = buy(at=clock.now() - YEAR)
        _moved, pressed = at_once(run_due, lambda one=subscription: press(one, change, sales))
        run_due()
        expected = ["started", "renewed"]
        if isinstance(pressed, ChangeRefused):
            assert pressed.answer.code == "900278"
        else:
            assert isinstance(pressed, Subscription), pressed
            expected.append(action)
        assert actions(subscription) == expected


def test_what_is_suspended_is_reactivated_or_deleted_and_never_both(
    buy: Callable[..., Subscription], sales: Actor
) -> None:
    for _round in range(ROUNDS):
        subscription = buy("legacy", at=clock.now() - YEAR / 2)
        with clock.at(clock.now() - YEAR / 3):
            press(subscription, Suspend(), sales)
        _moved, pressed = at_once(run_due, lambda one=subscription: press(one, Reactivate(), sales))
        subscription.refresh_from_db()
        if isinstance(pressed, Subscription):
            assert (subscription.status, actions(subscription)[-1]) == ("active", "reactivated")
        else:
            assert isinstance(pressed, ChangeRefused), pressed
            assert (subscription.status, actions(subscription)[-1]) == ("deleted", "deleted")


# --- who answers for it -----------------------------------------------------------------------------------------------
def test_no_support_contact_is_named_after_its_access_ended(provider: Partner, reseller: Partner, admin: Actor) -> None:
    for _round in range(25):
        customer = CustomerFactory(provider=provider, managed_by=reseller)
        subscription = SubscriptionFactory(customer=customer)
        relationship = customer.reseller_relationships.get()
        named, _ended = at_once(
            lambda one=subscription: set_support_contact(
                subscription=one, reseller=reseller, by=admin, with_access=True
            ),
            lambda one=relationship: end_reseller_relationship(relationship=one, by=admin),
        )
        ended = ResellerRelationship.objects.get(pk=relationship.pk).ends_at
        assert ended is not None
        if isinstance(named, SupportContact):
            assert named.begins_at <= ended
        else:
            assert isinstance(named, AccessRequired), named
            assert not SupportContact.objects.filter(subscription=subscription).exists()


def test_no_support_contact_is_named_after_the_partnership_ended(
    provider: Partner, admin: Actor, reseller: Partner
) -> None:
    for _round in range(25):
        Partnership.objects.active().filter(reseller=reseller).update(ended_at=clock.now())
        partnership = PartnershipFactory(provider=provider, reseller=reseller)
        customer = CustomerFactory(provider=provider, managed_by=reseller)
        subscription = SubscriptionFactory(customer=customer)

        @transaction.atomic
        def end(one: Partnership = partnership, about: Subscription = subscription) -> bool:
            """As the end of a partnership does it: lock, look who answers, close."""
            locked = Partnership.objects.select_for_update().get(pk=one.pk)
            if SupportContact.objects.filter(subscription=about, ends_at=None).exists():
                return False
            time.sleep(0.03)
            locked.ended_at = max(clock.now(), locked.began_at)
            locked.save(update_fields=["ended_at"])
            return True

        named, ended = at_once(
            lambda one=subscription: set_support_contact(
                subscription=one, reseller=reseller, by=admin, with_access=True
            ),
            end,
        )
        assert isinstance(named, PartnershipRequired if ended else SupportContact), named
        ResellerRelationship.objects.filter(customer=customer).update(ends_at=clock.now())
