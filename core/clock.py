"""The one place that says what time it is, so that a rule and its test mean the same clock."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from django.utils import timezone

_told: ContextVar[datetime | None] = ContextVar("clock_told", default=None)


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return _told.get() or timezone.now()


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Let the block believe that it is `moment`: how the demo data come to have a past."""
    token = _told.set(moment)
    try:
        yield
    finally:
        _told.reset(token)
