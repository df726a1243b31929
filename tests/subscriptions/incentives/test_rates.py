"""Rates: which one holds, and that no two of a kind hold at once."""

import threading
import time
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from accounts.access import Actor
from activity.models import ActivityRecord
from catalogue.models import Price
from core import clock
from core.exceptions import InvalidTransition, NotPermitted, Refused
from subscriptions.incentives import accruing
from subscriptions.incentives.accruing import accrue_due
from subscriptions.incentives.rates import (
    Offered,
    RatesOverlap,
    RateTable,
    add_rate,
    earliest_day,
    end_rate,
    void_rate,
)
from subscriptions.models import IncentiveEntry, IncentiveRate
from tests.faults import fail_at_each_statement
from tests.races import at_once
from tests.subscriptions.incentives.conftest import Make, day

NEW_YEAR, DECEMBER = date(2026, 1, 1), date(2026, 12, 31)


def add(by: Actor, percent: int = 10, **values: Any) -> IncentiveRate:
    return add_rate(percent=Decimal(percent), by=by, **{"effective_from": NEW_YEAR, **values})


def test_a_rate_is_added_and_recorded(office: Actor, sold: Price) -> None:
    rate = add(office, sku=sold.sku, segment="Commercial", markets=["US", "BR", "US"], reason="Agreed for 2026")
    assert (rate.markets, rate.countries) == (";BR;US;", ["BR", "US"])
    record = ActivityRecord.objects.get()
    assert (record.action, record.changes["percent"], record.changes["reason"]) == (
        "incentive_rate.added",
        "10",
        "Agreed for 2026",
    )


@pytest.mark.parametrize(
    ("first", "second", "clash"),
    [
        ({}, {}, True),
        ({"effective_to": date(2026, 3, 31)}, {"effective_from": date(2026, 3, 31)}, True),
        ({"effective_to": date(2026, 3, 31)}, {"effective_from": date(2026, 4, 1)}, False),
        ({"effective_from": date(2026, 4, 1)}, {"effective_to": date(2026, 3, 31)}, False),
        ({"effective_from": date(2026, 4, 1)}, {"effective_to": date(2026, 4, 1)}, True),
        ({}, {"segment": "Education"}, False),
        ({"segment": "Education"}, {"segment": "Education"}, True),
        ({"markets": ["BR"]}, {}, False),
        ({"markets": ["BR"]}, {"markets": ["US"]}, False),
        ({"markets": ["BR", "PT"]}, {"markets": ["US", "BR"]}, True),
    ],
)
def test_two_of_a_kind_do_not_overlap(office: Actor, first: Any, second: Any, clash: bool) -> None:
    add(office, **first)
    if not clash:
        add(office, 20, **second)
        return
    with pytest.raises(RatesOverlap, match="A rate for the same offers, segment and markets holds already: 10"):
        add(office, 20, **second)
    assert IncentiveRate.objects.count() == 1


def test_an_offer_its_product_and_everything_do_not_overlap(office: Actor, sold: Price) -> None:
    for values in ({}, {"product": sold.sku.product}, {"sku": sold.sku}):
        add(office, **values)
    assert IncentiveRate.objects.count() == 3


def test_the_narrower_counts(office: Actor, sold: Price) -> None:
    everything = add(office)
    brazil = add(office, markets=["BR"])
    schools = add(office, segment="Education")
    product = add(office, product=sold.sku.product)
    offer = add(office, sku=sold.sku, effective_from=date(2026, 6, 1), effective_to=date(2026, 6, 30))
    table = RateTable.between(NEW_YEAR, DECEMBER)
    own, other = (sold.sku.pk, sold.sku.product_id), (-1, -1)
    june, july = date(2026, 6, 30), date(2026, 7, 1)
    assert table.on(Offered(*other, "Commercial", "US"), june) == everything
    assert table.on(Offered(*other, "Commercial", "BR"), june) == brazil
    assert table.on(Offered(*other, "Education", "BR"), june) == schools
    assert table.on(Offered(*own, "Education", "BR"), july) == product
    assert table.on(Offered(*own, "Education", "BR"), june) == offer
    assert table.on(Offered(*other, "Commercial", "US"), date(2025, 12, 31)) is None
    assert table.days == [NEW_YEAR, date(2026, 6, 1), july]


@pytest.mark.parametrize(
    "values",
    [{"percent": 101}, {"percent": -1}, {"effective_to": date(2025, 1, 1)}, {"both": True}],
)
def test_nonsense_is_refused(office: Actor, sold: Price, values: Any) -> None:
    if values.pop("both", False):
        values = {"sku": sold.sku, "product": sold.sku.product}
    with pytest.raises(Refused):
        add(office, **values)
    assert not IncentiveRate.objects.exists()


def test_a_rate_ends_once_with_a_reason(office: Actor) -> None:
    rate = add(office)
    with pytest.raises(Refused, match="Give a reason"):
        end_rate(rate=rate, effective_to=DECEMBER, reason=" ", by=office)
    with pytest.raises(Refused, match="begins on 1 Jan 2026 only"):
        end_rate(rate=rate, effective_to=date(2025, 12, 31), reason="Too early", by=office)
    end_rate(rate=rate, effective_to=DECEMBER, reason="A new year", by=office)
    with pytest.raises(Refused, match="ends on 31 Dec 2026 already"):
        end_rate(rate=rate, effective_to=date(2027, 1, 31), reason="Longer", by=office)
    assert end_rate(rate=rate, effective_to=date(2026, 6, 30), reason="Earlier", by=office).effective_to is not None
    assert [record.changes["effective_to"] for record in ActivityRecord.objects.filter(action__endswith="ended")] == [
        [None, "2026-12-31"],
        ["2026-12-31", "2026-06-30"],
    ]
    add(office, 20, effective_from=date(2026, 7, 1))


def test_a_voided_rate_holds_on_no_day(office: Actor, sold: Price) -> None:
    rate = add(office, 90)
    with pytest.raises(Refused, match="Give a reason"):
        void_rate(rate=rate, reason=" ", by=office)
    assert void_rate(rate=rate, reason=" Nine was meant ", by=office).voided_at is not None
    assert [record.changes for record in ActivityRecord.objects.filter(action__endswith="voided")] == [
        {"percent": "90.000", "reason": "Nine was meant"}
    ]
    for again in (
        lambda: void_rate(rate=rate, reason="Again", by=office),
        lambda: end_rate(rate=rate, effective_to=DECEMBER, reason="Too late", by=office),
    ):
        with pytest.raises(InvalidTransition, match="This rate is voided"):
            again()
    assert RateTable.between(NEW_YEAR, DECEMBER).rates == []
    assert earliest_day() is None
    right = add(office, 9)
    offered = Offered(sku=sold.sku_id, product=sold.sku.product_id, segment="Commercial", market="US")
    assert RateTable.between(NEW_YEAR, DECEMBER).on(offered, NEW_YEAR) == right


def test_a_rate_that_earned_something_is_not_voided(
    office: Actor, ten_percent: IncentiveRate, subscribed: Make
) -> None:
    subscribed("2026-10-01")
    with clock.at(day("2026-11-02")):
        assert accrue_due() == 1
    with pytest.raises(InvalidTransition, match="Entries were calculated with this rate"):
        void_rate(rate=ten_percent, reason="Wrong", by=office)
    ten_percent.refresh_from_db()
    assert ten_percent.voided_at is None


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_whoever_calculates_with_a_rate_is_waited_for(
    office: Actor, ten_percent: IncentiveRate, subscribed: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribed("2026-10-01")
    calculated, write = threading.Event(), accruing.write

    def slowly(entries: list[IncentiveEntry]) -> None:
        calculated.set()
        time.sleep(0.5)
        write(entries)

    def accrue() -> int:
        with clock.at(day("2026-11-02")):
            return accrue_due()

    def void() -> IncentiveRate:
        calculated.wait(10)
        return void_rate(rate=ten_percent, reason="Wrong", by=office)

    monkeypatch.setattr(accruing, "write", slowly)
    written, refusal = at_once(accrue, void)
    assert (written, type(refusal)) == (1, InvalidTransition)


def test_only_the_back_office_decides(admin: Actor, ten_percent: IncentiveRate) -> None:
    with pytest.raises(NotPermitted):
        add(admin)
    with pytest.raises(NotPermitted):
        void_rate(rate=ten_percent, reason="Wrong", by=admin)


def test_all_or_nothing(office: Actor) -> None:
    def nothing() -> None:
        assert not IncentiveRate.objects.exists()

    fail_at_each_statement(lambda: add(office), nothing)
    rate = IncentiveRate.objects.get()

    def untouched() -> None:
        rate.refresh_from_db()
        assert rate.effective_to is None

    fail_at_each_statement(
        lambda: end_rate(rate=rate, effective_to=DECEMBER, reason="A new year", by=office), untouched
    )
    mistake = add(office, 20, segment="Education")

    def holds() -> None:
        mistake.refresh_from_db()
        assert mistake.voided_at is None

    fail_at_each_statement(lambda: void_rate(rate=mistake, reason="A mistake", by=office), holds)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_two_who_add_the_same_at_once_one_is_refused(office: Actor) -> None:
    results = at_once(*[lambda percent=percent: add(office, percent) for percent in (10, 20, 30)])
    assert sorted(type(result).__name__ for result in results) == ["IncentiveRate", "RatesOverlap", "RatesOverlap"]
    assert IncentiveRate.objects.count() == 1
