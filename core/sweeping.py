"""One thing after another in background work, of which each may fail by itself."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from celery.exceptions import SoftTimeLimitExceeded

logger = logging.getLogger(__name__)
Key = TypeVar("Key")


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


def each(message: str, keys: Iterable[Key], act: Callable[[Key], bool]) -> int:
    """Do it for each of these rows, and return for how many it was done; `act` opens a transaction of its own.

    A row that fails is logged in the words of `message`, fails alone, and is found again by the next run. Nothing
    limits their number but the worker's time: rows that always fail keep none behind them from its turn.
    """
    done = 0
    for key in list(keys):
        with failing_alone(message, key):
            done += act(key)
    return done
