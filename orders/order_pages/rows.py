"""What the visible rows of the Orders list show beside the columns of the orders: one query for all of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.access import Actor
from catalogue.models.prices import rounded
from orders.models import Order, OrderLine

STATUS_KINDS: dict[str, str] = {
    Order.Status.PENDING: "info",
    Order.Status.COMPLETED: "success",
    Order.Status.PARTIAL: "warning",
    Order.Status.REFUSED: "danger",
}


@dataclass
class OrderFacts:
    """What the lines of an order say together; what usage decides, and what was refused, is in no total."""

    lines: int = 0
    licenses: int = 0
    refused: int = 0
    total: Decimal = Decimal(0)


def listed_orders(actor: Actor) -> QuerySet[Order]:
    """The orders that the actor sees, with what a row shows of them and of other tables."""
    columns = ("public_id", "placed_at", "currency", "status", "customer__company_name", "customer__domain_prefix")
    names = ("customer__microsoft_id", "provider__legal_name", "reseller__legal_name", "reseller__mpn_id")
    rows = Order.objects.visible_to(actor).select_related("customer", "provider", "reseller", "placed_by")
    return rows.only(*columns, *names, "placed_by__full_name")


def facts_of(orders: Iterable[int]) -> dict[int, OrderFacts]:
    """What the lines of each of these orders say, by the key of the order."""
    facts = {key: OrderFacts() for key in orders}
    columns = ("order", "quantity", "unit_price", "state", "sku__is_usage_based")
    for key, quantity, unit_price, state, by_usage in OrderLine.objects.filter(order__in=facts).values_list(*columns):
        one = facts[key]
        one.lines += 1
        one.refused += state == OrderLine.State.REFUSED
        if not by_usage and state != OrderLine.State.REFUSED:
            one.licenses += quantity
            one.total += rounded(unit_price * quantity)
    return facts


def placed_by_words(order: Order, actor: Actor) -> str:
    """The person, for the provider; for the reseller the company that the person acted for."""
    return order.placed_by.full_name if actor.is_provider else order.provider.legal_name


def reseller_words(order: Order) -> str:
    """The reseller with its MPN ID, or that there was none."""
    return order.reseller.name_and_mpn if order.reseller else _("No reseller (direct)")
