"""The pages of a request: asked from the subscription's own pages, decided in the provider's queue."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.access import Actor
from accounts.models import Partner
from accounts.roles import Role
from core import clock
from customers.models import Customer, ResellerRelationship
from customers.relationships import change_scope
from subscriptions.change_requests.asking import save_change_request
from subscriptions.change_requests.services import ask_about_change_request
from subscriptions.changing import change_subscription
from subscriptions.models import ChangeRequest, Subscription
from subscriptions.rules import Suspend
from tests.customers.conftest import actor_of
from tests.factories import PartnerFactory
from tests.reading import checked, text, words
from tests.subscriptions.asking import Scope, ask, asking_customer, current
from tests.subscriptions.living import bought, offer, path
from tests.subscriptions.test_details import address, change

State = ChangeRequest.State
PRICES = ("USD", "777.77")


@pytest.fixture
def customer(provider: Partner, reseller: Partner) -> Customer:
    return asking_customer(provider, reseller)


@pytest.fixture
def subscription(customer: Customer, sales: Actor) -> Subscription:
    return bought(customer, offer(), sales, at=clock.now() - timedelta(hours=1))


@pytest.fixture
def asker(reseller: Partner) -> Actor:
    return actor_of(reseller, Role.SALES_AGENT)


def browser(actor: Actor) -> Client:
    client = Client()
    client.force_login(actor.user)
    return client


def page(actor: Actor, url: str, **query: object) -> str:
    """What a person reads of a page."""
    return text(checked(browser(actor).get(url, query)).content.decode())


def step(request: ChangeRequest, name: str) -> str:
    return reverse(f"subscriptions:{name}_change", args=[request.public_id])


# --- asking ----------------------------------------------------------------------------------------------------------
def test_the_same_controls_ask(subscription: Subscription, asker: Actor) -> None:
    shown = page(asker, address(subscription))
    assert "Ask for this change the number of licenses" in shown
    assert "Suspend (request)" in shown
    assert "Submit the number of licenses" not in shown
    before = page(asker, change(subscription, "licenses"), quantity="15")
    assert "What would happen" in before
    assert "It can be undone until" in before
    assert not any(price in before for price in PRICES)


def test_asking_and_saving_a_draft(subscription: Subscription, asker: Actor) -> None:
    client, data = browser(asker), {"quantity": "15", "version": "1", "message": "They grow."}
    ask_url = address(subscription, "ask_change", kind="licenses")
    draft_url = address(subscription, "draft_change", kind="licenses")
    response = client.post(draft_url, data, follow=True)
    request = ChangeRequest.objects.get()
    assert (request.state, request.message) == (State.DRAFT, "They grow.")
    assert "The draft is saved. Nobody was told." in words(response)
    shown = words(client.post(ask_url, data, follow=True))
    assert current(request).state == State.SUBMITTED
    assert "was asked. You are told of its decision by e-mail." in shown
    assert client.post(ask_url, data).url == request.get_absolute_url()
    assert ChangeRequest.objects.count() == 1
    other = client.post(ask_url, {**data, "quantity": "20"}, follow=True)
    assert "Another request for this is open already" in words(other)


def test_nothing_is_changed_by_who_may_only_ask(subscription: Subscription, asker: Actor) -> None:
    client = browser(asker)
    assert client.post(change(subscription, "suspend"), {"version": "1"}).status_code == 403
    assert client.post(address(subscription, "rename"), {"version": "1", "nickname": "Shop"}).status_code == 403
    subscription.refresh_from_db()
    assert subscription.version == 1


def test_staff_ask_nobody(subscription: Subscription, sales: Actor) -> None:
    client = browser(sales)
    assert client.post(address(subscription, "ask_change", kind="suspend"), {"version": "1"}).status_code == 403
    assert "Ask for this change" not in page(sales, address(subscription))


def test_a_manager_changes_and_asks_for_the_contract(
    subscription: Subscription, asker: Actor, admin: Actor, customer: Customer
) -> None:
    relationship = ResellerRelationship.objects.current().get(customer=customer)
    change_scope(relationship=relationship, scope=Scope.MANAGE, by=admin)
    shown = page(asker, address(subscription))
    assert "Submit the number of licenses" in shown
    assert "Cancel subscription (request)" in shown
    assert "Suspend (request)" not in shown
    client = browser(asker)
    assert client.post(change(subscription, "cancel"), {"version": "1"}).status_code == 403
    assert client.post(change(subscription, "licenses"), {"version": "1", "quantity": "12"}).status_code == 302
    subscription.refresh_from_db()
    assert subscription.quantity == 12
    for forbidden in ("reseller", "support_contact"):
        assert client.get(address(subscription, forbidden)).status_code == 403
    change_scope(
        relationship=ResellerRelationship.objects.current().get(customer=customer),
        scope=Scope.VIEW_AND_REQUEST,
        by=admin,
    )
    assert client.post(change(subscription, "licenses"), {"version": "2", "quantity": "13"}).status_code == 403


def test_offers_are_chosen_without_their_prices(subscription: Subscription, asker: Actor, sales: Actor) -> None:
    price = offer(price="777.77")
    path(subscription.sku, price.sku)
    for kind in ("upgrade", "schedule"):
        shown = page(asker, change(subscription, kind))
        assert price.sku.title in shown
        assert "777.77" not in shown
        assert "777.77" in page(sales, change(subscription, kind))
    after = page(asker, change(subscription, "upgrade"), price=price.pk, quantity=10)
    assert not any(one in after for one in PRICES)


def test_too_long_a_message_comes_back(subscription: Subscription, asker: Actor) -> None:
    data = {"version": "1", "message": "x" * 1001}
    shown = words(browser(asker).post(address(subscription, "ask_change", kind="suspend"), data))
    assert "There is a problem" in shown
    assert not ChangeRequest.objects.exists()


def test_a_stale_page_is_compared(subscription: Subscription, asker: Actor) -> None:
    data = {"version": "7", "quantity": "15"}
    response = browser(asker).post(address(subscription, "ask_change", kind="licenses"), data)
    assert response.status_code == 409
    assert reverse("subscriptions:ask_change", args=response_arguments(subscription)) in response.content.decode()


def response_arguments(subscription: Subscription) -> list[object]:
    return [subscription.customer.microsoft_id, subscription.subscription_id, "licenses"]


# --- the draft's own page --------------------------------------------------------------------------------------------
def test_a_draft_is_worded_submitted_or_discarded(subscription: Subscription, asker: Actor) -> None:
    draft = save_change_request(
        subscription=subscription, kind="licenses", values={"quantity": "15"}, message="Soon", by=asker
    )
    client = browser(asker)
    assert "10 → 15" in page(asker, draft.get_absolute_url())
    client.post(step(draft, "save"), {"message": "Later"})
    assert current(draft).message == "Later"
    client.post(step(draft, "submit"), {"message": "Now", "version": "1"})
    assert (current(draft).state, current(draft).message) == (State.SUBMITTED, "Now")
    second = save_change_request(subscription=subscription, kind="suspend", values={}, message="", by=asker)
    assert client.post(step(second, "discard")).url == subscription.get_absolute_url()
    assert not ChangeRequest.objects.filter(pk=second.pk).exists()


# --- deciding --------------------------------------------------------------------------------------------------------
def test_the_provider_reads_and_approves(subscription: Subscription, asker: Actor, sales: Actor) -> None:
    request = ask(subscription, asker)
    assert "10 → 15" in page(sales, reverse("subscriptions:change_requests"), state="open")
    shown = page(sales, request.get_absolute_url())
    for said in ("10 → 15", "They grow.", "What would happen now", "are charged for the rest of the term"):
        assert said in shown
    assert asker.user.full_name not in shown
    response = browser(sales).post(step(request, "approve"), {"version": "1"}, follow=True)
    assert "Approved. The change is made" in words(response)
    subscription.refresh_from_db()
    assert subscription.quantity == 15
    told = page(asker, request.get_absolute_url())
    assert "Approved" in told
    assert sales.user.full_name not in told
    assert not any(price in told for price in PRICES)


def test_a_changed_subscription_is_read_again(subscription: Subscription, asker: Actor, sales: Actor) -> None:
    request = ask(subscription, asker)
    change_subscription(subscription=subscription, intent=Suspend(), by=sales)
    shown = page(sales, request.get_absolute_url())
    assert "The subscription was changed since this was asked" in shown
    assert "Status: Active when it was asked, Suspended now" in shown
    assert "The rules forbid this now" in shown
    assert "Approve and make the change" not in shown
    stale = words(browser(sales).post(step(request, "approve"), {"version": "1"}, follow=True))
    assert "was changed after you opened this page" in stale
    refused = words(browser(sales).post(step(request, "approve"), {"version": "2"}))
    assert "The rules forbid this now" in refused
    assert current(request).state == State.SUBMITTED


def test_rejecting_and_asking_need_words(subscription: Subscription, asker: Actor, sales: Actor) -> None:
    request, client = ask(subscription, asker), browser(sales)
    assert "Enter the reason." in words(client.post(step(request, "reject"), {"text": " "}))
    assert "Enter the question." in words(client.post(step(request, "question"), {}))
    assert current(request).state == State.SUBMITTED
    client.post(step(request, "question"), {"text": "For whom?"})
    assert "For whom?" in page(asker, request.get_absolute_url())
    assert "Enter the answer." in words(browser(asker).post(step(request, "answer"), {}))
    browser(asker).post(step(request, "answer"), {"text": "The shop."})
    client.post(step(request, "reject"), {"text": "They owe us."})
    assert (current(request).state, "They owe us." in page(asker, request.get_absolute_url())) == (State.REJECTED, True)


def test_pressed_too_late_says_what_became_of_it(subscription: Subscription, asker: Actor, sales: Actor) -> None:
    request = ask(subscription, asker)
    browser(asker).post(step(request, "withdraw"))
    shown = words(browser(sales).post(step(request, "approve"), {"version": "1"}, follow=True))
    assert "The reseller withdrew this request in the meantime. Nothing was changed." in shown


def test_sides_do_not_press_each_other_s_buttons(subscription: Subscription, asker: Actor, sales: Actor) -> None:
    request = ask(subscription, asker)
    for name in ("approve", "reject", "question"):
        assert browser(asker).post(step(request, name), {"text": "x", "version": "1"}).status_code == 403
    for name in ("withdraw", "save", "discard"):
        assert browser(sales).post(step(request, name), {"message": ""}).status_code == 403
    ask_about_change_request(request=request, text="?", by=sales)
    assert browser(sales).post(step(request, "answer"), {"text": "x"}).status_code == 403
    assert current(request).state == State.QUESTION


def test_what_was_lost_is_not_found(subscription: Subscription, asker: Actor, customer: Customer) -> None:
    request = ask(subscription, asker)
    assert page(asker, request.get_absolute_url())
    ResellerRelationship.objects.filter(customer=customer).update(ends_at=clock.now())
    assert browser(asker).get(request.get_absolute_url()).status_code == 404
    assert str(customer) not in page(asker, reverse("subscriptions:change_requests"))


def test_the_queue_shows_a_lost_request_as_that(
    subscription: Subscription, asker: Actor, sales: Actor, customer: Customer
) -> None:
    request = ask(subscription, asker)
    ResellerRelationship.objects.filter(customer=customer).update(ends_at=clock.now())
    listed = reverse("subscriptions:change_requests")
    assert "No longer possible" in page(sales, listed)
    assert str(customer) not in page(sales, listed, state="open")
    shown = page(sales, request.get_absolute_url())
    assert "No longer possible" in shown
    assert "Approve and make the change" not in shown


@pytest.mark.parametrize(("side", "queries"), [("provider", 5), ("reseller", 5)])
def test_the_list_asks_the_same_for_one_and_for_three(
    side: str,
    queries: int,
    subscription: Subscription,
    asker: Actor,
    sales: Actor,
    provider: Partner,
    reseller: Partner,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    client = browser(asker if side == "reseller" else sales)
    ask(subscription, asker)
    client.get(reverse("subscriptions:change_requests"))
    for _round in range(2):
        with django_assert_num_queries(queries):
            assert client.get(reverse("subscriptions:change_requests")).status_code == 200
        ask(bought(asking_customer(provider, reseller), offer(), sales), asker)
        ask(subscription, asker, "end", at_end="cancel") if _round == 0 else None


def test_a_sibling_reseller_sees_nothing_of_it(
    subscription: Subscription, asker: Actor, provider: Partner, reseller: Partner, sales: Actor
) -> None:
    sibling = PartnerFactory(reseller=True, legal_name="Sibling")
    mine = bought(asking_customer(provider, sibling), offer(), sales)
    outsider = actor_of(sibling)
    ask(mine, outsider)
    request = ask(subscription, asker)
    shown = browser(outsider).get(reverse("subscriptions:change_requests")).content.decode()
    assert str(mine.customer) in shown
    for secret in (subscription.customer, request.public_id, reseller):
        assert str(secret) not in shown
    assert browser(outsider).get(request.get_absolute_url()).status_code == 404
    assert browser(outsider).get(change(subscription, "licenses")).status_code == 404
