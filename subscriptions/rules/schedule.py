"""New commerce: changes that wait for the renewal, and what keeps them from being made."""

from dataclasses import replace
from datetime import datetime

from django.utils.translation import gettext as _

from subscriptions.rules import refusals
from subscriptions.rules.answers import Allowed, Answer, Cost, Effect, EffectKind, Refused, Undo
from subscriptions.rules.changes import ScheduleChange
from subscriptions.rules.ends import foretold
from subscriptions.rules.facts import TRIAL_LICENSES, Facts, Scheduled

TERMS = (1, 12, 36)
# Term → how it may be billed, in months between bills.
BILLINGS = {1: (1,), 12: (1, 12), 36: (1, 12, 36)}


def schedule_change(facts: Facts, change: ScheduleChange, now: datetime) -> Answer:
    """Another number of licenses, term, billing or offer from the next term on; only where it renews by itself."""
    if refused := refusals.not_active(facts):
        return refused
    if facts.ends_at is None:
        return Refused("no_term", _("This subscription has no term that could end."))
    if facts.is_extended:
        return refusals.extended_never_renews()
    if not facts.auto_renew:
        text = _("A change at the renewal needs a renewal. Choose that the subscription renews first.")
        return Refused("schedule_no_renewal", text, instead="DecideEnd")
    wanted = change.wanted
    if wanted.is_empty or wanted == facts.scheduled:
        return refusals.unchanged()
    least = change.least if change.least is not None else facts.least
    most = change.most if change.most is not None else facts.most
    quantity = facts.quantity if wanted.quantity is None else wanted.quantity
    if facts.is_trial and change.least is None:
        # What it becomes is not known, and so is sold in as many as it has.
        least, most = TRIAL_LICENSES, TRIAL_LICENSES
    if refused := refusals.outside_limits(quantity, least, most):
        return refused
    if refused := billing_refused(wanted.term_months or facts.term_months, _billing_of(facts, wanted)):
        return refused
    after = replace(facts, scheduled=wanted, updates=facts.updates + 1)
    effects = list(foretold(after))
    if facts.scheduled is not None:
        effects.append(Effect(EffectKind.SCHEDULE_DROPPED))
    return Allowed(
        after=after,
        effective_at=facts.ends_at,
        cost=Cost(currency=facts.currency),
        undo=Undo(until=facts.ends_at),
        effects=tuple(effects),
    )


def drop_schedule(facts: Facts, now: datetime) -> Answer:
    """The next term is like this one."""
    if facts.scheduled is None:
        return refusals.unchanged()
    if refused := refusals.not_active(facts):
        return refused
    after = replace(facts, scheduled=None, updates=facts.updates + 1)
    return Allowed(
        after=after,
        effective_at=now,
        cost=Cost(currency=facts.currency),
        undo=Undo(until=facts.ends_at),
        effects=foretold(after),
    )


def _billing_of(facts: Facts, wanted: Scheduled) -> int | None:
    """How the next term is billed: as now, where another term is wanted and nothing is said of its bills."""
    if wanted.billing_months is None and wanted.term_months is not None:
        return facts.billing_months
    return wanted.billing_months


def billing_refused(term_months: int, billing_months: int | None) -> Refused | None:
    """A term that does not exist, or bills that it cannot have."""
    if term_months not in TERMS:
        return Refused("800121", _("Choose a term of one month, one year or three years."))
    if billing_months is not None and billing_months not in BILLINGS[term_months]:
        return Refused("900270", _("A term of this length cannot be billed like that. Choose one of the listed plans."))
    return None
