"""What the worker does with subscriptions by the clock."""

from celery import shared_task

from subscriptions import clockwork
from subscriptions.decisions import digests
from subscriptions.incentives import accruing, ledger


@shared_task(time_limit=600, soft_time_limit=570, ignore_result=True)
def move_subscriptions() -> int:
    """Renew, end and delete what is due; safe to run twice and late."""
    return clockwork.run_due()


@shared_task(time_limit=600, soft_time_limit=570, ignore_result=True)
def tell_of_decisions() -> int:
    """Tell companies what is to be decided soon; the first run of a day does, the others find it done."""
    return digests.tell_companies()


@shared_task(time_limit=600, soft_time_limit=570, ignore_result=True)
def accrue_incentives() -> int:
    """Write what months that are over have earned; safe to run twice and late."""
    return accruing.accrue_due()


@shared_task(time_limit=600, soft_time_limit=570, ignore_result=True)
def settle_incentives() -> int:
    """Mark what the back office has confirmed and paid; safe to run twice and late."""
    return ledger.settle_months()
