"""What is asked for: lines as a request keeps them, as the pages of an order read them, and in words."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from accounts.access import Actor
from accounts.models import Partner
from catalogue.models import Price
from customers.models import Customer
from orders.checks import SUBSCRIPTIONS, Line, market_of, resolved, with_standing
from orders.models import OrderDraft, OrderDraftLine
from orders.owned import Owned
from subscriptions.models import ChangeRequest

Kind = ChangeRequest.Kind
LINES, TYPED, SUPPORTS = "lines", "typed", "supports"


# --- as pages of an order read it -------------------------------------------------------------------------------------
def unsaved_draft(customer: Customer, reseller: Partner, values: Mapping[str, Any], **facts: Any) -> OrderDraft:
    """What the order would be made from; it is saved when it is placed and not before."""
    typed = values.get(TYPED)
    return OrderDraft(
        provider=customer.provider,
        customer=customer,
        reseller=reseller,
        support_contact=reseller if values.get(SUPPORTS) else None,
        typed={SUBSCRIPTIONS: typed} if typed else {},
        **facts,
    )


class Wanted:
    """What is asked for, with the draft that it would be ordered from; read once, whatever is said of it.

    A reseller reads only of its own orders what is not set up yet.
    """

    def __init__(self, draft: OrderDraft, values: dict[str, Any], reader: Actor) -> None:
        self.draft, self.values, self.reader = draft, values, reader

    @classmethod
    def by(cls, request: ChangeRequest, reader: Actor) -> "Wanted":
        """The same of a request, whose number becomes that of the draft, so that it never becomes two."""
        values = request.values
        draft = unsaved_draft(request.customer, request.reseller, values, public_id=request.public_id)
        return cls(draft, values, reader)

    @cached_property
    def prices(self) -> dict[int, Price]:
        """The price rows from which was chosen, with their offers (one query)."""
        keys = [one["price"] for one in self.values.get(LINES, ())]
        return Price.objects.select_related("sku__product").in_bulk(keys) if keys else {}

    @cached_property
    def kept(self) -> list[OrderDraftLine]:
        """The chosen offers, none of them saved; what the price list has lost is not among them."""
        return [
            OrderDraftLine(
                draft=self.draft,
                price=self.prices[one["price"]],
                quantity=one["quantity"],
                confirmed_beside=one["beside"] or None,
            )
            for one in self.values.get(LINES, ())
            if one["price"] in self.prices
        ]

    @property
    def priced_lines(self) -> list[Line]:
        """The same at today's prices (two queries more)."""
        return resolved(market_of(self.draft), self.kept)

    @cached_property
    def lines(self) -> list[Line]:
        """Each with what the customer has of it besides (two queries more)."""
        reader = self.reader if self.reader.is_reseller else None
        return with_standing(self.draft, self.priced_lines, reader)


# --- as it is kept ----------------------------------------------------------------------------------------------------
def values_of(lines: Iterable[OrderDraftLine], *, supports: bool) -> dict[str, Any]:
    """What a request keeps: the chosen offers, whose names are for lists alone, and whether the reseller answers."""
    return {
        SUPPORTS: supports,
        LINES: [
            {
                "price": line.price_id,
                "quantity": line.quantity,
                "beside": line.confirmed_beside or 0,
                "offer": line.price.sku.title,
            }
            for line in lines
        ],
    }


def edition_of(values: Mapping[str, Any]) -> int:
    """A number of at most nine digits that stands for what is kept: a page sends it back, so both speak of the same."""
    text = json.dumps([values.get(LINES, []), values.get(TYPED, {}), values.get(SUPPORTS, False)], sort_keys=True)
    return int(hashlib.sha256(text.encode()).hexdigest()[:7], 16)


def owned_before(lines: Sequence[Line]) -> dict[str, Any]:
    """What the customer has of each offer, as far as it is set up: [licenses, whether one is suspended]."""
    return {"owned": {str(line.chosen.pk): _owned(line) for line in lines}}


def _owned(line: Line) -> list[Any]:
    return [sum(one.quantity for one in _set_up(line.standing.having)), line.standing.suspension is not None]


def _set_up(having: Iterable[Owned]) -> list[Owned]:
    return [one for one in having if one.pk is not None]


def changed_rows(lines: Sequence[Line], before: Mapping[str, Any]) -> list[tuple[str, list[Any], list[Any]]]:
    """Of which offers the customer has something else now: (offer, as it was, as it is)."""
    kept = before.get("owned", {})
    rows = [(line.name, kept.get(str(line.chosen.pk), [0, False]), _owned(line)) for line in lines]
    return [row for row in rows if row[1] != row[2]]
