"""What the export of the Customers list costs: how soon it begins, and how much memory it takes (P12)."""

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

from django.urls import reverse

from accounts.access import Actor
from subscriptions.customer_list.columns import columns_for
from tests.benchmarks.ground import Ground
from tests.benchmarks.measure import Result, Visitor, at_most, benchmark, side_by_side
from tests.benchmarks.submitting import ATTRIBUTE, FIELD

# So many lines show whether memory grows with them; a million take as much of it and some minutes more.
LINES = 100_000
PAGE = 4096


@benchmark
def export(ground: Ground) -> Iterator[Result]:
    """Every column of every customer; what the file needs beyond the customers' own rows is read on the way."""
    large = Form(ground.large, ground.world.ours.provider_admin)
    small = Form(ground.small, ground.world.theirs.provider_admin)
    constant, first = side_by_side(lambda: ground.large.get("/bench/constant/"), lambda: next(large.send()))
    yield at_most("P12", "Customers as a file, the first byte", first / constant, 20)
    for _ in small.send():  # what a process takes once, whatever it exports
        pass
    idle = peak = resident()
    began, lines = time.perf_counter(), -1
    for piece in large.send():
        lines += piece.count(b"\r\n")
        peak = max(peak, resident())
        if lines >= LINES:
            break
    rate = lines / (time.perf_counter() - began)
    note = f"{lines:,} lines, {rate:,.0f}/s"
    yield at_most("P12", "Customers as a file, memory above idle", (peak - idle) / 2**20, 50, "MB", note)


def resident() -> int:
    """The bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


class Form:
    """What the page of the export sends when a visitor chooses all columns."""

    def __init__(self, visitor: Visitor, actor: Actor) -> None:
        self.visitor, self.path = visitor, reverse("customers:export")
        fields = (dict(ATTRIBUTE.findall(field)) for field in FIELD.findall(visitor.get(self.path).decode()))
        token = next(field["value"] for field in fields if field.get("name") == "csrfmiddlewaretoken")
        keys = [column.key for column in columns_for(actor)]
        self.data = urlencode({"columns": keys, "csrfmiddlewaretoken": token}, doseq=True).encode()

    def send(self) -> Iterator[bytes]:
        """The file as it comes."""
        status, headers, pieces = self.visitor.begin("POST", self.path, self.data)
        if not (status.startswith("200") and str(headers["content-type"]).startswith("text/csv")):
            raise RuntimeError(f"{self.path} answers {status}, {headers['content-type']}")
        return pieces
