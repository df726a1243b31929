"""New commerce: to a longer term, another billing plan or another offer, before the renewal."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from core.html import number_text
from subscriptions.rules import money, refusals
from subscriptions.rules.answers import NEVER, Allowed, Answer, Cost, Effect, EffectKind, Refused, Undo
from subscriptions.rules.changes import ChangeBilling, ChangeTerm, ConvertTrial, Target, Upgrade
from subscriptions.rules.facts import TRIAL_LICENSES, AtEnd, Batch, Facts, Status
from subscriptions.rules.licenses import trimmed
from subscriptions.rules.schedule import billing_refused

LONGEST_TERM = 36


def change_term(facts: Facts, change: ChangeTerm, now: datetime) -> Answer:
    """Upwards only: a longer term begins now, the rest of the present one is credited, and there is no new window."""
    if facts.is_trial or facts.ends_at is None or facts.is_extended:
        return Refused("800121", _("This subscription has no paid term that could be made longer."))
    if refused := refusals.not_active(facts) or billing_refused(change.term_months, change.billing_months):
        return refused
    if change.term_months <= facts.term_months:
        text = _("Before the renewal a term can only become longer. Schedule a shorter one for the renewal.")
        return Refused("800122", text, instead="ScheduleChange")
    credit, days, of_days = money.share(facts, facts.unit_price, facts.quantity, now)
    after = begun(facts, now, change.term_months, change.billing_months)
    after = replace(after, unit_price=change.unit_price, scheduled=None)
    total = money.rounded(change.unit_price * facts.quantity)
    return Allowed(
        after=after,
        effective_at=now,
        cost=Cost(total - credit, facts.currency, days, of_days, next_term=total if facts.has_next_term else None),
        undo=NEVER,
        effects=(
            Effect(EffectKind.NEW_TERM, after.ends_at),
            Effect(EffectKind.NO_WINDOW),
            *dropped(facts),
        ),
    )


def begun(facts: Facts, now: datetime, term_months: int, billing_months: int) -> Facts:
    """A term that begins now, without a window."""
    return replace(
        facts,
        term_months=term_months,
        billing_months=billing_months,
        started_at=now,
        anchor_day=now.day,
        ends_at=money.after_months(now, term_months),
        batches=(),
        updates=facts.updates + 1,
    )


def change_billing(facts: Facts, change: ChangeBilling, now: datetime) -> Answer:
    """A three-year term moves between monthly and yearly bills with its next bill; others only with their term."""
    if facts.is_trial or facts.ends_at is None:
        return Refused("900270", _("This subscription is not billed for a term, so its billing cannot be changed."))
    if refused := refusals.not_active(facts):
        return refused
    if change.billing_months == facts.billing_months:
        return refusals.unchanged()
    if facts.term_months != LONGEST_TERM or {facts.billing_months, change.billing_months} != {1, 12}:
        text = _("Before the renewal these bills change only together with a longer term. Schedule it for the renewal.")
        return Refused("900270", text, instead="ScheduleChange")
    at = money.next_bill(facts, now)
    if at >= facts.ends_at:
        text = _("The next bill is that of the next term. Schedule the change for the renewal.")
        return Refused("900270", text, instead="ScheduleChange")
    after = replace(facts, billing_months=change.billing_months, updates=facts.updates + 1)
    # Of the last year there is no other yearly bill with which monthly ones could come back.
    returns = money.next_bill(after, now) < facts.ends_at
    return Allowed(
        after=after,
        effective_at=at,
        cost=Cost(currency=facts.currency),
        undo=Undo(until=at) if returns else NEVER,
        effects=(Effect(EffectKind.BILLS_CHANGE_AT, at),),
    )


def upgrade(facts: Facts, change: Upgrade, now: datetime) -> Answer:
    """All licenses (same ID) or some of them (another subscription with the same end), without a window.

    In an extended service term the new offer goes on as the old one did, month by month and with what that costs more.
    """
    target = change.target
    quantity = facts.quantity if change.quantity is None else change.quantity
    if facts.is_trial:
        return Refused("800107", _("Convert a trial instead of upgrading it."), instead="ConvertTrial")
    if refused := refusals.not_active(facts):
        return refused
    if not target.is_path:
        return refusals.no_path(target.title)
    if refused := upgrade_refused(facts, target, quantity, now):
        return refused
    partial = quantity < facts.quantity
    old, days, of_days = money.share(facts, facts.unit_price, quantity, now)
    # What joins another subscription costs what that one's licenses cost, until its end.
    joined = target.owned.facts if target.owned is not None else branch(facts, target, quantity)
    new, _days, _of_days = money.share(joined, joined.unit_price, quantity, now)
    if target.owned is not None:
        # What is charged and what is credited are for days of two terms.
        days = of_days = 0
    if partial or target.owned is not None:
        left = facts.quantity - quantity
        # With nothing left the subscription is over; its number of licenses stays on record.
        after = replace(facts, quantity=left, updates=facts.updates + 1) if left else ended(facts, now)
        if target.owned is None:
            effects = [Effect(EffectKind.NEW_SUBSCRIPTION), Effect(EffectKind.SAME_END, facts.ends_at)]
        else:
            effects = [Effect(EffectKind.JOINS_OWNED, joined.ends_at)]
            effects += [Effect(EffectKind.OWNED_SCHEDULE_DROPPED)] if joined.scheduled is not None else []
    else:
        after = replace(joined, updates=facts.updates + 1)
        effects = [Effect(EffectKind.SAME_END, facts.ends_at)]
    effects.append(Effect(EffectKind.IN_EXTENDED_TERM if joined.is_extended else EffectKind.NO_WINDOW))
    return Allowed(
        after=replace(after, scheduled=None, batches=trimmed(facts.batches, after.quantity) if partial else ()),
        effective_at=now,
        cost=Cost(
            new - old,
            facts.currency,
            days,
            of_days,
            # The price of this term says nothing of a longer one, nor where none follows.
            next_term=(
                price_in(joined, target) * quantity
                if joined.has_next_term and joined.term_months == facts.term_months
                else None
            ),
        ),
        undo=NEVER,
        effects=(*effects, Effect(EffectKind.IRREVERSIBLE), *dropped(facts)),
    )


def price_in(facts: Facts, target: Target) -> Decimal:
    """Today's price of the target for a term like that of these facts: more in an extended service term."""
    return money.extended_price(target.unit_price) if facts.is_extended else target.unit_price


def branch(facts: Facts, target: Target, quantity: int) -> Facts:
    """So many licenses of the target in the term that these facts are in, without a window of their own."""
    return replace(
        facts,
        quantity=quantity,
        unit_price=price_in(facts, target),
        least=target.least,
        most=target.most,
        batches=(),
        scheduled=None,
        updates=0,
    )


def ended(facts: Facts, now: datetime) -> Facts:
    """What stays of a subscription all of whose licenses went into another."""
    return replace(facts, status=Status.DELETED, ended_at=now, at_end=AtEnd.CANCEL, updates=facts.updates + 1)


def upgrade_refused(facts: Facts, target: Target, quantity: int, now: datetime) -> Refused | None:
    """What is wrong with the number of licenses or with the subscription that they are to join."""
    if quantity < 1 or quantity > facts.quantity:
        return refusals.outside_limits(quantity, 1, facts.quantity)
    left = facts.quantity - quantity
    if left and (refused := refusals.outside_limits(left, facts.least, facts.most)):
        return refused
    if target.owned is None:
        return refusals.outside_limits(quantity, target.least, target.most)
    owned = target.owned.facts
    if refused := joining_refused(facts, owned, now):
        return refused
    if owned.quantity + quantity > owned.most:
        text = _("The subscription to upgrade into can have %(number)s licenses at most. Upgrade fewer.")
        return Refused("2002", text % {"number": number_text(owned.most)})
    return None


def joining_refused(facts: Facts, owned: Facts, now: datetime) -> Refused | None:
    """What keeps upgraded licenses out of a subscription of the target, however many they are."""
    if owned.status != Status.ACTIVE:
        return Refused("900259", _("The subscription to upgrade into is not active. Reactivate it first."))
    if owned.cancel_until is not None and now < owned.cancel_until:
        return Refused(
            "900260", _("The subscription to upgrade into can still be canceled. Wait until that time is over.")
        )
    if owned.term_months < facts.term_months:
        return Refused("900261", _("The subscription to upgrade into has a shorter term. Choose another."))
    if owned.ends_at is None or (facts.ends_at is not None and owned.ends_at < facts.ends_at):
        return Refused("900261", _("The subscription to upgrade into ends earlier. Choose another."))
    return None


def join(owned: Facts, quantity: int) -> Facts:
    """What upgraded licenses make of the subscription that they join: they have no window of their own."""
    return replace(owned, quantity=owned.quantity + quantity, scheduled=None, updates=owned.updates + 1)


def convert_trial(facts: Facts, change: ConvertTrial, now: datetime) -> Answer:
    """Before the trial ends: at least as many licenses as it has, a new term, and a window as after a purchase."""
    target = change.target
    if not facts.is_trial:
        return refusals.not_a_trial()
    if refused := refusals.not_active(facts):
        return refused
    if not target.is_path:
        return refusals.no_path(target.title)
    least = max(target.least, min(TRIAL_LICENSES, target.most))
    if refused := refusals.outside_limits(change.quantity, least, target.most):
        return refused
    if refused := billing_refused(target.term_months, target.billing_months):
        return refused
    after = replace(
        begun(facts, now, target.term_months, target.billing_months),
        unit_price=target.unit_price,
        quantity=change.quantity,
        is_trial=False,
        at_end=AtEnd.RENEW,
        scheduled=None,
        least=target.least,
        most=target.most,
        batches=(Batch(change.quantity, now),),
    )
    total = money.rounded(target.unit_price * change.quantity)
    return Allowed(
        after=after,
        effective_at=now,
        cost=Cost(total, facts.currency, next_term=total),
        undo=Undo(until=now + after.window),
        effects=(
            Effect(EffectKind.STARTS_BILLING, now),
            Effect(EffectKind.NEW_TERM, after.ends_at),
            Effect(EffectKind.NEW_WINDOW, now + after.window),
            *dropped(facts),
        ),
    )


def dropped(facts: Facts) -> list[Effect]:
    """That what was scheduled is gone, if there was something."""
    return [Effect(EffectKind.SCHEDULE_DROPPED)] if facts.scheduled is not None else []
