"""New commerce: buying licenses at any time, and giving them back within their own windows."""

from dataclasses import replace
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.html import number_text
from subscriptions.rules import money, refusals
from subscriptions.rules.answers import ANY_TIME, Allowed, Answer, Cost, Effect, EffectKind, Refused, Undo
from subscriptions.rules.facts import Batch, Facts


def change_licenses(facts: Facts, quantity: int, now: datetime) -> Answer:
    """Up at any time and prorated to the same end; down only by licenses whose window is open."""
    if facts.is_usage_based:
        return refusals.usage_has_no_licenses()
    if facts.is_trial:
        return refusals.trial_is_fixed()
    if refused := refusals.not_active(facts) or refusals.outside_limits(quantity, facts.least, facts.most):
        return refused
    if quantity == facts.quantity:
        return refusals.unchanged()
    return add(facts, quantity, now) if quantity > facts.quantity else give_back(facts, quantity, now)


def add(facts: Facts, quantity: int, now: datetime) -> Allowed:
    """A batch of its own, with a window of its own."""
    more = quantity - facts.quantity
    amount, days, of_days = money.share(facts, facts.unit_price, more, now)
    return Allowed(
        after=replace(
            facts,
            quantity=quantity,
            batches=(*facts.batches, Batch(more, now, is_added=True)),
            scheduled=None,
            updates=facts.updates + 1,
        ),
        effective_at=now,
        cost=Cost(amount, facts.currency, days, of_days),
        undo=ANY_TIME if facts.is_extended else Undo(until=facts.given_back_until(now)),
        effects=(Effect(EffectKind.SAME_END, facts.ends_at), *_dropped(facts)),
    )


def give_back(facts: Facts, quantity: int, now: datetime) -> Answer:
    """The newest licenses first; an extended service term lets any of them go."""
    less = facts.quantity - quantity
    batches, returned = _without(facts, less, now)
    if returned < less and not facts.is_extended:
        return _window_passed(facts, returned)
    amount, days, of_days = money.share(facts, facts.unit_price, less, now)
    batches = trimmed(batches, quantity)
    return Allowed(
        after=replace(facts, quantity=quantity, batches=batches, scheduled=None, updates=facts.updates + 1),
        effective_at=now,
        cost=Cost(-amount, facts.currency, days, of_days),
        undo=ANY_TIME,
        effects=tuple(_dropped(facts)),
    )


def refundable_quantity(facts: Facts, now: datetime) -> int:
    """How many licenses may be given back now, so that the offer's least number stays."""
    if facts.is_extended:
        return max(0, facts.quantity - facts.least)
    _batches, returned = _without(facts, facts.quantity - facts.least, now)
    return returned


def _without(facts: Facts, less: int, now: datetime) -> tuple[tuple[Batch, ...], int]:
    """The batches after giving back up to so many licenses, and how many that were."""
    left = {id(batch): batch.quantity for batch in facts.batches}
    returned = 0
    for batch in facts.refundable(now):
        some = min(batch.quantity, less - returned)
        left[id(batch)] -= some
        returned += some
    # The first batch stays, empty if need be: it carries the window in which the subscription may be canceled.
    kept = tuple(
        replace(batch, quantity=left[id(batch)])
        for place, batch in enumerate(facts.batches)
        if place == 0 or left[id(batch)]
    )
    return kept, returned


def trimmed(batches: tuple[Batch, ...], quantity: int) -> tuple[Batch, ...]:
    """Batches of no more than so many licenses: those that went elsewhere were the newest."""
    kept, room = [], quantity
    for place, batch in enumerate(batches):
        some = min(batch.quantity, room)
        room -= some
        if some or place == 0:
            kept.append(replace(batch, quantity=some))
    return tuple(kept)


def _window_passed(facts: Facts, returned: int) -> Refused:
    if not returned:
        text = _(
            "The seven days in which licenses can be given back have passed. Schedule fewer for the renewal instead."
        )
    else:
        text = ngettext(
            "Only %(number)s license can still be given back. Schedule fewer for the renewal instead.",
            "Only %(number)s licenses can still be given back. Schedule fewer for the renewal instead.",
            returned,
        ) % {"number": number_text(returned)}
    return Refused("900214", text, instead="ScheduleChange")


def _dropped(facts: Facts) -> list[Effect]:
    return [Effect(EffectKind.SCHEDULE_DROPPED)] if facts.scheduled is not None else []
