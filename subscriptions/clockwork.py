"""What the clock does with subscriptions: renewals, ends of terms, deletions. Safe to run twice, and late."""

from datetime import datetime

from django.db import transaction

from accounts.access import system_actor
from activity.services import record
from core import clock
from core.sweeping import failing_alone
from customers.changes import lock_customers, mark_changed
from subscriptions.changing import differences, save_facts, told
from subscriptions.facts import facts_of
from subscriptions.models import Subscription
from subscriptions.options import NextTerm
from subscriptions.rules import Step, StepKind, steps_due

ROWS_AT_ONCE = 200
# What the record calls each step.
ACTIONS = {
    StepKind.RENEWED: "subscription.renewed",
    StepKind.EXTENDED: "subscription.extended",
    StepKind.CONVERTED: "subscription.converted",
    StepKind.EXPIRED: "subscription.expired",
    StepKind.DISABLED: "subscription.disabled",
    StepKind.DELETED: "subscription.deleted",
}
NAME = "subscription clock"


def run_due(limit: int = 5_000) -> int:
    """Do what is due by now, the longest overdue first; return how many subscriptions moved.

    Each in a transaction of its own: one that fails is logged and keeps no other from its turn.
    """
    now, moved, after = clock.now(), 0, None
    while moved < limit:
        rows = Subscription.objects.filter(next_step_at__lte=now).order_by("next_step_at", "pk")
        if after is not None:
            rows = rows.filter(next_step_at__gte=after[0]).exclude(next_step_at=after[0], pk__lte=after[1])
        due = list(rows.values_list("next_step_at", "pk")[:ROWS_AT_ONCE])
        if not due:
            return moved
        for at, pk in due:
            after = (at, pk)
            with failing_alone("Subscription %s could not be moved on", pk):
                moved += step_subscription(pk, now)
    return moved


@transaction.atomic
def step_subscription(pk: int, now: datetime) -> bool:
    """Do everything that is due with one subscription, in its order; False if another run has it or nothing is due."""
    # The customer first, as everybody does who changes something of it.
    lock_customers(Subscription.objects.filter(pk=pk).values_list("customer_id", flat=True))
    locked = Subscription.objects.filter(pk=pk, next_step_at__lte=now)
    if not locked.select_for_update(no_key=True, skip_locked=True).exists():
        return False
    related = ("customer__provider", "sku__product", "provider", "parent")
    subscription = Subscription.objects.select_related(*related).get(pk=pk)
    prices, moved = NextTerm(subscription), False
    for step in steps_due(facts_of(subscription, parent=subscription.parent), now, prices):
        take(subscription, step, prices)
        moved = True
    if moved:
        mark_changed(subscription.customer_id, at=now)
    return moved


def take(subscription: Subscription, step: Step, prices: NextTerm) -> None:
    """Write one step and its record."""
    before = told(subscription)
    if step.kind in (StepKind.RENEWED, StepKind.CONVERTED) and prices.sku.pk != subscription.sku_id:
        if subscription.nickname == subscription.offer_name:
            subscription.nickname = prices.sku.title
        subscription.sku, subscription.offer_name = prices.sku, prices.sku.title
    save_facts(subscription, step.after)
    missing = step.not_on_sale or (step.quote is not None and not step.quote.as_scheduled)
    extra = {"not_on_sale": True} if missing else {}
    record(
        ACTIONS[step.kind],
        subscription,
        by=system_actor(NAME),
        due_at=step.at,
        **differences(before, told(subscription)),
        **extra,
    )
