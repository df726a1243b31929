"""Order the same again: a draft for the same customer with the lines that can still be ordered, at today's prices."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.access import Actor, require
from accounts.roles import Permission
from customers.account_status import require_active_account
from customers.models import Customer
from customers.services import PartnershipRequired
from orders.checks import (
    Line,
    base_missing,
    limit_problems,
    market_of,
    quantity_problem,
    resolved,
    with_parents,
)
from orders.models import Order, OrderDraft, OrderDraftLine
from orders.owned import Owned, owned_subscriptions, standing_of
from orders.services import start_draft


@dataclass(frozen=True)
class Repeated:
    """The new draft, and in sentences what of the order is not in it."""

    draft: OrderDraft
    left_out: list[str]


@transaction.atomic
def repeat_order(*, order: Order, by: Actor) -> Repeated:
    """Start a draft with the lines of an order, as far as they can be ordered today; nothing is placed by it.

    Its reseller is suggested; that one, and that something is to be ordered once more, a person says on the next page.
    """
    require(by, Permission.VIEW_ORDERS, order)
    customer = Customer.objects.select_related("provider").get(pk=order.customer_id)
    require_active_account(customer)
    left_out = []
    try:
        draft = start_draft(reseller=order.reseller, customer=customer, is_suggestion=True, by=by)
    except PartnershipRequired as refusal:
        left_out.append(str(refusal))
        draft = start_draft(reseller=None, customer=customer, is_suggestion=True, by=by)
    rows = order.lines.select_related("price__sku__product")
    copies = [OrderDraftLine(draft=draft, price=row.price, quantity=row.quantity) for row in rows]
    kept, reasons = _possible(draft, resolved(market_of(draft), copies))
    OrderDraftLine.objects.bulk_create(
        OrderDraftLine(draft=draft, price=line.price, quantity=line.quantity) for line in kept if line.price
    )
    return Repeated(draft, [*left_out, *reasons])


def _possible(draft: OrderDraft, lines: Sequence[Line]) -> tuple[list[Line], list[str]]:
    """The lines that can be ordered, and for each other one the sentence that says why not."""
    owned = owned_subscriptions(draft.customer, [line.sku for line in lines])
    kept: list[Line] = []
    reasons = []
    for line in lines:
        known = replace(line, standing=standing_of(line.sku, owned, draft.customer))
        if problem := _problem(known, kept, owned):
            reasons.append(problem)
        else:
            kept.append(known)
    _waves, homeless = with_parents(kept, owned)
    return [line for line in kept if line not in homeless], [*reasons, *(base_missing(line) for line in homeless)]


def _problem(line: Line, kept: Sequence[Line], owned: Sequence[Owned]) -> str:
    """Why the line cannot be ordered beside those that can, or nothing."""
    if line.offer is None:
        return _("%(offer)s is no longer on sale for this customer.") % {"offer": line.name}
    if line.standing.suspension:
        return line.standing.suspension.text
    return quantity_problem(line.offer, line.quantity) or next(iter(limit_problems([*kept, line], owned)), "")
