"""Months as pages name and offer them."""

from datetime import date

from django.utils import formats

from accounts.access import Actor
from subscriptions.models import IncentiveMonth, IncentiveTotal

MOST_MONTHS = 60
CHART_MONTHS = 12


def month_text(month: date) -> str:
    """October 2026."""
    return formats.date_format(month, "YEAR_MONTH_FORMAT")


def month_key(month: date) -> str:
    """How a month stands in an address: 2026-10."""
    return f"{month:%Y-%m}"


def months_for(actor: Actor) -> list[date]:
    """The months that the actor can look at, the newest first; a reseller's are those in which it earned."""
    if actor.is_provider:
        months = IncentiveMonth.objects.filter(provider=actor.partner).order_by("-month")
        return list(months.values_list("month", flat=True)[:MOST_MONTHS])
    totals = IncentiveTotal.objects.visible_to(actor).order_by("-month")
    return list(totals.values_list("month", flat=True).distinct()[:MOST_MONTHS])


def before(month: date, number: int) -> date:
    """The first day of the month so many months earlier."""
    years, months = divmod(month.year * 12 + month.month - 1 - number, 12)
    return date(years, months + 1, 1)
