"""What each reseller does for one provider, counted for some resellers at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Sum

from customers.models import ResellerRelationship
from resellers.models import Partnership
from subscriptions.models import Subscription

SHOWN_IN_ROW = 5


def customers_managed(partnerships: Iterable[Partnership]) -> dict[int, dict[str, int]]:
    """By partnership, how many customers its reseller manages now in each scope."""
    current = ResellerRelationship.objects.current().filter(partnership__in=partnerships).order_by()
    found: dict[int, dict[str, int]] = {}
    for key, scope, number in current.values_list("partnership", "scope").annotate(number=Count("pk")):
        found.setdefault(key, {})[scope] = number
    return found


@dataclass(frozen=True)
class ShownCustomer:
    """A customer in an opened row."""

    microsoft_id: UUID
    company_name: str


def newest_customers(partnership: Partnership) -> list[ShownCustomer]:
    """The few customers that its reseller began to manage last; a look at the end of an index, however many it has."""
    current = ResellerRelationship.objects.current().filter(partnership=partnership).order_by("-begins_at", "-pk")
    newest = current.values_list("customer__microsoft_id", "customer__company_name")[:SHOWN_IN_ROW]
    return [ShownCustomer(*row) for row in newest]


def count_subscriptions(customers: list[Any]) -> None:
    """Give each of these customers the number of its subscriptions and of its licenses."""
    listed = Subscription.objects.listed().filter(customer__in=customers).order_by()
    counted = listed.values("customer").annotate(number=Count("pk"), licenses=Sum("quantity")) if customers else ()
    by_customer = {row["customer"]: row for row in counted}
    for customer in customers:
        row = by_customer.get(customer.pk, {"number": 0, "licenses": 0})
        customer.subscription_count, customer.license_count = row["number"], row["licenses"]
