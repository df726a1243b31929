"""What the worker does for customers."""

from celery import shared_task

from customers.credentials import services


@shared_task
def blank_expired_envelopes() -> None:
    """Remove every temporary password that was not looked at in its quarter of an hour."""
    services.blank_expired_envelopes()
