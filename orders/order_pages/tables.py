"""Orders as tables: for the provider, for a reseller, and for one customer."""

from typing import Any

import django_tables2 as tables
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from accounts.access import can
from accounts.roles import Permission
from core import html
from core.tables import NUMERIC, NumberColumn, PortalTable, StatusColumn, TimeColumn
from orders.models import Order
from orders.order_pages.rows import STATUS_KINDS, placed_by_words


class OrderTable(PortalTable):
    """What everybody sees of an order; sums only for who may see prices."""

    title = gettext_lazy("Orders")
    row_key = "public_id"

    number = tables.Column(
        gettext_lazy("Order"), accessor="number", linkify=lambda record: record.get_absolute_url(), orderable=False
    )
    placed = TimeColumn(gettext_lazy("Placed"), accessor="placed_at")
    lines = NumberColumn(gettext_lazy("Lines"), accessor="facts__lines", orderable=False)
    total = tables.Column(gettext_lazy("Total of the terms"), accessor="facts__total", orderable=False, attrs=NUMERIC)
    placed_by = tables.Column(
        gettext_lazy("Placed by"),
        accessor="pk",
        orderable=False,
        attrs={"td": {"class": "hide-md"}, "th": {"class": "hide-md"}},
    )
    status = StatusColumn(gettext_lazy("Status"), kinds=STATUS_KINDS, orderable=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = self.listing.request.actor
        if not can(self.actor, Permission.VIEW_PRICES):
            self.columns.hide("total")

    def render_total(self, record: Order) -> str:
        """The sum of all lines over their terms, in the currency of the order."""
        return html.money_text(record.facts.total, record.currency)  # type: ignore[attr-defined]

    def render_placed_by(self, record: Order) -> SafeString:
        """The person or the company."""
        return html.name(placed_by_words(record, self.actor))


class ProviderOrderTable(OrderTable):
    """A provider's orders, each with customer and reseller."""

    customer = tables.Column(gettext_lazy("Customer"), accessor="customer__company_name", orderable=False)
    reseller = tables.Column(gettext_lazy("Reseller"), accessor="reseller__legal_name", orderable=False)

    class Meta:
        sequence = ("number", "placed", "customer", "reseller", "...")

    def render_customer(self, value: str) -> SafeString:
        """The name; the document leads on to the customer."""
        return html.name(value)

    def render_reseller(self, value: str) -> SafeString:
        """The name."""
        return html.name(value)


class ResellerOrderTable(ProviderOrderTable):
    """The orders in which a reseller was named, each with customer and provider."""

    provider = tables.Column(gettext_lazy("Indirect provider"), accessor="provider__legal_name", orderable=False)

    class Meta:
        sequence = ("number", "placed", "customer", "provider", "...")
        exclude = ("reseller",)

    def render_provider(self, value: str) -> SafeString:
        """The name."""
        return html.name(value)


class CustomerOrderTable(ProviderOrderTable):
    """What was ordered for one customer."""

    title = gettext_lazy("Order history")

    class Meta:
        sequence = ("number", "placed", "reseller", "...")
        exclude = ("customer",)
