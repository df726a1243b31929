"""What an offer matrix makes of the catalogue."""

import pytest

from catalogue.models import Price, Sku, SkuConversion, SkuPrerequisite
from core import clock
from tests.catalogue.files import OFFER, PRICE, offer, offer_matrix, price, price_list

pytestmark = pytest.mark.django_db
PHONE = {"ProductId": "CFQ7TTC0LH0T", "ProductTitle": "Teams Phone", "SkuTitle": "Teams Phone"}


def counts(report):
    return (report.added, report.changed, report.unchanged, report.ended)


def test_a_row_becomes_a_sku_with_its_conditions(load):
    report = load(
        offer_matrix(
            offer(
                SkuId="1",
                MinLicenses="5",
                AssetOwnershipLimit="2",
                AssetOwnershipLimitType="ConcurrentCount",
                ProductSkuPreRequisites="CFQ7TTC0LH18/1,CFQ7TTC0LFLX/0001",
                ProductSkuConversion="CFQ7TTC0LCHC/0002",
                AllowedCountries="US;AD;BR",
            )
        )
    )
    assert (report.kind, report.markets, counts(report)) == ("offer_matrix", "", (1, 0, 0, 0))
    sku = Sku.objects.get()
    assert (sku.code, sku.provisioning_string) == ("CFQ7TTC0LDPB/0001", "O365_BUSINESS_PREMIUM")
    assert (sku.quantity_limits, sku.asset_ownership_limit, sku.asset_ownership_limit_type) == (
        (5, 300),
        2,
        "concurrent",
    )
    assert (sku.countries, sku.is_add_on) == (["AD", "BR", "US"], True)
    assert sku.prerequisite_codes == ["CFQ7TTC0LFLX/0001", "CFQ7TTC0LH18/0001"]
    assert sku.conversion_codes == ["CFQ7TTC0LCHC/0002"]


@pytest.mark.parametrize(
    ("cell", "stored"), [("None", "none"), ("", "none"), ("Lifetime", "lifetime"), ("LifeTime", "lifetime")]
)
def test_limit_types_are_read_in_their_spellings(load, cell, stored):
    load(offer_matrix(offer(AssetOwnershipLimitType=cell)))
    assert Sku.objects.get().asset_ownership_limit_type == stored


def test_a_sku_that_arrives_later_is_connected_by_itself(load):
    load(
        offer_matrix(offer(**PHONE, ProductSkuPreRequisites="CFQ7TTC0LDPB/0001", ProductSkuConversion="CFQ7TTC0LDPB/1"))
    )
    phone = Sku.objects.get()
    assert (list(phone.prerequisite_skus), list(phone.conversion_skus)) == ([], [])
    assert phone.prerequisite_codes == ["CFQ7TTC0LDPB/0001"]
    load(price_list(PRICE))
    assert [sku.code for sku in phone.prerequisite_skus] == ["CFQ7TTC0LDPB/0001"]
    assert [sku.code for sku in phone.conversion_skus] == ["CFQ7TTC0LDPB/0001"]


def test_the_same_matrix_again_changes_nothing(load):
    data = offer_matrix(OFFER, offer(**PHONE, ProductSkuPreRequisites="CFQ7TTC0LDPB/0001"))
    assert counts(load(data)) == (2, 0, 0, 0)
    before = (list(Sku.objects.values()), list(SkuPrerequisite.objects.values()))
    assert counts(load(data)) == (0, 0, 2, 0)
    assert (list(Sku.objects.values()), list(SkuPrerequisite.objects.values())) == before


def test_added_changed_unchanged_and_ended_are_counted(load):
    load(offer_matrix(OFFER, offer(SkuId="2"), offer(SkuId="3"), offer(SkuId="4")))
    second, third = offer(SkuId="2", MaxLicenses="500"), offer(SkuId="3", ProductSkuConversion="CFQ7TTC0LCHC/2")
    report = load(offer_matrix(OFFER, second, third, offer(SkuId="5")))
    assert counts(report) == (1, 2, 1, 1)


def test_links_that_a_matrix_no_longer_names_are_gone(load):
    load(
        offer_matrix(
            offer(ProductSkuPreRequisites="CFQ7TTC0LH18/1,CFQ7TTC0LFLX/1", ProductSkuConversion="CFQ7TTC0LCHC/2")
        )
    )
    load(offer_matrix(offer(ProductSkuPreRequisites="CFQ7TTC0LH18/1")))
    assert Sku.objects.get().prerequisite_codes == ["CFQ7TTC0LH18/0001"]
    assert not SkuConversion.objects.exists()
    load(offer_matrix(OFFER))
    assert not Sku.objects.get().is_add_on


def test_a_sku_that_the_matrix_no_longer_lists_is_off_sale_until_it_does_again(load):
    def on_sale():
        return Price.objects.on_sale(country="US", at=clock.now(), segments=["Commercial"]).count()

    load(price_list(PRICE, price(SkuId="2")))
    assert on_sale() == 2  # no matrix is known: prices alone decide
    load(offer_matrix(OFFER, offer(SkuId="2")))
    assert on_sale() == 2
    assert counts(load(offer_matrix(OFFER))) == (0, 0, 1, 1)
    assert on_sale() == 1
    assert counts(load(offer_matrix(OFFER))) == (0, 0, 1, 0)
    assert counts(load(offer_matrix(OFFER, offer(SkuId="2")))) == (0, 1, 1, 0)
    assert on_sale() == 2


def test_the_price_list_owns_the_words_of_what_it_names(load):
    prices, matrix = price_list(PRICE), offer_matrix(offer(SkuTitle="Other", Description="Other", ProductTitle="Other"))
    load(prices)
    load(matrix)
    sku = Sku.objects.select_related("product").get()
    assert (sku.title, sku.product.title, sku.description) == (
        PRICE["SkuTitle"],
        PRICE["ProductTitle"],
        "Desktop apps.",
    )
    assert counts(load(matrix)) == (0, 0, 1, 0)
    assert counts(load(prices)) == (0, 0, 1, 0)


def test_a_row_repeated_counts_as_unchanged(load):
    assert counts(load(offer_matrix(OFFER, OFFER))) == (1, 0, 1, 0)


@pytest.mark.parametrize(
    ("cells", "column", "reason"),
    [
        ({"MinLicenses": "a few"}, "MinLicenses", "This is not a whole number of zero or more."),
        ({"MinLicenses": "301"}, "MaxLicenses", "The most licenses are fewer than the fewest."),
        (
            {"AssetOwnershipLimitType": "Weekly"},
            "AssetOwnershipLimitType",
            "Expected one of: None, ConcurrentCount, Lifetime.",
        ),
        (
            {"ProductSkuPreRequisites": "CFQ7TTC0LH18"},
            "ProductSkuPreRequisites",
            "“CFQ7TTC0LH18” is not a product and SKU ID like CFQ7TTC0LDPB/0001.",
        ),
        (
            {"ProductSkuConversion": "x/1"},
            "ProductSkuConversion",
            "“x/1” is not a product and SKU ID like CFQ7TTC0LDPB/0001.",
        ),
        ({"ProductSkuPreRequisites": "CFQ7TTC0LDPB/1"}, "ProductSkuPreRequisites", "A SKU cannot need itself."),
        ({"AllowedCountries": "AD;Brazil"}, "AllowedCountries", "“BRAZIL” is not a country code of two letters."),
    ],
)
def test_a_wrong_cell_is_refused_with_row_column_and_reason(refusal, cells, column, reason):
    [(row, where, _value, why)] = refusal(offer_matrix(offer(**PHONE), offer(**cells)))
    assert (row, where, why) == (3, column, reason)
    assert not Sku.objects.exists()


def test_two_rows_about_one_sku_are_refused(refusal):
    found = refusal(offer_matrix(OFFER, offer(SkuId="1", MaxLicenses="10")))
    assert found == [(3, "SkuId", "0001", "Row 2 says something else about the same SKU.")]
