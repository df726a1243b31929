"""The hint to the worker that something is due: without a broker the next sweep finds it a little later."""

import logging

from celery import current_app

from core.cache import let_redis_rest, redis_rests

logger = logging.getLogger(__name__)


def wake_sender() -> None:
    """Ask the worker to look for deliveries now; never raises, and is called after the commit."""
    if redis_rests():
        return
    try:
        current_app.send_task("notifications.tasks.deliver_webhooks", retry=False, ignore_result=True)
    except Exception as error:
        let_redis_rest()
        logger.warning("The broker did not take the hint for webhooks: %s", type(error).__name__)
