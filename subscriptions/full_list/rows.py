"""The rows of Subscriptions, and what is read for the visible ones only."""

from collections.abc import Sequence

from django.db.models import QuerySet

from accounts.access import Actor
from subscriptions.models import ResellerOfRecord, Subscription
from subscriptions.others import as_seen

SHOWN = (
    "subscription_id nickname offer_name quantity status term_duration billing_plan at_end ends_at cancellable_until "
    "next_step_at ended_at is_trial changed_at customer__microsoft_id customer__company_name"
).split()


def listed_subscriptions(actor: Actor) -> QuerySet[Subscription]:
    """What the actor sees of all customers, deleted ones too, with the columns that a row shows."""
    rows = Subscription.objects.visible_to(actor)
    if actor.is_provider:
        return rows.select_related("customer").only(*SHOWN)
    return rows.select_related("customer__provider").only(*SHOWN, "customer__provider__legal_name")


def add_resellers(rows: Sequence[Subscription], reader: Actor) -> None:
    """Give each its reseller of record as the reader sees it, or None (one query)."""
    current = ResellerOfRecord.objects.filter(subscription__in=rows, ends_at=None).select_related("reseller")
    shown = current.only("subscription_id", "mpn_id", "reseller__legal_name")
    found = {relation.subscription_id: as_seen(relation, reader) for relation in shown} if rows else {}
    for row in rows:
        row.current_reseller = found.get(row.pk)  # type: ignore[attr-defined]
