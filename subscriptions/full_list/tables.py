"""Subscriptions across all customers as a table."""

from typing import Any

import django_tables2 as tables
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from core import clock, html
from core.tables import NumberColumn, PortalTable, StatusColumn, TimeColumn
from subscriptions.models import Subscription
from subscriptions.tables import STATUS_KINDS, renewal, reseller_of_record

HIDDEN_ON_TABLETS = {"td": {"class": "hide-md"}, "th": {"class": "hide-md"}}


class FullListTable(PortalTable):
    """What a provider sees; each row leads to the subscription and to its customer."""

    title = gettext_lazy("Subscriptions")
    row_key = "subscription_id"
    row_header = "name"

    pick = tables.Column(gettext_lazy("Select"), accessor="subscription_id", attrs={"th": {"class": "pick-column"}})
    name = tables.Column(
        gettext_lazy("Subscription"), accessor="nickname", linkify=lambda record: record.get_absolute_url()
    )
    customer = tables.Column(
        gettext_lazy("Customer"),
        accessor="customer__company_name",
        linkify=lambda record: record.customer.get_absolute_url(),
    )
    quantity = NumberColumn(gettext_lazy("Licenses"))
    status = StatusColumn(gettext_lazy("Status"), kinds=STATUS_KINDS)
    ends = tables.Column(gettext_lazy("Term"), accessor="pk")
    reseller = tables.Column(gettext_lazy("Reseller (MPN ID)"), accessor="pk")
    changed = TimeColumn(
        pgettext_lazy("when", "Changed"), accessor="changed_at", style="relative", attrs=HIDDEN_ON_TABLETS
    )

    def render_pick(self, record: Subscription) -> SafeString:
        """A box that belongs to the form above the table."""
        words = _("Select %(subscription)s of %(customer)s") % {
            "subscription": record.nickname,
            "customer": record.customer,
        }
        return format_html(
            '<input type="checkbox" class="form-check-input pick" name="pick" form="bulk" value="{}" aria-label="{}">',
            record.subscription_id,
            words,
        )

    def render_name(self, record: Subscription) -> SafeString:
        """The nickname, below it the offer where it is called otherwise."""
        if record.nickname == record.offer_name:
            return html.name(record.nickname)
        return format_html(
            '{}<br><span class="muted fw-normal">{}</span>', html.name(record.nickname), html.name(record.offer_name)
        )

    def render_ends(self, record: Subscription) -> SafeString:
        """The term, what its end brings, and until when it can be canceled."""
        term = record.term_label if not record.is_trial else _("Trial")
        if record.ends_at is None:
            return format_html("{}", term)
        return format_html(
            '<div class="small-lines">{}<br><span class="muted">{}</span>{}</div>',
            term,
            renewal(record),
            cancel_until(record),
        )

    def render_reseller(self, record: Subscription) -> SafeString:
        """The reseller of record with the MPN ID that it was set with."""
        return reseller_of_record(record.current_reseller)  # type: ignore[attr-defined]


class ResellerFullListTable(FullListTable):
    """What a reseller sees of the customers that it manages, each with its provider."""

    provider = tables.Column(gettext_lazy("Indirect provider"), accessor="customer__provider", attrs=HIDDEN_ON_TABLETS)

    class Meta:
        sequence = ("name", "customer", "provider", "...")
        exclude = ("pick",)

    def render_provider(self, value: Any) -> SafeString:
        """The name."""
        return html.name(value)


def cancel_until(subscription: Subscription) -> SafeString:
    """Until when it can be canceled, while that is not over."""
    until = subscription.cancellable_until
    if until is None or until <= clock.now() or subscription.status not in ("active", "suspended"):
        return SafeString("")
    return format_html('<br><span class="muted">{} {}</span>', _("Cancel until"), html.time_tag(until, "date"))
