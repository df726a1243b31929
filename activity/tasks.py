"""Background work of the record."""

from celery import shared_task

from activity import sealing


@shared_task(name="activity.tasks.seal_activity", time_limit=300)
def seal_activity() -> None:
    """Seal what was recorded since; run every few seconds by beat, and safe to run twice or late."""
    sealing.seal_waiting()
