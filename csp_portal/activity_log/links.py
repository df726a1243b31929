"""The pages of what records speak of, as far as the reader may open them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.urls import reverse

from accounts.access import Actor, can
from accounts.roles import Permission
from activity.models import ActivityRecord
from customers.models import Customer
from orders.models import Order
from resellers.models import Partnership, PartnershipRequest, PendingAcceptance
from subscriptions.models import BulkChange, ChangeRequest, IncentiveEntry

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
    IncentiveEntry._meta.label_lower: (IncentiveEntry, "incentives:entry", Permission.VIEW_INCENTIVES),
    ChangeRequest._meta.label_lower: (ChangeRequest, "subscriptions:change_request", Permission.VIEW_SUBSCRIPTIONS),
    BulkChange._meta.label_lower: (BulkChange, "subscriptions:bulk", Permission.MANAGE_SUBSCRIPTION),
}


@dataclass
class Links:
    """What the reader sees of the things that some records name: one query for the customers and one a kind."""

    actor: Actor
    customers: dict[UUID, Customer] = field(default_factory=dict)
    objects: set[tuple[str, str]] = field(default_factory=set)

    def learn(self, records: Iterable[ActivityRecord]) -> None:
        """Look up what these records name."""
        records = list(records)
        wanted = {one.customer_id for one in records if one.customer_id}
        if wanted:
            rows = Customer.objects.visible_to(self.actor).filter(microsoft_id__in=wanted).select_related(None)
            self.customers = {one.microsoft_id: one for one in rows.only("microsoft_id", "company_name")}
        for kind, (model, _page, permission) in PAGES.items():
            keys = {one.target_id for one in records if one.target_type == kind}
            if keys and can(self.actor, permission):
                seen = model.objects.visible_to(self.actor).filter(public_id__in=keys)
                self.objects |= {(kind, str(key)) for key in seen.values_list("public_id", flat=True)}

    def customer_url(self, record: ActivityRecord) -> str:
        """The page of the customer."""
        known = record.customer_id in self.customers
        return reverse("subscriptions:list", args=[record.customer_id]) if known else ""

    def customer_name(self, record: ActivityRecord) -> str:
        """The customer's name, if the reader sees it today."""
        customer = self.customers.get(record.customer_id)  # type: ignore[arg-type]
        return customer.company_name if customer else ""

    def target_url(self, record: ActivityRecord) -> str:
        """The page of the object."""
        if record.customer_id in self.customers:
            if record.target_type == "subscriptions.subscription":
                return reverse("subscriptions:detail", args=[record.customer_id, record.target_id])
            if record.target_type == "customers.customer":
                return self.customer_url(record)
        if (record.target_type, record.target_id) in self.objects:
            return reverse(PAGES[record.target_type][1], args=[record.target_id])
        return ""
