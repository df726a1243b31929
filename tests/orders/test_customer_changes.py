"""Whatever happens to a customer, its relations, its orders or its subscriptions brings it to the top of the list."""

from datetime import timedelta

import pytest

from accounts.access import Actor
from core import clock
from customers.models import Customer
from customers.relationships import end_reseller_relationship, hand_over_customer
from orders.partnerships.choices import MANAGER, NOBODY, OWNER, Choices, resolved
from orders.partnerships.consequences import Consequences, Relation
from orders.partnerships.reviewing import fingerprint
from orders.partnerships.services import end_partnership
from subscriptions.models import ResellerOfRecord, SupportContact
from subscriptions.services import set_reseller_of_record, set_support_contact, start_subscription
from tests.factories import CustomerFactory, PartnerFactory, PartnershipFactory, SubscriptionFactory
from tests.orders.conftest import actor_of, make_price


@pytest.fixture
def admin(provider) -> Actor:
    return actor_of(provider)


@pytest.fixture
def other(provider):
    return PartnershipFactory(provider=provider).reseller


@pytest.fixture
def subscription(provider, partnership):
    return SubscriptionFactory(customer__provider=provider, customer__managed_by=partnership.reseller)


def settle() -> None:
    """Let a month pass since every change."""
    month = timedelta(days=30)
    Customer.objects.update(created_at=clock.now() - month, changed_at=clock.now() - month)


def changed() -> set[Customer]:
    """The customers that changed in the last hour."""
    return set(Customer.objects.filter(changed_at__gt=clock.now() - timedelta(hours=1)))


def start(subscription, other, by):
    start_subscription(
        customer=subscription.customer, price=make_price("Suite"), quantity=1, reseller_of_record=None, by=by
    )


def take_away(subscription, other, by):
    end_reseller_relationship(relationship=subscription.customer.reseller_relationships.get(), by=by)


def hand_over(subscription, other, by):
    hand_over_customer(relationship=subscription.customer.reseller_relationships.get(), to=other, by=by)


def name_of_record(subscription, other, by):
    set_reseller_of_record(subscription=subscription, reseller=other, by=by)


def name_for_support(subscription, other, by):
    set_support_contact(subscription=subscription, reseller=other, by=by)


@pytest.mark.parametrize("act", [start, take_away, hand_over, name_of_record, name_for_support])
def test_each_change_is_noted_at_its_customer_and_nowhere_else(subscription, provider, other, admin, act):
    CustomerFactory(provider=provider)
    settle()
    act(subscription, other, admin)
    assert changed() == {subscription.customer}


@pytest.mark.parametrize("act", [take_away, name_of_record, name_for_support])
def test_what_changes_nothing_is_not_noted(subscription, other, admin, act):
    act(subscription, other, admin)
    settle()
    act(subscription, other, admin)
    assert changed() == set()


@pytest.mark.parametrize("to_another", [True, False])
def test_the_end_of_a_partnership_is_noted_at_every_customer_that_it_concerns(
    subscription, partnership, provider, other, admin, to_another
):
    reseller, user = partnership.reseller, admin.user
    elsewhere = [SubscriptionFactory(customer__provider=provider) for _each in range(3)]
    ResellerOfRecord.objects.create(subscription=elsewhere[0], reseller=reseller, mpn_id=reseller.mpn_id, set_by=user)
    SupportContact.objects.create(subscription=elsewhere[1], reseller=reseller, set_by=user)
    SupportContact.objects.create(subscription=elsewhere[2], reseller=PartnerFactory(reseller=True), set_by=user)
    settle()
    keys = [other.pk, other.pk, other.pk] if to_another else [NOBODY, MANAGER, MANAGER]
    for_all = {relation: {"united_states": key} for relation, key in zip(Relation, keys, strict=True)}
    choices, consequences = Choices(for_all=for_all, drafts=OWNER), Consequences(partnership)
    reviewed = fingerprint(consequences, resolved(choices, consequences))
    end_partnership(partnership=partnership, choices=choices, reason="", reviewed=reviewed, by=admin)
    assert changed() == {subscription.customer, elsewhere[0].customer, elsewhere[1].customer}
