"""Answering by hand in Chromium, with JavaScript and without: wait for the provider, decline, ask for another link."""

import pytest
from playwright.sync_api import expect

from core import clock
from resellers.models import Partnership, PartnershipRequest, PendingAcceptance
from resellers.tokens import request_link
from tests.factories import PASSWORD
from tests.resellers.conftest import make_sent
from tests.resellers.test_browser import accessible, portal, sign_in  # noqa: F401 – portal is a fixture

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

State = PartnershipRequest.State


def title(page):
    """The h1."""
    return page.get_by_role("heading", level=1)


def enter(page, actor):
    """Sign in on the page that asks for it."""
    page.locator("input[name=login]").fill(actor.user.sign_in_name)
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


@pytest.mark.parametrize("scripts", [True, False])
def test_from_another_domain_to_the_confirmation(browser, portal, sender, casey, scripts):  # noqa: F811
    sent = make_sent(sender)
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    page.goto(request_link(sent))
    page.get_by_role("button", name="Sign in and continue").click()
    sent.refresh_from_db()
    assert sent.opened_at is not None
    enter(page, casey)
    if scripts:
        accessible(page)
    page.get_by_role("button", name="Accept", exact=True).dblclick()
    expect(title(page)).to_have_text("Accepted, and waiting")
    if scripts:
        accessible(page)
    page.get_by_role("button", name="Withdraw").click()
    expect(page.get_by_text("You have withdrawn.")).to_be_visible()
    page.get_by_role("button", name="Accept", exact=True).click()
    expect(title(page)).to_have_text("Accepted, and waiting")
    acceptance = PendingAcceptance.objects.waiting().get()
    context.clear_cookies()

    confirm = f"/resellers/acceptances/{acceptance.public_id}/confirm/"
    sign_in(page, portal, sender, confirm)
    expect(title(page)).to_have_text("Is Contoso Group the company you asked?")
    if scripts:
        accessible(page)
    page.get_by_role("link", name="Do not confirm").click()
    expect(page.get_by_label("Reason")).to_be_visible()
    if scripts:
        accessible(page)
    page.go_back()
    page.get_by_role("button", name="Confirm", exact=True).dblclick()
    expect(page.get_by_text("Contoso Group is now your indirect reseller.")).to_be_visible()
    assert Partnership.objects.get().reseller == casey.partner
    context.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_declined_with_a_reason_and_regretted(browser, portal, sender, riley, scripts):  # noqa: F811
    sent = make_sent(sender)
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    page.goto(request_link(sent))
    page.get_by_role("link", name="Decline").click()
    if scripts:
        accessible(page)
    page.get_by_label("Not at this time").check()
    page.get_by_label("Note to the provider").fill("Ask us again in May.")
    page.get_by_role("button", name="Decline").dblclick()
    expect(page.get_by_text("You have declined the request.")).to_be_visible()
    expect(page.get_by_text("You can still accept it until")).to_be_visible()
    sent.refresh_from_db()
    assert (sent.state, sent.decline_reason, sent.decline_note) == (State.DECLINED, "not_now", "Ask us again in May.")
    page.get_by_role("button", name="Sign in and continue").click()
    enter(page, riley)
    page.get_by_role("button", name="Accept and connect").click()
    expect(title(page)).to_have_text("You are now connected with Northwind Distribution")
    context.close()


def test_an_expired_link_asks_for_a_new_one(page, portal, sender):  # noqa: F811
    sent = make_sent(sender)
    PartnershipRequest.objects.update(expires_at=clock.now())
    page.goto(request_link(sent))
    expect(title(page)).to_have_text("This request has expired")
    accessible(page)
    page.get_by_role("button", name="Ask for a new one").dblclick()
    expect(page.get_by_text("Northwind Distribution is asked for a new request.")).to_be_visible()
    accessible(page)
    sent.refresh_from_db()
    assert sent.new_link_wanted_at is not None
