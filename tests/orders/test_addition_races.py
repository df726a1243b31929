"""Additions at once: what one order or change makes true, the other Submit sees. PostgreSQL shows these."""

from collections import Counter

import pytest

from customers.models import ResellerRelationship
from customers.relationships import end_reseller_relationship
from orders.attesting import attestation_of
from orders.models import Order, OrderDraft
from orders.reviewed import fingerprint
from orders.services import NotReady, SomethingChanged, choose_offers, choose_reseller, start_draft, submit_draft
from subscriptions.changing import change_subscription
from subscriptions.models import Subscription, SupportContact
from subscriptions.rules import Suspend
from tests.factories import SubscriptionFactory
from tests.orders.conftest import SESSION, actor_of, agreed
from tests.races import run_parallel

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
ROUNDS = 8


def addition(customer, price, by, *, beside=0, support=None) -> tuple[OrderDraft, str]:
    """A draft for the customer as its Review shows it; `beside` says what was confirmed."""
    draft = start_draft(reseller=None, customer=customer, by=by)
    choose_offers(draft=draft, quantities={price: 5}, confirmed={price: beside}, by=by)
    draft = choose_reseller(draft=draft, reseller=None, support_contact=support, by=by)
    return draft, fingerprint(draft)


def submit(pair, by) -> Order:
    """Press Submit on what was reviewed."""
    draft, reviewed = pair
    return submit_draft(draft=draft, reviewed=reviewed, attestation=attestation_of(draft), session_key=SESSION, by=by)


@pytest.fixture(autouse=True)
def _warm(sales, provider, standard) -> None:
    """Place one before: the first compiles templates while it holds its locks, and on a busy machine others give up."""
    submit(addition(agreed(provider=provider), standard, sales), sales)


@pytest.mark.parametrize("having", [0, 1])
@pytest.mark.usefixtures("either_fulfilment")
def test_two_colleagues_order_the_same_at_once(sales, colleague, provider, standard, having):
    """One order; the second person is asked whether it is to be ordered once more, whatever was confirmed before."""
    people = (sales, colleague)

    def before():
        customer = agreed(provider=provider)
        for _each in range(having):
            SubscriptionFactory(customer=customer, sku=standard.sku)
        return [addition(customer, standard, by, beside=having) for by in people]

    def press(pairs, number):
        return submit(pairs[number], people[number])

    def after(pairs, results):
        [lost] = [result for result in results if isinstance(result, Exception)]
        assert isinstance(lost, NotReady)
        assert "already. Change its licenses instead" in str(lost)
        [order] = [result for result in results if isinstance(result, Order)]
        assert order.customer.orders.count() == 1

    run_parallel(press, n=2, rounds=ROUNDS, before=before, after=after)


def test_a_subscription_is_suspended_while_it_is_ordered_once_more(sales, provider, standard):
    """The order came first, or it is refused for the suspension; nobody waits for ever."""
    outcomes: Counter = Counter()
    admin = actor_of(provider)

    def before():
        subscription = SubscriptionFactory(customer=agreed(provider=provider), sku=standard.sku)
        return subscription, addition(subscription.customer, standard, sales, beside=1)

    def press(subject, number):
        subscription, pair = subject
        return (
            change_subscription(subscription=subscription, intent=Suspend(), by=admin)
            if number
            else submit(pair, sales)
        )

    def after(subject, results):
        subscription, (draft, _reviewed) = subject
        ordered, suspended = results
        assert isinstance(suspended, Subscription)
        orders = Order.objects.filter(customer=subscription.customer)
        if isinstance(ordered, Order):
            assert orders.get() == ordered
        else:
            assert isinstance(ordered, NotReady | SomethingChanged)
            assert not orders.exists()
            assert OrderDraft.objects.get(pk=draft.pk).is_open
        outcomes[type(ordered)] += 1

    run_parallel(press, n=2, rounds=ROUNDS, before=before, after=after)
    assert outcomes.total() == ROUNDS


def test_a_support_contact_loses_the_customer_while_it_is_designated(sales, provider, reseller, standard):
    """Designated by an order that came first, or the order is refused; never by one that came after."""
    admin = actor_of(provider)

    def before():
        customer = agreed(provider=provider, managed_by=reseller)
        return customer, addition(customer, standard, sales, support=reseller)

    def press(subject, number):
        customer, pair = subject
        if number == 0:
            return submit(pair, sales)
        relationship = ResellerRelationship.objects.get(customer=customer)
        return end_reseller_relationship(relationship=relationship, by=admin)

    def after(subject, results):
        customer, _pair = subject
        ordered, ended = results
        assert isinstance(ended, ResellerRelationship)
        contacts = SupportContact.objects.filter(subscription__customer=customer)
        if isinstance(ordered, Order):
            ended = ResellerRelationship.objects.get(customer=customer)
            assert contacts.get().begins_at <= ended.ends_at
        else:
            assert isinstance(ordered, NotReady)
            assert not contacts.exists()

    run_parallel(press, n=2, rounds=ROUNDS, before=before, after=after)
