"""Lists: every row once, forward and back, whatever the address says."""

import base64
import datetime
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.models import Partner
from accounts.roles import Program
from core.paging import KeysetPaginator, Sort, read_cursor
from tests.core import kit as kit_module
from tests.core.conftest import parse, text_of
from tests.world import make_partner

CITIES = ["Curitiba", "Recife", "São Paulo"]


def make_companies(number: int) -> list[Partner]:
    """Companies with many equal cities, and agreements of which every third is missing and several fall on one day."""
    return [
        make_partner(
            f"Company {index:03d}",
            Program.INDIRECT_RESELLER,
            str(1000 + index),
            city=CITIES[index % 3],
            agreement_accepted_on=None if index % 3 == 0 else datetime.date(2025, 1 + index % 4, 3),
        )
        for index in range(number)
    ]


SORTS: dict[str, tuple[Sort, Callable[[Partner], Any]]] = {
    "text": (Sort("city"), lambda one: one.city),
    "unique": (Sort("search_text"), lambda one: one.search_text),
    "nullable": (Sort("agreement_accepted_on"), lambda one: one.agreement_accepted_on),
    "number": (Sort("pk"), lambda one: one.pk),
    "moment": (Sort("created_at"), lambda one: one.created_at),
    "uuid": (Sort("microsoft_id"), lambda one: one.microsoft_id),
}


def expected_order(rows: list[Partner], key: Callable[[Partner], Any], *, descending: bool) -> list[int]:
    with_key = sorted((r for r in rows if key(r) is not None), key=lambda r: (key(r), r.pk), reverse=descending)
    without = sorted((r for r in rows if key(r) is None), key=lambda r: r.pk, reverse=descending)
    return [row.pk for row in with_key + without]


@pytest.mark.django_db
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("name", SORTS)
def test_pages_forward_and_back_show_every_row_once(name: str, descending: bool) -> None:
    rows = make_companies(20)
    sort, key = SORTS[name]
    expected = expected_order(rows, key, descending=descending)
    paginator = KeysetPaginator(Partner.objects.all(), sort, descending=descending, per_page=3)
    pages = [paginator.page()]
    while pages[-1].next and len(pages) < 20:
        pages.append(paginator.page(after=pages[-1].next))
    assert [row.pk for page in pages for row in page.rows] == expected
    assert [(page.start, page.end) for page in pages] == [(n, min(n + 2, 20)) for n in range(1, 20, 3)]
    assert all(page.count == 20 for page in pages)
    back = [pages[-1]]
    while back[-1].previous and len(back) < 20:
        back.append(paginator.page(before=back[-1].previous))
    assert [row.pk for page in reversed(back) for row in page.rows] == expected
    assert back[-1].is_first


@pytest.mark.django_db
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("name", SORTS)
def test_a_list_in_parts_reads_as_one(name: str, descending: bool) -> None:
    sort, key = SORTS[name]
    # Of the last four companies the one in Recife alone is listed.
    listed = [one for one in make_companies(20) if one.city == "Recife" or one.mpn_id < "1016"]
    expected = expected_order(listed, key, descending=descending)
    parts = (Q(city="Recife"), Q(mpn_id__lt="1016") & ~Q(city="Recife"))
    paginator = KeysetPaginator(Partner.objects.all(), sort, descending=descending, per_page=3, parts=parts)
    pages = [paginator.page()]
    while pages[-1].next and len(pages) < 20:
        pages.append(paginator.page(after=pages[-1].next))
    assert [row.pk for page in pages for row in page.rows] == expected
    assert {page.count for page in pages} == {len(expected)}
    back = [pages[-1]]
    while back[-1].previous and len(back) < 20:
        back.append(paginator.page(before=back[-1].previous))
    assert [row.pk for page in reversed(back) for row in page.rows] == expected
    assert [row.pk for row in paginator.all_rows()] == expected


@pytest.mark.django_db
def test_a_vanished_row_does_not_end_the_list() -> None:
    rows = make_companies(9)
    paginator = KeysetPaginator(Partner.objects.all(), Sort("pk"), descending=False, per_page=3)
    following = paginator.page().next
    rows[2].delete()
    assert [row.pk for row in paginator.page(after=following).rows] == [row.pk for row in rows[3:6]]


@pytest.mark.django_db
def test_an_empty_page_after_the_end_becomes_the_first() -> None:
    rows = make_companies(4)
    paginator = KeysetPaginator(Partner.objects.all(), Sort("pk"), descending=False, per_page=3)
    following = paginator.page().next
    rows[3].delete()
    page = paginator.page(after=following)
    assert [row.pk for row in page.rows] == [row.pk for row in rows[:3]]
    assert page.is_first


@pytest.mark.django_db
def test_count_stops_at_the_cap() -> None:
    make_companies(6)
    paginator = KeysetPaginator(Partner.objects.all(), Sort("pk"), descending=False, per_page=3, cap=5)
    page = paginator.page()
    assert page.count == 5
    assert page.capped


@pytest.mark.django_db
def test_few_matches_are_read_by_key_and_many_in_order() -> None:
    rows = make_companies(12)
    ways = (Q(city="Recife", mpn_id__lt="1006"), Q(city="Recife"), Q(mpn_id="1003"))
    expected = [row.pk for row in rows if row.city == "Recife" or row.mpn_id == "1003"]
    found = Partner.objects.filter(Q(city="Recife") | Q(mpn_id="1003"))
    for cap in (100, 6, 5, 3, 2):
        paginator = KeysetPaginator(found, Sort("pk"), descending=False, per_page=2, cap=cap, searched=ways)
        first = paginator.page()
        assert first.count == min(cap, len(expected))
        assert (paginator.matches is None) == (cap <= len(expected))
        second = paginator.page(after=first.next)
        assert [row.pk for row in first.rows + second.rows] == expected[:4]
        assert [row.pk for row in paginator.page(before=second.previous).rows] == expected[:2]
        assert [row.pk for row in paginator.all_rows()] == expected


@pytest.mark.django_db
def test_matches_of_a_search_are_looked_for_until_there_are_enough(django_assert_num_queries: Callable) -> None:
    make_companies(12)
    ways = (Q(city="Recife"), Q(city="Curitiba"), Q(city="São Paulo"))
    for cap, queries in ((4, 1), (5, 2), (8, 2), (9, 3), (100, 3)):
        paginator = KeysetPaginator(
            Partner.objects.all(), Sort("pk"), descending=False, per_page=2, cap=cap, searched=ways
        )
        with django_assert_num_queries(queries):
            assert paginator.count() == min(cap, 12)


def token(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


TAMPERED = [
    "x",
    "!!!!",
    "é",
    "A" * 5000,
    token(),
    token("a", 1),
    token("a", 1, 2, 3),
    token({"a": 1}, 1, 2),
    token(["a"], 1, 2),
    token("2025-01-03", None, 2),
    token(None, 1, 2),
    token("2025-01-03", "one", 2),
    token("2025-01-03", 2**80, 2),
    token("2025-01-03", 1, -1),
    token("2025-01-03", 1, True),
    token("2025-01-03", 1, 10**12),
    token("a\x00b", 1, 2),
    token("\ud800", 1, 2),
    token("99999-99-99", 1, 2),
    token(float("nan"), 1, 2),
    "W" * 1999,
]


@pytest.mark.parametrize("sort", ["name", "-agreement", "city"])
def test_a_tampered_cursor_shows_rows_of_the_list_and_never_fails(kit: Client, sort: str) -> None:
    make_companies(3)
    for tampered in TAMPERED:
        for name in ("after", "before"):
            response = kit.get("/kit/", {"sort": sort, name: tampered})
            assert response.status_code == 200, tampered
            assert response.context["listing"].page.rows, tampered


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sort", "value"),
    [
        ("created_at", "0001-01-01T00:00:00+14:00"),
        ("created_at", "9999-12-31T23:59:59-14:00"),
        ("pk", 2**63),
        ("pk", -(2**63) - 1),
        ("pk", 1.5),
        ("microsoft_id", "not-a-guid"),
        ("agreement_accepted_on", "2025-02-30"),
    ],
)
def test_values_no_database_can_compare_are_refused(sort: str, value: Any) -> None:
    make_companies(1)
    paginator = KeysetPaginator(Partner.objects.all(), Sort(sort), descending=False, per_page=3)
    assert read_cursor(token(value, 1, 1), paginator.queryset) is None
    assert len(paginator.page(after=token(value, 1, 1)).rows) == 1


@pytest.mark.django_db
@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), st.lists, max_leaves=4))
def test_no_cursor_breaks_a_page(value: Any) -> None:
    if not Partner.objects.exists():
        make_companies(3)
    packed = base64.urlsafe_b64encode(json.dumps(value).encode()).decode()
    for sort in ("city", "agreement_accepted_on", "created_at", "pk"):
        paginator = KeysetPaginator(Partner.objects.all(), Sort(sort), descending=True, per_page=3)
        for cursor in (packed, token(value, 1, 1), token(1, value, 1), token("a", 1, value)):
            paginator.page(after=cursor)
            paginator.page(before=cursor)


@pytest.mark.parametrize(
    ("asked", "given_size"),
    [
        ("25", 25),
        ("50", 50),
        ("100", 100),
        ("100000", 100),
        ("99", 50),
        ("1", 25),
        ("-5", 25),
        ("x", 25),
        ("²", 25),
        ("9" * 30, 25),
    ],
)
def test_page_size_is_capped(kit: Client, asked: str, given_size: int) -> None:
    assert kit.get("/kit/", {"per_page": asked}).context["listing"].per_page == given_size


def test_page_size_really_limits_the_rows(kit: Client) -> None:
    make_companies(30)
    assert len(kit.get("/kit/?per_page=1").context["listing"].page.rows) == 25


def count_queries(kit: Client, address: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert kit.get(address).status_code == 200
    return len([one for one in queries if "accounts_partner" in one["sql"] and "accounts_membership" not in one["sql"]])


def test_a_list_takes_two_queries_whatever_its_length(kit: Client) -> None:
    make_companies(1)
    assert count_queries(kit, "/kit/?q=company") == 2
    make_partner("Company two", Program.INDIRECT_RESELLER, "77001")
    make_partner("Company three", Program.INDIRECT_RESELLER, "77002")
    assert count_queries(kit, "/kit/?q=company") == 2


def test_only_listed_columns_sort(kit: Client) -> None:
    make_companies(2)
    for asked in ("contact_email", "-pk", "memberships__user__password", "--name", "name;drop"):
        assert kit.get("/kit/", {"sort": asked}).context["listing"].sort_key == "name"
    listing = kit.get("/kit/?sort=-city").context["listing"]
    assert (listing.sort_key, listing.descending) == ("city", True)


def test_search_folds_case_and_accents(kit: Client) -> None:
    make_partner("Serviços São João", Program.INDIRECT_RESELLER, "5001")
    make_partner("Contoso", Program.INDIRECT_RESELLER, "5002")
    rows = kit.get("/kit/", {"q": "JOÃO serviços"}).context["listing"].page.rows
    assert [row.legal_name for row in rows] == ["Serviços São João"]
    assert kit.get("/kit/", {"q": "%"}).context["listing"].page.rows == []


def test_a_wrong_filter_is_shown_and_lists_nothing(kit: Client) -> None:
    make_companies(2)
    response = kit.get("/kit/", {"since": "yesterday", "program": "empire"})
    page = parse(response)
    assert response.status_code == 200
    assert response.context["listing"].page.rows == []
    assert text_of(page.find(".//title")).startswith("Error: Companies")
    summary = text_of(page.find(".//div[@data-error-summary]"))
    assert "Enter the agreement since as a date" in summary
    assert "empire" not in response.content.decode().replace("program=empire", "")


def test_filters_in_force_are_chips_that_take_themselves_away(kit: Client) -> None:
    make_companies(2)
    response = kit.get("/kit/?q=company&program=indirect_reseller&sort=-city&after=x&per_page=50")
    chips = {chip["label"]: chip for chip in response.context["chips"]}
    assert chips["Enrolled as"]["value"] == "Reseller"
    assert chips["Enrolled as"]["url"] == "/kit/?q=company&sort=-city&per_page=50"
    assert chips["Search"]["url"] == "/kit/?program=indirect_reseller&sort=-city&per_page=50"
    assert response.context["clear_url"] == "/kit/?sort=-city&per_page=50"
    kept = {field.get("name"): field.get("value") for field in parse(response).findall(".//input[@type='hidden']")}
    assert kept.items() >= {"sort": "-city", "per_page": "50"}.items()
    assert "after" not in kept


def test_nothing_yet_and_no_match_say_different_things(kit: Client) -> None:
    make_companies(1)
    nothing = text_of(parse(kit.get("/kit/?q=zzz")).find(".//main"))
    assert "Nothing matches" in nothing
    assert "No companies yet" not in nothing


def test_an_empty_list_explains_itself_and_offers_the_next_step(kit: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kit_module.PartnerList, "get_queryset", lambda self: Partner.objects.none())
    page = parse(kit.get("/kit/"))
    main = text_of(page.find(".//main"))
    assert "No companies yet" in main
    assert "Add a company" in main
    assert "Nothing matches" not in main
    assert page.find(".//form[@role='search']") is None


def test_capped_count_reads_as_more(kit: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    make_companies(30)
    monkeypatch.setattr(kit_module.PartnerList, "count_cap", 27)
    listing = kit.get("/kit/").context["listing"]
    assert listing.range_text == "1–25 of 26+"
    page = parse(kit.get(listing.next_url))
    assert text_of(page.find(".//nav[@class='paging']/p")) == "26–31 of 26+"


def test_a_get_is_all_a_list_answers(kit: Client) -> None:
    assert kit.post("/kit/").status_code == 405
