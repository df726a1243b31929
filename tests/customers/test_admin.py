"""The back office decides about accounts."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.models import User
from activity.models import ActivityRecord
from customers.models import BillTo, Customer
from mail.models import OutgoingEmail
from tests.contracts import header_faults
from tests.factories import CustomerFactory, MembershipFactory, UserFactory

LIST = "admin:customers_customer_changelist"
BUTTONS = {
    "approve": "Approve the account",
    "review": "Put the account under review",
    "disapprove": "Do not approve the account",
}


@pytest.fixture
def back_office(db: None, client: Client) -> User:
    """Somebody of the back office, signed in."""
    person = UserFactory(back_office=True, full_name="Olga Office")
    client.force_login(person)
    return person


@pytest.fixture
def customer(db: None) -> Customer:
    customer = CustomerFactory(company_name="Padaria")
    MembershipFactory(user=customer.created_by, partner=customer.provider)
    return customer


def put(customer: Customer, status: str) -> Customer:
    Customer.objects.filter(pk=customer.pk).update(status=status)
    return customer


def page_of(client: Client, customer: Customer) -> str:
    page = client.get(reverse("admin:customers_customer_change", args=[customer.pk]))
    assert page.status_code == 200
    assert header_faults(page) == []
    return page.content.decode()


def decide(client: Client, customer: Customer, name: str, reason: str = "") -> Any:
    """Press a button of that page."""
    return client.post(reverse("admin:customers_customer_decide", args=[customer.pk, name]), {"reason": reason})


@pytest.mark.parametrize(
    ("status", "buttons"),
    [
        ("pending", {"approve", "review", "disapprove"}),
        ("active", {"review", "disapprove"}),
        ("under_review", {"approve", "disapprove"}),
        ("not_approved", {"approve", "review"}),
    ],
)
def test_the_page_offers_what_the_state_allows(
    client: Client, back_office: User, customer: Customer, status: str, buttons: set[str]
) -> None:
    page = page_of(client, put(customer, status))
    assert {name for name, label in BUTTONS.items() if f'value="{label}"' in page} == buttons
    assert 'name="status"' not in page


def test_a_decision_is_made_recorded_and_told(client: Client, back_office: User, customer: Customer) -> None:
    answer = decide(client, customer, "review", "Which\nPadaria?")
    assert answer.url == reverse("admin:customers_customer_change", args=[customer.pk])
    assert Customer.objects.get(pk=customer.pk).status == "under_review"
    record = ActivityRecord.objects.get()
    assert (record.action, record.actor_user_id, record.changes["reason"]) == (
        "customer.put_under_review", back_office.pk, "Which Padaria?",
    )  # fmt: skip
    assert OutgoingEmail.objects.get().recipient == customer.created_by.email
    assert "Who added the customer is told by e-mail." in client.get(answer.url).content.decode()


def test_a_missing_reason_is_asked_for(client: Client, back_office: User, customer: Customer) -> None:
    for name in ("review", "disapprove"):
        response = decide(client, customer, name, " ")
        assert response.status_code == 200
        assert "Give a reason: the provider will ask for it." in response.content.decode()
    assert Customer.objects.get(pk=customer.pk).status == "active"
    decide(client, put(customer, "under_review"), "approve")
    assert Customer.objects.get(pk=customer.pk).status == "active"


def test_a_late_decision_says_why_and_keeps_the_words(client: Client, back_office: User, customer: Customer) -> None:
    response = decide(client, put(customer, "not_approved"), "disapprove", "Twice the same")
    assert response.status_code == 200
    assert "This can no longer be decided" in response.content.decode()
    assert "Twice the same" in response.content.decode()
    assert 'value="Disapprove' not in response.content.decode()
    assert not ActivityRecord.objects.exists()


def test_a_late_decision_shows_the_one_that_was_made(client: Client, back_office: User, customer: Customer) -> None:
    decide(client, customer, "disapprove", "Not a company")
    address = reverse("admin:customers_customer_decide", args=[customer.pk, "disapprove"])
    for page in (decide(client, customer, "disapprove", "Again"), client.get(address)):
        text = page.content.decode()
        assert (back_office.full_name in text, "Not a company" in text, "is-hard" in text) == (True, True, False)


def test_words_that_deceive_are_refused(client: Client, back_office: User, customer: Customer) -> None:
    assert decide(client, customer, "review", "a\u202eb").status_code == 200
    assert Customer.objects.get(pk=customer.pk).status == "active"


def test_each_decision_has_a_page(client: Client, back_office: User, customer: Customer) -> None:
    for name, label in BUTTONS.items():
        response = client.get(reverse("admin:customers_customer_decide", args=[customer.pk, name]))
        assert label in response.content.decode()
        assert header_faults(response) == []
    assert client.get(reverse("admin:customers_customer_decide", args=[customer.pk, "nonsense"])).status_code == 404
    assert client.get(reverse("admin:customers_customer_decide", args=[0, "approve"])).status_code == 404
    assert Customer.objects.get(pk=customer.pk).status == "active"


def test_selected_rows_are_decided_one_by_one(client: Client, back_office: User, customer: Customer) -> None:
    other = CustomerFactory(company_name="Quitanda", status="not_approved")
    data = {"action": "disapprove", "reason": "Both closed", "_selected_action": [customer.pk, other.pk]}
    page = client.post(reverse(LIST), data, follow=True).content.decode()
    assert "Quitanda: The account of Quitanda is already in this state: Not approved." in page
    assert "Done for 1 row." in page
    assert Customer.objects.get(pk=customer.pk).status == "not_approved"
    data = {"action": "review", "reason": "", "_selected_action": [other.pk]}
    assert "Quitanda: Give a reason" in client.post(reverse(LIST), data, follow=True).content.decode()


def test_who_may_only_look_decides_nothing(client: Client, customer: Customer) -> None:
    person = UserFactory(is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="view_customer"))
    client.force_login(person)
    page = page_of(client, customer)
    assert not any(label in page for label in BUTTONS.values())
    assert decide(client, customer, "review", "Because").status_code == 403
    client.post(reverse(LIST), {"action": "review", "reason": "Because", "_selected_action": [customer.pk]})
    assert Customer.objects.get(pk=customer.pk).status == "active"


def test_partners_decide_nothing(client: Client, customer: Customer) -> None:
    client.force_login(customer.created_by)
    assert decide(client, customer, "review", "Because").status_code in (302, 403)
    assert Customer.objects.get(pk=customer.pk).status == "active"


def test_the_page_shows_where_the_bills_go(client: Client, back_office: User, customer: Customer) -> None:
    BillTo.objects.create(
        customer=customer, company_name="Holding", first_name="Bia", last_name="Souza", email="bia@holding.example",
        country="US", address_line_1="2 Loop",
    )  # fmt: skip
    assert "Holding" in page_of(client, customer)


def test_the_list_costs_the_same_for_more_rows(
    client: Client, back_office: User, customer: Customer, django_assert_num_queries: Any
) -> None:
    client.get(reverse(LIST))  # begins the session
    for rows in (1, 3):
        assert Customer.objects.count() == rows
        with django_assert_num_queries(6):
            client.get(reverse(LIST))
        for _n in range(2):
            CustomerFactory(provider=customer.provider)
