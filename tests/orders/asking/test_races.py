"""People decide about one request for new subscriptions at the same moment: as if one had come first."""

from collections.abc import Callable

import pytest

from accounts.access import Actor
from accounts.models import Partner
from accounts.roles import Role
from catalogue.models import Price
from core.exceptions import InvalidTransition
from customers.models import ResellerRelationship
from customers.relationships import end_reseller_relationship
from orders.asking.services import save_order_request, submit_order_request
from orders.models import Order
from orders.partnerships.reviewing import SomethingChanged
from resellers.models import Partnership
from subscriptions.change_requests.services import approve_change_request, withdraw_change_request
from subscriptions.models import ChangeRequest, Subscription
from tests.orders.asking.conftest import approve, asked, asking_customer, current, drafted, said
from tests.orders.conftest import Shared, actor_of
from tests.orders.test_partnership_end_races import press_end, renew
from tests.orders.test_partnership_end_service import choose, seen
from tests.races import run_parallel

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

ROUNDS = 6
State = ChangeRequest.State


@pytest.fixture
def wanted(
    provider: Partner, reseller: Partner, partnership: Partnership, asker: Actor, standard: Price
) -> Callable[[], ChangeRequest]:
    """A fresh request for five licenses."""
    return lambda: asked(asking_customer(provider, reseller), asker, {standard: 5})


def ordered(request: ChangeRequest) -> tuple[int, int]:
    """How many orders came of it, and how many subscriptions the customer has."""
    return (
        Order.objects.filter(requested_in=request).count(),
        Subscription.objects.filter(customer=request.customer).count(),
    )


def test_two_approvers_place_one_order(wanted: Callable[[], ChangeRequest], sales: Actor, colleague: Actor) -> None:
    def press(request: ChangeRequest, number: int) -> ChangeRequest:
        words = said(request)
        return approve_change_request(request=request, version=None, said=words, by=(sales, colleague)[number % 2])

    def check(request: ChangeRequest, results: list[object]) -> None:
        assert [result.state for result in results] == [State.APPROVED] * 4  # type: ignore[attr-defined]
        assert (ordered(request), request.entries.filter(kind="approved").count()) == ((1, 1), 1)

    run_parallel(press, n=4, rounds=ROUNDS, before=wanted, after=check)


def test_withdrawn_or_ordered_never_both(wanted: Callable[[], ChangeRequest], sales: Actor, asker: Actor) -> None:
    def press(request: ChangeRequest, number: int) -> ChangeRequest:
        return withdraw_change_request(request=request, by=asker) if number == 0 else approve(request, sales)

    def check(request: ChangeRequest, results: list[object]) -> None:
        assert sum(isinstance(result, InvalidTransition) for result in results) == 1
        assert ordered(request) == ((1, 1) if current(request).state == State.APPROVED else (0, 0))

    run_parallel(press, n=2, rounds=ROUNDS, before=wanted, after=check)


def test_an_approval_and_the_end_of_the_relationship(
    wanted: Callable[[], ChangeRequest], sales: Actor, provider: Partner
) -> None:
    admin = actor_of(provider)

    def press(request: ChangeRequest, number: int) -> object:
        if number == 0:
            relationship = ResellerRelationship.objects.get(customer=request.customer)
            return end_reseller_relationship(relationship=relationship, by=admin)
        return approve(request, sales)

    def check(request: ChangeRequest, results: list[object]) -> None:
        assert not [result for result in results if isinstance(result, Exception)]
        state = current(request).state
        assert (state, ordered(request)) in ((State.APPROVED, (1, 1)), (State.CLOSED, (0, 0)))

    run_parallel(press, n=2, rounds=ROUNDS, before=wanted, after=check)


def test_asked_at_once_is_asked_once(
    provider: Partner, reseller: Partner, partnership: Partnership, asker: Actor, standard: Price
) -> None:
    def make() -> ChangeRequest:
        return drafted(asking_customer(provider, reseller), asker, {standard: 5})

    def press(draft: ChangeRequest, number: int) -> ChangeRequest:
        return submit_order_request(request=draft, message="", version=None, by=asker)

    def check(draft: ChangeRequest, results: list[object]) -> None:
        assert results == [draft] * 4
        assert (current(draft).state, draft.entries.count()) == (State.SUBMITTED, 1)

    run_parallel(press, n=4, rounds=ROUNDS, before=make, after=check)


def test_two_tabs_keep_one_draft(
    provider: Partner, reseller: Partner, partnership: Partnership, asker: Actor, standard: Price
) -> None:
    def press(customer: object, number: int) -> object:
        return save_order_request(customer=customer, quantities={standard: 1 + number}, by=asker)  # type: ignore[arg-type]

    def check(customer: object, results: list[object]) -> None:
        assert not [result for result in results if isinstance(result, Exception)]
        assert ChangeRequest.objects.filter(customer=customer).count() == 1

    run_parallel(press, n=4, rounds=ROUNDS, before=lambda: asking_customer(provider, reseller), after=check)


def test_an_approval_and_the_end_of_the_partnership(shared: Shared, sales: Actor, standard: Price) -> None:
    """Both take the partnership before the customer, so neither waits for the other in vain."""
    asker = actor_of(shared.reseller, Role.SALES_AGENT)

    def make() -> tuple[ChangeRequest, object, str]:
        renew(shared)
        request = asked(asking_customer(shared.provider, shared.reseller), asker, {standard: 5})
        choices = choose(shared.litware)
        return request, choices, seen(shared.partnership, choices)

    def press(subject: tuple[ChangeRequest, object, str], number: int) -> object:
        request, choices, reviewed = subject
        return approve(request, sales) if number == 0 else press_end(shared, choices, reviewed)

    def check(subject: tuple[ChangeRequest, object, str], results: list[object]) -> None:
        request, (decided, ended) = current(subject[0]), results
        assert isinstance(decided, ChangeRequest)
        assert isinstance(ended, Partnership | SomethingChanged)
        assert (request.state, ordered(request)) in ((State.APPROVED, (1, 1)), (State.CLOSED, (0, 0)))

    run_parallel(press, n=2, rounds=ROUNDS, before=make, after=check)
