"""Subscriptions that name a reseller, and which of their two relations names it."""

from typing import Any

from django.db.models import Q, QuerySet

from accounts.access import Actor
from resellers.models import Partnership
from subscriptions.models import ResellerOfRecord, Subscription, SupportContact

RELATIONS: dict[str, type[ResellerOfRecord] | type[SupportContact]] = {
    "of_record": ResellerOfRecord,
    "support": SupportContact,
}


def in_force(partnership: Partnership) -> Q:
    """Relations that are current; of a partnership that is over, those that were so at some time of it."""
    if partnership.ended_at is None:
        return Q(ends_at=None)
    return Q(begins_at__lte=partnership.ended_at) & (Q(ends_at=None) | Q(ends_at__gt=partnership.began_at))


def named_subscriptions(actor: Actor, partnership: Partnership) -> QuerySet[Subscription]:
    """The actor's subscriptions that name the partnership's reseller as reseller of record or as support contact."""
    named = [
        model.objects.filter(in_force(partnership), reseller=partnership.reseller).values_list(
            "subscription_id", flat=True
        )
        for model in RELATIONS.values()
    ]
    visible = Subscription.objects.visible_to(actor).listed().select_related("customer")
    return visible.filter(pk__in=named[0].union(named[1]))


def named_count(actor: Actor, partnership: Partnership, relation: str) -> int:
    """How many of those name the reseller in this relation, a key of RELATIONS."""
    named = RELATIONS[relation].objects.filter(in_force(partnership), reseller=partnership.reseller)
    visible = Subscription.objects.visible_to(actor).listed()
    return visible.filter(pk__in=named.values_list("subscription_id", flat=True)).count()


def with_named_relations(subscriptions: list[Any], partnership: Partnership) -> None:
    """Give each its newest relation of each kind to the reseller, in two queries."""
    for name, model in RELATIONS.items():
        rows = model.objects.filter(
            in_force(partnership), reseller=partnership.reseller, subscription__in=subscriptions
        )
        found = {row.subscription_id: row for row in rows.order_by("begins_at", "pk")} if subscriptions else {}
        for subscription in subscriptions:
            setattr(subscription, f"named_{name}", found.get(subscription.pk))
