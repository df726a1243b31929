"""What the clock does by itself, in the states of the documentation's two pictures."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from subscriptions.rules import (
    AtEnd,
    Base,
    Batch,
    DecideEnd,
    Facts,
    Policy,
    Quote,
    Scheduled,
    Status,
    Suspend,
    decision_date,
    decision_deadline,
    judge,
    steps_due,
)
from tests.subscriptions.rules.cases import (
    BOUGHT,
    DAY,
    MINUTE,
    SUSPENDED,
    legacy,
    legacy_base,
    new_commerce,
    nothing_on_sale,
    trial,
    yearly,
)

END = datetime(2027, 1, 15, 10, 30, tzinfo=UTC)
BEFORE_EST = {"started_at": datetime(2025, 1, 15, tzinfo=UTC), "ends_at": datetime(2026, 1, 15, tzinfo=UTC)}


def story(facts: Facts, days: int, quotes: object = yearly) -> list[tuple[str, int]]:
    """What happened by so many days after the end of the term, and how many days after it."""
    assert facts.ends_at is not None
    end = facts.ends_at
    steps = list(steps_due(facts, end + days * DAY, quotes))  # type: ignore[arg-type]
    return [(step.kind.value, (step.at - end).days) for step in steps]


def test_a_renewal_takes_the_price_of_its_day_and_what_was_scheduled() -> None:
    facts = new_commerce(scheduled=Scheduled(quantity=4))
    [step] = steps_due(facts, END, yearly)
    after = step.after
    assert (after.quantity, after.unit_price, after.started_at, after.scheduled) == (4, 132, END, None)
    assert after.ends_at == datetime(2028, 1, 15, 10, 30, tzinfo=UTC)


def test_the_window_after_a_renewal_begins_when_it_is_done() -> None:
    late = END + timedelta(hours=20)
    [step] = steps_due(new_commerce(), late, yearly)
    assert step.after.batches == (Batch(10, late),)
    assert step.after.started_at == END


def test_the_number_of_licenses_stays_within_the_limits_of_the_day() -> None:
    def smaller(facts: Facts, at: datetime) -> Quote:
        return Quote(Decimal(1), 12, 12, least=2, most=7)

    [step] = steps_due(new_commerce(), END, smaller)
    assert step.after.quantity == 7


@pytest.mark.parametrize(
    ("at_end", "happens"),
    [
        (AtEnd.RENEW, [("renewed", 0)]),
        (AtEnd.CANCEL, [("disabled", 0)]),
        (AtEnd.EXTEND, [("extended", 0), ("extended", 31), ("extended", 59)]),
        (AtEnd.UNDECIDED, [("extended", 0), ("extended", 31), ("extended", 59)]),
    ],
)
def test_the_end_of_a_new_commerce_term(at_end: AtEnd, happens: list[tuple[str, int]]) -> None:
    assert story(new_commerce(at_end=at_end), 70) == happens


def test_before_may_2026_the_days_after_a_term_were_free() -> None:
    facts = new_commerce(at_end=AtEnd.CANCEL, **BEFORE_EST)
    assert story(facts, 200) == [("expired", 0), ("disabled", 30), ("deleted", 120)]
    assert story(replace(facts, at_end=AtEnd.UNDECIDED), 10) == [("expired", 0)]


def test_an_old_term_does_not_go_on_by_itself() -> None:
    facts = new_commerce(
        at_end=AtEnd.UNDECIDED,
        started_at=datetime(2025, 3, 31, tzinfo=UTC),
        ends_at=datetime(2026, 6, 1, tzinfo=UTC),
    )
    assert story(facts, 10) == [("disabled", 0)]
    assert story(replace(facts, started_at=datetime(2025, 4, 1, tzinfo=UTC)), 10) == [("extended", 0)]


def test_an_extended_service_term_costs_more() -> None:
    facts = new_commerce(at_end=AtEnd.EXTEND)
    [step] = steps_due(facts, END, yearly)
    assert (step.after.unit_price, step.after.term_months, step.after.is_extended) == (Decimal("13.3900"), 1, True)

    def without_monthly(facts: Facts, at: datetime) -> Quote:
        return Quote(Decimal(132), 12, 12)

    [step] = steps_due(facts, END, without_monthly)
    assert step.after.unit_price == Decimal("13.5300")
    [step] = steps_due(facts, END, nothing_on_sale)
    assert step.after.unit_price == Decimal("12.3000")


def test_each_extended_month_costs_what_a_month_of_that_day_does() -> None:
    facts = new_commerce(at_end=AtEnd.EXTEND)

    def dearer(facts: Facts, at: datetime) -> Quote:
        return Quote(Decimal(132), 12, 1, monthly_price=Decimal(13 if at < END + 40 * DAY else 20))

    steps = list(steps_due(facts, END + 60 * DAY, dearer))
    assert [step.after.unit_price for step in steps] == [Decimal("13.3900"), Decimal("13.3900"), Decimal("20.6000")]
    # Without a monthly plan, or when it is sold no more, the price stays.
    kept = list(steps_due(facts, END + 60 * DAY, nothing_on_sale))
    assert {step.after.unit_price for step in kept} == {Decimal("12.3000")}


def test_an_extended_service_term_ends_when_it_is_told_to() -> None:
    facts = new_commerce(is_extended=True, at_end=AtEnd.CANCEL, term_months=1)
    assert story(facts, 100) == [("disabled", 0), ("deleted", 90)]


def test_what_is_suspended_at_the_end_is_disabled_and_deleted_later() -> None:
    suspended = judge(new_commerce(), Suspend(), END - 10 * DAY)
    assert suspended.is_allowed
    assert story(suspended.after, 200) == [("disabled", 0), ("deleted", 120)]  # type: ignore[union-attr]


def test_a_legacy_suspension_ends_in_deletion_whatever_the_term_does() -> None:
    facts = replace(legacy(), status=Status.SUSPENDED, suspended_at=END - 30 * DAY)
    assert story(facts, 100) == [("renewed", 0), ("deleted", 60)]
    early = replace(facts, suspended_at=BOUGHT)
    assert story(early, 0) == [("deleted", -275)]


def test_legacy_terms_renew_or_are_deleted() -> None:
    assert story(legacy(), 1) == [("renewed", 0)]
    assert story(legacy(is_microsoft=False, at_end=AtEnd.CANCEL), 1) == [("deleted", 0)]


def test_what_is_no_longer_sold_does_not_renew_and_says_so() -> None:
    for facts, kind in ((legacy(), "deleted"), (new_commerce(), "disabled")):
        [step] = steps_due(facts, END, nothing_on_sale)
        assert (step.kind.value, step.not_on_sale) == (kind, True)


LEFT = legacy_base(at_end=AtEnd.CANCEL)


@pytest.mark.parametrize(
    ("base", "kind"),
    [
        (None, "renewed"),
        (legacy_base(), "renewed"),
        (LEFT, "deleted"),
        (replace(LEFT, status=Status.SUSPENDED), "deleted"),
        # A minute after the add-on ends it has renewed already.
        (replace(LEFT, ends_at=END + MINUTE), "renewed"),
        (replace(LEFT, ends_at=END - MINUTE), "deleted"),
        (legacy_base(is_trial=True), "deleted"),
        (legacy_base(status=Status.DELETED, ended_at=END), "deleted"),
        (legacy_base(status=Status.EXPIRED, is_trial=True, ended_at=END - DAY), "deleted"),
        (legacy_base(status=Status.DELETED, ended_at=END + MINUTE), "renewed"),
        # New commerce says what becomes of the base when it does.
        (replace(LEFT, policy=Policy.NEW_COMMERCE), "renewed"),
        (replace(LEFT, policy=Policy.NEW_COMMERCE, status=Status.DISABLED, ended_at=END), "deleted"),
    ],
)
def test_a_legacy_add_on_ends_when_its_base_is_over(base: Base | None, kind: str) -> None:
    assert story(legacy(is_add_on=True, base=base), 1) == [(kind, 0)]
    assert story(new_commerce(is_add_on=True, base=base), 1) == [("renewed", 0)]


def test_an_add_on_looked_at_late_had_renewed_before_its_base_was_over() -> None:
    base = replace(LEFT, ends_at=END + 300 * DAY)
    assert story(legacy(is_add_on=True, base=base), 400) == [("renewed", 0), ("deleted", 365)]


def test_a_trial_that_nothing_is_sold_to_follow_says_so() -> None:
    [step] = steps_due(trial(new_commerce()), BOUGHT + 40 * DAY, nothing_on_sale)
    assert (step.kind.value, step.not_on_sale) == ("expired", True)
    [step] = steps_due(trial(legacy()), BOUGHT + 40 * DAY, nothing_on_sale)
    assert (step.kind.value, step.not_on_sale) == ("expired", False)


def test_trials_end_each_in_their_way() -> None:
    assert story(trial(legacy()), 100) == [("expired", 0), ("deleted", 90)]
    assert story(trial(new_commerce()), 1) == [("converted", 0)]
    [step] = steps_due(trial(new_commerce()), BOUGHT + 40 * DAY, yearly)
    assert (step.after.is_trial, step.after.unit_price, step.after.term_months) == (False, 132, 12)
    ends = {"at_end": AtEnd.CANCEL}
    assert story(trial(new_commerce(), **ends), 100) == [("expired", 0), ("disabled", 30)]


def test_missed_terms_catch_up_in_their_order() -> None:
    assert story(legacy(), 800) == [("renewed", 0), ("renewed", 365), ("renewed", 731)]


def test_asked_twice_it_happens_once() -> None:
    steps = list(steps_due(new_commerce(), END + DAY, yearly))
    assert list(steps_due(steps[-1].after, END + DAY, yearly)) == []


# --- until when it can be decided -------------------------------------------------------------------------------------
def test_the_end_can_be_decided_until_the_deadline_and_not_from_it_on() -> None:
    facts = new_commerce()
    assert decision_deadline(facts) == END
    assert judge(facts, DecideEnd(AtEnd.CANCEL), END - MINUTE).is_allowed
    assert not judge(facts, DecideEnd(AtEnd.CANCEL), END).is_allowed


def test_a_suspension_is_decided_about_before_it_is_deleted_or_disabled() -> None:
    assert decision_deadline(new_commerce(**SUSPENDED)) == END
    assert decision_deadline(legacy(**SUSPENDED)) == BOUGHT + DAY + 90 * DAY
    assert decision_deadline(legacy(status=Status.SUSPENDED, suspended_at=END - 30 * DAY)) == END


def test_what_is_over_or_has_no_term_comes_to_no_decision() -> None:
    for status in (Status.EXPIRED, Status.DISABLED, Status.DELETED):
        assert decision_deadline(new_commerce(status=status, ended_at=END)) is None
    assert decision_deadline(new_commerce(ends_at=None, term_months=0)) is None


@pytest.mark.parametrize(
    ("deadline", "zone", "day"),
    [
        (datetime(2027, 1, 15, 10, 30, tzinfo=UTC), "UTC", date(2027, 1, 15)),
        (datetime(2027, 1, 15, tzinfo=UTC), "UTC", date(2027, 1, 14)),
        (datetime(2027, 1, 15, 0, 0, 1, tzinfo=UTC), "UTC", date(2027, 1, 15)),
        (datetime(2027, 1, 15, 2, tzinfo=UTC), "America/Sao_Paulo", date(2027, 1, 14)),
        (datetime(2027, 1, 15, 3, tzinfo=UTC), "America/Sao_Paulo", date(2027, 1, 14)),
        (datetime(2027, 1, 15, 3, 1, tzinfo=UTC), "America/Sao_Paulo", date(2027, 1, 15)),
        # The night in which Berlin's clocks go forward.
        (datetime(2027, 3, 28, 22, tzinfo=UTC), "Europe/Berlin", date(2027, 3, 28)),
        (datetime(2028, 2, 29, 12, tzinfo=UTC), "Asia/Tokyo", date(2028, 2, 29)),
        (datetime(2028, 2, 29, 16, tzinfo=UTC), "Asia/Tokyo", date(2028, 3, 1)),
    ],
)
def test_the_decision_date_is_the_last_day_that_has_a_moment_left(deadline: datetime, zone: str, day: date) -> None:
    assert decision_date(deadline, ZoneInfo(zone)) == day
