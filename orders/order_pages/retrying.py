"""*Try again*: a refused line goes back to whoever carries orders out."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from accounts.roles import Permission
from core.exceptions import NotPermitted, Refused
from orders.fulfilment.deciding import retry_line
from orders.order_pages.views import OrderPage


class RetryLineView(OrderPage):
    """A button of each refused line on the order's page."""

    permission = Permission.PLACE_ORDER
    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, public_id: UUID, line: int) -> HttpResponse:
        """Try again, and say what became of it or why it cannot be tried."""
        order = self.order(public_id)
        wanted = get_object_or_404(order.lines, pk=line)
        try:
            tried = retry_line(line=wanted, by=self.actor)
        except NotPermitted:
            raise
        except Refused as refusal:
            messages.error(request, str(refusal))
        else:
            text = _("%(offer)s is tried again: %(state)s.")
            messages.success(request, text % {"offer": tried.offer_name, "state": tried.get_state_display()})
        return redirect(order)
