"""A customer's Activity page."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from accounts.access import Actor
from accounts.models import Partner
from accounts.roles import Role
from activity.sentences import SENTENCES
from customers.models import Customer
from subscriptions.changing import change_subscription
from subscriptions.rules import ChangeLicenses, Suspend
from tests.customers.conftest import actor_of
from tests.factories import CustomerAdministratorFactory
from tests.subscriptions.living import bought, offer, ready_customer


def address(customer: Customer) -> str:
    return reverse("customers:activity", args=[customer.microsoft_id])


@pytest.fixture
def customer(provider: Partner, reseller: Partner, sales: Actor) -> Customer:
    """With a subscription whose licenses were changed, and which is suspended."""
    made = ready_customer(provider, managed_by=reseller)
    subscription = bought(made, offer(), sales)
    change_subscription(subscription=subscription, intent=ChangeLicenses(12), by=sales)
    change_subscription(subscription=subscription, intent=Suspend(), by=sales)
    return made


def page_of(user: object, customer: Customer) -> str:
    client = Client()
    client.force_login(user)
    return client.get(address(customer)).content.decode()


def test_it_says_what_was_and_what_became(customer: Customer, sales: Actor) -> None:
    page = page_of(sales.user, customer)
    assert "Licenses: 10 → 12" in page
    assert "Status: <bdi>Active</bdi> → <bdi>Suspended</bdi>" in page
    assert str(sales.user) in page
    assert "Amount: " in page


def test_prices_are_for_those_who_may_see_them(customer: Customer, provider: Partner, reseller: Partner) -> None:
    administrator = CustomerAdministratorFactory(customer=customer)
    for user in (actor_of(provider, Role.HELPDESK_AGENT).user, actor_of(reseller).user, administrator.user):
        page = page_of(user, customer)
        assert "Amount: " not in page
        assert "Licenses: 10 → 12" in page


def test_others_read_the_company_and_not_the_person(customer: Customer, sales: Actor, reseller: Partner) -> None:
    page = page_of(actor_of(reseller).user, customer)
    assert str(sales.user) not in page
    assert "Northwind" in page


def test_every_sentence_is_one(db: None) -> None:
    with translation.override("en"):
        assert all(str(words)[:1].isupper() and not str(words).endswith(".") for words in SENTENCES.values())


@pytest.mark.parametrize("more", [0, 2])
def test_the_number_of_queries_does_not_grow(
    customer: Customer, sales: Actor, more: int, django_assert_num_queries: object
) -> None:
    subscription = customer.subscriptions.get()
    for number in range(more):
        change_subscription(subscription=bought(customer, offer(), sales), intent=ChangeLicenses(20 + number), by=sales)
    client = Client()
    client.force_login(sales.user)
    client.get(address(customer))
    with django_assert_num_queries(7):  # type: ignore[operator]
        client.get(address(customer))
    assert subscription.version == 3
