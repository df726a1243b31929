"""The chart of the last months, one for each currency: amounts in different money are never added or compared."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet, Sum
from django.utils import formats

from core import html
from subscriptions.incentives.months import CHART_MONTHS, before, month_text
from subscriptions.models import IncentiveTotal

HEIGHT = 100
AMOUNTS = ("base", "amount", "confirmed", "paid")


@dataclass(frozen=True)
class Bar:
    """One month; in a drawing that is HEIGHT high, `top` and `height` say where the bar stands."""

    month: date
    amount: Decimal
    confirmed: Decimal
    paid: Decimal
    height: int

    @property
    def top(self) -> int:
        """Where it begins, from above."""
        return HEIGHT - self.height

    @property
    def short(self) -> str:
        """Oct."""
        return formats.date_format(self.month, "M")

    @property
    def amounts(self) -> list[str]:
        """Amount, confirmed and paid; the currency stands above."""
        return [html.number_text(value, 2) for value in (self.amount, self.confirmed, self.paid)]

    @property
    def label(self) -> str:
        """October 2026."""
        return month_text(self.month)


@dataclass
class Chart:
    """The months of one currency, the oldest first."""

    currency: str
    bars: list[Bar] = field(default_factory=list)

    @property
    def newest_first(self) -> list[Bar]:
        """For the table under it: the months since something was earned."""
        first = next((number for number, bar in enumerate(self.bars) if bar.amount), 0)
        return self.bars[first:][::-1]


def charts(totals: QuerySet[IncentiveTotal], last: date) -> list[Chart]:
    """The twelve months that end with this one (one query); no chart where there is nothing to draw."""
    rows = totals.filter(month__gt=before(last, CHART_MONTHS), month__lte=last).order_by()
    found: dict[str, dict[date, dict[str, Any]]] = {}
    for row in rows.values("currency", "month").annotate(**{f"sum_{name}": Sum(name) for name in AMOUNTS}):
        found.setdefault(row["currency"], {})[row["month"]] = dict(row)
    months = [before(last, number) for number in reversed(range(CHART_MONTHS))]
    return [Chart(currency, list(_bars(months, found[currency]))) for currency in sorted(found)]


def _bars(months: list[date], rows: dict[date, dict[str, Any]]) -> Iterable[Bar]:
    highest = max(Decimal(0), *(row["sum_amount"] for row in rows.values()))
    for month in months:
        row = rows.get(month)
        amount, confirmed, paid = (
            Decimal(row[f"sum_{name}"]) if row else Decimal(0) for name in ("amount", "confirmed", "paid")
        )
        # What was taken back may exceed what was earned: the bar is empty then, and the table says how much.
        height = round(max(amount, Decimal(0)) / highest * HEIGHT) if highest else 0
        yield Bar(month, amount, confirmed, paid, max(height, 1) if amount > 0 else 0)
