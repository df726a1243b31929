"""The demo's catalogue: both formats with all their columns, and something of everything that is sold."""

import csv
from pathlib import Path

import pytest
from django.conf import settings

from accounts.access import system_actor
from catalogue.models import CatalogueImport, Price, Sku
from catalogue.services import import_file
from core import clock
from tests.catalogue.files import OFFER_MATRIX, PRICE_LIST

FILES = sorted((Path(settings.BASE_DIR) / "demo" / "catalogue").glob("*.csv"))
BY = system_actor("demo data")


@pytest.fixture
def demo(db):
    return [import_file(file=path, by=BY) for path in FILES]


def test_the_files_have_every_column_of_their_format():
    headings = {}
    for path in FILES:
        with path.open(encoding="utf-8-sig", newline="") as file:
            headings[path.name] = tuple(next(csv.reader(file)))
    assert headings == {
        "offer-matrix.csv": OFFER_MATRIX, "price-list-br.csv": PRICE_LIST, "price-list-us.csv": PRICE_LIST,
    }  # fmt: skip


def test_the_demo_sells_something_of_everything(demo):
    assert [job.state for job in demo] == [CatalogueImport.State.DONE] * 3
    assert Sku.objects.count() >= 40
    assert not Sku.objects.filter(prices=None).exists()
    for country, currency in (("US", "USD"), ("BR", "BRL")):
        offers = Price.objects.on_sale(country=country, at=clock.now(), segments=["Commercial", "Education"])
        assert {offer.currency for offer in offers} == {currency}
        assert {("P1M", "Monthly"), ("P1Y", "Monthly"), ("P1Y", "Annual"), ("P3Y", "Triennial")} <= {
            (offer.term_duration, offer.billing_plan) for offer in offers
        }
        assert {offer.segment for offer in offers} == {"Commercial", "Education"}
        assert [offer.sku.code for offer in offers if offer.sku.is_usage_based] == ["DZH318Z0BPS6/0001"]
        assert [offer.unit_price for offer in offers if offer.sku.is_trial] == [0]
        add_ons = {offer.sku for offer in offers if offer.sku.is_add_on}
        assert len(add_ons) == 2
        assert all(len(sku.prerequisite_skus) == len(sku.prerequisite_codes) > 0 for sku in add_ons)
    paid = Sku.objects.filter(is_trial=False).exclude(conversions=None)
    assert paid.count() == 3
    assert all(len(sku.conversion_skus) == len(sku.conversion_codes) > 0 for sku in paid)


def test_loading_the_demo_again_changes_nothing(demo):
    assert [(job.added, job.changed, job.ended) for job in [import_file(file=path, by=BY) for path in FILES]] == [
        (0, 0, 0)
    ] * 3
