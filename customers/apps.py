"""The customers app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CustomersConfig(AppConfig):
    """Lets the outbox ask whether a request to a customer can still be answered when its mail is about to leave."""

    name = "customers"
    verbose_name = _("Customers")

    def ready(self) -> None:
        """Register with the app below, which knows nothing of this one."""
        from customers.access import administrators_of
        from customers.relationship_requests.services import MAIL, may_leave
        from mail import registry
        from notifications.registry import further_actors

        registry.register(MAIL, may_leave)
        if administrators_of not in further_actors:
            further_actors.append(administrators_of)
