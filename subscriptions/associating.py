"""A reseller begins to manage a customer, and on request earns and answers for all its subscriptions too."""

from django.db import transaction

from accounts.access import Actor
from accounts.models import Partner
from customers.models import Customer, ResellerRelationship
from customers.relationships import establish_relationship, hand_over_customer
from subscriptions.models import Subscription
from subscriptions.services import set_reseller_of_record, set_support_contact


@transaction.atomic
def associate_reseller(
    *, customer: Customer, reseller: Partner, scope: str, of_record: bool, support: bool, by: Actor
) -> ResellerRelationship:
    """Let the reseller manage a customer that none manages; with it, name it on all subscriptions as wanted."""
    begun = establish_relationship(customer=customer, reseller=reseller, scope=scope, by=by)
    _name_on_all(begun, of_record=of_record, support=support, by=by)
    return begun


@transaction.atomic
def change_managing_reseller(
    *,
    relationship: ResellerRelationship,
    to: Partner,
    scope: str,
    of_record: bool,
    support: bool,
    by: Actor,
    reason: str = "",
) -> ResellerRelationship:
    """Let another reseller manage the customer from this moment on; with it, name it on all subscriptions as wanted."""
    begun = hand_over_customer(relationship=relationship, to=to, scope=scope, by=by, reason=reason)
    assert begun is not None
    _name_on_all(begun, of_record=of_record, support=support, by=by)
    return begun


def _name_on_all(relationship: ResellerRelationship, *, of_record: bool, support: bool, by: Actor) -> None:
    """One after the other, as their own page does it: each has its record."""
    if not (of_record or support):
        return
    rows = Subscription.objects.live().filter(customer=relationship.customer_id).order_by("pk")
    for subscription in rows.select_related("customer__provider"):
        if of_record:
            set_reseller_of_record(subscription=subscription, reseller=relationship.reseller, by=by)
        if support:
            set_support_contact(subscription=subscription, reseller=relationship.reseller, by=by)
