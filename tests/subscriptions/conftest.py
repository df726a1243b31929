"""One offer, the people of tests.customers.conftest, and for the pages of resellers those of tests.resellers."""

import pytest

from catalogue.models import Price
from tests.customers.conftest import admin, provider, reseller, sales, signed_in
from tests.resellers.conftest import fabrikam, helpdesk, northwind, riley, sender, tailwind
from tests.world import make_price

__all__ = [
    "admin",
    "fabrikam",
    "helpdesk",
    "northwind",
    "price",
    "provider",
    "reseller",
    "riley",
    "sales",
    "sender",
    "signed_in",
    "tailwind",
]


@pytest.fixture
def price(db: None) -> Price:
    """Business Standard in the United States, 150 dollars for a year."""
    return make_price()
