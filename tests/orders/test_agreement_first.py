"""An order for a customer without an agreement, or with an account that is not active: asked in place, or told why."""

import threading

import pytest
from django.urls import reverse

from accounts.access import Actor
from core import clock
from customers.account_status import decide_account
from customers.models import Customer, CustomerAgreement
from orders.attesting import attestation_of
from orders.checks import draft_problems
from orders.models import Order, OrderDraft
from orders.reviewed import fingerprint
from orders.services import NotReady, choose_offers, start_draft, submit_draft
from tests.contracts import html_faults
from tests.factories import CustomerAgreementFactory, CustomerFactory, UserFactory
from tests.orders.conftest import SESSION, signed_in
from tests.races import at_once
from tests.reading import text

AGREEMENT = (
    "Padaria has not accepted the Microsoft Customer Agreement yet. "
    "Confirm it first; without it nothing is ordered and no licenses are changed."
)


@pytest.fixture
def customer(provider):
    """Without an agreement."""
    return CustomerFactory(provider=provider, company_name="Padaria")


@pytest.fixture
def subscriptions_draft(sales, customer, standard):
    """With five licenses chosen before anybody asked for the agreement."""
    draft = start_draft(reseller=None, customer=customer, by=sales)
    return choose_offers(draft=draft, quantities={standard: 5}, by=sales)


def said(response):
    """What is read on the page."""
    return text(response.content.decode())


def add(customer):
    return reverse("orders:add_subscription", args=[customer.microsoft_id])


def offers(draft):
    return reverse("orders:subscriptions", args=[draft.public_id])


def typed():
    return {
        "agreement_accepted_on": clock.now().date().isoformat(),
        "agreement_first_name": "Ana",
        "agreement_last_name": "Lima",
        "agreement_email": "ana@padaria.example",
        "agreement_phone": "",
    }


def test_the_agreement_is_confirmed_in_place_and_the_order_goes_on(sales, customer, standard):
    browser = signed_in(sales)
    page_url = browser.post(add(customer)).url
    draft = OrderDraft.objects.get()
    assert page_url == offers(draft)
    page = browser.get(page_url)
    assert "First the customer agreement" in said(page)
    assert "Save and continue" in said(page)
    assert "licenses-" not in page.content.decode()
    assert html_faults(page.content.decode()) == []
    action = page.context["action"]
    wrong = browser.post(action, {**typed(), "agreement_email": "ana"})
    assert "Enter an e-mail address like" in said(wrong)
    answer = browser.post(action, typed())
    assert (answer.status_code, answer.url) == (302, page_url)
    page = browser.get(page_url)
    assert "The customer agreement is confirmed." in said(page)
    assert f"licenses-{standard.pk}" in page.content.decode()
    assert OrderDraft.objects.get() == draft


def test_what_was_chosen_before_is_still_there_after_it(sales, subscriptions_draft, standard):
    browser, url = signed_in(sales), offers(subscriptions_draft)
    page = browser.get(url)
    browser.post(page.context["action"], typed())
    assert browser.get(url).context["rows"][0].value == 5
    assert browser.get(reverse("orders:review", args=[subscriptions_draft.public_id])).context["problems"] == []


def test_numbers_sent_from_a_page_of_before_are_kept(sales, subscriptions_draft, standard):
    browser, url = signed_in(sales), offers(subscriptions_draft)
    answer = browser.post(url, {f"licenses-{standard.pk}": "7"})
    assert answer.url == reverse("orders:review", args=[subscriptions_draft.public_id])
    assert subscriptions_draft.lines.get().quantity == 7
    [(message, repair)] = browser.get(answer.url).context["problems"]
    assert message == AGREEMENT
    assert "First the customer agreement" in said(browser.get(repair))


def test_submit_without_the_agreement_is_refused(sales, subscriptions_draft):
    draft = OrderDraft.objects.get(pk=subscriptions_draft.pk)
    assert [tuple(problem) for problem in draft_problems(draft)] == [("subscriptions", AGREEMENT)]
    with pytest.raises(NotReady, match="has not accepted"):
        submit_draft(
            draft=draft, reviewed=fingerprint(draft), attestation=attestation_of(draft), session_key=SESSION, by=sales
        )
    assert not Order.objects.exists()
    CustomerAgreementFactory(customer=draft.customer)
    assert (
        submit_draft(
            draft=draft, reviewed=fingerprint(draft), attestation=attestation_of(draft), session_key=SESSION, by=sales
        ).customer
        == draft.customer
    )


def test_another_providers_customer_is_not_found(outsider, customer):
    url = reverse("customers:attest_agreement", args=[customer.microsoft_id])
    assert signed_in(outsider).post(url, typed()).status_code == 404
    assert not CustomerAgreement.objects.exists()


# --- an account that is not active ------------------------------------------------------------------------------------
@pytest.mark.parametrize("status", ["pending", "under_review", "not_approved"])
def test_no_order_begins_for_an_account_that_is_not_active(sales, customer, status):
    CustomerAgreementFactory(customer=customer)
    Customer.objects.filter(pk=customer.pk).update(status=status)
    browser = signed_in(sales)
    answer = browser.post(add(customer))
    assert answer.url == reverse("customers:detail", args=[customer.microsoft_id])
    page = said(browser.get(answer.url))
    assert page.count("The account of Padaria") == 2  # the message, and the state of the account
    assert not OrderDraft.objects.exists()


@pytest.mark.parametrize("status", ["pending", "under_review", "not_approved"])
def test_submit_for_an_account_that_is_not_active_is_refused(sales, subscriptions_draft, status):
    customer = subscriptions_draft.customer
    CustomerAgreementFactory(customer=customer)
    Customer.objects.filter(pk=customer.pk).update(status=status)
    draft = OrderDraft.objects.get(pk=subscriptions_draft.pk)
    [problem] = draft_problems(draft)
    assert problem.message.startswith("The account of Padaria")
    with pytest.raises(NotReady, match="The account of Padaria"):
        submit_draft(
            draft=draft, reviewed=fingerprint(draft), attestation=attestation_of(draft), session_key=SESSION, by=sales
        )
    assert not Order.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_decision_in_the_middle_of_an_order_waits_for_it(sales, subscriptions_draft, monkeypatch):
    """Once the account was found active it stays so until the order stands."""
    customer = CustomerAgreementFactory(customer=subscriptions_draft.customer).customer
    office = Actor(user=UserFactory(back_office=True))
    draft = OrderDraft.objects.get(pk=subscriptions_draft.pk)
    reviewed, found_ready, decided = fingerprint(draft), threading.Event(), threading.Event()

    def decide_in_the_middle(*args: object) -> None:
        found_ready.set()
        assert not decided.wait(1)

    def decide() -> None:
        assert found_ready.wait(10)
        decide_account(customer=customer, status="under_review", reason="Why?", by=office)
        decided.set()

    monkeypatch.setattr("orders.services.require_same", decide_in_the_middle)
    order, refusal = at_once(
        lambda: submit_draft(
            draft=draft, reviewed=reviewed, attestation=attestation_of(draft), session_key=SESSION, by=sales
        ),
        decide,
    )
    assert (order, refusal) == (Order.objects.get(), None)
    assert Customer.objects.get(pk=customer.pk).status == "under_review"
