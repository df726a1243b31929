"""The tables of a reseller's indirect providers, and of what a provider hands over one by one."""

from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from core import html
from core.tables import NumberColumn, PortalTable, TimeColumn
from orders.partnerships.consequences import Relation
from orders.partnerships.forms import RowsForm, row_name
from resellers.models import Partnership
from resellers.tables import ENROLMENT_KINDS, customers_link

NARROW = {"td": {"class": "hide-md"}, "th": {"class": "hide-md"}}


class PartnershipsTable(PortalTable):
    """The reseller's partnerships, each under its provider's name."""

    row_key = "public_id"

    provider = tables.Column(
        gettext_lazy("Indirect provider"), accessor="provider__legal_name", linkify=lambda record: provider_url(record)
    )
    country = tables.Column(gettext_lazy("Country or region"), accessor="provider__country", attrs=NARROW)
    since = TimeColumn(gettext_lazy("Since"), accessor="began_at")

    def row_name(self, record: Partnership) -> str:
        """The provider's name."""
        return record.provider.legal_name

    def render_country(self, record: Partnership) -> str:
        """The country by name."""
        return str(record.provider.country.name)


class ProviderTable(PartnershipsTable):
    """Those that last."""

    title = gettext_lazy("Indirect providers")

    granted = tables.Column(pgettext_lazy("column", "What was granted"), accessor="pk", orderable=False)
    customers = NumberColumn(gettext_lazy("Customers shared"), accessor="customer_count")
    status = tables.Column(gettext_lazy("Status"), accessor="provider__enrolment_state", orderable=False)

    def render_granted(self) -> str:
        """What every partnership grants: there is one kind."""
        return _("Customers, orders, subscriptions and support on your behalf")

    def render_customers(self, record: Any) -> SafeString:
        """The number, as a link to those customers."""
        number = html.number_text(record.customer_count)
        if not record.customer_count:
            return format_html("{}", number)
        hidden = _("customers shared with %(provider)s") % {"provider": record.provider.legal_name}
        url = customers_link("provider", record.provider)
        return format_html('<a href="{}">{}<span class="visually-hidden"> {}</span></a>', url, number, hidden)

    def render_status(self, record: Partnership) -> SafeString:
        """The word of the provider's enrolment: a suspended one places no orders."""
        provider = record.provider
        kind = ENROLMENT_KINDS.get(provider.enrolment_state, "neutral")
        return html.status_badge(kind, provider.get_enrolment_state_display())


class EndedProviderTable(PartnershipsTable):
    """Those that are over."""

    title = gettext_lazy("Ended partnerships")

    ended = TimeColumn(gettext_lazy("Ended"), accessor="ended_at")
    ended_by = tables.Column(gettext_lazy("Ended by"), accessor="ended_side", empty_values=(), orderable=False)
    reason = tables.Column(gettext_lazy("Reason"), accessor="end_reason", orderable=False)

    def render_ended_by(self, record: Partnership) -> SafeString:
        """Which side; of one's own also who."""
        if not record.ended_side:
            return html.missing(_("Not recorded"))
        side = record.get_ended_side_display()
        if record.ended_side != Partnership.Side.RESELLER or record.ended_by is None:
            return format_html("{}", side)
        return format_html('<div>{}<br><span class="muted"><bdi>{}</bdi></span></div>', side, record.ended_by)

    def render_reason(self, value: str) -> SafeString:
        """Words somebody typed."""
        return html.name(value)


def provider_url(partnership: Partnership) -> str:
    """The provider's page, which only its reseller opens."""
    return reverse("resellers:provider", args=[partnership.public_id])


class RowsTable(PortalTable):
    """Customers or subscriptions, each with the field of who takes it over."""

    name = tables.Column(gettext_lazy("Customer"), accessor="pk")
    subscription = tables.Column(gettext_lazy("Subscription"), accessor="subscription__nickname", orderable=False)
    country = tables.Column(gettext_lazy("Country or region"), accessor="pk", orderable=False, attrs=NARROW)
    taker = tables.Column(gettext_lazy("New reseller"), accessor="pk", orderable=False)

    def __init__(self, *args: Any, form: RowsForm, relation: Relation, **kwargs: Any) -> None:
        self.form = form
        exclude = ("subscription",) if relation == Relation.MANAGING else ()
        super().__init__(*args, exclude=exclude, **kwargs)

    def customer(self, record: Any) -> Any:
        """The customer of the row."""
        return record.customer if hasattr(record, "customer") else record.subscription.customer

    def row_name(self, record: Any) -> str:
        """The customer's name."""
        return str(self.customer(record))

    def render_name(self, record: Any) -> SafeString:
        """The customer, as a link."""
        customer = self.customer(record)
        return format_html('<a href="{}"><bdi>{}</bdi></a>', customer.get_absolute_url(), customer)

    def render_subscription(self, value: str) -> SafeString:
        """A name somebody typed."""
        return html.name(value)

    def render_country(self, record: Any) -> str:
        """The country by name."""
        return str(self.customer(record).country_name)

    def render_taker(self, record: Any) -> SafeString:
        """The field, which belongs to the form above the table; what is wrong with it stands before it."""
        name = row_name(record.pk)
        if name not in self.form.fields:
            return html.missing(_("Shown again after you save"))
        field = self.form[name]
        errors = format_html(ERROR, field.id_for_label, field.errors[0]) if field.errors else ""
        style = "form-control" if self.form.takers.are_typed else "form-select"
        attributes = {"form": "choices", "class": f"{style}{' is-invalid' if field.errors else ''}"}
        if field.errors:
            attributes |= {"aria-invalid": "true", "aria-describedby": f"{field.id_for_label}_error"}
        return format_html(
            '<div><label class="visually-hidden" for="{}">{}</label>{}{}</div>',
            field.id_for_label,
            field.label,
            errors,
            field.as_widget(attrs=attributes),
        )


ERROR = '<p class="field-message" id="{}_error">{}</p>'
