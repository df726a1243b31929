"""What the clock does by itself: renewals, ends of terms, deletions. Safe to ask late: steps come in their order."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from enum import StrEnum

from subscriptions.rules import money
from subscriptions.rules.answers import Effect, EffectKind
from subscriptions.rules.facts import EXTENDED_SERVICE_FROM, AtEnd, Batch, Facts, Status

EXPIRED_DAYS = 30
DISABLED_DAYS = 90
# What was suspended when its term ended is disabled for the days of the grace as well.
DISABLED_AFTER_SUSPENSION_DAYS = 120
EXTENDED_TERM_MONTHS = 1
# What is over can no longer be decided about.
DECIDABLE = (Status.ACTIVE, Status.SUSPENDED)
INSTANT = timedelta(microseconds=1)
# More steps than any real delay brings; what is left comes with the next run.
MOST_STEPS = 60


class StepKind(StrEnum):
    """What the clock does with a subscription."""

    RENEWED = "renewed"
    EXTENDED = "extended"
    CONVERTED = "converted"
    EXPIRED = "expired"
    DISABLED = "disabled"
    DELETED = "deleted"


@dataclass(frozen=True)
class Quote:
    """What the next term costs, at the prices of the day on which it begins, and the offer's limits."""

    unit_price: Decimal
    term_months: int
    billing_months: int
    least: int = 1
    most: int = 10_000_000
    # For one license and one month where the offer has a monthly plan; what the extended service term goes by.
    monthly_price: Decimal | None = None
    # Whether it is for what was scheduled; False where that is no longer sold, and the term is like the one before.
    as_scheduled: bool = True


@dataclass(frozen=True)
class Step:
    """One thing that happens, at the moment at which it is due; `after` is the subscription as it then is."""

    kind: StepKind
    at: datetime
    after: Facts
    quote: Quote | None = None
    # Why something else happened than was asked for: the offer is no longer sold.
    not_on_sale: bool = False


# The price of the next term of these facts at a moment, or None where the offer is no longer sold.
Quotes = Callable[[Facts, datetime], Quote | None]


def next_step(facts: Facts, now: datetime, quotes: Quotes) -> Step | None:
    """The first thing that was due by now, or None. `quotes` is asked only where a term begins."""
    if facts.status == Status.DELETED:
        return None
    if facts.status in (Status.EXPIRED, Status.DISABLED):
        return _fading(facts, now)
    if facts.status == Status.SUSPENDED and not facts.is_new_commerce and facts.suspended_at is not None:
        at = facts.deletion_after_suspension(facts.suspended_at)
        # The term may end meanwhile: then it renews, suspended as it is and without a bill.
        if now >= at and (facts.ends_at is None or at <= facts.ends_at):
            return Step(StepKind.DELETED, at, _at(facts, Status.DELETED, at))
    if facts.ends_at is None or now < facts.ends_at:
        return None
    return _end_of_term(facts, facts.ends_at, now, quotes)


def due_at(facts: Facts) -> datetime | None:
    """When the clock has something to do next, or None: next_step() answers from this moment on and not before."""
    if facts.status == Status.DELETED:
        return None
    if facts.status in (Status.EXPIRED, Status.DISABLED):
        since = facts.ended_at or facts.ends_at
        return None if since is None else since + timedelta(days=_fading_days(facts))
    if facts.status == Status.SUSPENDED and not facts.is_new_commerce and facts.suspended_at is not None:
        at = facts.deletion_after_suspension(facts.suspended_at)
        return at if facts.ends_at is None else min(at, facts.ends_at)
    return facts.ends_at


def steps_due(facts: Facts, now: datetime, quotes: Quotes) -> Iterator[Step]:
    """Everything that was due by now, in its order: a missed day catches up."""
    for _number in range(MOST_STEPS):
        step = next_step(facts, now, quotes)
        if step is None:
            return
        yield step
        facts = step.after


# What a page says of each step before it happens.
FORETOLD = {
    StepKind.RENEWED: EffectKind.RENEWS_AT,
    StepKind.CONVERTED: EffectKind.BECOMES_PAID_AT,
    StepKind.EXTENDED: EffectKind.EXTENDED_AT,
    StepKind.EXPIRED: EffectKind.EXPIRES_AT,
    StepKind.DISABLED: EffectKind.DISABLED_AT,
    StepKind.DELETED: EffectKind.DELETED_AT,
}


def foretold(facts: Facts) -> tuple[Effect, ...]:
    """What the clock does next if nobody acts and the offer is still sold; that it renews suspended is no event."""

    def sold(facts: Facts, at: datetime) -> Quote:
        return Quote(facts.unit_price, facts.term_months, facts.billing_months, facts.least, facts.most)

    for _number in range(MOST_STEPS):
        moment = due_at(facts)
        step = next_step(facts, moment, sold) if moment is not None else None
        if step is None:
            break
        if step.after.status != Status.SUSPENDED:
            return (Effect(FORETOLD[step.kind], step.at),)
        facts = step.after
    return ()


def decision_deadline(facts: Facts) -> datetime | None:
    """Before this moment somebody can still decide what comes next; from it on the clock does what it then does.

    The end of the term, or the deletion of what the legacy rules have suspended: `due_at` of whatever still lives.
    """
    return due_at(facts) if facts.status in DECIDABLE else None


def decision_date(deadline: datetime, zone: tzinfo) -> date:
    """The last day on which it can be decided, as people of the zone count: what ends at midnight is decided before."""
    return (deadline - INSTANT).astimezone(zone).date()


def _at(facts: Facts, status: Status, at: datetime) -> Facts:
    return replace(facts, status=status, ended_at=at, scheduled=None)


def _fading_days(facts: Facts) -> int:
    """How long what is expired or disabled stays so."""
    if facts.status == Status.EXPIRED and facts.is_new_commerce:
        return EXPIRED_DAYS
    return DISABLED_AFTER_SUSPENSION_DAYS if facts.suspended_at else DISABLED_DAYS


def _fading(facts: Facts, now: datetime) -> Step | None:
    since = facts.ended_at or facts.ends_at
    if since is None:
        return None
    at = since + timedelta(days=_fading_days(facts))
    kind, status = StepKind.DELETED, Status.DELETED
    if facts.status == Status.EXPIRED and facts.is_new_commerce:
        kind, status = StepKind.DISABLED, Status.DISABLED
    return Step(kind, at, _at(facts, status, at)) if now >= at else None


def _end_of_term(facts: Facts, at: datetime, now: datetime, quotes: Quotes) -> Step:
    if facts.status == Status.SUSPENDED and facts.is_new_commerce:
        return Step(StepKind.DISABLED, at, _at(facts, Status.DISABLED, at))
    if facts.is_extended:
        return _extended_month(facts, at, quotes)
    base_over_at = facts.base.over_at if facts.base is not None else None
    if base_over_at is not None and base_over_at <= at and not facts.is_new_commerce:
        # An add-on of the legacy rules; under new commerce it outlives its base.
        return _over(facts, at)
    # A trial of the legacy rules is converted by a person or not at all.
    if facts.auto_renew and (facts.is_new_commerce or not facts.is_trial):
        quote = quotes(facts, at)
        if quote is None:
            return _over(facts, at, not_on_sale=True)
        kind = StepKind.CONVERTED if facts.is_trial else StepKind.RENEWED
        return Step(kind, at, renewed(facts, at, now, quote), quote)
    if facts.at_end in (AtEnd.EXTEND, AtEnd.UNDECIDED) and facts.goes_on_extended:
        return _extended(facts, at, quotes)
    return _over(facts, at)


def _over(facts: Facts, at: datetime, *, not_on_sale: bool = False) -> Step:
    if not facts.is_new_commerce:
        if facts.is_trial:
            return Step(StepKind.EXPIRED, at, _at(facts, Status.EXPIRED, at))
        return Step(StepKind.DELETED, at, _at(facts, Status.DELETED, at), not_on_sale=not_on_sale)
    if at < EXTENDED_SERVICE_FROM:
        return Step(StepKind.EXPIRED, at, _at(facts, Status.EXPIRED, at), not_on_sale=not_on_sale)
    # The free days after a term are gone.
    return Step(StepKind.DISABLED, at, _at(facts, Status.DISABLED, at), not_on_sale=not_on_sale)


def renewed(facts: Facts, at: datetime, now: datetime, quote: Quote) -> Facts:
    """The next term, with what was scheduled for it, at its own price; its window begins when the renewal is done."""
    scheduled = facts.scheduled
    quantity = facts.quantity if scheduled is None or scheduled.quantity is None else scheduled.quantity
    quantity = min(max(quantity, quote.least), quote.most)
    anchor = facts.anchor_day or facts.started_at.day
    ends_at = money.after_months(at, quote.term_months, anchor) if quote.term_months else None
    done_at = min(now, ends_at) if ends_at else now
    return replace(
        facts,
        quantity=quantity,
        unit_price=quote.unit_price,
        term_months=quote.term_months,
        billing_months=quote.billing_months,
        least=quote.least,
        most=quote.most,
        started_at=at,
        anchor_day=anchor,
        ends_at=ends_at,
        batches=(Batch(quantity, done_at),) if facts.is_new_commerce else (),
        is_trial=False,
        scheduled=None,
    )


def _extended(facts: Facts, at: datetime, quotes: Quotes) -> Step:
    quote = quotes(facts, at)
    price = _monthly(quote)
    if price is None:
        unit, months = (quote.unit_price, quote.term_months) if quote else (facts.unit_price, facts.term_months)
        price = money.extended_price(unit, months, has_monthly_plan=False)
    anchor = facts.anchor_day or facts.started_at.day
    after = replace(
        facts,
        is_extended=True,
        at_end=AtEnd.EXTEND,
        unit_price=price,
        term_months=EXTENDED_TERM_MONTHS,
        billing_months=EXTENDED_TERM_MONTHS,
        started_at=at,
        anchor_day=anchor,
        ends_at=money.after_months(at, EXTENDED_TERM_MONTHS, anchor),
        batches=(),
        scheduled=None,
    )
    return Step(StepKind.EXTENDED, at, after, quote)


def _extended_month(facts: Facts, at: datetime, quotes: Quotes) -> Step:
    """The next month, at the price of its day like every term that begins; where there is no monthly plan it stays."""
    if facts.at_end == AtEnd.CANCEL:
        return _over(facts, at)
    quote = quotes(facts, at)
    anchor = facts.anchor_day or facts.started_at.day
    ends_at = money.after_months(at, EXTENDED_TERM_MONTHS, anchor)
    after = replace(facts, unit_price=_monthly(quote) or facts.unit_price, started_at=at, ends_at=ends_at)
    return Step(StepKind.EXTENDED, at, after, quote)


def _monthly(quote: Quote | None) -> Decimal | None:
    """What a month of an extended service term costs where the offer has a monthly plan."""
    if quote is None or quote.monthly_price is None:
        return None
    return money.extended_price(quote.monthly_price)
