"""The three relations of a customer with indirect resellers, kept apart: who manages, who earns, who supports."""

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext as _

from accounts.access import Actor
from core.company_labels import company_label
from core.text import one_period
from customers.models import Customer, ResellerRelationship
from subscriptions.models import ResellerOfRecord, Subscription, SupportContact
from subscriptions.wording import subscriptions_text

Scope = ResellerRelationship.Scope
SHOWN_EARLIER = 20


@dataclass(frozen=True)
class Group:
    """A reseller, and on how many of the customer's subscriptions it is named."""

    reseller: int
    name: str
    mpn_id: str
    number: int

    @property
    def label(self) -> str:
        """Fabrikam (MPN ID 0012345)."""
        return company_label(self.name, self.mpn_id)

    @property
    def number_text(self) -> str:
        """3 subscriptions."""
        return subscriptions_text(self.number)


@dataclass(frozen=True)
class Relations:
    """What one reader may know of them: a provider and the customer everything, a reseller its own part."""

    managing: ResellerRelationship | None
    earlier: list[ResellerRelationship] = field(default_factory=list)
    of_record: list[Group] = field(default_factory=list)
    support: list[Group] = field(default_factory=list)
    subscriptions: int = 0

    @property
    def without_record(self) -> int:
        """On how many subscriptions nobody earns."""
        return self.subscriptions - sum(group.number for group in self.of_record)

    @property
    def supported_by_provider(self) -> int:
        """For how many subscriptions the provider answers itself."""
        return self.subscriptions - sum(group.number for group in self.support)

    @property
    def without_record_text(self) -> str:
        """3 subscriptions."""
        return subscriptions_text(self.without_record)

    @property
    def supported_by_provider_text(self) -> str:
        """3 subscriptions."""
        return subscriptions_text(self.supported_by_provider)

    def mismatches(self) -> list[str]:
        """Where other resellers earn or answer than the one that manages, in sentences."""
        manager = self.managing.reseller.legal_name if self.managing else ""
        managing = _("%(name)s manages the account") % {"name": manager} if manager else _("No reseller manages it")
        earning = _("%(managing)s; %(name)s earns the incentives of %(number)s.")
        answering = _("%(managing)s; %(name)s answers the support requests of %(number)s.")
        return [
            text % {"managing": managing, "name": group.name, "number": group.number_text}
            for text, groups in ((earning, self.of_record), (answering, self.support))
            for group in groups
            if self.managing is None or group.reseller != self.managing.reseller_id
        ]


def relations_of(customer: Customer, reader: Actor) -> Relations:
    """Read them in four queries, whatever there is; for a reseller, another one's part never leaves the database."""
    rows = ResellerRelationship.objects.filter(customer=customer).select_related("reseller", "set_by")
    if reader.is_reseller:
        rows = rows.filter(reseller=reader.partner)
    relationships = list(rows.order_by("-begins_at", "-pk")[: SHOWN_EARLIER + 1])
    listed = Subscription.objects.listed().filter(customer=customer)
    return Relations(
        managing=next((one for one in relationships if one.ends_at is None), None),
        earlier=[one for one in relationships if one.ends_at is not None],
        of_record=_groups(ResellerOfRecord, "mpn_id", customer, reader),
        support=_groups(SupportContact, "reseller__mpn_id", customer, reader),
        subscriptions=listed.count(),
    )


def _groups(model: Any, mpn_id: str, customer: Customer, reader: Actor) -> list[Group]:
    """By reseller, the largest first."""
    rows = model.objects.filter(ends_at=None, subscription__customer=customer)
    rows = rows.exclude(subscription__status=Subscription.Status.DELETED)
    if reader.is_reseller:
        rows = rows.filter(reseller=reader.partner)
    counted = rows.order_by().values("reseller", "reseller__legal_name", mpn_id).annotate(number=Count("pk"))
    groups = (Group(row["reseller"], row["reseller__legal_name"], row[mpn_id], row["number"]) for row in counted)
    return sorted(groups, key=lambda group: (-group.number, group.name, group.mpn_id))


# --- what a scope means -----------------------------------------------------------------------------------------------
def scope_meaning(relationship: ResellerRelationship, reader: Actor) -> str:
    """What the reseller may do, in the words of the program, said to this reader."""
    return scope_words(
        relationship.scope, relationship.reseller.legal_name, relationship.customer.provider.legal_name, reader
    )


def scope_words(scope: str, reseller: str, provider: str, reader: Actor) -> str:
    """The same for a scope that is not given yet."""
    names = {"reseller": reseller, "provider": provider}
    if reader.is_reseller:
        manage = _(
            "You have administrator access to the customer’s account information and subscriptions and manage them on "
            "the customer’s behalf."
        )
        view = _("You see the account information and subscriptions, and ask %(provider)s for changes.")
    elif reader.is_customer:
        manage = _(
            "%(reseller)s has administrator access to your account information and subscriptions and manages them on "
            "your behalf."
        )
        view = _(
            "%(reseller)s sees your account information and subscriptions and asks %(provider)s for changes; it "
            "changes nothing itself."
        )
    else:
        manage = _(
            "%(reseller)s has administrator access to the customer’s account information and subscriptions and manages "
            "them on the customer’s behalf."
        )
        view = _(
            "%(reseller)s sees the account information and subscriptions and asks you for changes; it changes nothing "
            "itself."
        )
    return one_period((manage if scope == Scope.MANAGE else view) % names)
