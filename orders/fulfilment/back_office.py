"""People carry orders out: each line waits in the admin until somebody fulfills or refuses it."""

from collections.abc import Sequence

from accounts.access import Actor
from customers.models import Customer
from orders.models import Order, OrderLine


class BackOfficeFulfilment:
    """Leaves the lines pending, and a new customer's account to be confirmed."""

    new_customer_status: str = Customer.Status.PENDING

    def carry_out(self, order: Order, lines: Sequence[OrderLine], *, by: Actor) -> None:
        """Nothing is decided yet; fulfil_line() and refuse_line() decide."""
