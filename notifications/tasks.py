"""Background work of notifications and webhooks; each may run twice, at the same time and late."""

from celery import shared_task

from notifications.following import follow
from notifications.webhooks import delivery, queueing, services


@shared_task(name="notifications.tasks.follow_for_webhooks", time_limit=300)
def follow_for_webhooks() -> None:
    """Queue deliveries for what was recorded since; run every few seconds by beat."""
    follow(queueing.FOLLOWER, queueing.queue_deliveries)


@shared_task(name="notifications.tasks.deliver_webhooks", time_limit=240)
def deliver_webhooks() -> None:
    """Send what is due."""
    delivery.deliver_due()


@shared_task(name="notifications.tasks.forget_old_deliveries", time_limit=600)
def forget_old_deliveries() -> None:
    """Forget deliveries after their ninety days."""
    services.purge_deliveries()
