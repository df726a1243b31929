"""The zoo of files: each is read, or refused with a message that says what and where."""

import io
import zipfile

import pytest

from catalogue.importing import reading
from catalogue.models import Price, Product, Sku
from tests.catalogue.files import (
    OFFER,
    OFFER_MATRIX,
    PRICE,
    PRICE_LIST,
    offer_matrix,
    price,
    price_list,
    text_of,
    zipped,
)

LETTERS = price(ProductTitle="Soluções é €", SkuTitle="Soluções é €")


def encrypted() -> bytes:
    """A zip whose entry says that it is encrypted."""
    data = bytearray(zipped(list__csv=price_list(PRICE)))
    data[6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def damaged() -> bytes:
    """A zip with a broken middle."""
    data = bytearray(zipped(list__csv=price_list(*[price(UnitPrice=n) for n in range(200)])))
    data[80:120] = b"\x00" * 40
    return bytes(data)


READ = {
    "utf-8": price_list(LETTERS),
    "utf-8 with a mark": b"\xef\xbb\xbf" + price_list(LETTERS),
    "utf-16 little endian": b"\xff\xfe" + price_list(LETTERS).decode().encode("utf-16-le"),
    "utf-16 big endian": b"\xfe\xff" + price_list(LETTERS).decode().encode("utf-16-be"),
    "utf-16 without a mark": price_list(LETTERS).decode().encode("utf-16-le"),
    "windows-1252": price_list(LETTERS).decode().encode("cp1252"),
    "windows-1252, semicolons": text_of(PRICE_LIST, [LETTERS], ";").encode("cp1252"),
    "semicolons": text_of(PRICE_LIST, [LETTERS], ";").encode(),
    "tabs": text_of(PRICE_LIST, [LETTERS], "\t").encode(),
    "line feeds": text_of(PRICE_LIST, [LETTERS], end="\n").encode(),
    "carriage returns": text_of(PRICE_LIST, [LETTERS], end="\r").encode(),
    "blank lines": b"\r\n\r\n" + price_list(LETTERS).replace(b"Segment\r\n", b"Segment\r\n\r\n ,,\r\n") + b"\r\n\r\n",
    "zip": zipped(list__csv=price_list(LETTERS)),
    "zip made on a Mac": zipped(**{"sub/list__csv": price_list(LETTERS), "__MACOSX/._list__csv": b"x"}),
    "zip with a read-me": zipped(list__csv=price_list(LETTERS), readme__html=b"<p>"),
    "another order": price_list(LETTERS, headings=PRICE_LIST[::-1]),
    "300 more columns": price_list(LETTERS, headings=[*(f"Extra {n}" for n in range(300)), *PRICE_LIST]),
    "other spellings of headings": text_of(
        [*PRICE_LIST], [LETTERS]
    ).replace("ERP Price", "ERPPrice").replace("SkuTitle", "Sku Title").replace("ProductId", "product_id").encode(),
    "spare cells at the end": price_list(LETTERS).replace(b"Commercial\r\n", b"Commercial,, \r\n"),
}  # fmt: skip


@pytest.mark.parametrize("data", READ.values(), ids=READ)
def test_a_file_is_read_whatever_wrote_it(load, data):
    report = load(data)
    assert (report.kind, report.rows_total, report.added) == ("price_list", 1, 1)
    assert Sku.objects.get().title == "Soluções é €"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [(READ["utf-8"], "UTF-8"), (READ["utf-16 big endian"], "UTF-16"), (READ["windows-1252"], "Windows-1252")],
)
def test_the_report_says_how_the_letters_were_read(load, data, encoding):
    assert load(data).encoding == encoding


REFUSED = {
    "empty": (b"", None, "The file is empty."),
    "only blanks": (b"\xef\xbb\xbf \r\n\r\n", None, "The file is empty."),
    "headings alone": (price_list(), 1, "The file has headings and no rows."),
    "other headings": (
        b"Name,Age\r\nAna,30\r\n",
        1,
        "The first row has the headings of neither a price list nor an offer matrix.",
    ),
    "a column is missing": (
        price_list(PRICE, headings=[name for name in PRICE_LIST if name not in ("Market", "Segment")]),
        1,
        "Missing column: Market, Segment.",
    ),
    "a column is missing in the matrix": (
        offer_matrix(OFFER, headings=[name for name in OFFER_MATRIX if name != "MaxLicenses"]),
        1,
        "Missing column: MaxLicenses.",
    ),
    "a column stands there twice": (
        price_list(PRICE, headings=[*PRICE_LIST, "Market"]),
        1,
        "The column Market stands there twice.",
    ),
    "workbook": (
        zipped(**{"[Content_Types]__xml": b"<x/>", "xl/sheet__xml": b"<x/>"}),
        None,
        "This is a workbook. Open it and save it as CSV, then import the CSV.",
    ),
    "old workbook": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00\x01" * 300,
        None,
        "This is not a CSV file but an old Excel workbook.",
    ),
    "gzip": (b"\x1f\x8b\x08\x00" + b"\x01" * 50, None, "This is not a CSV file but a gzip archive."),
    "picture": (b"\x89PNG\r\n\x1a\n" + b"\x01" * 50, None, "This is not a CSV file but a picture."),
    "zip of nothing": (zipped(), None, "The archive must hold exactly one CSV file; it holds 0."),
    "zip of two": (
        zipped(a__csv=price_list(PRICE), b__csv=price_list(PRICE)),
        None,
        "The archive must hold exactly one CSV file; it holds 2.",
    ),
    "zip in a zip": (
        zipped(a__zip=zipped(a__csv=price_list(PRICE))),
        None,
        "The archive must hold exactly one CSV file; it holds 0.",
    ),
    "zip renamed in a zip": (
        zipped(a__csv=zipped(a__csv=price_list(PRICE))),
        None,
        "This is not a CSV file but a zip archive.",
    ),
    "zip with a password": (encrypted(), None, "The archive is protected by a password. Unpack it and import the CSV."),
    "damaged zip": (
        damaged(),
        None,
        "The archive is damaged or packed in an unusual way. Unpack it and import the CSV.",
    ),
    "zip packed in an unusual way": (
        zipped(zipfile.ZIP_BZIP2, list__csv=price_list(PRICE)),
        None,
        "The archive is damaged or packed in an unusual way. Unpack it and import the CSV.",
    ),
    "damaged zip packed in an unusual way": (
        zipped(zipfile.ZIP_LZMA, list__csv=price_list(PRICE)).replace(b"\x00\x00\x80\x00", b"\xff\xff\xff\xff"),
        None,
        "The archive is damaged or packed in an unusual way. Unpack it and import the CSV.",
    ),
    "cut zip": (
        zipped(a__csv=price_list(PRICE))[:-30],
        None,
        "The archive is damaged or packed in an unusual way. Unpack it and import the CSV.",
    ),
    "utf-32": (
        price_list(LETTERS).decode().encode("utf-32"),
        None,
        "The file is in UTF-32. Save it as “CSV UTF-8” and import that.",
    ),
    "broken utf-8": (
        price_list(LETTERS, PRICE) + b"\xc3",
        4,
        "The text is UTF-8, but line 4 holds bytes that are not. Save it as “CSV UTF-8” again.",
    ),
    "unknown letters": (
        price_list(PRICE) + b"\x81\r\n",
        3,
        "The letters of line 3 are in an unknown encoding. Save the file as “CSV UTF-8” and import that.",
    ),
    "a quotation mark that never closes": (
        price_list(PRICE) + b'"Microsoft 365,CFQ7TTC0LDPB\r\nx,y\r\n',
        3,
        "A quotation mark opens in row 3 and is never closed, or a cell is longer than 131,072 characters.",
    ),
    "a quotation mark closed far below": (
        price_list(PRICE) + b'"Microsoft 365,CFQ7TTC0LDPB\r\n"x",y\r\n',
        3,
        "In row 3 text follows a closing quotation mark; a quotation mark inside a cell is written twice.",
    ),
    "an endless cell": (
        price_list(price(SkuDescription="x" * 140_000)),
        2,
        "A quotation mark opens in row 2 and is never closed, or a cell is longer than 131,072 characters.",
    ),
    "NUL": (price_list(price(SkuTitle="Business\x00Standard")), 2, "The cell holds a NUL character."),
    "a row too short": (
        price_list(PRICE) + b"Microsoft 365,CFQ7TTC0LDPB\r\n",
        3,
        "The row has 2 cells, the headings are 19.",
    ),
    "a row too long": (price_list(PRICE)[:-2] + b",one more\r\n", 2, "The row has 20 cells, the headings are 19."),
}


@pytest.mark.parametrize(("data", "row", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_file_that_cannot_be_read_is_refused_with_what_and_where(refusal, data, row, reason):
    assert [(found[0], found[3]) for found in refusal(data)] == [(row, reason)]
    assert not Product.objects.exists()
    assert not Price.objects.exists()


def test_a_zip_bomb_is_refused_before_it_is_unpacked(refusal, monkeypatch):
    monkeypatch.setattr(reading, "MOST_BYTES", 1024 * 1024)
    bomb = zipped(list__csv=price_list(PRICE) + b"\n" * 20_000_000)
    assert len(bomb) < 100_000
    assert [found[3] for found in refusal(bomb)] == ["The file is larger than 1 MB unpacked."]


def test_a_zip_that_lies_about_its_size_is_refused_too(refusal, monkeypatch):
    monkeypatch.setattr(reading, "MOST_BYTES", 1024 * 1024)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("list.csv", price_list(PRICE) + b"\n" * 5_000_000)
    data = out.getvalue()
    honest = archive.infolist()[0].file_size.to_bytes(4, "little")
    [(_row, _column, _value, reason)] = refusal(data.replace(honest, (300).to_bytes(4, "little")))
    assert reason in (
        "The file is larger than 1 MB unpacked.",
        "The archive is damaged or packed in an unusual way. Unpack it and import the CSV.",
    )


def test_a_file_beyond_the_size_limit_is_refused(refusal, monkeypatch):
    monkeypatch.setattr(reading, "MOST_BYTES", 300)
    monkeypatch.setattr(reading, "too_large", lambda: "Too large.")
    assert [found[3] for found in refusal(price_list(*[PRICE] * 5))] == ["Too large."]


def test_a_file_beyond_the_row_limit_is_refused(refusal, monkeypatch):
    monkeypatch.setattr(reading, "MOST_ROWS", 3)
    rows = [price(UnitPrice=n, SkuId=n) for n in range(1, 5)]
    assert [found[::3] for found in refusal(price_list(*rows))] == [(5, "The file has more than 3 rows.")]
    assert not Price.objects.exists()


def test_rows_are_numbered_as_a_spreadsheet_numbers_them(refusal):
    data = price_list(price(SkuDescription="two\r\nlines")).replace(b"Segment\r\n", b"Segment\r\n\r\n") + b"\r\n"
    wrong = price_list(price(Market="Brazil")).partition(b"\r\n")[2]
    assert [found[:3] for found in refusal(data + wrong)] == [(5, "Market", "Brazil")]


def test_numbers_of_a_brazilian_spreadsheet_are_refused_rather_than_guessed(refusal):
    data = text_of(PRICE_LIST, [price(UnitPrice="1.234,50")], ";").encode("cp1252")
    [(row, column, value, reason)] = refusal(data)
    assert (row, column, value) == (2, "UnitPrice", "1.234,50")
    assert reason == "Write the amount with a decimal point and without thousands separators, like 1234.50."
