"""The legacy rules (2019): licenses up and down at any time, suspending stops the bills and deletes after 90 days.

Source: the programme's documentation of March 2019 on creating, suspending, upgrading and billing subscriptions.
"""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from subscriptions.rules import money, refusals
from subscriptions.rules.answers import ANY_TIME, NEVER, Allowed, Answer, Cost, Effect, EffectKind, Refused, Undo
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
from subscriptions.rules.facts import AtEnd, Batch, Facts, Status
from subscriptions.rules.licenses import trimmed

TERM_MONTHS = 12


def judge(facts: Facts, change: Change, now: datetime) -> Answer:
    """Answer by the legacy rules."""
    match change:
        case ChangeLicenses(quantity=quantity):
            return change_licenses(facts, quantity, now)
        case Suspend():
            return suspend(facts, now)
        case Reactivate():
            return reactivate(facts, now)
        case Cancel():
            if not (facts.is_microsoft or facts.is_trial):
                return cancel(facts, now)
            text = _("This offer is ended by suspending it: that stops the bills, and it is deleted after 90 days.")
            return Refused("legacy_cancel", text, instead="Suspend")
        case DecideEnd(at_end=at_end):
            return decide_end(facts, at_end, now)
        case ChangeBilling():
            return change_billing(facts, change, now)
        case Upgrade():
            return upgrade(facts, change, now)
        case ConvertTrial():
            return convert_trial(facts, change, now)
        case ScheduleChange() | DropSchedule() | ChangeTerm():
            text = _("Offers under the legacy rules have yearly terms and no scheduled changes. Change it at any time.")
            return Refused("legacy_schedule", text)


def change_licenses(facts: Facts, quantity: int, now: datetime) -> Answer:
    """Up and down at any time within the offer's limits, prorated both ways."""
    if facts.is_usage_based:
        return refusals.usage_has_no_licenses()
    if facts.is_trial:
        return refusals.trial_is_fixed()
    if refused := refusals.not_active(facts) or refusals.outside_limits(quantity, facts.least, facts.most):
        return refused
    if quantity == facts.quantity:
        return refusals.unchanged()
    difference = quantity - facts.quantity
    amount, days, of_days = money.share(facts, facts.unit_price, abs(difference), now)
    return Allowed(
        after=replace(facts, quantity=quantity, batches=added_after(facts, difference, now), updates=facts.updates + 1),
        effective_at=now,
        cost=Cost(
            amount=amount if difference > 0 else -amount,
            currency=facts.currency,
            days=days,
            of_days=of_days,
        ),
        undo=ANY_TIME,
    )


def added_after(facts: Facts, difference: int, now: datetime) -> tuple[Batch, ...]:
    """What was added to the purchase of the term, and so was paid from its own day on; the newest goes first."""
    if difference > 0:
        return (*facts.batches, Batch(difference, now, is_added=True))
    return trimmed(facts.batches, max(sum(batch.quantity for batch in facts.batches) + difference, 0))


def suspend(facts: Facts, now: datetime) -> Answer:
    """Stop the bills and keep the users out; in the first 30 days of the paid term everything is credited."""
    if facts.status == Status.SUSPENDED:
        return refusals.unchanged()
    after = replace(facts, status=Status.SUSPENDED, suspended_at=now, updates=facts.updates + 1)
    amount, days, of_days = money.share(facts, facts.unit_price, facts.quantity, now)
    if now - facts.started_at < money.LEGACY_FULL_CREDIT:
        amount = money.paid(facts) if not facts.is_trial else amount
    effects = [Effect(EffectKind.USERS_BLOCKED)]
    if not facts.is_trial:
        effects.append(Effect(EffectKind.BILLING_STOPS))
    if facts.has_add_ons:
        effects.append(Effect(EffectKind.ADD_ONS_SUSPENDED))
    return Allowed(
        after=after,
        effective_at=now,
        cost=Cost(amount=-amount, currency=facts.currency, days=days, of_days=of_days),
        undo=Undo(until=until_over(after)),
        effects=(*effects, *foretold(after)),
    )


def until_over(facts: Facts) -> datetime | None:
    """When a suspended one is deleted, or a trial expires meanwhile: until then it can be reactivated."""
    return next((effect.at for effect in foretold(facts)), None)


def reactivate(facts: Facts, now: datetime) -> Answer:
    """The same subscription with the same renewal date, and bills from now on."""
    if facts.status == Status.ACTIVE:
        return refusals.unchanged()
    if refused := refusals.parent_away(facts):
        return refused
    amount, days, of_days = money.share(facts, facts.unit_price, facts.quantity, now)
    after = replace(
        facts,
        status=Status.ACTIVE,
        suspended_at=None,
        # All of it is paid anew, from today on.
        batches=(Batch(facts.quantity, now, is_added=True),),
        updates=facts.updates + 1,
    )
    effects = [Effect(EffectKind.USERS_RETURN)]
    if not facts.is_trial:
        effects.append(Effect(EffectKind.BILLING_RESUMES))
    return Allowed(
        after=after,
        effective_at=now,
        cost=Cost(amount=amount, currency=facts.currency, days=days, of_days=of_days),
        undo=ANY_TIME,
        effects=(*effects, *foretold(after)),
    )


def decide_end(facts: Facts, at_end: AtEnd, now: datetime) -> Answer:
    """Microsoft's own offers always renew; those of other publishers may be left to end."""
    if refused := refusals.not_active(facts):
        return refused
    if at_end == facts.at_end:
        return refusals.unchanged()
    if facts.is_trial or facts.ends_at is None:
        return Refused("legacy_end", _("A trial and a subscription without a term do not renew."))
    if at_end == AtEnd.EXTEND or at_end == AtEnd.UNDECIDED:
        return Refused("legacy_extend", _("The extended service term exists for new commerce offers only."))
    if at_end == AtEnd.CANCEL and facts.is_microsoft:
        text = _("Offers of Microsoft under the legacy rules renew by themselves. Suspend the subscription to end it.")
        return Refused("legacy_renews", text, instead="Suspend")
    after = replace(facts, at_end=at_end, updates=facts.updates + 1)
    return Allowed(
        after=after,
        effective_at=now,
        cost=Cost(currency=facts.currency),
        undo=Undo(until=facts.ends_at),
        effects=foretold(after),
    )


def change_billing(facts: Facts, change: ChangeBilling, now: datetime) -> Answer:
    """Monthly or yearly bills for every subscription of the order; twelve new months begin at today's price.

    The cost is that of all of them.
    """
    if facts.is_trial or facts.is_usage_based:
        return Refused("6001", _("This subscription is not billed for a term, so its billing cannot be changed."))
    if refused := refusals.not_active(facts):
        return refused
    if change.billing_months not in (1, 12):
        return Refused("6001", _("Choose monthly or yearly bills."))
    if change.billing_months == facts.billing_months:
        return refusals.unchanged()
    for mate in change.mates:
        if mate.facts.status != Status.ACTIVE or mate.facts.is_trial or mate.unit_price is None:
            text = _(
                "%(name)s of the same order is not active, is a trial or is no longer sold; bills change together."
            )
            return Refused("6000", text % {"name": mate.name})
        if mate.facts.billing_months != facts.billing_months:
            text = _("%(name)s of the same order is billed otherwise; all bills of an order change together.")
            return Refused("6001", text % {"name": mate.name})
    after = new_term(facts, now, change.unit_price, change.billing_months)
    effects = [Effect(EffectKind.NEW_TERM, after.ends_at), Effect(EffectKind.NEW_PRICE)]
    if change.mates:
        effects.append(Effect(EffectKind.MATES_CHANGE, who=tuple(mate.name for mate in change.mates)))
    effects.append(Effect(EffectKind.PROMOTIONS_END))
    _credit, days, of_days = money.share(facts, facts.unit_price, facts.quantity, now)
    all_of_them = [(facts, change.unit_price), *((mate.facts, mate.unit_price or Decimal(0)) for mate in change.mates)]
    total = sum((money.rounded(price * one.quantity) for one, price in all_of_them), Decimal(0))
    credit = sum((money.share(one, one.unit_price, one.quantity, now)[0] for one, _price in all_of_them), Decimal(0))
    return Allowed(
        after=after,
        effective_at=now,
        cost=Cost(total - credit, facts.currency, days, of_days, next_term=total if facts.has_next_term else None),
        # The other bills can be chosen again, and begin yet another year.
        undo=NEVER,
        effects=tuple(effects),
    )


def new_term(facts: Facts, now: datetime, unit_price: Decimal, billing_months: int) -> Facts:
    """Twelve months from now on at another price."""
    return replace(
        facts,
        unit_price=unit_price,
        billing_months=billing_months,
        term_months=TERM_MONTHS,
        started_at=now,
        anchor_day=now.day,
        ends_at=money.after_months(now, TERM_MONTHS),
        batches=(),
        updates=facts.updates + 1,
    )


def upgrade(facts: Facts, change: Upgrade, now: datetime) -> Answer:
    """The whole subscription moves to a listed offer and keeps its ID and its end."""
    target = change.target
    if facts.is_trial:
        return Refused("800107", _("Convert a trial instead of upgrading it."), instead="ConvertTrial")
    if refused := refusals.not_active(facts):
        return refused
    if not target.is_path:
        return refusals.no_path(target.title)
    if change.quantity not in (None, facts.quantity):
        return Refused("legacy_partial", _("Under the legacy rules a subscription is upgraded whole."))
    if facts.has_add_ons:
        text = _("This subscription has add-ons. Suspend them first: they do not move to another offer.")
        return Refused("subscription_add_ons_present", text)
    if target.owned is not None and target.owned.facts.status in (Status.ACTIVE, Status.SUSPENDED):
        text = _("The customer has %(offer)s already. Change the number of its licenses instead.")
        return Refused("conflicting_service_types", text % {"offer": target.title})
    if refused := refusals.outside_limits(facts.quantity, target.least, target.most):
        return refused
    old, days, of_days = money.share(facts, facts.unit_price, facts.quantity, now)
    new, _days, _of_days = money.share(facts, target.unit_price, facts.quantity, now)
    return Allowed(
        after=replace(
            facts,
            unit_price=target.unit_price,
            least=target.least,
            most=target.most,
            batches=(Batch(facts.quantity, now, is_added=True),),
            updates=facts.updates + 1,
        ),
        effective_at=now,
        cost=Cost(
            new - old,
            facts.currency,
            days,
            of_days,
            next_term=target.unit_price * facts.quantity if facts.has_next_term else None,
        ),
        undo=NEVER,
        effects=(Effect(EffectKind.SAME_END, facts.ends_at), Effect(EffectKind.IRREVERSIBLE)),
    )


def convert_trial(facts: Facts, change: ConvertTrial, now: datetime) -> Answer:
    """At any time, with any number of licenses and any billing; the ID stays."""
    target = change.target
    if not facts.is_trial:
        return refusals.not_a_trial()
    if refused := refusals.not_active(facts):
        return refused
    if not target.is_path:
        return refusals.no_path(target.title)
    if refused := refusals.outside_limits(change.quantity, target.least, target.most):
        return refused
    after = replace(
        new_term(facts, now, target.unit_price, target.billing_months),
        quantity=change.quantity,
        is_trial=False,
        at_end=AtEnd.RENEW,
        least=target.least,
        most=target.most,
    )
    total = money.rounded(target.unit_price * change.quantity)
    return Allowed(
        after=after,
        effective_at=now,
        cost=Cost(total, facts.currency, next_term=total),
        undo=NEVER,
        effects=(Effect(EffectKind.STARTS_BILLING, now), Effect(EffectKind.NEW_TERM, after.ends_at)),
    )
