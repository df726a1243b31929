"""What an order asks of whoever carries it out."""

from collections.abc import Sequence
from typing import Protocol

from accounts.access import Actor
from orders.models import Order, OrderLine


class Fulfilment(Protocol):
    """Carries orders out, at once or later."""

    # Of a customer that comes with its first order: active, or pending until somebody confirms its account.
    new_customer_status: str

    def carry_out(self, order: Order, lines: Sequence[OrderLine], *, by: Actor) -> None:
        """Decide what can be decided at once of these pending lines, in the caller's transaction.

        Bases come before their add-ons. The lines are changed and not saved: the caller writes them, with the status
        of the order that follows from them. What raises undoes the whole order.
        """
