"""Background work about requests. Each task may run twice, late, and at the same time as itself."""

from celery import shared_task

from accounts.access import system_actor
from resellers.services.expiry import expire_overdue
from resellers.services.reminders import remind_of_requests, tell_of_undeliverable_mail


@shared_task(name="resellers.tasks.close_overdue_requests", time_limit=600)
def close_overdue_requests() -> None:
    """Close the requests that nobody answered in their time."""
    expire_overdue(by=system_actor("expiry of requests"))


@shared_task(name="resellers.tasks.remind_of_open_requests", time_limit=600)
def remind_of_open_requests() -> None:
    """Remind whoever has not answered after a week, and again two days before the end."""
    remind_of_requests(by=system_actor("reminders"))


@shared_task(name="resellers.tasks.report_undeliverable_requests", time_limit=600)
def report_undeliverable_requests() -> None:
    """Tell senders whose request could not be mailed."""
    tell_of_undeliverable_mail()
