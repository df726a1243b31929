"""What is on sale, what it costs per bill, and that a stored price stays what it is."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from catalogue.models import Price, Sku
from core import clock
from core.exceptions import Refused
from tests.catalogue.files import PRICE, price, price_list
from tests.factories import PriceFactory, ProductFactory, SkuFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


def on_sale(country="US", at=NOW, segments=("Commercial",)):
    return list(Price.objects.on_sale(country=country, at=at, segments=segments))


def test_only_prices_of_the_market_and_the_segments_are_on_sale():
    offer = PriceFactory()
    school = PriceFactory(segment="Education")
    PriceFactory(market="BR", currency="BRL")
    assert on_sale() == [offer]
    assert on_sale(segments=["Education"]) == [school]
    assert on_sale(segments=["Education", "Commercial"]) == [offer, school]
    assert on_sale(segments=[]) == []


def test_only_prices_in_effect_are_on_sale():
    offer = PriceFactory(effective_from=NOW - timedelta(days=1), effective_to=NOW + timedelta(days=1))
    PriceFactory(effective_from=NOW + timedelta(seconds=1))
    PriceFactory(effective_to=NOW)
    PriceFactory(is_listed=False, sold_until=NOW - timedelta(days=1))
    assert on_sale() == [offer]
    assert on_sale(at=NOW - timedelta(days=1)) != []
    assert offer not in on_sale(at=NOW + timedelta(days=1))


def test_a_day_means_its_beginning():
    offer = PriceFactory(effective_from=datetime(2026, 7, 1, tzinfo=UTC))
    assert on_sale(at=date(2026, 7, 1)) == [offer]
    assert on_sale(at=date(2026, 6, 30)) == []


def test_only_skus_allowed_in_the_country_are_on_sale():
    allowed = PriceFactory(sku__allowed_countries=";BR;US;")
    unknown = PriceFactory(sku__allowed_countries="")
    PriceFactory(sku__allowed_countries=";BR;CA;")
    assert on_sale() == [allowed, unknown]
    assert [offer.sku.is_allowed_in("US") for offer in (allowed, unknown)] == [True, True]
    assert not allowed.sku.is_allowed_in("CA")


def test_a_withdrawn_sku_is_not_on_sale():
    PriceFactory(sku__withdrawn_at=NOW)
    later = PriceFactory(sku__withdrawn_at=NOW + timedelta(days=1))
    assert on_sale() == [later]


def test_offers_stand_by_product_sku_and_term():
    second, first = ProductFactory(title="Visio"), ProductFactory(title="Office")
    wanted = []
    for product in (first, second):
        for number in (1, 2):
            sku = SkuFactory(product=product, sku_id=f"000{number}", title=f"{product.title} {number}")
            wanted += [
                PriceFactory(sku=sku, term_duration=term, billing_plan=plan)
                for term, plan in (("P1M", "Monthly"), ("P1Y", "Annual"), ("P1Y", "Monthly"), ("P3Y", "Annual"))
            ]
    assert on_sale() == wanted


def test_offers_take_one_query_however_many_there_are():
    PriceFactory()
    for _round in range(2):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert [(offer.sku.product.title, str(offer), offer.period_price) for offer in on_sale()]
        assert len(queries) == 1
        PriceFactory.create_batch(3)


def test_prerequisites_of_many_offers_take_one_more_query():
    for _number in range(3):
        PriceFactory().sku.prerequisites.create(required_code="CFQ7TTC0LDPB/0001")
    offers = Price.objects.on_sale(country="US", at=NOW, segments=["Commercial"])
    with CaptureQueriesContext(connection) as queries:
        assert [offer.sku.prerequisite_codes for offer in offers.prefetch_related("sku__prerequisites")] == [
            ["CFQ7TTC0LDPB/0001"]
        ] * 3
    assert len(queries) == 2


def test_search_finds_every_word_whatever_its_accents():
    found = PriceFactory(sku__title="Edição Básica", sku__product__title="Pacote")
    PriceFactory(sku__title="Edição Completa", sku__product__title="Pacote")
    assert list(Price.objects.search("BASICA pacote")) == [found]
    assert list(Sku.objects.search("basica")) == [found.sku]
    assert list(Price.objects.search("basica 100%")) == []


@pytest.mark.parametrize(
    ("term", "plan", "total", "bill", "month"),
    [
        ("P1M", "Monthly", "15.00", "15.00", "15.00"),
        ("P1Y", "Monthly", "150.00", "12.50", "12.50"),
        ("P1Y", "Annual", "150.00", "150.00", "12.50"),
        ("P1Y", "Monthly", "100.00", "8.33", "8.33"),
        ("P1Y", "Monthly", "0.06", "0.01", "0.01"),
        ("P3Y", "Monthly", "450.00", "12.50", "12.50"),
        ("P3Y", "Annual", "450.00", "150.00", "12.50"),
        ("P3Y", "Triennial", "450.00", "450.00", "12.50"),
        ("", "OneTime", "613.45", "613.45", "613.45"),
        ("P1M", "None", "0", "0.00", "0.00"),
        ("", "None", "0", "0.00", "0.00"),
    ],
)
def test_the_price_of_the_term_is_spread_over_its_bills(term, plan, total, bill, month):
    offer = PriceFactory(term_duration=term, billing_plan=plan, unit_price=Decimal(total), erp_price=Decimal(total))
    offer = Price.objects.get(pk=offer.pk)
    assert (str(offer.period_price), str(offer.monthly_price)) == (bill, month)
    assert offer.period_erp_price == offer.period_price
    assert offer.term_price == Decimal(total)


def test_terms_and_plans_have_words():
    offer = PriceFactory()
    assert (offer.term_label, offer.billing_label) == ("1 year", "Monthly")
    assert PriceFactory(term_duration="", billing_plan="OneTime").term_label == "No term"


def test_quantities_have_limits_even_where_the_matrix_names_none():
    assert SkuFactory().quantity_limits == (1, 10_000_000)
    assert SkuFactory(min_licenses=0, max_licenses=300).quantity_limits == (1, 300)
    assert SkuFactory(min_licenses=25, max_licenses=25).quantity_limits == (25, 25)


def test_a_stored_price_can_be_ended_and_nothing_else():
    offer = PriceFactory()
    offer.unit_price = Decimal("1")
    for change in (
        offer.save,
        lambda: offer.save(update_fields=["unit_price"]),
        offer.delete,
        lambda: Price.objects.update(unit_price=1),
        lambda: Price.objects.update(is_listed=False, sold_until=NOW, market="BR"),
        lambda: Price.objects.all().delete(),
    ):
        with pytest.raises(Refused):
            change()
    offer.is_listed, offer.sold_until = False, NOW
    offer.save(update_fields=["is_listed", "sold_until"])
    stored = Price.objects.get()
    assert (stored.unit_price, stored.market, stored.sold_until) == (Decimal("150"), "US", NOW)


def test_the_database_itself_refuses_another_amount():
    PriceFactory()
    with pytest.raises(Exception, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE catalogue_price SET unit_price = 1")
    assert Price.objects.get().unit_price == Decimal("150")


def test_a_key_is_listed_once():
    offer = PriceFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        PriceFactory(sku=offer.sku, unit_price=1)
    PriceFactory(sku=offer.sku, is_listed=False, sold_until=NOW)


def test_a_price_on_which_an_order_stands_survives_every_list(load):
    load(price_list(PRICE, price(SkuId="2")))
    ordered = Price.objects.get(sku__sku_id="0001")
    before = Price.objects.filter(pk=ordered.pk).values(
        "sku", "market", "currency", "term_duration", "billing_plan", "segment", "unit_price", "erp_price",
        "effective_from", "effective_to", "pricing_tier_min", "pricing_tier_max", "sold_from",
    ).get()  # fmt: skip
    for data in (
        price_list(price(UnitPrice="999.00", ERP="1000.00")),
        price_list(price(SkuId="2")),
        price_list(price(EffectiveStartDate="3/1/2023 0:00", SkuTitle="Renamed")),
        price_list(price(Currency="EUR")),
    ):
        load(data)
        assert Price.objects.filter(pk=ordered.pk).values(*before).get() == before
    assert Price.objects.get(pk=ordered.pk).sold_until <= clock.now()
