"""A file for spreadsheets: nothing in it is executed, and numbers stay numbers."""

import csv
import io
import tracemalloc
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from core.export import BYTE_ORDER_MARK, cell, csv_lines, csv_response, safe_cell

FORMULAS = [
    "=1+1",
    '=HYPERLINK("http://evil.example";"x")',
    "+1@b.co",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\tword",
    "\rword",
    "\nword",
    "\r=1",
    "\n=1",
    "\0=1",
    " =1",
    "\u00a0=1",
    "\u200b=1",
    "＝1+1",
    "＋1",
    "－1",
    "＠A1",
    "|calc",
    "%0A",
]


def read(text: str, separator: str = ",") -> list[list[str]]:
    """The cells as a spreadsheet finds them."""
    return list(csv.reader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK), newline=""), delimiter=separator))


def whole(header, rows, language="en") -> str:
    """The file in one piece."""
    return "".join(csv_lines(header, rows, language))


@pytest.mark.parametrize("value", FORMULAS)
def test_what_could_be_a_formula_begins_with_an_apostrophe(value):
    assert safe_cell(value) == f"'{value}"


@pytest.mark.parametrize("value", ["Fabrikam", "São João", "1-2", "a=b", "info@fabrikam.example", "", "0012345", "(x)"])
def test_other_text_stays(value):
    assert safe_cell(value) == value


@given(st.text())
def test_no_text_at_all_begins_like_a_formula(value):
    shown = safe_cell(value)
    assert shown in (value, f"'{value}")
    assert not shown.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=2, max_size=2)))
def test_each_cell_comes_out_as_it_went_in(rows):
    for language, separator in (("en", ","), ("pt-br", ";")):
        expected = [["a", "b"], *([safe_cell(value) for value in row] for row in rows)]
        assert read(whole(["a", "b"], rows, language), separator) == expected


@pytest.mark.parametrize(
    ("value", "mark", "shown"),
    [
        (None, ".", ""),
        (-5, ".", "-5"),
        (1204, ",", "1204"),
        (Decimal("-1050.50"), ".", "-1050.50"),
        (Decimal("1050.50"), ",", "1050,50"),
        (0.1, ",", "0,1"),
        (date(2026, 3, 14), ",", "2026-03-14"),
        (True, ".", "True"),
    ],
)
def test_numbers_and_days_are_what_they_are(value, mark, shown):
    assert cell(value, mark) == shown


def test_the_language_chooses_separator_and_decimal_mark():
    rows = [["Padaria; São João", Decimal("1.5"), 3]]
    assert whole(["Nome", "Valor", "n"], rows, "pt-br") == '\ufeffNome;Valor;n\r\n"Padaria; São João";1,5;3\r\n'
    assert whole(["Name", "Value", "n"], rows, "en") == "\ufeffName,Value,n\r\nPadaria; São João,1.5,3\r\n"


def test_quotes_and_line_ends_stay_inside_their_cell():
    assert read(whole(["a"], [['say "hi"\r\nto, all']])) == [["a"], ['say "hi"\r\nto, all']]


def test_a_file_without_rows_has_its_header():
    assert whole(["a", "b"], []) == "\ufeffa,b\r\n"


def test_moments_and_words_are_those_of_the_reader_although_the_page_is_over():
    def rows():
        for _number in range(300):
            yield [datetime(2026, 3, 14, 17, 2, tzinfo=UTC), translation.gettext("Yes")]

    with translation.override("pt-br"), timezone.override("America/Sao_Paulo"):
        pieces = csv_lines(["a", "b"], rows(), "pt-br")
    with translation.override("en"), timezone.override("UTC"):
        lines = read("".join(pieces), ";")
        assert translation.get_language() == "en"
    assert len(lines) == 301
    assert {tuple(line) for line in lines[1:]} == {("2026-03-14 14:02-03:00", "Sim")}


def test_the_response_is_saved_under_a_name_in_any_language():
    response = csv_response("Revendedores “São”.csv", ["a"], [["b"]], "pt-br")
    assert response.headers["Content-Disposition"] == (
        "attachment; filename*=UTF-8''Revendedores%20%E2%80%9CS%C3%A3o%E2%80%9D.csv"
    )
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert b"".join(response.streaming_content) == b"\xef\xbb\xbfa\r\nb\r\n"


def test_a_long_file_is_never_held_as_a_whole():
    rows = (["x" * 1000, number] for number in range(20_000))
    tracemalloc.start()
    try:
        sizes = [len(piece) for piece in csv_lines(["a", "b"], rows, "en")]
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(sizes) > 20_000_000
    assert most < 2_000_000
