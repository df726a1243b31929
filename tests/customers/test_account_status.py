"""The state of a customer's account: who decides it, who is told, and that only an active one buys."""

from typing import Any

import pytest
from django.db import DatabaseError

from accounts.access import Actor, system_actor
from accounts.models import Membership, Partner
from activity.models import ActivityRecord
from core import clock
from core.exceptions import InvalidTransition, NotPermitted, Refused
from customers.account_status import AccountNotActive, decide_account, require_active_account, standing
from customers.models import Customer
from customers.requirements import account_refusals
from mail.models import OutgoingEmail
from tests.customers.conftest import actor_of
from tests.factories import CustomerAgreementFactory, CustomerFactory, UserFactory
from tests.races import at_once

SENTENCES = {
    "pending": "The account of Padaria is still being set up. Subscriptions can be ordered",
    "under_review": "The account of Padaria is under review. Until the review is finished nothing can be ordered",
    "not_approved": "The account of Padaria was not approved. Nothing can be ordered",
}


@pytest.fixture
def office(db: None) -> Actor:
    return Actor(user=UserFactory(back_office=True, full_name="Olga Office"))


@pytest.fixture
def customer(provider: Partner, reseller: Partner, sales: Actor) -> Customer:
    return CustomerFactory(provider=provider, managed_by=reseller, company_name="Padaria", created_by=sales.user)


def put(customer: Customer, status: str) -> Customer:
    Customer.objects.filter(pk=customer.pk).update(status=status)
    return customer


def test_decide_moves_the_account_and_records_why(customer: Customer, office: Actor) -> None:
    before = customer.changed_at
    decided = decide_account(customer=customer, status="under_review", reason="  Which Padaria?  ", by=office)
    assert decided.status == "under_review"
    customer.refresh_from_db()
    assert (customer.status, customer.version) == ("under_review", 1)
    assert customer.changed_at > before
    record = ActivityRecord.objects.get()
    assert (record.action, record.changes) == (
        "customer.put_under_review",
        {"status": ["active", "under_review"], "reason": "Which Padaria?"},
    )
    assert (record.provider_id, record.customer_id) == (customer.provider.microsoft_id, customer.microsoft_id)
    decide_account(customer=customer, status="active", by=office)
    assert ActivityRecord.objects.latest("pk").changes == {"status": ["under_review", "active"], "reason": ""}


ALLOWED = {
    ("pending", "under_review"), ("pending", "active"), ("pending", "not_approved"),
    ("under_review", "active"), ("under_review", "not_approved"),
    ("active", "under_review"), ("active", "not_approved"),
    ("not_approved", "under_review"), ("not_approved", "active"),
}  # fmt: skip


@pytest.mark.parametrize("before", Customer.Status.values)
@pytest.mark.parametrize("after", [*Customer.Status.values, "nonsense"])
def test_decide_knows_each_transition(customer: Customer, office: Actor, before: str, after: str) -> None:
    put(customer, before)
    if (before, after) in ALLOWED:
        assert decide_account(customer=customer, status=after, reason="Because.", by=office).status == after
        return
    with pytest.raises(InvalidTransition):
        decide_account(customer=customer, status=after, reason="Because.", by=office)
    assert Customer.objects.get(pk=customer.pk).status == before
    assert not ActivityRecord.objects.exists()


@pytest.mark.parametrize("status", ["under_review", "not_approved"])
def test_decide_wants_a_reason_where_something_is_taken(customer: Customer, office: Actor, status: str) -> None:
    with pytest.raises(Refused, match="Give a reason"):
        decide_account(customer=customer, status=status, reason="  ", by=office)
    assert Customer.objects.get(pk=customer.pk).status == "active"


def test_decide_is_the_back_offices(customer: Customer, admin: Actor) -> None:
    for actor in (admin, actor_of(customer.provider), system_actor("tests"), Actor()):
        with pytest.raises(NotPermitted):
            decide_account(customer=customer, status="under_review", reason="Because.", by=actor)
    assert Customer.objects.get(pk=customer.pk).status == "active"


@pytest.mark.parametrize(
    ("status", "subject", "words"),
    [
        ("under_review", "Padaria: account under review", "is under review"),
        ("not_approved", "Padaria: account not approved", "was not approved"),
        ("active", "Padaria: account approved", "was approved"),
    ],
)
def test_decide_tells_who_added_the_customer(
    customer: Customer, office: Actor, sales: Actor, status: str, subject: str, words: str
) -> None:
    put(customer, "pending")
    decide_account(customer=customer, status=status, reason="Names <differ>", by=office)
    mail = OutgoingEmail.objects.get(kind="account_decided")
    assert (mail.recipient, mail.subject) == (sales.user.email, subject)
    assert words in " ".join(mail.text.split())
    assert "The back office wrote: Names <differ>" in mail.text
    assert "The back office wrote: Names &lt;differ&gt;" in mail.html
    assert f"/customers/{customer.microsoft_id}/account/" in mail.text


def test_decide_writes_to_nobody_who_left_or_has_no_mailbox(customer: Customer, office: Actor, sales: Actor) -> None:
    Membership.objects.filter(user=sales.user).update(ended_at=clock.now())
    decide_account(customer=customer, status="under_review", reason="Because.", by=office)
    Membership.objects.filter(user=sales.user).update(ended_at=None)
    sales.user.email = ""
    sales.user.save()
    decide_account(customer=customer, status="active", by=office)
    assert not OutgoingEmail.objects.exists()


def test_decide_keeps_nothing_when_the_record_fails(
    customer: Customer, office: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise DatabaseError("no record")

    monkeypatch.setattr("customers.account_status.record", fail)
    with pytest.raises(DatabaseError):
        decide_account(customer=customer, status="under_review", reason="Because.", by=office)
    assert Customer.objects.get(pk=customer.pk).status == "active"
    assert not OutgoingEmail.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_of_the_back_office_decide_once() -> None:
    customer = CustomerFactory(status="under_review")
    officers = [Actor(user=UserFactory(back_office=True)) for _n in range(2)]
    results = at_once(*[lambda by=by: decide_account(customer=customer, status="active", by=by) for by in officers])
    assert sorted(type(result).__name__ for result in results) == ["Customer", "InvalidTransition"]
    assert ActivityRecord.objects.filter(action="customer.approved").count() == 1


# --- asked for --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("status", SENTENCES)
def test_require_active_account_says_what_the_state_means(customer: Customer, status: str) -> None:
    # Asked of a row from before the decision: what counts is the state now.
    put(Customer.objects.get(pk=customer.pk), status)
    with pytest.raises(AccountNotActive) as refusal:
        require_active_account(customer)
    assert str(refusal.value).startswith(SENTENCES[status])


def test_require_active_account_lets_an_active_one_pass(customer: Customer) -> None:
    require_active_account(customer)
    require_active_account(customer, lock=True)


def test_account_refusals_name_both(customer: Customer) -> None:
    put(customer, "under_review")
    assert [type(refusal).__name__ for refusal in account_refusals(customer)] == [
        "AccountNotActive", "AgreementRequired",
    ]  # fmt: skip
    CustomerAgreementFactory(customer=put(customer, "active"))
    assert account_refusals(customer) == []


def test_standing_gives_the_reason_to_all_and_the_repair_to_the_provider(customer: Customer, office: Actor) -> None:
    assert (standing(customer).kind, standing(customer).meaning) == ("success", "")
    customer = decide_account(customer=customer, status="not_approved", reason="No such bakery", by=office)
    shown: Any = standing(customer)
    assert (shown.kind, shown.label, shown.reason) == ("danger", "Not approved", "No such bakery")
    assert shown.repair.endswith("ask the back office to review the account again.")
    own = standing(customer, may_repair=False)
    assert (own.repair, own.reason) == ("Ask your provider what it can do about it.", "No such bakery")
