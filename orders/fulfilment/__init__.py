"""Who carries orders out: one interface, and the implementation that settings.FULFILMENT names.

Placing an order, deciding a line and trying a refused one again go through here. Nothing outside this package asks
which implementation is in use: what became of an order is said by its lines, and of all of them by its status.
"""

from django.conf import settings

from orders.fulfilment.back_office import BackOfficeFulfilment
from orders.fulfilment.interface import Fulfilment
from orders.fulfilment.local import LocalFulfilment

IMPLEMENTATIONS: dict[str, Fulfilment] = {"local": LocalFulfilment(), "back_office": BackOfficeFulfilment()}


def fulfilment_in_use() -> Fulfilment:
    """The one that this installation has chosen."""
    return IMPLEMENTATIONS[settings.FULFILMENT]
