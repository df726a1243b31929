"""The actor of a customer's administrator; named in settings.ACTOR_RESOLVERS, for accounts stands below."""

from django.http import HttpRequest

from accounts.access import Actor, membership_user
from customers.models import CustomerAdministrator


def customer_actor(request: HttpRequest) -> Actor | None:
    """Whom a signed-in administrator of a customer acts for, or None when the person is not one."""
    user = membership_user(request)
    administrator = CustomerAdministrator.objects.select_related("customer__provider").filter(user=user).first()
    return Actor(user=user, customer=administrator.customer) if administrator else None
