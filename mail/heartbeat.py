"""Whether beat and worker live: beat leaves a note when it asks for a sweep, a worker when it begins one."""

import logging
from datetime import datetime, timedelta
from typing import Any

from celery.signals import before_task_publish
from django.core.cache import cache

from core import clock

logger = logging.getLogger(__name__)

SWEEP = "mail:last-sweep"
BEAT = "mail:last-sweep-asked-for"
SWEEP_TASK = "mail.tasks.send_due_emails"
KEPT_SECONDS = 86_400
# A sweep is asked for every ten seconds and may take a few minutes while the mail server is slow.
SILENT_AFTER = timedelta(minutes=5)


def note(key: str = SWEEP) -> None:
    """Leave the note; a cache that is away must not keep mail from leaving."""
    try:
        cache.set(key, clock.now(), KEPT_SECONDS)
    except Exception as error:
        logger.warning("A note of being alive could not be left: %s", type(error).__name__)


@before_task_publish.connect(sender=SWEEP_TASK)
def note_beat(**kwargs: Any) -> None:
    """Only beat asks for a sweep; it lives even if the broker then does not take the message."""
    note(BEAT)


def seen(key: str) -> datetime | None:
    """When the last note was left, if it is remembered."""
    moment: datetime | None = cache.get(key)
    return moment


def is_silent(moment: datetime | None) -> bool:
    """Whether so long ago, or never, that somebody must look."""
    return moment is None or clock.now() - moment > SILENT_AFTER
