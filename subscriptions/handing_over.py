"""Many subscriptions change the reseller that is named on them at once: what services.py does for one, for all."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from accounts.access import Actor
from accounts.models import Partner
from activity.models import ActivityRecord
from activity.services import composed, record_all
from core.exceptions import NotPermitted
from customers.changes import lock_customers, mark_changed
from customers.models import ResellerRelationship
from resellers.models import Partnership
from subscriptions.models import ResellerOfRecord, Subscription, SupportContact
from subscriptions.services import RELATION_ACTIONS

BATCH = 1_000
# ResellerOfRecord or SupportContact, and their class: the base that they share has no subscription of its own.
Relation = Any
Kind = type[Any]


def relations_to(model: Kind, partnership: Partnership) -> QuerySet[Relation]:
    """The current relations of this kind to the partnership's reseller on its provider's subscriptions."""
    rows = model._default_manager.filter(ends_at=None, reseller=partnership.reseller)
    return rows.filter(subscription__customer__provider=partnership.provider).order_by("pk")


def loaded(model: Kind, partnership: Partnership) -> list[Relation]:
    """The same in full for name_resellers(), with no more of each subscription than its record says: there are many."""
    columns = ("nickname", "subscription_id", "customer__company_name", "customer__microsoft_id", "customer__provider")
    rows = relations_to(model, partnership).select_related("subscription__customer")
    rows = rows.only("begins_at", "reseller", *(f"subscription__{column}" for column in columns))
    relations = list(rows)
    for one in relations:
        # One object for all: rows of their own for the same two companies would take longer than all the rest.
        one.reseller = partnership.reseller
        one.subscription.customer.provider = partnership.provider
    return relations


def lock_their_customers(partnership: Partnership) -> None:
    """Hold every customer that the partnership's end concerns, before anything of theirs is held."""
    current = ResellerRelationship.objects.current().filter(partnership=partnership)
    keys = set(current.values_list("customer", flat=True))
    for model in (ResellerOfRecord, SupportContact):
        keys |= set(relations_to(model, partnership).order_by().values_list("subscription__customer", flat=True))
    lock_customers(keys)


def lock_subscriptions(partnership: Partnership) -> None:
    """Hold every subscription that names the partnership's reseller: who changes its relations holds it too."""
    named = Q()
    for model in (ResellerOfRecord, SupportContact):
        named |= Q(pk__in=relations_to(model, partnership).order_by().values("subscription"))
    held = Subscription.objects.filter(named).order_by("pk").select_for_update(no_key=True)
    list(held.values_list("pk", flat=True))


def name_resellers(
    *,
    model: Kind,
    relations: Sequence[Relation],
    to: Mapping[int, Partner],
    by: Actor,
    at: datetime,
) -> list[Relation]:
    """End these relations of locked subscriptions, and let other resellers be named on those in `to` (by their key).

    The caller has asked whether the actor may, and holds the partnerships of the resellers, which are ready. Each
    change has the records that it has alone.
    """
    if by.user is None:
        raise NotPermitted("The reseller of a subscription is named by a person.")
    if not relations:
        return []
    model._default_manager.filter(pk__in=[one.pk for one in relations]).update(ends_at=at)
    mark_changed(*{one.subscription.customer_id for one in relations}, at=at)
    begun = [_following(model, one, to[one.pk], by, at) for one in relations if one.pk in to]
    model._default_manager.bulk_create(begun, batch_size=BATCH)
    followers = {one.subscription_id: one for one in begun}
    _with_managers([one.subscription for one in relations])
    records: list[ActivityRecord] = []
    for one in relations:
        records += _records(one, followers.get(one.subscription_id), by)
    record_all(records)
    return begun


def _following(model: Kind, ended: Relation, reseller: Partner, by: Actor, at: datetime) -> Relation:
    mpn_id = {"mpn_id": reseller.mpn_id} if model is ResellerOfRecord else {}
    return model(subscription=ended.subscription, reseller=reseller, begins_at=at, set_by=by.user, **mpn_id)


def _with_managers(subscriptions: Sequence[Subscription]) -> None:
    """Give the subscriptions' customers their managing resellers in one query: each record asks for them."""
    customers = {one.customer_id: one.customer for one in subscriptions}
    current = ResellerRelationship.objects.current().filter(customer__in=customers.values())
    found = {row.customer_id: row for row in current.select_related("reseller")}
    for subscription in subscriptions:
        manager = found.get(subscription.customer_id)
        subscription.customer.current_relationships = [manager] if manager else []


def _records(ended: Relation, begun: Relation | None, by: Actor) -> list[ActivityRecord]:
    """The record for the reseller that is named now, and that for the one that was."""
    subscription: Subscription = ended.subscription
    changed, over = RELATION_ACTIONS[type(ended)]
    before, after = ended.reseller.recorded_name, begun.reseller.recorded_name if begun else None
    records = []
    if begun is not None:
        subscription.concerned_reseller = ended.reseller
        records.append(composed(over, subscription, by=by, reseller=before))
    subscription.concerned_reseller = begun.reseller if begun else ended.reseller
    records.append(composed(changed, subscription, by=by, old=before, new=after))
    subscription.concerned_reseller = None
    return records
