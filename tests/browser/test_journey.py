"""The portal's main job in a browser: request, accept, add a customer with an order, hand over, see it in the list."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from accounts.roles import Program, Role
from catalogue.models import Price
from customers.models import Customer
from orders.models import Order
from tests.browser.conftest import follow, newest_mail_to, sign_in, sign_out
from tests.portal.canary import places_that_hold
from tests.world import make_member, make_partner, make_price

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Check = Callable[[Page], None]
PROVIDER = "admin@adatum.example"
RESELLER = "admin@fabrikam.example"
OUTSIDER = "admin@contoso.example"


@pytest.fixture
def people(transactional_db: None) -> Price:
    """A provider and a reseller that do not know each other, another reseller, and one offer."""
    companies = (
        ("Adatum Distribution", Program.INDIRECT_PROVIDER, "111111", PROVIDER),
        ("Fabrikam Cloud", Program.INDIRECT_RESELLER, "0222222", RESELLER),
        ("Contoso IT", Program.INDIRECT_RESELLER, "333333", OUTSIDER),
    )
    for name, program, mpn_id, address in companies:
        partner = make_partner(name, program, mpn_id, contact_email=address)
        make_member(partner, "admin", Role.GLOBAL_ADMIN)
    return make_price()


@pytest.mark.parametrize("width", [1280, 390])
def test_journey_from_request_to_customer(
    people: Price,
    portal: str,
    browser: Browser,
    check_accessible: Check,
    caplog: pytest.LogCaptureFixture,
    width: int,
) -> None:
    """With JavaScript, at both widths, each page checked for accessibility."""
    caplog.set_level("DEBUG")
    context = browser.new_context(viewport={"width": width, "height": 900})
    password = walk(context.new_page(), portal, check_accessible)
    assert password not in caplog.text
    context.close()


def test_journey_without_javascript(people: Price, portal: str, browser: Browser) -> None:
    """The same with JavaScript off."""
    context = browser.new_context(java_script_enabled=False)
    walk(context.new_page(), portal, lambda page: None)
    context.close()


def walk(page: Page, portal: str, check: Check) -> str:
    """The whole journey, as four people do it one after the other; return the password that was handed over."""
    watched: list[str] = []
    page.on("console", lambda message: watched.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: watched.append(str(error)))
    request_partnership(page, portal, check)
    sign_out(page)
    accept(page, check)
    page.goto(f"{portal}/providers/")
    expect(page.get_by_role("rowheader", name="Adatum Distribution")).to_be_visible()
    check(page)
    sign_out(page)
    password = add_customer(page, portal, check)
    sign_out(page)
    see_it_as_reseller(page, portal, check)
    sign_out(page)
    see_nothing_as_outsider(page, portal)
    sign_out(page)
    use_the_password(page, portal, password, check)
    assert watched == []
    assert places_that_hold(password) == []
    assert (Customer.objects.count(), Order.objects.count()) == (1, 1)
    return password


def request_partnership(page: Page, portal: str, check: Check) -> None:
    """Provider staff write, send and see the request in the list."""
    sign_in(page, portal, PROVIDER)
    expect(page.get_by_role("heading", level=1, name="Home")).to_be_visible()
    check(page)
    page.goto(f"{portal}/resellers/")
    check(page)
    follow(page.get_by_role("button", name="Request a partnership").first)
    check(page)
    page.get_by_label("Reseller’s e-mail address").fill("sales@fabrikam.example")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("rowheader", name="sales@fabrikam.example")).to_be_visible()
    check(page)


def accept(page: Page, check: Check) -> None:
    """The reseller opens the link of the mail, signs in, reads and accepts."""
    found = re.search(r"^http://\S+/i/\S+$", newest_mail_to("sales@fabrikam.example"), re.M)
    assert found, "The mail has no link on a line of its own"
    page.goto(found[0])
    assert not page.url.endswith(found[0][-44:]), "The token stays in the address"
    check(page)
    follow(page.get_by_role("button", name="Sign in and continue"))
    check(page)
    sign_in(page, "", RESELLER)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Adatum Distribution")
    expect(page.get_by_text("indirect reseller of").first).to_be_visible()
    check(page)
    page.get_by_role("button", name="Accept and connect").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("You are now connected")
    check(page)


def add_customer(page: Page, portal: str, check: Check) -> str:
    """Provider staff add a customer on the reseller's behalf; return the password that was handed over."""
    sign_in(page, f"{portal}", PROVIDER)
    page.goto(f"{portal}/resellers/")
    page.get_by_role("button", name=re.compile("^Add new customer")).click()
    expect(page.get_by_label("Indirect reseller")).to_contain_text("Fabrikam Cloud")
    check(page)
    page.get_by_role("button", name="Next: Subscriptions").click()
    expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
    assert page.title().startswith("Error: ")
    check(page)
    for label, value in {
        "Company name": "Alpine Ski House",
        "Primary domain name": "alpineskihouse",
        "Address line 1": "120 Market Street",
        "City": "San Francisco",
        "ZIP code": "94105",
        "E-mail address": "jordan@alpineskihouse.example",
        "Accepted on": "2026-01-15",
    }.items():
        page.get_by_label(label).first.fill(value)
    page.get_by_label("State", exact=True).select_option("CA")
    page.get_by_label("First name").first.fill("Jordan")
    page.get_by_label("Last name").first.fill("Miller")
    page.get_by_role("button", name="Next: Subscriptions").click()
    expect(page.get_by_role("heading", level=1, name="New subscription")).to_be_visible()
    check(page)
    page.get_by_role("textbox", name=re.compile("^Licenses for")).first.fill("25")
    page.get_by_role("button", name="Next: Review").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Check the order")
    check(page)
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
    check(page)
    page.get_by_label(re.compile("^I confirm that Adatum Distribution acts as Indirect Partner")).check()
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="Setup info")).to_be_visible()
    check(page)
    password = page.locator("#setup-password").input_value()
    assert re.fullmatch(r"(\w{4}-){3}\w{4}", password)
    other_tab = page.context.new_page()
    other_tab.goto(page.url)
    assert password not in other_tab.content(), "The password is shown a second time"
    check(other_tab)
    other_tab.close()
    page.get_by_label("I have stored the user name and password").check()
    page.get_by_role("button", name="Done").click()
    row = page.get_by_role("row", name=re.compile("Alpine Ski House"))
    expect(row).to_contain_text("Fabrikam Cloud")
    expect(row).to_contain_text("New")
    check(page)
    return password


def see_it_as_reseller(page: Page, portal: str, check: Check) -> None:
    """The reseller finds the customer and its subscription."""
    sign_in(page, portal, RESELLER)
    page.goto(f"{portal}/customers/")
    check(page)
    page.get_by_role("link", name="Alpine Ski House", exact=True).click()
    expect(page.get_by_role("rowheader", name=re.compile("Microsoft 365 Business Standard"))).to_be_visible()
    check(page)


def see_nothing_as_outsider(page: Page, portal: str) -> None:
    """Another reseller sees no trace of it, not even by its address."""
    sign_in(page, portal, OUTSIDER)
    page.goto(f"{portal}/customers/")
    expect(page.get_by_text("Alpine")).to_have_count(0)
    answer = page.request.get(f"{portal}{Customer.objects.get().get_absolute_url()}")
    assert answer.status == 404


def use_the_password(page: Page, portal: str, password: str, check: Check) -> None:
    """The customer's administrator signs in, must choose a password, and sees the subscriptions."""
    sign_in(page, portal, "admin@alpineskihouse.onmicrosoft.com", password)
    expect(page.get_by_role("heading", level=1)).to_contain_text("password")
    check(page)
    page.get_by_label("New password", exact=True).fill("snow falls on nine huts")
    again: Any = page.get_by_label(re.compile("again", re.I))
    if again.count():
        again.fill("snow falls on nine huts")
    page.locator("main").get_by_role("button").first.click()
    expect(page.get_by_text("Microsoft 365 Business Standard").first).to_be_visible()
    check(page)
    assert not User.objects.get(sign_in_name="admin@alpineskihouse.onmicrosoft.com").must_change_password
