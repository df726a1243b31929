"""Background work of the outbox. Both tasks may run twice and at the same time: a claim decides who sends."""

from celery import shared_task

from mail import delivery, heartbeat


@shared_task(name="mail.tasks.deliver_email", time_limit=240)
def deliver_email(email_id: str) -> None:
    """Send one mail."""
    delivery.deliver(email_id)


@shared_task(name="mail.tasks.send_due_emails", time_limit=900)
def send_due_emails() -> None:
    """Send everything that is due; run every few seconds by beat."""
    heartbeat.note()
    delivery.send_due()
