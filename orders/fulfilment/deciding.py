"""What is decided of lines that wait, and of refused ones that are tried again: each decision recorded and told."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.access import Actor, can
from accounts.roles import Permission
from activity.services import record
from core import clock
from core.exceptions import InvalidTransition, NotPermitted, Refused
from customers.account_status import require_account_to_come, set_up_account
from customers.changes import mark_changed
from orders.fulfilment import fulfilment_in_use
from orders.fulfilment.interface import Fulfilment
from orders.fulfilment.letters import tell_of_decision
from orders.fulfilment.lines import mark, start_lines, status_of
from orders.models import Order, OrderLine
from subscriptions.models import Subscription
from subscriptions.starting import lock_partners

State = OrderLine.State
LONGEST_REASON = 500


@dataclass
class Held:
    """An order that nobody else decides until the transaction ends, with one of its lines and all of them."""

    order: Order
    line: OrderLine
    lines: list[OrderLine]


@transaction.atomic
def fulfil_line(*, line: OrderLine, subscription_id: UUID | None = None, by: Actor) -> OrderLine:
    """Start the subscription of a line that waits, under the ID that the programme gave it, or one of the portal's.

    With its first subscription a new customer's account is set up. Raises SubscriptionIdTaken, and Refused for what
    keeps the subscription from starting today.
    """
    _require_office(by)
    held = _hold(line)
    _require_state(held.line, State.PENDING)
    _require_base(held.line)
    _require_partners(held.order)
    set_up_account(customer=held.order.customer, by=by)
    given = {0: subscription_id} if subscription_id else None
    start_lines(held.order, [held.line], by=by, subscription_ids=given)
    assert held.line.subscription is not None
    record(
        "order.line_fulfilled",
        held.order,
        by=by,
        offer=held.line.offer_name,
        quantity=held.line.quantity,
        subscription=held.line.subscription.subscription_id,
        state=[State.PENDING, State.FULFILLED],
    )
    return _keep(held, [held.line])


@transaction.atomic
def refuse_line(*, line: OrderLine, reason: str, by: Actor) -> OrderLine:
    """Refuse a line that waits, with the reason that the people who ordered read; add-ons of it go with it."""
    _require_office(by)
    reason = reason.strip()
    if not reason:
        raise Refused(_("Give a reason: who placed the order will ask for it."))
    held = _hold(line)
    _require_state(held.line, State.PENDING)
    mark(held.line, State.REFUSED, by=by, refusal=reason[:LONGEST_REASON])
    refused = [held.line]
    for one in held.lines:
        if one.state == State.PENDING and one.base_line is not None and one.base_line.state == State.REFUSED:
            mark(one, State.REFUSED, by=by, refusal=_base_refused(held.order, one.base_line))
            refused.append(one)
    for one in refused:
        states = [State.PENDING, State.REFUSED]
        record("order.line_refused", held.order, by=by, offer=one.offer_name, state=states, reason=one.refusal)
    return _keep(held, refused)


@transaction.atomic
def retry_line(*, line: OrderLine, by: Actor, fulfilment: Fulfilment | None = None) -> OrderLine:
    """Let a refused line wait again, or carry it out at once where that is how this installation does it.

    For who may place orders for the customer, and for the back office, which may have refused by mistake.
    """
    held = _hold(line)
    if not _is_office(by) and not can(by, Permission.PLACE_ORDER, held.order.customer):
        raise NotPermitted(f"{by.label} does not order for {held.order.customer}.")
    _require_state(held.line, State.REFUSED)
    if held.line.base_line is not None and held.line.base_line.state == State.REFUSED:
        raise Refused(_("Try %(base)s again first: it is the base of this add-on.") % _base_name(held.line.base_line))
    _require_partners(held.order)
    require_account_to_come(held.order.customer)
    mark(held.line, State.PENDING, by=by)
    what = {"offer": held.line.offer_name, "quantity": held.line.quantity, "state": [State.REFUSED, State.PENDING]}
    record("order.line_retried", held.order, by=by, **what)
    (fulfilment or fulfilment_in_use()).carry_out(held.order, [held.line], by=by)
    return _keep(held, [held.line], tell=False)


# --- who may, and in which state --------------------------------------------------------------------------------------
def _is_office(by: Actor) -> bool:
    return by.user is not None and by.user.is_staff


def _require_office(by: Actor) -> None:
    if not _is_office(by):
        raise NotPermitted(f"{by.label} does not carry orders out.")


def _require_state(line: OrderLine, wanted: OrderLine.State) -> None:
    if line.state != wanted:
        text = _("%(offer)s of this order is already in this state: %(state)s.")
        raise InvalidTransition(text % {"offer": line.offer_name, "state": line.get_state_display()})


def _require_base(line: OrderLine) -> None:
    """An add-on starts under a subscription that runs."""
    base, kept = line.base_line, line.base_subscription
    if base is not None and base.state != State.FULFILLED:
        raise Refused(_("Fulfill %(base)s first: it is the base of this add-on.") % _base_name(base))
    started = base.subscription if base is not None else kept
    if started is not None and started.status != Subscription.Status.ACTIVE:
        raise Refused(_("The subscription under which this add-on goes is not active. Refuse the line."))


def _base_name(base: OrderLine) -> dict[str, str]:
    return {"base": base.offer_name}


def _base_refused(order: Order, base: OrderLine) -> str:
    """Why an add-on goes with its base, in the language of the person who will read it."""
    with translation.override(order.placed_by.language):
        return _("Its base %(base)s was refused.") % _base_name(base)


def _require_partners(order: Order) -> None:
    """Hold the partnerships before the customer, as everybody does; refuse when no business may be done with one."""
    lock_partners(order.customer, order.reseller, order.support_contact)


# --- hold and keep ----------------------------------------------------------------------------------------------------
def _hold(line: OrderLine) -> Held:
    """The order, held before anything else is: of two people who decide, the second sees what the first did."""
    # Two queries: a join in the one that waits for the lock would show the related rows of before the wait.
    list(Order.objects.select_for_update(no_key=True).filter(pk=line.order_id).values_list("pk"))
    related = ("customer__provider", "provider", "reseller", "support_contact", "placed_by")
    order = Order.objects.select_related(*related).get(pk=line.order_id)
    lines = list(order.lines.select_related("price__sku__product", "subscription", "base_subscription").order_by("pk"))
    by_key = {one.pk: one for one in lines}
    for one in lines:
        one.order = order
        one.base_line = by_key[one.base_line_id] if one.base_line_id else None
    return Held(order, by_key[line.pk], lines)


def _keep(held: Held, changed: Iterable[OrderLine], *, tell: bool = True) -> OrderLine:
    """Write the changed lines and the status of the order that follows; tell who placed it."""
    order, changed = held.order, list(changed)
    for one in changed:
        one.save(update_fields=["state", "refusal", "subscription", "decided_by", "decided_at"])
    order.status = status_of(held.lines)
    order.save(update_fields=["status"])
    mark_changed(order.customer_id, at=clock.now())
    if tell:
        tell_of_decision(order, held.lines, changed)
    return held.line
