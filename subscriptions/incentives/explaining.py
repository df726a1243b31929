"""Why an entry is what it is, in words and in the numbers that the ledger has kept."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_countries import countries

from accounts.access import Actor
from catalogue.models import Segment
from core import html
from core.html import date_text, money_text, number_text
from subscriptions.incentives.months import month_text
from subscriptions.incentives.seen import name_of
from subscriptions.incentives.tables import (
    customer_name,
    percent_text,
    reseller_and_mpn,
    state_words,
    subscription_link,
)
from subscriptions.models import IncentiveEntry, Subscription

STATUS_NAMES: dict[str, Any] = dict(Subscription.Status.choices)


@dataclass(frozen=True)
class Line:
    """Some days in a row that were alike, and what they add to the base."""

    days: str
    offer: str
    status: Any
    formula: str
    share: str


def explanation(entry: IncentiveEntry, actor: Actor) -> dict[str, Any]:
    """What the page shows."""
    kept = entry.calculation
    return {
        "entry": entry,
        "name": name_of(entry),
        "month": month_text(entry.month),
        "facts": facts_of(entry, actor),
        "lines": [line_of(run, kept, entry.currency) for run in kept.get("runs", ())],
        "base": money_text(entry.base, entry.currency),
        "rate": rate_words(kept["rate"]) if "rate" in kept else [],
        "percent": percent_text(entry.percent),
        "amount": money_text(entry.amount, entry.currency),
        "reason": kept.get("reason", ""),
        "taken_back": getattr(entry, "reversed_by", None),
        "takes_back": entry.reverses,
        "siblings": siblings_of(entry, actor),
    }


def facts_of(entry: IncentiveEntry, actor: Actor) -> list[tuple[str, Any]]:
    """Whose entry it is, and how far the money is."""
    return [
        (_("Subscription"), subscription_link(entry)),
        (_("Customer"), customer_name(entry)),
        (_("Subscription ID"), html.copy_text(entry.subscription.subscription_id, _("subscription ID"))),
        (_("Reseller (MPN ID)"), reseller_and_mpn(entry)),
        (_("Indirect provider"), html.name(entry.provider)),
        (_("Month"), month_text(entry.month)),
        (_("State"), state_words(entry)),
        (_("Accrued"), html.time_tag(entry.created_at)),
        (_("Confirmed"), html.time_tag(entry.confirmed_at) if entry.confirmed_at else ""),
        (_("Paid"), html.time_tag(entry.paid_at) if entry.paid_at else ""),
    ]


def line_of(run: dict[str, Any], kept: dict[str, Any], currency: str) -> Line:
    """USD 120.00 ÷ 12 months × 10 licenses × 31 of 31 days."""
    first, last = date.fromisoformat(run["from"]), date.fromisoformat(run["to"])
    term, licenses = run["term_months"], run["licenses"]
    months = ngettext("%(count)s month", "%(count)s months", term) % {"count": number_text(term)}
    seats = ngettext("%(count)s license", "%(count)s licenses", licenses) % {"count": number_text(licenses)}
    days = _("%(days)s of %(all)s days") % {"days": run["days"], "all": kept["days_of_month"]}
    return Line(
        days=date_text(first) if first == last else f"{date_text(first)} – {date_text(last)}",
        offer=run["offer"],
        status=STATUS_NAMES.get(run["status"], run["status"]),
        formula=f"{money_text(Decimal(run['unit_price']), currency)} ÷ {months} × {seats} × {days}",
        share=money_text(Decimal(run["base"]), currency),
    )


def rate_words(rate: dict[str, Any]) -> list[str]:
    """For what the rate holds, and since when."""
    kinds = {"offer": _("For the offer %(name)s"), "product": _("For the product %(name)s"), "all": _("For all offers")}
    words = [kinds[rate["kind"]] % {"name": rate["for"]}]
    words.append(str(Segment(rate["segment"]).label) if rate["segment"] else _("Every segment"))
    words.append(", ".join(countries.name(code) for code in rate["markets"]) or _("Every market"))
    begin = date_text(date.fromisoformat(rate["from"]))
    if rate["to"]:
        end = date_text(date.fromisoformat(rate["to"]))
        return [*words, _("From %(begin)s until %(end)s") % {"begin": begin, "end": end}]
    return [*words, _("Since %(begin)s") % {"begin": begin}]


def siblings_of(entry: IncentiveEntry, actor: Actor) -> list[IncentiveEntry]:
    """Other entries of the same subscription and month that the actor may see: shares of others, and corrections."""
    rows = IncentiveEntry.objects.visible_to(actor).filter(subscription=entry.subscription_id, month=entry.month)
    return list(rows.exclude(pk=entry.pk).select_related("reseller").defer("calculation").order_by("pk")[:20])
