"""What the worker does with subscriptions by the clock."""

from celery import shared_task

from subscriptions import clockwork


@shared_task(time_limit=600, soft_time_limit=570, ignore_result=True)
def move_subscriptions() -> int:
    """Renew, end and delete what is due; safe to run twice and late."""
    return clockwork.run_due()
