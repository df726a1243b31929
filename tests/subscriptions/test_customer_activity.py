"""A customer's Activity page."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import translation

from accounts.access import Actor, system_actor
from accounts.models import Partner
from accounts.roles import Role
from activity.sentences import SENTENCES
from activity.services import record
from core import clock, html
from customers.models import Customer
from subscriptions.changing import change_subscription
from subscriptions.models import Subscription
from subscriptions.rules import ChangeLicenses, Suspend
from subscriptions.services import set_reseller_of_record, set_support_contact
from tests.customers.conftest import actor_of
from tests.factories import CustomerAdministratorFactory, PartnershipFactory
from tests.subscriptions.living import bought, offer, ready_customer

DAY = timedelta(days=1)


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
        assert "Currency: " not in page
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


def test_a_change_of_reseller_is_one_line_and_nobody_has_a_name(
    customer: Customer, sales: Actor, provider: Partner, reseller: Partner
) -> None:
    subscription = Subscription.objects.get()
    other = PartnershipFactory(provider=provider).reseller
    for one in (reseller, other, None):
        set_reseller_of_record(subscription=subscription, reseller=one, by=sales)
    set_support_contact(subscription=subscription, reseller=reseller, by=sales)
    names = [html.name(one.name_and_mpn) for one in (reseller, other)]
    page = page_of(sales.user, customer)
    assert page.count("No longer reseller of record") == 0
    assert f"<bdi>No reseller</bdi> → {names[0]}" in page
    assert f"{names[0]} → {names[1]}" in page
    assert f"{names[1]} → <bdi>No reseller</bdi>" in page
    assert f"<bdi>The indirect provider</bdi> → {names[0]}" in page
    assert "No longer reseller of record" in page_of(actor_of(reseller).user, customer)


def test_a_renewal_says_until_when(customer: Customer) -> None:
    subscription = Subscription.objects.get()
    subscription.concerned_reseller = None
    with transaction.atomic():
        record("subscription.renewed", subscription, by=system_actor("clock"), ends_at=[clock.now(), clock.now() + DAY])
    administrator = CustomerAdministratorFactory(customer=customer)
    assert "End of the term: <time" in page_of(administrator.user, customer)
