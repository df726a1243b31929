"""Who manages, earns with and answers for each subscription, and where the three do not fit together.

*Would be refused today* is the readiness gate of resellers: of a visible row `company_obstacles()` says why; which rows
they are, `refused()` says to the database by the same conditions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F, FilteredRelation, Q
from django.utils.translation import gettext as _

from accounts.access import Actor
from accounts.models import Partner
from core.markets import REGIONS
from customers.models import ResellerRelationship
from resellers.models import Partnership
from resellers.readiness import company_obstacles, resellers_ready_today
from subscriptions.models import ResellerOfRecord, Subscription, SubscriptionQuerySet, SupportContact

LIVES = (Subscription.Status.ACTIVE, Subscription.Status.SUSPENDED)


def attributed(actor: Actor) -> SubscriptionQuerySet:
    """The provider's subscriptions that go on; nobody else compares its resellers."""
    if not actor.is_provider:
        return Subscription.objects.none()
    return Subscription.objects.visible_to(actor).filter(status__in=LIVES)


# --- which rows -------------------------------------------------------------------------------------------------------
def gaps() -> Q:
    """Somebody manages the customer and nobody earns with the subscription; trials earn nothing anyway."""
    return Q(reseller_of_record=None, is_trial=False, managing_reseller__isnull=False)


def direct() -> Q:
    """Nobody earns, and nobody manages: sold directly."""
    return Q(reseller_of_record=None, managing_reseller=None)


def mismatches() -> Q:
    """Who earns or answers does not manage the customer."""
    path = "subscription__customer__reseller_relationships"
    found = Q()
    for model in (ResellerOfRecord, SupportContact):
        # One join that the database may hash: asked for each subscription by itself, millions take minutes.
        manager = FilteredRelation(path, condition=Q(**{f"{path}__ends_at": None}))
        rows = model._default_manager.filter(ends_at=None).annotate(manager=manager)
        # Not “not equal”, which Django would ask of a second set of the same rows.
        another = Q(manager__reseller__lt=F("reseller")) | Q(manager__reseller__gt=F("reseller"))
        others = rows.filter(Q(manager=None) | another)
        found |= Q(pk__in=others.values("subscription"))
    return found


def refused(provider: Partner) -> Q:
    """A reseller that is named in one of the three relations would not be let be named today."""
    # Resellers with which there is or was a partnership are some thousands, subscriptions millions: named first.
    known = set(Partnership.objects.filter(provider=provider).values_list("reseller", flat=True))
    found, served = Q(), []
    for region in sorted(provider.regions):
        ready = set(resellers_ready_today(provider, region=region).values_list("pk", flat=True))
        countries = sorted(REGIONS.get(region, ()))
        served += countries
        found |= Q(customer__country__in=countries) & names_one_of(known - ready)
    return found | (~Q(customer__country__in=served) & names_one_of(known))


def names_one_of(resellers: set[int]) -> Q:
    """One of these manages the customer, earns or answers."""
    if not resellers:
        return Q(pk__in=[])
    managed = ResellerRelationship.objects.current().filter(reseller__in=resellers)
    found = Q(customer__in=managed.values("customer"))
    for model in (ResellerOfRecord, SupportContact):
        named = model._default_manager.filter(ends_at=None, reseller__in=resellers)
        found |= Q(pk__in=named.values("subscription"))
    return found


def problems(provider: Partner) -> dict[str, Q]:
    """By name, the worst first."""
    return {"refused": refused(provider), "gap": gaps(), "mismatch": mismatches()}


# --- what is wrong with a row -----------------------------------------------------------------------------------------
@dataclass
class Attribution:
    """The three resellers of one subscription, and what is wrong with them."""

    manager: Partner | None = None
    record: ResellerOfRecord | None = None
    # The last one, where there is none any more.
    removed: ResellerOfRecord | None = None
    support: Partner | None = None
    kinds: list[str] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    # Which of the three relations somebody should change: record, support, manager.
    repairs: list[str] = field(default_factory=list)

    def say(self, kind: str, sentence: str, repair: str) -> None:
        """One more thing that is wrong, and which relation repairs it."""
        for known, value in ((self.kinds, kind), (self.sentences, sentence), (self.repairs, repair)):
            if value not in known:
                known.append(value)


def attribute(rows: Sequence[Any], provider: Partner) -> None:
    """Give each row its `attribution`: five queries, however many rows."""
    keys = [row.pk for row in rows]
    managers = {
        one.customer_id: one.reseller
        for one in ResellerRelationship.objects.current()
        .filter(customer__in={row.customer_id for row in rows})
        .select_related("reseller")
    }
    records = _current(ResellerOfRecord, keys)
    contacts = _current(SupportContact, keys)
    ended = ResellerOfRecord.objects.filter(subscription__in=set(keys) - records.keys()).order_by("ends_at", "pk")
    removed = {one.subscription_id: one for one in ended.select_related("reseller")}
    active = set(Partnership.objects.active().filter(provider=provider).values_list("reseller", flat=True))
    for row in rows:
        contact = contacts.get(row.pk)
        found = Attribution(
            manager=managers.get(row.customer_id),
            record=records.get(row.pk),
            removed=removed.get(row.pk),
            support=contact.reseller if contact else None,
        )
        judge_row(row, found, provider, active)
        row.attribution = found


def _current(model: type[Any], keys: list[int]) -> dict[int, Any]:
    rows = model._default_manager.filter(subscription__in=keys, ends_at=None).select_related("reseller")
    return {one.subscription_id: one for one in rows}


def judge_row(row: Subscription, found: Attribution, provider: Partner, active: set[int]) -> None:
    """Say everything that is wrong with one subscription."""
    of_record = found.record.reseller if found.record else None
    for relation, reseller in (("record", of_record), ("support", found.support), ("manager", found.manager)):
        if reseller is None:
            continue
        for obstacle in company_obstacles(
            provider, reseller, active=reseller.pk in active, customer_country=row.customer.country_code
        ):
            found.say("refused", obstacle.sentence, relation)
    if of_record is None and found.manager is not None and not row.is_trial:
        found.say("gap", _("No reseller of record: nobody earns, although a reseller manages the customer."), "record")
    if of_record is not None and of_record != found.manager:
        found.say("mismatch", _("%(name)s earns, and does not manage the customer.") % {"name": of_record}, "record")
    if found.support is not None and found.support != found.manager:
        words = _("%(name)s answers, and does not manage the customer.") % {"name": found.support}
        found.say("mismatch", words, "support")
