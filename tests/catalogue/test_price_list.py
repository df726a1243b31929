"""What a price list makes of the catalogue, and what it never does to a price that is stored."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from catalogue.models import Price, Product, Sku
from core import clock
from tests.catalogue.files import PRICE, price, price_list

pytestmark = pytest.mark.django_db
TERMS = [
    *(("P1M", "Monthly"), ("P1Y", "Monthly"), ("P1Y", "Annual")),
    *(("P3Y", "Monthly"), ("P3Y", "Annual"), ("P3Y", "Triennial")),
]
JULY = datetime(2026, 7, 1, tzinfo=UTC)
BASIC = {"ProductId": "CFQ7TTC0LH18", "ProductTitle": "Business Basic", "SkuTitle": "Business Basic"}


def counts(report):
    return (report.added, report.changed, report.unchanged, report.ended)


def on_sale(at=None, country="US", segments=("Commercial",)):
    return [
        (offer.sku.code, offer.term_duration, offer.billing_plan, offer.unit_price)
        for offer in Price.objects.on_sale(country=country, at=at or clock.now(), segments=segments)
    ]


# --- cells ------------------------------------------------------------------------------------------------------------
def test_a_row_becomes_a_product_a_sku_and_a_price(load):
    report = load(price_list(price(SkuDescription="Desktop apps.\nAnd mail.", Tags="License; Trial")))
    assert (report.markets, report.rows_total, report.rows_read) == ("US", 1, 1)
    product, sku, stored = Product.objects.get(), Sku.objects.get(), Price.objects.get()
    assert (product.product_id, product.publisher) == ("CFQ7TTC0LDPB", "Microsoft Corporation")
    assert (sku.code, sku.description, sku.unit_of_measure) == (
        "CFQ7TTC0LDPB/0001",
        "Desktop apps.\nAnd mail.",
        "1 License(s)",
    )
    assert (sku.is_trial, sku.is_usage_based, sku.is_add_on) == (True, False, False)
    assert (
        sku.search_text == "microsoft 365 business standard microsoft 365 business standard"
        " microsoft corporation cfq7ttc0ldpb/0001"
    )
    assert (stored.market, stored.currency, stored.segment) == ("US", "USD", "Commercial")
    assert (stored.term_duration, stored.billing_plan, stored.term_months) == ("P1Y", "Monthly", 12)
    assert (stored.unit_price, stored.erp_price) == (Decimal("150"), Decimal("187.5"))
    assert (stored.pricing_tier_min, stored.pricing_tier_max) == (1, None)
    assert (stored.effective_from, stored.effective_to) == (datetime(2023, 2, 1, tzinfo=UTC), None)
    assert (stored.sold_from, stored.sold_until, stored.is_listed) == (datetime(2023, 2, 1, tzinfo=UTC), None, True)


@pytest.mark.parametrize(("cell", "sku_id"), [("1", "0001"), ("0001", "0001"), ("12", "0012"), ("1p", "001P")])
def test_leading_zeros_of_a_sku_id_are_restored(load, cell, sku_id):
    load(price_list(price(SkuId=cell)))
    assert Sku.objects.get().sku_id == sku_id


@pytest.mark.parametrize("cell", ["", "None", "none"])
def test_a_missing_term_is_no_term(load, cell):
    load(price_list(price(TermDuration=cell, BillingPlan="OneTime", Tags="Software")))
    assert (Price.objects.get().term_duration, Price.objects.get().billing_plan) == ("", "OneTime")
    assert not Sku.objects.get().is_usage_based


def test_what_has_neither_term_nor_plan_nor_license_is_billed_by_usage(load):
    load(price_list(price(TermDuration="None", BillingPlan="None", UnitPrice="0", Tags="Azure")))
    assert Sku.objects.get().is_usage_based
    assert not Price.objects.get().is_license_based


@pytest.mark.parametrize(
    ("cell", "segment"),
    [("Commercial", "Commercial"), ("EDUCATION", "Education"), ("Government", "Government")]
    + [(name, "NonProfit") for name in ("Charity", "NonProfit", "Non-Profit", "Nonprofit", "Charity/NonProfit")],
)
def test_segments_are_read_in_their_spellings(load, cell, segment):
    load(price_list(price(Segment=cell)))
    assert Price.objects.get().segment == segment


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2/1/2023 0:00", datetime(2023, 2, 1, tzinfo=UTC)),
        ("02/01/2023", datetime(2023, 2, 1, tzinfo=UTC)),
        ("2/1/2023 1:30:00 PM", datetime(2023, 2, 1, 13, 30, tzinfo=UTC)),
        ("2023-02-01", datetime(2023, 2, 1, tzinfo=UTC)),
        ("2023-02-01T00:00:00", datetime(2023, 2, 1, tzinfo=UTC)),
        ("2023-02-01T00:00:00.0000000Z", datetime(2023, 2, 1, tzinfo=UTC)),
        ("2023-02-01T02:00:00+02:00", datetime(2023, 2, 1, tzinfo=UTC)),
        ("2023-02-01 00:00:00", datetime(2023, 2, 1, tzinfo=UTC)),
        ("1/1/1753 0:00", datetime(1753, 1, 1, tzinfo=UTC)),
        ("1753-01-01T12:00:00Z", datetime(1753, 1, 1, tzinfo=UTC)),
        ("", datetime(1753, 1, 1, tzinfo=UTC)),
    ],
)
def test_starts_are_read_in_both_forms(load, cell, moment):
    load(price_list(price(EffectiveStartDate=cell)))
    assert Price.objects.get().effective_from == moment


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("12/31/9999 0:00", None),
        ("9999-12-31T23:59:59.9999999Z", None),
        ("1/1/1753 0:00", None),
        ("", None),
        ("2/28/2026 0:00", datetime(2026, 2, 28, tzinfo=UTC)),
        ("2/28/2026 23:59", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-02-28T23:59:59Z", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-02-28", datetime(2026, 3, 1, tzinfo=UTC)),
    ],
)
def test_ends_are_read_in_both_forms(load, cell, moment):
    load(price_list(price(EffectiveEndDate=cell)))
    assert Price.objects.get().effective_to == moment


@pytest.mark.parametrize(
    ("cells", "column", "reason"),
    [
        ({"ProductTitle": " "}, "ProductTitle", "This cell must not be empty."),
        ({"ProductTitle": "x" * 256}, "ProductTitle", "At most 255 characters; this has 256."),
        (
            {"ProductTitle": "Office\u202e563"},
            "ProductTitle",
            "Remove the invisible control characters from this text.",
        ),
        ({"ProductId": "CFQ7/TC0LDPB"}, "ProductId", "A product ID has letters and digits only, like CFQ7TTC0LDPB."),
        ({"SkuId": "00001"}, "SkuId", "A SKU ID has up to four letters and digits, like 0001."),
        ({"SkuId": ""}, "SkuId", "A SKU ID has up to four letters and digits, like 0001."),
        ({"TermDuration": "P2Y"}, "TermDuration", "Expected one of: P1M, P1Y, P3Y, None."),
        ({"BillingPlan": "Weekly"}, "BillingPlan", "Expected one of: Monthly, Annual, Triennial, None, OneTime."),
        ({"TermDuration": "P1M", "BillingPlan": "Annual"}, "BillingPlan", "A term of P1M is not billed so seldom."),
        ({"Market": "XX"}, "Market", "This is not the two-letter code of a country, like US."),
        ({"Currency": "dollars"}, "Currency", "A currency has three letters, like USD."),
        ({"UnitPrice": ""}, "UnitPrice", "This cell must not be empty."),
        ({"UnitPrice": "-1"}, "UnitPrice", "A price cannot be negative."),
        ({"UnitPrice": "12.5 USD"}, "UnitPrice", "This is not an amount like 1234.50."),
        ({"UnitPrice": "1.2.3"}, "UnitPrice", "This is not an amount like 1234.50."),
        ({"UnitPrice": "NaN"}, "UnitPrice", "This is not an amount like 1234.50."),
        ({"UnitPrice": "1e30"}, "UnitPrice", "This amount is too large."),
        ({"ERP": "n/a"}, "ERP Price", "This is not an amount like 1234.50."),
        ({"PricingTierRangeMin": "-1"}, "PricingTierRangeMin", "This is not a whole number of zero or more."),
        (
            {"PricingTierRangeMin": "9", "PricingTierRangeMax": "5"},
            "PricingTierRangeMax",
            "The range ends before it begins.",
        ),
        ({"PricingTierRangeMax": "99999999999"}, "PricingTierRangeMax", "This number is larger than 2147483647."),
        (
            {"EffectiveStartDate": "13/1/2023 0:00"},
            "EffectiveStartDate",
            "There is no such date; dates are written month/day/year or year-month-day.",
        ),
        (
            {"EffectiveStartDate": "1 Feb 2023"},
            "EffectiveStartDate",
            "This is not a date like 2/1/2023 0:00 (month first) or 2023-02-01T00:00:00Z.",
        ),
        (
            {"EffectiveStartDate": "12/31/9999"},
            "EffectiveStartDate",
            "A price cannot begin in the year 9999, which stands for “no end”.",
        ),
        ({"EffectiveEndDate": "1/1/2023 0:00"}, "EffectiveEndDate", "The price ends before it begins."),
        ({"Segment": "Retail"}, "Segment", "Expected one of: Commercial, Education, Government, Charity, NonProfit."),
        ({"Segment": ""}, "Segment", "Expected one of: Commercial, Education, Government, Charity, NonProfit."),
    ],
)
def test_a_wrong_cell_is_refused_with_row_column_value_and_reason(refusal, cells, column, reason):
    good = price(**BASIC)
    [(row, where, value, why)] = refusal(price_list(good, price(**cells), good))
    assert (row, where, why) == (3, column, reason)
    assert value == "2023-01-01 00:00" or value in str({**PRICE, **price(**cells)}[column]) or value.endswith("…")
    assert not Sku.objects.exists()


def test_every_refused_row_is_reported_and_nothing_is_stored(load, refusal):
    load(price_list(PRICE))
    rows = [price(**BASIC, UnitPrice=number, SkuId=number) for number in range(1, 2000)]
    for number in range(37):
        rows[number * 50]["UnitPrice"] = "free"
        rows[number * 50]["Market"] = "Mars"
    found = refusal(price_list(*rows))
    assert len(found) == 74
    assert [row for row, *_rest in found] == sorted([number * 50 + 2 for number in range(37)] * 2)
    assert {column for _row, column, *_rest in found} == {"UnitPrice", "Market"}
    assert on_sale() == [("CFQ7TTC0LDPB/0001", "P1Y", "Monthly", Decimal("150"))]
    assert Price.objects.count() == 1


def test_a_row_that_contradicts_an_earlier_one_is_refused(refusal):
    found = refusal(price_list(PRICE, price(**BASIC), price(UnitPrice="151")))
    assert found == [
        (4, "UnitPrice", "151.0000", "Row 2 says something else about the same offer and start date."),
    ]


def test_a_row_that_repeats_an_earlier_one_counts_as_unchanged(load):
    assert counts(load(price_list(PRICE, price(**BASIC), PRICE))) == (2, 0, 1, 0)
    assert Price.objects.count() == 2


# --- one list after another -----------------------------------------------------------------------------------------
def test_the_same_list_again_changes_nothing(load):
    rows = [
        PRICE,
        price(**BASIC),
        price(Market="BR", Currency="BRL", UnitPrice="780.00"),
        price(TermDuration="", BillingPlan="OneTime"),
    ]
    assert counts(load(price_list(*rows))) == (4, 0, 0, 0)
    before = list(Price.objects.order_by("pk").values())
    assert counts(load(price_list(*rows))) == (0, 0, 4, 0)
    assert counts(load(price_list(*reversed(rows)))) == (0, 0, 4, 0)
    assert list(Price.objects.order_by("pk").values()) == before


def test_added_changed_unchanged_and_ended_are_counted(load):
    monthly = price(TermDuration="P1M", UnitPrice="15.00")
    load(price_list(PRICE, monthly, price(**BASIC)))
    report = load(price_list(PRICE, price(TermDuration="P1M", UnitPrice="16.00"), price(BillingPlan="Annual")))
    assert counts(report) == (1, 1, 1, 1)
    assert on_sale() == [
        ("CFQ7TTC0LDPB/0001", "P1M", "Monthly", Decimal("16")),
        ("CFQ7TTC0LDPB/0001", "P1Y", "Annual", Decimal("150")),
        ("CFQ7TTC0LDPB/0001", "P1Y", "Monthly", Decimal("150")),
    ]


def test_a_changed_price_is_another_row_and_the_old_one_is_kept(load):
    with clock.at(JULY):
        load(price_list(PRICE))
    old = Price.objects.get()
    with clock.at(JULY + timedelta(days=31)):
        load(price_list(price(UnitPrice="160.00")))
    kept = Price.objects.get(pk=old.pk)
    assert (kept.unit_price, kept.erp_price, kept.effective_from, kept.effective_to) == (
        old.unit_price, old.erp_price, old.effective_from, old.effective_to,
    )  # fmt: skip
    assert (kept.is_listed, kept.sold_until) == (False, JULY + timedelta(days=31))
    new = Price.objects.exclude(pk=old.pk).get()
    assert (new.effective_from, new.sold_from) == (old.effective_from, JULY + timedelta(days=31))
    # At each moment there is one price: the old one until the import, the new one from then on.
    for days, amount in ((-300, 150), (30, 150), (31, 160), (365, 160)):
        assert [row[3] for row in on_sale(JULY + timedelta(days=days))] == [amount]


def test_a_price_of_next_month_does_not_touch_the_present_one(load):
    with clock.at(JULY - timedelta(days=6)):
        load(price_list(PRICE, price(**BASIC)))
        report = load(price_list(price(EffectiveStartDate="7/1/2026 0:00", UnitPrice="170.00")))
        assert counts(report) == (0, 1, 0, 1)
        assert [row[3] for row in on_sale()] == [150, 150]
    assert [(row[0], row[3]) for row in on_sale(JULY)] == [("CFQ7TTC0LDPB/0001", 170)]
    assert [row[3] for row in on_sale(JULY - timedelta(seconds=1))] == [150, 150]


def test_a_preview_can_be_imported_twice_and_taken_back(load):
    with clock.at(JULY - timedelta(days=6)):
        june, july = price_list(PRICE), price_list(price(EffectiveStartDate="7/1/2026 0:00", UnitPrice="170.00"))
        load(june)
        load(july)
        assert counts(load(july)) == (0, 0, 1, 0)
        assert [row[3] for row in on_sale()] == [150]
        load(june)
        assert [row[3] for row in on_sale()] == [150]
        assert [row[3] for row in on_sale(JULY)] == [150]


def test_two_periods_of_one_list_follow_each_other(load):
    both = price_list(PRICE, price(EffectiveStartDate="7/1/2026 0:00", UnitPrice="170.00"))
    with clock.at(JULY - timedelta(days=6)):
        assert counts(load(price_list(PRICE))) == (1, 0, 0, 0)
        assert counts(load(both)) == (0, 1, 1, 0)
        assert counts(load(both)) == (0, 0, 2, 0)
        for days, amount in ((-6, 150), (0, 170)):
            assert [row[3] for row in on_sale(JULY + timedelta(days=days))] == [amount]
        # The announced price is withdrawn: the present one goes on without an end.
        load(price_list(PRICE))
        assert [row[3] for row in on_sale(JULY)] == [150]


def test_an_end_once_reached_is_never_taken_back(load):
    with clock.at(JULY - timedelta(days=6)):
        load(price_list(PRICE, price(EffectiveStartDate="7/1/2026 0:00", UnitPrice="170.00")))
    first = Price.objects.get(unit_price=150)
    with clock.at(JULY + timedelta(days=15)):
        assert counts(load(price_list(PRICE))) == (0, 1, 0, 0)
    assert Price.objects.get(pk=first.pk).sold_until == JULY
    for days, amount in ((-1, 150), (0, 170), (14, 170), (15, 150)):
        assert [row[3] for row in on_sale(JULY + timedelta(days=days))] == [amount]


def test_what_a_list_no_longer_names_is_ended_and_can_come_back(load):
    with clock.at(JULY):
        load(price_list(PRICE, price(**BASIC)))
    with clock.at(JULY + timedelta(days=31)):
        assert counts(load(price_list(PRICE))) == (0, 0, 1, 1)
    with clock.at(JULY + timedelta(days=62)):
        assert counts(load(price_list(PRICE, price(**BASIC, UnitPrice="99.00")))) == (1, 0, 1, 0)
    basic = "CFQ7TTC0LH18/0001"
    for days, amounts in ((0, [150]), (30, [150]), (31, []), (61, []), (62, [99])):
        assert [row[3] for row in on_sale(JULY + timedelta(days=days)) if row[0] == basic] == amounts


def test_a_list_ends_nothing_of_another_market_segment_or_kind(load):
    others = [
        price(Market="BR", Currency="BRL"),
        price(Segment="Education"),
        price(**BASIC, TermDuration="", BillingPlan="OneTime"),
    ]
    load(price_list(PRICE, *others))
    assert counts(load(price_list(price(**BASIC)))) == (1, 0, 0, 1)
    assert Price.objects.filter(is_listed=True).count() == 4
    assert set(Price.objects.filter(is_listed=True).values_list("market", "segment", "billing_plan")) == {
        ("BR", "Commercial", "Monthly"), ("US", "Education", "Monthly"), ("US", "Commercial", "OneTime"),
        ("US", "Commercial", "Monthly"),
    }  # fmt: skip


def test_a_market_that_changes_its_currency_has_one_price(load):
    load(price_list(PRICE))
    assert counts(load(price_list(price(Currency="EUR")))) == (1, 0, 0, 1)
    assert [
        offer.currency for offer in Price.objects.on_sale(country="US", at=clock.now(), segments=["Commercial"])
    ] == ["EUR"]


def test_another_title_changes_the_words_and_not_the_price(load):
    load(price_list(PRICE, price(**BASIC)))
    stored = set(Price.objects.values_list("pk", "is_listed", "sold_until"))
    report = load(price_list(price(SkuTitle="Business Standard (new)"), price(**BASIC)))
    assert counts(report) == (0, 1, 1, 0)
    sku = Sku.objects.get(code="CFQ7TTC0LDPB/0001")
    assert sku.title == "Business Standard (new)"
    assert "business standard (new)" in sku.search_text
    assert set(Price.objects.values_list("pk", "is_listed", "sold_until")) == stored


def test_another_product_title_is_found_at_all_its_skus(load):
    load(price_list(PRICE, price(SkuId="2", SkuTitle="Second", Market="BR", Currency="BRL")))
    load(price_list(price(ProductTitle="Renamed Suite")))
    assert [sku.code for sku in Sku.objects.search("RENAMED suite").order_by("code")] == [
        "CFQ7TTC0LDPB/0001", "CFQ7TTC0LDPB/0002",
    ]  # fmt: skip


def test_tiers_of_a_price_stand_beside_each_other(load):
    tiers = [
        price(PricingTierRangeMin="1", PricingTierRangeMax="99"),
        price(PricingTierRangeMin="100", UnitPrice="140.00"),
    ]
    assert counts(load(price_list(*tiers))) == (2, 0, 0, 0)
    assert counts(load(price_list(*tiers))) == (0, 0, 2, 0)


def test_thirty_thousand_rows_are_imported_and_found_unchanged(load):
    rows = (
        price(ProductId=f"CFQ7TTC{number:05d}", TermDuration=term, BillingPlan=plan, Segment=segment, UnitPrice=number)
        for number in range(2_500)
        for term, plan in TERMS
        for segment in ("Commercial", "Education")
    )
    data = price_list(*rows)
    assert counts(load(data)) == (30_000, 0, 0, 0)
    assert counts(load(data)) == (0, 0, 30_000, 0)
    assert Price.objects.count() == 30_000
