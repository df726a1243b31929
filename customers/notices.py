"""What the apps above this one have to say on a customer's Subscriptions page: they register when they are ready."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from accounts.access import Actor
from customers.models import Customer


@dataclass(frozen=True)
class Notice:
    """Something to know about the customer, and where to read more; tone as in components/inset.html."""

    tone: str
    text: str
    url: str
    label: str


# Asked with the customer and the reader, and answers only what the reader may know.
notice_sources: list[Callable[[Customer, Actor], Iterable[Notice]]] = []


def notices_of(customer: Customer, actor: Actor) -> list[Notice]:
    """Everything that is to be said, in the order in which the apps registered."""
    return [notice for source in notice_sources for notice in source(customer, actor)]
