"""A catalogue of any size: pages, filters, add-ons under their base, and what is chosen on pages one has left."""

import re

import pytest
from django.urls import reverse

from catalogue.models import Price, Product, Sku, SkuPrerequisite
from catalogue.models.products import sku_search_text
from core import clock
from orders.catalogue import ADD_ON, BASE, PER_PAGE, TRIAL, OfferFilters, page_of_offers, publishers
from orders.models import OrderDraft
from orders.offers import Market
from orders.services import choose_offers, save_details
from tests.contracts import html_faults
from tests.orders.conftest import make_details, make_price, make_sku, signed_in

pytestmark = pytest.mark.django_db
US = Market.of("US", "none")
MANY = 5000
LARGEST_PAGE = 200_000


def titles(filters: OfferFilters | None = None, number: int = 1) -> list[str]:
    """The offers of a page in their order."""
    return [offer.sku.title for offer in page_of_offers(US, filters or OfferFilters(), number).offers]


def fill(number: int) -> list[Price]:
    """So many offers: each tenth is an add-on of the base nine places before it, with a long description."""
    now = clock.now()
    products = Product.objects.bulk_create(
        Product(product_id=f"BULK{n:05d}", title=f"Suite {n:05d}", publisher="Microsoft") for n in range(number)
    )
    skus = []
    for n, product in enumerate(products):
        code = f"{product.product_id}/0001"
        words = sku_search_text(product.title, product.publisher, product.title, code)
        facts = {"title": product.title, "description": "What it is good for. " * 60, "is_add_on": n % 10 == 9}
        skus.append(Sku(product=product, sku_id="0001", code=code, search_text=words, **facts))
    Sku.objects.bulk_create(skus)
    SkuPrerequisite.objects.bulk_create(
        SkuPrerequisite(sku=sku, required_code=skus[n - 9].code) for n, sku in enumerate(skus) if sku.is_add_on
    )
    shared = {"market": "US", "currency": "USD", "term_duration": "P1Y", "term_months": 12, "billing_plan": "Monthly"}
    return Price.objects.bulk_create(
        Price(sku=sku, segment="Commercial", unit_price=120, sold_from=now, **shared) for sku in skus
    )


def url(name: str, draft: OrderDraft) -> str:
    """The address of a page of the draft."""
    return reverse(f"orders:{name}", args=[draft.public_id])


@pytest.fixture
def detailed(draft, sales) -> OrderDraft:
    """Its details are known, and nothing is chosen yet."""
    return save_details(draft=draft, details=make_details(), reseller=None, by=sales)


# --- arranging --------------------------------------------------------------------------------------------------------
def test_every_offer_is_on_one_page_and_add_ons_stand_under_their_base():
    fill(230)
    pages = [page_of_offers(US, OfferFilters(), number) for number in range(1, 6)]
    assert {(page.count, page.pages) for page in pages} == {(230, 5)}
    assert all(len(page.offers) <= PER_PAGE for page in pages)
    assert [page.start for page in pages] == [1, *(page.end + 1 for page in pages[:-1])]
    rows = [offer.sku.title for page in pages for offer in page.offers]
    assert len(set(rows)) == len(rows) == 230
    assert rows[:3] == ["Suite 00000", "Suite 00009", "Suite 00001"]


def test_a_base_and_its_add_ons_are_not_parted_by_a_page():
    for number in range(PER_PAGE - 1):
        make_price(f"Alpha {number:02d}")
    zebra = make_sku("Zebra")
    make_price(zebra), make_price(make_sku("Backup", needs=zebra))
    assert titles()[-1] == f"Alpha {PER_PAGE - 2:02d}"
    assert titles(number=2) == ["Zebra", "Backup"]


def test_a_family_larger_than_a_page_goes_on_on_the_next():
    zebra = make_sku("Zebra")
    make_price(zebra)
    for number in range(PER_PAGE):
        make_price(make_sku(f"Add-on {number:02d}", needs=zebra))
    assert titles()[:2] == ["Zebra", "Add-on 00"]
    assert titles(number=2) == [f"Add-on {PER_PAGE - 1:02d}"]


def test_an_add_on_stands_under_its_base_once_though_it_has_several_and_each_is_sold_in_several_ways():
    alpha, zebra = make_sku("Alpha"), make_sku("Zebra")
    add_on = make_sku("Mail backup", needs=zebra)
    add_on.prerequisites.create(required_code=alpha.code)
    for sku in (alpha, zebra, add_on):
        make_price(sku), make_price(sku, term_duration="P1M")
    assert titles() == ["Alpha", "Alpha", "Mail backup", "Mail backup", "Zebra", "Zebra"]
    assert titles(OfferFilters(q="zebra")) == ["Zebra", "Zebra"]
    assert titles(OfferFilters(q="backup")) == ["Mail backup", "Mail backup"]


def test_tiers_take_no_place_of_their_own():
    sku = make_sku("Server CAL")
    for least in (1, 100, 500):
        make_price(sku, pricing_tier_min=least, pricing_tier_max=least + 50)
    page = page_of_offers(US, OfferFilters())
    assert (page.count, len(page.offers[0].prices)) == (1, 3)


@pytest.mark.parametrize("number", [-1, 0, 1, 2, 10**6])
def test_a_page_that_there_is_not_is_the_first_or_the_last(number):
    make_price("Suite")
    assert titles(number=number) == ["Suite"]


# --- filters ----------------------------------------------------------------------------------------------------------
def test_the_kind_is_a_base_an_add_on_or_a_trial():
    suite = make_sku("Suite")
    make_price(suite), make_price(make_sku("Backup", needs=suite)), make_price(make_sku("Try it", is_trial=True), "0")
    assert titles(OfferFilters(kind=BASE)) == ["Suite"]
    assert titles(OfferFilters(kind=ADD_ON)) == ["Backup"]
    assert titles(OfferFilters(kind=TRIAL)) == ["Try it"]


def test_publishers_are_those_who_sell_something_here():
    make_price("Suite")
    acme = make_sku("Acme Backup")
    Product.objects.filter(pk=acme.product_id).update(publisher="Acme")
    nobody = make_sku("Nowhere")
    Product.objects.filter(pk=nobody.product_id).update(publisher="Nobody")
    make_price(acme), make_price(nobody, market="BR", currency="BRL")
    assert publishers(US) == ["Acme", "Microsoft"]
    assert titles(OfferFilters(publisher="Acme")) == ["Acme Backup"]


def test_the_filters_are_on_the_page_and_in_the_address(detailed, sales):
    acme = make_sku("Acme Backup")
    Product.objects.filter(pk=acme.product_id).update(publisher="Acme")
    make_price(acme), make_price("Suite")
    client = signed_in(sales)
    answer = client.post(url("update_offers", detailed), {"publisher": "Acme", "kind": "base", "page": "1"})
    assert answer.url == f"{url('subscriptions', detailed)}?publisher=Acme&kind=base"
    text = client.get(answer.url).content.decode()
    assert re.findall(r'class="offer-title">([^<]*)', text) == ["Acme Backup"]
    assert '<option value="Acme" selected>Acme</option>' in text


# --- pages ------------------------------------------------------------------------------------------------------------
def test_new_subscription_works_with_thousands_of_offers(detailed, sales, django_assert_max_num_queries):
    prices = fill(MANY)
    choose_offers(draft=detailed, quantities={prices[4321]: 7, prices[17]: 3}, by=sales)
    client = signed_in(sales)
    client.get(url("confirm_cancel", detailed))  # the first page of a session also keeps when it was seen
    for query in ("", "?page=60", "?page=100", "?q=suite+0&kind=base", "?q=00017"):
        with django_assert_max_num_queries(13):
            page = client.get(f"{url('subscriptions', detailed)}{query}")
        text = page.content.decode()
        assert len(page.content) < LARGEST_PAGE
        assert html_faults(text) == []
        rows = re.findall(r'class="offer-title">([^<]*)', text)
        assert rows[:2] == ["Suite 04321", "Suite 00017"], query
        assert f'name="licenses-{prices[4321].pk}" value="7"' in text
        assert "2 offers · 10 licenses · USD\u00a0100.00 per month" in text
    assert "Offers 1 to 50 of 5,000." in client.get(url("subscriptions", detailed)).content.decode()


def test_what_is_typed_on_a_page_is_kept_on_the_next_and_beyond_a_search(detailed, sales):
    prices = fill(120)
    client = signed_in(sales)
    data = {f"licenses-{prices[0].pk}": "4", "at": "1", "page": "2", "q": "suite"}
    answer = client.post(url("update_offers", detailed), data)
    assert answer.url == f"{url('subscriptions', detailed)}?q=suite&page=2"
    second = client.get(answer.url).content.decode()
    assert f'name="licenses-{prices[0].pk}" value="4"' in second
    assert "Page 2 of 3" in second
    data = {f"licenses-{prices[0].pk}": "4", f"licenses-{prices[60].pk}": "5", "at": "2", "page": "1", "q": "00119"}
    client.post(url("update_offers", detailed), data)
    assert [(line.price, line.quantity) for line in detailed.lines.all()] == [(prices[0], 4), (prices[60], 5)]


def test_a_mistake_shows_the_page_that_was_open_or_asked_for(detailed, sales):
    prices = fill(120)
    client = signed_in(sales)
    for data, number in (({"at": "2"}, 2), ({"at": "2", "page": "3"}, 3), ({"at": "x"}, 1)):
        page = client.post(url("subscriptions", detailed), {f"licenses-{prices[0].pk}": "wrong", **data})
        assert page.context["found"].number == number
        assert f'name="licenses-{prices[0].pk}" value="wrong"' in page.content.decode()


def test_update_stays_on_the_page(detailed, sales):
    fill(120)
    answer = signed_in(sales).post(url("update_offers", detailed), {"at": "3"})
    assert answer.url == f"{url('subscriptions', detailed)}?page=3"


@pytest.mark.parametrize("number", ["0", "-3", "x", "٣", "9" * 40, "\x00", "1e3"])
def test_a_page_number_that_makes_no_sense_is_a_page_nevertheless(detailed, sales, number):
    make_price("Suite")
    page = signed_in(sales).get(url("subscriptions", detailed), {"page": number})
    assert page.status_code in (200, 400)
