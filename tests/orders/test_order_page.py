"""An order as a document: what it says, to whom, and what became of its lines."""

import re
from typing import Any

import pytest
from django.urls import reverse

from accounts.roles import Role
from catalogue.models import Price
from customers.models import ResellerRelationship
from orders.models import Order, OrderLine
from orders.services import choose_offers
from tests.contracts import html_faults
from tests.factories import SubscriptionFactory
from tests.orders.conftest import actor_of, end, signed_in, submitted
from tests.orders.test_order_list import make_order


def page_of(actor: Any, order: Order) -> str:
    """The document as it is sent."""
    response = signed_in(actor).get(order.get_absolute_url())
    assert response.status_code == 200
    text = response.content.decode()
    assert html_faults(text) == []
    return text


def plain(page: str) -> str:
    """The words of the page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.partition("<main")[2].replace("<wbr>", ""))).replace(
        " .", "."
    )


@pytest.fixture
def placed(ready, sales, defender, settings) -> Order:
    """Business Standard with its add-on, carried out."""
    settings.FULFILMENT = "local"
    choose_offers(draft=ready, quantities={defender: 5}, by=sales)
    return submitted(ready, sales)


def test_the_document_says_everything(placed, sales):
    words = plain(page_of(sales, placed))
    for part in (
        placed.number,
        "Completed",
        "Placed by Sam Sales",
        "Northwind acts as Indirect Partner and Fabrikam as the indirect reseller.",
        "Customer Padaria São João",
        "padaria.onmicrosoft.com",
        "Fabrikam (MPN ID 0012345)",
        "Business Standard 1 year, billed monthly",
        "Defender for Business 1 year, billed every year Add-on to Business Standard of this order",
        "USD 10.00 per month",
        "USD 50.00 per month",
        "USD 180.00 per year",
        "Total over the whole term of 1 year USD 780.00",
    ):
        assert part in words, part


def test_lines_lead_to_their_subscriptions(placed, sales):
    page = page_of(sales, placed)
    for line in placed.lines.all():
        assert f'href="{line.subscription.get_absolute_url()}"' in page


def test_prices_are_those_of_the_day(placed, sales, standard):
    before = plain(page_of(sales, placed))
    end(standard, amount="999.00")
    assert plain(page_of(sales, placed)) == before


def test_prices_and_people_are_for_those_who_may_know(placed, helpdesk, reseller):
    assert "List price" not in page_of(helpdesk, placed)
    page = page_of(actor_of(reseller), placed)
    assert "List price" not in page
    assert "10.00" not in page
    assert "Sam Sales" not in page
    assert "Placed by Northwind" in plain(page)


def test_a_reseller_opens_the_customer_only_while_it_manages_it(placed, reseller):
    actor = actor_of(reseller)
    links = [placed.customer.get_absolute_url(), placed.lines.earliest("pk").subscription.get_absolute_url()]
    page = page_of(actor, placed)
    assert [f'href="{link}"' in page for link in links] == [True, True]
    ResellerRelationship.objects.update(ends_at=placed.placed_at)
    ResellerRelationship.objects.all().delete()
    page = page_of(actor, placed)
    assert [f'href="{link}"' in page for link in links] == [False, False]


def test_outsiders_find_nothing(placed, outsider, provider):
    sibling = actor_of(make_sibling(provider))
    for actor in (outsider, sibling):
        assert signed_in(actor).get(placed.get_absolute_url()).status_code == 404


def make_sibling(provider: Any) -> Any:
    """Another reseller of the same provider."""
    from tests.factories import PartnershipFactory

    return PartnershipFactory(provider=provider).reseller


def test_what_became_of_each_line_is_said(sales, standard, defender):
    order = make_order(sales, standard, defender, standard, status="pending")
    done, refused, _waits = order.lines.order_by("pk")
    OrderLine.objects.filter(pk=refused.pk).update(state="refused", refusal="Not sold to <bakeries>.")
    subscription = SubscriptionFactory(customer=order.customer)
    OrderLine.objects.filter(pk=done.pk).update(state="fulfilled", subscription=subscription)
    page = page_of(sales, order)
    assert "Not sold to &lt;bakeries&gt;." in page
    words = plain(page)
    assert "1 line waits to be carried out. 1 line was refused." in words
    assert "Refused lines are not in the totals." in words
    assert [word in words for word in ("Fulfilled", "Refused", "Pending")] == [True] * 3
    assert "Total per month USD 100.00" in words
    assert "per year USD" not in words.partition("Totals")[2]


def test_an_order_from_before_attestations_says_nothing_of_them(sales, standard: Price):
    words = plain(page_of(sales, make_order(sales, standard)))
    assert "Attested — None" in words
    assert "No reseller (direct)" in words


@pytest.mark.parametrize("lines", [1, 3])
def test_the_document_costs_the_same_with_more_lines(sales, standard, lines, django_assert_num_queries):
    order = make_order(sales, *[standard] * lines)
    browser = signed_in(sales)
    browser.get(order.get_absolute_url())
    with django_assert_num_queries(6):
        browser.get(order.get_absolute_url())


def test_every_role_reads_orders(placed, provider):
    for role in Role:
        assert (
            signed_in(actor_of(provider, role)).get(reverse("orders:detail", args=[placed.public_id])).status_code
            == 200
        )
