"""A customer's administrator from the handed-over password to its own activity, in a browser."""

import re
from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from accounts.models import Partner, SupportProfile
from customers.models import CustomerAgreement, ResellerRelationship, TenantOwner
from subscriptions.azure import AZURE_PLAN_PRODUCTS
from tests.browser.conftest import follow, sign_in, sign_out
from tests.factories import ProductFactory, SkuFactory, SubscriptionFactory
from tests.world import World, make_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Check = Callable[[Page], None]
OWN = "snow falls on nine huts"


@pytest.fixture
def world(transactional_db: None) -> World:
    """Our customer has an Azure plan, a request to answer, and has accepted no agreement."""
    world = make_world()
    customer = world.ours.customer
    CustomerAgreement.objects.filter(customer=customer).delete()
    product = ProductFactory(product_id=AZURE_PLAN_PRODUCTS[0], title="Azure plan")
    SubscriptionFactory(customer=customer, sku=SkuFactory(product=product, is_usage_based=True), quantity=1)
    Partner.objects.filter(pk=world.ours.provider.pk).update(contact_phone="+12065550177")
    SupportProfile.objects.create(
        partner=world.ours.reseller,
        email="help@oursreseller.example",
        phone="+12065550142",
        website="https://help.oursreseller.example",
    )
    return world


@pytest.mark.parametrize("width", [1280, 390])
def test_from_the_password_to_the_own_activity(
    world: World, portal: str, browser: Browser, check_accessible: Check, width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()

    def check(page: Page) -> None:
        check_accessible(page)
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider == 0, page.url

    walk(page, portal, world, check)
    context.close()


def test_the_same_without_javascript(world: World, portal: str, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    walk(context.new_page(), portal, world, lambda page: None)
    context.close()


def walk(page: Page, portal: str, world: World, check: Check) -> None:
    """Hand over, sign in, and everything that the customer then sees and decides."""
    name, password = hand_over(page, portal, world)
    arrive(page, portal, name, password, check)
    see_a_subscription(page, world, check)
    answer_the_request(page, world, check)
    grant_and_remove(page, world, check)
    read_the_activity(page, world, check)
    find_nothing_else(page, portal, world)


def hand_over(page: Page, portal: str, world: World) -> tuple[str, str]:
    """The provider issues a password; whoever hands it over reads both from the page."""
    sign_in(page, portal, world.ours.provider_admin.user.sign_in_name)
    page.goto(portal + reverse("customers:issue_credentials", args=[world.ours.customer.microsoft_id]))
    page.get_by_label("Somebody else may have seen the password").check()
    page.get_by_role("button", name="Issue a new temporary password").click()
    expect(page.get_by_role("heading", level=1, name="Temporary password")).to_be_visible()
    password = page.locator("#setup-password").input_value()
    sign_out(page)
    return f"admin@{world.ours.customer.domain}", password


def arrive(page: Page, portal: str, name: str, password: str, check: Check) -> None:
    """No page before the password is changed, and none before the agreement is accepted."""
    sign_in(page, portal, name, password)
    expect(page.get_by_role("heading", level=1)).to_contain_text("password")
    check(page)
    page.goto(f"{portal}/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("password")
    page.get_by_label("New password", exact=True).fill(OWN)
    again = page.get_by_label(re.compile("again", re.I))
    if again.count():
        again.fill(OWN)
    page.locator("main").get_by_role("button").first.click()
    expect(page.get_by_role("heading", level=1, name="Accept the customer agreement")).to_be_visible()
    check(page)
    page.get_by_label("I have read the agreement and accept it for my company").check()
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_role("heading", level=1, name="Subscriptions")).to_be_visible()
    expect(page.get_by_text("1 request for a reseller relationship waits for your answer")).to_be_visible()
    check(page)


def go_to(page: Page, entry: str) -> None:
    """Through the navigation, which stands behind a button on a phone."""
    link = page.get_by_role("navigation").get_by_role("link", name=entry, exact=True).first
    if not link.is_visible():
        page.get_by_text("Menu", exact=True).first.click()
    link.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(entry)


def see_a_subscription(page: Page, world: World, check: Check) -> None:
    """Licenses, renewal and whom to turn to, without a price."""
    page.get_by_role("link", name="Ourssubscription").click()
    main = page.locator("main")
    expect(main).to_contain_text("Renews on")
    expect(main.get_by_role("link", name="+1 206-555-0142")).to_have_attribute("href", "tel:+12065550142")
    expect(main.get_by_role("link", name="help@oursreseller.example")).to_be_visible()
    expect(main.get_by_role("link", name="help.oursreseller.example", exact=True)).to_be_visible()
    expect(main).not_to_contain_text("USD")
    expect(main.get_by_role("button", name="Submit")).to_have_count(0)
    check(page)


def answer_the_request(page: Page, world: World, check: Check) -> None:
    """The reseller may do everything today; the request narrows that, and is accepted."""
    go_to(page, "Partners")
    expect(page.locator("[aria-labelledby=provider]")).to_contain_text("+1 206-555-0177")
    expect(page.locator("[aria-labelledby=managing]")).to_contain_text("has administrator access to your account")
    expect(page.locator("[aria-labelledby=support]")).to_contain_text("help@oursreseller.example")
    check(page)
    follow(page.get_by_role("link", name="Read and answer"))
    check(page)
    page.get_by_role("button", name="Accept").click()
    expect(page.locator("[aria-labelledby=managing]")).to_contain_text("it changes nothing itself")
    current = ResellerRelationship.objects.current().get(customer=world.ours.customer)
    assert current.scope == ResellerRelationship.Scope.VIEW_AND_REQUEST


def grant_and_remove(page: Page, world: World, check: Check) -> None:
    """Tenant owner of the Azure plan, given and taken back."""
    reseller = str(world.ours.reseller)
    go_to(page, "User settings")
    check(page)
    follow(page.get_by_role("link", name=f"Make tenant owner {reseller}"))
    check(page)
    page.get_by_role("button", name="Make tenant owner").click()
    expect(page.get_by_text(f"{reseller} is tenant owner now.")).to_be_visible()
    check(page)
    page.get_by_role("link", name=f"Remove {reseller}").click()
    page.get_by_role("button", name="Remove tenant owner").click()
    expect(page.get_by_text(f"{reseller} is no longer tenant owner.")).to_be_visible()
    assert TenantOwner.objects.get(customer=world.ours.customer).ends_at is not None


def read_the_activity(page: Page, world: World, check: Check) -> None:
    """Its own deeds, and those of others by their company."""
    go_to(page, "Activity")
    for done in ("Tenant owner removed", "Tenant owner granted", "Customer agreement accepted", "Temporary password"):
        expect(page.get_by_text(done).first).to_be_visible()
    expect(page.locator("main")).not_to_contain_text(world.ours.provider_admin.user.full_name)
    check(page)


def find_nothing_else(page: Page, portal: str, world: World) -> None:
    """Neither lists of the provider nor another customer, whatever address is typed."""
    for path, status in (
        ("/customers/", 403),
        ("/renewals/", 403),
        (world.theirs.customer.get_absolute_url(), 404),
        (world.theirs.subscription.get_absolute_url(), 404),
    ):
        assert page.request.get(f"{portal}{path}").status == status, path
