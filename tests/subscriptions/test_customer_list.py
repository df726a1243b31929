"""The Customers list: its filters and their chips, what a row and an opened row say, and what outsiders never see."""

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import quote, urlencode

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from accounts.access import Actor
from accounts.models import Partner, User
from accounts.roles import Role
from catalogue.models import Price
from core import clock
from customers.models import Customer, CustomerAgreement
from subscriptions.models import ResellerOfRecord, Subscription
from tests.contracts import html_faults
from tests.customers.conftest import actor_of
from tests.factories import (
    CustomerAdministratorFactory,
    CustomerFactory,
    PartnershipFactory,
    SubscriptionFactory,
)

Browser = Callable[[User | None], Client]
LIST = reverse("customers:list")


def listed(browser: Client, **query: str) -> list[str]:
    """The names in the list, from top to bottom."""
    response = browser.get(f"{LIST}?{urlencode(query)}")
    assert response.status_code == 200
    return [record.company_name for record in response.context["table"].records]


def page_of(browser: Client, **query: str) -> str:
    """The page as it is sent."""
    response = browser.get(f"{LIST}?{urlencode(query)}")
    assert response.status_code == 200
    return response.content.decode()


def details_in(page: str, customer: Customer) -> str:
    """What the opened row of this customer shows on a page."""
    found = re.search(rf'<tr[^>]* id="details-{customer.microsoft_id}">(.*?)</tr>', page, re.DOTALL)
    assert found
    return found[1]


def opened(browser: Client, customer: Customer) -> str:
    """What the row of this customer shows when it is opened on a page, and no less when the address opens it."""
    fetched = page_of(browser, row=str(customer.microsoft_id))
    details = details_in(fetched, customer)
    assert fetched.startswith("<tr")
    assert fetched.endswith("</tr>")
    assert details == details_in(page_of(browser, open=str(customer.microsoft_id)), customer)
    return details


def agree(customer: Customer) -> None:
    CustomerAgreement.objects.create(
        customer=customer,
        accepted_on=clock.now().date(),
        first_name="Ana",
        last_name="Lima",
        email="ana@bakery.example",
        confirmed_by=customer.created_by,
    )


# --- filters ----------------------------------------------------------------------------------------------------------
def test_customers_are_filtered_by_the_state_of_their_account(
    provider: Partner, admin: Actor, signed_in: Browser
) -> None:
    for status in Customer.Status:
        CustomerFactory(provider=provider, company_name=f"Is {status}", status=status)
    browser = signed_in(admin.user)
    for status in Customer.Status:
        assert listed(browser, status=status) == [f"Is {status}"]
    assert listed(browser, status="anything") == []


def test_customers_are_filtered_by_agreement(provider: Partner, admin: Actor, signed_in: Browser) -> None:
    agree(CustomerFactory(provider=provider, company_name="Agreed"))
    CustomerFactory(provider=provider, company_name="Silent")
    browser = signed_in(admin.user)
    assert listed(browser, agreement="accepted") == ["Agreed"]
    assert listed(browser, agreement="none") == ["Silent"]


def test_each_filter_is_a_chip_that_takes_itself_away(provider: Partner, admin: Actor, signed_in: Browser) -> None:
    CustomerFactory(provider=provider, company_name="Padaria", country="US")
    query = {"q": "pad", "reseller": "none", "status": "active", "agreement": "none", "sort": "company_name"}
    response = signed_in(admin.user).get(f"{LIST}?{urlencode(query)}&open=x")
    chips = {chip["label"]: (chip["value"], chip["url"]) for chip in response.context["chips"]}
    assert {label: value for label, (value, _url) in chips.items()} == {
        "Search by name, domain, ID or e-mail": "pad",
        "Filter by indirect reseller": "No reseller (direct)",
        "Status": "Active",
        "Customer agreement": "Not accepted",
    }
    without = {name: value for name, value in query.items() if name != "status"}
    assert chips["Status"][1] == f"{LIST}?{urlencode(without)}"
    assert response.context["clear_url"] == f"{LIST}?sort=company_name"


# --- sorts ------------------------------------------------------------------------------------------------------------
def test_the_latest_change_comes_first(provider: Partner, admin: Actor, signed_in: Browser) -> None:
    made = {name: CustomerFactory(provider=provider, company_name=name) for name in ("One", "Two", "Three")}
    now = clock.now()
    for hours, name in enumerate(("Two", "Three", "One")):
        Customer.objects.filter(pk=made[name].pk).update(changed_at=now - timedelta(hours=hours))
    browser = signed_in(admin.user)
    assert listed(browser) == ["Two", "Three", "One"]
    assert listed(browser, sort="changed") == ["One", "Three", "Two"]
    assert listed(browser, sort="-created") == ["Three", "Two", "One"]


# --- rows -------------------------------------------------------------------------------------------------------------
def test_a_row_says_the_state_and_when_something_changed(provider: Partner, admin: Actor, signed_in: Browser) -> None:
    CustomerFactory(provider=provider, status=Customer.Status.UNDER_REVIEW)
    Customer.objects.update(changed_at=clock.now() - timedelta(hours=3))
    page = page_of(signed_in(admin.user))
    assert re.search(r'data-label="Status"><span class="status status-warning">.*?Under review</span>', page)
    assert re.search(r'data-label="Changed"><time datetime="[^"]+" title="[^"]+">3\xa0hours ago</time>', page)
    assert re.search(r'<th scope="row" role="rowheader"><a href="[^"]+"><bdi>Bakery \d+</bdi></a></th>', page)


def test_an_opened_row_says_what_there_is_and_leads_on(
    provider: Partner, reseller: Partner, admin: Actor, price: Price, signed_in: Browser
) -> None:
    with time_machine.travel("2026-03-14 12:00:00Z", tick=False):
        customer = CustomerFactory(provider=provider, managed_by=reseller, company_name="Padaria")
        CustomerAdministratorFactory(customer=customer)
        desk = SubscriptionFactory(customer=customer, sku=price.sku, nickname="Desk", quantity=1200)
        once = SubscriptionFactory(customer=customer, sku=price.sku, nickname="Once", quantity=1, at_end="cancel")
        window = clock.now() + timedelta(days=7)
        SubscriptionFactory(
            customer=customer, sku=price.sku, nickname="Try", quantity=25, is_trial=True, cancellable_until=window
        )
        earner = PartnershipFactory(provider=provider, reseller__legal_name="Earner").reseller
        former = PartnershipFactory(provider=provider, reseller__legal_name="Former").reseller
        for subscription, who, ends_at in (
            (desk, earner, None),
            (once, reseller, None),
            (once, former, clock.now()),
        ):
            ResellerOfRecord.objects.create(
                subscription=subscription, reseller=who, mpn_id="1", set_by=admin.user, ends_at=ends_at
            )
        details = opened(signed_in(admin.user), customer)
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", details))
    for part in (
        str(customer.microsoft_id),
        "Active",
        "Desk · 1,200 licenses · Active · Renews on 14 Mar 2027",
        "Once · 1 license · Active · Expires on 14 Mar 2027",
        "Try · 25 licenses · Active · Becomes paid on 14 Mar 2027",
        f"admin@{customer.domain}",
        "Fabrikam · manages the customer",
        "Earner · reseller of record",
        "14 Mar 2026",
    ):
        assert part in words, part
    assert "Former" not in words
    assert words.count("Fabrikam") == 1
    assert desk.get_absolute_url() in details
    assert f'href="{customer.get_absolute_url()}">View subscriptions' in details
    assert f'href="{reverse("customers:detail", args=[customer.microsoft_id])}">Account' in details
    assert f'formaction="{reverse("orders:add_subscription", args=[customer.microsoft_id])}"' in details


def test_an_opened_row_shows_five_subscriptions_and_counts_the_rest(
    provider: Partner, admin: Actor, price: Price, signed_in: Browser
) -> None:
    customer = CustomerFactory(provider=provider)
    for number in range(7):
        SubscriptionFactory(customer=customer, sku=price.sku, nickname=f"Number {number}", quantity=2)
    gone = SubscriptionFactory(customer=customer, sku=price.sku, nickname="Gone", status=Subscription.Status.DELETED)
    direct = CustomerFactory(provider=provider)
    browser = signed_in(admin.user)
    details = opened(browser, customer)
    assert re.findall(r"Number \d", details) == [f"Number {number}" for number in (6, 5, 4, 3, 2)]
    assert "and 2 more" in details
    assert gone.nickname not in details
    listed_now = {record.pk: record for record in browser.get(LIST).context["table"].records}
    assert (listed_now[customer.pk].subscription_count, listed_now[customer.pk].license_count) == (7, 14)
    assert (listed_now[direct.pk].subscription_count, listed_now[direct.pk].license_count) == (0, 0)
    assert "No subscriptions yet" in opened(browser, direct)
    assert "No reseller (direct)" in opened(browser, direct)


def test_only_rows_that_are_open_come_with_the_page(provider: Partner, admin: Actor, signed_in: Browser) -> None:
    one, two = (CustomerFactory(provider=provider) for _number in range(2))
    browser = signed_in(admin.user)
    assert "details-" not in page_of(browser)
    page = page_of(browser, open=str(one.microsoft_id))
    assert str(one.microsoft_id) in details_in(page, one)
    assert f"details-{two.microsoft_id}" not in page


def test_a_row_opens_only_for_who_sees_it(
    provider: Partner, reseller: Partner, admin: Actor, price: Price, signed_in: Browser
) -> None:
    theirs = CustomerFactory(managed_by=reseller, company_name="Theirs")
    SubscriptionFactory(customer=theirs, sku=price.sku, nickname="Theirs too")
    ours = CustomerFactory(provider=provider, company_name="Ours")
    for browser, foreign in ((signed_in(admin.user), theirs), (signed_in(actor_of(reseller).user), ours)):
        for key in (foreign.microsoft_id, foreign.pk, uuid.uuid4(), "", "x", "9" * 30):
            response = browser.get(f"{LIST}?{urlencode({'row': key})}")
            assert response.status_code == 404, key
            assert foreign.company_name not in response.content.decode()
    address = f"{LIST}?row={ours.microsoft_id}"
    assert Client().get(address).url == f"{reverse('account_login')}?next={quote(address)}"
    assert signed_in(admin.user).get(f"{address}&q=theirs").status_code == 200  # whatever is filtered meanwhile


def test_a_row_is_opened_with_few_queries(
    provider: Partner, admin: Actor, price: Price, signed_in: Browser, django_assert_num_queries: Callable
) -> None:
    customers = [CustomerFactory(provider=provider) for _number in range(3)]
    for customer in customers:
        SubscriptionFactory(customer=customer, sku=price.sku)
    browser = signed_in(admin.user)
    browser.get(LIST)
    with django_assert_num_queries(8):
        browser.get(f"{LIST}?row={customers[0].microsoft_id}")
    for number in (1, 3):
        keys = [customer.microsoft_id for customer in customers[:number]]
        with django_assert_num_queries(11):
            assert browser.get(f"{LIST}?{urlencode({'open': keys}, doseq=True)}").content.count(b"details-") == number


def test_rows_open_by_the_address_and_keep_every_filter(provider: Partner, admin: Actor, signed_in: Browser) -> None:
    one, two = (CustomerFactory(provider=provider, company_name=f"Padaria {name}") for name in ("One", "Two"))
    query = {"q": "padaria", "status": "active", "sort": "company_name", "per_page": "50"}
    browser = signed_in(admin.user)
    response = browser.get(f"{LIST}?{urlencode(query)}")
    page = response.content.decode()
    rows = page.split('<tr role="row"')
    link = re.search(r'href="([^"]+)" data-expand=""', next(row for row in rows if str(two) in row))
    assert link
    address = link[1].replace("&amp;", "&")
    assert address == f"?{urlencode(query)}&open={two.microsoft_id}#row-{two.microsoft_id}"
    page = browser.get(LIST + address.partition("#")[0]).content.decode()
    assert str(two.microsoft_id) in details_in(page, two)
    assert f"details-{one.microsoft_id}" not in page
    assert [record.company_name for record in browser.get(LIST + address.partition("#")[0]).context["table"].records]
    assert html_faults(page) == []
    close = re.search(r'href="(\?[^"]+)" data-expand="open"', page)
    assert close
    assert close[1].replace("&amp;", "&") == f"?{urlencode(query)}#row-{two.microsoft_id}"


# --- both sides -------------------------------------------------------------------------------------------------------
def test_a_reseller_sees_its_customers_with_their_provider_and_nobody_else(
    provider: Partner, reseller: Partner, admin: Actor, price: Price, signed_in: Browser
) -> None:
    customer = CustomerFactory(provider=provider, managed_by=reseller, company_name="Padaria")
    subscription = SubscriptionFactory(customer=customer, sku=price.sku)
    rival = PartnershipFactory(provider=provider, reseller__legal_name="Rival services").reseller
    ResellerOfRecord.objects.create(subscription=subscription, reseller=rival, mpn_id="1", set_by=admin.user)
    browser = signed_in(actor_of(reseller).user)
    response = browser.get(LIST)
    page = response.content.decode()
    heads = [cell["label"] for cell in response.context["table"].head()]
    assert heads[2] == "Indirect provider"
    assert "Northwind" in page
    details = opened(browser, customer)
    assert "Rival" not in page + details
    assert "Indirect resellers" not in details
    assert reverse("orders:ask_subscription", args=[customer.microsoft_id]) in details
    assert reverse("orders:add_subscription", args=[customer.microsoft_id]) not in page + details
    assert listed(browser, status="active", agreement="none") == ["Padaria"]


def test_who_may_not_order_is_offered_no_order(provider: Partner, price: Price, signed_in: Browser) -> None:
    customer = CustomerFactory(provider=provider)
    details = opened(signed_in(actor_of(provider, Role.HELPDESK_AGENT).user), customer)
    assert "Add subscription" not in details
    assert "View subscriptions" in details


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"onmouseover="x', "{{ 7*7 }}{% now %}", "\u202egnp.exe", "&lt;b&gt;"]
)
def test_names_are_shown_as_they_are_and_never_as_markup(
    provider: Partner, reseller: Partner, admin: Actor, price: Price, signed_in: Browser, text: str
) -> None:
    Partner.objects.filter(pk=reseller.pk).update(legal_name=text)
    customer = CustomerFactory(provider=provider, managed_by=reseller, company_name=text)
    SubscriptionFactory(customer=customer, sku=price.sku, nickname=text)
    page = page_of(signed_in(admin.user), open=str(customer.microsoft_id))
    assert page.count(f"<bdi>{escape(text)}</bdi>") >= 4  # the name, the reseller twice, the subscription
    assert html_faults(page) == []
    if escape(text) != text:
        assert text not in page
