"""Pressed at once: eight Submits of one draft, and Submit while something else happens. PostgreSQL shows these."""

import pytest

from customers.models import Customer, TemporaryPassword
from mail.models import OutgoingEmail
from orders.attesting import attestation_of
from orders.models import Order, OrderDraft
from orders.reviewed import fingerprint
from orders.services import NotReady, cancel_draft, choose_offers, save_details, start_draft, submit_draft
from subscriptions.models import Subscription
from tests.orders.conftest import make_details
from tests.races import run_parallel

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgres,
    pytest.mark.usefixtures("either_fulfilment"),
]
ROUNDS = 8


@pytest.fixture
def new_draft(sales, reseller, standard):
    """Makes complete drafts, each for a customer of its own."""
    made = []

    def make() -> tuple[OrderDraft, str]:
        made.append(None)
        details = make_details(domain_prefix=f"padaria{len(made)}")
        draft = start_draft(reseller=reseller, by=sales)
        save_details(draft=draft, details=details, reseller=reseller, by=sales)
        draft = choose_offers(draft=draft, quantities={standard: 5}, by=sales)
        return draft, fingerprint(draft)

    return make


def test_eight_submits_at_once_make_one_of_everything(new_draft, sales, either_fulfilment):
    started = 1 if either_fulfilment == "local" else 0

    def press(subject, number):
        draft, reviewed = subject
        return submit_draft(
            draft=draft, reviewed=reviewed, attestation=attestation_of(draft), session_key=f"session-{number}", by=sales
        )

    def check(subject, results):
        draft, _reviewed = subject
        orders = Order.objects.filter(draft=draft)
        order = orders.get()
        assert results == [order] * 8
        customer = order.customer
        assert (customer.orders.count(), order.lines.count(), customer.subscriptions.count()) == (1, 1, started)
        assert TemporaryPassword.objects.filter(administrator__customer=customer).count() == 1
        assert OutgoingEmail.objects.filter(kind="order_placed", about_id=str(order.pk)).count() == 1

    run_parallel(press, rounds=ROUNDS, before=new_draft, after=check)
    assert (Customer.objects.count(), Subscription.objects.count()) == (ROUNDS, ROUNDS * started)


def test_submit_and_cancel_at_once_do_one_of_the_two(new_draft, sales):
    def press(subject, number):
        draft, reviewed = subject
        if number:
            return cancel_draft(draft=draft, by=sales)
        return submit_draft(
            draft=draft, reviewed=reviewed, attestation=attestation_of(draft), session_key="a", by=sales
        )

    def check(subject, results):
        draft = OrderDraft.objects.get(pk=subject[0].pk)
        assert (draft.state, draft.order is None) in (("submitted", False), ("canceled", True))
        assert sum(isinstance(result, Exception) for result in results) == 1

    run_parallel(press, n=2, rounds=ROUNDS, before=new_draft, after=check)


def test_two_drafts_with_one_domain_make_one_customer(sales, reseller, standard):
    def before():
        details = make_details(domain_prefix=f"taken{OrderDraft.objects.count()}")
        pairs = []
        for _one in range(2):
            draft = start_draft(reseller=reseller, by=sales)
            save_details(draft=draft, details=details, reseller=reseller, by=sales)
            draft = choose_offers(draft=draft, quantities={standard: 1}, by=sales)
            pairs.append((draft, fingerprint(draft)))
        return pairs

    def press(subject, number):
        draft, reviewed = subject[number]
        return submit_draft(
            draft=draft, reviewed=reviewed, attestation=attestation_of(draft), session_key="a", by=sales
        )

    def check(subject, results):
        [loser] = [number for number, result in enumerate(results) if isinstance(result, NotReady)]
        assert isinstance(results[1 - loser], Order)
        kept = OrderDraft.objects.get(pk=subject[loser][0].pk)
        assert (kept.state, kept.details["company_name"]) == ("open", "Padaria São João")

    run_parallel(press, n=2, rounds=ROUNDS, before=before, after=check)
