"""From bytes to rows of text: a CSV or the zip that holds one, whatever wrote it; anything else is refused by name."""

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalogue.importing.problems import FileProblem

MOST_BYTES = 64 * 1024 * 1024
MOST_ROWS = 200_000
# Others fail in ways of their own, and one says itself how much memory it wants.
USUAL_PACKING = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
NOT_TEXT = (
    (b"PK\x03\x04", gettext_lazy("a zip archive")),
    (b"\xd0\xcf\x11\xe0", gettext_lazy("an old Excel workbook")),
    (b"\x1f\x8b", gettext_lazy("a gzip archive")),
    (b"7z\xbc\xaf", gettext_lazy("a 7-Zip archive")),
    (b"Rar!", gettext_lazy("a RAR archive")),
    (b"%PDF", gettext_lazy("a PDF document")),
    (b"\x89PNG", gettext_lazy("a picture")),
)


@dataclass
class Sheet:
    """A file opened as a table."""

    headings: list[str]
    heading_row: int
    rows: Iterator[tuple[int, list[str]]]
    rows_expected: int
    encoding: str


def read_bytes(file: IO[bytes]) -> bytes:
    """Everything in the file, or in the CSV of the zip that it is; refused beyond the limit, unpacked too."""
    data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise FileProblem(too_large())
    return unzip(data) if data.startswith((b"PK\x03\x04", b"PK\x05\x06")) else data


def unzip(data: bytes) -> bytes:
    """The one CSV in a zip archive."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [item for item in archive.infolist() if not item.is_dir()]
            if any(item.filename in ("[Content_Types].xml", "mimetype") for item in names):
                raise FileProblem(_("This is a workbook. Open it and save it as CSV, then import the CSV."))
            tables = [item for item in names if is_table(item.filename)]
            if len(tables) != 1:
                found = ", ".join(item.filename for item in tables[:5])
                raise FileProblem(
                    ngettext(
                        "The archive must hold exactly one CSV file; it holds %(count)d.",
                        "The archive must hold exactly one CSV file; it holds %(count)d.",
                        len(tables),
                    )
                    % {"count": len(tables)},
                    value=found,
                )
            if tables[0].flag_bits & 0x1:
                raise FileProblem(_("The archive is protected by a password. Unpack it and import the CSV."))
            if tables[0].compress_type not in USUAL_PACKING:
                raise NotImplementedError
            with archive.open(tables[0]) as member:
                content = member.read(MOST_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError) as error:
        raise FileProblem(
            _("The archive is damaged or packed in an unusual way. Unpack it and import the CSV.")
        ) from error
    if len(content) > MOST_BYTES:
        raise FileProblem(too_large())
    return content


def is_table(name: str) -> bool:
    """Whether a name in an archive is that of a CSV, and not of what macOS leaves beside it."""
    leaf = name.rpartition("/")[2]
    return leaf.lower().endswith((".csv", ".txt", ".tsv")) and not leaf.startswith(".") and "__MACOSX" not in name


def too_large() -> str:
    """The refusal of a file beyond the limit."""
    return _("The file is larger than %(limit)d MB unpacked.") % {"limit": MOST_BYTES // 1024 // 1024}


def decode(data: bytes) -> tuple[str, str]:
    """The text and the name of its encoding: UTF-8, UTF-16 or Windows-1252; never a guess that could spoil letters."""
    if not data.strip(b"\x00 \r\n\t\xef\xbb\xbf"):
        raise FileProblem(_("The file is empty."))
    for magic, what in NOT_TEXT:
        if data.startswith(magic):
            raise FileProblem(_("This is not a CSV file but %(what)s.") % {"what": what})
    if data.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        raise FileProblem(_("The file is in UTF-32. Save it as “CSV UTF-8” and import that."))
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return decode_utf16(data, "utf-16")
    # Plain ASCII in UTF-16 without a mark has a NUL in every other place.
    start = data[:200]
    if len(start) >= 4 and start[1::2].count(0) > len(start) // 4:
        return decode_utf16(data, "utf-16-le")
    if len(start) >= 4 and start[::2].count(0) > len(start) // 4:
        return decode_utf16(data, "utf-16-be")
    try:
        return data.decode("utf-8-sig"), "UTF-8"
    except UnicodeDecodeError as error:
        return decode_legacy(data, error)


def decode_utf16(data: bytes, codec: str) -> tuple[str, str]:
    """UTF-16 text without its mark."""
    try:
        return data.decode(codec).removeprefix("\ufeff"), "UTF-16"
    except UnicodeDecodeError as error:
        raise FileProblem(
            _("The file begins as UTF-16 but is damaged. Save it as “CSV UTF-8” and import that.")
        ) from error


def decode_legacy(data: bytes, error: UnicodeDecodeError) -> tuple[str, str]:
    """Windows-1252, as spreadsheets in Western Europe and Brazil save; refused where it might be broken UTF-8."""
    row = data.count(b"\n", 0, error.start) + 1
    loose = data.decode("utf-8", "surrogateescape")
    was_utf8 = data.startswith(b"\xef\xbb\xbf") or any(
        ord(char) > 127 and not 0xDC80 <= ord(char) <= 0xDCFF for char in set(loose)
    )
    if was_utf8:
        reason = _("The text is UTF-8, but line %(row)d holds bytes that are not. Save it as “CSV UTF-8” again.")
        raise FileProblem(reason % {"row": row}, row=row) from error
    try:
        return data.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError as again:
        row = data.count(b"\n", 0, again.start) + 1
        reason = _(
            "The letters of line %(row)d are in an unknown encoding. Save the file as “CSV UTF-8” and import that."
        )
        raise FileProblem(reason % {"row": row}, row=row) from again


def open_sheet(data: bytes, knows: Callable[[str], bool]) -> Sheet:
    """Open the text as a table, by the delimiter under which most headings are known."""
    text, encoding = decode(data)
    text = text.lstrip("\ufeff")
    delimiter, _known = max(
        ((mark, known_headings(text, mark, knows)) for mark in DELIMITERS), key=lambda found: found[1]
    )
    rows = numbered_rows(text, delimiter)
    try:
        heading_row, headings = next(rows)
    except StopIteration:
        raise FileProblem(_("The file is empty.")) from None
    return Sheet(headings, heading_row, rows, max(text.count("\n"), text.count("\r")), encoding)


def known_headings(text: str, delimiter: str, knows: Callable[[str], bool]) -> int:
    """How many headings are known when the first line is cut at this delimiter."""
    first = next((line for line in io.StringIO(text[:100_000]) if line.strip()), "")
    try:
        return sum(knows(cell) for cell in next(csv.reader([first], delimiter=delimiter), []))
    except csv.Error:
        return 0


def numbered_rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that hold anything, each with its number in a spreadsheet."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = filled = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise FileProblem(broken_row(number, str(error)), row=number) from error
        if not any(cells) or not any(map(str.strip, cells)):
            continue
        filled += 1
        if filled > MOST_ROWS + 1:
            raise FileProblem(_("The file has more than %(limit)d rows.") % {"limit": MOST_ROWS}, row=number)
        yield number, cells


def broken_row(number: int, error: str) -> str:
    """Why the reader could not go on, in words."""
    if re.search(r"unexpected end|field larger", error):
        return _(
            "A quotation mark opens in row %(row)d and is never closed, or a cell is longer than 131,072 characters."
        ) % {"row": number}
    if "expected after" in error:
        return _(
            "In row %(row)d text follows a closing quotation mark; a quotation mark inside a cell is written twice."
        ) % {"row": number}
    return _("Row %(row)d cannot be read as CSV (%(error)s).") % {"row": number, "error": error}
