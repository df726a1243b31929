"""The one place that says what time it is, so that a rule and its test mean the same clock."""

from datetime import datetime

from django.utils import timezone


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return timezone.now()
