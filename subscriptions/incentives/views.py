"""The Incentives pages: a month by company, its entries, and why an entry is what it is."""

from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet, Sum
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView

from accounts.access import Actor, can
from accounts.permitted import PermittedView
from accounts.roles import Permission
from core.lists import PLACE, ListPage, Selection
from core.paging import Sort
from subscriptions.incentives.chart import AMOUNTS, charts
from subscriptions.incentives.explaining import explanation
from subscriptions.incentives.filters import EntryFilter, IncentiveFilter, TotalFilter
from subscriptions.incentives.months import month_text
from subscriptions.incentives.seen import mark_seen
from subscriptions.incentives.tables import (
    ProviderEntryTable,
    ProviderTotalTable,
    ResellerEntryTable,
    ResellerTotalTable,
)
from subscriptions.models import IncentiveEntry, IncentiveEntryQuerySet, IncentiveTotal

# What all pages of the section are narrowed by; one that does not know the month hands it on.
KEPT = ("month", "reseller", "provider")
NOTHING_YET = gettext_lazy("Early in each month the portal writes what was earned in the month before.")


def incentive_tabs(request: HttpRequest) -> list[dict[str, Any]]:
    """The pages of this section that the actor may open; the month and the company stay chosen."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    pages = [
        (_("By reseller") if actor.is_provider else _("By provider"), reverse("incentives:list")),
        (_("Entries"), reverse("incentives:entries")),
    ]
    if can(actor, Permission.VIEW_ATTRIBUTION):
        pages.append((_("Attribution"), reverse("incentives:attribution")))
    kept = urlencode([(name, value) for name in KEPT for value in request.GET.getlist(name)])
    query = f"?{kept}" if kept else ""
    return [
        {"label": label, "url": f"{url}{query}", "current": url == request.path, "count": None} for label, url in pages
    ]


class IncentiveList(PermittedView, ListPage):
    """A list of one month."""

    permission = Permission.VIEW_INCENTIVES
    title = gettext_lazy("Incentives")
    selection: Selection
    empty_title = gettext_lazy("Nothing was earned yet")
    empty_text = NOTHING_YET
    empty_icon = "cash-coin"

    def select(self) -> Selection:
        """Remember it, for the sums go by the same filters."""
        self.selection = super().select()
        return self.selection

    def get_tabs(self) -> list[dict[str, Any]]:
        """The pages of the section."""
        return incentive_tabs(self.request)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The month in words, and where the export finds the same rows."""
        query = self.request.GET.copy()
        for name in PLACE:
            query.pop(name, None)
        context = super().get_context_data(**kwargs)
        filterset = self.selection.filterset
        assert isinstance(filterset, IncentiveFilter)
        month = filterset.month_shown
        return {**context, "month": month_text(month) if month else "", "export_query": query.urlencode()}


class MonthView(IncentiveList):
    """What each reseller earned in a month, or what one earned with each provider; twelve months as a chart."""

    template_name = "incentives/month.html"
    filterset_class = TotalFilter
    default_sort = "-amount"

    @property
    def sorts(self) -> dict[str, Any]:  # type: ignore[override]
        """By name, or by what was earned."""
        company = "reseller" if self.actor.is_provider else "provider"
        return {company: f"{company}__search_text", "amount": Sort("amount", descending_first=True)}

    @property
    def table_class(self) -> type:  # type: ignore[override]
        """Each side sees who is on the other side."""
        return ResellerTotalTable if self.actor.is_provider else ProviderTotalTable

    def get_queryset(self) -> QuerySet[IncentiveTotal]:
        """The sums of the actor's own."""
        return IncentiveTotal.objects.visible_to(self.actor).select_related("reseller", "provider")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The sums of each currency, and the chart."""
        context = super().get_context_data(**kwargs)
        filterset = self.selection.filterset
        assert isinstance(filterset, IncentiveFilter)
        if filterset.month_shown is None or not self.selection.is_valid:
            return {**context, "sums": [], "charts": []}
        rows = filterset.qs.order_by().values("currency")
        sums = list(rows.annotate(**{f"sum_{name}": Sum(name) for name in AMOUNTS}).order_by("currency"))
        everything = self.get_queryset().select_related(None)
        return {**context, "sums": sums, "charts": charts(filterset.of_company(everything), filterset.month_shown)}


class EntriesView(IncentiveList):
    """The entries of a month, the newest first."""

    template_name = "incentives/entries.html"
    filterset_class = EntryFilter
    default_sort = "-pk"

    @property
    def table_class(self) -> type:  # type: ignore[override]
        """Each side sees who is on the other side."""
        return ResellerEntryTable if self.actor.is_provider else ProviderEntryTable

    def get_queryset(self) -> QuerySet[IncentiveEntry]:
        """The actor's own."""
        return entries_of(self.actor)

    def prepare(self, rows: list[Any]) -> None:
        """Which customers the actor may open."""
        mark_seen(rows, self.actor)


class EntryView(PermittedView, TemplateView):
    """Why this amount? The steps from the price to the amount, and what corrected it."""

    permission = Permission.VIEW_INCENTIVES
    template_name = "incentives/entry.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        entry = get_object_or_404(entries_of(self.actor).defer(None), public_id=kwargs["public_id"])
        mark_seen([entry], self.actor)
        return super().get_context_data(**explanation(entry, self.actor), **kwargs)


def entries_of(actor: Actor) -> IncentiveEntryQuerySet:
    """The actor's entries with what a row shows."""
    related = ("subscription__customer", "reseller", "provider", "reversed_by", "reverses")
    return IncentiveEntry.objects.visible_to(actor).select_related(*related).defer("calculation")
