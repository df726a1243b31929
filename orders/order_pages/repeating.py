"""*Repeat order*: from the document of an order to New subscription, with the same lines chosen."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts.roles import Permission
from customers.account_status import AccountNotActive
from orders.models import Order
from orders.order_pages.views import OrderPage
from orders.repeating import Repeated, repeat_order


class RepeatOrderView(OrderPage):
    """Starts a draft; what cannot be ordered any more is named with the reason."""

    permission = Permission.PLACE_ORDER
    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """On to the offers; back to the order where the customer may not buy now."""
        order = self.order(public_id)
        try:
            repeated = repeat_order(order=order, by=self.actor)
        except AccountNotActive as refusal:
            messages.error(request, str(refusal))
            return redirect(order)
        if repeated.left_out:
            messages.warning(request, left_out_words(order, repeated))
        else:
            text = _("The lines of order %(number)s are chosen below, at today’s prices.")
            messages.success(request, text % {"number": order.number})
        return redirect(repeated.draft)


def left_out_words(order: Order, repeated: Repeated) -> str:
    """What was not taken over, and why, in one message."""
    text = _("Not everything of order %(number)s could be taken over: %(reasons)s")
    return text % {"number": order.number, "reasons": " ".join(repeated.left_out)}
