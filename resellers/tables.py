"""Tables of partnerships and of requests."""

import re
from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.models import Partner
from core import html
from core.tables import ActionsColumn, PortalTable, TimeColumn
from resellers.models import PartnershipRequest

State = PartnershipRequest.State

ENROLMENT_KINDS = {
    Partner.EnrolmentState.ACTIVE: "success",
    Partner.EnrolmentState.PENDING: "warning",
    Partner.EnrolmentState.REJECTED: "danger",
    Partner.EnrolmentState.SUSPENDED: "danger",
}
REQUEST_KINDS = {
    State.SENT: "info",
    State.ACCEPTED: "success",
    State.DECLINED: "warning",
    State.DRAFT: "neutral",
}


def customers_link(name: str, company: Partner) -> str:
    """The customers shared with this company."""
    return f"{reverse('customers:list')}?{name}={company.microsoft_id}"


class RequestTable(PortalTable):
    """The provider's requests."""

    title = gettext_lazy("Requested partnerships")
    row_key = "public_id"

    recipient = tables.Column(pgettext_lazy("recipient", "To"), accessor="recipient", empty_values=())
    sent_by = tables.Column(gettext_lazy("Sent by"), accessor="sent_by__full_name")
    sent_at = TimeColumn(verbose_name=gettext_lazy("Sent"), accessor="sent_at")
    expires_at = TimeColumn(verbose_name=gettext_lazy("Valid until"), accessor="expires_at")
    delivery = tables.Column(gettext_lazy("Delivery"), accessor="delivery")
    state = tables.Column(gettext_lazy("State"), accessor="state")
    actions = ActionsColumn(verbose_name=gettext_lazy("Actions"), accessor="pk")

    def row_name(self, record: PartnershipRequest) -> str:
        """The address."""
        return str(record)

    def row_actions(self, record: PartnershipRequest) -> list[tuple[Any, str]]:
        """What the state allows."""
        page = record.get_absolute_url()
        if record.state == State.DRAFT:
            return [(_("Continue"), page)]
        if record.is_answerable:
            revoke = reverse("resellers:revoke_request", args=[record.public_id])
            return [(_("Copy link"), f"{page}#link"), (_("Revoke"), revoke)]
        return [(_("View"), page)]

    def render_recipient(self, record: PartnershipRequest) -> SafeString:
        """The address as a link to the request."""
        # An address is one long word: it may be broken after @ and dots, and inside a part that is very long.
        parts = re.findall(r"[^@.]{1,24}[@.]?|[@.]", str(record))
        breakable = format_html_join(SafeString("<wbr>"), "{}", ((part,) for part in parts))
        return format_html('<a href="{}"><bdi>{}</bdi></a>', record.get_absolute_url(), breakable)

    def render_sent_by(self, value: str) -> SafeString:
        """A name somebody typed."""
        return html.name(value)

    def render_state(self, record: PartnershipRequest) -> SafeString:
        """The state as it is now: a request expires by itself."""
        state = State.EXPIRED if record.is_expired else State(record.state)
        return html.status_badge(REQUEST_KINDS.get(state, "neutral"), state.label)
