"""How many requests wait for a company: right after every step, whoever takes it, and said beside the navigation."""

import re
import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.access import Actor
from accounts.models import Partner
from accounts.roles import Role
from core import clock
from customers.handing_over import hand_over_customers, lock_relationships
from customers.models import ResellerRelationship
from customers.relationships import change_scope, end_reseller_relationship, hand_over_customer
from subscriptions.change_requests import counting, services
from subscriptions.change_requests.asking import save_change_request
from subscriptions.change_requests.counting import count_again, count_everywhere
from subscriptions.changing import change_subscription
from subscriptions.models import ChangeRequest, Subscription
from subscriptions.rules import Cancel
from tests.customers.conftest import actor_of
from tests.factories import PartnerFactory, PartnershipFactory
from tests.orders.asking.conftest import asked as ask_for_order
from tests.races import at_once
from tests.subscriptions.asking import Scope, ask, asking_customer, current
from tests.subscriptions.living import bought, offer

Committed = Callable[[], AbstractContextManager]
WORDS = "waiting for your answer"
URL = reverse("subscriptions:change_requests")


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Callable) -> Committed:
    """A block whose changes are committed when it ends."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def subscription(provider: Partner, reseller: Partner, sales: Actor) -> Subscription:
    """Of a customer that the reseller sees and asks about."""
    return bought(asking_customer(provider, reseller), offer(), sales, at=clock.now() - timedelta(hours=1))


@pytest.fixture
def asker(reseller: Partner) -> Actor:
    return actor_of(reseller, Role.SALES_AGENT)


@pytest.fixture
def asked(subscription: Subscription, asker: Actor, committed: Committed) -> ChangeRequest:
    """A request that waits for the provider."""
    with committed():
        return ask(subscription, asker)


@pytest.fixture
def questioned(asked: ChangeRequest, sales: Actor, committed: Committed) -> ChangeRequest:
    """One that waits for the reseller."""
    with committed():
        return services.ask_about_change_request(request=asked, text="Why?", by=sales)


def waiting(*companies: Partner) -> list[int]:
    """For each company, as it is kept."""
    kept = dict(Partner.objects.values_list("pk", "requests_waiting"))
    return [kept[company.pk] for company in companies]


def relationship(request: ChangeRequest) -> ResellerRelationship:
    return ResellerRelationship.objects.current().get(customer=request.customer)


# --- after each step -------------------------------------------------------------------------------------------------
def test_a_submitted_request_waits_for_its_provider_alone(asked: ChangeRequest) -> None:
    others = PartnerFactory(), PartnerFactory(reseller=True)
    assert waiting(asked.provider, asked.reseller, *others) == [1, 0, 0, 0]


def test_a_draft_waits_for_nobody(subscription: Subscription, asker: Actor, committed: Committed) -> None:
    with committed():
        save_change_request(subscription=subscription, kind="suspend", values={}, message="", by=asker)
    assert waiting(subscription.provider, asker.partner) == [0, 0]


def test_a_question_waits_for_the_reseller_and_its_answer_for_the_provider(
    questioned: ChangeRequest, asker: Actor, committed: Committed
) -> None:
    assert waiting(questioned.provider, questioned.reseller) == [0, 1]
    with committed():
        services.answer_change_request(request=questioned, text="They grow.", by=asker)
    assert waiting(questioned.provider, questioned.reseller) == [1, 0]


STEPS: dict[str, Callable[[ChangeRequest, Actor, Actor], object]] = {
    "approved": lambda request, staff, asker: services.approve_change_request(request=request, version=1, by=staff),
    "rejected": lambda request, staff, asker: services.reject_change_request(request=request, reason="No.", by=staff),
    "withdrawn": lambda request, staff, asker: services.withdraw_change_request(request=request, by=asker),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("state", ["asked", "questioned"])
def test_what_is_settled_waits_for_nobody(
    state: str, step: str, request: pytest.FixtureRequest, sales: Actor, asker: Actor, committed: Committed
) -> None:
    change: ChangeRequest = request.getfixturevalue(state)
    for _twice in range(2):
        with committed():
            STEPS[step](change, sales, asker)
        assert waiting(change.provider, change.reseller) == [0, 0]


def test_what_is_taken_back_before_it_is_committed_is_never_counted(
    asked: ChangeRequest, asker: Actor, monkeypatch: pytest.MonkeyPatch, committed: Committed
) -> None:
    monkeypatch.setattr(services, "tell", lambda *args: 1 / 0)
    with committed(), pytest.raises(ZeroDivisionError):
        services.withdraw_change_request(request=asked, by=asker)
    assert waiting(asked.provider, asked.reseller) == [1, 0]


# --- when the ground goes ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("state", ["asked", "questioned"])
def test_with_the_relationship_what_waits_is_over_at_once(
    state: str, request: pytest.FixtureRequest, admin: Actor, committed: Committed
) -> None:
    change: ChangeRequest = request.getfixturevalue(state)
    with committed():
        end_reseller_relationship(relationship=relationship(change), by=admin)
    assert current(change).state == change.state, "nobody has closed it yet"
    assert waiting(change.provider, change.reseller) == [0, 0]
    with committed():
        assert services.close_impossible_requests() == 1
    assert waiting(change.provider, change.reseller) == [0, 0]


@pytest.mark.parametrize("state", ["asked", "questioned"])
def test_with_the_partnership_what_waits_is_over_at_once(
    state: str, request: pytest.FixtureRequest, admin: Actor, committed: Committed
) -> None:
    change: ChangeRequest = request.getfixturevalue(state)
    partnership = relationship(change).partnership
    with committed(), transaction.atomic():
        hand_over_customers(relationships=lock_relationships(partnership), to={}, by=admin, at=clock.now())
    assert waiting(change.provider, change.reseller) == [0, 0]


def test_a_customer_that_comes_back_brings_its_request_with_it(
    asked: ChangeRequest, admin: Actor, committed: Committed
) -> None:
    other = PartnerFactory(reseller=True)
    PartnershipFactory(provider=asked.provider, reseller=other)
    seen = []
    for to in (other, asked.reseller):
        with committed():
            hand_over_customer(relationship=relationship(asked), to=to, by=admin)
        seen.append(waiting(asked.provider, asked.reseller, other))
    assert seen == [[0, 0, 0], [1, 0, 0]]


def test_another_scope_leaves_what_waits(asked: ChangeRequest, admin: Actor, committed: Committed) -> None:
    with committed():
        change_scope(relationship=relationship(asked), scope=Scope.MANAGE, by=admin)
    assert waiting(asked.provider) == [1]


def test_with_the_subscription_what_waits_is_over_at_once(
    questioned: ChangeRequest, subscription: Subscription, sales: Actor, committed: Committed
) -> None:
    with committed():
        change_subscription(subscription=subscription, intent=Cancel(), by=sales)
    assert current(questioned).state == "question"
    assert waiting(questioned.provider, questioned.reseller) == [0, 0]


def test_beat_repairs_what_was_missed(asked: ChangeRequest) -> None:
    unconcerned = PartnerFactory(requests_waiting=7)
    Partner.objects.filter(pk=asked.provider_id).update(requests_waiting=0)
    started = [entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()]
    assert "subscriptions.tasks.count_waiting_requests" in started
    assert [count_everywhere(), count_everywhere()] == [2, 0]
    assert waiting(asked.provider, asked.reseller, unconcerned) == [1, 0, 0]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_two_who_count_at_once_the_later_has_the_last_word(
    subscription: Subscription, asker: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow one must not write over a quick one what it counted before."""
    request, count = ask(subscription, asker), counting._counts
    counted, taken_back = threading.Event(), threading.Event()
    Partner.objects.filter(pk=request.provider_id).update(requests_waiting=5)

    def slowly(companies: Iterable[int] | None = None) -> dict[int, int]:
        found = count(companies)
        if found:
            counted.set()
            taken_back.wait(0.5)
        return found

    def take_back() -> None:
        counted.wait(10)
        services.withdraw_change_request(request=request, by=asker)
        taken_back.set()

    monkeypatch.setattr(counting, "_counts", slowly)
    at_once(lambda: count_again([request.provider_id]), take_back)
    assert waiting(request.provider) == [0]


# --- beside the navigation --------------------------------------------------------------------------------------------
def beside(client: Client) -> str:
    """What stands beside Requests, with what is said for those who cannot see it."""
    body = client.get(reverse("accounts:preferences")).content.decode()
    link = re.search(rf'<a href="{URL}"[^>]*>(.*?)</a>', body, re.DOTALL)
    assert link is not None
    return " ".join(re.sub(r"<[^>]+>", " ", link[1]).split())


@pytest.mark.parametrize("role", Role)
def test_each_side_reads_what_waits_for_it(
    role: Role, asked: ChangeRequest, asker: Actor, sales: Actor, signed_in: Callable[..., Client], committed: Committed
) -> None:
    both = signed_in(actor_of(asked.provider, role).user), signed_in(actor_of(asked.reseller, role).user)
    assert [beside(one) for one in both] == [f"Requests 1 {WORDS}", "Requests"]
    with committed():
        services.ask_about_change_request(request=asked, text="Why?", by=sales)
    assert [beside(one) for one in both] == ["Requests", f"Requests 1 {WORDS}"]


def test_whoever_places_no_orders_reads_only_of_the_other_requests(
    asked: ChangeRequest, asker: Actor, signed_in: Callable[..., Client], committed: Committed
) -> None:
    """The Helpdesk agent of a provider decides no request for new subscriptions, and answers for a reseller anyway."""
    helpdesk = signed_in(actor_of(asked.provider, Role.HELPDESK_AGENT).user)
    colleague = signed_in(actor_of(asked.provider, Role.SALES_AGENT).user)
    other = signed_in(actor_of(asked.reseller, Role.HELPDESK_AGENT).user)
    with committed():
        order = ask_for_order(asked.customer, asker, {offer(): 2})
    assert [beside(one) for one in (helpdesk, colleague)] == [f"Requests 1 {WORDS}", f"Requests 2 {WORDS}"]
    with committed():
        services.withdraw_change_request(request=asked, by=asker)
    assert [beside(one) for one in (helpdesk, colleague)] == ["Requests", f"Requests 1 {WORDS}"]
    with committed():
        services.ask_about_change_request(request=order, text="Why?", by=actor_of(asked.provider, Role.SALES_AGENT))
    assert [beside(one) for one in (helpdesk, colleague, other)] == ["Requests", "Requests", f"Requests 1 {WORDS}"]
    Partner.objects.update(orders_waiting=3)
    assert beside(helpdesk) == "Requests"
    assert count_everywhere() == Partner.objects.count()
    assert list(Partner.objects.filter(orders_waiting__gt=0)) == [asked.reseller]


def test_others_read_nothing_of_it(asked: ChangeRequest, signed_in: Callable[..., Client]) -> None:
    for other in (PartnerFactory(), PartnerFactory(reseller=True)):
        assert beside(signed_in(actor_of(other).user)) == "Requests"


def test_it_is_the_number_of_the_list(asked: ChangeRequest, sales: Actor, signed_in: Callable[..., Client]) -> None:
    listing = signed_in(sales.user).get(f"{URL}?state=submitted").context["listing"]
    assert [listing.page.count] == waiting(asked.provider)


@pytest.mark.parametrize(("count", "shown"), [(9, "9"), (99, "99"), (100, "99+")])
def test_many_are_said_shortly(
    count: int, shown: str, sales: Actor, provider: Partner, signed_in: Callable[..., Client]
) -> None:
    Partner.objects.filter(pk=provider.pk).update(requests_waiting=count)
    assert beside(signed_in(sales.user)) == f"Requests {shown} {WORDS}"


def test_it_costs_no_query(
    asked: ChangeRequest, sales: Actor, signed_in: Callable[..., Client], django_assert_num_queries: Callable
) -> None:
    client, address = signed_in(sales.user), reverse("accounts:preferences")
    client.get(address)
    for count in (0, 1):
        Partner.objects.filter(pk=asked.provider_id).update(requests_waiting=count)
        with django_assert_num_queries(3):
            client.get(address)
