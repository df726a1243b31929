"""The list of a provider's relationship requests, and the badge of one."""

from typing import Any

import django_filters
import django_tables2 as tables
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import html
from core.filters import PortalFilterSet, SearchFilter
from core.tables import ActionsColumn, PortalTable, TimeColumn
from core.text import fold
from customers.models import RelationshipRequest, RelationshipRequestQuerySet
from resellers.tables import STACKED, two_lines

State = RelationshipRequest.State
KINDS: dict[str, str] = {
    State.DRAFT: "neutral",
    State.SENT: "info",
    State.ACCEPTED: "success",
    State.DECLINED: "warning",
    State.REVOKED: "neutral",
}
# How the list is narrowed: what people call it, and the rows.
STANDINGS: dict[str, tuple[Any, Any]] = {
    "open": (gettext_lazy("Awaiting the customer"), RelationshipRequestQuerySet.awaiting_answer),
    "accepted": (gettext_lazy("Accepted"), lambda rows: rows.filter(state=State.ACCEPTED)),
    "declined": (gettext_lazy("Declined"), lambda rows: rows.filter(state=State.DECLINED)),
    "revoked": (gettext_lazy("Revoked"), lambda rows: rows.filter(state=State.REVOKED, answered_at__isnull=False)),
    "expired": (gettext_lazy("Expired"), RelationshipRequestQuerySet.expired),
    "draft": (gettext_lazy("Drafts"), lambda rows: rows.filter(state=State.DRAFT)),
}


def state_badge(request: RelationshipRequest, *, own: bool = False) -> SafeString:
    """The state as it is now: a request expires by itself. `own` says that the customer itself reads it."""
    if request.is_expired:
        return html.status_badge("neutral", _("Expired"))
    if request.state == State.SENT:
        return html.status_badge("info", _("Awaiting your answer") if own else _("Awaiting the customer"))
    return html.status_badge(KINDS[request.state], request.get_state_display())


def with_badges(requests: list[Any], *, own: bool = False) -> list[Any]:
    """Each with its badge, for a template."""
    for request in requests:
        request.badge = state_badge(request, own=own)
    return requests


class WordsFilter(SearchFilter):
    """Each word in the customer's names or the reseller's."""

    def filter(self, qs: QuerySet, value: Any) -> QuerySet:
        """Narrow by each of the first six words."""
        for word in fold(str(value or "")).split()[:6]:
            qs = qs.filter(customer__search_text__contains=word) | qs.filter(reseller__search_text__contains=word)
        return qs


class RelationshipRequestFilter(PortalFilterSet):
    """By customer or reseller, and by where it stands."""

    q = WordsFilter(label=gettext_lazy("Search by customer or reseller"))
    state = django_filters.ChoiceFilter(
        label=gettext_lazy("State"),
        empty_label=gettext_lazy("All"),
        choices=[(name, label) for name, (label, _rows) in STANDINGS.items()],
        method="filter_state",
    )

    class Meta:
        model = RelationshipRequest
        fields: list[str] = []

    def filter_state(self, queryset: RelationshipRequestQuerySet, name: str, value: str) -> RelationshipRequestQuerySet:
        """Those that stand there now."""
        narrowed: RelationshipRequestQuerySet = STANDINGS[value][1](queryset)
        return narrowed


class RelationshipRequestTable(PortalTable):
    """What customers were asked."""

    title = gettext_lazy("Relationship requests")
    row_key = "public_id"

    customer = tables.Column(gettext_lazy("Customer"), accessor="customer", orderable=False)
    reseller = tables.Column(gettext_lazy("Indirect reseller"), accessor="reseller", orderable=False)
    sent = tables.Column(gettext_lazy("Sent, and by whom"), accessor="sent_at", empty_values=())
    expires = TimeColumn(gettext_lazy("Valid until"), accessor="expires_at", orderable=False)
    state = tables.Column(gettext_lazy("State"), accessor="state", orderable=False)
    actions = ActionsColumn(verbose_name=gettext_lazy("Actions"), accessor="pk", attrs=STACKED)

    def row_name(self, record: RelationshipRequest) -> str:
        """The customer's name."""
        return str(record.customer)

    def row_actions(self, record: RelationshipRequest) -> list[tuple[Any, str]]:
        """What may be done with it."""
        if record.state == State.DRAFT:
            return [(_("Continue"), record.get_absolute_url())]
        if not record.is_answerable:
            return [(_("View"), record.get_absolute_url())]
        revoke_url = reverse("customers:revoke_relationship_request", args=[record.public_id])
        return [(_("Copy again"), f"{record.get_absolute_url()}#link"), (_("Revoke"), revoke_url)]

    def render_customer(self, record: RelationshipRequest) -> SafeString:
        """The customer, as a link to the request."""
        return format_html('<a href="{}"><bdi>{}</bdi></a>', record.get_absolute_url(), record.customer)

    def render_reseller(self, record: RelationshipRequest) -> SafeString:
        """For whom it asks, and with which access."""
        return two_lines(html.name(record.reseller), record.get_scope_display())

    def render_sent(self, record: RelationshipRequest) -> SafeString:
        """The day, and who asked."""
        return two_lines(html.time_tag(record.sent_at, "date"), html.name(record.created_by))

    def render_state(self, record: RelationshipRequest) -> SafeString:
        """As it is now."""
        return state_badge(record)
