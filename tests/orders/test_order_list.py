"""The Orders list and a customer's Order history: what is found, what a row says, and what nobody else sees."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.access import Actor
from accounts.models import Partner
from accounts.roles import Role
from catalogue.models import Price
from core import clock
from customers.models import Customer
from orders.models import Order, OrderLine
from resellers.models import Partnership
from tests.contracts import html_faults
from tests.factories import CustomerAdministratorFactory, CustomerFactory, PartnerFactory, PartnershipFactory
from tests.orders.conftest import actor_of, make_price, make_sku, person, signed_in

LIST = reverse("orders:list")
DAY = datetime(2026, 3, 14, 12, tzinfo=UTC)


def make_order(by: Actor, *prices: Price, quantity: int = 5, **facts: Any) -> Order:
    """An order of which nothing is carried out yet, unless a status is given."""
    customer = facts.pop("customer", None) or CustomerFactory(provider=by.partner)
    values: dict[str, Any] = {"status": "pending", "currency": "USD", "placed_at": DAY}
    order = Order.objects.create(customer=customer, provider=by.partner, placed_by=person(by), **{**values, **facts})
    for price in prices:
        OrderLine.objects.create(
            order=order,
            sku=price.sku,
            price=price,
            offer_name=price.sku.title,
            quantity=quantity,
            unit_price=price.unit_price,
            term_duration=price.term_duration,
            billing_plan=price.billing_plan,
            state="pending",
        )
    return order


def listed(browser: Client, **query: str) -> list[Order]:
    """The orders in the list, from top to bottom."""
    response = browser.get(LIST, query)
    assert response.status_code == 200
    return response.context["table"].records


def rows_of(page: str) -> str:
    """The body of the table."""
    return page.partition("<tbody")[2].partition("</tbody>")[0]


# --- who sees what ----------------------------------------------------------------------------------------------------
def test_each_side_sees_its_own_orders(sales, helpdesk, colleague, outsider, reseller):
    ours = make_order(sales, reseller=reseller)
    direct = make_order(sales, placed_at=DAY - timedelta(days=1))
    theirs = make_order(outsider)
    for actor in (sales, helpdesk, colleague):
        assert listed(signed_in(actor)) == [ours, direct]
    assert listed(signed_in(outsider)) == [theirs]
    assert listed(signed_in(actor_of(reseller))) == [ours]
    assert listed(signed_in(actor_of(PartnerFactory(reseller=True)))) == []


def test_a_reseller_sees_its_orders_while_the_partnership_lasts(sales, reseller, partnership):
    order = make_order(sales, reseller=reseller)
    browser = signed_in(actor_of(reseller))
    assert browser.get(order.get_absolute_url()).status_code == 200
    Partnership.objects.update(ended_at=clock.now(), ended_side="provider")
    assert listed(browser) == []
    assert browser.get(order.get_absolute_url()).status_code == 404


def test_a_customer_has_no_orders_page(sales):
    administrator = CustomerAdministratorFactory(customer=make_order(sales).customer)
    browser = Client()
    browser.force_login(administrator.user)
    for address in (LIST, reverse("customers:orders", args=[administrator.customer.microsoft_id])):
        assert browser.get(address).status_code == 403


def test_the_navigation_leads_to_the_list(sales, reseller):
    for actor in (sales, actor_of(reseller)):
        assert f'href="{LIST}"' in signed_in(actor).get("/").content.decode()


# --- rows -------------------------------------------------------------------------------------------------------------
def test_a_row_says_who_ordered_what_for_whom(sales, reseller, standard):
    dear = make_price(make_sku("Enterprise"), "1000.50")
    usage = make_price(make_sku("Azure plan", is_usage_based=True), "1.00")
    customer = CustomerFactory(provider=sales.partner, company_name="Padaria")
    order = make_order(sales, standard, dear, usage, reseller=reseller, customer=customer)
    page = signed_in(sales).get(LIST).content.decode()
    assert html_faults(page) == []
    row = rows_of(page)
    for words in (order.number, "Padaria", "Fabrikam", "Sam Sales", "USD\xa05,602.50", "Pending"):
        assert words in row
    assert 'data-label="Lines" class="num">3<' in row


def test_sums_and_people_are_for_those_who_may_know(sales, helpdesk, reseller, standard):
    make_order(sales, standard, reseller=reseller)
    assert "600.00" not in signed_in(helpdesk).get(LIST).content.decode()
    page = signed_in(actor_of(reseller)).get(LIST).content.decode()
    assert "600.00" not in page
    assert "Sam Sales" not in page
    assert "Northwind" in rows_of(page)


def test_an_order_without_a_reseller_says_so(sales):
    make_order(sales)
    assert 'class="missing"' in rows_of(signed_in(sales).get(LIST).content.decode())


def test_the_list_says_what_brings_the_first_order(sales, reseller):
    assert "An order is placed with a new customer" in signed_in(sales).get(LIST).content.decode()
    page = signed_in(actor_of(reseller)).get(LIST).content.decode()
    assert "names your company as its reseller" in page


@pytest.mark.parametrize("more", [0, 2])
def test_the_list_costs_the_same_with_more_rows(sales, reseller, standard, more, django_assert_num_queries):
    for _ in range(1 + more):
        make_order(sales, standard, reseller=reseller)
    browser = signed_in(sales)
    browser.get(LIST)
    with django_assert_num_queries(8):
        browser.get(LIST)


# --- search -----------------------------------------------------------------------------------------------------------
@pytest.fixture
def bakery(sales: Actor) -> Order:
    """An order to be found, beside one that is none of what is looked for."""
    make_order(sales, customer=CustomerFactory(provider=sales.partner, company_name="Cinema"))
    customer = CustomerFactory(
        provider=sales.partner,
        company_name="Padaria São João",
        domain_prefix="padaria",
        registration_id="11222333000181",
    )
    return make_order(sales, customer=customer)


@pytest.mark.parametrize(
    "typed", ["sao joao", "PADARIA", "padaria joão", "adari", "11.222.333/0001-81", "padaria.onmicrosoft.com"]
)
def test_orders_are_found_by_customer(sales, bakery, typed):
    assert listed(signed_in(sales), q=typed) == [bakery]


def test_orders_are_found_by_number(sales, bakery):
    browser = signed_in(sales)
    assert bakery.number == f"2026-{bakery.pk:06d}"
    for typed in (bakery.number, f"2026-{bakery.pk}", f"{bakery.pk:06d}", f"padaria {bakery.number}"):
        assert bakery in listed(browser, q=typed), typed
    assert listed(browser, q=bakery.number) == [bakery]
    for typed in (f"2025-{bakery.pk}", f"0000-{bakery.pk}", f"9999-{bakery.pk}", f"cinema {bakery.number}"):
        assert listed(browser, q=typed) == [], typed


def test_a_number_finds_many_customers_too(sales, bakery, monkeypatch):
    monkeypatch.setattr("orders.order_pages.filters.MOST_CUSTOMERS", 0)
    assert listed(signed_in(sales), q="11222333") == [bakery]


def test_a_reseller_searches_only_what_it_may_read(sales, reseller):
    former = CustomerFactory(provider=sales.partner, company_name="Former", contact_email="secret@former.example")
    present = CustomerFactory(provider=sales.partner, company_name="Present", managed_by=reseller)
    orders = [make_order(sales, reseller=reseller, customer=one) for one in (former, present)]
    browser = signed_in(actor_of(reseller))
    assert set(listed(browser)) == set(orders)
    assert listed(browser, q="present") == [orders[1]]
    assert listed(browser, q="secret@former.example") == []
    assert listed(browser, q=orders[0].number) == [orders[0]]


# --- filters ----------------------------------------------------------------------------------------------------------
def test_orders_are_filtered_by_status(sales):
    made = {status: make_order(sales, status=status) for status in Order.Status.values}
    browser = signed_in(sales)
    for status, order in made.items():
        assert listed(browser, status=status) == [order]


def test_orders_are_filtered_by_reseller(sales, reseller, provider):
    named, direct = make_order(sales, reseller=reseller), make_order(sales)
    other = PartnershipFactory(provider=provider, reseller__legal_name="Contoso").reseller
    browser = signed_in(sales)
    assert listed(browser, reseller=str(reseller.microsoft_id)) == [named]
    assert listed(browser, reseller="fabrikam") == [named]
    assert listed(browser, reseller="none") == [direct]
    assert listed(browser, reseller=str(other.microsoft_id)) == []
    stranger = PartnerFactory(reseller=True, legal_name="Stranger")
    assert listed(browser, reseller=str(stranger.microsoft_id)) == []


def test_a_reseller_filters_by_provider(sales, outsider, reseller):
    PartnershipFactory(provider=outsider.partner, reseller=reseller)
    ours, theirs = make_order(sales, reseller=reseller), make_order(outsider, reseller=reseller)
    browser = signed_in(actor_of(reseller))
    assert set(listed(browser)) == {ours, theirs}
    assert listed(browser, provider=str(sales.partner.microsoft_id)) == [ours]


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        ("2026-03-14", "2026-03-14", True),
        ("2026-03-15", "", False),
        ("", "2026-03-13", False),
        ("2026-03-01", "2026-03-31", True),
        ("0001-01-01", "9999-12-31", True),
        ("tomorrow", "", False),
    ],
)
def test_orders_are_filtered_by_period(sales, since, until, found):
    order = make_order(sales)
    assert listed(signed_in(sales), since=since, until=until) == ([order] if found else [])


def test_days_are_those_of_the_person(sales):
    order = make_order(sales, placed_at=datetime(2026, 3, 14, 1, 30, tzinfo=UTC))
    user = person(sales)
    user.time_zone = "America/Sao_Paulo"
    user.save(update_fields=["time_zone"])
    browser = signed_in(sales)
    assert listed(browser, since="2026-03-13", until="2026-03-13") == [order]
    assert listed(browser, since="2026-03-14") == []


# --- of one customer --------------------------------------------------------------------------------------------------
def test_order_history_is_of_one_customer(sales, reseller, standard):
    customer = CustomerFactory(provider=sales.partner, managed_by=reseller)
    mine = make_order(sales, standard, customer=customer, reseller=reseller)
    direct = make_order(sales, standard, customer=customer, placed_at=DAY - timedelta(days=1))
    make_order(sales, standard)
    address = reverse("customers:orders", args=[customer.microsoft_id])
    response = signed_in(sales).get(address)
    assert response.context["table"].records == [mine, direct]
    assert html_faults(response.content.decode()) == []
    [tab] = [tab for tab in response.context["tabs"] if tab["current"]]
    assert (str(tab["label"]), tab["url"]) == ("Order history", address)
    assert signed_in(actor_of(reseller)).get(address).context["table"].records == [mine]


def test_the_opened_row_of_a_customer_leads_to_its_orders(sales):
    customer: Customer = make_order(sales).customer
    page = signed_in(sales).get(f"{reverse('customers:list')}?row={customer.microsoft_id}").content.decode()
    assert f'href="{reverse("customers:orders", args=[customer.microsoft_id])}"' in page


def test_roles_that_may_view_orders(provider: Partner):
    for role in Role:
        assert signed_in(actor_of(provider, role)).get(LIST).status_code == 200


def test_totals_add_up_what_each_line_costs(sales):
    cents = make_price(make_sku("Odd"), "0.3333")
    order = make_order(sales, cents, cents, quantity=2)
    [found] = listed(signed_in(sales))
    assert found == order
    assert found.facts.total == Decimal("1.34")
