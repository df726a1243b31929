"""What of an entry's customer its reader may see: a reseller of record need not manage the customer."""

from collections.abc import Sequence

from accounts.access import Actor
from customers.models import Customer
from subscriptions.models import IncentiveEntry


def mark_seen(entries: Sequence[IncentiveEntry], actor: Actor) -> None:
    """Give each entry `customer_seen`: whether the actor may open its customer (a query for a reseller, else none)."""
    keys = {entry.subscription.customer_id for entry in entries}
    if actor.is_provider or not keys:
        seen = keys
    else:
        seen = set(Customer.objects.visible_to(actor).filter(pk__in=keys).values_list("pk", flat=True))
    for entry in entries:
        entry.customer_seen = entry.subscription.customer_id in seen  # type: ignore[attr-defined]


def name_of(entry: IncentiveEntry) -> str:
    """The subscription's nickname for who may open it; for others the offer, which is no word of the customer's."""
    return entry.subscription.nickname if entry.customer_seen else entry.subscription.offer_name  # type: ignore[attr-defined]
