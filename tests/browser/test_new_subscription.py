"""New subscriptions for a customer that exists, from its row in the list to its list of subscriptions, in a browser."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from catalogue.models import Price, Product, Sku
from core import clock
from subscriptions.models import Subscription
from tests.browser.conftest import sign_in
from tests.world import World, make_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Check = Callable[[Page], None]
STANDARD = "Microsoft 365 Business Standard"


@pytest.fixture
def world(transactional_db: None) -> World:
    """A customer with a subscription of an offer, among a hundred and more offers."""
    world = make_world()
    for number in range(110):
        product = Product.objects.create(product_id=f"BROWSE{number:03d}", title=f"Suite {number:03d}", publisher="Ace")
        sku = Sku.objects.create(product=product, sku_id="0001", title=product.title, min_licenses=2, max_licenses=50)
        Price.objects.create(
            sku=sku,
            market="US",
            currency="USD",
            term_duration="P1Y",
            term_months=12,
            billing_plan="Annual",
            segment="Commercial",
            unit_price=12,
            sold_from=clock.now() - timedelta(days=1),
        )
    return world


def row(page: Page, title: str) -> Locator:
    """The row of an offer."""
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=re.compile(title))).first


def add(page: Page, portal: str, world: World) -> None:
    """Sign in and press *Add subscription* in the expanded row of the customer."""
    owner = world.ours.provider_admin.user
    assert owner is not None
    sign_in(page, portal, owner.email or owner.sign_in_name)
    page.goto(f"{portal}/customers/?open={world.ours.customer.microsoft_id}")
    page.get_by_role("button", name=re.compile("^Add subscription")).first.click()
    expect(page.get_by_role("heading", level=1, name="New subscription")).to_be_visible()


def order(page: Page, portal: str, world: World, check: Check) -> None:
    """The whole way, with each wrong turn on it."""
    add(page, portal, world)
    check(page)
    offer = row(page, STANDARD)
    expect(offer).to_contain_text("of it already")
    expect(offer.get_by_role("link", name=re.compile("^Change its licenses instead"))).to_be_visible()
    offer.get_by_role("textbox").fill("3")
    page.get_by_role("button", name="Next", exact=True).click()
    expect(page.get_by_text("Page 2 of 3")).to_be_visible()
    expect(row(page, STANDARD).get_by_role("textbox")).to_have_value("3")
    row(page, "Suite 060").get_by_role("textbox").fill("1")
    check(page)
    page.get_by_role("button", name="Next: Review").click()
    problem = "Enter the number of licenses for Suite 060, 2 to 50."
    expect(page.get_by_role("alert").get_by_role("link", name=problem)).to_be_visible()
    expect(page.get_by_text("Page 2 of 3")).to_be_visible()
    check(page)
    row(page, "Suite 060").get_by_role("textbox").fill("2")
    page.get_by_role("button", name="Next: Review").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Change its licenses instead, or confirm that it is to be ordered once more.")
    expect(alert).to_contain_text("Choose the reseller for these subscriptions, or No reseller.")
    check(page)
    row(page, STANDARD).get_by_role("checkbox").check()
    page.get_by_label(re.compile("suggested: it manages the customer")).check()
    page.get_by_label("Designated support contact").select_option(index=1)
    page.get_by_role("button", name="Next: Review").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Check the order")
    expect(page.get_by_text("Ordered once more")).to_be_visible()
    check(page)
    page.get_by_label(re.compile("^I confirm that")).check()
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("row", name=re.compile("Suite 060"))).to_contain_text("New")
    expect(page.locator("tr.is-new")).to_have_count(2)
    check(page)
    reseller = world.ours.reseller
    made = Subscription.objects.filter(customer=world.ours.customer, resellers_of_record__reseller=reseller)
    assert (
        made.filter(support_contacts__reseller=reseller, created_at__gt=clock.now() - timedelta(hours=1)).count() >= 2
    )


@pytest.mark.parametrize("width", [1280, 390])
def test_new_subscriptions_for_an_existing_customer(
    world: World, portal: str, browser: Browser, check_accessible: Check, width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900})
    page, faults = context.new_page(), []
    page.on("pageerror", lambda error: faults.append(str(error)))
    order(page, portal, world, check_accessible)
    assert faults == []
    context.close()


def test_the_same_without_javascript(world: World, portal: str, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    order(context.new_page(), portal, world, lambda page: None)
    context.close()


def test_the_total_follows_what_is_typed_and_a_barrier_names_its_way_out(
    world: World, portal: str, browser: Browser, check_accessible: Check
) -> None:
    Subscription.objects.filter(pk=world.ours.subscription.pk).update(status="suspended")
    context = browser.new_context()
    page = context.new_page()
    add(page, portal, world)
    offer = row(page, STANDARD)
    expect(offer).to_contain_text("is suspended. Reactivate it instead of ordering it again.")
    expect(offer.get_by_role("textbox")).to_have_count(0)
    row(page, "Suite 001").get_by_role("textbox").fill("10")
    expect(page.locator("[data-summary]")).to_have_text("1 offer · 10 licenses · USD\u00a0120.00 per year")
    page.get_by_label("Search offers").fill("ÚITE 042")
    page.keyboard.press("Enter")
    expect(page.get_by_role("rowheader", name=re.compile("^Suite"))).to_have_count(2)
    expect(row(page, "Suite 001").get_by_role("textbox")).to_have_value("10")
    check_accessible(page)
    page.get_by_label("Search offers").fill("business")
    page.keyboard.press("Enter")
    row(page, STANDARD).get_by_role("link", name=re.compile("^Reactivate")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Reactivate")
    context.close()
