"""What is wrong with a file, in words that say where and what to do."""

import csv
import io
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext as _

# Enough to mend a file by; the count goes on.
MOST_KEPT = 5_000
LONGEST_VALUE = 200
# With these, half or full width, a spreadsheet begins a formula.
FORMULA_SIGNS = frozenset("=+-@\t\r\n\0|%＝＋－＠")


@dataclass(frozen=True)
class Problem:
    """One reason to refuse: the row as a spreadsheet numbers it (the headings are row 1), the column, what it says."""

    row: int | None
    column: str
    value: str
    reason: str


class FileProblem(Exception):
    """The file as a whole cannot be read any further."""

    def __init__(self, reason: str, *, row: int | None = None, column: str = "", value: str = "") -> None:
        super().__init__(reason)
        self.problem = Problem(row, column, shortened(value), str(reason))


class Problems:
    """All problems of one file: the first ones kept, every one counted."""

    def __init__(self) -> None:
        self.kept: list[Problem] = []
        self.count = 0

    def add(self, row: int | None, column: str, value: str, reason: str) -> None:
        """Note one more."""
        self.put(Problem(row, column, shortened(value), reason))

    def put(self, problem: Problem) -> None:
        """Note one that is ready."""
        self.count += 1
        if len(self.kept) < MOST_KEPT:
            self.kept.append(problem)

    def as_json(self) -> list[dict[str, Any]]:
        """The kept ones in the order of the file."""
        return [asdict(problem) for problem in sorted(self.kept, key=lambda p: p.row or 0)]


def shortened(value: str) -> str:
    """A cell as a report shows it: no NUL, which no database column of text takes, and not a page long."""
    value = value.replace("\x00", "␀")
    value = value.encode("utf-8", "replace").decode("utf-8")
    return value if len(value) <= LONGEST_VALUE else value[: LONGEST_VALUE - 1] + "…"


def as_csv(problems: list[dict[str, Any]]) -> str:
    """Kept problems as a file that a spreadsheet opens; no cell of it can run as a formula."""
    out = io.StringIO()
    out.write("\ufeff")
    rows = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC)
    rows.writerow([str(_("Row")), str(_("Column")), str(_("Value")), str(_("Reason"))])
    for problem in problems:
        row = "" if problem["row"] is None else problem["row"]
        rows.writerow([row, *(harmless(problem[name]) for name in ("column", "value", "reason"))])
    return out.getvalue()


def harmless(text: str) -> str:
    """Text that a spreadsheet takes for text."""
    return f"'{text}" if text.lstrip(" \u00a0\u3000")[:1] in FORMULA_SIGNS else text
