"""Ask a customer for a relationship, in a browser: the mail, the customer's answer, and what the reseller sees then."""

import re
from collections.abc import Callable

import pytest
from django.core import mail
from playwright.sync_api import Browser, Page, expect

from customers.models import RelationshipRequest, ResellerRelationship
from tests.browser.conftest import follow, newest_mail_to, sign_in, sign_out
from tests.world import World, make_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Check = Callable[[Page], None]


@pytest.fixture
def world(transactional_db: None) -> World:
    """Our customer without a reseller, and nothing asked yet."""
    made = make_world()
    RelationshipRequest.objects.all().delete()
    ResellerRelationship.objects.filter(customer=made.ours.customer).delete()
    return made


@pytest.mark.parametrize("width", [1280, 390])
def test_journey_from_request_to_relationship(
    world: World, portal: str, browser: Browser, check_accessible: Check, width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900})
    walk(context.new_page(), portal, world, check_accessible)
    context.close()


def test_journey_without_javascript(world: World, portal: str, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    walk(context.new_page(), portal, world, lambda page: None)
    context.close()


def walk(page: Page, portal: str, world: World, check: Check) -> None:
    """Provider, customer, reseller, and the provider again."""
    link = ask(page, portal, world, check)
    accept(page, portal, world, link, check)
    see_the_customer(page, portal, world, check)
    narrow(page, portal, world, check)


def user_of(actor) -> str:
    """The name somebody signs in with."""
    return str(actor.user.sign_in_name)


def ask(page: Page, portal: str, world: World, check: Check) -> str:
    """Draft it from the list, send it; return the link that the mail carries."""
    ours = world.ours
    sign_in(page, portal, user_of(ours.provider_admin))
    page.goto(f"{portal}/customers/")
    follow(page.get_by_role("link", name="Request a reseller relationship"))
    check(page)
    page.get_by_role("button", name="Next: Message").click()
    expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
    check(page)
    page.get_by_label("Customer", exact=True).select_option(label=f"{ours.customer} ({ours.customer.domain})")
    page.get_by_label("Indirect reseller").select_option(label=ours.reseller.name_and_mpn)
    page.get_by_role("button", name="Next: Message").click()
    expect(page.get_by_role("heading", name="This is what they receive")).to_be_visible()
    page.locator("#id_message").fill("Good day, this is our partner near you.")
    page.get_by_role("button", name="Update preview").click()
    expect(page.locator(".message-preview")).to_contain_text("Good day, this is our partner near you.")
    check(page)
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You have not sent this request yet")
    check(page)
    page.get_by_role("button", name=f"Send to {ours.customer.contact_email}").click()
    expect(page.get_by_text("is queued. You get an e-mail when it is answered.")).to_be_visible()
    expect(page.locator("[aria-labelledby=relationship-requests]")).to_contain_text("Awaiting the customer")
    check(page)
    text = newest_mail_to(ours.customer.contact_email)
    assert "Good day, this is our partner near you." in text
    found = re.search(r"^http://\S+/partners/requests/\S+$", text, re.M)
    assert found, "The mail has no link on a line of its own"
    sign_out(page)
    return found[0]


def accept(page: Page, portal: str, world: World, link: str, check: Check) -> None:
    """The customer's administrator opens the link, signs in, reads and accepts."""
    ours = world.ours
    page.goto(link)
    sign_in(page, portal, ours.administrator.user.sign_in_name)
    expect(page).to_have_url(link)
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Reseller relationship with {ours.reseller}")
    expect(page.get_by_text("administer your subscriptions and services on your behalf")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Partners")
    expect(page.locator("[aria-labelledby=managing]")).to_contain_text(ours.reseller.name_and_mpn)
    check(page)
    newest_mail_to(ours.reseller.contact_email)
    assert any("accepted" in message.subject for message in mail.outbox)
    sign_out(page)


def see_the_customer(page: Page, portal: str, world: World, check: Check) -> None:
    """The reseller finds the customer and its own part of the relations; another one finds nothing."""
    ours = world.ours
    sign_in(page, portal, user_of(ours.reseller_admin))
    page.goto(f"{portal}/customers/")
    page.get_by_role("link", name=str(ours.customer), exact=True).click()
    page.get_by_role("link", name="Account", exact=True).first.click()
    expect(page.get_by_role("heading", name="Your company’s part")).to_be_visible()
    check(page)
    follow(page.get_by_role("link", name="Give up customer"))
    check(page)
    sign_out(page)
    sign_in(page, portal, user_of(world.theirs.reseller_admin))
    answer = page.request.get(f"{portal}{ours.customer.get_absolute_url()}")
    assert answer.status == 404
    sign_out(page)


def narrow(page: Page, portal: str, world: World, check: Check) -> None:
    """The provider narrows it, widens it, changes the reseller's page, and the customer ends it."""
    ours = world.ours
    sign_in(page, portal, user_of(ours.provider_admin))
    account = f"{portal}/customers/{ours.customer.microsoft_id}/account/"
    for button in ("Narrow to view and request", "Widen to manage"):
        page.goto(account)
        follow(page.get_by_role("link", name=button))
        check(page)
        page.get_by_role("button", name=button).click()
        expect(page.get_by_role("heading", name="Indirect resellers", exact=True)).to_be_visible()
    check(page)
    sign_out(page)
    sign_in(page, portal, ours.administrator.user.sign_in_name)
    page.goto(f"{portal}/customers/{ours.customer.microsoft_id}/partners/")
    follow(page.get_by_role("link", name="End relationship"))
    check(page)
    page.get_by_role("button", name="End relationship").click()
    expect(page.get_by_text("No reseller has access to your account.")).to_be_visible()
    check(page)
    sign_out(page)
    sign_in(page, portal, user_of(ours.provider_admin))
    page.goto(account)
    follow(page.get_by_role("link", name="Establish a reseller relationship"))
    check(page)
    page.get_by_label("Indirect reseller").select_option(label=ours.reseller.name_and_mpn)
    page.get_by_label("View and request").check()
    page.get_by_role("button", name="Establish relationship").click()
    expect(page.get_by_text(f"{ours.reseller} has access to {ours.customer} from now on.")).to_be_visible()
