"""The Orders list, a customer's Order history, and one order as a document."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView

from accounts.permitted import PermittedView
from accounts.roles import Permission
from accounts.saved_views.listing import WithSavedViews
from core.lists import PLACE, ListPage
from core.paging import Sort
from customers.pages import CustomerPage
from orders.models import Order
from orders.money import bill_totals, term_totals
from orders.order_pages.document import (
    counted,
    document_lines,
    may_open_customer,
    order_facts,
    party_facts,
    status_note,
)
from orders.order_pages.filters import OrderFilter
from orders.order_pages.rows import STATUS_KINDS, facts_of, listed_orders
from orders.order_pages.tables import CustomerOrderTable, OrderTable, ProviderOrderTable, ResellerOrderTable


class OrderRows(ListPage):
    """Orders as rows, latest first."""

    sorts = {"placed": Sort("placed_at", descending_first=True)}
    default_sort = "-placed"
    empty_icon = "receipt"
    empty_title = gettext_lazy("No orders yet")

    def prepare(self, rows: list[Any]) -> None:
        """What the lines of the visible orders say."""
        facts = facts_of(order.pk for order in rows) if rows else {}
        for order in rows:
            order.facts = facts[order.pk]


class OrderList(WithSavedViews, PermittedView, OrderRows):
    """A provider's orders, or those in which a reseller was named."""

    permission = Permission.VIEW_ORDERS
    template_name = "orders/order_list.html"
    title = gettext_lazy("Orders")
    filterset_class = OrderFilter

    @property
    def table_class(self) -> type[OrderTable]:  # type: ignore[override]
        """Each side sees who is on the other side."""
        return ProviderOrderTable if self.actor.is_provider else ResellerOrderTable

    @property
    def empty_text(self) -> str:  # type: ignore[override]
        """What brings the first one."""
        if self.actor.is_provider:
            return _("An order is placed with a new customer, or by Add subscription for one that exists.")
        return _("An order appears here when an indirect provider names your company as its reseller.")

    def get_queryset(self) -> QuerySet[Order]:
        return listed_orders(self.actor)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Where the export finds the same rows: the filters and the order, without the place in the list."""
        query = self.request.GET.copy()
        for name in PLACE:
            query.pop(name, None)
        return super().get_context_data(export_query=query.urlencode(), **kwargs)


class OrderHistory(CustomerPage, OrderRows):
    """What was ordered for one customer, as far as the reader is concerned."""

    permission = Permission.VIEW_ORDERS
    template_name = "customers/customer_orders.html"
    table_class = CustomerOrderTable
    title = gettext_lazy("Order history")
    empty_text = gettext_lazy("What is ordered for this customer appears here.")

    def get_queryset(self) -> QuerySet[Order]:
        return listed_orders(self.actor).filter(customer=self.customer)


class OrderPage(PermittedView):
    """A page of one order; one that the actor does not see is not found."""

    permission = Permission.VIEW_ORDERS

    def order(self, public_id: UUID) -> Order:
        """The order among those that the actor sees."""
        related = ("customer__provider", "provider", "reseller", "support_contact", "placed_by")
        rows = Order.objects.visible_to(self.actor).select_related(*related)
        return get_object_or_404(rows, public_id=public_id)


class OrderView(OrderPage, TemplateView):
    """The document: what was ordered, for whom, by whom, at which prices, and what became of each line."""

    template_name = "orders/order_detail.html"
    http_method_names = ["get", "head", "options"]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Everything in words; prices for who may see them."""
        order = self.order(self.kwargs["public_id"])
        links = may_open_customer(order, self.actor)
        lines = document_lines(order, links=links)
        ordered = counted(lines)
        return super().get_context_data(
            order=order,
            status_kind=STATUS_KINDS[order.status],
            note=status_note(order, lines),
            facts=order_facts(order, self.actor),
            parties=party_facts(order, links=links),
            lines=lines,
            bill_totals=bill_totals(ordered),
            term_totals=term_totals(ordered),
            has_usage=any(price.sku.is_usage_based for price, _quantity in ordered),
            has_refused=any(one.is_refused for one in lines),
            **kwargs,
        )
