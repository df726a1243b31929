"""*Renewals*: the calendar of decisions by month, and those of the next thirty days."""

from typing import Any

from django.db.models import QuerySet
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import can
from accounts.permitted import PermittedView
from accounts.roles import Permission
from core import html
from core.lists import PLACE, ListPage, Selection
from core.paging import KeysetPage
from subscriptions.decisions.coming import by_deadline, coming, soon
from subscriptions.decisions.filters import DecisionFilter
from subscriptions.decisions.months import (
    MOST_MONTHS,
    Month,
    decision_period,
    month_of,
    month_of_decision,
    present_month,
)
from subscriptions.decisions.outlook import outlooks, totals
from subscriptions.decisions.tables import DecisionTable
from subscriptions.full_list.rows import add_resellers
from subscriptions.models import Subscription

SOON = "30-days"
# Adding up more would keep the reader waiting; a search narrows the month.
MOST_ADDED_UP = 500


class RenewalsView(PermittedView, ListPage):
    """Which subscriptions come to a decision, and what happens if nobody acts."""

    # Partners have it in every role; the customer's own administrator sees the ends of its terms in its list.
    permission = Permission.VIEW_CUSTOMERS
    template_name = "subscriptions/renewals.html"
    table_class = DecisionTable
    filterset_class = DecisionFilter
    title = gettext_lazy("Renewals")
    sorts = {"day": "next_step_at", "name": "nickname", "customer": "customer__search_text", "quantity": "quantity"}
    default_sort = "day"
    empty_icon = "calendar3"
    empty_title = gettext_lazy("Nothing to decide")
    empty_text = gettext_lazy("No subscription comes to a decision in this time.")

    def get_queryset(self) -> QuerySet:
        """Those of the month, or of the next thirty days."""
        seen = Subscription.objects.visible_to(self.actor)
        if self.is_soon:
            return by_deadline(soon(seen))
        begin, end = decision_period(self.month)
        return by_deadline(coming(seen, end).filter(next_step_at__gt=begin))

    def select(self) -> Selection:
        """What the address asks for, made once: the list and what is added up are the same rows."""
        return self.selection

    @cached_property
    def selection(self) -> Selection:
        """See select()."""
        return super().select()

    @property
    def is_soon(self) -> bool:
        """Whether the next thirty days are asked for instead of a month."""
        return self.request.GET.get("month") == SOON

    @property
    def month(self) -> Month:
        """The month that is shown."""
        return month_of(self.request.GET.get("month", ""))

    def prepare(self, rows: list[Any]) -> None:
        """What happens with each; for a provider's staff, who earns with it."""
        if self.actor.is_provider:
            add_resellers(rows, self.actor)
        found = outlooks(rows)
        for row in rows:
            row.outlook = found[row.pk]

    def kept_parameters(self) -> tuple[str, ...]:
        return (*super().kept_parameters(), "month")

    def get_tabs(self) -> list[dict[str, Any]]:
        """By month, or what is near; of what is searched for."""
        return [
            {"label": _("By month"), "url": self.address(None), "current": not self.is_soon, "count": None},
            {"label": _("Next 30 days"), "url": self.address(SOON), "current": self.is_soon, "count": None},
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        month = self.month
        links = {"month_words": month.words, "previous": None, "following": None}
        if month > present_month():
            links["previous"] = self.month_link(month.later(-1))
        if month < present_month().later(MOST_MONTHS):
            links["following"] = self.month_link(month.later(1))
        count = context["listing"].page.count
        if not (count or self.is_soon or context["empty"]["filtered"]):
            context["empty"]["action"] = self.next_decision(month)
        return {**context, **links, "is_soon": self.is_soon, "added_up": self.added_up(count)}

    def next_decision(self, month: Month) -> tuple[str, str] | None:
        """The month in which something is to be decided next, and its address."""
        _begin, end = decision_period(month)
        _begin, last = decision_period(present_month().later(MOST_MONTHS))
        later = coming(Subscription.objects.visible_to(self.actor), last).filter(next_step_at__gt=end)
        moment = later.order_by("next_step_at").values_list("next_step_at", flat=True).first()
        if moment is None:
            return None
        words, url = self.month_link(month_of_decision(moment))
        return _("Next decision: %(month)s") % {"month": words}, url

    def month_link(self, month: Month) -> tuple[str, str]:
        """Its name and address, with the same search."""
        return month.words, self.address(str(month))

    def address(self, time: str | None) -> str:
        """This page's of another time, with the same search, filter and order."""
        return self.get_listing(KeysetPage.of([])).url(drop=PLACE, month=time)

    def added_up(self, count: int) -> list[tuple[str, Any]] | None:
        """How many go on and end, and what that costs; None where they are too many to add up."""
        if count > MOST_ADDED_UP:
            return None
        found = totals(outlooks(self.select().paginator.queryset).values()) if count else totals([])
        facts: list[tuple[str, Any]] = [
            (_("Renew or go on"), html.number_text(found.kinds["goes_on"])),
            (_("Come to an end"), html.number_text(found.kinds["ends"])),
        ]
        if can(self.actor, Permission.VIEW_PRICES):
            facts += [
                (_("Next terms in %(currency)s") % {"currency": currency}, html.money_text(cost, currency))
                for currency, cost in found.costs.items()
            ]
        return facts
