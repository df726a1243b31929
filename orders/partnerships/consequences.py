"""What rests on a partnership: everything that the end of it moves, counted and by row."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.db.models import OuterRef, QuerySet, Subquery, TextChoices
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from core.markets import REGION_NAMES, region_of
from customers.details import CustomerDetails
from customers.models import ResellerRelationship
from orders.models import OrderDraft
from resellers.models import Partnership, PartnershipRequest
from resellers.services.ending import open_requests
from subscriptions.handing_over import Kind, relations_to
from subscriptions.models import ResellerOfRecord, Subscription, SupportContact


class Relation(TextChoices):
    """What a reseller is to a customer or to one of its subscriptions; the values stand in addresses."""

    MANAGING = "managing", _("Managing reseller")
    OF_RECORD = "of-record", _("Reseller of record")
    SUPPORT = "support", _("Designated support contact")


SUBSCRIPTION_RELATIONS: dict[Relation, Kind] = {
    Relation.OF_RECORD: ResellerOfRecord,
    Relation.SUPPORT: SupportContact,
}


class Held(NamedTuple):
    """One thing the reseller has: a customer that it manages, or a subscription on which it is named."""

    key: int  # of the relation's row
    country: str
    manager: int | None  # the key of the reseller that manages the customer now
    customer: int
    name: str  # of the customer

    @property
    def region(self) -> str:
        """The region of the programme in which the customer is; a reseller may serve some and not others."""
        return region_of(self.country)


class HeldDraft(NamedTuple):
    """An open draft that names the reseller, and the country of its customer as far as it is known."""

    key: int
    country: str
    owner: str


class Consequences:
    """What the end of a partnership moves, each part read when it is asked for; then it stays as it was read."""

    def __init__(self, partnership: Partnership) -> None:
        self.partnership = partnership

    def rows(self, relation: Relation) -> Sequence[Held]:
        """What the reseller has of this kind."""
        parts = {Relation.MANAGING: "managing", Relation.OF_RECORD: "of_record", Relation.SUPPORT: "support"}
        found: Sequence[Held] = getattr(self, parts[relation])
        return found

    @cached_property
    def managing(self) -> list[Held]:
        """The customers whose accounts it manages."""
        rows = managed_rows(self.partnership).values_list(
            "pk", "customer__country", "reseller", "customer", "customer__company_name"
        )
        return [Held(*row) for row in rows]

    @cached_property
    def of_record(self) -> list[Held]:
        """The subscriptions on which it is reseller of record."""
        return self._named(ResellerOfRecord)

    @cached_property
    def support(self) -> list[Held]:
        """The subscriptions of which it is the designated support contact."""
        return self._named(SupportContact)

    def _named(self, model: Kind) -> list[Held]:
        customer = "subscription__customer"
        managers = ResellerRelationship.objects.current().filter(customer=OuterRef(customer))
        rows = named_rows(model, self.partnership).annotate(manager=Subquery(managers.values("reseller")[:1]))
        columns = ("pk", f"{customer}__country", "manager", customer, f"{customer}__company_name")
        return [Held(*row) for row in rows.values_list(*columns)]

    @cached_property
    def drafts(self) -> list[HeldDraft]:
        """Open drafts of the provider's people that name the reseller."""
        rows = naming_drafts(self.partnership).select_related("owner", "customer")
        return [HeldDraft(one.pk, country_of(one), str(one.owner)) for one in rows]

    @cached_property
    def requests(self) -> list[PartnershipRequest]:
        """Requests to people of the reseller that could still be accepted."""
        return list(open_requests(self.partnership).order_by("pk"))

    @property
    def moves_anything(self) -> bool:
        """Whether there is anything for which a new reseller could be chosen."""
        return bool(self.managing or self.of_record or self.support or self.drafts)

    def regions(self, relation: Relation) -> list[str]:
        """The regions in which the reseller has something of this kind, by their names."""
        return sorted({held.region for held in self.rows(relation)}, key=region_label)

    def counts(self) -> dict[str, int]:
        """How many of each kind, under the names that the record gives them."""
        return {
            "customers": len(self.managing),
            "subscriptions_of_record": len(self.of_record),
            "subscriptions_supported": len(self.support),
            "drafts": len(self.drafts),
            "requests": len(self.requests),
        }


def managed_rows(partnership: Partnership) -> QuerySet[ResellerRelationship]:
    """The current delegations under the partnership."""
    return ResellerRelationship.objects.current().filter(partnership=partnership).order_by("pk")


def named_rows(model: Kind, partnership: Partnership) -> QuerySet:
    """The current relations of this kind, on subscriptions that still exist."""
    return relations_to(model, partnership).exclude(subscription__status=Subscription.Status.DELETED)


def naming_drafts(partnership: Partnership) -> QuerySet[OrderDraft]:
    """The open drafts of the provider's people, whoever owns them, that name the reseller."""
    drafts = OrderDraft.objects.open().filter(provider=partnership.provider, reseller=partnership.reseller)
    return drafts.order_by("pk")


def country_of(draft: OrderDraft) -> str:
    """The country of the draft's customer; empty while nothing was entered."""
    if draft.customer is not None:
        return draft.customer.country_code
    return CustomerDetails.from_json(draft.details)[0].country if draft.details else ""


def region_label(region: str) -> str:
    """The region by name; customers of a country in which the programme no longer sells have none."""
    return str(REGION_NAMES.get(region, _("other countries")))


def some_names(names: Iterable[str], shown: int = 3) -> tuple[list[str], int]:
    """The first few different names in their alphabetical order, and how many more there are."""
    distinct = sorted(Counter(names))
    return distinct[:shown], max(0, len(distinct) - shown)
