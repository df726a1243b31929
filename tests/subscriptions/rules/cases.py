"""Subscriptions as facts, for tests that read like the documentation's tables."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from subscriptions.rules import (
    Allowed,
    Answer,
    AtEnd,
    Base,
    Batch,
    Change,
    Facts,
    Policy,
    Quote,
    Refused,
    Status,
    judge,
)

BOUGHT = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
# Inside the seven days and the thirty, and after both.
EARLY, LATE = BOUGHT + 3 * DAY, BOUGHT + 40 * DAY


def legacy(**values: Any) -> Facts:
    """Ten licenses for a year from 15 January 2026, USD 120 each, billed by the month."""
    facts = Facts(
        policy=Policy.LEGACY,
        status=Status.ACTIVE,
        quantity=10,
        started_at=BOUGHT,
        ends_at=datetime(2027, 1, 15, 10, 30, tzinfo=UTC),
        unit_price=Decimal(120),
        term_months=12,
        billing_months=1,
        least=1,
        most=300,
        anchor_day=15,
    )
    return replace(facts, **values)


def legacy_base(**values: Any) -> Base:
    """What an add-on with the days of legacy() rests on."""
    return replace(Base(Policy.LEGACY, Status.ACTIVE, datetime(2027, 1, 15, 10, 30, tzinfo=UTC)), **values)


def new_commerce(**values: Any) -> Facts:
    """The same under the new commerce rules, all ten bought at once."""
    facts = replace(legacy(), policy=Policy.NEW_COMMERCE, batches=(Batch(10, BOUGHT),))
    return replace(facts, **values)


def trial(facts: Facts, **values: Any) -> Facts:
    """A trial of 25 licenses for a month."""
    values = {
        "is_trial": True,
        "quantity": 25,
        "unit_price": Decimal(0),
        "term_months": 1,
        "ends_at": datetime(2026, 2, 15, 10, 30, tzinfo=UTC),
        "batches": (Batch(25, BOUGHT),) if facts.is_new_commerce else (),
        **values,
    }
    return replace(facts, **values)


def answer(facts: Facts, change: Change, now: datetime) -> str:
    """`allowed`, or the code of the refusal."""
    found: Answer = judge(facts, change, now)
    return found.code if isinstance(found, Refused) else "allowed"


def allowed(facts: Facts, change: Change, now: datetime = EARLY) -> Allowed:
    """The answer to a change that the rules allow."""
    found = judge(facts, change, now)
    assert isinstance(found, Allowed)
    return found


def yearly(facts: Facts, at: datetime) -> Quote:
    """The next term costs USD 132 a year, and has a monthly plan of USD 13."""
    return Quote(Decimal(132), 12, 1, facts.least, facts.most, monthly_price=Decimal(13))


def nothing_on_sale(facts: Facts, at: datetime) -> None:
    """The offer is no longer sold."""


SUSPENDED = {"status": Status.SUSPENDED, "suspended_at": BOUGHT + DAY}
ENDS = [AtEnd.RENEW, AtEnd.CANCEL, AtEnd.EXTEND, AtEnd.UNDECIDED]
