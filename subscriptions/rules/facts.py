"""A subscription as the rules see it: values only, every moment in UTC."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum


class Policy(StrEnum):
    """Which of the two rule sets an offer is sold under."""

    LEGACY = "legacy"
    NEW_COMMERCE = "new_commerce"


class Status(StrEnum):
    """Where the subscription is in its life; the values of the model's own states."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    DISABLED = "disabled"
    DELETED = "deleted"


class AtEnd(StrEnum):
    """What happens at the end of the term."""

    RENEW = "renew"
    CANCEL = "cancel"
    EXTEND = "extend"
    # Auto-renew is off and nobody said what instead: a suspension leaves it so.
    UNDECIDED = "undecided"


# How long licenses may be given back after each purchase, and the subscription be canceled after purchase or renewal.
WINDOW = timedelta(days=7)
# From this day on nothing stays free after its term: what is neither renewed nor canceled goes on, monthly and dearer.
EXTENDED_SERVICE_FROM = datetime(2026, 5, 4, tzinfo=UTC)
# … unless its present term began before this day.
EXTENDED_SERVICE_TERMS_SINCE = datetime(2025, 4, 1, tzinfo=UTC)
MOST_UPDATES = 1_200
TRIAL_LICENSES = 25
TRIAL_DAYS = 30
# Days from suspension to deletion under the legacy rules, and the most that days before the first bill add to them.
LEGACY_SUSPENSION_DAYS = 90
LEGACY_MOST_FREE_DAYS = 30


@dataclass(frozen=True)
class Batch:
    """Licenses bought at one moment in the present term; each batch has its own window.

    What was added to a subscription is none of its purchase: it opens no window in which all of it may be canceled.
    Of the legacy rules only what was added is kept, for it was paid from its own day on.
    """

    quantity: int
    bought_at: datetime
    is_added: bool = False


@dataclass(frozen=True)
class Scheduled:
    """What is to be different from the next term on; None leaves it as it is."""

    quantity: int | None = None
    term_months: int | None = None
    billing_months: int | None = None
    offer: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return self == Scheduled()


@dataclass(frozen=True)
class Base:
    """What an add-on rests on, as far as its add-ons are concerned."""

    policy: Policy
    status: Status
    ends_at: datetime | None
    at_end: AtEnd = AtEnd.RENEW
    is_trial: bool = False
    ended_at: datetime | None = None

    @property
    def over_at(self) -> datetime | None:
        """Since when it no longer goes on, or from when on, as far as that is decided; else None.

        Under the legacy rules a trial ends, and so does what is left to end; under the new ones the clock says it.
        """
        if self.status not in (Status.ACTIVE, Status.SUSPENDED):
            return self.ended_at
        is_left = self.policy == Policy.LEGACY and (self.is_trial or self.at_end != AtEnd.RENEW)
        return self.ends_at if is_left else None


@dataclass(frozen=True)
class Facts:
    """One subscription at one moment.

    `unit_price` is for one license and the whole term (0 months: no term). `free_days` are the days between the opening
    of the account and its first bill. `anchor_day` is the day of month that terms end on, so that a short month shifts
    no later one. `updates` counts the changes made so far.
    """

    policy: Policy
    status: Status
    quantity: int
    started_at: datetime
    ends_at: datetime | None
    unit_price: Decimal = Decimal(0)
    currency: str = "USD"
    term_months: int = 12
    billing_months: int = 12
    least: int = 1
    most: int = 10_000_000
    at_end: AtEnd = AtEnd.RENEW
    is_trial: bool = False
    is_microsoft: bool = True
    is_usage_based: bool = False
    is_extended: bool = False
    has_add_ons: bool = False
    is_add_on: bool = False
    # What it is an add-on of, where somebody looked that up.
    base: Base | None = None
    batches: tuple[Batch, ...] = ()
    scheduled: Scheduled | None = None
    suspended_at: datetime | None = None
    # When the present state began, for those that the clock ends.
    ended_at: datetime | None = None
    free_days: int = 0
    anchor_day: int = 0
    updates: int = 0

    @property
    def is_new_commerce(self) -> bool:
        """Whether the new commerce rules hold."""
        return self.policy == Policy.NEW_COMMERCE

    @property
    def auto_renew(self) -> bool:
        """Whether it renews by itself."""
        return self.at_end == AtEnd.RENEW

    @property
    def has_next_term(self) -> bool:
        """Whether one like the present term follows it if nobody acts."""
        return self.auto_renew or (self.is_extended and self.at_end != AtEnd.CANCEL)

    @property
    def window(self) -> timedelta:
        """How long after purchase or renewal it may be canceled; other publishers than Microsoft set their own."""
        if self.is_microsoft:
            return WINDOW
        return timedelta(days=1) if self.term_months == 1 else timedelta(days=14)

    @property
    def cancel_until(self) -> datetime | None:
        """Until when it may be canceled; None where no window is open for it (any time, or never).

        Under the legacy rules that is for offers of other publishers alone.
        """
        if not self.is_new_commerce:
            has_window = self.term_months and not (self.is_microsoft or self.is_trial)
            return self.started_at + self.window if has_window else None
        if self.is_extended or not self.batches or self.batches[0].is_added:
            return None
        return self.batches[0].bought_at + self.window

    def given_back_until(self, bought_at: datetime) -> datetime:
        """Until when licenses bought then may be given back; the next term has a window of its own."""
        until = bought_at + WINDOW
        return until if self.ends_at is None else min(until, self.ends_at)

    def refundable(self, now: datetime) -> tuple[Batch, ...]:
        """The batches whose licenses may be given back now, newest first; the first batch keeps the subscription."""
        open_ones = [batch for batch in self.batches if now < self.given_back_until(batch.bought_at)]
        return tuple(sorted(open_ones, key=lambda batch: batch.bought_at, reverse=True))

    def deletion_after_suspension(self, suspended_at: datetime) -> datetime:
        """When a suspended legacy subscription is deleted."""
        days = LEGACY_SUSPENSION_DAYS + min(max(self.free_days, 0), LEGACY_MOST_FREE_DAYS)
        return suspended_at + timedelta(days=days)

    @property
    def goes_on_extended(self) -> bool:
        """Whether the end of this term falls under the extended service term."""
        return (
            self.is_new_commerce
            and not self.is_trial
            and self.ends_at is not None
            and has_extended_term(self.started_at, self.ends_at)
        )


def has_extended_term(started_at: datetime, ends_at: datetime) -> bool:
    """Whether a term of these days is followed by an extended service term, unless it renews or is canceled."""
    return ends_at >= EXTENDED_SERVICE_FROM and started_at >= EXTENDED_SERVICE_TERMS_SINCE
