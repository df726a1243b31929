"""The pages of what records speak of, as far as the reader may open them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import QuerySet, Value
from django.urls import reverse

from accounts.access import Actor, can
from accounts.roles import Permission
from activity.models import ActivityRecord
from customers.models import Customer, RelationshipRequest
from orders.models import Order
from resellers.models import Partnership, PartnershipRequest, PendingAcceptance
from subscriptions.models import BulkChange, ChangeRequest, IncentiveEntry

CUSTOMER = Customer._meta.label_lower
# Kinds of objects with a page whose address is their own identifier: the model, the page, and what it takes.
PAGES: dict[str, tuple[Any, str, Permission]] = {
    Order._meta.label_lower: (Order, "orders:detail", Permission.VIEW_ORDERS),
    Partnership._meta.label_lower: (Partnership, "resellers:detail", Permission.VIEW_RESELLERS),
    PartnershipRequest._meta.label_lower: (PartnershipRequest, "resellers:request", Permission.REQUEST_PARTNERSHIP),
    PendingAcceptance._meta.label_lower: (
        PendingAcceptance,
        "resellers:confirm_acceptance",
        Permission.REQUEST_PARTNERSHIP,
    ),
    RelationshipRequest._meta.label_lower: (
        RelationshipRequest,
        "customers:relationship_request",
        Permission.REQUEST_RELATIONSHIP,
    ),
    IncentiveEntry._meta.label_lower: (IncentiveEntry, "incentives:entry", Permission.VIEW_INCENTIVES),
    ChangeRequest._meta.label_lower: (ChangeRequest, "subscriptions:change_request", Permission.VIEW_SUBSCRIPTIONS),
    BulkChange._meta.label_lower: (BulkChange, "subscriptions:bulk", Permission.MANAGE_SUBSCRIPTION),
}


@dataclass
class Links:
    """What the reader sees of the things that some records name."""

    actor: Actor
    # The customers that it sees, by name.
    customers: dict[UUID, str] = field(default_factory=dict)
    objects: set[tuple[str, str]] = field(default_factory=set)

    def learn(self, records: Iterable[ActivityRecord]) -> None:
        """Look up what these records name: one query, whatever that is."""
        asked = list(self._asked(list(records)))
        if not asked:
            return
        for kind, key, name in asked[0].union(*asked[1:], all=True):
            if kind == CUSTOMER:
                self.customers[key] = name
            else:
                self.objects.add((kind, str(key)))

    def _asked(self, records: list[ActivityRecord]) -> Iterator[QuerySet]:
        """What is seen of each kind: what it is, its identifier, and a customer's name."""
        wanted = {one.customer_id for one in records if one.customer_id}
        if wanted:
            rows = Customer.objects.visible_to(self.actor).filter(microsoft_id__in=wanted)
            yield rows.order_by().values_list(Value(CUSTOMER), "microsoft_id", "company_name")
        for kind, (model, _page, permission) in PAGES.items():
            keys = {one.target_id for one in records if one.target_type == kind}
            if keys and can(self.actor, permission):
                rows = model.objects.visible_to(self.actor).filter(public_id__in=keys)
                yield rows.order_by().values_list(Value(kind), "public_id", Value(""))

    def customer_url(self, record: ActivityRecord) -> str:
        """The page of the customer."""
        known = record.customer_id in self.customers
        return reverse("subscriptions:list", args=[record.customer_id]) if known else ""

    def customer_name(self, record: ActivityRecord) -> str:
        """The customer's name, if the reader sees it today."""
        return self.customers.get(record.customer_id, "")  # type: ignore[arg-type]

    def target_url(self, record: ActivityRecord) -> str:
        """The page of the object."""
        if record.customer_id in self.customers:
            if record.target_type == "subscriptions.subscription":
                return reverse("subscriptions:detail", args=[record.customer_id, record.target_id])
            if record.target_type == CUSTOMER:
                return self.customer_url(record)
        if (record.target_type, record.target_id) in self.objects:
            return reverse(PAGES[record.target_type][1], args=[record.target_id])
        return ""
