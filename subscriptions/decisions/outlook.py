"""What happens with many subscriptions if nobody acts: asked of the rules, at today's prices, in three queries."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import reduce
from operator import or_

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalogue.models import BillingPlan, Price, Sku, SkuConversion, TermDuration
from core import clock
from core.html import number_text
from subscriptions.facts import PLANS, TERMS, facts_of
from subscriptions.models import Subscription
from subscriptions.options import NextTerm
from subscriptions.rules import AtEnd, Facts, Scheduled, Status, Step, StepKind, decision_deadline, next_step
from subscriptions.rules.money import rounded

GOES_ON = (StepKind.RENEWED, StepKind.CONVERTED, StepKind.EXTENDED)


@dataclass(frozen=True)
class Outlook:
    """What the clock will do with a subscription, and under which offer it then goes on."""

    before: Facts
    step: Step | None
    offer: str
    # Whether the offer is another one than now.
    is_other_offer: bool

    @property
    def goes_on(self) -> bool:
        """Whether it will be paid for after the decision date."""
        return self.step is not None and self.step.kind in GOES_ON and self.step.after.status == Status.ACTIVE

    @property
    def cost(self) -> Decimal | None:
        """What the next term costs at today's price; None where there is none."""
        if not self.goes_on or self.step is None:
            return None
        return rounded(self.step.after.unit_price * self.step.after.quantity)


def outlooks(subscriptions: Iterable[Subscription]) -> dict[int, Outlook]:
    """The outlook of each by its key; needs `sku__product`, `customer` and `parent`."""
    rows = list(subscriptions)
    prices = TodaysPrices(rows)
    return {subscription.pk: _outlook(subscription, prices) for subscription in rows}


def _outlook(subscription: Subscription, prices: "TodaysPrices") -> Outlook:
    facts, next_term = facts_of(subscription, parent=subscription.parent), ForeseenTerm(subscription, prices)
    deadline = decision_deadline(facts)
    step = next_step(facts, deadline, next_term) if deadline is not None else None
    return Outlook(facts, step, next_term.sku.title, next_term.sku.pk != subscription.sku_id)


class TodaysPrices:
    """The prices that the next terms of these subscriptions can have, by SKU."""

    def __init__(self, subscriptions: list[Subscription]) -> None:
        self.now = clock.now()
        trials = {one.sku_id for one in subscriptions if one.is_trial}
        named = {one.scheduled["offer"] for one in subscriptions if one.scheduled and one.scheduled.get("offer")}
        targets: list[tuple[int, str]] = (
            list(SkuConversion.objects.filter(sku__in=trials).values_list("sku_id", "target_code")) if trials else []
        )
        codes = named | {code for _sku, code in targets}
        known = {sku.code: sku for sku in Sku.objects.filter(code__in=codes)} if codes else {}
        self.by_code = {code: sku.pk for code, sku in known.items()}
        self.paid_targets: dict[int, list[int]] = defaultdict(list)
        for source, code in targets:
            if code in known and not known[code].is_trial:
                self.paid_targets[source].append(known[code].pk)
        self.prices: dict[tuple[int, str, str, str], list[Price]] = defaultdict(list)
        self._load(subscriptions)

    def _load(self, subscriptions: list[Subscription]) -> None:
        countries = {one.customer.country_code for one in subscriptions}
        if not countries:
            return
        segments = {one.segment for one in subscriptions}
        skus = {one.sku_id for one in subscriptions} | set(self.by_code.values())
        lists = (Price.objects.on_sale(country=one, at=self.now, segments=segments) for one in sorted(countries))
        for price in reduce(or_, lists).filter(sku_id__in=skus):
            self.prices[price.sku_id, price.market, price.segment, price.currency].append(price)

    def of(self, subscription: Subscription, skus: list[int]) -> list[Price]:
        """What is sold of these SKUs to the subscription's customer in its currency."""
        place = (subscription.customer.country_code, subscription.segment, subscription.currency)
        return [price for sku in skus for price in self.prices.get((sku, *place), [])]


class ForeseenTerm(NextTerm):
    """The price of the next term as far as today's prices tell."""

    def __init__(self, subscription: Subscription, known: TodaysPrices) -> None:
        super().__init__(subscription)
        self.known = known

    def _prices(self, facts: Facts, wanted: Scheduled, at: datetime) -> list[Price]:
        if wanted.offer:
            skus = [self.known.by_code[wanted.offer]] if wanted.offer in self.known.by_code else []
        elif facts.is_trial:
            skus = self.known.paid_targets.get(self.sku.pk) or [self.sku.pk]
        else:
            skus = [self.sku.pk]
        return self.known.of(self.subscription, skus)


# --- in words ---------------------------------------------------------------------------------------------------------
def outlook_words(outlook: Outlook) -> str:
    """What happens if nobody acts, in one sentence without amounts."""
    step = outlook.step
    if step is None:
        return _("Nothing happens")
    after = step.after
    values = {"offer": outlook.offer, "term": term_words(after), "licenses": license_words(after.quantity)}
    if step.kind == StepKind.CONVERTED:
        return _("Becomes %(offer)s: %(term)s, %(licenses)s") % values
    if step.kind == StepKind.RENEWED:
        if after.status == Status.SUSPENDED:
            return _("Renews, still suspended and without a bill")
        if outlook.is_other_offer:
            return _("Renews as %(offer)s: %(term)s, %(licenses)s") % values
        return _("Renews: %(term)s, %(licenses)s") % values
    if step.kind == StepKind.EXTENDED:
        return _("Goes on month by month at a higher price: %(licenses)s") % values
    return _end_words(outlook, step)


def _end_words(outlook: Outlook, step: Step) -> str:
    if step.not_on_sale:
        return _("Ends: the offer is no longer sold like that")
    if step.kind == StepKind.DELETED:
        return _("Is deleted with all its data")
    if outlook.before.status == Status.SUSPENDED:
        return _("Is disabled: it is suspended when its term ends")
    if outlook.before.at_end == AtEnd.CANCEL:
        return _("Ends, as was decided")
    return _("Expires")


def term_words(facts: Facts) -> str:
    """1 year · Monthly, as lists write it."""
    term = TermDuration(TERMS.get(facts.term_months, TermDuration.NONE)).label
    plan = PLANS.get(facts.billing_months)
    return str(term) if plan is None else f"{term} · {BillingPlan(plan).label}"


def license_words(number: int) -> str:
    """10 licenses."""
    return ngettext("%(number)s license", "%(number)s licenses", number) % {"number": number_text(number)}


# --- of a whole month -------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Totals:
    """How many go on, become paid or end, and what the next terms cost in each currency."""

    kinds: Counter[str]
    costs: dict[str, Decimal]


def totals(found: Iterable[Outlook]) -> Totals:
    """Add them up."""
    kinds: Counter[str] = Counter()
    costs: dict[str, Decimal] = defaultdict(Decimal)
    for outlook in found:
        kinds["goes_on" if outlook.goes_on else "ends"] += 1
        if outlook.cost is not None:
            costs[outlook.before.currency] += outlook.cost
    return Totals(kinds, dict(sorted(costs.items())))
