"""What a month earns, day by day, without a database."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.incentives.calculating import Change, Held, History, Month, Part, Present, Rate, parts_of, to_cents

OCTOBER = Month(date(2026, 10, 1))
TEN = Rate(1, Decimal(10))
BEFORE = datetime(2026, 1, 1, tzinfo=UTC)


def at(day: int, hour: int = 12, month: int = 10) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def history(**values: Any) -> History:
    """Ten licenses at 120 a year, of record with one reseller for long."""
    present = {
        "status": "active",
        "quantity": 10,
        "unit_price": Decimal(120),
        "term_months": 12,
        "is_trial": False,
        "offer": "A/0001",
    }
    present |= {name: values.pop(name) for name in list(values) if name in present}
    facts = {"policy": "new_commerce", "started_at": BEFORE, "changes": [], "held": [Held(7, "0012345", BEFORE, None)]}
    return History(now=Present(**present), **{**facts, **values})


def earned(one: History, rate: Rate = TEN, **values: Any) -> list[tuple[int, Decimal, Decimal]]:
    """(reseller, base, amount) of each part."""
    parts = parts_of(one, OCTOBER, lambda offer, day: rate, **values)
    return [(part.reseller, part.base, part.amount) for part in parts]


def test_a_whole_month() -> None:
    assert earned(history()) == [(7, Decimal("100.00"), Decimal("10.00"))]


def test_the_first_month_counts_the_days_since_the_start() -> None:
    # From the 22nd on: ten days of 31.
    assert earned(history(started_at=at(22))) == [(7, Decimal("32.26"), Decimal("3.23"))]


def test_what_began_after_the_month_earns_nothing_in_it() -> None:
    assert earned(history(started_at=at(1, 0, 11))) == []


@pytest.mark.parametrize(
    ("moment", "days"),
    [
        # A day belongs to whoever is of record when it ends.
        (at(11, 0), 10),
        (at(11, 23), 10),
        (at(10, 23), 9),
        (at(1, 0), 0),
    ],
)
def test_a_change_of_the_reseller_splits_the_month_by_days(moment: datetime, days: int) -> None:
    held = [Held(7, "0012345", BEFORE, moment), Held(8, "0099999", moment, None)]
    parts = parts_of(history(held=held), OCTOBER, lambda offer, day: TEN)
    assert {part.reseller: sum(run.days for run in part.runs) for part in parts} == {
        **({7: days} if days else {}),
        8: 31 - days,
    }


def test_days_without_a_reseller_earn_nobody_anything() -> None:
    held = [Held(7, "0012345", BEFORE, at(11, 0)), Held(8, "0099999", at(21, 0), None)]
    assert earned(history(held=held)) == [
        (7, Decimal("32.26"), Decimal("3.23")),
        (8, Decimal("35.48"), Decimal("3.55")),
    ]


def test_another_mpn_id_of_the_same_reseller_is_another_part() -> None:
    held = [Held(7, "0012345", BEFORE, at(11, 0)), Held(7, "0012346", at(11, 0), None)]
    assert [part.mpn_id for part in parts_of(history(held=held), OCTOBER, lambda o, d: TEN)] == ["0012345", "0012346"]


@pytest.mark.parametrize(
    ("policy", "status", "amount"),
    [
        ("new_commerce", "active", "10.00"),
        ("new_commerce", "suspended", "10.00"),
        ("legacy", "active", "10.00"),
        ("legacy", "suspended", None),
        *(("legacy", status, None) for status in ("expired", "disabled", "deleted")),
        *(("new_commerce", status, None) for status in ("expired", "disabled", "deleted")),
    ],
)
def test_what_is_billed_earns(policy: str, status: str, amount: str | None) -> None:
    expected = [(7, Decimal("100.00"), Decimal(amount))] if amount else []
    assert earned(history(policy=policy, status=status)) == expected


def test_trials_and_what_has_no_term_earn_nothing() -> None:
    assert earned(history(is_trial=True)) == []
    assert earned(history(term_months=0)) == []


def test_the_past_is_calculated_with_what_it_was() -> None:
    """Ten licenses now; four until the 15th, and a trial until the 5th."""
    changes = [Change(at(16), {"quantity": 4}), Change(at(6), {"is_trial": True})]
    # 10 days of 4 and 16 days of 10 licenses.
    expected = to_cents(Fraction(10 * (10 * 4 + 16 * 10), 31))
    assert earned(history(changes=changes))[0][1] == expected


def test_a_legacy_suspension_pauses_what_is_earned() -> None:
    changes = [Change(at(21), {"status": "suspended"}), Change(at(11), {"status": "active"})]
    # Suspended from the 11th to the 20th.
    assert earned(history(policy="legacy", changes=changes)) == [(7, Decimal("67.74"), Decimal("6.77"))]


def test_a_change_after_the_month_does_not_reach_back() -> None:
    assert earned(history(quantity=99, changes=[Change(at(2, 12, 11), {"quantity": 10})])) == earned(history())


def test_no_rate_earns_nothing_and_none_of_zero_percent_is_booked() -> None:
    assert parts_of(history(), OCTOBER, lambda offer, day: None) == []
    assert earned(history(), Rate(1, Decimal(0))) == []


def test_a_rate_that_changes_in_the_month_makes_two_parts() -> None:
    new = date(2026, 10, 11)
    parts = parts_of(history(), OCTOBER, lambda offer, day: TEN if day < new else Rate(2, Decimal(20)), [new])
    assert [(part.rate.key, part.base, part.amount) for part in parts] == [
        (1, Decimal("32.26"), Decimal("3.23")),
        (2, Decimal("67.74"), Decimal("13.55")),
    ]


def test_halves_go_to_the_even_cent() -> None:
    assert [to_cents(Fraction(number, 1000)) for number in (5, 15, 25, -5, -15)] == [
        Decimal("0.00"),
        Decimal("0.02"),
        Decimal("0.02"),
        Decimal("0.00"),
        Decimal("-0.02"),
    ]


@given(
    first=st.integers(1, 31),
    second=st.integers(1, 31),
    quantity=st.integers(1, 5_000),
    price=st.decimals("0.01", 9_999, places=4),
)
def test_parts_of_a_month_make_the_month(first: int, second: int, quantity: int, price: Decimal) -> None:
    """However a month is divided, the days add up and the bases differ from the whole by no more than rounding."""
    begin, end = sorted((first, second))
    held = [
        Held(7, "1", BEFORE, at(begin, 0)),
        Held(8, "2", at(begin, 0), at(end, 0)),
        Held(9, "3", at(end, 0), None),
    ]
    values = {"quantity": quantity, "unit_price": price}
    parts: list[Part] = parts_of(history(held=held, **values), OCTOBER, lambda offer, day: TEN)
    whole = to_cents(Fraction(price) * quantity / 12)
    assert sum(run.days for part in parts for run in part.runs) <= 31
    assert abs(sum(part.base for part in parts) - whole) <= Decimal("0.02")
