"""The tables of the Incentives pages."""

from typing import Any
from urllib.parse import urlencode

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import html
from core.company_labels import company_label
from core.tables import MoneyColumn, NumberColumn, PortalTable
from subscriptions.incentives.months import month_key
from subscriptions.incentives.seen import name_of
from subscriptions.models import IncentiveEntry, IncentiveTotal

STATE_KINDS = {"accrued": "neutral", "confirmed": "info", "paid": "success"}
NARROW = {"td": {"class": "num hide-md"}, "th": {"class": "num hide-md"}}


def percent_text(value: Any) -> str:
    """12.5 %, without zeros that say nothing."""
    return f"{html.number_text(value.normalize() + 0)}\u00a0%"


class TotalTable(PortalTable):
    """The sums of a month; the company on the other side names the row and leads to its entries."""

    title = gettext_lazy("Incentives")

    entries = NumberColumn(gettext_lazy("Entries"), attrs=NARROW)
    base = MoneyColumn(gettext_lazy("Base"), attrs=NARROW)
    amount = MoneyColumn(gettext_lazy("Amount"))
    confirmed = MoneyColumn(gettext_lazy("Confirmed"))
    paid = MoneyColumn(gettext_lazy("Paid"))

    def entries_url(self, record: IncentiveTotal, **values: Any) -> str:
        """The entries that the sum was made of."""
        return f"{reverse('incentives:entries')}?{urlencode({'month': month_key(record.month), **values})}"

    def company(self, record: IncentiveTotal, name: str, **values: Any) -> SafeString:
        """The name as a link to the entries."""
        return format_html('<a href="{}"><bdi>{}</bdi></a>', self.entries_url(record, **values), name)


class ResellerTotalTable(TotalTable):
    """For a provider: what each of its resellers earned."""

    reseller = tables.Column(gettext_lazy("Indirect reseller"), accessor="reseller__legal_name")

    class Meta:
        sequence = ("reseller", "...")

    def render_reseller(self, record: IncentiveTotal) -> SafeString:
        """Name and MPN ID."""
        return self.company(record, record.reseller.name_and_mpn, reseller=record.reseller.microsoft_id)


class ProviderTotalTable(TotalTable):
    """For a reseller: what it earned with each provider."""

    provider = tables.Column(gettext_lazy("Indirect provider"), accessor="provider__legal_name")

    class Meta:
        sequence = ("provider", "...")

    def render_provider(self, record: IncentiveTotal) -> SafeString:
        """The name."""
        return self.company(record, record.provider.legal_name, provider=record.provider.microsoft_id)


class EntryTable(PortalTable):
    """The entries of the ledger; the subscription names the row."""

    title = gettext_lazy("Entries")
    row_key = "public_id"

    subscription = tables.Column(gettext_lazy("Subscription"), accessor="pk", orderable=False)
    percent = NumberColumn(gettext_lazy("Rate"))
    base = MoneyColumn(gettext_lazy("Base"), attrs=NARROW)
    amount = MoneyColumn(gettext_lazy("Amount"))
    state = tables.Column(gettext_lazy("State"), accessor="pk", orderable=False)

    def row_name(self, record: IncentiveEntry) -> str:
        """The subscription, as far as the reader may know it."""
        return name_of(record)

    def render_amount(self, record: IncentiveEntry) -> SafeString:
        """The amount, and the way to its calculation."""
        return format_html(
            '<div>{}<div class="no-print"><a href="{}">{}<span class="visually-hidden"> {}</span></a></div></div>',
            html.money_text(record.amount, record.currency),
            reverse("incentives:entry", args=[record.public_id]),
            _("Why this amount?"),
            name_of(record),
        )

    def render_subscription(self, record: IncentiveEntry) -> SafeString:
        """A link and the customer, for who may open them."""
        link, customer = subscription_link(record), customer_name(record)
        return format_html('<div>{}<br><span class="muted fw-normal">{}</span></div>', link, customer)

    def render_percent(self, value: Any) -> str:
        """12.5 %."""
        return percent_text(value)

    def render_state(self, record: IncentiveEntry) -> SafeString:
        """How far the money is, and whether the entry takes back or was taken back."""
        return state_words(record)


class ResellerEntryTable(EntryTable):
    """For a provider: with the reseller of record of that time."""

    reseller = tables.Column(gettext_lazy("Reseller (MPN ID)"), accessor="pk", orderable=False)

    class Meta:
        sequence = ("subscription", "reseller", "...")

    def render_reseller(self, record: IncentiveEntry) -> SafeString:
        """The name, and the MPN ID that earned."""
        return name_over_mpn(record.reseller, record)


class ProviderEntryTable(EntryTable):
    """For a reseller: with the provider, and the MPN ID that earned."""

    provider = tables.Column(gettext_lazy("Indirect provider"), accessor="pk", orderable=False)

    class Meta:
        sequence = ("subscription", "provider", "...")

    def render_provider(self, record: IncentiveEntry) -> SafeString:
        """The name, and the own MPN ID that earned."""
        return name_over_mpn(record.provider, record)


def name_over_mpn(company: Any, record: IncentiveEntry) -> SafeString:
    """A company, and under it the MPN ID of that time."""
    return format_html('<div>{}<br><span class="muted">MPN ID {}</span></div>', html.name(company), record.mpn_id)


def subscription_link(record: IncentiveEntry) -> SafeString:
    """The subscription as a link for who may open it, else the offer."""
    if not record.customer_seen:  # type: ignore[attr-defined]
        return html.name(name_of(record))
    return format_html('<a href="{}"><bdi>{}</bdi></a>', record.subscription.get_absolute_url(), name_of(record))


def customer_name(record: IncentiveEntry) -> SafeString:
    """The customer for who may see it."""
    if not record.customer_seen:  # type: ignore[attr-defined]
        return html.missing(_("Not managed by you"))
    return html.name(record.subscription.customer)


def reseller_and_mpn(record: IncentiveEntry) -> SafeString:
    """Fabrikam (MPN ID 0012345), with the number of that time."""
    return html.name(company_label(record.reseller.legal_name, record.mpn_id))


def state_words(record: IncentiveEntry) -> SafeString:
    """Accrued, confirmed or paid; under it what became of the entry."""
    badge = html.status_badge(STATE_KINDS[record.state], IncentiveEntry.State(record.state).label)
    note = correction_of(record)
    return format_html('<div>{}<br><span class="muted">{}</span></div>', badge, note) if note else badge


def correction_of(record: IncentiveEntry) -> str:
    """Whether it takes another entry back, or was taken back itself."""
    if record.reverses_id is not None:
        return _("Takes back an entry")
    return _("Taken back") if getattr(record, "reversed_by", None) is not None else ""
