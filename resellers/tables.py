"""Tables of partnerships and of requests."""

import re
from typing import Any

import django_tables2 as tables
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.models import Partner
from core import html
from core.tables import ActionsColumn, PortalTable, StatusColumn, TimeColumn
from resellers.models import Partnership, PartnershipRequest

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


class ResellerTable(PortalTable):
    """The provider's active partnerships."""

    title = gettext_lazy("Indirect resellers")
    row_key = "public_id"

    reseller = tables.Column(gettext_lazy("Indirect reseller"), accessor="reseller__legal_name")
    mpn_id = tables.Column(gettext_lazy("MPN ID"), accessor="reseller__mpn_id")
    location = tables.Column(gettext_lazy("Location"), accessor="reseller__country")
    since = TimeColumn(verbose_name=gettext_lazy("Since"), accessor="began_at")
    status = StatusColumn(
        verbose_name=gettext_lazy("Status"), accessor="reseller__enrolment_state", kinds=ENROLMENT_KINDS
    )
    actions = ActionsColumn(verbose_name=gettext_lazy("Actions"), accessor="pk")

    def __init__(self, *args: Any, may_view_customers: bool, may_add_customers: bool, **kwargs: Any) -> None:
        self.may_view_customers = may_view_customers
        self.may_add_customers = may_add_customers
        super().__init__(*args, **kwargs)

    def row_name(self, record: Partnership) -> str:
        """The reseller's name."""
        return record.reseller.legal_name

    def render_reseller(self, value: str) -> SafeString:
        """A name somebody typed."""
        return html.name(value)

    def render_mpn_id(self, value: str) -> SafeString:
        """The number with a Copy button."""
        return html.copy_text(value, _("MPN ID"))

    def render_location(self, record: Partnership) -> str:
        """The country by name."""
        return str(record.reseller.country.name)

    def render_actions(self, record: Partnership) -> SafeString:
        """View customers, and Add new customer: a button, for it begins a draft."""
        parts = []
        hidden = format_html('<span class="visually-hidden"> {}</span>', record.reseller.legal_name)
        if self.may_view_customers:
            url = customers_link("reseller", record.reseller)
            parts.append(format_html('<a href="{}">{}{}</a>', url, _("View customers"), hidden))
        if self.may_add_customers and record.reseller.is_enrolled:
            parts.append(
                format_html(
                    '<form method="post" action="{}" data-busy-guard>'
                    '<input type="hidden" name="csrfmiddlewaretoken" value="{}">'
                    '<input type="hidden" name="reseller" value="{}">'
                    '<button type="submit" class="btn btn-link">{}{}</button></form>',
                    reverse("orders:start"),
                    get_token(self.listing.request),
                    record.reseller.microsoft_id,
                    _("Add new customer"),
                    hidden,
                )
            )
        return format_html_join(" ", "{}", ((part,) for part in parts))


class ProviderTable(PortalTable):
    """The reseller's active partnerships."""

    title = gettext_lazy("Indirect providers")
    row_key = "public_id"

    provider = tables.Column(gettext_lazy("Indirect provider"), accessor="provider__legal_name")
    location = tables.Column(gettext_lazy("Location"), accessor="provider__country")
    since = TimeColumn(verbose_name=gettext_lazy("Since"), accessor="began_at")
    granted = tables.Column(pgettext_lazy("column", "What was granted"), accessor="pk")
    actions = ActionsColumn(verbose_name=gettext_lazy("Actions"), accessor="pk")

    def row_name(self, record: Partnership) -> str:
        """The provider's name."""
        return record.provider.legal_name

    def row_actions(self, record: Partnership) -> list[tuple[Any, str]]:
        """The customers shared with the provider."""
        return [(_("View customers"), customers_link("provider", record.provider))]

    def render_provider(self, value: str) -> SafeString:
        """A name somebody typed."""
        return html.name(value)

    def render_location(self, record: Partnership) -> str:
        """The country by name."""
        return str(record.provider.country.name)

    def render_granted(self) -> str:
        """What every partnership grants: there is one kind."""
        return _(
            "Add customers and submit orders on your behalf, associate you with subscriptions, "
            "designate you as support contact"
        )


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
