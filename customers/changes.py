"""When something about a customer was changed last: lists show the latest first."""

from collections.abc import Iterable
from datetime import datetime

from customers.models import Customer


def lock_customers(keys: Iterable[int]) -> None:
    """Hold these customers until the transaction ends; before their relationships and subscriptions, in one order."""
    rows = Customer.objects.filter(pk__in=keys).order_by("pk")
    list(rows.select_for_update(no_key=True).values_list("pk", flat=True))


def mark_changed(*keys: int, at: datetime) -> None:
    """Note that something about these customers, by their keys, changed: their relations, subscriptions or orders."""
    Customer.objects.filter(pk__in=keys, changed_at__lt=at).update(changed_at=at)
