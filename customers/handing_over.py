"""Many customers leave a reseller's hands at once: what relationships.py does for one, in a few statements for all."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from accounts.access import Actor
from activity.models import ActivityRecord
from activity.services import composed, record_all
from core.exceptions import NotPermitted
from customers.changes import mark_changed
from customers.models import Customer, ResellerRelationship, TenantOwner
from customers.registry import follow_managers
from customers.tenant_owners import close_grant
from resellers.models import Partnership

BATCH = 1_000


def lock_relationships(partnership: Partnership) -> list[ResellerRelationship]:
    """The current delegations that rest on the partnership, held until the transaction ends; after their customers."""
    rows = ResellerRelationship.objects.current().filter(partnership=partnership).order_by("pk")
    # Two queries, as the first may wait: its join would show the customers of before the wait.
    held = set(rows.select_for_update(no_key=True).values_list("pk", flat=True))
    related = rows.select_related("customer").only(
        "scope", "begins_at", "customer__company_name", "customer__microsoft_id", "customer__provider"
    )
    relationships = [one for one in related if one.pk in held]
    for one in relationships:
        # One object for all: rows of their own for the same two companies would take longer than all the rest.
        one.reseller, one.customer.provider = partnership.reseller, partnership.provider
    return relationships


def hand_over_customers(
    *,
    relationships: Sequence[ResellerRelationship],
    to: Mapping[int, Partnership],
    by: Actor,
    at: datetime,
    reason: str = "",
) -> list[ResellerRelationship]:
    """End these locked delegations, and let those in `to` (by their key) begin again under another partnership.

    The caller has asked whether the actor may, and holds the partnerships, whose resellers are ready. Each change has
    the records that it has alone; the mails are the caller's, who tells each reseller of all its customers at once.
    """
    if by.user is None:
        raise NotPermitted("A customer is handed over by a person.")
    if not relationships:
        return []
    rows = ResellerRelationship.objects.filter(pk__in=[one.pk for one in relationships])
    rows.update(ends_at=at)
    customers = [one.customer_id for one in relationships]
    mark_changed(*customers, at=at)
    follow_managers(customers)
    for grant in owned_by_those(relationships):
        close_grant(grant, by=by, now=at)
    begun = [
        ResellerRelationship(
            customer=one.customer,
            reseller=to[one.pk].reseller,
            partnership=to[one.pk],
            scope=one.scope,
            begins_at=at,
            set_by=by.user,
        )
        for one in relationships
        if one.pk in to
    ]
    ResellerRelationship.objects.bulk_create(begun, batch_size=BATCH)
    followers = {one.customer_id: one for one in begun}
    records: list[ActivityRecord] = []
    for one in relationships:
        records += _records(one, followers.get(one.customer_id), by, reason)
    record_all(records)
    return begun


def owned_by_those(relationships: Sequence[ResellerRelationship]) -> list[TenantOwner]:
    """The tenant ownerships that end with these delegations; few, as few customers have Azure."""
    reseller = relationships[0].reseller
    customers = [one.customer_id for one in relationships]
    rows = TenantOwner.objects.current().filter(reseller=reseller, customer__in=customers)
    return list(rows.select_related("customer__provider", "reseller"))


def _records(
    ended: ResellerRelationship, begun: ResellerRelationship | None, by: Actor, reason: str
) -> list[ActivityRecord]:
    """The record for the reseller that loses the customer, and that for the one that gets it."""
    customer, before = ended.customer, ended.reseller.recorded_name
    lost = {"reseller": before, "old": ended.scope, "new": None, "reason": reason}
    records = [_concerning(ended, customer, "customer.access_removed", by, **lost)]
    if begun is not None:
        gained = {"old": before, "new": begun.reseller.recorded_name, "scope": begun.scope}
        records.append(_concerning(begun, customer, "customer.reseller_changed", by, **gained))
    return records


def _concerning(
    relationship: ResellerRelationship, customer: Customer, action: str, by: Actor, **changes: object
) -> ActivityRecord:
    customer.current_relationships = [relationship]
    kept = composed(action, customer, by=by, **changes)
    del customer.current_relationships
    return kept
