"""What a bulk change would do to each subscription: what the pages of a single one answer, asked for many."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from django.utils.translation import gettext as _

from accounts.models import Partner
from core import clock
from customers.models import ResellerRelationship
from resellers.readiness import obstacles, reasons
from subscriptions.facts import facts_of
from subscriptions.models import LIVE, BulkChange, ResellerOfRecord, Subscription, SupportContact
from subscriptions.rules import Allowed, AtEnd, DecideEnd, EffectKind, Refused, judge

Kind = BulkChange.Kind
RELATIONS: dict[str, type[ResellerOfRecord] | type[SupportContact]] = {
    Kind.RESELLER_OF_RECORD: ResellerOfRecord,
    Kind.SUPPORT_CONTACT: SupportContact,
}


class Outcome(StrEnum):
    """What becomes of one subscription."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True)
class Verdict:
    """The outcome for one subscription, why it stays as it is, and what else happens to one that is changed."""

    outcome: Outcome
    reason: str = ""
    also: tuple[str, ...] = ()


CHANGED = Verdict(Outcome.CHANGED)


def unchanged() -> Verdict:
    """It is so already."""
    return Verdict(Outcome.UNCHANGED, _("This is how it is already. Nothing was changed."))


def refused(reason: str) -> Verdict:
    """It stays as it is."""
    return Verdict(Outcome.REFUSED, reason)


def also_of(answer: Allowed) -> tuple[str, ...]:
    """What a person should know beforehand of some of many subscriptions."""
    sentences = {
        EffectKind.SCHEDULE_DROPPED: _("The change that was scheduled for the renewal is dropped."),
        EffectKind.BECOMES_PAID_AT: _("The trial becomes a paid subscription when it ends."),
    }
    return tuple(words for kind, words in sentences.items() if any(one.kind == kind for one in answer.effects))


@dataclass
class Judge:
    """Judges the rows of one change, with what is the same for all of them asked once (two queries at most)."""

    change: BulkChange
    rows: Sequence[Subscription]
    present: dict[int, int] = field(init=False, default_factory=dict)
    managed: set[int] = field(init=False, default_factory=set)
    readiness: dict[str, str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        if (model := RELATIONS.get(self.change.kind)) is not None:
            relations = model._default_manager.filter(subscription__in=self.rows, ends_at=None)
            self.present = dict(relations.values_list("subscription_id", "reseller_id"))
        if self.change.kind == Kind.SUPPORT_CONTACT and self.change.reseller is not None:
            customers = {row.customer_id for row in self.rows}
            managing = ResellerRelationship.objects.current().filter(reseller=self.change.reseller)
            self.managed = set(managing.filter(customer__in=customers).values_list("customer_id", flat=True))

    def verdict(self, row: Subscription) -> Verdict:
        """What becomes of this subscription now."""
        if self.change.kind == Kind.AT_END:
            answer = judge(facts_of(row), DecideEnd(AtEnd(self.change.at_end)), clock.now())
            if not isinstance(answer, Refused):
                return Verdict(Outcome.CHANGED, also=also_of(answer))
            return unchanged() if answer.code == "unchanged" else refused(answer.text)
        return self._relation(row)

    def _relation(self, row: Subscription) -> Verdict:
        if row.status not in LIVE:
            return refused(_("It is neither active nor suspended."))
        reseller = self.change.reseller
        if self.present.get(row.pk) == (reseller.pk if reseller is not None else None):
            return unchanged()
        if reseller is None:
            return CHANGED
        if obstacle := self._obstacle(reseller, row.customer.country_code):
            return refused(obstacle)
        if self.change.kind == Kind.SUPPORT_CONTACT and row.customer_id not in self.managed:
            return refused(_("%(reseller)s does not manage this customer.") % {"reseller": reseller.legal_name})
        return CHANGED

    def _obstacle(self, reseller: Partner, country: str) -> str:
        """Why no business may be done with the reseller for customers of this country; asked once for each country."""
        if country not in self.readiness:
            found = obstacles(self.change.provider, reseller, customer_country=country)
            self.readiness[country] = reasons(found) if found else ""
        return self.readiness[country]
