"""What the visible rows of the Customers list show beside the columns of the customers: a query for each kind."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Sum, Window
from django.db.models.functions import RowNumber

from accounts.access import Actor
from customers.models import Customer, CustomerAdministrator, CustomerQuerySet, ResellerRelationship
from subscriptions.models import ResellerOfRecord, Subscription

SHOWN_IN_ROW = 5


@dataclass(frozen=True)
class ShownSubscription:
    """A subscription in an opened row; no model, for there are a hundred and more on a page."""

    subscription_id: UUID
    nickname: str
    quantity: int
    status: str
    ends_at: datetime | None
    at_end: str


@dataclass
class RowFacts:
    """What one row shows beside the customer's own columns."""

    manager: str = ""
    manager_key: int | None = None
    subscription_count: int = 0
    license_count: int = 0
    newest: list[ShownSubscription] = field(default_factory=list)
    # Resellers of record of its subscriptions that do not manage the customer.
    others: list[str] = field(default_factory=list)
    administrators: list[str] = field(default_factory=list)

    @property
    def more(self) -> int:
        """How many subscriptions there are beyond those shown."""
        return self.subscription_count - len(self.newest)


def listed_customers(actor: Actor) -> CustomerQuerySet:
    """The customers that the actor sees, with the columns that a row shows."""
    columns = ("microsoft_id", "company_name", "domain_prefix", "status", "created_at", "changed_at")
    if actor.is_provider:
        return Customer.objects.visible_to(actor).only(*columns)
    return Customer.objects.visible_to(actor).select_related("provider").only(*columns, "provider__legal_name")


def add_facts(customers: Sequence[Customer], actor: Actor) -> None:
    """Give each customer its `facts`: as many queries for a hundred rows as for one."""
    facts = {customer.pk: RowFacts() for customer in customers}
    for key, reseller, name in managers_of(facts, "reseller", "reseller__legal_name"):
        facts[key].manager_key, facts[key].manager = reseller, name
    _add_subscriptions(facts)
    if actor.is_provider:
        # A reseller reads of each subscription who earns with it, and has no list of who else does.
        _add_others(facts)
    rows = CustomerAdministrator.objects.filter(customer__in=facts).order_by("pk")
    for key, name in rows.values_list("customer", "user__sign_in_name"):
        facts[key].administrators.append(name)
    for customer in customers:
        customer.facts = facts[customer.pk]  # type: ignore[attr-defined]


def managers_of(customers: Iterable[int], *columns: str) -> list[tuple[Any, ...]]:
    """(customer, columns of the relationship) for each customer that a reseller manages now."""
    current = ResellerRelationship.objects.current().filter(customer__in=customers)
    return list(current.values_list("customer", *columns))


def _add_subscriptions(facts: dict[int, RowFacts]) -> None:
    """The newest few of each, and how many there are with how many licenses; what was deleted does not count."""
    order = [F("created_at").desc(), F("pk").desc()]
    rows = Subscription.objects.listed().filter(customer__in=facts)
    rows = rows.annotate(
        place=Window(RowNumber(), F("customer"), order),
        number=Window(Count("pk"), F("customer")),
        licenses=Window(Sum("quantity"), F("customer")),
    )
    columns = ("subscription_id", "nickname", "quantity", "status", "ends_at", "at_end")
    newest = rows.filter(place__lte=SHOWN_IN_ROW).order_by("place")
    for key, number, licenses, *shown in newest.values_list("customer", "number", "licenses", *columns):
        one = facts[key]
        one.subscription_count, one.license_count = number, licenses
        one.newest.append(ShownSubscription(*shown))


def _add_others(facts: dict[int, RowFacts]) -> None:
    rows = ResellerOfRecord.objects.filter(ends_at=None, subscription__customer__in=facts)
    rows = rows.exclude(subscription__status=Subscription.Status.DELETED)
    named = rows.values_list("subscription__customer", "reseller", "reseller__legal_name").distinct()
    for key, reseller, name in named.order_by("reseller__legal_name", "reseller"):
        if reseller != facts[key].manager_key:
            facts[key].others.append(name)
