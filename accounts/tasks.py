"""Background work of sign-in and enrolling."""

from celery import shared_task
from django.core.management import call_command

from accounts import services


@shared_task(name="accounts.tasks.forget_ended_sessions", time_limit=600)
def forget_ended_sessions() -> None:
    """Remove the sessions that have run out: their rows serve nobody any more."""
    call_command("clearsessions")
    services.purge_ended_sessions()


@shared_task(name="accounts.tasks.purge_email_codes", time_limit=600)
def purge_email_codes() -> None:
    """Remove the codes that have long stopped working, and with them the addresses of whoever never enrolled."""
    services.purge_email_codes()
