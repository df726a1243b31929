"""The orders app."""

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    """Lets a customer's Subscriptions page say which orders are not all carried out."""

    name = "orders"

    def ready(self) -> None:
        """Register with the app below, which knows nothing of this one."""
        from customers.notices import notice_sources
        from orders.notices import order_notices

        notice_sources.append(order_notices)
