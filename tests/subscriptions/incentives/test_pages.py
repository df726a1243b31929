"""The Incentives pages: each side sees its own, the sums are those of the entries, and the calculation is shown."""

import csv
import io
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from accounts.access import Actor
from accounts.models import Partner
from accounts.roles import Role
from activity.models import ActivityRecord
from core import clock
from subscriptions.incentives.accruing import accrue_due
from subscriptions.incentives.ledger import recalculate_entry, reverse_entry
from subscriptions.incentives.rates import add_rate, end_rate
from subscriptions.models import IncentiveEntry, IncentiveMonth, IncentiveRate, IncentiveTotal
from subscriptions.services import set_reseller_of_record
from tests.contracts import header_faults
from tests.customers.conftest import actor_of
from tests.factories import CustomerFactory, PartnerFactory, PartnershipFactory
from tests.reading import checked, rows, words
from tests.subscriptions.incentives.conftest import Make, day

MONTH, ENTRIES, EXPORT = (reverse(f"incentives:{name}") for name in ("list", "entries", "export"))
# From the second request of a session on: who asks (session, person, memberships), the months, resellers or providers
# to choose from, count and rows; then sums and chart, or for a reseller's entries which customers it may open.
PROVIDER_QUERIES = {MONTH: 9, ENTRIES: 7}
RESELLER_QUERIES = {MONTH: 9, ENTRIES: 8}


def written(moment: str = "2026-11-02") -> None:
    with clock.at(day(moment)):
        accrue_due()


@pytest.fixture
def cast(
    ten_percent: IncentiveRate, subscribed: Make, reseller: Partner, sibling: Partner
) -> dict[str, IncentiveEntry]:
    """October: Fabrikam earned 10 with its own customer and 3.23 with another's; Siblingsoft earned 10."""
    provider = reseller.partnerships_as_reseller.get().provider
    managed = CustomerFactory(provider=provider, managed_by=reseller, company_name="Managed Bakery")
    other = CustomerFactory(provider=provider, company_name="Hidden Bakery")
    subscribed("2026-10-01", customer=managed, nickname="Front office")
    subscribed("2026-10-22", customer=other, nickname="Hidden nickname")
    subscribed("2026-10-01", customer=other, nickname="Sibling nickname", of_record=sibling)
    written()
    found = {entry.subscription.nickname: entry for entry in IncentiveEntry.objects.all()}
    return {"managed": found["Front office"], "hidden": found["Hidden nickname"], "sibling": found["Sibling nickname"]}


@pytest.fixture
def desk(admin: Actor) -> Client:
    """An Admin agent of the provider, signed in."""
    return signed(admin)


@pytest.fixture
def own(reseller: Partner) -> Client:
    """Somebody of Fabrikam, signed in."""
    return signed(actor_of(reseller, Role.SALES_AGENT))


def signed(actor: Actor) -> Client:
    client = Client()
    assert actor.user is not None
    client.force_login(actor.user)
    return client


def cells(client: Client, address: str) -> list[list[str]]:
    return [[cell.replace("\xa0", " ") for cell in row] for row in rows(checked(client.get(address)))]


def test_a_provider_reads_the_month_of_each_reseller(desk: Client, cast: Any) -> None:
    assert cells(desk, MONTH) == [
        ["Fabrikam (MPN ID 0012345)", "2", "USD 132.26", "USD 13.23", "USD 0.00", "USD 0.00"],
        ["Siblingsoft (MPN ID 0099999)", "1", "USD 100.00", "USD 10.00", "USD 0.00", "USD 0.00"],
    ]
    page = words(desk.get(MONTH)).replace("\xa0", " ")
    assert "October 2026" in page
    assert "<strong>USD 23.23</strong>" in page


def test_a_reseller_reads_its_own_and_nothing_of_its_sibling(own: Client, cast: Any) -> None:
    assert cells(own, MONTH) == [["Northwind", "2", "USD 132.26", "USD 13.23", "USD 0.00", "USD 0.00"]]
    listed = cells(own, ENTRIES)
    assert [row[0] for row in listed] == ["Office Suite — Not managed by you", "Front office Managed Bakery"]
    for address in (MONTH, ENTRIES, reverse("incentives:entry", args=[cast["managed"].public_id])):
        page = words(own.get(address)).replace("\xa0", " ")
        for secret in ("Siblingsoft", "0099999", "23.23", "USD 23", "Sibling nickname"):
            assert secret not in page, address


def test_a_reseller_reads_no_name_of_a_customer_that_it_does_not_manage(own: Client, cast: Any) -> None:
    pages = [ENTRIES, reverse("incentives:entry", args=[cast["hidden"].public_id])]
    for address in pages:
        page = words(own.get(address))
        assert "Hidden" not in page, address
        assert str(cast["hidden"].subscription.customer.microsoft_id) not in page
    text = b"".join(own.post(EXPORT)).decode()  # type: ignore[call-overload]
    assert "Hidden" not in text
    assert "Managed Bakery" in text


def test_an_entry_of_a_sibling_or_a_stranger_is_not_found(own: Client, cast: Any) -> None:
    assert own.get(reverse("incentives:entry", args=[cast["sibling"].public_id])).status_code == 404
    stranger = signed(actor_of(PartnerFactory(legal_name="Tailwind")))
    for entry in cast.values():
        assert stranger.get(reverse("incentives:entry", args=[entry.public_id])).status_code == 404
    assert rows(stranger.get(MONTH)) == []
    assert rows(stranger.get(ENTRIES)) == []


def test_another_reseller_of_the_address_is_no_way_around(own: Client, cast: Any, sibling: Partner) -> None:
    assert len(cells(own, f"{ENTRIES}?reseller={sibling.microsoft_id}")) == 2
    assert len(cells(own, f"{MONTH}?reseller={sibling.microsoft_id}&month=2026-10")) == 1


def test_who_shares_a_month_reads_nothing_of_the_other_share(
    own: Client, desk: Client, ten_percent: IncentiveRate, subscribed: Make, sibling: Partner, sales: Actor
) -> None:
    subscription = subscribed("2026-09-01")
    with clock.at(day("2026-10-11T09:00")):
        set_reseller_of_record(subscription=subscription, reseller=sibling, by=sales)
    written()
    entry = IncentiveEntry.objects.get(month=date(2026, 10, 1), reseller__legal_name="Fabrikam")
    address = reverse("incentives:entry", args=[entry.public_id])
    assert "Siblingsoft" in words(desk.get(address))
    page = words(checked(own.get(address)))
    assert "Siblingsoft" not in page
    assert "6.77" not in page


def test_a_month_is_chosen_and_the_latest_is_shown_otherwise(desk: Client, cast: Any) -> None:
    written("2026-12-01")
    assert "November 2026" in words(desk.get(MONTH))
    assert len(cells(desk, f"{ENTRIES}?month=2026-10")) == 3
    assert cells(desk, f"{ENTRIES}?month=2026-08") == []
    assert rows(desk.get(f"{MONTH}?month=1999-01")) == []


def test_entries_are_filtered_by_reseller_and_state(desk: Client, cast: Any, sibling: Partner, office: Actor) -> None:
    found = cells(desk, f"{ENTRIES}?reseller={sibling.microsoft_id}")
    assert [row[1] for row in found] == ["Siblingsoft MPN ID 0099999"]
    assert cells(desk, f"{ENTRIES}?state=paid") == []
    assert len(cells(desk, f"{ENTRIES}?state=accrued")) == 3
    reverse_entry(entry=cast["sibling"], reason="A mistake", by=office)
    assert [row[-1] for row in cells(desk, f"{ENTRIES}?state=reversed")] == [
        "Accrued Takes back an entry",
        "Accrued Taken back",
    ]


def test_currencies_are_never_added(desk: Client, ten_percent: IncentiveRate, subscribed: Make) -> None:
    subscribed("2026-10-01")
    subscribed("2026-10-01", currency="BRL")
    written()
    page = words(desk.get(MONTH)).replace("\xa0", " ")
    assert "<strong>USD 10.00</strong>" in page
    assert "<strong>BRL 10.00</strong>" in page
    assert page.count("Twelve months in") >= 2
    assert "20.00" not in page.partition("<main")[2]


def test_the_chart_stands_over_a_table_with_the_same_numbers(desk: Client, ten_percent: Any, subscribed: Make) -> None:
    subscribed("2026-09-16")
    written()
    response = checked(desk.get(MONTH))
    table = [[cell.replace("\xa0", " ") for cell in row] for row in rows(response, 1)]
    assert table == [["October 2026", "10.00", "0.00", "0.00"], ["September 2026", "5.00", "0.00", "0.00"]]
    (chart,) = response.context["charts"]
    assert [bar.height for bar in chart.bars] == [0] * 10 + [50, 100]


def test_why_this_amount(desk: Client, cast: Any) -> None:
    page = words(checked(desk.get(reverse("incentives:entry", args=[cast["hidden"].public_id])))).replace("\xa0", " ")
    assert "USD 120.00 ÷ 12 months × 10 licenses × 10 of 31 days = USD 32.2581" in page
    assert "22 Oct 2026 – 31 Oct 2026" in page
    assert "USD 32.26 × 10 % = <strong>USD 3.23</strong>" in page
    assert "For all offers" in page
    assert "Hidden nickname" in page


def test_why_a_correction(desk: Client, cast: Any, office: Actor, ten_percent: IncentiveRate) -> None:
    end_rate(rate=ten_percent, effective_to=date(2026, 9, 30), reason="Twelve", by=office)
    add_rate(percent=Decimal("12.5"), effective_from=date(2026, 10, 1), by=office)
    (right,) = recalculate_entry(entry=cast["managed"], reason="The rate was wrong", by=office)
    reversal = IncentiveEntry.objects.get(reverses=cast["managed"])
    pages = {
        one.pk: words(checked(desk.get(reverse("incentives:entry", args=[one.public_id]))))
        for one in (cast["managed"], reversal, right)
    }
    assert "was taken back and no longer counts" in pages[cast["managed"].pk]
    assert "takes back another one" in pages[reversal.pk]
    assert "The rate was wrong" in pages[reversal.pk]
    assert "× 12.5 % =" in pages[right.pk]


@pytest.mark.parametrize(("language", "separator", "amount"), [("en", ",", "13.23"), ("pt-br", ";", "13,23")])
def test_the_export_holds_what_is_filtered(
    admin: Actor, cast: Any, reseller: Partner, language: str, separator: str, amount: str
) -> None:
    assert admin.user is not None
    admin.user.language = language
    admin.user.save(update_fields=["language"])
    response = signed(admin).post(f"{EXPORT}?reseller={reseller.microsoft_id}")
    assert header_faults(response) == []
    text = b"".join(response).decode()  # type: ignore[call-overload]
    lines = list(csv.reader(io.StringIO(text[1:], newline=""), delimiter=separator))
    with translation.override(language):
        assert len(lines) == 3
    total = sum(Decimal(line[10].replace(",", ".")) for line in lines[1:])
    assert f"{total:.2f}".replace(".", "," if separator == ";" else ".") == amount
    assert {line[3] for line in lines[1:]} == {"Managed Bakery", "Hidden Bakery"}
    assert total == IncentiveTotal.objects.get(reseller=reseller).amount
    record = ActivityRecord.objects.get(action="incentives.exported")
    assert record.changes == {"month": "2026-10", "filters": 1}


def test_the_export_holds_no_formula(desk: Client, ten_percent: IncentiveRate, subscribed: Make) -> None:
    subscribed("2026-10-01", nickname="=cmd|' /C calc'!A0")
    written()
    text = b"".join(desk.post(EXPORT)).decode()  # type: ignore[call-overload]
    assert ",'=cmd|' /C calc'!A0," in text


def test_there_is_nothing_before_the_first_month(desk: Client, own: Client, old_provider: Partner) -> None:
    for client in (desk, own):
        for address in (MONTH, ENTRIES):
            assert "Nothing was earned yet" in words(checked(client.get(address)))
        assert client.post(EXPORT).status_code == 302


def test_who_has_no_business_with_money_is_refused(provider: Partner, reseller: Partner, cast: Any) -> None:
    for partner in (provider, reseller):
        client = signed(actor_of(partner, Role.HELPDESK_AGENT))
        assert [client.get(MONTH).status_code, client.get(ENTRIES).status_code] == [403, 403]
        assert client.post(EXPORT).status_code == 403
        assert "Incentives" not in words(client.get(reverse("home")))


def test_a_reseller_chooses_among_several_providers(own: Client, cast: Any, reseller: Partner) -> None:
    second = PartnerFactory(legal_name="Tailwind")
    PartnershipFactory(provider=second, reseller=reseller)
    assert len(cells(own, f"{ENTRIES}?provider={second.microsoft_id}")) == 0
    assert len(cells(own, f"{ENTRIES}?provider={cast['managed'].provider.microsoft_id}")) == 2


@pytest.mark.parametrize("address", [MONTH, ENTRIES])
@pytest.mark.parametrize("side", ["provider", "reseller"])
def test_three_rows_take_as_many_queries_as_one(
    address: str,
    side: str,
    admin: Actor,
    reseller: Partner,
    ten_percent: IncentiveRate,
    subscribed: Make,
    sibling: Partner,
    django_assert_num_queries: Any,
) -> None:
    client = signed(admin if side == "provider" else actor_of(reseller))
    number = (PROVIDER_QUERIES if side == "provider" else RESELLER_QUERIES)[address]
    subscribed("2026-10-01")
    written()
    client.get(address)
    with django_assert_num_queries(number):
        client.get(address)
    for partner in (reseller, sibling):
        subscribed("2026-10-01", of_record=partner)
    IncentiveMonth.objects.update(done_up_to=0, finished_at=None)
    written()
    with django_assert_num_queries(number):
        client.get(address)
