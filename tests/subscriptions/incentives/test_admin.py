"""Incentives in the back office: rates are added and ended, months confirmed and paid, entries corrected."""

from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.access import Actor
from catalogue.models import Price
from core import clock
from subscriptions.incentives.accruing import accrue_due
from subscriptions.incentives.ledger import settle_months
from subscriptions.models import IncentiveEntry, IncentiveMonth, IncentiveRate
from tests.contracts import header_faults
from tests.factories import UserFactory
from tests.reading import words
from tests.subscriptions.incentives.conftest import Make, day

ADD = "admin:subscriptions_incentiverate_add"


@pytest.fixture
def desk(client: Client, office: Actor) -> Client:
    """The back office, signed in."""
    assert office.user is not None
    client.force_login(office.user)
    return client


def rate_form(**values: Any) -> dict[str, Any]:
    return {"percent": "10", "effective_from": "2026-01-01", **values}


def act(desk: Client, model: str, action: str, rows: list[int], reason: str = "") -> str:
    """Choose an action for some rows and read what is said."""
    address = reverse(f"admin:subscriptions_{model}_changelist")
    page = desk.post(address, {"action": action, "_selected_action": rows, "reason": reason}, follow=True)
    assert header_faults(page) == []
    return words(page)


@pytest.mark.parametrize("kind", ["offer", "product", "all"])
def test_a_rate_is_added(desk: Client, sold: Price, kind: str) -> None:
    offer = {"offer": sold.sku.code.lower(), "product": sold.sku.product.product_id, "all": ""}[kind]
    answer = desk.post(reverse(ADD), rate_form(offer=offer, countries="us, br", segment="Education", reason="Agreed"))
    assert answer.status_code == 302, words(answer)
    rate = IncentiveRate.objects.get()
    assert (rate.sku, rate.product) == (
        sold.sku if kind == "offer" else None,
        sold.sku.product if kind == "product" else None,
    )
    assert (rate.markets, rate.segment, rate.percent) == (";BR;US;", "Education", 10)
    page = desk.get(reverse("admin:subscriptions_incentiverate_change", args=[rate.pk]))
    assert "BR, US" in words(page)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"offer": "nothing"}, "The catalogue has no offer and no product with this ID."),
        ({"countries": "US XX"}, "Unknown countries: XX."),
        ({"percent": "101"}, "between 0 and 100"),
        ({"effective_to": "2025-01-01"}, "before the first"),
    ],
)
def test_what_is_wrong_is_said_beside_the_form(desk: Client, values: Any, message: str) -> None:
    page = desk.post(reverse(ADD), rate_form(**values))
    assert page.status_code == 200
    assert message in words(page)
    assert not IncentiveRate.objects.exists()


def test_an_overlap_is_refused_in_words(desk: Client, ten_percent: IncentiveRate) -> None:
    page = desk.post(reverse(ADD), rate_form(percent="20", effective_from="2026-06-01"))
    assert "A rate for the same offers, segment and markets holds already" in words(page)
    assert IncentiveRate.objects.count() == 1


def test_a_rate_is_ended_on_its_page(desk: Client, ten_percent: IncentiveRate) -> None:
    page = desk.get(reverse("admin:subscriptions_incentiverate_change", args=[ten_percent.pk]))
    assert 'value="End the rate"' in page.content.decode()
    end = reverse("admin:subscriptions_incentiverate_end", args=[ten_percent.pk])
    assert "This field is required" in words(desk.post(end, {"effective_to": "2026-12-31", "reason": ""}))
    early: HttpResponse = desk.post(end, {"effective_to": "2025-12-31", "reason": "Over"})
    assert "The rate begins on 1 Jan 2026 only." in words(early)
    assert header_faults(early) == []
    desk.post(end, {"effective_to": "2026-12-31", "reason": "Over"})
    ten_percent.refresh_from_db()
    assert ten_percent.effective_to == date(2026, 12, 31)


def test_a_mistaken_rate_is_voided_on_its_page(desk: Client, ten_percent: IncentiveRate, subscribed: Make) -> None:
    address = reverse("admin:subscriptions_incentiverate_change", args=[ten_percent.pk])
    void = reverse("admin:subscriptions_incentiverate_void", args=[ten_percent.pk])
    assert "Void the rate" in words(desk.get(address))
    empty: HttpResponse = desk.post(void, {"reason": ""})
    assert "This field is required" in words(empty)
    assert header_faults(empty) == []
    assert "it holds on no day" in words(desk.post(void, {"reason": "A typing error"}, follow=True))
    after = words(desk.get(address))
    assert ("Void the rate" in after, "End the rate" in after) == (False, False)
    assert "This rate is voided" in words(desk.post(void, {"reason": "Again"}))
    for name in ("void", "end"):
        page = desk.get(reverse(f"admin:subscriptions_incentiverate_{name}", args=[ten_percent.pk]))
        assert "Reason: <bdi>A typing error</bdi>" in words(page)
        assert 'class="is-hard"' not in page.content.decode()
    # Another one takes its place, and is used.
    desk.post(reverse(ADD), rate_form(percent="9"))
    subscribed("2026-10-01")
    with clock.at(day("2026-11-02")):
        accrue_due()
    used = IncentiveRate.objects.get(voided_at=None)
    assert "Void the rate" not in words(desk.get(reverse("admin:subscriptions_incentiverate_change", args=[used.pk])))
    for unknown in ("0", "9" * 30, "x"):
        page = desk.get(reverse("admin:subscriptions_incentiverate_change", args=[unknown]))
        assert page.status_code == 302


def test_who_may_only_look_decides_nothing(client: Client, ten_percent: IncentiveRate) -> None:
    person = UserFactory(is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__startswith="view_incentive"))
    client.force_login(person)
    page = client.get(reverse("admin:subscriptions_incentiverate_change", args=[ten_percent.pk]))
    assert (page.status_code, "End the rate" in words(page)) == (200, False)
    end = reverse("admin:subscriptions_incentiverate_end", args=[ten_percent.pk])
    assert client.post(end, {"effective_to": "2026-12-31", "reason": "Over"}).status_code == 403
    void = reverse("admin:subscriptions_incentiverate_void", args=[ten_percent.pk])
    assert client.post(void, {"reason": "Over"}).status_code == 403
    assert client.get(reverse(ADD)).status_code == 403


def test_a_month_is_confirmed_and_paid_and_an_entry_taken_back(
    desk: Client, ten_percent: IncentiveRate, subscribed: Make
) -> None:
    subscribed("2026-10-01")
    with clock.at(day("2026-11-02")):
        accrue_due()
    month, entry = IncentiveMonth.objects.get(month=date(2026, 10, 1)), IncentiveEntry.objects.get()
    assert "Done for 1 row" in act(desk, "incentivemonth", "confirm", [month.pk])
    settle_months()
    assert "payment reference" in act(desk, "incentivemonth", "pay", [month.pk])
    assert "Done for 1 row" in act(desk, "incentivemonth", "pay", [month.pk], "Wire 7")
    assert "Give a reason" in act(desk, "incentivemonth", "look_again", [month.pk])
    assert "Done for 1 row" in act(desk, "incentivemonth", "look_again", [month.pk], "A rate came late")
    settle_months()
    entry.refresh_from_db()
    assert entry.state == "paid"
    assert "comes out the same" in act(desk, "incentiveentry", "calculate_again", [entry.pk], "Check")
    assert "Give a reason" in act(desk, "incentiveentry", "take_back", [entry.pk])
    assert "Done for 1 row" in act(desk, "incentiveentry", "take_back", [entry.pk], "A mistake")
    assert IncentiveEntry.objects.filter(reverses=entry).count() == 1
    assert desk.get(reverse("admin:subscriptions_incentiveentry_change", args=[entry.pk])).status_code == 200
    assert desk.get(reverse("admin:subscriptions_incentivemonth_change", args=[month.pk])).status_code == 200
