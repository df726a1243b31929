"""What the worker does for orders."""

from celery import shared_task

from orders import services


@shared_task
def purge_abandoned_drafts() -> None:
    """Remove drafts that nobody touched for a month."""
    services.purge_abandoned_drafts()
