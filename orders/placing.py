"""From reviewed lines to an order: written once, carried out by whoever this installation has chosen, confirmed."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.utils import translation

from accounts.access import Actor
from activity.services import record
from core import clock
from core.bulk import create_under_parents
from core.html import number_text
from customers.changes import mark_changed
from customers.models import Customer
from mail.services import queue_email
from orders.checks import Line, ordered, with_parents
from orders.fulfilment.interface import Fulfilment
from orders.fulfilment.lines import status_of
from orders.models import Order, OrderDraft, OrderLine
from orders.money import bill_totals, price_words, term_words


def place_order(
    *,
    draft: OrderDraft,
    customer: Customer,
    lines: Sequence[Line],
    attestation: str,
    fulfilment: Fulfilment,
    by: Actor,
) -> Order:
    """Write the order of a draft and let it be carried out; the caller has checked everything and holds the draft."""
    assert by.user is not None
    order = Order(
        customer=customer,
        provider=draft.provider,
        reseller=draft.reseller,
        support_contact=draft.support_contact,
        placed_by=by.user,
        currency=next(line.price.currency for line in lines if line.price),
        attestation=attestation,
    )
    written = list(_order_lines(order, draft, lines))
    fulfilment.carry_out(order, written, by=by)
    order.status = status_of(written)
    order.save()
    create_under_parents(written, "base_line")
    if not draft.makes_customer:
        mark_changed(customer.pk, at=clock.now())
    record(
        "order.placed",
        order,
        by=by,
        number=order.number,
        currency=order.currency,
        attestation=order.attestation,
        lines=_lines_for_record(lines),
    )
    _confirm_by_mail(order, lines, makes_customer=draft.makes_customer)
    return order


def _order_lines(order: Order, draft: OrderDraft, lines: Sequence[Line]) -> Iterator[OrderLine]:
    """The lines as they are kept, each base before its add-ons."""
    made: dict[int, OrderLine] = {}
    waves, _homeless = with_parents(lines, lines[0].owned)
    for placed in (one for wave in waves for one in wave):
        line, price = placed.line, placed.line.price
        assert price is not None
        made[id(line)] = OrderLine(
            order=order,
            sku=line.sku,
            price=price,
            base_line=made[id(placed.base_line)] if placed.base_line else None,
            base_subscription_id=placed.base_subscription,
            offer_name=line.name,
            quantity=line.quantity,
            unit_price=price.unit_price,
            erp_price=price.erp_price,
            term_duration=price.term_duration,
            billing_plan=price.billing_plan,
            state=OrderLine.State.PENDING,
        )
        yield made[id(line)]


def _lines_for_record(lines: Sequence[Line]) -> list[dict[str, Any]]:
    return [
        {
            "offer": line.name,
            "sku": line.sku.code,
            "quantity": line.quantity,
            "unit_price": line.price.unit_price if line.price else None,
            "term": line.chosen.term_duration,
            "billing": line.chosen.billing_plan,
        }
        for line in lines
    ]


def _confirm_by_mail(order: Order, lines: Sequence[Line], *, makes_customer: bool) -> None:
    """Tell the person who placed it what was ordered; nothing secret goes by mail."""
    user = order.placed_by
    if not user.email:
        return
    with translation.override(user.language):
        line_words = [
            {
                "offer": line.name,
                "licenses": number_text(line.quantity),
                "price": price_words(line.price) if line.price else "",
                "term": term_words(line.price) if line.price else "",
            }
            for line in lines
        ]
        totals = [f"{total.money} {total.label}" for total in bill_totals(ordered(lines))]
        reseller_name = order.reseller.name_and_mpn if order.reseller else ""
    queue_email(
        "order_placed",
        to=user.email,
        language=user.language,
        context={
            "name": user.full_name,
            "number": order.number,
            "customer_name": order.customer.company_name,
            "customer_domain": order.customer.domain,
            "customer_is_new": makes_customer,
            "customer_path": order.customer.get_absolute_url(),
            "reseller_name": reseller_name,
            "lines": line_words,
            "totals": totals,
        },
        about=order,
    )
