"""A customer says yes, or a scope changes, while the partnership it rests on ends: one comes first, the other knows."""

from collections import Counter

import pytest

from core.exceptions import InvalidTransition
from customers.models import RelationshipRequest, ResellerRelationship
from customers.relationship_requests.answers import RequestOver, ResellerNotReady, accept_relationship_request
from customers.relationship_requests.services import draft_relationship_request, share_relationship_request
from customers.relationships import change_scope, establish_relationship
from customers.services import PartnershipRequired
from orders.partnerships.choices import NOBODY
from orders.partnerships.reviewing import SomethingChanged
from resellers.models import Partnership
from tests.customers.asking import administrator_of
from tests.factories import CustomerFactory
from tests.orders.test_partnership_end_races import (
    ROUNDS,
    Starts,
    nothing_rests_on_what_has_ended,
    press_end,
    renew,
    starts,  # noqa: F401 - a fixture
)
from tests.orders.test_partnership_end_service import choose, end, seen
from tests.races import run_parallel

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
# ruff: noqa: F811 - the fixture above


def run(shared, starts: Starts, begin, act, check) -> None:
    """End the partnership and do `act` to what `begin` made at once, in turn a little earlier and later."""
    outcomes: Counter = Counter()

    def before():
        renew(shared)
        starts.next()
        subject = begin()
        choices = choose(NOBODY, NOBODY, NOBODY)
        return subject, choices, seen(shared.partnership, choices)

    def press(prepared, number):
        starts.wait(number)
        subject, choices, reviewed = prepared
        return act(subject) if number == 0 else press_end(shared, choices, reviewed)

    def after(prepared, results):
        acted, ended = results
        outcomes[type(acted)] += 1
        check(prepared[0], acted, ended)
        nothing_rests_on_what_has_ended()

    run_parallel(press, n=2, rounds=ROUNDS, before=before, after=after)
    assert len(outcomes) == 2, outcomes


def test_a_customer_accepts_while_the_partnership_ends(shared, starts):
    def begin():
        customer = CustomerFactory(provider=shared.provider)
        draft = draft_relationship_request(customer=customer, reseller=shared.reseller, scope="manage", by=shared.admin)
        return share_relationship_request(request=draft, by=shared.admin), administrator_of(customer)

    def accept(subject):
        request, owner = subject
        return accept_relationship_request(request=request, replaces="", by=owner)

    def check(subject, accepted, ended):
        request = RelationshipRequest.objects.get(pk=subject[0].pk)
        managed = ResellerRelationship.objects.filter(customer=request.customer).current().exists()
        if isinstance(accepted, RelationshipRequest):
            # The end sees a customer more than its page said, and asks again.
            assert (request.state, managed, type(ended)) == ("accepted", True, SomethingChanged)
        else:
            assert isinstance(accepted, ResellerNotReady | RequestOver)
            assert (request.state, managed, type(ended)) == ("revoked", False, Partnership)

    run(shared, starts, begin, accept, check)


def test_a_relationship_is_established_while_the_partnership_ends(shared, starts):
    def establish(customer):
        return establish_relationship(customer=customer, reseller=shared.reseller, by=shared.admin)

    def check(customer, established, ended):
        if isinstance(established, ResellerRelationship):
            assert isinstance(ended, SomethingChanged)
        else:
            assert (type(established), type(ended)) == (PartnershipRequired, Partnership)
            assert not customer.reseller_relationships.exists()

    run(shared, starts, lambda: CustomerFactory(provider=shared.provider), establish, check)


def test_a_scope_is_narrowed_while_the_partnership_ends(shared, starts):
    def begin():
        return ResellerRelationship.objects.current().get(partnership=shared.partnership)

    def narrow(relationship):
        return change_scope(relationship=relationship, scope="view_and_request", by=shared.admin)

    def check(relationship, narrowed, ended):
        rows = ResellerRelationship.objects.filter(customer=relationship.customer)
        if isinstance(narrowed, ResellerRelationship):
            assert rows.count() == 2
            assert isinstance(ended, Partnership | SomethingChanged)
        else:
            assert (type(narrowed), type(ended), rows.count()) == (InvalidTransition, Partnership, 1)

    run(shared, starts, begin, narrow, check)


@pytest.mark.django_db(transaction=False)
def test_what_customers_are_asked_ends_with_the_partnership(shared):
    customer = CustomerFactory(provider=shared.provider)
    asked = {
        reseller: share_relationship_request(
            request=draft_relationship_request(customer=one, reseller=reseller, scope="manage", by=shared.admin),
            by=shared.admin,
        )
        for reseller, one in (
            (shared.reseller, customer),
            (shared.litware, CustomerFactory(provider=shared.provider)),
        )
    }
    end(shared, choose(NOBODY, NOBODY, NOBODY))
    states = {reseller: RelationshipRequest.objects.get(pk=one.pk).state for reseller, one in asked.items()}
    assert states == {shared.reseller: "revoked", shared.litware: "sent"}
