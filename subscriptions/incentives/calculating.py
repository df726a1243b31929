"""What a subscription earned in a month, day by day; knows no database.

A day belongs to the reseller that is of record when it ends (UTC), and counts with what the subscription is at that
moment. The base is the price of the licenses for a month, whatever the billing plan, by the days: unit price × licenses
÷ months of the term × days ÷ days of the month. Base and amount are rounded to cents, halves to the even cent.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

from subscriptions.rules.billing import is_billed
from subscriptions.rules.facts import Policy, Status

DAY = timedelta(days=1)
CENT_PLACES = 2


@dataclass(frozen=True)
class Month:
    """A calendar month in UTC."""

    first: date

    @property
    def following(self) -> date:
        """The first day of the next one."""
        return (self.first + timedelta(days=31)).replace(day=1)

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.following - self.first).days

    @property
    def begins_at(self) -> datetime:
        """Its first moment."""
        return start_of(self.first)

    @property
    def ends_at(self) -> datetime:
        """The first moment after it."""
        return start_of(self.following)


@dataclass(frozen=True)
class Held:
    """A reseller of record, with the MPN ID of that time."""

    reseller: int
    mpn_id: str
    begins_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True)
class Present:
    """What of a subscription decides what it earns, at one moment."""

    status: str
    quantity: int
    unit_price: Decimal
    term_months: int
    is_trial: bool
    offer: str


@dataclass(frozen=True)
class Change:
    """What was different before a moment: names of Present with the values of before."""

    at: datetime
    before: dict[str, Any]


@dataclass(frozen=True)
class History:
    """One subscription: what it is now, what it was (newest change first), and who was of record."""

    policy: str
    started_at: datetime
    now: Present
    changes: Sequence[Change]
    held: Sequence[Held]

    def at(self, moment: datetime) -> Present:
        """What it was just before the moment."""
        found = self.now
        for change in self.changes:
            if change.at >= moment:
                found = replace(found, **change.before)
        return found

    def holder(self, moment: datetime) -> Held | None:
        """Who was of record just before the moment."""
        for one in self.held:
            if one.begins_at < moment and (one.ends_at is None or one.ends_at >= moment):
                return one
        return None


@dataclass(frozen=True)
class Rate:
    """A percentage and the key of where it stands."""

    key: int
    percent: Decimal


# The rate for an offer on a day, or None.
Rates = Callable[[str, date], Rate | None]


@dataclass(frozen=True)
class Run:
    """Some days in a row that are alike."""

    first: date
    days: int
    present: Present
    held: Held
    rate: Rate

    @property
    def last(self) -> date:
        """The last of the days."""
        return self.first + timedelta(days=self.days - 1)

    def exact_base(self, month: Month) -> Fraction:
        """The unrounded share of the price."""
        present = self.present
        term = Fraction(present.unit_price) * present.quantity / present.term_months
        return term * self.days / month.days


@dataclass(frozen=True)
class Part:
    """What one reseller earned at one rate: an entry of the ledger."""

    reseller: int
    mpn_id: str
    rate: Rate
    runs: tuple[Run, ...]
    base: Decimal
    amount: Decimal


def start_of(day: date) -> datetime:
    """The first moment of a day in UTC."""
    return datetime.combine(day, time.min, tzinfo=UTC)


def to_places(value: Fraction, places: int) -> Decimal:
    """Rounded, halves to the even digit; exact, for a fraction loses nothing on the way."""
    return Decimal(round(value * 10**places)).scaleb(-places)


def to_cents(value: Fraction) -> Decimal:
    """Rounded to cents."""
    return to_places(value, CENT_PLACES)


def parts_of(history: History, month: Month, rates: Rates, rate_days: Sequence[date] = ()) -> list[Part]:
    """The entries of one subscription's month; none where nothing was earned."""
    grouped: dict[tuple[int, str, Rate], list[Run]] = {}
    for run in runs_of(history, month, rates, rate_days):
        grouped.setdefault((run.held.reseller, run.held.mpn_id, run.rate), []).append(run)
    found = []
    for (reseller, mpn_id, rate), runs in grouped.items():
        base = to_cents(sum((run.exact_base(month) for run in runs), Fraction(0)))
        amount = to_cents(Fraction(base) * Fraction(rate.percent) / 100)
        if base and rate.percent:
            found.append(Part(reseller, mpn_id, rate, tuple(runs), base, amount))
    return found


def runs_of(history: History, month: Month, rates: Rates, rate_days: Sequence[date]) -> Iterator[Run]:
    """The days that earn something, those that are alike together."""
    cuts = [*cuts_of(history, month, rate_days), month.following]
    for first, following in pairwise(cuts):
        end_of_day = start_of(first + DAY)
        held = history.holder(end_of_day)
        if held is None or history.started_at >= end_of_day:
            continue
        present = history.at(end_of_day)
        if not earns(history.policy, present):
            continue
        rate = rates(present.offer, first)
        if rate is not None:
            yield Run(first, (following - first).days, present, held, rate)


def earns(policy: str, present: Present) -> bool:
    """Trials earn nothing, nor what is not billed, nor what has no term and so no price for a month."""
    if present.is_trial or not present.term_months:
        return False
    return is_billed(Policy(policy), Status(present.status))


def cuts_of(history: History, month: Month, rate_days: Sequence[date]) -> list[date]:
    """The days of the month on which something may be another than the day before, its first included."""
    moments = [history.started_at, *(change.at for change in history.changes)]
    for one in history.held:
        moments += [one.begins_at, *([one.ends_at] if one.ends_at else [])]
    days = {month.first, *rate_days, *(moment.astimezone(UTC).date() for moment in moments)}
    return sorted(day for day in days if month.first <= day < month.following)
