"""One offer, and the people of tests.customers.conftest."""

import pytest

from catalogue.models import Price
from tests.customers.conftest import admin, provider, reseller, sales, signed_in
from tests.world import make_price

__all__ = ["admin", "price", "provider", "reseller", "sales", "signed_in"]


@pytest.fixture
def price(db: None) -> Price:
    """Business Standard in the United States, 150 dollars for a year."""
    return make_price()
