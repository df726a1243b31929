"""The Account page and the page that shows a temporary password once."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.access import Actor
from accounts.models import Partner, User
from accounts.roles import Role
from core import clock
from customers.models import Customer, TemporaryPassword
from customers.services import REISSUES_PER_DAY, create_customer, issue_credentials
from tests.contracts import header_faults, html_faults
from tests.customers.conftest import actor_of, details
from tests.factories import CustomerAdministratorFactory, CustomerFactory, PartnerFactory, UserFactory

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


# --- Account ----------------------------------------------------------------------------------------------------------
def test_account_shows_who_the_customer_is(customer: Customer, admin: Actor, signed_in: Browser) -> None:
    response = signed_in(admin.user).get(account(customer))
    page = response.content.decode()
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


# --- a new temporary password -----------------------------------------------------------------------------------------
def test_issuing_asks_first_and_shows_once(customer: Customer, admin: Actor, signed_in: Browser, canary: str) -> None:
    browser = signed_in(admin.user)
    question = browser.get(issue_page(customer))
    assert question.status_code == 200
    assert html_faults(question.content.decode()) == []
    assert TemporaryPassword.objects.count() == 1
    answer = browser.post(issue_page(customer))
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
    page_url = browser.post(issue_page(customer)).url
    early = getattr(browser, method)(page_url, headers=headers)
    assert canary not in early.content.decode()
    assert TemporaryPassword.objects.first().revealed_at is None
    assert canary in browser.get(page_url).content.decode()


def test_another_window_or_person_sees_no_password(
    customer: Customer, provider: Partner, admin: Actor, signed_in: Browser, canary: str
) -> None:
    issuing = signed_in(admin.user)
    page_url = issuing.post(issue_page(customer)).url
    colleague, second_session = signed_in(actor_of(provider).user), signed_in(admin.user)
    for browser in (colleague, second_session):
        page = browser.get(page_url).content.decode()
        assert canary not in page
        assert "Only" in page
    assert canary in issuing.get(page_url).content.decode()


def test_a_late_look_is_told_so(customer: Customer, admin: Actor, signed_in: Browser, canary: str) -> None:
    browser = signed_in(admin.user)
    page_url = browser.post(issue_page(customer)).url
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
        assert browser.post(issue_page(customer)).status_code == 403
        assert "credentials/issue" not in browser.get(account(customer)).content.decode()
    assert customer.administrators.get().user.password == kept


def test_too_many_new_passwords_are_refused_in_words(customer: Customer, admin: Actor, signed_in: Browser) -> None:
    browser = signed_in(admin.user)
    for _again in range(REISSUES_PER_DAY):
        browser.post(issue_page(customer))
    response = browser.post(issue_page(customer), follow=True)
    assert "You have issued 10 new passwords" in response.content.decode()
    assert TemporaryPassword.objects.count() == REISSUES_PER_DAY + 1


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
