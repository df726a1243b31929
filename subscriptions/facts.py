"""Between a stored subscription and what the rules know of it: both ways in one place."""

from datetime import datetime
from typing import Any

from catalogue.models import BillingPlan, Sku, TermDuration
from catalogue.models.prices import BILLING_MONTHS, TERM_MONTHS
from subscriptions.models import Subscription
from subscriptions.rules import AtEnd, Base, Batch, Facts, Policy, Scheduled, Status, due_at

TERMS = {months: term for term, months in TERM_MONTHS.items()}
PLANS = {months: plan for plan, months in BILLING_MONTHS.items()}
# What write_back() may change.
WRITTEN = (
    "status quantity unit_price term_duration billing_plan at_end is_trial is_extended batches scheduled suspended_at "
    "ended_at term_starts_at anchor_day ends_at cancellable_until next_step_at"
).split()


def facts_of(subscription: Subscription, *, has_add_ons: bool = False, parent: Subscription | None = None) -> Facts:
    """The subscription as the rules see it; needs `sku__product`.

    Whether add-ons run, and what it is an add-on of, the caller has looked up.
    """
    sku: Sku = subscription.sku
    least, most = sku.quantity_limits
    return Facts(
        policy=Policy(subscription.policy),
        status=Status(subscription.status),
        quantity=subscription.quantity,
        started_at=subscription.term_starts_at,
        ends_at=subscription.ends_at,
        unit_price=subscription.unit_price,
        currency=subscription.currency,
        term_months=TERM_MONTHS.get(subscription.term_duration, 0),
        billing_months=BILLING_MONTHS.get(subscription.billing_plan, 0),
        least=least,
        most=most,
        at_end=AtEnd(subscription.at_end),
        is_trial=subscription.is_trial,
        is_microsoft=sku.product.publisher.startswith("Microsoft"),
        is_usage_based=sku.is_usage_based,
        is_extended=subscription.is_extended,
        has_add_ons=has_add_ons,
        is_add_on=subscription.parent_id is not None,
        base=base_of(parent) if parent is not None else None,
        batches=tuple(batches_of(subscription)),
        scheduled=Scheduled(**subscription.scheduled) if subscription.scheduled else None,
        suspended_at=subscription.suspended_at,
        ended_at=subscription.ended_at,
        anchor_day=subscription.anchor_day,
        updates=subscription.version - 1,
    )


def base_of(parent: Subscription) -> Base:
    """What the rules of an add-on know of its base."""
    return Base(
        policy=Policy(parent.policy),
        status=Status(parent.status),
        ends_at=parent.ends_at,
        at_end=AtEnd(parent.at_end),
        is_trial=parent.is_trial,
        ended_at=parent.ended_at,
    )


def batches_of(subscription: Subscription) -> list[Batch]:
    """The purchases of the present term."""
    return [
        Batch(one["quantity"], datetime.fromisoformat(one["bought_at"]), one.get("is_added", place > 0))
        for place, one in enumerate(subscription.batches)
    ]


def batches_json(batches: Any) -> list[dict[str, Any]]:
    """Batches as the column keeps them."""
    return [
        {"quantity": batch.quantity, "bought_at": batch.bought_at.isoformat(), "is_added": batch.is_added}
        for batch in batches
    ]


def write_back(subscription: Subscription, facts: Facts) -> list[str]:
    """Give the subscription what the rules made of it, unsaved; return the names of the fields that differ."""
    before = {name: getattr(subscription, name) for name in WRITTEN}
    subscription.status = facts.status.value
    subscription.quantity = facts.quantity
    subscription.unit_price = facts.unit_price
    subscription.at_end = facts.at_end.value
    subscription.is_trial = facts.is_trial
    subscription.is_extended = facts.is_extended
    subscription.batches = batches_json(facts.batches)
    subscription.scheduled = vars_of(facts.scheduled)
    subscription.suspended_at, subscription.ended_at = facts.suspended_at, facts.ended_at
    subscription.term_starts_at, subscription.anchor_day = facts.started_at, facts.anchor_day
    subscription.ends_at = facts.ends_at
    if facts.term_months != TERM_MONTHS.get(subscription.term_duration, 0):
        subscription.term_duration = TERMS.get(facts.term_months, TermDuration.NONE)
    if facts.billing_months != BILLING_MONTHS.get(subscription.billing_plan, 0):
        subscription.billing_plan = PLANS.get(facts.billing_months, BillingPlan.NONE)
    _derive(subscription, facts)
    return [name for name in WRITTEN if getattr(subscription, name) != before[name]]


def vars_of(scheduled: Scheduled | None) -> dict[str, Any] | None:
    """A schedule as the column keeps it."""
    return None if scheduled is None or scheduled.is_empty else dict(vars(scheduled))


def keep_derived(subscription: Subscription) -> None:
    """Set the columns that follow from the others, unsaved."""
    _derive(subscription, facts_of(subscription))


def _derive(subscription: Subscription, facts: Facts) -> None:
    subscription.cancellable_until = facts.cancel_until if facts.status != Status.DELETED else None
    subscription.next_step_at = due_at(facts)
