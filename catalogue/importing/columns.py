"""The columns of the two files, and how a table is matched to them and checked cell by cell."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from catalogue.importing import cells
from catalogue.importing.problems import FileProblem, Problems
from catalogue.importing.reading import Sheet
from catalogue.models import CatalogueImport

Kind = CatalogueImport.Kind


@dataclass(frozen=True)
class Column:
    """A column by the heading that Microsoft gives it, and how its cells are cleaned."""

    heading: str
    clean: Callable[[str], Any]


def heading_key(heading: str) -> str:
    """The form in which two spellings of a heading are one: ERP Price, ERPPrice, erp_price."""
    return re.sub(r"[\s_.\-]+", "", heading).casefold()


PRICE_LIST = (
    Column("ProductTitle", cells.line(255, required=True)),
    Column("ProductId", cells.product_id),
    Column("SkuId", cells.sku_id),
    Column("SkuTitle", cells.line(255, required=True)),
    Column("Publisher", cells.line(255)),
    Column("SkuDescription", cells.paragraphs),
    Column("UnitOfMeasure", cells.line(100)),
    Column("TermDuration", cells.term_duration),
    Column("BillingPlan", cells.billing_plan),
    Column("Market", cells.market),
    Column("Currency", cells.currency),
    Column("UnitPrice", cells.price),
    Column("PricingTierRangeMin", cells.tier_start),
    Column("PricingTierRangeMax", cells.optional_number),
    Column("EffectiveStartDate", cells.starts),
    Column("EffectiveEndDate", cells.ends),
    Column("Tags", cells.tags),
    Column("ERP Price", cells.optional_price),
    Column("Segment", cells.segment),
)
OFFER_MATRIX = (
    Column("ProductTitle", cells.line(255, required=True)),
    Column("ProductId", cells.product_id),
    Column("SkuId", cells.sku_id),
    Column("SkuTitle", cells.line(255, required=True)),
    Column("ProvisioningId", cells.line(100)),
    Column("ProvisioningString", cells.line(255)),
    Column("MinLicenses", cells.optional_number),
    Column("MaxLicenses", cells.optional_number),
    Column("AssetOwnershipLimit", cells.optional_number),
    Column("AssetOwnershipLimitType", cells.limit_type),
    Column("ProductSkuPreRequisites", cells.codes),
    Column("ProductSkuConversion", cells.codes),
    Column("Description", cells.paragraphs),
    Column("AllowedCountries", cells.allowed_countries),
)
FORMATS: dict[str, tuple[Column, ...]] = {Kind.PRICE_LIST: PRICE_LIST, Kind.OFFER_MATRIX: OFFER_MATRIX}
KNOWN = frozenset(heading_key(column.heading) for columns in FORMATS.values() for column in columns)


def is_known(heading: str) -> bool:
    """Whether either file has such a column."""
    return heading_key(heading) in KNOWN


def missing(columns: Sequence[Column], headings: Sequence[str]) -> list[str]:
    """The columns that the headings lack."""
    present = {heading_key(heading) for heading in headings}
    return [column.heading for column in columns if heading_key(column.heading) not in present]


def detect_kind(headings: Sequence[str]) -> str:
    """Which of the two files these headings belong to."""
    gaps = {kind: missing(columns, headings) for kind, columns in FORMATS.items()}
    kind = min(gaps, key=lambda candidate: len(gaps[candidate]) / len(FORMATS[candidate]))
    if len(gaps[kind]) > len(FORMATS[kind]) // 2:
        reason = _("The first row has the headings of neither a price list nor an offer matrix.")
        raise FileProblem(reason, row=1, value=", ".join(headings[:20]))
    return kind


def positions(columns: Sequence[Column], sheet: Sheet) -> list[int]:
    """Where each column stands in the table; refused when one is missing or stands there twice."""
    if gaps := missing(columns, sheet.headings):
        raise FileProblem(_("Missing column: %(names)s.") % {"names": ", ".join(gaps)}, row=sheet.heading_row)
    keys = [heading_key(heading) for heading in sheet.headings]
    for column in columns:
        if keys.count(heading_key(column.heading)) > 1:
            reason = _("The column %(name)s stands there twice.") % {"name": column.heading}
            raise FileProblem(reason, row=sheet.heading_row, column=column.heading)
    return [keys.index(heading_key(column.heading)) for column in columns]


class Refused:
    """Stands for a cell that could not be cleaned."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


class Cleaned(dict[str, Any]):
    """Remembers what each text of a column became: a price list says the same things thousands of times."""

    def __init__(self, clean: Callable[[str], Any], refused: list[str]) -> None:
        self.clean = clean
        self.refused = refused

    def __missing__(self, text: str) -> Any:
        value: Any
        try:
            if "\x00" in text:
                raise ValueError(_("The cell holds a NUL character."))
            value = self.clean(text)
        except ValueError as error:
            value = Refused(str(error))
            self.refused.append(text)
        self[text] = value
        return value


def checked_rows(
    columns: Sequence[Column], sheet: Sheet, problems: Problems, on_progress: Callable[[int], None]
) -> Iterator[tuple[int, list[Any]]]:
    """The rows without a problem, as values in the order of the columns; the others are noted in `problems`."""
    places = positions(columns, sheet)
    width, last = len(sheet.headings), max(places)
    refused: list[str] = []
    memories = [Cleaned(column.clean, refused) for column in columns]
    pairs = list(zip(memories, places, strict=True))
    read = 0
    for number, row in sheet.rows:
        read += 1
        if read % 5_000 == 0:
            on_progress(read)
        if len(row) <= last or any(cell.strip() for cell in row[width:]):
            reason = _("The row has %(cells)d cells, the headings are %(headings)d.")
            problems.add(number, "", ",".join(row), reason % {"cells": len(row), "headings": width})
            continue
        values = [memory[row[place]] for memory, place in pairs]
        # As long as no cell of the file was refused, no row needs a second look.
        if refused and note_refused(number, row, values, columns, places, problems):
            continue
        yield number, values
    on_progress(read)


def note_refused(
    number: int,
    row: list[str],
    values: list[Any],
    columns: Sequence[Column],
    places: Sequence[int],
    problems: Problems,
) -> bool:
    """Note each refused cell of the row; whether there was one."""
    found = False
    for column, place, value in zip(columns, places, values, strict=True):
        if isinstance(value, Refused):
            problems.add(number, column.heading, row[place], value.reason)
            found = True
    return found
