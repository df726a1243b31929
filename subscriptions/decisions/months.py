"""The months of the renewal calendar, in the reader's zone."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import formats, timezone

from core import clock

WRITTEN = re.compile(r"(?a:(\d{4})-(\d{2}))")
# The longest term, and a month for what is late.
MOST_MONTHS = 37


@dataclass(frozen=True, order=True)
class Month:
    """One month of a year."""

    year: int
    month: int

    def __str__(self) -> str:
        """As it stands in the address: 2026-12."""
        return f"{self.year:04}-{self.month:02}"

    @property
    def words(self) -> str:
        """December 2026, as the active language writes it."""
        return formats.date_format(date(self.year, self.month, 1), "YEAR_MONTH_FORMAT")

    def later(self, months: int) -> "Month":
        """So many months later; earlier if negative."""
        years, month = divmod(self.month - 1 + months, 12)
        return Month(self.year + years, month + 1)

    def begins_at(self) -> datetime:
        """The month's first midnight in the active zone."""
        return timezone.make_aware(datetime.combine(date(self.year, self.month, 1), time.min))


def present_month() -> Month:
    """The month that today lies in."""
    today = timezone.localdate(clock.now())
    return Month(today.year, today.month)


def month_of(text: str) -> Month:
    """The month that an address asks for, among those that the calendar has; the present one for anything else."""
    present = present_month()
    found = WRITTEN.fullmatch(text)
    if not found or not 1 <= int(found[2]) <= 12:
        return present
    month = Month(int(found[1]), int(found[2]))
    return month if present <= month <= present.later(MOST_MONTHS) else present


def month_of_decision(deadline: datetime) -> Month:
    """The month in whose decision_period() a deadline lies."""
    last_day = timezone.localdate(deadline - timedelta(microseconds=1))
    return Month(last_day.year, last_day.month)


def decision_period(month: Month) -> tuple[datetime, datetime]:
    """After the first and up to the second moment lie the deadlines whose last day to decide is in the month.

    What ends at midnight is decided on the day before.
    """
    return month.begins_at(), month.later(1).begins_at()
