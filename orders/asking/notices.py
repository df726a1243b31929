"""What a customer's Subscriptions page says of new subscriptions that are asked for."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from accounts.access import Actor
from customers.models import Customer
from customers.notices import Notice
from subscriptions.models import ChangeRequest


def open_order_request(customer: Customer, reader: Actor) -> ChangeRequest | None:
    """What is asked for and not decided yet, for those whom it concerns (one query)."""
    rows = ChangeRequest.objects.visible_to(reader).undecided().possible()
    return rows.filter(customer=customer, kind=ChangeRequest.Kind.ADD).first()


def request_notices(customer: Customer, actor: Actor) -> Iterator[Notice]:
    """The open request, for the provider that decides and the reseller that asked; nothing for the customer itself."""
    if actor.is_customer:
        return
    if (asked := open_order_request(customer, actor)) is not None:
        yield Notice("info", _("New subscriptions are asked for."), asked.get_absolute_url(), _("Open the request"))
