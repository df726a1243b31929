"""A customer's account in a browser: two people change it at once, and its administrator accepts the agreement."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.roles import Role
from customers.models import Customer, CustomerAgreement
from tests.browser.conftest import sign_in
from tests.world import World, make_member, make_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Check = Callable[[Page], None]


@pytest.fixture
def world(transactional_db: None) -> World:
    """Two of everything."""
    return make_world()


def open_company(page: Page, portal: str, customer: Customer) -> None:
    """From Account to the page that changes the company."""
    page.goto(f"{portal}/customers/{customer.microsoft_id}/account/")
    page.get_by_role("link", name="Change Company info").click()
    expect(page.get_by_role("heading", level=1, name="Company info")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("with_javascript", [True, False])
def test_two_people_meet_and_nothing_is_lost(
    world: World, portal: str, browser: Browser, check_accessible: Check, width: int, with_javascript: bool
) -> None:
    customer = world.ours.customer
    colleague = make_member(world.ours.provider, "cleo", Role.SALES_AGENT).user
    assert colleague is not None
    contexts = [
        browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=with_javascript)
        for _person in range(2)
    ]
    mine, theirs = (context.new_page() for context in contexts)
    sign_in(mine, portal, world.ours.provider_admin.user.sign_in_name)  # type: ignore[union-attr]
    sign_in(theirs, portal, colleague.sign_in_name)
    for page in (mine, theirs):
        open_company(page, portal, customer)
    theirs.get_by_label("Company name").fill("Ours Bakery Inc.")
    theirs.get_by_label("Address line 2").fill("Floor 2")
    theirs.get_by_role("button", name="Submit").click()
    expect(theirs.get_by_text("Company info saved.")).to_be_visible()
    mine.get_by_label("Company name").fill("Ours Bakery Ltd.")
    mine.get_by_label("City").fill("Tacoma")
    mine.get_by_role("button", name="Submit").click()
    expect(mine.get_by_role("heading", level=1, name="Somebody else changed this first")).to_be_visible()
    if with_javascript:
        check_accessible(mine)
        assert mine.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    row = mine.get_by_role("row").filter(has_text="Company name")
    expect(row).to_contain_text(
        re.compile(r"Ours Bakery Inc\.\s*Saved by Cleo of Oursprovider Inc\., .*Ours Bakery Ltd\.")
    )
    expect(mine.get_by_role("link", name="Discard mine")).to_be_visible()
    mine.get_by_role("button", name="Apply mine on top").click()
    expect(mine.get_by_text("Company info saved.")).to_be_visible()
    customer.refresh_from_db()
    assert (customer.company_name, customer.city, customer.address_line_2, customer.version) == (
        "Ours Bakery Ltd.", "Tacoma", "Floor 2", 3,
    )  # fmt: skip
    for context in contexts:
        context.close()


def test_mine_can_be_discarded(world: World, portal: str, page: Page) -> None:
    customer = world.ours.customer
    sign_in(page, portal, world.ours.provider_admin.user.sign_in_name)  # type: ignore[union-attr]
    other = page.context.new_page()
    for window in (page, other):
        open_company(window, portal, customer)
    for window, name in ((other, "Ours first"), (page, "Ours second")):
        window.get_by_label("Company name").fill(name)
        window.get_by_role("button", name="Submit").click()
    page.get_by_role("link", name="Discard mine").click()
    expect(page.get_by_role("heading", level=1, name="Ours first")).to_be_visible()
    assert Customer.objects.get(pk=customer.pk).version == 2


def test_bill_to_shows_its_fields_when_they_are_asked(
    world: World, portal: str, page: Page, check_accessible: Check
) -> None:
    sign_in(page, portal, world.ours.provider_admin.user.sign_in_name)  # type: ignore[union-attr]
    page.goto(f"{portal}/customers/{world.ours.customer.microsoft_id}/account/bill-to/")
    expect(page.get_by_label("Company name")).to_be_hidden()
    page.get_by_label("Another company, person or address").check()
    expect(page.get_by_label("Company name")).to_be_visible()
    check_accessible(page)
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("alert")).to_contain_text("Enter the company name.")
    check_accessible(page)
    page.get_by_label("Same as the company").check()
    expect(page.get_by_label("Company name")).to_be_hidden()
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Nothing was changed.")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 390])
def test_the_administrator_accepts_the_agreement(
    world: World, portal: str, browser: Browser, check_accessible: Check, width: int
) -> None:
    customer = world.ours.customer
    CustomerAgreement.objects.filter(customer=customer).delete()
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    sign_in(page, portal, world.ours.administrator.user.sign_in_name)
    expect(page.get_by_role("heading", level=1, name="Accept the customer agreement")).to_be_visible()
    check_accessible(page)
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_role("alert")).to_contain_text("I have read the agreement")
    check_accessible(page)
    page.get_by_label("I have read the agreement and accept it for my company").check()
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_text("You accepted the Microsoft Customer Agreement.")).to_be_visible()
    expect(page.get_by_role("heading", level=1, name="Subscriptions")).to_be_visible()
    assert customer.agreements.get().accepted_directly
    context.close()
