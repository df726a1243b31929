"""What every page of a customer starts from: the customer among those one sees, then the permission."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.generic.base import ContextMixin

from accounts.access import Actor, can
from accounts.permitted import PermittedView
from accounts.roles import Permission
from customers.account_status import standing
from customers.models import Customer, CustomerQuerySet


class CustomerPage(ContextMixin, PermittedView):
    """A page of one customer; one that the actor does not see is not found, whatever the permission."""

    customer: Customer

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Look the customer up among the actor's own before anything else is said."""
        self.customer = get_object_or_404(self.customers_seen(), microsoft_id=kwargs["microsoft_id"])
        if not self.customer.permits(self.actor, self.permission):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def customers_seen(self) -> CustomerQuerySet:
        """The customers that the actor sees, with what the pages show of them."""
        return Customer.objects.visible_to(self.actor).select_related("provider", "created_by").with_managers()

    def allows(self, permission: Permission) -> bool:
        """As can() says it of the customer; that the actor sees it, this page has found out."""
        return can(self.actor, permission) and self.customer.permits(self.actor, permission)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The customer, the state of its account and its tabs."""
        context = super().get_context_data(customer=self.customer, **kwargs)
        context["standing"] = standing(self.customer, may_repair=self.actor.is_provider)
        context["tabs"] = self.get_tabs()
        return context

    def get_tabs(self) -> list[dict[str, Any]]:
        """The customer's pages, this one marked."""
        return customer_tabs(self.customer, self.actor, self.request.path)


def customer_tabs(customer: Customer, actor: Actor, path: str) -> list[dict[str, Any]]:
    """The customer's pages that the actor may open; for the customer itself they stand in the navigation."""
    if actor.is_customer:
        return []
    pages = [
        (
            _("Subscriptions"),
            reverse("subscriptions:list", args=[customer.microsoft_id]),
            Permission.VIEW_SUBSCRIPTIONS,
        ),
        (_("Order history"), reverse("customers:orders", args=[customer.microsoft_id]), Permission.VIEW_ORDERS),
        (_("Account"), account_url(customer.microsoft_id), Permission.VIEW_CUSTOMERS),
        (
            _("User settings"),
            reverse("customers:user_settings", args=[customer.microsoft_id]),
            Permission.VIEW_TENANT_OWNERS,
        ),
        (
            _("Activity"),
            reverse("customers:activity", args=[customer.microsoft_id]),
            Permission.VIEW_CUSTOMER_ACTIVITY,
        ),
    ]
    tabs = [
        {"label": label, "url": url, "current": path == url, "count": None}
        for label, url, permission in pages
        if can(actor, permission)
    ]
    return tabs if len(tabs) > 1 else []


def account_url(microsoft_id: UUID) -> str:
    """The customer's Account page."""
    return reverse("customers:detail", args=[microsoft_id])
