"""Tables of partnerships and of requests."""

from datetime import timedelta
from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from accounts.models import Partner
from core import clock, html
from core.tables import ActionsColumn, PortalTable
from resellers.delivery import delivery_words, mail_failed
from resellers.models import PartnershipRequest
from resellers.request_actions import request_actions

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
}
STACKED = {"th": {"class": "row-actions"}, "td": {"class": "row-actions stacked"}}


def customers_link(name: str, company: Partner) -> str:
    """The customers shared with this company."""
    return f"{reverse('customers:list')}?{name}={company.microsoft_id}"


def state_badge(request: Any) -> SafeString:
    """The state as it is now: a request expires by itself, unless a company has accepted it and waits."""
    state = State(request.state)
    if request.is_expired and request.waiting is None:
        state = State.EXPIRED
    words = _("Replaced") if state == State.SUPERSEDED else state.label
    return html.status_badge(REQUEST_KINDS.get(state, "neutral"), words)


def time_left(left: timedelta) -> str:
    """In how many days, or on the last day hours, the time is over."""
    if left < timedelta(days=1):
        hours = max(1, left // timedelta(hours=1))
        return ngettext("in %(hours)d hour", "in %(hours)d hours", hours) % {"hours": hours}
    return ngettext("in %(days)d day", "in %(days)d days", left.days) % {"days": left.days}


def acceptance_words(request: Any) -> str:
    """Who has accepted, and what that waits for; "" when nothing waits."""
    acceptance = request.waiting
    if acceptance is None:
        return ""
    names = {"company": acceptance.reseller.legal_name, "person": acceptance.accepted_by.full_name}
    if acceptance.awaits_confirmation:
        return _("%(company)s’s %(person)s accepted from another domain: confirm") % names
    return _("%(company)s accepted and waits for its enrolment") % names


class RequestTable(PortalTable):
    """The provider's requests."""

    title = gettext_lazy("Requested partnerships")
    row_key = "public_id"

    recipient = tables.Column(pgettext_lazy("recipient", "To"), accessor="recipient", empty_values=())
    sent_at = tables.Column(gettext_lazy("Sent, and by whom"), accessor="sent_at")
    expires_at = tables.Column(gettext_lazy("Valid until"), accessor="expires_at")
    delivery = tables.Column(gettext_lazy("Delivery"), accessor="channel", empty_values=())
    state = tables.Column(gettext_lazy("State"), accessor="state")
    actions = ActionsColumn(verbose_name=gettext_lazy("Actions"), accessor="pk", attrs=STACKED)

    def row_name(self, record: PartnershipRequest) -> str:
        """The address."""
        return str(record)

    def row_actions(self, record: PartnershipRequest) -> list[tuple[Any, str]]:
        """What may be done with it, or a look at it."""
        actions = [(action.label, action.url) for action in request_actions(record)]
        return actions or [(_("View"), record.get_absolute_url())]

    def render_recipient(self, record: PartnershipRequest) -> SafeString:
        """The address as a link to the request."""
        return format_html('<a href="{}"><bdi>{}</bdi></a>', record.get_absolute_url(), html.breakable(str(record)))

    def render_sent_at(self, record: PartnershipRequest) -> SafeString:
        """The day, and who sent it."""
        return two_lines(html.time_tag(record.sent_at, "date"), html.name(record.sent_by))

    def render_expires_at(self, record: Any) -> SafeString:
        """The day, and how long that is from now while it matters."""
        day = html.time_tag(record.expires_at, "date")
        if record.state != State.SENT or record.waiting is not None or record.expires_at <= clock.now():
            return day
        return two_lines(day, time_left(record.expires_at - clock.now()))

    def render_delivery(self, record: Any) -> SafeString:
        """How far the mail came, and whether a person has been seen."""
        words: Any = delivery_words(record)
        if not words:
            return html.missing()
        if mail_failed(record):
            words = html.status_badge("danger", words)
        if record.opened_at is None:
            return format_html("{}", words)
        return two_lines(words, format_html(_("Opened by a person on {}"), html.time_tag(record.opened_at, "date")))

    def render_state(self, record: Any) -> SafeString:
        """The state, and what somebody should know about it."""
        words = acceptance_words(record)
        if not words and record.new_link_wanted_at and record.state in (State.SENT, State.DECLINED, State.EXPIRED):
            words = _("New link wanted")
        return two_lines(state_badge(record), words) if words else state_badge(record)


def two_lines(first: Any, second: Any) -> SafeString:
    """A cell with a quieter second line."""
    return format_html('<div>{}<br><span class="muted">{}</span></div>', first, second)
