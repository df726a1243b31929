"""Background work of sign-in."""

from celery import shared_task
from django.core.management import call_command


@shared_task(name="accounts.tasks.forget_ended_sessions", time_limit=600)
def forget_ended_sessions() -> None:
    """Remove the sessions that have run out: their rows serve nobody any more."""
    call_command("clearsessions")
