"""*Review*: what it shows, what it says of consequences, and the attestation that it asks for."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from accounts.roles import MATRIX, Permission
from catalogue.models import SkuPrerequisite
from core import clock
from core.html import date_text
from orders.checks import lines_of
from orders.models import Order, OrderDraft
from orders.money import bill_totals
from orders.outlook import ReviewLine, review_lines
from orders.owned import Owned
from orders.services import choose_offers, save_details, start_draft
from tests.contracts import header_faults, html_faults
from tests.orders.conftest import (
    agreed,
    confirmed,
    end,
    make_details,
    make_price,
    make_sku,
    posted,
    signed_in,
    submitted,
)


def url(name: str, draft: OrderDraft) -> str:
    """The address of a page of the draft."""
    return reverse(f"orders:{name}", args=[draft.public_id])


def page(response) -> str:
    """The text of a page that keeps the contracts."""
    assert html_faults(response.content.decode()) == []
    assert header_faults(response) == []
    return response.content.decode().replace("<wbr>", "")


def cells(text: str, row: str) -> list[str]:
    """The cells of the row of a table whose header holds these words, without tags."""
    found = re.findall(r'<tr role="row"[^>]*>(.*?)</tr>', text, re.S)
    [one] = [inner for inner in found if row in re.sub(r"<[^>]+>", " ", inner.partition("</th>")[0])]
    parts = re.findall(r"<td[^>]*>(.*?)</td>", one, re.S)
    return [" ".join(re.sub(r"<[^>]+>", " ", part).split()) for part in parts]


# --- what it shows ----------------------------------------------------------------------------------------------------
def test_review_shows_every_block_with_a_way_to_change_it(ready, sales, standard, defender):
    choose_offers(draft=ready, quantities={defender: 5}, by=sales)
    text = page(signed_in(sales).get(url("review", ready)))
    for words in (
        "Check the order before you submit",
        "Fabrikam (MPN ID 0012345)",
        "Padaria São João",
        "padaria.onmicrosoft.com",
        "United States",
        "1 Infinite Loop, Cupertino, CA 95014",
        "Ana Lima",
        "+1 408-555-0123",
        "Business Standard",
        "USD\u00a050.00 per month",
        "USD\u00a0180.00 per year",
        "All prices are without taxes",
    ):
        assert words in text, words
    changes = re.findall(r'href="([^"]+)">Change<', text)
    assert changes == [f"{url('details', ready)}?change=1"] * 4 + [url("subscriptions", ready)]


def test_change_leads_straight_back_to_review(ready, sales, reseller):
    client = signed_in(sales)
    [address] = set(re.findall(r'href="([^"]+)">Change<', page(client.get(url("review", ready))))) - {
        url("subscriptions", ready)
    }
    assert ">Next: Review</button>" in page(client.get(address))
    wrong = page(client.post(address, posted(make_details(city=""), reseller)))
    assert ">Next: Review</button>" in wrong
    answer = client.post(address, posted(make_details(company_name="Padaria Nova"), reseller))
    assert answer.url == url("review", ready)
    assert "Padaria Nova" in page(client.get(answer.url))
    assert client.post(url("details", ready), posted(make_details(), reseller)).url == url("subscriptions", ready)


def test_review_writes_nothing(ready, sales, django_assert_num_queries):
    client = signed_in(sales)
    client.get(url("review", ready))
    before = OrderDraft.objects.values().get()
    with django_assert_num_queries(13):
        client.get(url("review", ready))
    assert OrderDraft.objects.values().get() == before


def test_review_costs_the_same_for_three_offers(ready, sales, django_assert_num_queries):
    for number in range(2):
        choose_offers(draft=ready, quantities={make_price(f"Suite {number}"): 1}, by=sales)
    client = signed_in(sales)
    client.get(url("review", ready))
    with django_assert_num_queries(13):
        client.get(url("review", ready))


# --- prices -----------------------------------------------------------------------------------------------------------
@pytest.fixture
def priced(draft, sales, reseller) -> OrderDraft:
    """Ten licenses of an offer and four of another, both with an estimated retail price, and one billed by usage."""
    save_details(draft=draft, details=make_details(), reseller=reseller, by=sales)
    monthly = make_price("Suite", "120.00", erp_price="150.00")
    yearly = make_price("Vault", "36.00", erp_price="40.00", billing_plan="Annual")
    return choose_offers(draft=draft, quantities={monthly: 10, yearly: 4}, by=sales)


def test_review_shows_list_price_retail_price_and_margin(priced, sales):
    text = page(signed_in(sales).get(url("review", priced)))
    assert cells(text, "Suite") == [
        "10",
        "USD 10.00 per month",
        "USD 12.50 per month",
        "USD 100.00 per month",
        "USD 125.00 per month",
    ]
    assert cells(text, "Total per month") == ["USD 100.00", "USD 125.00", "USD 25.00 (20.0%)"]
    assert cells(text, "Total per year") == ["USD 144.00", "USD 160.00", "USD 16.00 (10.0%)"]
    assert cells(text, "Total over the whole term of 1 year") == ["USD 1,344.00", "USD 1,660.00", "USD 316.00 (19.0%)"]


def test_a_total_without_every_retail_price_says_so(priced, sales):
    choose_offers(draft=priced, quantities={make_price("Unlisted", "12.00"): 1}, by=sales)
    text = page(signed_in(sales).get(url("review", priced)))
    assert cells(text, "Unlisted")[2:] == ["— None", "USD 1.00 per month", "— None"]
    unknown = "— Not listed for every offer"
    assert cells(text, "Total per month") == ["USD 101.00", unknown, unknown]
    assert cells(text, "Total per year") == ["USD 144.00", "USD 160.00", "USD 16.00 (10.0%)"]


def test_the_margin_is_for_who_may_see_prices(priced, sales, monkeypatch):
    assert MATRIX[sales.partner.program, Permission.VIEW_PRICES] >= {sales.role}
    monkeypatch.setitem(MATRIX, (sales.partner.program, Permission.VIEW_PRICES), frozenset())
    text = page(signed_in(sales).get(url("review", priced)))
    assert cells(text, "Total per month") == ["USD 100.00"]
    for words in ("retail", "Margin", "125.00"):
        assert words not in text, words


def test_what_usage_decides_is_in_no_total(priced, sales):
    usage = make_price(make_sku("Azure plan", is_usage_based=True), "0", erp_price="9.00", billing_plan="None")
    choose_offers(draft=priced, quantities={usage: 1}, by=sales)
    text = page(signed_in(sales).get(url("review", priced)))
    assert cells(text, "Azure plan")[1:] == ["By usage", "— None", "By usage", "— None"]
    assert cells(text, "Total per month") == ["USD 100.00", "USD 125.00", "USD 25.00 (20.0%)"]
    assert "What is billed by usage comes on top." in text


@pytest.mark.parametrize(
    ("listed", "retail", "words"),
    [
        ("120.00", "120.00", "USD\u00a00.00 (0.0%)"),
        ("120.00", "96.00", "USD\u00a0-2.00 (-25.0%)"),
        ("0", "0", "USD\u00a00.00"),
        ("120.00", None, ""),
    ],
)
def test_margins_in_words(db, listed, retail, words):
    [total] = bill_totals([(make_price("Suite", listed, erp_price=retail and Decimal(retail)), 1)])
    assert total.margin_words == words


# --- when it renews and until when it can be canceled -----------------------------------------------------------------
def test_each_line_renews_and_can_be_canceled_by_its_own_rules(ready, sales):
    month = make_price("Short Suite", term_duration="P1M")
    third = make_sku("Other maker's")
    third.product.publisher = "Contoso"
    third.product.save()
    trial = make_sku("Trial Suite", is_trial=True, max_licenses=25, min_licenses=25)
    legacy = make_price(make_sku("Legacy Suite", policy="legacy"))
    offers = {month: 1, make_price(third): 1, make_price(trial, "0", term_duration="P1M"): 25, legacy: 1}
    choose_offers(draft=ready, quantities=offers, by=sales)
    now = datetime(2026, 1, 31, 12, tzinfo=UTC)
    rows = [ReviewLine(line, now) for line in lines_of(OrderDraft.objects.get(pk=ready.pk))]
    assert {row.line.name: (row.term_words, row.end_words, row.cancel_words) for row in rows} == {
        "Business Standard": ("1 year", "Renews on 31 Jan 2027", "Can be canceled until 7 Feb 2026"),
        "Short Suite": ("1 month", "Renews on 28 Feb 2026", "Can be canceled until 7 Feb 2026"),
        "Other maker's": ("1 year", "Renews on 31 Jan 2027", "Can be canceled until 14 Feb 2026"),
        "Trial Suite": ("1 month", "Trial ends on 28 Feb 2026", "Can be canceled until 7 Feb 2026"),
        "Legacy Suite": ("1 year", "Renews on 31 Jan 2027", ""),
    }


def test_a_legacy_add_on_ends_with_the_base_that_the_customer_has(ready, sales):
    base, extra = (make_price(make_sku(name, policy="legacy")) for name in ("Legacy Suite", "Legacy Archiving"))
    SkuPrerequisite.objects.create(sku=extra.sku, required_code=base.sku.code)
    choose_offers(draft=ready, quantities={base: 1, extra: 1}, by=sales)
    end = clock.now() + timedelta(days=100)
    owned = (Owned(1, base.sku.code, "active", 1, "Legacy Suite", None, "legacy", end),)
    lines = [replace(line, owned=owned) for line in lines_of(OrderDraft.objects.get(pk=ready.pk))]
    alone = [line for line in lines if line.sku == extra.sku]
    assert [row.facts.ends_at for row in review_lines(alone)] == [end]
    # A base of the same order comes before it.
    assert end not in [row.facts.ends_at for row in review_lines(lines)]


def test_review_promises_what_submit_then_makes(ready, sales):
    with time_machine.travel(clock.now(), tick=False):
        text = page(signed_in(sales).get(url("review", ready)))
        subscription = submitted(ready, sales).lines.get().subscription
    for words, moment in (("Renews on", subscription.ends_at), ("canceled until", subscription.cancellable_until)):
        assert f"{words} {date_text(moment)}" in text, words


def test_a_line_that_is_gone_and_one_without_a_term_promise_nothing(ready, sales, standard):
    once = make_price("Box", term_duration="", billing_plan="OneTime")
    choose_offers(draft=ready, quantities={once: 1}, by=sales)
    end(standard)
    gone, box = (ReviewLine(line, clock.now()) for line in lines_of(OrderDraft.objects.get(pk=ready.pk)))
    assert (gone.term_words, gone.end_words, gone.cancel_words, gone.retail_words, gone.retail_amount_words) == (
        "",
    ) * 5
    assert (box.term_words, box.end_words) == ("", "")


def test_days_are_those_of_the_reader(ready):
    [row] = [
        ReviewLine(line, datetime(2026, 3, 1, 1, tzinfo=UTC)) for line in lines_of(OrderDraft.objects.get(pk=ready.pk))
    ]
    with timezone.override("America/Sao_Paulo"):
        assert row.end_words == "Renews on 28 Feb 2027"


# --- consequences -----------------------------------------------------------------------------------------------------
def sentences(text: str) -> list[str]:
    """What Submit does, as the page says it."""
    section = text.partition('aria-labelledby="consequences"')[2].partition("</section>")[0]
    return re.findall(r"<li>([^<]+)</li>", section)


CANCEL = "Each subscription can be canceled until the day beside it; after that it is billed until its term ends."


def test_consequences_with_a_reseller(ready, sales):
    assert sentences(page(signed_in(sales).get(url("review", ready)))) == [
        "Submitting creates the customer, places the order and gives Fabrikam administrator access.",
        "Fabrikam is named as the reseller of record and earns incentives for what is eligible.",
        CANCEL,
    ]


def test_consequences_without_a_reseller(ready, sales):
    save_details(draft=ready, details=make_details(), reseller=None, by=sales)
    assert sentences(page(signed_in(sales).get(url("review", ready)))) == [
        "Submitting creates the customer and places the order.",
        "No reseller: no incentive will be paid.",
        CANCEL,
    ]


def test_consequences_for_an_existing_customer(sales, provider, standard):
    draft = start_draft(reseller=None, customer=agreed(provider=provider, company_name="Old & Co."), by=sales)
    choose_offers(draft=draft, quantities={standard: 2}, by=sales)
    assert sentences(page(signed_in(sales).get(url("review", draft)))) == [
        "Submitting places the order for Old &amp; Co.",
        "No reseller: no incentive will be paid.",
        CANCEL,
    ]


# --- the attestation --------------------------------------------------------------------------------------------------
def test_the_words_depend_on_who_takes_part(ready, sales):
    client = signed_in(sales)
    assert "I confirm that Northwind acts as Indirect Partner and Fabrikam as the indirect reseller." in page(
        client.get(url("review", ready))
    )
    save_details(draft=ready, details=make_details(), reseller=None, by=sales)
    text = page(client.get(url("review", ready)))
    assert "I confirm that Northwind acts as Direct Partner: no indirect reseller takes part in this order." in text
    assert "Indirect Partner" not in text


def test_the_box_is_not_ticked_before_somebody_does(ready, sales):
    text = page(signed_in(sales).get(url("review", ready)))
    [box] = re.findall(r'<input type="checkbox"[^>]*name="attestation"[^>]*>', text)
    assert 'value="indirect"' in box
    assert 'autocomplete="off"' in box
    assert "checked" not in box


def test_without_the_tick_the_same_page_says_so_and_keeps_everything(ready, sales):
    client = signed_in(sales)
    sent = confirmed(client.get(url("review", ready)))
    answer = client.post(url("submit", ready), {"reviewed": sent["reviewed"]})
    assert answer.status_code == 200
    text = page(answer)
    assert "<title>Error:" in text
    summary = text.partition("data-error-summary")[2].partition("</ul>")[0]
    assert re.findall(r'<a href="([^"]+)">([^<]+)', summary) == [
        ("#id_attestation", "Confirm that your company acts as Indirect Partner.")
    ]
    assert "Padaria São João" in text
    assert "Business Standard" in text
    assert not Order.objects.exists()
    again = confirmed(answer)
    assert client.post(url("submit", ready), again).url == url("confirmation", ready)
    assert Order.objects.get().attestation == "indirect"


def test_a_tick_does_not_outlive_a_change_of_the_order(ready, sales, standard):
    client = signed_in(sales)
    sent = confirmed(client.get(url("review", ready)))
    save_details(draft=ready, details=make_details(), reseller=None, by=sales)
    answer = client.post(url("submit", ready), sent)
    assert answer.status_code == 409
    text = page(answer)
    assert "acts as Direct Partner" in text
    assert "checked" not in text
    # The new words with the old tick: refused again, in the words of the new case.
    refused = client.post(url("submit", ready), {**confirmed(answer), "attestation": "indirect"})
    assert "Confirm that your company acts as Direct Partner." in page(refused)
    assert client.post(url("submit", ready), confirmed(answer)).url == url("confirmation", ready)
    assert Order.objects.get().attestation == "direct"
