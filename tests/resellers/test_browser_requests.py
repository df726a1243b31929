"""Sending again, correcting and extending by hand in Chromium, with JavaScript and without."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from mail.models import OutgoingEmail
from resellers.models import PartnershipRequest
from resellers.tokens import request_link
from tests.resellers.conftest import make_sent
from tests.resellers.test_browser import accessible, errors_of, portal, sign_in  # noqa: F401 – a fixture

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

State = PartnershipRequest.State
REQUESTED = "/resellers/requested/"


@pytest.fixture
def sent(sender) -> PartnershipRequest:
    """A request whose first mail is an hour old."""
    request = make_sent(sender)
    PartnershipRequest.objects.update(sent_at=request.sent_at - timedelta(hours=1))
    request.refresh_from_db()
    return request


@pytest.mark.parametrize("scripts", [True, False])
def test_from_a_mail_that_failed_to_the_right_address_and_more_time(browser, portal, sender, sent, scripts):  # noqa: F811
    OutgoingEmail.objects.update(state="failed")
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    complaints = errors_of(page)

    def look() -> None:
        if scripts:
            accessible(page)

    sign_in(page, portal, sender, REQUESTED)
    row = page.get_by_role("row", name="riley@fabrikam.example")
    expect(row).to_contain_text("Could not be sent")
    look()
    row.get_by_role("link", name="Correct the address").click()
    look()
    address = page.get_by_label("Reseller’s e-mail address")
    address.fill("riley@gmial.com")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("[data-error-summary]")).to_contain_text("Did you mean riley@gmail.com?")
    look()
    address.fill("ripley@fabrikam.example")
    page.get_by_role("button", name="Send").click()
    row = page.get_by_role("row", name="ripley@fabrikam.example")
    expect(row).to_contain_text("Awaiting reply")
    row.get_by_role("link", name="Extend").click()
    look()
    page.get_by_label("30 days").check()
    page.get_by_role("button", name="Extend").click()
    expect(page.get_by_text("The link is now valid until")).to_be_visible()
    look()
    new = PartnershipRequest.objects.get(state=State.SENT)
    expect(page.locator("#link")).to_have_value(request_link(new))
    page.get_by_role("link", name="Takes the place of an earlier request").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Request to riley@fabrikam.example")
    look()
    assert complaints == []
    context.close()


def test_a_double_click_on_resend_sends_once(page, portal, sender, sent):  # noqa: F811
    sign_in(page, portal, sender, f"{sent.get_absolute_url()}resend/")
    accessible(page)
    page.get_by_role("button", name="Resend").dblclick()
    expect(page.get_by_text("is queued with a new link")).to_be_visible()
    assert PartnershipRequest.objects.count() == 2
    assert OutgoingEmail.objects.filter(kind="partnership_replaced").count() == 1
