"""Background work of notifications and webhooks; each may run twice, at the same time and late."""

from celery import shared_task

from notifications.feed import counting, mailing, telling, undelivered
from notifications.feed import services as feed_services
from notifications.following import follow
from notifications.webhooks import delivery, queueing, services


@shared_task(name="notifications.tasks.follow_for_notifications", time_limit=300)
def follow_for_notifications() -> None:
    """Tell people of what was recorded since; run every few seconds by beat."""
    follow(telling.FOLLOWER, telling.notify)


@shared_task(name="notifications.tasks.tell_of_undelivered_mail", soft_time_limit=270, time_limit=300)
def tell_of_undelivered_mail() -> None:
    """Record what the outbox has given up, for the companies whose mail it was."""
    undelivered.tell_of_undelivered_mail()


@shared_task(name="notifications.tasks.send_summaries", time_limit=600)
def send_summaries() -> None:
    """Queue the daily summaries whose hour has come."""
    mailing.send_summaries()


@shared_task(name="notifications.tasks.tidy_notifications", time_limit=600)
def tidy_notifications() -> None:
    """Forget old notifications, and count anew what bells show: rights end without a word to this app."""
    feed_services.forget_old_notifications()
    counting.count_everybody()


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
