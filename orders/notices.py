"""What a customer's Subscriptions page says of orders that are not all carried out."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Actor, can
from accounts.roles import Permission
from core import clock
from customers.models import Customer
from customers.notices import Notice
from orders.models import Order
from orders.order_pages.rows import STATUS_KINDS

MOST_NOTICES = 3
# For how long what was refused is news.
REFUSED_DAYS = 30
WORDS: dict[str, Any] = {
    Order.Status.PENDING: gettext_lazy("Order %(number)s is being carried out."),
    Order.Status.PARTIAL: gettext_lazy("Order %(number)s was carried out in part: some of its lines were refused."),
    Order.Status.REFUSED: gettext_lazy("Order %(number)s was refused."),
}


def order_notices(customer: Customer, actor: Actor) -> Iterator[Notice]:
    """The latest few that wait, or of which something was refused lately (one query)."""
    if not can(actor, Permission.VIEW_ORDERS):
        return
    lately = clock.now() - timedelta(days=REFUSED_DAYS)
    refused = Q(status__in=[Order.Status.PARTIAL, Order.Status.REFUSED], placed_at__gte=lately)
    orders = Order.objects.visible_to(actor).filter(Q(status=Order.Status.PENDING) | refused, customer=customer)
    for order in orders.order_by("-placed_at", "-pk")[:MOST_NOTICES]:
        text = WORDS[order.status] % {"number": order.number}
        yield Notice(STATUS_KINDS[order.status], text, order.get_absolute_url(), _("View order"))
