"""What a reseller earned with us, month by month."""

from typing import Any

import django_tables2 as tables
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from accounts.access import can
from accounts.roles import Permission
from core.paging import Sort
from subscriptions.incentives.months import month_text
from subscriptions.incentives.tables import TotalTable
from subscriptions.models import IncentiveTotal
from subscriptions.reseller_pages.pages import ResellerListPage


class MonthTable(TotalTable):
    """The sums of one reseller; the month names the row and leads to its entries."""

    month = tables.Column(gettext_lazy("Month"), accessor="month")

    class Meta:
        sequence = ("month", "...")

    def row_name(self, record: IncentiveTotal) -> str:
        """October 2026."""
        return month_text(record.month)

    def render_month(self, record: IncentiveTotal) -> SafeString:
        """The month as a link to the entries."""
        return self.company(record, month_text(record.month), reseller=record.reseller.microsoft_id)


class IncentivesView(ResellerListPage):
    """A row for each month and currency, also of a partnership that is over."""

    table_class = MonthTable
    title = gettext_lazy("Incentives")
    sorts = {"month": Sort("month", descending_first=True), "amount": Sort("amount", descending_first=True)}
    default_sort = "-month"
    empty_title = gettext_lazy("Nothing was earned yet")
    empty_text = gettext_lazy("What this reseller earns as reseller of record appears here early in the next month.")
    empty_icon = "cash-coin"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Beside what all pages of a reseller take, whoever reads amounts needs to be allowed to."""
        if not can(self.actor, Permission.VIEW_INCENTIVES):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[IncentiveTotal]:
        """The sums of this reseller with us."""
        totals = IncentiveTotal.objects.visible_to(self.actor).filter(reseller=self.reseller)
        return totals.select_related("reseller")
