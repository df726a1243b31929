"""One thing after another in background work, of which each may fail by itself."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from celery.exceptions import SoftTimeLimitExceeded

logger = logging.getLogger(__name__)


@contextmanager
def failing_alone(message: str, *about: object) -> Iterator[None]:
    """Log what fails inside, and go on: it is found again by the next run, and keeps no other from its turn.

    The end of the worker's time is no failure of whatever it met: it ends the run.
    """
    try:
        yield
    except SoftTimeLimitExceeded:
        raise
    except Exception:
        logger.exception(message, *about)
