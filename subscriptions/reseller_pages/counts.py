"""What each reseller does for one provider, counted for some resellers at once: never more than a query each."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Sum, Window
from django.db.models.functions import RowNumber

from accounts.models import Partner
from customers.models import Customer, ResellerRelationship
from subscriptions.models import Subscription

SHOWN_IN_ROW = 5


def customers_counted(provider: Partner, resellers: Iterable[Partner]) -> dict[int, int]:
    """By reseller, how many of the provider's customers it manages now."""
    managed = Customer.objects.filter(provider=provider, managing_reseller__in=resellers).order_by()
    return dict(managed.values_list("managing_reseller").annotate(number=Count("pk")))


def customers_managed(provider: Partner, resellers: Iterable[Partner]) -> dict[int, dict[str, int]]:
    """By reseller, how many of the provider's customers it manages now in each scope."""
    current = ResellerRelationship.objects.current().filter(reseller__in=resellers, customer__provider=provider)
    found: dict[int, dict[str, int]] = {}
    for row in current.order_by().values("reseller", "scope").annotate(number=Count("pk")):
        found.setdefault(row["reseller"], {})[row["scope"]] = row["number"]
    return found


def subscriptions_of_record(provider: Partner, resellers: Iterable[Partner]) -> dict[int, int]:
    """By reseller, on how many of the provider's subscriptions it is the reseller of record now."""
    named = Subscription.objects.listed().filter(provider=provider, reseller_of_record__in=resellers).order_by()
    return dict(named.values_list("reseller_of_record").annotate(number=Count("pk")))


@dataclass(frozen=True)
class ShownCustomer:
    """A customer in an opened row."""

    microsoft_id: UUID
    company_name: str


def newest_customers(provider: Partner, resellers: Iterable[Partner]) -> dict[int, list[ShownCustomer]]:
    """By reseller, the few customers that it began to manage last."""
    place = Window(RowNumber(), partition_by=F("reseller"), order_by=[F("begins_at").desc(), F("pk").desc()])
    current = ResellerRelationship.objects.current().filter(reseller__in=resellers, customer__provider=provider)
    newest = current.annotate(place=place).filter(place__lte=SHOWN_IN_ROW).order_by("place")
    found: dict[int, list[ShownCustomer]] = {}
    for key, microsoft_id, name in newest.values_list("reseller", "customer__microsoft_id", "customer__company_name"):
        found.setdefault(key, []).append(ShownCustomer(microsoft_id, name))
    return found


def count_subscriptions(customers: list[Any]) -> None:
    """Give each of these customers the number of its subscriptions and of its licenses."""
    listed = Subscription.objects.listed().filter(customer__in=customers).order_by()
    counted = listed.values("customer").annotate(number=Count("pk"), licenses=Sum("quantity")) if customers else ()
    by_customer = {row["customer"]: row for row in counted}
    for customer in customers:
        row = by_customer.get(customer.pk, {"number": 0, "licenses": 0})
        customer.subscription_count, customer.license_count = row["number"], row["licenses"]
