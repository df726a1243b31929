"""The ledger is added to and never changed: corrections, confirmation, payment."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from accounts.access import Actor
from activity.models import ActivityRecord
from core import clock
from core.exceptions import InvalidTransition, NotPermitted, Refused
from subscriptions.incentives import ledger
from subscriptions.incentives.accruing import accrue_due
from subscriptions.incentives.ledger import (
    confirm_month,
    look_again,
    months_to_confirm,
    pay_month,
    recalculate_entry,
    reverse_entry,
    settle_months,
)
from subscriptions.incentives.rates import add_rate, end_rate
from subscriptions.models import IncentiveEntry, IncentiveMonth, IncentiveRate, IncentiveTotal
from subscriptions.tasks import settle_incentives
from tests.faults import fail_at_each_statement
from tests.races import at_once
from tests.subscriptions.incentives.conftest import Make, day


@pytest.fixture
def entry(subscribed: Make, ten_percent: IncentiveRate) -> IncentiveEntry:
    """Ten dollars of October."""
    subscribed("2026-10-01")
    with clock.at(day("2026-11-02")):
        accrue_due()
    return IncentiveEntry.objects.get()


@pytest.fixture
def month(entry: IncentiveEntry) -> IncentiveMonth:
    return IncentiveMonth.objects.get(month=entry.month)


def total() -> tuple[Any, ...]:
    one = IncentiveTotal.objects.get()
    return one.entries, one.base, one.amount, one.confirmed, one.paid


def amounts() -> list[Decimal]:
    return [one.amount for one in IncentiveEntry.objects.order_by("pk")]


@pytest.mark.parametrize("values", [{"amount": 1}, {"percent": 99}, {"reseller": None}, {"month": date(2026, 1, 1)}])
def test_the_database_refuses_to_change_what_was_earned(entry: IncentiveEntry, values: Any) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        IncentiveEntry.objects.filter(pk=entry.pk).update(**values)
    with pytest.raises(DatabaseError), transaction.atomic():
        IncentiveEntry.objects.filter(pk=entry.pk).delete()


def test_an_entry_is_taken_back_once_by_an_entry_of_its_own(entry: IncentiveEntry, office: Actor) -> None:
    with pytest.raises(Refused, match="Give a reason"):
        reverse_entry(entry=entry, reason=" ", by=office)
    reversal = reverse_entry(entry=entry, reason="The order was a mistake", by=office)
    assert (reversal.reverses, reversal.base, reversal.amount, reversal.state) == (entry, -100, -10, "accrued")
    assert reversal.calculation == {"reverses": str(entry.public_id), "reason": "The order was a mistake"}
    assert total() == (2, 0, 0, 0, 0)
    with pytest.raises(InvalidTransition, match="taken back already"):
        reverse_entry(entry=entry, reason="Again", by=office)
    with pytest.raises(InvalidTransition, match="never taken back"):
        reverse_entry(entry=reversal, reason="Undo", by=office)
    record = ActivityRecord.objects.get(action="incentive.reversed")
    assert (record.changes["reason"], record.reseller_id) == ("The order was a mistake", entry.reseller.microsoft_id)


def test_a_month_is_calculated_again_by_the_rates_of_today(
    entry: IncentiveEntry, office: Actor, ten_percent: IncentiveRate
) -> None:
    with pytest.raises(Refused, match="comes out the same"):
        recalculate_entry(entry=entry, reason="Check", by=office)
    end_rate(rate=ten_percent, effective_to=date(2026, 9, 30), reason="It was twelve", by=office)
    add_rate(percent=Decimal(12), effective_from=date(2026, 10, 1), by=office)
    (right,) = recalculate_entry(entry=entry, reason="It was twelve", by=office)
    assert (right.sequence, right.amount, right.calculation["reason"]) == (1, 12, "It was twelve")
    assert amounts() == [10, -10, 12]
    assert total() == (3, 100, 12, 0, 0)
    with pytest.raises(InvalidTransition):
        recalculate_entry(entry=entry, reason="Again", by=office)
    with pytest.raises(Refused, match="comes out the same"):
        recalculate_entry(entry=right, reason="Again", by=office)


def test_accruing_again_leaves_corrections_alone(entry: IncentiveEntry, office: Actor) -> None:
    reverse_entry(entry=entry, reason="A mistake", by=office)
    IncentiveMonth.objects.update(done_up_to=0, finished_at=None)
    with clock.at(day("2026-11-03")):
        assert accrue_due() == 0
    assert amounts() == [10, -10]


def test_a_rate_that_came_late_is_earned_after_a_second_look(
    entry: IncentiveEntry, month: IncentiveMonth, subscribed: Make, office: Actor
) -> None:
    """Of segments without a rate when October was written; what has an entry keeps it."""
    end_rate(rate=entry.rate, effective_to=date(2026, 9, 30), reason="By segment from now on", by=office)
    late = subscribed("2026-10-01", segment="Education")
    with clock.at(day("2026-11-03")):
        add_rate(percent=Decimal(20), segment="Education", effective_from=date(2026, 10, 1), by=office)
        assert accrue_due() == 0
        with pytest.raises(Refused, match="Give a reason"):
            look_again(month=month, reason=" ", by=office)
        look_again(month=month, reason="The rate came late", by=office)
        assert accrue_due() == 1
        assert accrue_due() == 0
    assert amounts() == [10, 20]
    assert IncentiveEntry.objects.latest("pk").subscription == late
    month.refresh_from_db()
    assert month.finished_at == day("2026-11-03")
    record = ActivityRecord.objects.get(action="incentives.looked_at_again")
    assert record.changes["reason"] == "The rate came late"


def test_a_second_look_begins_when_the_first_is_done(month: IncentiveMonth, office: Actor) -> None:
    look_again(month=month, reason="The rate came late", by=office)
    with pytest.raises(InvalidTransition, match="not finished"):
        look_again(month=month, reason="Once more", by=office)


def test_confirmed_then_paid(entry: IncentiveEntry, month: IncentiveMonth, office: Actor) -> None:
    with pytest.raises(InvalidTransition, match="Nothing of this month is confirmed"):
        pay_month(month=month, reason="Wire 7", by=office)
    confirm_month(month=month, by=office)
    with pytest.raises(InvalidTransition, match="still at work"):
        pay_month(month=month, reason="Wire 7", by=office)
    assert settle_incentives() == 1
    entry.refresh_from_db()
    assert (entry.state, total()) == ("confirmed", (1, 100, 10, 10, 0))
    with pytest.raises(InvalidTransition, match="confirmed already"):
        confirm_month(month=month, by=office)
    with pytest.raises(Refused, match="payment reference"):
        pay_month(month=month, reason="", by=office)
    pay_month(month=month, reason="Wire 7", by=office)
    assert (settle_months(), settle_months()) == (1, 0)
    entry.refresh_from_db()
    assert (entry.state, total()) == ("paid", (1, 100, 10, 10, 10))
    assert ActivityRecord.objects.get(action="incentives.paid").changes["reason"] == "Wire 7"


def test_a_correction_after_the_payment_is_confirmed_and_paid_by_itself(
    entry: IncentiveEntry, month: IncentiveMonth, office: Actor
) -> None:
    confirm_month(month=month, by=office)
    settle_months()
    pay_month(month=month, reason="Wire 7", by=office)
    settle_months()
    reversal = reverse_entry(entry=entry, reason="A mistake", by=office)
    assert total() == (2, 0, 0, 10, 10)
    confirm_month(month=month, by=office)
    settle_months()
    reversal.refresh_from_db()
    assert (reversal.state, total()) == ("confirmed", (2, 0, 0, 0, 10))
    pay_month(month=month, reason="Set off", by=office)
    settle_months()
    assert total() == (2, 0, 0, 0, 0)


def test_a_month_waits_for_somebody_while_it_holds_what_is_not_confirmed(
    entry: IncentiveEntry, month: IncentiveMonth, office: Actor
) -> None:
    """Months in which nobody earned anything wait for nobody; a correction after the confirmation does."""
    assert IncentiveMonth.objects.filter(finished_at__isnull=False).count() > 1
    assert list(months_to_confirm()) == [month]
    confirm_month(month=month, by=office)
    settle_months()
    assert list(months_to_confirm()) == []
    reverse_entry(entry=entry, reason="The order was a mistake", by=office)
    assert list(months_to_confirm()) == [month]


def test_a_month_that_fails_keeps_no_other_from_being_settled(
    entry: IncentiveEntry, month: IncentiveMonth, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    before = IncentiveMonth.objects.filter(month__lt=month.month).latest("month")
    IncentiveMonth.objects.filter(pk__in=[month.pk, before.pk]).update(confirmed_at=clock.now(), is_settled=False)
    real = ledger.settle_some

    def rigged(*, month_id: int) -> int:
        if month_id == before.pk:
            raise RuntimeError("rigged")
        return real(month_id=month_id)

    monkeypatch.setattr(ledger, "settle_some", rigged)
    assert settle_months() == 1
    entry.refresh_from_db()
    assert entry.state == "confirmed"
    assert "could not be settled" in caplog.text


def test_an_unfinished_month_is_not_confirmed(month: IncentiveMonth, office: Actor) -> None:
    IncentiveMonth.objects.update(finished_at=None)
    with pytest.raises(InvalidTransition, match="not finished yet"):
        confirm_month(month=month, by=office)


def test_marks_are_set_some_at_a_time(
    entry: IncentiveEntry,
    month: IncentiveMonth,
    office: Actor,
    subscribed: Make,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ledger, "ROWS_AT_ONCE", 1)
    subscribed("2026-10-01")
    IncentiveMonth.objects.update(done_up_to=0, finished_at=None)
    with clock.at(day("2026-11-03")):
        accrue_due()
    confirm_month(month=IncentiveMonth.objects.get(pk=month.pk), by=office)
    assert settle_months() == 2
    assert total() == (2, 200, 20, 20, 0)


@pytest.mark.parametrize("service", [reverse_entry, recalculate_entry])
def test_only_the_back_office_corrects(entry: IncentiveEntry, admin: Actor, service: Any) -> None:
    with pytest.raises(NotPermitted):
        service(entry=entry, reason="Mine", by=admin)
    assert amounts() == [10]


def test_only_the_back_office_confirms_and_pays(month: IncentiveMonth, admin: Actor) -> None:
    with pytest.raises(NotPermitted):
        look_again(month=month, reason="Mine", by=admin)
    with pytest.raises(NotPermitted):
        confirm_month(month=month, by=admin)
    with pytest.raises(NotPermitted):
        pay_month(month=month, reason="Wire 7", by=admin)


def test_a_correction_is_all_or_nothing(entry: IncentiveEntry, office: Actor) -> None:
    def nothing() -> None:
        assert amounts() == [10]
        assert total() == (1, 100, 10, 0, 0)

    fail_at_each_statement(lambda: reverse_entry(entry=entry, reason="A mistake", by=office), nothing)
    assert amounts() == [10, -10]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_two_who_take_back_at_once_one_is_refused(entry: IncentiveEntry, office: Actor) -> None:
    results = at_once(*[lambda: reverse_entry(entry=entry, reason="A mistake", by=office)] * 3)
    assert sorted(type(result).__name__ for result in results) == [
        "IncentiveEntry",
        "InvalidTransition",
        "InvalidTransition",
    ]
    assert total() == (2, 0, 0, 0, 0)
