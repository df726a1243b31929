"""Filters of the lists of this section."""

from collections.abc import Callable
from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _

from core.filters import PortalFilterSet, SearchFilter
from resellers import standing
from resellers.models import PartnershipRequest
from resellers.standing import Requests

State = PartnershipRequest.State

ALL = "all"
ATTENTION: dict[str, tuple[Any, Callable[[Requests], Requests]]] = {
    "failed": (_("Could not be sent"), standing.with_failed_mail),
    "new_link": (_("New link wanted"), standing.wanting_new_link),
    "confirm": (_("Acceptance to confirm"), standing.to_confirm),
    "expiring": (_("Expires within 7 days"), standing.expiring_soon),
}


def in_state(rows: Requests, state: str) -> Requests:
    """Those in a state as people see it: a request whose time ran out is expired, noticed already or not."""
    if state == State.SENT:
        return standing.unanswered(rows)
    if state == State.EXPIRED:
        return rows.filter(state=State.EXPIRED) | standing.overdue(rows)
    return rows if state == ALL else rows.filter(state=state)


class RequestFilter(PortalFilterSet):
    """By address, by state, and by what somebody should look at."""

    q = SearchFilter("recipient_key")
    state = django_filters.ChoiceFilter(
        label=_("State"),
        empty_label=_("All but replaced"),
        choices=[(ALL, _("All states")), *State.choices],
        method="filter_state",
    )
    attention = django_filters.ChoiceFilter(
        label=_("Needs attention"),
        empty_label=_("All"),
        choices=[(key, label) for key, (label, _rows) in ATTENTION.items()],
        method="filter_attention",
    )

    class Meta:
        model = PartnershipRequest
        fields: list[str] = []

    def filter_queryset(self, queryset: Any) -> Any:
        """Leave out what a newer request has replaced, unless a state is asked for."""
        rows = super().filter_queryset(queryset)
        return rows if self.form.cleaned_data.get("state") else rows.exclude(state=State.SUPERSEDED)

    def filter_state(self, queryset: Requests, name: str, value: str) -> Requests:
        """The rows in this state."""
        return in_state(queryset, value)

    def filter_attention(self, queryset: Requests, name: str, value: str) -> Requests:
        """The rows of this kind of trouble."""
        return ATTENTION[value][1](queryset)
