"""What the person who placed an order is told of it: that a line was refused, and in the end what became of each."""

from collections.abc import Sequence
from typing import Any

from django.utils import translation

from accounts.models import Membership
from core.html import number_text
from mail.services import queue_email
from orders.models import Order, OrderLine

State = OrderLine.State


def tell_of_decision(order: Order, lines: Sequence[OrderLine], changed: Sequence[OrderLine]) -> None:
    """One mail at most for each decision: the outcome with the last one, before that only what was refused."""
    if order.status != Order.Status.PENDING:
        _write(order, "order_carried_out", lines, status=order.status)
    elif refused := [line for line in changed if line.state == State.REFUSED]:
        waiting = sum(line.state == State.PENDING for line in lines)
        _write(order, "order_line_refused", refused, waiting=waiting)


def _write(order: Order, kind: str, lines: Sequence[OrderLine], **more: Any) -> None:
    """To the person who placed it, while that person works for the provider and has a mailbox."""
    person = order.placed_by
    works_there = Membership.objects.current().filter(user=person, partner=order.provider).exists()
    if not (person.email and works_there):
        return
    with translation.override(person.language):
        rows = [
            {
                "offer": line.offer_name,
                "licenses": number_text(line.quantity),
                "state": line.get_state_display(),
                "reason": line.refusal,
            }
            for line in lines
        ]
    queue_email(
        kind,
        to=person.email,
        language=person.language,
        context={
            "name": person.full_name,
            "number": order.number,
            "customer_name": order.customer.company_name,
            "customer_domain": order.customer.domain,
            "order_path": order.get_absolute_url(),
            "lines": rows,
            **more,
        },
        about=order,
    )
