"""What all implementations share: how lines become subscriptions, and what lines say of their order."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.access import Actor
from core import clock
from core.exceptions import Refused
from orders.models import Order, OrderLine
from subscriptions.models import Subscription
from subscriptions.starting import NewSubscription, begin_subscriptions

State = OrderLine.State


def status_of(lines: Iterable[OrderLine]) -> Order.Status:
    """How far an order is carried out: pending while one of its lines is, then what was decided of all."""
    states = {line.state for line in lines}
    if State.PENDING in states:
        return Order.Status.PENDING
    if states == {State.REFUSED}:
        return Order.Status.REFUSED
    return Order.Status.PARTIAL if State.REFUSED in states else Order.Status.COMPLETED


def base_subscription_of(line: OrderLine) -> Subscription | None:
    """The subscription under which an add-on goes; None for a base, and while the base itself waits."""
    return line.base_line.subscription if line.base_line is not None else line.base_subscription


def start_lines(
    order: Order, lines: Sequence[OrderLine], *, by: Actor, subscription_ids: Mapping[int, UUID] | None = None
) -> None:
    """Start the subscriptions of these lines as they were ordered, and mark the lines; `subscription_ids` by place."""
    places = {id(line): place for place, line in enumerate(lines)}
    for line in lines:
        if line.base_line is not None and id(line.base_line) not in places and line.base_line.subscription is None:
            raise Refused(
                _("Fulfill %(base)s first: it is the base of this add-on.") % {"base": line.base_line.offer_name}
            )
    wanted = [
        NewSubscription(
            line.price,
            line.quantity,
            parent=base_subscription_of(line),
            under=places.get(id(line.base_line)) if line.base_line is not None else None,
            subscription_id=(subscription_ids or {}).get(place),
        )
        for place, line in enumerate(lines)
    ]
    started = begin_subscriptions(
        customer=order.customer,
        lines=wanted,
        reseller_of_record=order.reseller,
        support_contact=order.support_contact,
        by=by,
    )
    for line, subscription in zip(lines, started, strict=True):
        line.subscription = subscription
        mark(line, State.FULFILLED, by=by)


def mark(line: OrderLine, state: OrderLine.State, *, by: Actor, refusal: str = "") -> None:
    """Set what was decided, by whom and when; a line that waits again was decided by nobody."""
    decided = state != State.PENDING
    line.state, line.refusal = state, refusal
    line.decided_by = by.user if decided else None
    line.decided_at = clock.now() if decided else None
