"""Whether beat and worker live: each sweep leaves a note in the cache that says when it began."""

import logging
from datetime import datetime, timedelta

from django.core.cache import cache

from core import clock

logger = logging.getLogger(__name__)

KEY = "mail:last-sweep"
KEPT_SECONDS = 86_400
# A sweep is asked for every ten seconds and may take a few minutes while the mail server is slow.
SILENT_AFTER = timedelta(minutes=5)


def note() -> None:
    """Leave the note; a cache that is away must not keep mail from leaving."""
    try:
        cache.set(KEY, clock.now(), KEPT_SECONDS)
    except Exception as error:
        logger.warning("The sweep could not leave its note: %s", type(error).__name__)


def is_silent() -> bool:
    """Whether no sweep has begun for so long that beat or every worker must be down."""
    moment: datetime | None = cache.get(KEY)
    return moment is None or clock.now() - moment > SILENT_AFTER
