"""Two colleagues give one customer or one subscription to different resellers at the same moment."""

import time

import pytest
from django.db import transaction

from activity.models import ActivityRecord
from core import clock
from core.exceptions import InvalidTransition
from customers.models import ResellerRelationship
from customers.relationships import end_reseller_relationship, hand_over_customer
from resellers.models import Partnership
from subscriptions.models import ResellerOfRecord
from subscriptions.services import set_reseller_of_record
from tests.factories import CustomerFactory, PartnerFactory, PartnershipFactory, SkuFactory, SubscriptionFactory
from tests.races import at_once, run_parallel

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def others(provider):
    """Two more partnered resellers."""
    return [PartnershipFactory(provider=provider, reseller=PartnerFactory(reseller=True)).reseller for _n in range(2)]


def test_of_two_new_managers_one_gets_the_customer(provider, reseller, others, admin):
    def before() -> ResellerRelationship:
        return CustomerFactory(provider=provider, managed_by=reseller).reseller_relationships.get()

    def check(relationship, results):
        assert sorted(type(result).__name__ for result in results) == ["InvalidTransition", "ResellerRelationship"]
        (winner,) = [result for result in results if isinstance(result, ResellerRelationship)]
        mine = ResellerRelationship.objects.filter(customer=relationship.customer)
        assert (mine.count(), mine.current().get()) == (2, winner)

    run_parallel(
        lambda relationship, number: hand_over_customer(relationship=relationship, to=others[number], by=admin),
        n=2,
        before=before,
        after=check,
    )


def test_what_begins_while_the_customer_is_handed_over_names_the_new_manager(provider, reseller, others, admin):
    sku = SkuFactory()

    def begin(customer):
        # The row alone, as no service writes it: whoever starts a subscription holds the customer.
        with transaction.atomic():
            made = SubscriptionFactory(customer=customer, sku=sku)
            time.sleep(0.3)
        return made

    for _round in range(5):
        customer = CustomerFactory(provider=provider, managed_by=reseller)
        relationship = customer.reseller_relationships.get()
        made, handed = at_once(
            lambda one=customer: begin(one),
            lambda one=relationship: hand_over_customer(relationship=one, to=others[0], by=admin),
        )
        made.refresh_from_db()
        assert made.managing_reseller == handed.reseller == others[0]


def test_removing_and_handing_over_leave_one_end(provider, reseller, others, admin):
    for _round in range(25):
        customer = CustomerFactory(provider=provider, managed_by=reseller)
        relationship = customer.reseller_relationships.get()
        seen = ActivityRecord.objects.count()
        _ended, handed = at_once(
            lambda one=relationship: end_reseller_relationship(relationship=one, by=admin),
            lambda one=relationship: hand_over_customer(relationship=one, to=others[0], by=admin),
        )
        current = list(customer.reseller_relationships.current())
        assert current == ([] if isinstance(handed, InvalidTransition) else [handed])
        assert ActivityRecord.objects.count() - seen == 1 + len(current)


def test_of_two_resellers_of_record_one_is_current_and_the_other_was(provider, others, sales):
    def check(subscription, results):
        assert {type(result) for result in results} == {ResellerOfRecord}
        mine = ResellerOfRecord.objects.filter(subscription=subscription)
        assert (mine.count(), mine.filter(ends_at=None).count()) == (2, 1)
        chain = list(mine.order_by("begins_at", "pk"))
        assert chain[0].ends_at == chain[1].begins_at

    run_parallel(
        lambda subscription, number: set_reseller_of_record(
            subscription=subscription, reseller=others[number], by=sales
        ),
        n=2,
        before=lambda: SubscriptionFactory(customer__provider=provider),
        after=check,
    )


def test_a_partnership_that_ends_meanwhile_gets_no_customer(provider, reseller, others, admin):
    for _round in range(25):
        partnership = PartnershipFactory(provider=provider, reseller=PartnerFactory(reseller=True))
        customer = CustomerFactory(provider=provider, managed_by=reseller)
        relationship = customer.reseller_relationships.get()

        @transaction.atomic
        def end(one=partnership):
            """As the end of a partnership does it: lock, look who is managed, close."""
            locked = Partnership.objects.select_for_update().get(pk=one.pk)
            managed = ResellerRelationship.objects.current().filter(partnership=one).count()
            if not managed:
                locked.ended_at = max(clock.now(), locked.began_at)
                locked.save(update_fields=["ended_at"])
            return managed

        managed, handed = at_once(
            end, lambda one=relationship, to=partnership.reseller: hand_over_customer(relationship=one, to=to, by=admin)
        )
        partnership.refresh_from_db()
        kept = isinstance(handed, ResellerRelationship)
        assert (managed, partnership.ended_at is None) == (int(kept), kept), handed
