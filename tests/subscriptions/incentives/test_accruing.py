"""The monthly job: once, in order, however often and however late it runs."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.access import Actor
from accounts.models import Partner
from activity.models import ActivityRecord
from catalogue.models import Price
from core import clock
from subscriptions.changing import change_subscription
from subscriptions.clockwork import run_due
from subscriptions.incentives import accruing
from subscriptions.incentives.accruing import accrue_due, accrue_some
from subscriptions.incentives.rates import add_rate
from subscriptions.models import IncentiveEntry, IncentiveMonth, IncentiveRate, IncentiveTotal, Subscription
from subscriptions.rules import ChangeLicenses, Suspend
from subscriptions.services import set_reseller_of_record
from subscriptions.tasks import accrue_incentives
from tests.faults import fail_at_each_statement
from tests.races import at_once
from tests.subscriptions.incentives.conftest import Make, day
from tests.subscriptions.living import also_sold, bought, offer, path, ready_customer

pytestmark = pytest.mark.usefixtures("ten_percent")
NOVEMBER = day("2026-11-02T03:00")


def ledger(subscription: Subscription | None = None) -> list[tuple[Any, ...]]:
    """(month, reseller, base, amount), in the order in which it was written."""
    rows = IncentiveEntry.objects.order_by("pk")
    if subscription is not None:
        rows = rows.filter(subscription=subscription)
    return [(f"{one.month:%Y-%m}", one.reseller.legal_name, one.base, one.amount) for one in rows]


def run(moment: Any = NOVEMBER) -> int:
    with clock.at(moment):
        return accrue_due()


def test_missed_months_are_written_in_order_and_once(subscribed: Make) -> None:
    subscribed("2026-09-16")
    assert run() == 2
    assert ledger() == [
        ("2026-09", "Fabrikam", Decimal("50.00"), Decimal("5.00")),
        ("2026-10", "Fabrikam", Decimal("100.00"), Decimal("10.00")),
    ]
    assert run() == 0
    assert run(day("2026-12-01")) == 1
    assert [entry[0] for entry in ledger()] == ["2026-09", "2026-10", "2026-11"]


def test_a_month_that_is_not_over_waits(subscribed: Make) -> None:
    subscribed("2026-10-01")
    assert run(day("2026-10-31T23:59")) == 0
    assert run(day("2026-11-01")) == 1


def test_no_reseller_nothing(subscribed: Make) -> None:
    subscribed(of_record=None)
    subscribed(is_trial=True)
    assert run() == 0


def test_an_entry_keeps_what_it_was_calculated_with(subscribed: Make, sold: Price, reseller: Partner) -> None:
    subscription = subscribed("2026-10-22")
    run()
    entry = IncentiveEntry.objects.get()
    assert (entry.provider, entry.reseller, entry.mpn_id, entry.currency, entry.percent) == (
        subscription.provider,
        reseller,
        "0012345",
        "USD",
        10,
    )
    assert entry.calculation == {
        "days_of_month": 31,
        "market": "US",
        "segment": "Commercial",
        "policy": "new_commerce",
        "rate": {"for": "", "kind": "all", "segment": "", "markets": [], "from": "2026-01-01", "to": None},
        "runs": [
            {
                "from": "2026-10-22",
                "to": "2026-10-31",
                "days": 10,
                "offer": sold.sku.title,
                "licenses": 10,
                "unit_price": "120.0000",
                "term_months": 12,
                "status": "active",
                "base": "32.2581",
            }
        ],
    }


def test_the_reseller_of_record_in_the_period_earns(
    subscribed: Make, sibling: Partner, sales: Actor, reseller: Partner
) -> None:
    subscription = subscribed("2026-09-01")
    with clock.at(day("2026-10-11T09:00")):
        set_reseller_of_record(subscription=subscription, reseller=sibling, by=sales)
    with clock.at(day("2026-11-05")):
        set_reseller_of_record(subscription=subscription, reseller=reseller, by=sales)
    run(day("2026-11-20"))
    assert ledger() == [
        ("2026-09", "Fabrikam", Decimal("100.00"), Decimal("10.00")),
        # The day of the change belongs to who is of record when it ends.
        ("2026-10", "Fabrikam", Decimal("32.26"), Decimal("3.23")),
        ("2026-10", "Siblingsoft", Decimal("67.74"), Decimal("6.77")),
    ]


def test_what_changed_since_does_not_reach_back(old_provider: Partner, reseller: Partner, sales: Actor) -> None:
    """Ten licenses in September, sixteen from the 16th of October on, suspended in November."""
    subscription = bought(
        ready_customer(old_provider), offer(policy="legacy"), sales, at=day("2026-09-01"), reseller=reseller
    )
    for moment, change in (("2026-10-16", ChangeLicenses(16)), ("2026-11-02", Suspend())):
        with clock.at(day(moment)):
            change_subscription(subscription=subscription, intent=change, by=sales)
    run(day("2026-12-01"))
    assert [entry[2] for entry in ledger(subscription)] == [Decimal("100.00"), Decimal("130.97"), Decimal("5.33")]


def test_an_offer_of_the_past_is_known_by_its_sku(
    old_provider: Partner, reseller: Partner, sales: Actor, office: Actor
) -> None:
    """Converted in October: the trial earned nothing, and its paid offer has a rate of its own."""
    trial, paid = offer(price="0", is_trial=True, min_licenses=25, max_licenses=25), offer(price="240")
    monthly = also_sold(trial, term_duration="P1M", unit_price=Decimal(0))
    path(trial.sku, paid.sku)
    add_rate(percent=Decimal(20), sku=paid.sku, effective_from=date(2026, 1, 1), by=office)
    subscription = bought(
        ready_customer(old_provider), monthly, sales, at=day("2026-09-10"), quantity=25, reseller=reseller
    )
    with clock.at(day("2026-10-10T00:05")):
        run_due()
    run()
    entry = IncentiveEntry.objects.get(subscription=subscription)
    # 22 of 31 days of 25 licenses at 20 a month.
    assert (entry.month, entry.base, entry.percent) == (date(2026, 10, 1), Decimal("354.84"), 20)
    record = ActivityRecord.objects.get(action="subscription.converted")
    assert record.changes["sku"] == [trial.sku.code, paid.sku.code]


def test_what_is_overdue_itself_waits_for_a_later_run(subscribed: Make) -> None:
    late = subscribed("2026-09-01", next_step_at=day("2026-10-31T12:00"))
    subscribed("2026-10-01")
    assert run() == 2
    month = IncentiveMonth.objects.get(month=date(2026, 10, 1))
    assert (month.waiting, month.finished_at is not None) == ([late.pk], True)
    assert run() == 0
    Subscription.objects.filter(pk=late.pk).update(next_step_at=None)
    assert run() == 1
    month.refresh_from_db()
    assert month.waiting == []


def test_none_of_many_that_wait_is_forgotten(subscribed: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """With more of them than a month keeps, it stands still before them until their own clock has run."""
    monkeypatch.setattr(accruing, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(accruing, "MOST_WAITING", 2)
    late = [subscribed("2026-10-01", next_step_at=day("2026-10-31T12:00")) for _number in range(5)]
    sound = subscribed("2026-10-01")
    run()
    month = IncentiveMonth.objects.get(month=date(2026, 10, 1))
    assert (month.waiting, month.finished_at) == ([late[0].pk, late[1].pk], None)
    Subscription.objects.filter(pk__in=[one.pk for one in late]).update(next_step_at=None)
    while run():
        pass
    assert [len(ledger(one)) for one in [*late, sound]] == [1] * 6


def test_what_waits_is_tried_again_while_no_more_of_them_can_wait(
    subscribed: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could be done by now makes room for the next, though these have to wait themselves."""
    monkeypatch.setattr(accruing, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(accruing, "MOST_WAITING", 2)
    late = [subscribed("2026-10-01", next_step_at=day("2026-10-31T12:00")) for _number in range(4)]
    assert [run(), run()] == [0, 0]
    month = IncentiveMonth.objects.get(month=date(2026, 10, 1))
    assert month.waiting == [one.pk for one in late[:2]]
    Subscription.objects.filter(pk__in=[one.pk for one in late[:2]]).update(next_step_at=None)
    assert run() == 2
    month.refresh_from_db()
    assert (month.waiting, month.finished_at is not None) == ([one.pk for one in late[2:]], True)
    assert [len(ledger(one)) for one in late] == [1, 1, 0, 0]


def test_a_month_that_fails_keeps_no_other_from_its_turn(
    subscribed: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    subscribed("2026-09-01")
    real = accruing.read_histories

    def rigged(pks: Any, month: Any) -> Any:
        if month.first == date(2026, 9, 1):
            raise RuntimeError("rigged")
        return real(pks, month)

    monkeypatch.setattr(accruing, "read_histories", rigged)
    assert run() == 1
    assert [entry[0] for entry in ledger()] == ["2026-10"]
    assert "could not be written" in caplog.text
    monkeypatch.undo()
    assert run() == 1


def test_one_that_fails_keeps_no_other_from_its_turn(
    subscribed: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = subscribed("2026-10-01"), subscribed("2026-10-01")
    real = accruing.entries_for

    def rigged(read: Any, *args: Any) -> Any:
        if read.subscription.pk == broken.pk:
            raise RuntimeError("rigged")
        return real(read, *args)

    monkeypatch.setattr(accruing, "entries_for", rigged)
    assert run() == 1
    assert (len(ledger(broken)), len(ledger(sound))) == (0, 1)
    assert "could not be calculated" in caplog.text
    monkeypatch.undo()
    assert run() == 1
    assert len(ledger(broken)) == 1


def test_it_goes_on_where_it_stopped(subscribed: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accruing, "ROWS_AT_ONCE", 2)
    made = [subscribed("2026-10-01") for _number in range(5)]
    with clock.at(NOVEMBER):
        for month in accruing.months_over():
            pks = accruing.months_of(month)
    assert [accrue_some(month_id=pks[0]) for _number in range(2)] == [2, 2]
    month = IncentiveMonth.objects.get(pk=pks[0])
    assert (month.done_up_to, month.finished_at) == (made[3].pk, None)
    assert run() == 1
    assert [len(ledger(one)) for one in made] == [1] * 5


def test_totals_are_the_sums_of_the_entries(
    subscribed: Make, sibling: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accruing, "ROWS_AT_ONCE", 2)
    for number in range(5):
        subscribed("2026-10-01", quantity=number + 1)
    subscribed("2026-10-01", of_record=sibling)
    subscribed("2026-10-01", currency="BRL")
    run()
    totals = {(total.reseller.legal_name, total.currency): total for total in IncentiveTotal.objects.all()}
    assert {key: (one.entries, one.base, one.amount) for key, one in totals.items()} == {
        ("Fabrikam", "USD"): (5, 150, 15),
        ("Fabrikam", "BRL"): (1, 100, 10),
        ("Siblingsoft", "USD"): (1, 100, 10),
    }


def test_a_run_takes_as_many_queries_for_three_as_for_one(subscribed: Make, django_assert_max_num_queries: Any) -> None:
    def queries(number: int) -> int:
        for _one in range(number):
            subscribed("2026-10-01")
        with clock.at(NOVEMBER):
            (pk,) = accruing.months_of(date(2026, 10, 1))
            with django_assert_max_num_queries(14) as found:
                accrue_some(month_id=pk)
        return len(found)

    one = queries(1)
    IncentiveMonth.objects.update(done_up_to=0)
    assert queries(3) == one


def test_a_batch_is_all_or_nothing(subscribed: Make) -> None:
    subscribed("2026-10-01")
    with clock.at(NOVEMBER):
        (pk,) = accruing.months_of(date(2026, 10, 1))

    def nothing() -> None:
        assert not IncentiveEntry.objects.exists()
        assert not IncentiveTotal.objects.exists()
        assert IncentiveMonth.objects.get(pk=pk).done_up_to == 0

    fail_at_each_statement(lambda: accrue_some(month_id=pk), nothing)
    assert len(ledger()) == 1


def test_the_end_of_a_month_is_recorded(subscribed: Make) -> None:
    subscribed("2026-10-01")
    with clock.at(NOVEMBER):
        accrue_incentives()
    months = ActivityRecord.objects.filter(action="incentives.accrued").order_by("pk")
    assert [record.changes["month"] for record in months][-1] == "2026-10-01"
    assert len(months) == 10


def test_without_a_rate_there_is_nothing_to_do(subscribed: Make) -> None:
    IncentiveRate.objects.all().delete()
    subscribed("2026-10-01")
    assert run() == 0
    assert not IncentiveMonth.objects.exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_runs_at_once_write_once(subscribed: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accruing, "ROWS_AT_ONCE", 1)
    made = [subscribed("2026-10-01") for _number in range(6)]
    results = at_once(*[lambda: run(NOVEMBER)] * 4)
    while run(NOVEMBER):
        pass
    assert all(isinstance(result, int) for result in results), results
    assert [len(ledger(one)) for one in made] == [1] * 6
    assert IncentiveTotal.objects.get().amount == 60
    assert timedelta(0) <= IncentiveMonth.objects.latest("month").finished_at - NOVEMBER  # type: ignore[operator]
