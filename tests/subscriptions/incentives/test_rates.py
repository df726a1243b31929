"""Rates: which one holds, and that no two of a kind hold at once."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from accounts.access import Actor
from activity.models import ActivityRecord
from catalogue.models import Price
from core.exceptions import NotPermitted, Refused
from subscriptions.incentives.rates import Offered, RatesOverlap, RateTable, add_rate, end_rate
from subscriptions.models import IncentiveRate
from tests.faults import fail_at_each_statement
from tests.races import at_once

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


def test_only_the_back_office_decides(admin: Actor) -> None:
    with pytest.raises(NotPermitted):
        add(admin)


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


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_two_who_add_the_same_at_once_one_is_refused(office: Actor) -> None:
    results = at_once(*[lambda percent=percent: add(office, percent) for percent in (10, 20, 30)])
    assert sorted(type(result).__name__ for result in results) == ["IncentiveRate", "RatesOverlap", "RatesOverlap"]
    assert IncentiveRate.objects.count() == 1
