"""The actor of a customer's administrator, and the step its first sign-in owes; named in settings, for accounts stands
below.
"""

from collections.abc import Iterable
from uuid import UUID

from django.http import HttpRequest

from accounts.access import Actor, membership_user
from core.fence import beyond_the_fence
from customers.agreements import has_agreement
from customers.models import CustomerAdministrator

# What belongs to the person and not to the customer: password, second factor, language, the way out.
OWN_ACCOUNT = ("account_", "accounts:", "mfa_")


def customer_actor(request: HttpRequest) -> Actor | None:
    """Whom a signed-in administrator of a customer acts for, or None when the person is not one."""
    user = membership_user(request)
    administrators = CustomerAdministrator.objects.select_related("customer__provider").filter(user=user)
    with beyond_the_fence("Who acts is not known before this."):
        administrator = administrators.first()
    return Actor(user=user, customer=administrator.customer) if administrator else None


def administrators_of(customers: Iterable[UUID]) -> list[Actor]:
    """Everybody who administers one of these customers, as the actor that its requests have."""
    rows = CustomerAdministrator.objects.filter(customer__microsoft_id__in=customers, user__is_active=True)
    found = rows.select_related("user", "customer__provider").order_by("pk")
    return [Actor(user=one.user, customer=one.customer) for one in found]


def agreement_step(request: HttpRequest) -> str | None:
    """Until the customer's agreement is accepted its administrator is asked to, wherever it was heading."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not actor.is_customer or has_agreement(actor.customer):
        return None
    name = request.resolver_match.view_name if request.resolver_match else ""
    accepting = "customers:accept_agreement"
    return None if name == accepting or name.startswith(OWN_ACCOUNT) else accepting
