"""What the record says of orders and drafts."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from orders.models import Order, OrderLine

SENTENCES: dict[str, Promise] = {
    "order.placed": _("Order placed"),
    "order.line_fulfilled": _("Line of an order fulfilled"),
    "order.line_refused": _("Line of an order refused"),
    "order.line_retried": _("Refused line of an order tried again"),
    "order_draft.handed_over": _("Draft handed over"),
    "orders.exported": _("Orders exported"),
}
FIELDS: dict[str, Promise] = {
    "number": _("Number"),
    "attestation": _("Confirmed with the order"),
    "lines": _("Lines"),
    "subscription": _("Subscription"),
}
LABELS = {"state": dict(OrderLine.State.choices), "attestation": dict(Order.Attestation.choices)}
