"""Export: the list of orders as it is filtered, as a file."""

from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Actor, can, require
from accounts.exporting import ListExportView
from accounts.roles import Permission
from activity.services import record
from core.export import chunks_of_one_moment
from core.lists import Selection
from orders.models import Order
from orders.order_pages.rows import OrderFacts, facts_of, placed_by_words
from orders.order_pages.views import OrderList

CHUNK = 500


class ExportOrdersView(ListExportView):
    """Orders; prices for whoever may see them."""

    permission = Permission.VIEW_ORDERS
    list_class, list_url, title = OrderList, "orders:list", gettext_lazy("Orders")

    def take(self, selection: Selection) -> None:
        """Record it."""
        record_export(filters=selection.filters_in_force, by=self.actor)

    def file_header(self) -> list[str]:
        """As much as the person may read."""
        return file_header(prices=can(self.actor, Permission.VIEW_PRICES))

    def file_rows(self, selection: Selection) -> Iterator[list[Any]]:
        """Each order."""
        prices = can(self.actor, Permission.VIEW_PRICES)
        return file_rows(selection.paginator.all_rows(), self.actor, prices=prices)


@transaction.atomic
def record_export(*, filters: int, by: Actor) -> None:
    """Record that the list was taken away as a file; what was in it is not repeated."""
    require(by, Permission.VIEW_ORDERS)
    assert by.partner is not None
    record("orders.exported", by.partner, by=by, filters=filters)


def file_header(*, prices: bool) -> list[str]:
    """The names of the columns."""
    columns = [
        _("Order"),
        _("Placed"),
        _("Customer"),
        _("Primary domain name"),
        _("Microsoft ID"),
        _("Reseller"),
        _("MPN ID"),
        _("Indirect provider"),
        _("Placed by"),
        _("Status"),
        _("Lines"),
        _("Refused lines"),
        _("Licenses"),
    ]
    return [*columns, _("Currency"), _("Total of the terms")] if prices else columns


def file_rows(orders: QuerySet[Order], actor: Actor, *, prices: bool) -> Iterator[list[Any]]:
    """A line for each order; read some hundred at a time, so that the size of the list costs no memory."""
    for chunk in chunks_of_one_moment(orders, CHUNK):
        facts = facts_of(order.pk for order in chunk)
        for order in chunk:
            yield line(order, facts[order.pk], actor, prices=prices)


def line(order: Order, facts: OrderFacts, actor: Actor, *, prices: bool) -> list[Any]:
    """What the file says of an order."""
    values = [
        order.number,
        order.placed_at,
        order.customer.company_name,
        order.customer.domain,
        str(order.customer.microsoft_id),
        order.reseller.legal_name if order.reseller else "",
        order.reseller.mpn_id if order.reseller else "",
        order.provider.legal_name,
        placed_by_words(order, actor),
        order.get_status_display(),
        facts.lines,
        facts.refused,
        facts.licenses,
    ]
    return [*values, order.currency, facts.total] if prices else values
