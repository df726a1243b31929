"""Subscriptions that name a reseller, and which of their two relations names it."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q

from accounts.access import Actor
from resellers.models import Partnership
from subscriptions.models import ResellerOfRecord, Subscription, SupportContact

RELATIONS: dict[str, type[ResellerOfRecord] | type[SupportContact]] = {
    "of_record": ResellerOfRecord,
    "support": SupportContact,
}
# Where a subscription keeps whom the current relation names.
COLUMNS = {"of_record": "reseller_of_record", "support": "support_contact"}


def in_force(partnership: Partnership) -> Q:
    """Relations that are current; of a partnership that is over, those that were so at some time of it."""
    if partnership.ended_at is None:
        return Q(ends_at=None)
    return Q(begins_at__lte=partnership.ended_at) & (Q(ends_at=None) | Q(ends_at__gt=partnership.began_at))


def named_parts(partnership: Partnership) -> Sequence[Q]:
    """Whether the partnership's reseller is reseller of record of a subscription, or else its support contact.

    Of a partnership that is over both are asked at once: no index knows of the past.
    """
    of_record, support = (_named(relation, partnership) for relation in RELATIONS)
    return (of_record, support & ~of_record) if partnership.ended_at is None else (of_record | support,)


def named_count(actor: Actor, partnership: Partnership, relation: str) -> int:
    """How many of the actor's subscriptions name the reseller in this relation, a key of RELATIONS."""
    return Subscription.objects.visible_to(actor).listed().filter(_named(relation, partnership)).count()


def _named(relation: str, partnership: Partnership) -> Q:
    """Whether a subscription names the reseller in this relation; a column knows of the present alone."""
    if partnership.ended_at is None:
        return Q(**{COLUMNS[relation]: partnership.reseller_id})
    named = RELATIONS[relation].objects.filter(in_force(partnership), reseller=partnership.reseller)
    return Q(pk__in=named.values("subscription"))


def with_named_relations(subscriptions: list[Any], partnership: Partnership) -> None:
    """Give each its newest relation of each kind to the reseller, in two queries."""
    for name, model in RELATIONS.items():
        rows = model.objects.filter(
            in_force(partnership), reseller=partnership.reseller, subscription__in=subscriptions
        )
        found = {row.subscription_id: row for row in rows.order_by("begins_at", "pk")} if subscriptions else {}
        for subscription in subscriptions:
            setattr(subscription, f"named_{name}", found.get(subscription.pk))
