"""What part of a term costs, in the ways that the programme documents."""

import calendar
import math
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from subscriptions.rules.facts import TRIAL_DAYS, Facts, Policy

CENT = Decimal("0.01")
# As exact as prices are kept.
PRICE_STEP = Decimal("0.0001")
EXTRA_WITH_MONTHLY_PLAN = Decimal("1.03")
EXTRA_WITHOUT_MONTHLY_PLAN = Decimal("1.23")
DAY = timedelta(days=1)
DAYS_OF_A_YEAR = 365
LEGACY_FULL_CREDIT = timedelta(days=30)


def rounded(amount: Decimal) -> Decimal:
    """To the cent, halves up."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def extended_price(unit_price: Decimal, term_months: int = 1, *, has_monthly_plan: bool = True) -> Decimal:
    """What a license costs for a month of an extended service term: a month's price and more, halves up.

    That of the monthly plan where the offer has one, else a month of what another term costs.
    """
    extra = EXTRA_WITH_MONTHLY_PLAN if has_monthly_plan else EXTRA_WITHOUT_MONTHLY_PLAN
    return (unit_price * extra / max(term_months, 1)).quantize(PRICE_STEP, ROUND_HALF_UP)


def after_months(moment: datetime, months: int, anchor_day: int = 0) -> datetime:
    """The same day and time so many calendar months later; the last day where the month is shorter.

    With the day of month that the terms are anchored to, a short month in between shifts nothing for good.
    """
    years, month = divmod(moment.month - 1 + months, 12)
    year, month = moment.year + years, month + 1
    day = anchor_day or moment.day
    return moment.replace(year=year, month=month, day=min(day, calendar.monthrange(year, month)[1]))


def first_end(
    now: datetime, months: int, policy: Policy, *, is_trial: bool = False, base_ends_at: datetime | None = None
) -> datetime | None:
    """When what begins now ends: under the legacy rules a trial after thirty days, and an add-on with its base."""
    if not months:
        return None
    if policy == Policy.NEW_COMMERCE:
        return after_months(now, months)
    if is_trial:
        return now + TRIAL_DAYS * DAY
    if base_ends_at is not None and now < base_ends_at:
        return base_ends_at
    return after_months(now, months)


def days_left(now: datetime, end: datetime) -> int:
    """Days until the end, a begun one counted whole."""
    return max(0, math.ceil((end - now) / DAY))


def days_of(start: datetime, end: datetime) -> int:
    """Days of a term, at least one."""
    return max(1, round((end - start) / DAY))


def share_of_term(facts: Facts, unit_price: Decimal, quantity: int, now: datetime) -> tuple[Decimal, int, int]:
    """New commerce: the price of the term by days, for the days that are left; with both numbers of days."""
    if facts.ends_at is None:
        return Decimal(0), 0, 0
    of_days = days_of(facts.started_at, facts.ends_at)
    days = min(days_left(now, facts.ends_at), of_days)
    return rounded(unit_price * quantity * days / of_days), days, of_days


def bill_month(facts: Facts, now: datetime) -> tuple[datetime, datetime]:
    """The month of billing that the moment lies in; an add-on that began in the middle of one has those of its base."""
    anchor, start = facts.anchor_day or facts.started_at.day, facts.started_at
    if facts.ends_at is not None:
        start = datetime.combine(start.date(), facts.ends_at.timetz())
    number = 0 if after_months(start, 0, anchor) > facts.started_at else 1
    while after_months(start, number, anchor) <= now:
        number += 1
    return after_months(start, number - 1, anchor), after_months(start, number, anchor)


def legacy_share(facts: Facts, unit_price: Decimal, quantity: int, now: datetime) -> tuple[Decimal, int, int]:
    """Legacy: monthly bills by the days of the month, then whole months; yearly bills by 365ths of a year.

    Monthly: ROUND(ROUND(unit × quantity ÷ days of the month, 2) × days ÷ quantity, 2) × quantity; a whole month is not
    prorated, and no part of one costs more. Yearly: monthly × 12 ÷ 365 × days left × licenses.
    """
    if facts.ends_at is None or not quantity or not facts.term_months:
        return Decimal(0), 0, 0
    # Divided last: a third of a cent lost on the way would turn the half of one.
    total, term = unit_price * quantity, facts.term_months
    days = days_left(now, facts.ends_at)
    if facts.billing_months != 1:
        amount = rounded(total * 12 * days / (term * DAYS_OF_A_YEAR))
        return min(amount, rounded(total)), days, DAYS_OF_A_YEAR
    begin, end = bill_month(facts, now)
    of_days = days_of(begin, end)
    in_month = min(days_left(now, end), of_days)
    months, part = 0, Decimal(0)
    while after_months(end, months + 1, facts.anchor_day or facts.started_at.day) <= facts.ends_at:
        months += 1
    if in_month == of_days:
        months += 1
    else:
        part = _of_month(total / term, quantity, in_month, of_days)
    return rounded(part + total * months / term), days, days_of(facts.started_at, facts.ends_at)


def _of_month(whole: Decimal, quantity: int, days: int, of_days: int) -> Decimal:
    """What some days of a month of billing cost that costs `whole`."""
    a_day = rounded(whole / of_days)
    return min(rounded(a_day * days / quantity) * quantity, whole)


def share(facts: Facts, unit_price: Decimal, quantity: int, now: datetime) -> tuple[Decimal, int, int]:
    """What so many licenses cost for the rest of the present term, by the rules that the offer is sold under."""
    if facts.is_trial or facts.is_usage_based:
        return Decimal(0), 0, 0
    function = share_of_term if facts.is_new_commerce else legacy_share
    return function(facts, unit_price, quantity, now)


def paid(facts: Facts) -> Decimal:
    """What the present term has cost so far: its purchase from the first day on, and what was added from its own."""
    added = [(batch.quantity, batch.bought_at) for batch in facts.batches if batch.is_added]
    purchased = facts.quantity - sum(quantity for quantity, _day in added)
    parts = [(purchased, facts.started_at), *added]
    return sum((share(facts, facts.unit_price, quantity, day)[0] for quantity, day in parts), Decimal(0))


def next_bill(facts: Facts, now: datetime) -> datetime:
    """When the next bill is due: the end of the present billing period."""
    months = facts.billing_months or facts.term_months or 1
    anchor = facts.anchor_day or facts.started_at.day
    number = months
    while after_months(facts.started_at, number, anchor) <= now:
        number += months
    return after_months(facts.started_at, number, anchor)
