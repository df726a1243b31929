"""The orders app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrdersConfig(AppConfig):
    """Lets a customer's Subscriptions page say which orders wait, and requests know that orders can be asked for."""

    name = "orders"
    verbose_name = _("Orders")

    def ready(self) -> None:
        """Register with the apps below, which know nothing of this one."""
        from customers.notices import notice_sources
        from orders.asking.matter import OrderMatter
        from orders.asking.notices import request_notices
        from orders.notices import order_notices
        from subscriptions.change_requests.matters import register
        from subscriptions.models import ChangeRequest

        notice_sources.extend([request_notices, order_notices])
        register(OrderMatter(), [ChangeRequest.Kind.ADD])
