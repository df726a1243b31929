"""Offers and what they cost."""

from decimal import Decimal

import pytest
from django.utils import translation

from customers.credentials.spelling import spelled
from orders.catalogue import OfferFilters, arranged, page_of_offers
from orders.money import bill_amount, bill_totals, price_words, summary_words, term_totals
from orders.offers import Market, offers_of_skus
from tests.orders.conftest import end, make_price, make_sku

pytestmark = pytest.mark.django_db
US = Market.of("US", "none")


def titles(filters: OfferFilters | None = None, market: Market = US) -> list[str]:
    """The listed offers in their order."""
    return [offer.sku.title for offer in page_of_offers(market, filters or OfferFilters()).offers]


def test_a_page_of_offers_shows_what_is_on_sale_for_this_kind_of_customer_here():
    make_price("Commercial Suite")
    make_price("School Suite", segment="Education")
    make_price("State Suite", segment="Government")
    make_price("Brazilian Suite", market="BR", currency="BRL")
    end(make_price("Ended Suite"))
    assert titles() == ["Commercial Suite"]
    assert titles(market=Market.of("US", "education")) == ["Commercial Suite", "School Suite"]
    assert titles(market=Market.of("US", "government")) == ["State Suite"]
    assert titles(market=Market.of("US", "state_owned")) == ["Commercial Suite"]
    assert titles(market=Market.of("US", "unknown")) == []


def test_a_page_of_offers_filters_by_words_segment_term_and_billing():
    sku = make_sku("Exchange Online (Plan 1)")
    make_price(sku), make_price(sku, billing_plan="Annual"), make_price(sku, term_duration="P1M")
    make_price("Teams Phone")
    assert titles(OfferFilters(q="ÉXCHANGE plan")) == ["Exchange Online (Plan 1)"] * 3
    assert titles(OfferFilters(q="exchange", term="P1M")) == ["Exchange Online (Plan 1)"]
    assert titles(OfferFilters(billing="Annual")) == ["Exchange Online (Plan 1)"]
    assert titles(OfferFilters(q="nothing like it")) == []


def test_tiers_are_one_offer_whose_price_follows_the_number():
    sku = make_sku("Server CAL")
    few = make_price(sku, "45", billing_plan="OneTime", term_duration="", pricing_tier_max=99)
    many = make_price(sku, "40", billing_plan="OneTime", term_duration="", pricing_tier_min=100, pricing_tier_max=500)
    [offer] = page_of_offers(US, OfferFilters()).offers
    assert [offer.price_for(number) for number in (1, 99, 100, 500, 501)] == [few, few, many, many, None]
    assert offer.hints == ["From 100 licenses: USD\u00a040.00 once"]


def test_add_ons_stand_under_their_base_and_chosen_offers_first():
    zebra = make_sku("Zebra Suite")
    make_price(zebra), make_price("Alpha Suite"), make_price(make_sku("Backup", needs=zebra)), make_price("Mail")
    listed = page_of_offers(US, OfferFilters()).offers
    assert [offer.sku.title for offer in arranged([], listed)] == ["Alpha Suite", "Mail", "Zebra Suite", "Backup"]
    chosen = [offer for offer in listed if offer.sku.title == "Mail"]
    assert [offer.sku.title for offer in arranged(chosen, listed)] == ["Mail", "Alpha Suite", "Zebra Suite", "Backup"]


@pytest.mark.parametrize(
    ("facts", "hints"),
    [
        ({}, []),
        ({"max_licenses": 300}, ["Up to 300 licenses"]),
        ({"min_licenses": 5}, ["5 licenses or more"]),
        ({"min_licenses": 5, "max_licenses": 1000}, ["5 to 1,000 licenses"]),
        ({"min_licenses": 25, "max_licenses": 25}, ["Always 25 licenses"]),
        ({"is_usage_based": True, "max_licenses": 1}, ["Billed by usage: enter 1 to select it."]),
    ],
)
def test_hints_say_only_what_is_unusual(facts, hints):
    price = make_price(make_sku("Suite", **facts))
    [offer] = offers_of_skus(US, [price.sku_id]).values()
    assert offer.hints == hints


# --- money ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("amount", "quantity", "bill"),
    [
        ("100.00", 1, "8.33"),
        ("100.00", 10, "83.33"),
        ("150.00", 25, "312.50"),
        ("0.06", 1, "0.01"),
        ("0.0599", 1, "0.00"),
    ],
)
def test_a_bill_is_the_lines_share_of_the_term_rounded_once(amount, quantity, bill):
    assert bill_amount(make_price("Suite", amount), quantity) == Decimal(bill)


def test_totals_stand_apart_per_billing_plan_term_and_currency():
    monthly, yearly = make_price("A", "120"), make_price("B", "60", billing_plan="Annual")
    triennial = make_price("C", "900", term_duration="P3Y", billing_plan="Annual")
    euro, azure = make_price("D", "12", currency="EUR"), make_price(make_sku("E", is_usage_based=True), "7")
    ordered = [(triennial, 1), (monthly, 5), (yearly, 2), (euro, 1), (azure, 1)]
    assert [(total.label, total.currency, total.amount) for total in bill_totals(ordered)] == [
        ("per month", "EUR", Decimal("1.00")),
        ("per month", "USD", Decimal("50.00")),
        ("per year", "USD", Decimal("420.00")),
    ]
    assert [(total.label, total.currency, total.amount) for total in term_totals(ordered)] == [
        ("1 year", "EUR", Decimal("12.00")),
        ("1 year", "USD", Decimal("720.00")),
        ("3 years", "USD", Decimal("900.00")),
    ]
    assert summary_words([]) == "Nothing selected yet"
    assert summary_words([(monthly, 1)]) == "1 offer · 1 license · USD\u00a010.00 per month"
    assert summary_words([(monthly, 1200), (azure, 1)]) == "2 offers · 1,200 licenses · USD\u00a012,000.00 per month"


def test_prices_are_written_as_the_language_writes_them():
    with translation.override("pt-br"):
        assert price_words(make_price("A", "14400")).startswith("USD\u00a01.200,00")


def test_a_trial_and_what_usage_decides_have_words_for_a_price():
    assert price_words(make_price(make_sku("Trial", is_trial=True), "0")) == "Free trial"
    assert price_words(make_price(make_sku("Azure plan", is_usage_based=True), "0")) == "By usage"


def test_a_password_is_spelled_with_its_capitals():
    assert spelled("Kx7-m") == "KILO x-ray 7 - mike"
