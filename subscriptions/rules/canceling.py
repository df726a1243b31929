"""Canceling for good: within the window after purchase or renewal, where the rules have one."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from subscriptions.rules import money
from subscriptions.rules.answers import NEVER, Allowed, Answer, Cost, Effect, EffectKind, Refused
from subscriptions.rules.facts import AtEnd, Facts, Status


def cancel(facts: Facts, now: datetime) -> Answer:
    """Within the window after purchase or renewal, prorated and for good; an extended service term at any time."""
    until = facts.cancel_until
    if not facts.is_extended and (until is None or now >= until):
        text = _(
            "The time in which this subscription can be canceled has passed. Choose what happens at its end instead."
        )
        return Refused("900117", text, instead="DecideEnd")
    amount, days, of_days = money.share(facts, facts.unit_price, facts.quantity, now)
    if not (facts.is_microsoft or facts.is_trial or facts.is_extended):
        # Other publishers refund everything within their own window; an extended service term has none.
        amount = money.paid(facts)
    if facts.status == Status.SUSPENDED and not facts.is_new_commerce:
        # The suspension has credited it already.
        amount = Decimal(0)
    with_add_ons = facts.has_add_ons and not facts.is_new_commerce
    add_ons = (Effect(EffectKind.ADD_ONS_SUSPENDED),) if with_add_ons else ()
    return Allowed(
        after=replace(
            facts,
            status=Status.DELETED,
            ended_at=now,
            at_end=AtEnd.CANCEL,
            scheduled=None,
            updates=facts.updates + 1,
        ),
        effective_at=now,
        cost=Cost(amount=-amount, currency=facts.currency, days=days, of_days=of_days),
        undo=NEVER,
        effects=(Effect(EffectKind.DELETED_AT_ONCE), *add_ons, Effect(EffectKind.IRREVERSIBLE)),
    )
