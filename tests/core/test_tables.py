"""The markup of tables: what assistive technology, small screens and pages without JavaScript rely on."""

from decimal import Decimal

import pytest
from django.test import Client
from django.utils import translation

from accounts.models import Partner
from accounts.roles import Program
from core import html
from tests.core.conftest import parse, text_of
from tests.core.kit import LineTable
from tests.core.test_lists import make_companies
from tests.world import make_partner

CANARY = "<img src=x onerror=alert(1)>\"'&{{7*7}}"


def test_table_has_caption_row_headers_and_labels(kit: Client) -> None:
    make_companies(3)
    page = parse(kit.get("/kit/?sort=-agreement"))
    table = page.find(".//table")
    assert text_of(table.find("caption")) == "Companies, sorted descending: Agreement, 1–4 of 4"
    assert table.get("role") == "table"
    headers = table.findall("thead/tr/th")
    assert [text_of(one) for one in headers] == [
        "Details",
        "Company – sort ascending",
        "MPN ID",
        "City – sort ascending",
        "Agreement, sorted descending – sort ascending",
        "Customers",
        "Status",
        "Actions",
    ]
    assert [one.get("aria-sort") for one in headers if one.get("aria-sort")] == ["descending"]
    assert all(one.get("scope") == "col" and one.get("role") == "columnheader" for one in headers)
    rows = [row for row in table.findall("tbody/tr") if row.get("class") != "expanded"]
    assert len(rows) == 4
    for row in rows:
        assert row.get("role") == "row"
        assert [(one.get("scope"), one.get("role")) for one in row.findall("th")] == [("row", "rowheader")]
        cells = [cell for cell in row.findall("td") if cell.get("class") != "expand"]
        assert [cell.get("data-label") for cell in cells] == [
            "MPN ID",
            "City",
            "Agreement",
            "Customers",
            "Status",
            "Actions",
        ]


def test_sort_links_toggle_and_start_over(kit: Client) -> None:
    make_companies(1)
    page = parse(kit.get("/kit/?sort=name&after=x&open=1&q=company"))
    links = {text_of(link): link.get("href") for link in page.findall(".//thead//a")}
    assert links["Company, sorted ascending – sort descending"] == "/kit/?sort=-name&q=company"
    assert links["Agreement – sort descending"] == "/kit/?sort=-agreement&q=company"


def test_paging_says_where_one_is(kit: Client) -> None:
    make_companies(60)
    first = kit.get("/kit/")
    page = parse(first)
    nav = page.find(".//nav[@class='paging']")
    assert nav.get("aria-label") == "Pages of Companies"
    assert text_of(nav.find("p")) == "1–25 of 61"
    assert nav.find("p").get("aria-current") == "page"
    sizes = {text_of(link): link.get("aria-current") for link in nav.findall("ul[@class='paging-sizes']/li/a")}
    assert sizes == {"25 rows a page": "true", "50 rows a page": None, "100 rows a page": None}
    assert [text_of(link) for link in nav.findall("ul[@class='paging-moves']/li/a")] == ["Next"]
    second = parse(kit.get(first.context["listing"].next_url))
    moves = second.findall(".//ul[@class='paging-moves']/li/a")
    assert [text_of(link) for link in moves] == ["First", "Previous", "Next"]
    assert text_of(second.find(".//nav[@class='paging']/p")) == "26–50 of 61"


def test_rows_open_without_javascript(kit: Client) -> None:
    company = make_companies(2)[1]
    address = f"/kit/?q=company&open={company.microsoft_id}"
    page = parse(kit.get(address))
    details = page.find(f".//tr[@id='details-{company.microsoft_id}']")
    assert "hidden" not in details.attrib
    assert company.contact_email in text_of(details)
    row = page.find(f".//tr[@id='row-{company.microsoft_id}']")
    link = row.find("td/a")
    assert text_of(link) == f"Hide details of {company}"
    assert link.get("href") == f"?q=company#row-{company.microsoft_id}"
    other = next(one for one in page.findall(".//td[@class='expand']/a") if "Show" in text_of(one))
    assert f"open={company.microsoft_id}&open=" in other.get("href")


def test_only_rows_that_are_open_come_with_the_page(kit: Client) -> None:
    companies = make_companies(3)
    page = parse(kit.get(f"/kit/?open={companies[0].microsoft_id}"))
    assert [row.get("id") for row in page.findall(".//tr[@class='expanded']")] == [
        f"details-{companies[0].microsoft_id}"
    ]


def test_what_a_row_opens_is_fetched_by_itself(kit: Client) -> None:
    company = make_companies(2)[0]
    fetched = kit.get(f"/kit/?q=nothing&row={company.microsoft_id}").content.decode()
    assert fetched.startswith(f'<tr role="row" class="expanded" id="details-{company.microsoft_id}">')
    assert fetched in kit.get(f"/kit/?open={company.microsoft_id}").content.decode()
    for wrong in ("", "x", "0" * 32, f"{company.pk}"):
        assert kit.get("/kit/", {"row": wrong}).status_code == 404, wrong


def test_ids_and_names_of_controls_are_unique(kit: Client) -> None:
    make_companies(3)
    page = parse(kit.get("/kit/"))
    ids = [one.get("id") for one in page.iter() if one.get("id")]
    assert len(ids) == len(set(ids))
    names = [text_of(link) for link in page.findall(".//tbody//a")]
    assert len(names) == len(set(names))


def test_new_row_says_so_in_words(kit: Client) -> None:
    company = make_companies(1)[0]
    page = parse(kit.get(f"/kit/?new={company.microsoft_id}"))
    assert text_of(page.find(f".//tr[@id='row-{company.microsoft_id}']/th")) == f"{company} New"


def test_typed_text_is_never_markup(kit: Client) -> None:
    make_partner(CANARY, Program.INDIRECT_RESELLER, "6001", city=CANARY, contact_name=CANARY)
    body = kit.get("/kit/", {"q": CANARY, "sort": CANARY, "open": CANARY, "new": CANARY}).content.decode()
    body += kit.get("/kit/").content.decode()
    assert "<img" not in body
    assert "{{7*7}}" in body
    assert body.count("&lt;img src=x") >= 3


def test_table_without_a_list_shows_rows_and_footer(kit: Client) -> None:
    page = parse(kit.get("/kit/parts/"))
    table = next(one for one in page.iter("table"))
    assert text_of(table.find("caption")) == "Subscriptions"
    assert [text_of(cell) for cell in table.findall("tfoot/tr/td")] == ["Total", "30", ""]
    assert table.find("tbody/tr").get("id") is None


def test_missing_values_are_a_dash_for_the_eye_and_a_word_for_the_ear() -> None:
    body = LineTable([{"offer": "", "licenses": None, "price": Decimal(1), "currency": "USD"}]).body()
    assert body.count('<span class="missing" aria-hidden="true">—</span>') == 2
    assert "USD\u00a01.00" in body


def test_choices_show_their_label_and_yes_no() -> None:
    partner = Partner(program=Program.INDIRECT_PROVIDER, enrolment_state="active")
    from core.tables import cell_text, display

    assert str(display(partner, "enrolment_state")) == "Active"
    assert cell_text(True) == "Yes"


@pytest.mark.parametrize(("language", "expected"), [("en", "BRL\u00a01,050.50"), ("pt-br", "BRL\u00a01.050,50")])
def test_money_is_written_as_the_language_does(language: str, expected: str) -> None:
    with translation.override(language):
        assert html.money_text(Decimal("1050.5"), "BRL") == expected
        assert html.money_text(Decimal("0.0035"), "USD")[-4:] == "0035"


def test_whole_page_is_lean(kit: Client) -> None:
    make_companies(25)
    body = kit.get("/kit/").content
    assert b"style=" not in body
    assert b"onclick" not in body
    assert len(body) < 120_000
