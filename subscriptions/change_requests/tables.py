"""The list of requests, for the provider that decides and for the reseller that asks."""

from datetime import timedelta
from typing import Any

import django_filters
import django_tables2 as tables
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.access import Actor
from core import clock, html
from core.filters import PortalFilterSet, SearchFilter
from core.tables import PortalTable, TimeColumn
from core.text import fold
from subscriptions.change_requests.matters import matter_of, may_decide
from subscriptions.models import ChangeRequest, ChangeRequestQuerySet

State = ChangeRequest.State
KINDS: dict[str, str] = {
    State.DRAFT: "neutral",
    State.SUBMITTED: "info",
    State.QUESTION: "warning",
    State.APPROVED: "success",
    State.REJECTED: "danger",
    State.WITHDRAWN: "neutral",
    State.CLOSED: "neutral",
}
OPEN, DECIDED = "open", "decided"
LATELY = timedelta(days=7)


def lately_decided(rows: ChangeRequestQuerySet) -> ChangeRequestQuerySet:
    """Approved or rejected within the last days."""
    return rows.filter(state__in=[State.APPROVED, State.REJECTED], decided_at__gt=clock.now() - LATELY)


def state_badge(request: ChangeRequest, reader: Actor) -> SafeString:
    """The state in the words of the side that reads it; what is open and no longer possible is shown as that."""
    if request.is_open and not getattr(request, "is_possible", True):
        return html.status_badge("neutral", str(State.CLOSED.label))
    if request.state == State.SUBMITTED and reader.is_provider:
        if may_decide(request, reader):
            return html.status_badge("warning", _("Awaiting your decision"))
        return html.status_badge("info", _("Awaiting a decision"))
    if request.state == State.QUESTION and reader.is_reseller:
        return html.status_badge("warning", _("Awaiting your answer"))
    return html.status_badge(KINDS[request.state], request.get_state_display())


class WordsFilter(SearchFilter):
    """Each word in the names of the customer, the subscription or the reseller."""

    def filter(self, qs: QuerySet, value: Any) -> QuerySet:
        """Narrow by each of the first six words."""
        for word in fold(str(value or "")).split()[:6]:
            found = qs.filter(customer__search_text__contains=word)
            found |= qs.filter(subscription__search_text__contains=word)
            qs = found | qs.filter(reseller__search_text__contains=word)
        return qs


class ChangeRequestFilter(PortalFilterSet):
    """By words, and by who has to do something; without a choice everything is listed."""

    q = WordsFilter(label=gettext_lazy("Search by customer, subscription or reseller"))
    state = django_filters.ChoiceFilter(
        label=gettext_lazy("State"),
        empty_label=gettext_lazy("All"),
        choices=[
            (OPEN, pgettext_lazy("several requests", "Open")),
            (DECIDED, gettext_lazy("Decided in the last 7 days")),
            *State.choices,
        ],
        method="filter_state",
    )

    class Meta:
        model = ChangeRequest
        fields: list[str] = []

    def filter_state(self, queryset: Any, name: str, value: str) -> QuerySet:
        """Those that stand there now; open is only what can still be done."""
        if value == OPEN:
            return queryset.undecided().possible()
        if value == DECIDED:
            return lately_decided(queryset)
        rows = queryset.filter(state=value)
        return rows.possible() if value in (State.SUBMITTED, State.QUESTION) else rows


class ChangeRequestTable(PortalTable):
    """Requests, each with what it wants and where it stands."""

    title = gettext_lazy("Requests")
    row_key = "public_id"

    what = tables.Column(gettext_lazy("What is asked"), accessor="kind", orderable=False)
    about = tables.Column(gettext_lazy("About"), accessor="customer", orderable=False)
    company = tables.Column(gettext_lazy("Company"), accessor="reseller", orderable=False)
    changed = TimeColumn(pgettext_lazy("when", "Changed"), accessor="changed_at", style="relative")
    state = tables.Column(gettext_lazy("State"), accessor="state", orderable=False)

    def row_name(self, record: ChangeRequest) -> str:
        """What it is about."""
        return str(record)

    def render_what(self, record: ChangeRequest) -> SafeString:
        """The kind as a link to the request, below it old → new where that is short."""
        link = format_html('<a href="{}">{}</a>', record.get_absolute_url(), record.get_kind_display())
        return under(link, matter_of(record).short(record))

    def render_about(self, record: ChangeRequest) -> SafeString:
        """The subscription, and whose it is; or the customer alone."""
        if record.subscription is None:
            return html.name(record.customer)
        return under(html.name(record.subscription.nickname), record.customer)

    def render_company(self, record: ChangeRequest) -> SafeString:
        """The other side."""
        return html.name(record.reseller if self.reader.is_provider else record.provider)

    def render_state(self, record: ChangeRequest) -> SafeString:
        """As it is now, for who reads."""
        return state_badge(record, self.reader)

    @property
    def reader(self) -> Actor:
        """Who reads the list."""
        assert self.listing is not None
        actor: Actor = self.listing.request.actor  # type: ignore[attr-defined]
        return actor


def under(first: Any, second: Any) -> SafeString:
    """Two lines, the second one muted; one where there is no second."""
    if not second:
        return format_html("{}", first)
    return format_html('{}<br><span class="muted fw-normal">{}</span>', first, html.name(second))


def list_url(state: str = "") -> str:
    """The list, narrowed to a state."""
    address = reverse("subscriptions:change_requests")
    return f"{address}?state={state}" if state else address
