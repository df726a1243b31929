"""The Orders list as a file: exactly what is filtered, in columns that nobody can turn into a formula."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from activity.models import ActivityRecord
from orders.order_pages import exporting
from tests.contracts import header_faults
from tests.factories import CustomerFactory
from tests.orders.conftest import actor_of, person, signed_in
from tests.orders.test_order_list import DAY, make_order

EXPORT = reverse("orders:export")


def read(response: Any, separator: str = ",") -> list[list[str]]:
    """The lines of the file."""
    assert response.status_code == 200
    text = b"".join(response.streaming_content).decode()
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:], newline=""), delimiter=separator))


def test_the_file_holds_the_list(sales, reseller, standard):
    customer = CustomerFactory(provider=sales.partner, company_name="=1+1", domain_prefix="bakery")
    order = make_order(sales, standard, customer=customer, reseller=reseller)
    direct = make_order(sales, standard, placed_at=DAY - timedelta(days=1), status="refused")
    direct.lines.update(state="refused", refusal="No.")
    response = signed_in(sales).post(EXPORT)
    assert header_faults(response) == []
    header, first, second = read(response)
    assert header == [
        "Order",
        "Placed",
        "Customer",
        "Primary domain name",
        "Microsoft ID",
        "Reseller",
        "MPN ID",
        "Indirect provider",
        "Placed by",
        "Status",
        "Lines",
        "Refused lines",
        "Licenses",
        "Currency",
        "Total of the terms",
    ]
    assert first == [
        order.number,
        "2026-03-14 12:00+00:00",
        "'=1+1",
        "bakery.onmicrosoft.com",
        str(customer.microsoft_id),
        "Fabrikam",
        "0012345",
        "Northwind",
        "Sam Sales",
        "Pending",
        "1",
        "0",
        "5",
        "USD",
        "600.00",
    ]
    assert (second[0], second[5], second[9:12]) == (direct.number, "", ["Refused", "1", "1"])
    assert second[-3:] == ["0", "USD", "0"]


def test_the_file_is_filtered_and_recorded(sales, reseller):
    order = make_order(sales, reseller=reseller)
    make_order(sales)
    [_header, line] = read(signed_in(sales).post(f"{EXPORT}?status=pending&reseller={reseller.microsoft_id}"))
    assert line[0] == order.number
    record = ActivityRecord.objects.get(action="orders.exported")
    assert (record.changes, record.actor_user_id) == ({"filters": 2}, person(sales).pk)


def test_the_file_of_a_reseller_has_no_prices_and_no_person(sales, reseller, standard):
    make_order(sales, standard, reseller=reseller)
    make_order(sales, standard)
    header, line = read(signed_in(actor_of(reseller)).post(EXPORT))
    assert header[-1] == "Licenses"
    assert "Total of the terms" not in header
    assert line[8] == "Northwind"


def test_a_filter_that_was_not_understood_leads_back_to_the_list(sales):
    make_order(sales)
    response = signed_in(sales).post(f"{EXPORT}?since=tomorrow")
    assert (response.status_code, response.url) == (302, f"{reverse('orders:list')}?since=tomorrow")
    assert not ActivityRecord.objects.exists()


def test_nothing_is_taken_away_unrecorded(sales, monkeypatch):
    make_order(sales)

    def broken(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(exporting, "record", broken)
    with pytest.raises(RuntimeError):
        signed_in(sales).post(EXPORT)


def test_a_long_file_asks_for_some_hundred_at_a_time(sales, standard, monkeypatch, django_assert_num_queries):
    for _ in range(5):
        make_order(sales, standard)
    monkeypatch.setattr(exporting, "CHUNK", 2)
    browser = signed_in(sales)
    response = browser.post(EXPORT)
    with django_assert_num_queries(1 + 3):
        assert len(read(response)) == 6
