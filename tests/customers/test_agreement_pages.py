"""The agreement on Account, the page that confirms it, and the step in which the customer itself accepts it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.access import Actor
from accounts.models import Partner, User
from accounts.roles import Role
from core import clock
from customers.credentials.services import issue_credentials
from customers.models import Customer, CustomerAdministrator, CustomerAgreement
from customers.services import create_customer
from tests.contracts import header_faults, html_faults
from tests.customers.conftest import actor_of, details
from tests.factories import CustomerAdministratorFactory, CustomerAgreementFactory, CustomerFactory
from tests.reading import text

Browser = Callable[[User | None], Client]
CANARY = "Kan4-ry7p-Qm3v-Zt5w"
OWN = "an old bicycle in the rain"


@pytest.fixture
def customer(provider: Partner, reseller: Partner) -> Customer:
    """Without an agreement."""
    return CustomerFactory(provider=provider, managed_by=reseller, company_name="Padaria", contact_phone="+14085550123")


@pytest.fixture
def newcomer(customer: Customer) -> CustomerAdministrator:
    """An administrator whose password is its own already, and who has accepted nothing yet."""
    return CustomerAdministratorFactory(customer=customer, agreement=False, user__full_name="Ana Lima")


def said(response: HttpResponse) -> str:
    """What is read on the page."""
    return text(response.content.decode())


def account(customer: Customer) -> str:
    return reverse("customers:detail", args=[customer.microsoft_id])


def attest(customer: Customer, next_page: str = "") -> str:
    url = reverse("customers:attest_agreement", args=[customer.microsoft_id])
    return f"{url}?next={next_page}" if next_page else url


def typed(**changes: str) -> dict[str, str]:
    return {
        "agreement_accepted_on": "2025-03-28",
        "agreement_first_name": "Ana",
        "agreement_last_name": "Lima",
        "agreement_email": "ana@padaria.example",
        "agreement_phone": "(408) 555-0123",
        **changes,
    }


# --- on Account -------------------------------------------------------------------------------------------------------
def test_account_asks_for_the_agreement(customer: Customer, sales: Actor, signed_in: Browser) -> None:
    response = signed_in(sales.user).get(account(customer))
    assert "Nobody confirmed yet" in said(response)
    assert f'href="{attest(customer)}">Confirm' in response.content.decode()


def test_account_shows_the_agreement_in_force_and_its_history(
    customer: Customer, sales: Actor, signed_in: Browser
) -> None:
    CustomerAgreementFactory(customer=customer, first_name="Former", confirmed_by=sales.user)
    CustomerAgreementFactory(customer=customer, first_name="Present", accepted_directly=True)
    response = signed_in(sales.user).get(account(customer))
    page = said(response)
    assert page.index("by Present Lima") < page.index("1 earlier confirmation") < page.index("by Former Lima")
    assert "Accepted in the portal by the customer’s administrator" in page
    assert f"Confirmed by {sales.user}" in page
    assert f'href="{attest(customer)}">Update' in response.content.decode()
    assert html_faults(response.content.decode()) == []


def test_account_offers_the_update_only_to_who_may(customer: Customer, provider: Partner, signed_in: Browser) -> None:
    reseller = customer.managing_relationship().reseller
    for actor in (actor_of(provider, Role.HELPDESK_AGENT), actor_of(reseller)):
        assert attest(customer) not in signed_in(actor.user).get(account(customer)).content.decode()


# --- confirming it ----------------------------------------------------------------------------------------------------
def test_attest_page_begins_with_the_primary_contact(customer: Customer, sales: Actor, signed_in: Browser) -> None:
    response = signed_in(sales.user).get(attest(customer))
    initial = response.context["form"].initial
    assert initial == {
        "agreement_first_name": "Ana",
        "agreement_last_name": "Lima",
        "agreement_email": customer.contact_email,
        "agreement_phone": "+1 408-555-0123",
    }
    assert html_faults(response.content.decode()) == []
    assert header_faults(response) == []


def test_attest_page_begins_with_who_accepted_last(customer: Customer, sales: Actor, signed_in: Browser) -> None:
    CustomerAgreementFactory(customer=customer, first_name="Bia")
    initial = signed_in(sales.user).get(attest(customer)).context["form"].initial
    assert (initial["agreement_first_name"], "agreement_accepted_on" in initial) == ("Bia", False)


def test_attest_page_confirms_and_returns(customer: Customer, sales: Actor, signed_in: Browser) -> None:
    browser = signed_in(sales.user)
    response = browser.post(attest(customer), typed())
    assert (response.status_code, response.url) == (302, account(customer))
    assert customer.agreements.get().confirmed_by == sales.user
    assert "The customer agreement is confirmed." in said(browser.get(response.url))


@pytest.mark.parametrize(
    ("next_page", "leads_to"),
    [
        ("/customers/", "/customers/"),
        ("//evil.example/", ""),
        ("https://evil.example/", ""),
        ("javascript:alert(1)", ""),
        ("/\\evil.example", ""),
        ("evil", ""),
    ],
)
def test_attest_page_goes_on_inside_the_portal_only(
    customer: Customer, sales: Actor, signed_in: Browser, next_page: str, leads_to: str
) -> None:
    browser = signed_in(sales.user)
    assert "evil" not in browser.get(attest(customer, next_page)).content.decode()
    response = browser.post(attest(customer, next_page), typed())
    assert response.url == (leads_to or account(customer))


def test_attest_page_keeps_what_was_typed_and_says_what_is_wrong(
    customer: Customer, sales: Actor, signed_in: Browser
) -> None:
    tomorrow = (clock.now() + timedelta(days=2)).date().isoformat()
    wrong = typed(agreement_accepted_on=tomorrow, agreement_email="ana", agreement_phone="12", agreement_first_name="")
    response = signed_in(sales.user).post(attest(customer, "/customers/"), wrong)
    assert response.status_code == 200
    assert response.context["form"].errors == {
        "agreement_accepted_on": ["Enter the day of acceptance; it cannot be in the future."],
        "agreement_first_name": ["Enter the first name."],
        "agreement_email": ["Enter an e-mail address like name@company.com."],
        "agreement_phone": ["Enter the telephone number, like +1 201-555-0123."],
    }
    page = response.content.decode()
    for value in (tomorrow, "ana", "12", "Lima", "next=%2Fcustomers%2F"):
        assert value in page
    assert not CustomerAgreement.objects.exists()


@pytest.mark.parametrize("nasty", ["\x1b[31mLima", "Li\u202ema", "Li\nma", "L\u0000", "🥖" * 51, "<b>x</b>" * 10])
def test_attest_page_refuses_what_deceives_or_is_too_long(
    customer: Customer, sales: Actor, signed_in: Browser, nasty: str
) -> None:
    response = signed_in(sales.user).post(attest(customer), typed(agreement_last_name=nasty))
    assert response.status_code in (200, 400)
    assert not CustomerAgreement.objects.exists()


@pytest.mark.parametrize("name", ["Łukasz", "李", "أحمد", "O'Neil-Šmíd", "=1+1", "<script>alert(1)</script>"])
def test_odd_names_arrive_as_they_are(customer: Customer, sales: Actor, signed_in: Browser, name: str) -> None:
    browser = signed_in(sales.user)
    browser.post(attest(customer), typed(agreement_first_name=name))
    assert customer.agreements.get().first_name == name
    assert "<script>alert" not in browser.get(account(customer)).content.decode()


def test_attest_page_explains_a_repetition(customer: Customer, sales: Actor, signed_in: Browser) -> None:
    browser = signed_in(sales.user)
    browser.post(attest(customer), typed())
    response = browser.post(attest(customer), typed())
    assert response.status_code == 200
    assert "confirmed exactly this on" in said(response)
    assert customer.agreements.count() == 1


# --- the customer itself, at its first sign-in ------------------------------------------------------------------------
def test_first_sign_in_leads_over_the_password_to_the_agreement(
    provider: Partner, sales: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.services.people.new_temporary_password", lambda: CANARY)
    customer = create_customer(provider=provider, details=details(), reseller=None, by=sales)
    issue_credentials(customer=customer, session_key="the wizard's", by=sales)
    CustomerAgreement.objects.all().delete()
    browser = Client()
    home = reverse("subscriptions:list", args=[customer.microsoft_id])
    browser.post(reverse("account_login"), {"login": "admin@padaria.onmicrosoft.com", "password": CANARY})
    accept, own_password = reverse("customers:accept_agreement"), reverse("accounts:own_password")
    # The password comes first: nothing is accepted with one that somebody else knows.
    for url in (home, accept):
        assert browser.get(url).url == own_password
    assert browser.post(accept, {"accepted": "on"}).url == own_password
    browser.get(home)
    response = browser.post(own_password, {"password1": OWN, "password2": OWN})
    assert response.url == home
    response = browser.get(home)
    assert (response.status_code, response.url) == (302, accept)
    page = browser.get(accept)
    for phrase in ("Microsoft Customer Agreement", "Northwind", "Padaria São João", "Ana Lima", "Sign out"):
        assert phrase in said(page)
    assert "https://www.microsoft.com/licensing/docs/customeragreement" in page.content.decode()
    assert html_faults(page.content.decode()) == []
    assert header_faults(page) == []
    response = browser.post(accept, {"accepted": "on"})
    assert response.url == home
    assert "You accepted the Microsoft Customer Agreement." in said(browser.get(home))
    kept = CustomerAgreement.objects.get()
    assert (kept.accepted_directly, kept.first_name, kept.last_name) == (True, "Ana", "Lima")


def test_without_the_agreement_the_administrator_sees_nothing_of_the_customer(
    customer: Customer, newcomer: CustomerAdministrator, signed_in: Browser
) -> None:
    browser, accept = signed_in(newcomer.user), reverse("customers:accept_agreement")
    subscriptions = reverse("subscriptions:list", args=[customer.microsoft_id])
    for url in (subscriptions, reverse("home"), account(customer), reverse("customers:list")):
        for answer in (browser.get(url), browser.post(url, {"a": "b"})):
            assert (answer.status_code, answer.url) == (302, accept)


def test_without_the_agreement_ones_own_account_stays_open(newcomer: CustomerAdministrator, signed_in: Browser) -> None:
    browser = signed_in(newcomer.user)
    for name in ("account_change_password", "accounts:preferences", "mfa_index", "account_reauthenticate"):
        assert browser.get(reverse(name)).status_code == 200, name
    assert browser.post(reverse("account_logout")).status_code == 302
    assert reverse("account_login") in browser.get(reverse("home")).url


def test_accepting_takes_the_tick(customer: Customer, newcomer: CustomerAdministrator, signed_in: Browser) -> None:
    response = signed_in(newcomer.user).post(reverse("customers:accept_agreement"), {})
    assert response.status_code == 200
    assert "Tick “I have read the agreement" in said(response)
    assert not CustomerAgreement.objects.exists()


def test_opening_the_page_accepts_nothing(newcomer: CustomerAdministrator, signed_in: Browser) -> None:
    signed_in(newcomer.user).get(reverse("customers:accept_agreement"), {"accepted": "on"})
    assert not CustomerAgreement.objects.exists()


def test_accepting_twice_is_one_acceptance(
    customer: Customer, newcomer: CustomerAdministrator, signed_in: Browser
) -> None:
    browser, accept = signed_in(newcomer.user), reverse("customers:accept_agreement")
    for _press in range(2):
        assert browser.post(accept, {"accepted": "on"}).status_code == 302
    assert customer.agreements.count() == 1
    assert browser.get(accept).status_code == 302


def test_what_the_provider_confirms_ends_the_wait(
    customer: Customer, newcomer: CustomerAdministrator, sales: Actor, signed_in: Browser
) -> None:
    browser = signed_in(newcomer.user)
    subscriptions: Any = reverse("subscriptions:list", args=[customer.microsoft_id])
    assert browser.get(subscriptions).status_code == 302
    CustomerAgreementFactory(customer=customer, confirmed_by=sales.user)
    assert browser.get(subscriptions).status_code == 200


def test_people_of_partners_are_never_asked(customer: Customer, sales: Actor, signed_in: Browser) -> None:
    browser = signed_in(sales.user)
    assert browser.get(reverse("home")).status_code == 200
    assert browser.get(reverse("customers:accept_agreement")).status_code == 403


# --- the state of the account -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("status", ["pending", "under_review", "not_approved"])
def test_pages_of_the_customer_say_what_its_state_means(
    customer: Customer, sales: Actor, signed_in: Browser, status: str
) -> None:
    Customer.objects.filter(pk=customer.pk).update(status=status)
    browser = signed_in(sales.user)
    label = str(Customer.Status(status).label)
    for url in (account(customer), reverse("subscriptions:list", args=[customer.microsoft_id])):
        response = browser.get(url)
        assert label in said(response)
        assert "The account of Padaria" in said(response)
        assert html_faults(response.content.decode()) == []


def test_an_active_customer_needs_no_said(customer: Customer, sales: Actor, signed_in: Browser) -> None:
    page = said(signed_in(sales.user).get(account(customer)))
    assert "Active" in page
    assert "The account of" not in page
