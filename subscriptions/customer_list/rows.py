"""What rows of the Customers list show, and what opened ones show beside it: a query for each kind."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from accounts.access import Actor
from customers.models import Customer, CustomerAdministrator, CustomerQuerySet, ResellerRelationship
from subscriptions.models import ResellerOfRecord, Subscription

SHOWN_IN_ROW = 5


@dataclass(frozen=True)
class ShownSubscription:
    """A subscription in an opened row, with what wording.what_comes() asks of one."""

    subscription_id: UUID
    nickname: str
    quantity: int
    status: str
    is_trial: bool
    term_duration: str
    at_end: str
    ends_at: datetime | None
    cancellable_until: datetime | None
    next_step_at: datetime | None
    ended_at: datetime | None


@dataclass
class OpenedFacts:
    """What an opened row shows beside what the list knows of the customer."""

    newest: list[ShownSubscription] = field(default_factory=list)
    # Resellers of record of its subscriptions that do not manage the customer.
    others: list[str] = field(default_factory=list)
    administrators: list[str] = field(default_factory=list)


def listed_customers(actor: Actor) -> CustomerQuerySet:
    """The customers that the actor sees, with the columns that a row shows."""
    columns = ("microsoft_id", "company_name", "domain_prefix", "status", "created_at", "changed_at")
    other_side = "managing_reseller" if actor.is_provider else "provider"
    shown = Customer.objects.visible_to(actor).select_related(other_side)
    return shown.only(*columns, f"{other_side}__legal_name")


def add_facts(customers: Sequence[Customer], actor: Actor) -> None:
    """Give each customer whose row is open its `facts`: as many queries for a hundred rows as for one."""
    facts = {customer.pk: OpenedFacts() for customer in customers}
    _add_subscriptions(facts)
    if actor.is_provider:
        # A reseller reads of each subscription who earns with it, and has no list of who else does.
        _add_others(facts, {customer.pk: customer.managing_reseller_id for customer in customers})
    rows = CustomerAdministrator.objects.filter(customer__in=facts).order_by("pk")
    for key, name in rows.values_list("customer", "user__sign_in_name"):
        facts[key].administrators.append(name)
    for customer in customers:
        customer.facts = facts[customer.pk]  # type: ignore[attr-defined]


def managers_of(customers: Iterable[int], *columns: str) -> list[tuple[Any, ...]]:
    """(customer, columns of the relationship) for each customer that a reseller manages now."""
    current = ResellerRelationship.objects.current().filter(customer__in=customers)
    return list(current.values_list("customer", *columns))


def _add_subscriptions(facts: dict[int, OpenedFacts]) -> None:
    """The newest few of each; what was deleted is not shown."""
    place = Window(RowNumber(), F("customer"), [F("created_at").desc(), F("pk").desc()])
    rows = Subscription.objects.listed().filter(customer__in=facts).annotate(place=place)
    newest = rows.filter(place__lte=SHOWN_IN_ROW).order_by("place")
    for key, *shown in newest.values_list("customer", *(column.name for column in fields(ShownSubscription))):
        facts[key].newest.append(ShownSubscription(*shown))


def _add_others(facts: dict[int, OpenedFacts], managers: dict[int, int | None]) -> None:
    rows = ResellerOfRecord.objects.filter(ends_at=None, subscription__customer__in=facts)
    rows = rows.exclude(subscription__status=Subscription.Status.DELETED)
    named = rows.values_list("subscription__customer", "reseller", "reseller__legal_name").distinct()
    for key, reseller, name in named.order_by("reseller__legal_name", "reseller"):
        if reseller != managers[key]:
            facts[key].others.append(name)
