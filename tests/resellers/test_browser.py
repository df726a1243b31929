"""The draft page and the acceptance page in Chromium, with JavaScript and without."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from accounts.models import Partner
from resellers.models import Partnership, PartnershipRequest
from resellers.services import share_request
from resellers.tokens import request_link
from resellers.wording import full_text, mailto
from tests.factories import PASSWORD, MembershipFactory, PartnerFactory
from tests.resellers.conftest import make_draft

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

State = PartnershipRequest.State


@pytest.fixture
def portal(live_server, settings):
    """The address of a running portal that writes its own address into its links."""
    settings.PORTAL_BASE_URL = live_server.url
    return live_server.url


def sign_in(page, portal, actor, path="/resellers/"):
    """Sign in and go to a page."""
    page.goto(f"{portal}{path}")
    if "sign-in" in page.url:
        page.locator("input[name=login]").fill(actor.user.sign_in_name)
        page.locator("input[name=password]").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"**{path}")


def accessible(page) -> None:
    """Nothing serious or critical, at both widths, and no sideways scrolling."""
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        found = [one for one in Axe().run(page).response["violations"] if one["impact"] in ("serious", "critical")]
        assert [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in found] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def errors_of(page) -> list[str]:
    """What the browser complains about from here on."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    return complaints


def test_copy_to_clipboard_copies_what_is_saved(page, context, portal, sender):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    complaints = errors_of(page)
    sign_in(page, portal, sender)
    page.get_by_role("button", name="Request a partnership").click()
    accessible(page)
    page.locator("#id_message").fill("Hello from here.")
    page.get_by_role("button", name="Copy to clipboard").click()
    expect(page.get_by_role("status").filter(has_text="Copied. Paste")).to_be_visible()
    request = PartnershipRequest.objects.get()
    assert (request.state, request.channel, request.message) == (State.SENT, "clipboard", "Hello from here.")
    assert page.evaluate("navigator.clipboard.readText()").replace("\r\n", "\n") == full_text(request)
    assert page.url == f"{portal}{request.get_absolute_url()}"
    expect(page.get_by_role("heading", level=1)).to_have_text("Request by personal link")
    accessible(page)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Request by personal link")
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_role("row", name="Personal link")).to_contain_text("Copied")
    accessible(page)
    assert complaints == []


def test_without_a_clipboard_the_text_is_selected(page, portal, sender):
    page.add_init_script(
        "Object.defineProperty(navigator, 'clipboard', {value: undefined}); document.execCommand = () => false;"
    )
    draft = make_draft(sender)
    sign_in(page, portal, sender, draft.get_absolute_url())
    page.get_by_role("button", name="Copy to clipboard").click()
    expect(page.get_by_role("status").filter(has_text="Press Ctrl+C")).to_be_visible()
    # Since then it knows until when it is valid, to the minute.
    draft.refresh_from_db()
    assert page.evaluate("getSelection().toString()").strip() == full_text(draft)


def test_open_in_email_opens_the_saved_message(page, portal, sender):
    draft = make_draft(sender)
    sign_in(page, portal, sender, draft.get_absolute_url())
    page.get_by_role("button", name="Open in email").click()
    link = page.get_by_role("link", name="Open in email")
    expect(link).to_be_visible()
    draft.refresh_from_db()
    assert (draft.state, draft.channel) == (State.SENT, "mail_program")
    assert link.get_attribute("href") == mailto(draft)


def test_a_mistake_is_shown_where_it_is(page, portal, sender):
    draft = make_draft(sender)
    sign_in(page, portal, sender, draft.get_absolute_url())
    page.get_by_label("Reseller’s e-mail address").fill("nobody")
    page.get_by_role("button", name="Copy to clipboard").click()
    summary = page.locator("[data-error-summary]")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("Enter an e-mail address like name@company.com.")
    assert page.url == f"{portal}{draft.get_absolute_url()}"
    assert page.title().startswith("Error: ")
    accessible(page)
    page.get_by_label("Reseller’s e-mail address").fill("riley@fabrikam.example")
    page.get_by_role("button", name="Send").dblclick()
    expect(page.get_by_role("row", name="riley@fabrikam.example")).to_be_visible()
    assert PartnershipRequest.objects.count() == 1


def test_enter_in_the_address_sends_nothing(page, portal, sender):
    draft = make_draft(sender, "")
    sign_in(page, portal, sender, draft.get_absolute_url())
    page.get_by_label("Reseller’s e-mail address").fill("riley@fabrikam.example")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Draft saved.")).to_be_visible()
    draft.refresh_from_db()
    assert (draft.state, draft.recipient) == (State.DRAFT, "riley@fabrikam.example")


@pytest.mark.parametrize("scripts", [True, False])
def test_from_the_link_to_the_partnership(browser, portal, sender, riley, casey, scripts):
    MembershipFactory(user=riley.user, partner=PartnerFactory(reseller=True, legal_name="Adatum Cloud"))
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    draft = make_draft(sender)
    sign_in(page, portal, sender, draft.get_absolute_url())
    page.get_by_role("button", name="Copy to clipboard").click()
    text = page.get_by_label("Complete message")
    # The link counts from the moment at which the page was opened.
    expect(text).to_have_value(re.compile(re.sub(r"\d\d:\d\d", r"\\d\\d:\\d\\d", re.escape(full_text(draft)))))
    context.clear_cookies()

    page.goto(request_link(draft))
    expect(page.get_by_role("heading", level=1)).to_have_text("Partnership request from Northwind Distribution")
    assert page.url == f"{portal}/i/{draft.public_id}/"
    if scripts:
        accessible(page)
    page.get_by_role("button", name="Sign in and continue").click()
    page.locator("input[name=login]").fill("casey@contoso.example")
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_text("This request was sent to another address")).to_be_visible()
    if scripts:
        accessible(page)
    page.get_by_role("button", name="Switch account").click()
    page.locator("input[name=login]").fill("riley@fabrikam.example")
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_label("Fabrikam Services").check()
    if scripts:
        accessible(page)
    page.get_by_role("button", name="Accept and connect").dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are now connected with Northwind Distribution")
    if scripts:
        accessible(page)
    assert Partnership.objects.get().reseller == Partner.objects.get(legal_name="Fabrikam Services")
    page.get_by_role("link", name="Indirect providers").click()
    expect(page.get_by_role("row", name="Northwind Distribution")).to_be_visible()
    context.close()


def test_the_pages_of_a_link_are_accessible_in_the_dark(browser, portal, sender):
    shared = share_request(request=make_draft(sender, ""), channel="clipboard", by=sender)
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    for address in (request_link(shared), f"{portal}/i/nothing/"):
        page.goto(address)
        accessible(page)
    context.close()
