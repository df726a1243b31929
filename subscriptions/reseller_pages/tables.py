"""The tables of the Indirect resellers lists."""

from collections.abc import Callable
from typing import Any

import django_tables2 as tables
from django.urls import NoReverseMatch, reverse
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_countries import countries

from accounts.access import Actor, can
from accounts.roles import Permission
from core import html
from core.routes import address
from core.tables import ActionsColumn, NumberColumn, PortalTable, TimeColumn, display
from resellers.models import Partnership
from resellers.tables import ENROLMENT_KINDS
from subscriptions.reseller_pages.opened import OpenedResellers

ASKED = (
    Permission.VIEW_CUSTOMERS,
    Permission.ADD_CUSTOMER,
    Permission.END_PARTNERSHIP,
    Permission.REQUEST_PARTNERSHIP,
)
STACKED = {"td": {"class": "row-actions stacked"}, "th": {"class": "row-actions"}}
NARROW = {"td": {"class": "hide-md"}, "th": {"class": "hide-md"}}


class PartnershipTable(PortalTable):
    """The provider's partnerships, each under its reseller's name."""

    row_key = "public_id"

    reseller = tables.Column(
        gettext_lazy("Indirect reseller"),
        accessor="reseller__legal_name",
        linkify=lambda record: record.get_absolute_url(),
    )
    mpn_id = tables.Column(gettext_lazy("MPN ID"), accessor="reseller__mpn_id")

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        self.actor = actor
        # Asked once and not for each cell.
        self.may = {permission: can(actor, permission) for permission in ASKED}
        self.customers_url = reverse("customers:list")
        self.copy_number = html.copy_writer(_("MPN ID"))
        self.add_words, self.view_words, self.end_words = (
            _("Add new customer"),
            _("View customers"),
            _("End partnership"),
        )
        self.customers_words = _("customers of %(reseller)s")
        self.country_names: dict[str, str] = {}
        super().__init__(*args, **kwargs)

    def row_name(self, record: Partnership) -> str:
        """The reseller's name."""
        return record.reseller.legal_name

    def render_mpn_id(self, value: str) -> SafeString:
        """The number with a Copy button."""
        return self.copy_number(value)

    def button(self, form: str, label: str, record: Partnership, value: Any = "") -> SafeString:
        """A button of the form that stands once above the list: one token instead of one a row."""
        hidden = f'<span class="visually-hidden"> {escape(record.reseller.legal_name)}</span>'
        return SafeString(
            f'<button type="submit" form="{form}" name="reseller" value="{escape(value)}" class="btn btn-link">'
            f"{escape(label)}{hidden}</button>"
        )

    def link(self, url: str, label: str, record: Partnership) -> SafeString:
        """A link that says in hidden words which row it belongs to."""
        return html.row_link(url, label, record.reseller.legal_name)


class ResellerTable(PartnershipTable):
    """The provider's active partnerships; a row opens and shows what the reseller does and what stands in its way."""

    title = gettext_lazy("Indirect resellers")

    country = tables.Column(gettext_lazy("Country"), accessor="pk", attrs=NARROW)
    customers = NumberColumn(gettext_lazy("Customers"), accessor="customer_count")
    subscriptions = NumberColumn(gettext_lazy("Subscriptions"), accessor="subscription_count")
    since = TimeColumn(gettext_lazy("Since"), accessor="began_at")
    status = tables.Column(gettext_lazy("Status"), accessor="pk")
    actions = ActionsColumn(verbose_name=gettext_lazy("Actions"), accessor="pk", attrs=STACKED)

    def render_country(self, record: Partnership) -> str:
        """The country by name."""
        code = str(record.reseller.country)
        if code not in self.country_names:
            self.country_names[code] = countries.name(code)
        return self.country_names[code]

    def render_customers(self, record: Any) -> SafeString:
        """The number, as a link to those customers."""
        number = html.number_text(record.customer_count)
        if not record.customer_count or not self.may[Permission.VIEW_CUSTOMERS]:
            return format_html("{}", number)
        hidden = self.customers_words % {"reseller": record.reseller.legal_name}
        return html.row_link(self.customers_of(record), number, hidden)

    def render_status(self, record: Any) -> SafeString:
        """The word of the enrolment, and whether an order would be refused although that is active."""
        reseller = record.reseller
        words = html.status_badge(
            ENROLMENT_KINDS.get(reseller.enrolment_state, "neutral"), display(reseller, "enrolment_state")
        )
        if not record.obstacles:
            return words
        return format_html("<div>{}<br>{}</div>", words, _("Would be refused today"))

    def render_actions(self, record: Any) -> SafeString:
        """Add new customer where it would not be refused, View customers, End partnership."""
        parts = []
        if self.may_add_customer(record):
            parts.append(self.button("add-customer", self.add_words, record, record.reseller.microsoft_id))
        if self.may[Permission.VIEW_CUSTOMERS]:
            parts.append(self.link(self.customers_of(record), self.view_words, record))
        if self.may[Permission.END_PARTNERSHIP] and (url := end_url(record)):
            parts.append(self.link(url, self.end_words, record))
        return SafeString(" ".join(parts))

    def details_maker(self) -> Callable[[Any], SafeString]:
        """What the reseller does, what stands in its way, and what is offered."""
        return OpenedResellers(self.may_add_customer)

    def may_add_customer(self, record: Any) -> bool:
        """Whether Add new customer is offered for the row: to who may, while nothing stands in the way."""
        return not record.obstacles and self.may[Permission.ADD_CUSTOMER]

    def customers_of(self, record: Partnership) -> str:
        """The provider's customers that the reseller manages."""
        return f"{self.customers_url}?reseller={record.reseller.microsoft_id}"


class EndedResellerTable(PartnershipTable):
    """The provider's partnerships that are over."""

    title = gettext_lazy("Ended partnerships")

    since = TimeColumn(gettext_lazy("Since"), accessor="began_at")
    ended = TimeColumn(gettext_lazy("Ended"), accessor="ended_at")
    ended_by = tables.Column(gettext_lazy("Ended by"), accessor="ended_side", empty_values=())
    reason = tables.Column(gettext_lazy("Reason"), accessor="end_reason", attrs=NARROW)
    actions = ActionsColumn(verbose_name=gettext_lazy("Actions"), accessor="pk")

    def render_ended_by(self, record: Partnership) -> SafeString:
        """Which side, and who; what ended before that was noted has neither."""
        if not record.ended_side:
            return html.missing(_("Not recorded"))
        side = record.get_ended_side_display()
        if record.ended_by is None:
            return format_html("{}", side)
        return format_html('<div>{}<br><span class="muted"><bdi>{}</bdi></span></div>', side, record.ended_by)

    def render_reason(self, value: str) -> SafeString:
        """Words somebody typed."""
        return html.name(value)

    def render_actions(self, record: Any) -> SafeString:
        """Request a partnership again, unless there is one again."""
        if record.is_partner_again or not self.may[Permission.REQUEST_PARTNERSHIP]:
            return self.link(record.get_absolute_url(), _("View"), record)
        return self.button("request-again", _("Request a partnership again"), record, record.reseller.microsoft_id)


def end_url(partnership: Partnership) -> str:
    """The first page of ending the partnership."""
    try:
        return address("resellers:end", partnership.public_id)
    except NoReverseMatch:
        return ""
