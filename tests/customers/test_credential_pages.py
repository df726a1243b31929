"""Issuing a new temporary password, the page that shows it once, and Done."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.access import Actor
from accounts.models import Partner, User
from accounts.roles import Role
from activity.models import ActivityRecord
from core import clock
from customers.credentials.services import REISSUES_PER_DAY, issue_credentials
from customers.models import Customer, TemporaryPassword
from customers.services import create_customer
from mail.models import OutgoingEmail
from tests.contracts import header_faults, html_faults
from tests.customers.conftest import actor_of, details
from tests.factories import CustomerAdministratorFactory

Browser = Callable[[User | None], Client]
CANARY = "Kan4-ry7p-Qm3v-Zt5w"


@pytest.fixture
def customer(provider: Partner, reseller: Partner, sales: Actor) -> Customer:
    made = create_customer(provider=provider, details=details(), reseller=reseller, by=sales)
    issue_credentials(customer=made, session_key="the wizard's", by=sales)
    return made


@pytest.fixture
def canary(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("accounts.services.people.new_temporary_password", lambda: CANARY)
    return CANARY


def account(customer: Customer) -> str:
    return reverse("customers:detail", args=[customer.microsoft_id])


def issue_page(customer: Customer) -> str:
    return reverse("customers:issue_credentials", args=[customer.microsoft_id])


def press(browser: Client, customer: Customer, *, follow: bool = False, **changes: Any) -> Any:
    """Send the form of the page as a person does who saw it just now."""
    latest = TemporaryPassword.objects.filter(administrator__customer=customer).first()
    data = {"reason": "lost", "note": "", "replaces": str(latest.public_id) if latest else "", **changes}
    return browser.post(issue_page(customer), data, follow=follow)


def test_issuing_asks_first_and_shows_once(customer: Customer, admin: Actor, signed_in: Browser, canary: str) -> None:
    browser = signed_in(admin.user)
    question = browser.get(issue_page(customer))
    assert question.status_code == 200
    assert html_faults(question.content.decode()) == []
    assert TemporaryPassword.objects.count() == 1
    answer = press(browser, customer)
    issued = TemporaryPassword.objects.first()
    page_url = reverse("customers:credentials", args=[customer.microsoft_id, issued.public_id])
    assert (answer.status_code, answer.url) == (302, page_url)
    first = browser.get(page_url)
    assert canary in first.content.decode()
    assert "Copy these now" in first.content.decode()
    assert html_faults(first.content.decode()) == []
    assert header_faults(first) == []
    again = browser.get(page_url)
    assert canary not in again.content.decode()
    assert "Shown once at" in again.content.decode()
    assert str(admin.user) in again.content.decode()
    assert "Issue a new temporary password" in again.content.decode()
    assert html_faults(again.content.decode()) == []
    assert canary not in browser.get(account(customer)).content.decode()
    assert canary not in repr(dict(browser.session))


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("head", {}),
        ("get", {"Sec-Purpose": "prefetch"}),
        ("get", {"Sec-Purpose": "prefetch;prerender"}),
        ("get", {"Purpose": "prefetch"}),
    ],
)
def test_fetching_in_advance_shows_and_spends_nothing(
    customer: Customer, admin: Actor, signed_in: Browser, canary: str, method: str, headers: dict[str, str]
) -> None:
    browser = signed_in(admin.user)
    page_url = press(browser, customer).url
    early = getattr(browser, method)(page_url, headers=headers)
    assert canary not in early.content.decode()
    assert TemporaryPassword.objects.first().revealed_at is None
    assert canary in browser.get(page_url).content.decode()


def test_another_window_or_person_sees_no_password(
    customer: Customer, provider: Partner, admin: Actor, signed_in: Browser, canary: str
) -> None:
    issuing = signed_in(admin.user)
    page_url = press(issuing, customer).url
    colleague, second_session = signed_in(actor_of(provider).user), signed_in(admin.user)
    for browser in (colleague, second_session):
        page = browser.get(page_url).content.decode()
        assert canary not in page
        assert "Only" in page
    assert canary in issuing.get(page_url).content.decode()


def test_a_late_look_is_told_so(customer: Customer, admin: Actor, signed_in: Browser, canary: str) -> None:
    browser = signed_in(admin.user)
    page_url = press(browser, customer).url
    TemporaryPassword.objects.filter(ciphertext__isnull=False).update(reveal_until=clock.now() - timedelta(seconds=1))
    page = browser.get(page_url).content.decode()
    assert canary not in page
    assert "cannot be shown any more" in page


def test_a_password_of_another_customer_is_not_found(customer: Customer, admin: Actor, signed_in: Browser) -> None:
    theirs = CustomerAdministratorFactory()
    foreign = TemporaryPassword.objects.create(
        administrator=theirs, issued_by=admin.user, valid_until=clock.now(), revealed_at=clock.now()
    )
    url = reverse("customers:credentials", args=[customer.microsoft_id, foreign.public_id])
    assert signed_in(admin.user).get(url).status_code == 404


def test_issuing_is_for_those_who_may(
    customer: Customer, provider: Partner, reseller: Partner, signed_in: Browser
) -> None:
    kept = customer.administrators.get().user.password
    for actor in (actor_of(provider, Role.SALES_AGENT), actor_of(provider, Role.HELPDESK_AGENT), actor_of(reseller)):
        browser = signed_in(actor.user)
        assert browser.get(issue_page(customer)).status_code == 403
        assert press(browser, customer).status_code == 403
        assert "credentials/issue" not in browser.get(account(customer)).content.decode()
    assert customer.administrators.get().user.password == kept


def test_too_many_new_passwords_are_refused_in_words(customer: Customer, admin: Actor, signed_in: Browser) -> None:
    browser = signed_in(admin.user)
    for _again in range(REISSUES_PER_DAY):
        press(browser, customer)
    response = press(browser, customer, follow=True)
    assert "You have issued 10 new passwords" in response.content.decode()
    assert TemporaryPassword.objects.count() == REISSUES_PER_DAY + 1


# --- the reason -------------------------------------------------------------------------------------------------------
def test_the_page_asks_why_and_keeps_what_was_typed(customer: Customer, admin: Actor, signed_in: Browser) -> None:
    browser, hashed = signed_in(admin.user), customer.administrators.get().user.password
    response = press(browser, customer, reason="", note="Typed in vain")
    page = response.content.decode()
    assert html_faults(page) == []
    assert "<title>Error:" in page
    assert 'href="#id_reason_0">Select why a new temporary password is needed.' in page
    assert "Typed in vain" in page
    response = press(browser, customer, reason="other")
    assert 'href="#id_note">Enter the reason in Details.' in response.content.decode()
    assert customer.administrators.get().user.password == hashed
    assert TemporaryPassword.objects.count() == 1


@pytest.mark.parametrize("changes", [{"reason": "because"}, {"note": "x" * 401}, {"replaces": "nonsense"}])
def test_odd_input_issues_nothing(customer: Customer, admin: Actor, signed_in: Browser, changes: dict) -> None:
    assert press(signed_in(admin.user), customer, **changes).status_code == 200
    assert TemporaryPassword.objects.count() == 1


def test_the_page_names_the_reason_afterwards(customer: Customer, admin: Actor, signed_in: Browser) -> None:
    browser = signed_in(admin.user)
    page_url = press(browser, customer, reason="exposed", note="It lay on the <table>").url
    browser.get(page_url)
    for url in (page_url, account(customer)):
        page = browser.get(url).content.decode()
        assert "Somebody else may have seen the password: It lay on the &lt;table&gt;" in page
    assert OutgoingEmail.objects.filter(kind="credentials_reissued_customer").count() == 1


def test_two_presses_lead_to_one_password(customer: Customer, admin: Actor, signed_in: Browser, canary: str) -> None:
    browser = signed_in(admin.user)
    before = TemporaryPassword.objects.get()
    answers = [press(browser, customer, replaces=str(before.public_id)) for _time in range(2)]
    assert answers[0].url == answers[1].url
    assert TemporaryPassword.objects.count() == 2
    assert canary in browser.get(answers[0].url).content.decode()


def test_who_comes_late_is_told_who_issued(
    customer: Customer, provider: Partner, admin: Actor, signed_in: Browser
) -> None:
    before = TemporaryPassword.objects.get()
    press(signed_in(admin.user), customer)
    colleague = signed_in(actor_of(provider).user)
    answer = press(colleague, customer, replaces=str(before.public_id), follow=True)
    assert answer.redirect_chain == [(account(customer), 302)]
    assert f"{admin.user} issued a new temporary password at" in answer.content.decode()
    assert TemporaryPassword.objects.count() == 2


def test_the_setting_is_said_in_words(customer: Customer, admin: Actor, signed_in: Browser, settings: Any) -> None:
    settings.TEMPORARY_PASSWORD_DAYS = 1
    page = signed_in(admin.user).get(issue_page(customer)).content.decode()
    assert "It is valid for 1 day and must be changed at the first sign-in." in page


# --- done -------------------------------------------------------------------------------------------------------------
def done(browser: Client, page_url: str, **data: str) -> Any:
    """Press Done."""
    return browser.post(f"{page_url}stored/", data)


def test_done_notes_that_it_is_stored(customer: Customer, admin: Actor, signed_in: Browser, canary: str) -> None:
    browser = signed_in(admin.user)
    page_url = press(browser, customer).url
    browser.get(page_url)
    answer = done(browser, page_url, stored="on")
    assert answer.url == account(customer)
    issued = TemporaryPassword.objects.first()
    assert issued.stored_at is not None
    assert ActivityRecord.objects.filter(action="customer.credentials_stored").count() == 1
    page = browser.get(page_url).content.decode()
    assert 'name="stored"' not in page
    assert ">Stored</dt>" in page


def test_done_without_the_tick_says_so_and_shows_nothing_twice(
    customer: Customer, admin: Actor, signed_in: Browser, canary: str
) -> None:
    browser = signed_in(admin.user)
    page_url = press(browser, customer).url
    assert canary in browser.get(page_url).content.decode()
    response = done(browser, page_url)
    page = response.content.decode()
    assert (html_faults(page), header_faults(response)) == ([], [])
    assert canary not in page
    assert "Tick “I have stored the user name and password”" in page
    assert "<title>Error:" in page
    assert TemporaryPassword.objects.first().stored_at is None


def test_done_before_the_password_was_shown_leads_to_it(
    customer: Customer, admin: Actor, signed_in: Browser, canary: str
) -> None:
    browser = signed_in(admin.user)
    page_url = press(browser, customer).url
    answer = done(browser, page_url, stored="on")
    assert answer.url == page_url
    page = browser.get(page_url).content.decode()
    assert canary in page
    assert "has not been shown yet" in page
    assert TemporaryPassword.objects.first().stored_at is None


def test_whoever_saw_it_may_say_later_that_it_is_stored_and_nobody_else(
    customer: Customer, provider: Partner, admin: Actor, signed_in: Browser
) -> None:
    browser, colleague = signed_in(admin.user), signed_in(actor_of(provider).user)
    page_url = press(browser, customer).url
    browser.get(page_url)
    assert 'name="stored"' in browser.get(page_url).content.decode()
    assert 'name="stored"' not in colleague.get(page_url).content.decode()
    assert done(colleague, page_url, stored="on").status_code == 403
    assert done(browser, page_url, stored="on").status_code == 302


def test_a_password_that_was_followed_by_another_is_not_asked_about(
    customer: Customer, admin: Actor, signed_in: Browser
) -> None:
    browser = signed_in(admin.user)
    page_url = press(browser, customer).url
    browser.get(page_url)
    press(browser, customer)
    assert 'name="stored"' not in browser.get(page_url).content.decode()


# --- the sheet --------------------------------------------------------------------------------------------------------
def sheet_of(page: str) -> str:
    """The part of the page that is printed."""
    return page.partition('class="only-print hand-over"')[2].partition("</section>")[0]


def test_the_sheet_holds_all_that_the_customer_needs(
    customer: Customer, admin: Actor, signed_in: Browser, canary: str, settings: Any
) -> None:
    settings.PORTAL_BASE_URL = "https://portal.example"
    browser = signed_in(admin.user)
    page_url = press(browser, customer).url
    sheet = sheet_of(browser.get(page_url).content.decode())
    for words in (
        "Padaria São João",
        "padaria.onmicrosoft.com",
        "admin@padaria.onmicrosoft.com",
        "https://portal.example/account/sign-in/",
        "Northwind",
        "contact@northwind.example",
        "Fabrikam",
        "hello@fabrikam.example",
        "Kan4-",
        "KILO alfa november 4",
        "ZULU tango 5 whiskey",
        "Valid until",
        "Destroy this sheet after use.",
        "Received by, date",
    ):
        assert words in sheet, words
    assert sheet.count("<svg") == 1
    again = sheet_of(browser.get(page_url).content.decode())
    assert "You receive the password by a separate way." in again
    assert "Kan4" not in again
    assert "KILO" not in again


def test_the_sheet_speaks_the_customers_language(customer: Customer, admin: Actor, signed_in: Browser) -> None:
    Customer.objects.filter(pk=customer.pk).update(language="pt-br")
    browser = signed_in(admin.user)
    page = browser.get(press(browser, customer).url).content.decode()
    assert '<section class="only-print hand-over" lang="pt-br"' in page
    assert "Setup info" in page
