"""The table of indirect resellers."""

from typing import Any

import django_tables2 as tables
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import html
from core.tables import ActionsColumn, PortalTable, StatusColumn, TimeColumn
from resellers.models import Partnership
from resellers.tables import ENROLMENT_KINDS, customers_link


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
