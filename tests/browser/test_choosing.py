"""Choosing one of many resellers in Chromium: by keyboard with JavaScript, and without it."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from accounts.access import Actor
from accounts.models import Partner
from customers.models import Customer
from orders.services import start_draft
from tests.factories import CustomerAgreementFactory, CustomerFactory, PartnerFactory, PartnershipFactory
from tests.resellers.test_browser import accessible, errors_of, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LIST = "/customers/"


@pytest.fixture
def crowd(provider: Partner, reseller: Partner) -> dict[str, Partner]:
    """Sixteen more resellers beside Fabrikam; two customers, one of them managed by Fabrikam."""
    for number in range(14):
        PartnershipFactory(provider=provider, reseller__legal_name=f"Company {number:02d}")
    services = PartnerFactory(reseller=True, legal_name="Fabrikam Services", mpn_id="556")
    sleepy = PartnerFactory(reseller=True, legal_name="Sleepy", mpn_id="557", suspended=True)
    for one in (services, sleepy):
        PartnershipFactory(provider=provider, reseller=one)
    CustomerFactory(provider=provider, company_name="Padaria", managed_by=reseller)
    CustomerFactory(provider=provider, company_name="Quitanda", managed_by=services)
    return {"fabrikam": reseller, "services": services, "sleepy": sleepy}


def suggested(page: Page, **which: str) -> Locator:
    """The options of the combobox."""
    return page.locator(".typeahead").get_by_role("option", **which)  # type: ignore[arg-type]


def address_of(page: Page) -> dict[str, list[str]]:
    """The parameters in the address."""
    return parse_qs(urlsplit(page.url).query)


def test_a_reseller_is_found_and_filtered_by_keyboard(
    page: Page, portal: str, admin: Actor, crowd: dict[str, Partner]
) -> None:
    complaints = errors_of(page)
    sign_in(page, portal, admin, LIST)
    box = page.get_by_role("combobox", name="Filter by indirect reseller")
    expect(box).to_have_attribute("aria-expanded", "false")
    box.focus()
    page.keyboard.type("fabrik")
    options = suggested(page)
    expect(options).to_have_count(2)
    expect(box).to_have_attribute("aria-expanded", "true")
    expect(page.locator(".typeahead [role=status]")).to_have_text("2 suggestions")
    accessible(page)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(suggested(page, name="Fabrikam Services")).to_have_attribute("aria-selected", "true")
    active = box.get_attribute("aria-activedescendant")
    expect(page.locator(f"#{active}")).to_have_text("Fabrikam Services (MPN ID 556)")
    page.keyboard.press("Enter")
    expect(box).to_have_value("Fabrikam Services (MPN ID 556)")
    expect(page.get_by_role("listbox")).to_have_count(0)
    assert address_of(page) == {}
    page.keyboard.press("Enter")
    page.wait_for_url("**reseller=**")
    assert address_of(page)["reseller"] == [str(crowd["services"].microsoft_id)]
    expect(page.get_by_role("link", name="Quitanda", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Padaria", exact=True)).to_have_count(0)
    expect(page.get_by_role("list", name="Filters in force")).to_contain_text("Fabrikam Services")
    expect(box).to_have_value("Fabrikam Services (MPN ID 556)")
    # What is shown is what is sent again.
    page.get_by_role("button", name="Apply").click()
    page.wait_for_load_state()
    assert address_of(page)["reseller"] == [str(crowd["services"].microsoft_id)]
    assert complaints == []


def test_the_list_closes_and_says_when_nothing_matches(
    page: Page, portal: str, admin: Actor, crowd: dict[str, Partner]
) -> None:
    sign_in(page, portal, admin, LIST)
    box = page.get_by_role("combobox", name="Filter by indirect reseller")
    box.focus()
    page.keyboard.press("ArrowDown")
    expect(suggested(page, name="No reseller (direct)")).to_be_visible()
    expect(page.locator(".typeahead [role=status]")).to_contain_text("The first 8 suggestions")
    page.keyboard.press("Escape")
    expect(box).to_have_attribute("aria-expanded", "false")
    box.fill("nobody")
    expect(page.get_by_text("Nothing matches.")).to_be_visible()
    accessible(page)
    box.fill("no res")
    expect(suggested(page)).to_have_count(1)
    suggested(page, name="No reseller (direct)").click()
    expect(box).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**reseller=none**")


def test_a_slow_answer_never_replaces_a_newer_one(
    page: Page, portal: str, admin: Actor, crowd: dict[str, Partner]
) -> None:
    sign_in(page, portal, admin, LIST)
    held = []
    page.route("**/resellers/suggest/*q=comp*", lambda route: held.append(route))
    box = page.get_by_role("combobox", name="Filter by indirect reseller")
    box.fill("comp")
    page.wait_for_timeout(400)
    assert len(held) == 1
    box.fill("sleepy")
    expect(suggested(page)).to_have_count(1)
    held[0].fulfill(json={"results": [{"value": "x", "label": "Company stale", "note": ""}], "more": False})
    page.wait_for_timeout(100)
    expect(suggested(page)).to_have_text(["Sleepy (MPN ID 557)"])
    page.route("**/resellers/suggest/*q=fab*", lambda route: route.abort())
    box.fill("fab")
    expect(page.get_by_text("No suggestions can be fetched now")).to_be_visible()


@pytest.fixture
def without_scripts(browser: Browser) -> Iterator[Page]:
    """A page of a browser that runs no scripts."""
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_without_scripts_the_server_resolves_what_was_typed(
    without_scripts: Page, portal: str, admin: Actor, crowd: dict[str, Partner]
) -> None:
    page = without_scripts
    sign_in(page, portal, admin, LIST)
    page.get_by_label("Filter by indirect reseller").fill("fabrik")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".field-message")).to_contain_text("Several match “fabrik”")
    expect(page.get_by_label("Filter by indirect reseller")).to_have_value("fabrik")
    page.get_by_label("Fabrikam Services (MPN ID 556)").check()
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("link", name="Quitanda", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Padaria", exact=True)).to_have_count(0)
    expect(page.get_by_label("Filter by indirect reseller")).to_have_value("Fabrikam Services (MPN ID 556)")
    # The words that the field shows lead back to the same reseller.
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("link", name="Quitanda", exact=True)).to_be_visible()
    page.get_by_label("Filter by indirect reseller").fill("none")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("Nothing matches", exact=True)).to_be_visible()
    expect(page.get_by_label("Filter by indirect reseller")).to_have_value("No reseller (direct)")


def test_a_customers_reseller_is_chosen_among_many(
    page: Page, portal: str, admin: Actor, crowd: dict[str, Partner]
) -> None:
    complaints = errors_of(page)
    draft = start_draft(reseller=None, by=admin)
    sign_in(page, portal, admin, draft.get_absolute_url())
    box = page.get_by_role("combobox", name="Indirect reseller")
    expect(page.get_by_text("No reseller: no incentive will be paid.")).to_be_visible()
    box.fill("sleep")
    options = suggested(page)
    expect(options).to_contain_text("The enrolment of Sleepy is not active: Suspended.")
    accessible(page)
    box.press("ArrowDown")
    box.press("Enter")
    page.get_by_role("button", name="Next: Subscriptions").click()
    expect(page.locator("[data-error-summary]")).to_be_focused()
    expect(box).to_have_value("Sleepy (MPN ID 557)")
    box.fill("12345")
    expect(options).to_have_text("Fabrikam (MPN ID 0012345)")
    box.press("ArrowDown")
    box.press("Enter")
    page.get_by_role("button", name="Next: Subscriptions").click()
    expect(box).to_have_value("Fabrikam (MPN ID 0012345)")
    assert page.locator("input[type=hidden][name=reseller]").input_value() == str(crowd["fabrikam"].microsoft_id)
    assert complaints == []


def test_the_reseller_of_new_subscriptions_is_chosen_among_many(
    page: Page, portal: str, admin: Actor, crowd: dict[str, Partner], price: object
) -> None:
    customer = Customer.objects.get(company_name="Padaria")
    CustomerAgreementFactory(customer=customer)
    draft = start_draft(reseller=crowd["fabrikam"], customer=customer, by=admin)
    sign_in(page, portal, admin, draft.get_absolute_url())
    box = page.get_by_role("combobox", name="Reseller")
    expect(page.get_by_label("Fabrikam (MPN ID 0012345) – suggested: it manages the customer")).to_be_checked()
    box.fill("fabrikam s")
    expect(page.get_by_label("Another reseller", exact=True)).to_be_checked()
    expect(suggested(page)).to_have_text("Fabrikam Services (MPN ID 556)")
    box.press("ArrowDown")
    box.press("Enter")
    page.get_by_label("Licenses for").first.fill("2")
    page.get_by_role("button", name="Next: Review").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check the order before you submit")
    expect(page.get_by_text("Fabrikam Services (MPN ID 556)")).to_be_visible()
