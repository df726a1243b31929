"""Two people decide one line, or one order, at the same moment. PostgreSQL shows these."""

import pytest

from accounts.access import Actor
from core.exceptions import InvalidTransition
from customers.account_status import AccountNotActive, decide_account
from customers.models import Customer
from mail.models import OutgoingEmail
from orders.fulfilment.deciding import fulfil_line, refuse_line, retry_line
from orders.models import Order, OrderLine
from orders.services import choose_offers, save_details, start_draft
from subscriptions.models import Subscription
from tests.factories import UserFactory
from tests.orders.conftest import make_details, submitted
from tests.races import run_parallel

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
ROUNDS = 8


@pytest.fixture
def offices(transactional_db: None) -> list[Actor]:
    return [Actor(user=UserFactory(back_office=True)) for _ in range(2)]


@pytest.fixture
def new_order(sales, reseller, standard, defender, settings):
    """Makes orders of two lines that wait, each for a new customer."""
    settings.FULFILMENT = "back_office"
    made = []

    def make() -> Order:
        made.append(None)
        draft = start_draft(reseller=reseller, by=sales)
        save_details(
            draft=draft, details=make_details(domain_prefix=f"padaria{len(made)}"), reseller=reseller, by=sales
        )
        return submitted(choose_offers(draft=draft, quantities={standard: 5, defender: 5}, by=sales), sales)

    return make


def base_of(order: Order) -> OrderLine:
    """The line that comes first."""
    return order.lines.get(base_line=None)


def refusals(results: list) -> list[type]:
    """What was raised."""
    return [type(result) for result in results if isinstance(result, Exception)]


def test_two_who_fulfil_a_line_start_one_subscription(new_order, offices):
    def press(order, number):
        return fulfil_line(line=base_of(order), by=offices[number])

    def check(order, results):
        assert refusals(results) == [InvalidTransition]
        assert order.customer.subscriptions.count() == 1
        assert OutgoingEmail.objects.filter(kind="customer_assigned", about_id=str(order.customer_id)).count() == 1

    run_parallel(press, n=2, rounds=ROUNDS, before=new_order, after=check)


def test_one_fulfils_and_one_refuses_a_line(new_order, offices):
    def press(order, number):
        if number:
            return refuse_line(line=base_of(order), reason="No.", by=offices[1])
        return fulfil_line(line=base_of(order), by=offices[0])

    def check(order, results):
        assert refusals(results) == [InvalidTransition]
        line = base_of(order)
        started = Subscription.objects.filter(customer=order.customer).count()
        assert (line.state, started) in (("fulfilled", 1), ("refused", 0))

    run_parallel(press, n=2, rounds=ROUNDS, before=new_order, after=check)


def test_the_last_two_lines_decided_at_once_give_one_outcome(new_order, offices):
    def before():
        order = new_order()
        fulfil_line(line=base_of(order), by=offices[0])
        refuse_line(line=order.lines.exclude(base_line=None).get(), reason="No.", by=offices[0])
        retry_line(line=order.lines.exclude(base_line=None).get(), by=offices[0])
        OrderLine.objects.create(
            order=order,
            state="pending",
            **{
                name: getattr(base_of(order), name)
                for name in ("sku", "price", "offer_name", "quantity", "unit_price", "term_duration", "billing_plan")
            },
        )
        OutgoingEmail.objects.all().delete()
        return order

    def press(order, number):
        line = order.lines.filter(state="pending").order_by("pk")[number]
        return fulfil_line(line=line, by=offices[number])

    def check(order, results):
        assert refusals(results) == []
        assert Order.objects.get(pk=order.pk).status == "completed"
        assert OutgoingEmail.objects.filter(kind="order_carried_out", about_id=str(order.pk)).count() == 1

    run_parallel(press, n=2, rounds=ROUNDS, before=before, after=check)


def test_a_line_is_fulfilled_or_its_account_refused(new_order, offices):
    def press(order, number):
        if number:
            return decide_account(customer=order.customer, status="not_approved", reason="No.", by=offices[1])
        return fulfil_line(line=base_of(order), by=offices[0])

    def check(order, results):
        assert set(refusals(results)) <= {AccountNotActive}
        account = Customer.objects.get(pk=order.customer_id)
        assert account.status == "not_approved"
        started = Subscription.objects.filter(customer=account).count()
        assert started == (0 if refusals(results) else 1)

    run_parallel(press, n=2, rounds=ROUNDS, before=new_order, after=check)


def test_two_who_try_a_line_again_make_it_wait_once(new_order, offices, sales):
    def before():
        order = new_order()
        refuse_line(line=base_of(order), reason="No.", by=offices[0])
        return order

    def press(order, number):
        return retry_line(line=base_of(order), by=sales)

    def check(order, results):
        assert refusals(results) == [InvalidTransition]
        assert base_of(order).state == "pending"

    run_parallel(press, n=2, rounds=ROUNDS, before=before, after=check)
