"""Every window a minute before and a minute after its edge, across changes of clocks, leap days and ends of months."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import time_machine

from subscriptions.rules import (
    AtEnd,
    Batch,
    Cancel,
    ChangeLicenses,
    ChangeTerm,
    Facts,
    Policy,
    Reactivate,
    Status,
    StepKind,
    Suspend,
    next_step,
    steps_due,
)
from subscriptions.rules.money import after_months, bill_month, first_end, next_bill, share
from tests.subscriptions.rules.cases import MINUTE, allowed, answer, legacy, new_commerce, yearly

WEEK = timedelta(days=7)
# Purchases whose seven days cross something.
PURCHASES = [
    datetime(2026, 1, 15, 10, 30, tzinfo=UTC),
    datetime(2026, 3, 27, 0, 59, tzinfo=UTC),  # Europe moves its clocks on 29 March 2026
    datetime(2026, 3, 5, 9, 59, tzinfo=UTC),  # the United States on 8 March
    datetime(2026, 10, 28, 5, 30, tzinfo=UTC),  # and back on 1 November
    datetime(2028, 2, 25, 12, 0, tzinfo=UTC),  # over a 29 February
    datetime(2027, 2, 25, 12, 0, tzinfo=UTC),  # over the end of a short month
    datetime(2026, 12, 30, 23, 59, tzinfo=UTC),  # over the end of a year
]


@pytest.fixture(params=["UTC", "America/Sao_Paulo", "Europe/London"], autouse=True)
def server_zone(request: pytest.FixtureRequest) -> Iterator[None]:
    """The server's own zone has no part in any of this."""
    with time_machine.travel(datetime(2026, 3, 29, 0, 30, tzinfo=ZoneInfo(request.param)), tick=False):
        yield


def bought(moment: datetime) -> Facts:
    return new_commerce(started_at=moment, ends_at=moment + timedelta(days=365), batches=(Batch(10, moment),))


@pytest.mark.parametrize("moment", PURCHASES)
@pytest.mark.parametrize(("change", "code"), [(Cancel(), "900117"), (ChangeLicenses(9), "900214")])
def test_seven_days_to_the_minute(moment: datetime, change: Cancel | ChangeLicenses, code: str) -> None:
    facts, end = bought(moment), moment + WEEK
    assert [answer(facts, change, at) for at in (end - MINUTE, end, end + MINUTE)] == ["allowed", code, code]


@pytest.mark.parametrize("moment", PURCHASES)
def test_licenses_added_later_have_a_week_of_their_own(moment: datetime) -> None:
    later = moment + timedelta(days=100)
    facts = bought(moment)
    facts = new_commerce(
        quantity=15, started_at=facts.started_at, ends_at=facts.ends_at, batches=(*facts.batches, Batch(5, later))
    )
    end = later + WEEK
    assert answer(facts, ChangeLicenses(10), end - MINUTE) == "allowed"
    assert answer(facts, ChangeLicenses(9), end - MINUTE) == "900214"
    assert answer(facts, ChangeLicenses(14), end + MINUTE) == "900214"


@pytest.mark.parametrize("moment", PURCHASES)
def test_licenses_added_in_the_last_days_can_be_given_back_until_the_term_ends(moment: datetime) -> None:
    facts = bought(moment)
    assert facts.ends_at is not None
    for left in (timedelta(days=2), WEEK, WEEK + MINUTE):
        now = facts.ends_at - left
        found = allowed(facts, ChangeLicenses(15), now)
        assert found.undo.until == min(now + WEEK, facts.ends_at)
        assert answer(found.after, ChangeLicenses(10), found.undo.until - MINUTE) == "allowed"
        assert answer(found.after, ChangeLicenses(10), found.undo.until) != "allowed"


@pytest.mark.parametrize("moment", PURCHASES)
def test_nothing_changes_any_more_from_the_end_of_the_term_on(moment: datetime) -> None:
    for facts in (bought(moment), legacy(started_at=moment, ends_at=moment + timedelta(days=365))):
        assert facts.ends_at is not None
        assert answer(facts, ChangeLicenses(11), facts.ends_at - MINUTE) == "allowed"
        assert answer(facts, ChangeLicenses(11), facts.ends_at) == "900278"
        assert next_step(facts, facts.ends_at - MINUTE, yearly) is None
        step = next_step(facts, facts.ends_at, yearly)
        assert step is not None
        assert (step.kind, step.at) == (StepKind.RENEWED, facts.ends_at)


@pytest.mark.parametrize(
    ("start", "months", "anchor", "end"),
    [
        ((2026, 1, 31), 1, 31, (2026, 2, 28)),
        ((2026, 2, 28), 1, 31, (2026, 3, 31)),
        ((2028, 1, 31), 1, 31, (2028, 2, 29)),
        ((2028, 2, 29), 12, 29, (2029, 2, 28)),
        ((2029, 2, 28), 36, 29, (2032, 2, 29)),
        ((2026, 12, 15), 1, 15, (2027, 1, 15)),
        ((2026, 1, 15), 36, 0, (2029, 1, 15)),
    ],
)
def test_months_end_where_they_began(
    start: tuple[int, int, int], months: int, anchor: int, end: tuple[int, int, int]
) -> None:
    assert after_months(datetime(*start, 8, 0, tzinfo=UTC), months, anchor) == datetime(*end, 8, 0, tzinfo=UTC)


def test_a_monthly_term_of_the_31st_never_drifts() -> None:
    start = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)
    facts = new_commerce(
        started_at=start,
        ends_at=datetime(2026, 2, 28, 8, 0, tzinfo=UTC),
        term_months=1,
        billing_months=1,
        anchor_day=31,
        batches=(Batch(10, start),),
    )

    def monthly(facts: Facts, at: datetime) -> object:
        return yearly(facts, at).__class__(Decimal(11), 1, 1)

    steps = list(steps_due(facts, datetime(2026, 6, 1, tzinfo=UTC), monthly))  # type: ignore[arg-type]
    assert [step.at.day for step in steps] == [28, 31, 30, 31]
    assert {step.kind for step in steps} == {StepKind.RENEWED}


def test_a_first_term_ends_with_its_base_or_its_trial_or_after_its_months() -> None:
    now, base = datetime(2026, 1, 31, 8, 0, tzinfo=UTC), datetime(2026, 9, 9, tzinfo=UTC)
    old, new = Policy.LEGACY, Policy.NEW_COMMERCE
    assert first_end(now, 1, new, is_trial=True, base_ends_at=base) == datetime(2026, 2, 28, 8, 0, tzinfo=UTC)
    assert first_end(now, 1, old, is_trial=True) == datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    assert first_end(now, 12, old, base_ends_at=base) == base
    assert first_end(now, 12, old, base_ends_at=now) == datetime(2027, 1, 31, 8, 0, tzinfo=UTC)
    assert first_end(now, 0, old) is None


def test_an_add_on_is_billed_with_the_months_of_its_base() -> None:
    facts = legacy(started_at=datetime(2026, 3, 20, 8, 0, tzinfo=UTC))  # its base began on a 15th, at 10:30
    for now, month in ((datetime(2026, 3, 21, tzinfo=UTC), 3), (datetime(2026, 4, 16, tzinfo=UTC), 4)):
        assert bill_month(facts, now) == (
            datetime(2026, month, 15, 10, 30, tzinfo=UTC),
            datetime(2026, month + 1, 15, 10, 30, tzinfo=UTC),
        )


@pytest.mark.parametrize(("hour", "days"), [(8, 27), (14, 26)])
def test_an_add_on_costs_as_many_months_as_its_base_lasts(hour: int, days: int) -> None:
    started = datetime(2026, 3, 20, hour, 0, tzinfo=UTC)
    facts = legacy(started_at=started, ends_at=datetime(2027, 1, 15, 10, 30, tzinfo=UTC))
    # Days begun of the 31 to 15 April, then nine months: at USD 10 a month, 0.32 a day.
    assert share(facts, Decimal(120), 1, started)[0] == Decimal("0.32") * days + 90


def test_the_month_of_a_bill() -> None:
    start, end = datetime(2026, 1, 31, 8, 0, tzinfo=UTC), datetime(2027, 1, 31, 8, 0, tzinfo=UTC)
    facts = legacy(started_at=start, ends_at=end, anchor_day=31)
    now = datetime(2026, 3, 2, tzinfo=UTC)
    assert bill_month(facts, now) == (datetime(2026, 2, 28, 8, 0, tzinfo=UTC), datetime(2026, 3, 31, 8, 0, tzinfo=UTC))
    assert next_bill(facts, now) == datetime(2026, 3, 31, 8, 0, tzinfo=UTC)


# --- what the documentation counts in days ----------------------------------------------------------------------------
@pytest.mark.parametrize("moment", PURCHASES)
@pytest.mark.parametrize(("months", "window"), [(1, timedelta(hours=24)), (12, 2 * WEEK), (36, 2 * WEEK)])
@pytest.mark.parametrize("policy", Policy)
def test_other_publishers_windows_to_the_minute(
    moment: datetime, months: int, window: timedelta, policy: Policy
) -> None:
    facts = replace(bought(moment), policy=policy, is_microsoft=False, term_months=months)
    end = moment + window
    assert [answer(facts, Cancel(), at) for at in (end - MINUTE, end)] == ["allowed", "900117"]


@pytest.mark.parametrize("moment", PURCHASES)
def test_thirty_days_of_full_credit_to_the_minute(moment: datetime) -> None:
    facts = legacy(started_at=moment, ends_at=after_months(moment, 12), anchor_day=moment.day)
    end = moment + timedelta(days=30)
    assert allowed(facts, Suspend(), end - MINUTE).cost.amount == -1200
    assert allowed(facts, Suspend(), end).cost.amount > -1200


@pytest.mark.parametrize("moment", PURCHASES)
def test_ninety_days_of_suspension_to_the_minute(moment: datetime) -> None:
    facts = legacy(started_at=moment, ends_at=after_months(moment, 12), status=Status.SUSPENDED, suspended_at=moment)
    end = moment + timedelta(days=90)
    assert answer(facts, Reactivate(), end - MINUTE) == "allowed"
    assert next_step(facts, end - MINUTE, yearly) is None
    step = next_step(facts, end, yearly)
    assert step is not None
    assert (step.kind, step.at) == (StepKind.DELETED, end)


@pytest.mark.parametrize(
    ("status", "kind", "days"), [("expired", StepKind.DISABLED, 30), ("disabled", StepKind.DELETED, 90)]
)
def test_what_is_over_fades_to_the_minute(status: str, kind: StepKind, days: int) -> None:
    for moment in PURCHASES:
        facts = new_commerce(status=Status(status), ended_at=moment)
        end = moment + timedelta(days=days)
        assert next_step(facts, end - MINUTE, yearly) is None
        step = next_step(facts, end, yearly)
        assert step is not None
        assert (step.kind, step.at) == (kind, end)


@pytest.mark.parametrize(
    ("started", "ends", "kind"),
    [
        (datetime(2025, 4, 1, tzinfo=UTC), datetime(2026, 5, 4, tzinfo=UTC), StepKind.EXTENDED),
        (datetime(2025, 4, 1, tzinfo=UTC) - MINUTE, datetime(2026, 5, 4, tzinfo=UTC), StepKind.DISABLED),
        (datetime(2025, 4, 1, tzinfo=UTC), datetime(2026, 5, 4, tzinfo=UTC) - MINUTE, StepKind.EXPIRED),
    ],
)
def test_the_days_of_the_extended_service_term_to_the_minute(started: datetime, ends: datetime, kind: StepKind) -> None:
    step = next_step(new_commerce(started_at=started, ends_at=ends, at_end=AtEnd.UNDECIDED), ends, yearly)
    assert step is not None
    assert step.kind == kind


@pytest.mark.parametrize(
    ("day", "term", "end"),
    [
        (datetime(2028, 2, 29, 12, tzinfo=UTC), 36, datetime(2031, 2, 28, 12, tzinfo=UTC)),
        (datetime(2028, 2, 29, 12, tzinfo=UTC), 12, datetime(2029, 2, 28, 12, tzinfo=UTC)),
        (datetime(2028, 1, 31, 12, tzinfo=UTC), 12, datetime(2029, 1, 31, 12, tzinfo=UTC)),
    ],
)
def test_a_term_that_begins_on_the_last_day_of_a_month(day: datetime, term: int, end: datetime) -> None:
    facts = new_commerce(term_months=1, started_at=day, ends_at=after_months(day, 1), anchor_day=day.day)
    after = allowed(facts, ChangeTerm(term, 1, Decimal(100)), day).after
    assert after.ends_at == end
    renewed = next_step(replace(after, term_months=12), end, yearly)
    assert renewed is not None
    # The next one ends on the day of month on which the first began, where the month has it.
    assert renewed.after.ends_at == after_months(end, 12, day.day)


def test_extended_months_do_not_drift_over_a_short_february() -> None:
    ends_at = datetime(2027, 12, 31, 23, 30, tzinfo=UTC)
    facts = new_commerce(
        started_at=datetime(2026, 12, 31, 23, 30, tzinfo=UTC), ends_at=ends_at, anchor_day=31, at_end=AtEnd.EXTEND
    )
    steps = list(steps_due(facts, datetime(2028, 5, 1, tzinfo=UTC), yearly))
    assert [(step.at.month, step.at.day) for step in steps] == [(12, 31), (1, 31), (2, 29), (3, 31), (4, 30)]
    assert {step.kind for step in steps} == {StepKind.EXTENDED}


@pytest.mark.parametrize("policy", Policy)
def test_the_last_minute_of_a_term_costs_a_day_and_its_first_the_whole(policy: Policy) -> None:
    start = datetime(2028, 2, 29, 12, tzinfo=UTC)
    end = after_months(start, 12)
    facts = new_commerce(policy=policy, started_at=start, ends_at=end, anchor_day=29, billing_months=12, batches=())
    assert share(facts, Decimal(365), 10, start)[0] == 3650
    assert share(facts, Decimal(365), 10, end - MINUTE)[0] == 10
