"""The new commerce rules: terms, windows of seven days per purchase, and changes that wait for the renewal.

Source: the programme's documentation of 2023 on the new commerce experience, and of 2026 on extended service terms.
"""

from dataclasses import replace
from datetime import datetime

from django.utils.translation import gettext as _

from subscriptions.rules import refusals
from subscriptions.rules.answers import ANY_TIME, Allowed, Answer, Cost, Effect, EffectKind, Refused, Undo
from subscriptions.rules.canceling import cancel
from subscriptions.rules.changes import (
    Cancel,
    Change,
    ChangeBilling,
    ChangeLicenses,
    ChangeTerm,
    ConvertTrial,
    DecideEnd,
    DropSchedule,
    Reactivate,
    ScheduleChange,
    Suspend,
    Upgrade,
)
from subscriptions.rules.ends import foretold
from subscriptions.rules.facts import AtEnd, Facts, Status
from subscriptions.rules.licenses import change_licenses
from subscriptions.rules.moving import change_billing, change_term, convert_trial, upgrade
from subscriptions.rules.schedule import drop_schedule, schedule_change


def judge(facts: Facts, change: Change, now: datetime) -> Answer:
    """Answer by the new commerce rules."""
    match change:
        case ChangeLicenses(quantity=quantity):
            return change_licenses(facts, quantity, now)
        case Suspend():
            return suspend(facts, now)
        case Reactivate():
            return reactivate(facts, now)
        case Cancel():
            return cancel(facts, now)
        case DecideEnd(at_end=at_end):
            return decide_end(facts, at_end, now)
        case ScheduleChange():
            return schedule_change(facts, change, now)
        case DropSchedule():
            return drop_schedule(facts, now)
        case ChangeTerm():
            return change_term(facts, change, now)
        case ChangeBilling():
            return change_billing(facts, change, now)
        case Upgrade():
            return upgrade(facts, change, now)
        case ConvertTrial():
            return convert_trial(facts, change, now)


def suspend(facts: Facts, now: datetime) -> Answer:
    """Keep the users out: the bills go on, auto-renew is off, and what was scheduled is gone."""
    if facts.status == Status.SUSPENDED:
        return refusals.unchanged()
    effects = [Effect(EffectKind.USERS_BLOCKED)]
    if not (facts.is_trial or facts.is_usage_based):
        effects.append(Effect(EffectKind.BILLING_CONTINUES, facts.ends_at))
    if facts.auto_renew:
        effects.append(Effect(EffectKind.AUTO_RENEW_OFF))
    if facts.scheduled is not None:
        effects.append(Effect(EffectKind.SCHEDULE_DROPPED))
    after = replace(
        facts,
        status=Status.SUSPENDED,
        suspended_at=now,
        at_end=AtEnd.UNDECIDED if facts.auto_renew else facts.at_end,
        scheduled=None,
        updates=facts.updates + 1,
    )
    return Allowed(
        after=after,
        effective_at=now,
        cost=Cost(currency=facts.currency),
        undo=Undo(until=facts.ends_at) if facts.ends_at else ANY_TIME,
        effects=(*effects, *foretold(after)),
    )


def reactivate(facts: Facts, now: datetime) -> Answer:
    """Let the users in again before the term ends; auto-renew stays off until somebody switches it on."""
    if facts.status == Status.ACTIVE:
        return refusals.unchanged()
    effects = [Effect(EffectKind.USERS_RETURN)]
    if not facts.auto_renew and facts.ends_at:
        effects.append(Effect(EffectKind.AUTO_RENEW_STAYS_OFF))
    after = replace(facts, status=Status.ACTIVE, suspended_at=None, updates=facts.updates + 1)
    return Allowed(
        after=after,
        effective_at=now,
        cost=Cost(currency=facts.currency),
        undo=ANY_TIME,
        effects=(*effects, *foretold(after)),
    )


def decide_end(facts: Facts, at_end: AtEnd, now: datetime) -> Answer:
    """Renew, cancel at expiration, or (where there is one) renew to an extended service term."""
    if refused := refusals.not_active(facts):
        return refused
    if facts.ends_at is None:
        return Refused("no_term", _("This subscription has no term that could end."))
    if at_end == facts.at_end:
        return refusals.unchanged()
    if at_end == AtEnd.UNDECIDED:
        return Refused("end_undecided", _("Choose what happens at the end of the term."))
    if facts.is_extended and at_end == AtEnd.RENEW:
        return refusals.extended_never_renews()
    if at_end == AtEnd.EXTEND and not facts.goes_on_extended:
        return Refused("end_extend", _("This term ends without an extended service term. Choose renew or cancel."))
    after = replace(
        facts,
        at_end=at_end,
        scheduled=facts.scheduled if at_end == AtEnd.RENEW else None,
        updates=facts.updates + 1,
    )
    effects = list(foretold(after))
    if at_end != AtEnd.RENEW and facts.scheduled is not None:
        effects.append(Effect(EffectKind.SCHEDULE_DROPPED))
    return Allowed(
        after=after,
        effective_at=now,
        cost=Cost(currency=facts.currency),
        undo=Undo(until=facts.ends_at),
        effects=tuple(effects),
    )
