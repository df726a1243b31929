"""Two people decide about one request at the same moment, or one takes it back: as if one had come first."""

from collections.abc import Callable

import pytest

from accounts.access import Actor
from accounts.models import Partner
from accounts.roles import Role
from core.exceptions import DraftDiscarded, InvalidTransition, NotPermitted
from customers.models import Customer, ResellerRelationship
from customers.relationships import change_scope, end_reseller_relationship
from mail.models import OutgoingEmail
from subscriptions.change_requests.asking import save_change_request
from subscriptions.change_requests.services import (
    approve_change_request,
    discard_change_request,
    reject_change_request,
    reword_change_request,
    withdraw_change_request,
)
from subscriptions.changing import change_subscription
from subscriptions.models import ChangeRequest, Subscription
from subscriptions.rules import ChangeLicenses
from tests.customers.conftest import actor_of
from tests.races import run_parallel, while_undecided
from tests.subscriptions.asking import Scope, ask, asking_customer, current
from tests.subscriptions.living import bought, offer

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

ROUNDS = 6
State = ChangeRequest.State


@pytest.fixture
def asker(reseller: Partner) -> Actor:
    return actor_of(reseller, Role.SALES_AGENT)


@pytest.fixture
def asked(provider: Partner, reseller: Partner, sales: Actor, asker: Actor) -> Callable[[], ChangeRequest]:
    """A fresh request for fifteen licenses instead of ten."""
    price = offer()

    def make() -> ChangeRequest:
        return ask(bought(asking_customer(provider, reseller), price, sales), asker)

    return make


def licenses(request: ChangeRequest) -> tuple[int, int]:
    """How many there are now, in which version."""
    subscription = Subscription.objects.get(pk=request.subscription_id)
    return subscription.quantity, subscription.version


def mails(request: ChangeRequest) -> int:
    return OutgoingEmail.objects.filter(about_type="subscriptions.changerequest", about_id=str(request.pk)).count()


def test_two_approvers_make_one_change(asked: Callable[[], ChangeRequest], sales: Actor, admin: Actor) -> None:
    def press(request: ChangeRequest, number: int) -> ChangeRequest:
        return approve_change_request(request=request, version=1, by=(sales, admin)[number % 2])

    def check(request: ChangeRequest, results: list[object]) -> None:
        assert [result.state for result in results] == [State.APPROVED] * 4  # type: ignore[attr-defined]
        assert (licenses(request), mails(request)) == ((15, 2), 2)
        assert request.entries.filter(kind="approved").count() == 1

    run_parallel(press, n=4, rounds=ROUNDS, before=asked, after=check)


def test_withdrawn_or_approved_never_both(asked: Callable[[], ChangeRequest], sales: Actor, asker: Actor) -> None:
    def press(request: ChangeRequest, number: int) -> ChangeRequest:
        if number == 0:
            return withdraw_change_request(request=request, by=asker)
        return approve_change_request(request=request, version=1, by=sales)

    def check(request: ChangeRequest, results: list[object]) -> None:
        state = current(request).state
        assert sum(isinstance(result, InvalidTransition) for result in results) == 1
        assert licenses(request) == ((15, 2) if state == State.APPROVED else (10, 1))
        assert request.entries.count() == mails(request) == 2

    run_parallel(press, n=2, rounds=ROUNDS, before=asked, after=check)


def test_approved_or_rejected_never_both(asked: Callable[[], ChangeRequest], sales: Actor, admin: Actor) -> None:
    def press(request: ChangeRequest, number: int) -> ChangeRequest:
        if number == 0:
            return reject_change_request(request=request, reason="No", by=admin)
        return approve_change_request(request=request, version=1, by=sales)

    def check(request: ChangeRequest, results: list[object]) -> None:
        state = current(request).state
        assert sum(isinstance(result, InvalidTransition) for result in results) == 1
        assert licenses(request) == ((15, 2) if state == State.APPROVED else (10, 1))

    run_parallel(press, n=2, rounds=ROUNDS, before=asked, after=check)


def test_an_approval_and_the_end_of_the_relationship(
    asked: Callable[[], ChangeRequest], sales: Actor, admin: Actor
) -> None:
    """Either the change was made while the reseller still had the customer, or the request is closed."""

    def press(request: ChangeRequest, number: int) -> object:
        if number == 0:
            relationship = ResellerRelationship.objects.get(customer=request.subscription.customer)
            return end_reseller_relationship(relationship=relationship, by=admin)
        return approve_change_request(request=request, version=1, by=sales)

    def check(request: ChangeRequest, results: list[object]) -> None:
        assert not [result for result in results if isinstance(result, Exception)]
        decided, state = current(request), current(request).state
        assert state in (State.APPROVED, State.CLOSED)
        if state == State.APPROVED:
            ended = ResellerRelationship.objects.get(customer=request.subscription.customer).ends_at
            assert decided.decided_at <= ended
        assert licenses(request) == ((15, 2) if state == State.APPROVED else (10, 1))

    run_parallel(press, n=2, rounds=ROUNDS, before=asked, after=check)


def test_asked_at_once_is_asked_once(provider: Partner, reseller: Partner, sales: Actor, asker: Actor) -> None:
    price = offer()

    def make() -> Subscription:
        return bought(asking_customer(provider, reseller), price, sales)

    def press(subscription: Subscription, number: int) -> ChangeRequest:
        return ask(subscription, asker)

    def check(subscription: Subscription, results: list[object]) -> None:
        request = ChangeRequest.objects.get(subscription=subscription)
        assert (results, mails(request)) == ([request] * 4, 1)

    run_parallel(press, n=4, rounds=ROUNDS, before=make, after=check)


def test_a_delegation_is_narrowed_while_its_reseller_changes(
    provider: Partner, reseller: Partner, sales: Actor, admin: Actor, asker: Actor
) -> None:
    """What is changed, was changed while it was still delegated."""
    price = offer()

    def make() -> Subscription:
        customer: Customer = asking_customer(provider, reseller)
        ResellerRelationship.objects.filter(customer=customer).update(scope=Scope.MANAGE)
        return bought(customer, price, sales)

    def press(subscription: Subscription, number: int) -> object:
        if number == 0:
            relationship = ResellerRelationship.objects.get(customer=subscription.customer)
            return change_scope(relationship=relationship, scope=Scope.VIEW_AND_REQUEST, by=admin)
        return change_subscription(subscription=subscription, intent=ChangeLicenses(12), by=asker)

    def check(subscription: Subscription, results: list[object]) -> None:
        narrowed, changed = results
        assert isinstance(narrowed, ResellerRelationship)
        stored = Subscription.objects.get(pk=subscription.pk)
        if isinstance(changed, NotPermitted):
            assert stored.version == 1
        else:
            assert stored.quantity == 12
            assert stored.changed_at <= narrowed.begins_at

    run_parallel(press, n=2, rounds=ROUNDS, before=make, after=check)


def test_a_draft_that_is_discarded_while_it_is_worked_on_says_so(
    provider: Partner, reseller: Partner, sales: Actor, asker: Actor
) -> None:
    subscription = bought(asking_customer(provider, reseller), offer(), sales)
    values = {"quantity": "15"}
    for press, outcome in ((discard_change_request, type(None)), (reword, DraftDiscarded)):
        draft = save_change_request(subscription=subscription, kind="licenses", values=values, message="", by=asker)
        discarded, pressed = while_undecided(
            lambda draft=draft: discard_change_request(request=draft, by=asker),
            lambda draft=draft, press=press: press(request=current(draft), by=asker),
        )
        assert (discarded, type(pressed)) == (None, outcome)


def reword(request: ChangeRequest, by: Actor) -> ChangeRequest:
    """Other words for it."""
    return reword_change_request(request=request, message="Other words.", by=by)
