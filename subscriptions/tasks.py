"""What the worker does with subscriptions by the clock."""

from celery import shared_task

from subscriptions import clockwork, tallies
from subscriptions.bulk import services as bulk
from subscriptions.change_requests import counting
from subscriptions.change_requests.services import close_impossible_requests as close_impossible
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


@shared_task(time_limit=600, soft_time_limit=570, ignore_result=True)
def run_bulk_change(change_id: int) -> bool:
    """Go on with one bulk change; safe to run twice, and at once."""
    return bulk.run_bulk_change(change_id=change_id)


@shared_task(time_limit=600, soft_time_limit=570, ignore_result=True)
def resume_bulk_changes() -> int:
    """Go on with bulk changes that no worker works on."""
    return bulk.resume_bulk_changes()


@shared_task(time_limit=600, soft_time_limit=570, ignore_result=True)
def close_impossible_requests() -> int:
    """Close requests whose reseller has lost the customer; safe to run twice."""
    return close_impossible()


@shared_task(time_limit=600, soft_time_limit=570, ignore_result=True)
def count_waiting_requests() -> int:
    """Count what the navigation shows anew, should a worker or a page have died before it did; safe to run twice."""
    return counting.count_everywhere()


@shared_task(time_limit=600, soft_time_limit=570, ignore_result=True)
def count_resellers_anew() -> None:
    """Count what each reseller has anew, so that a day's changes are one row again; safe to run twice."""
    tallies.count_resellers_anew()
