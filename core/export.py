"""Spreadsheets as streamed CSV: a row at a time, in the reader's notation, and nothing in a cell that is executed."""

import csv
import datetime
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from itertools import islice
from typing import Any
from urllib.parse import quote

from django.db import connection, transaction
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone, translation

# How the languages' spreadsheets separate cells; what separates decimals goes with it.
SEPARATORS = {"en": ",", "pt-br": ";"}
DECIMAL_MARKS = {",": ".", ";": ","}
BYTE_ORDER_MARK = "\ufeff"
ROWS_AT_ONCE = 200
# For how many seconds a download may stand still before its transaction is given up.
SLOWEST_READER = 300
# A cell that begins with one of these is a formula, or makes what follows one. Full-width forms are folded first.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "|", "%")


def safe_cell(value: str) -> str:
    """Text that a spreadsheet shows as it is: what could be a formula begins with an apostrophe."""
    folded = unicodedata.normalize("NFKC", value)
    # Spreadsheets pass over blanks and invisible characters before the first sign.
    first = next((char for char in folded if not char.isspace() and unicodedata.category(char) != "Cf"), "")
    risky = folded.startswith(FORMULA_STARTS) or (first and first in FORMULA_STARTS)
    return f"'{value}" if risky else value


def cell(value: Any, decimal_mark: str) -> str:
    """A value as the file holds it: numbers stay numbers, days are ISO days, moments carry their zone."""
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, Decimal | float):
        return f"{Decimal(str(value)):f}".replace(".", decimal_mark)
    if isinstance(value, datetime.datetime):
        return timezone.localtime(value).isoformat(" ", "minutes")
    if isinstance(value, datetime.date):
        return value.isoformat()
    return safe_cell(str(value))


class _Line:
    """What csv writes to: it keeps the line it was given."""

    def write(self, text: str) -> str:
        return text


def csv_lines(header: Sequence[Any], rows: Iterable[Sequence[Any]], language: str) -> Iterator[str]:
    """The file in pieces of some hundred rows, the first with the mark by which Excel knows UTF-8.

    A response leaves after the page's own language and time zone are gone: they are taken now and used for each piece.
    """
    separator = SEPARATORS.get(language, ",")
    writer = csv.writer(_Line(), delimiter=separator, lineterminator="\r\n")  # type: ignore[arg-type]
    lines = (writer.writerow([cell(value, DECIMAL_MARKS[separator]) for value in row]) for row in rows)
    head: str = writer.writerow([safe_cell(str(title)) for title in header])
    return _pieces(BYTE_ORDER_MARK + head, lines, language, timezone.get_current_timezone())


def _pieces(first: str, lines: Iterator[str], language: str, zone: datetime.tzinfo) -> Iterator[str]:
    text = first
    while True:
        with translation.override(language), timezone.override(zone):
            more = "".join(islice(lines, ROWS_AT_ONCE))
        if not text + more:
            return
        yield text + more
        text = ""


def chunks_of_one_moment(rows: QuerySet[Any], size: int) -> Iterator[list[Any]]:
    """Everything as it is at this moment, so many rows at a time: neither side ever holds more.

    What is asked for between two chunks is of the same moment. Nothing is locked, but what others delete meanwhile
    stays on the disk until the last row is read, or whoever reads them goes away.
    """
    with _one_moment():
        read = rows.iterator(chunk_size=size)
        while chunk := list(islice(read, size)):
            yield chunk


@contextmanager
def _one_moment() -> Iterator[None]:
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        # A transaction of SQLite would keep every writer out; there the one statement sees one moment by itself.
        yield
        return
    # Outside a transaction PostgreSQL would put all rows aside before the first one is read.
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute(f"SET LOCAL idle_in_transaction_session_timeout = {SLOWEST_READER * 1000}")
        yield


def csv_response(
    name: str, header: Sequence[Any], rows: Iterable[Sequence[Any]], language: str
) -> StreamingHttpResponse:
    """A file to save under `name`, which may hold letters of any language; nothing is kept on this side."""
    response = StreamingHttpResponse(csv_lines(header, rows, language), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return response
