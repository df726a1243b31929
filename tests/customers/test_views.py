"""The Account page."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.access import Actor
from accounts.models import Partner, User
from core import clock
from customers.credentials.services import issue_credentials
from customers.models import Customer, TemporaryPassword
from customers.services import create_customer
from tests.contracts import header_faults, html_faults
from tests.customers.conftest import actor_of, details
from tests.factories import CustomerAdministratorFactory, CustomerFactory, PartnerFactory, UserFactory

Browser = Callable[[User | None], Client]


@pytest.fixture
def customer(provider: Partner, reseller: Partner, sales: Actor) -> Customer:
    made = create_customer(provider=provider, details=details(), reseller=reseller, by=sales)
    issue_credentials(customer=made, session_key="the wizard's", by=sales)
    return made


def account(customer: Customer) -> str:
    return reverse("customers:detail", args=[customer.microsoft_id])


def issue_page(customer: Customer) -> str:
    return reverse("customers:issue_credentials", args=[customer.microsoft_id])


# --- Account ----------------------------------------------------------------------------------------------------------
def test_account_shows_who_the_customer_is(customer: Customer, admin: Actor, signed_in: Browser) -> None:
    response = signed_in(admin.user).get(account(customer))
    page = response.content.decode().replace("<wbr>", "")
    for words in (
        "Padaria São João",
        "padaria.onmicrosoft.com",
        str(customer.microsoft_id),
        "Cupertino, CA 95014",
        "ana@padaria.example",
        "+1 408-555-0123",
        "Fabrikam (MPN ID 0012345)",
        "admin@padaria.onmicrosoft.com",
        "Not yet changed",
        "Issue a new temporary password",
    ):
        assert words in page, words
    assert html_faults(response.content.decode()) == []
    assert header_faults(response) == []


def test_account_of_a_direct_customer_says_so(provider: Partner, admin: Actor, signed_in: Browser) -> None:
    customer = CustomerFactory(provider=provider)
    page = signed_in(admin.user).get(account(customer)).content.decode()
    assert "No reseller manages this customer." in page
    assert "Nobody confirmed yet" in page


def test_account_tells_what_became_of_the_password(customer: Customer, admin: Actor, signed_in: Browser) -> None:
    browser, user = signed_in(admin.user), customer.administrators.get().user
    with time_machine.travel(clock.now() + timedelta(days=8)):
        browser.force_login(admin.user)
        assert "Expired, not changed" in browser.get(account(customer)).content.decode()
    User.objects.filter(pk=user.pk).update(must_change_password=False, password_expires_at=None)
    browser.force_login(admin.user)
    assert "Changed by the customer" in browser.get(account(customer)).content.decode()


def test_account_is_not_found_by_others(customer: Customer, signed_in: Browser) -> None:
    theirs = CustomerFactory(managed_by=PartnerFactory(reseller=True), company_name="Theirs")
    strangers = [actor_of(theirs.provider), actor_of(theirs.managing_relationship().reseller)]
    for actor in strangers:
        for url in (
            account(customer),
            issue_page(customer),
            reverse("subscriptions:list", args=[customer.microsoft_id]),
        ):
            response = signed_in(actor.user).get(url)
            if response.status_code == 403:
                assert "issue" in url  # no reseller may issue at all
            else:
                assert response.status_code == 404
            assert "Padaria" not in response.content.decode()


def test_account_of_ones_own_is_the_providers_page(customer: Customer, signed_in: Browser) -> None:
    administrator = CustomerAdministratorFactory(customer=customer, user__sign_in_name="second@padaria.onmicrosoft.com")
    browser = signed_in(administrator.user)
    assert browser.get(account(customer)).status_code == 403
    assert browser.get(reverse("customers:list")).status_code == 403
    assert browser.get(issue_page(customer)).status_code == 403


@pytest.mark.django_db
def test_pages_ask_strangers_to_sign_in(client: Client) -> None:
    customer = CustomerFactory()
    for url in (account(customer), reverse("customers:list"), issue_page(customer)):
        response = client.get(url)
        assert (response.status_code, reverse("account_login") in response.url) == (302, True)


def test_account_takes_few_queries(
    customer: Customer, admin: Actor, signed_in: Browser, django_assert_max_num_queries: Callable
) -> None:
    browser = signed_in(admin.user)
    browser.get(account(customer))
    with django_assert_max_num_queries(13):
        browser.get(account(customer))


# --- the back office --------------------------------------------------------------------------------------------------
def test_the_back_office_reads_and_changes_nothing(customer: Customer, signed_in: Browser) -> None:
    browser, issued = signed_in(UserFactory(back_office=True)), TemporaryPassword.objects.get()
    for url in (
        reverse("admin:customers_customer_changelist"),
        reverse("admin:customers_customer_change", args=[customer.pk]),
        reverse("admin:customers_temporarypassword_changelist"),
        reverse("admin:customers_temporarypassword_change", args=[issued.pk]),
    ):
        response = browser.get(url)
        assert response.status_code == 200
        page = response.content.decode()
        assert bytes(issued.ciphertext).decode() not in page
        assert issued.session_hash not in page
        assert "deletelink" not in page
        assert 'name="_save"' not in page
    assert browser.post(reverse("admin:customers_customer_delete", args=[customer.pk])).status_code == 403
    assert browser.get(reverse("admin:customers_customer_add")).status_code == 403
