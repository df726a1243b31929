"""The draft page and its buttons."""

import re
from datetime import timedelta
from html import unescape

import pytest
import time_machine
from django.urls import reverse

from core import clock
from mail.models import OutgoingEmail
from resellers.models import PartnershipRequest
from resellers.services import decline_request, draft_request, revoke_request, share_request
from resellers.tokens import link_token, request_link
from resellers.wording import full_text, mailto
from tests.contracts import header_faults, html_faults
from tests.factories import PartnershipFactory
from tests.resellers.conftest import actor_of, make_draft, make_sent, signed_in

State, Channel = PartnershipRequest.State, PartnershipRequest.Channel
ENTERED = {
    "recipient": "riley@fabrikam.example",
    "language": "en",
    "message": "Hello Riley.",
    "valid_days": "14",
}


@pytest.fixture
def desk(sender):
    """The sender's desk."""
    return signed_in(sender)


def url(name, request):
    """The address of a button."""
    return reverse(f"resellers:{name}", args=[request.public_id])


def text(response) -> str:
    """The page without entities."""
    return unescape(response.content.decode())


def said(response) -> list[str]:
    """The banners."""
    return [str(message) for message in response.context["messages"]]


def test_request_a_partnership_opens_a_draft_and_twice_the_same(desk):
    start = reverse("resellers:start_request")
    first = desk.post(start)
    assert first.status_code == 302
    assert desk.post(start).url == first.url
    page = desk.get(first.url)
    assert page.status_code == 200
    assert PartnershipRequest.objects.count() == 1


def test_asking_a_former_partner_again_begins_with_its_address(desk, northwind, tailwind, fabrikam, casey):
    ended = {"began_at": clock.now() - timedelta(days=9), "ended_at": clock.now()}
    PartnershipFactory(provider=northwind, reseller=fabrikam, **ended)
    PartnershipFactory(provider=tailwind.partner, reseller=casey.partner, **ended)
    start = reverse("resellers:start_request")
    page = desk.post(start, {"reseller": fabrikam.microsoft_id}, follow=True)
    assert 'value="info@fabrikam.example"' in text(page)
    for other in (casey.partner.microsoft_id, northwind.microsoft_id, "nonsense", ""):
        page = desk.post(start, {"reseller": other}, follow=True)
        assert page.context["draft"].recipient == ""


def test_the_draft_page_keeps_its_promises(desk, draft):
    page = desk.get(draft.get_absolute_url())
    assert html_faults(page.content.decode()) == []
    assert header_faults(page) == []
    words = text(page)
    for label in ("Open in email", "Copy to clipboard", "Send", "Done", "Your personal link", "Update preview"):
        assert f"{label}</button>" in words or f"{label}</label>" in words
    assert f'value="{request_link(draft)}" readonly' in words
    assert "This is what they receive" in words
    assert full_text(draft) in words
    assert 'maxlength="1000"' in words


def test_the_first_button_of_the_form_sends_nothing(desk, draft):
    form = re.search(r"<form[^>]*data-request-form.*?</form>", text(desk.get(draft.get_absolute_url())), re.S)[0]
    first = re.search(r'<button type="submit".*?</button>', form, re.S)[0]
    assert "formaction" not in first
    desk.post(re.search(r'action="([^"]+)"', form)[1], ENTERED)
    assert PartnershipRequest.objects.get().state == State.DRAFT
    assert OutgoingEmail.objects.count() == 0


def test_updating_the_preview_saves_the_draft(desk, draft):
    response = desk.post(draft.get_absolute_url(), {**ENTERED, "valid_days": "30"}, follow=True)
    assert said(response) == ["Draft saved. The preview shows what they receive."]
    draft.refresh_from_db()
    assert (draft.message, draft.valid_days, draft.language) == ("Hello Riley.", 30, "en")
    assert full_text(draft) in text(response)


def test_another_language_keeps_own_words_and_says_so(desk, draft, sender):
    response = desk.post(draft.get_absolute_url(), {**ENTERED, "language": "pt-br"}, follow=True)
    assert said(response) == ["The language has changed, but your own words stay as you wrote them."]
    untouched = draft_request(by=sender)
    entered = {**ENTERED, "language": "pt-br", "message": untouched.message}
    response = desk.post(untouched.get_absolute_url(), entered, follow=True)
    assert said(response) == ["Draft saved. The preview shows what they receive."]
    untouched.refresh_from_db()
    assert untouched.message.startswith("Olá,")


def test_send_queues_the_request_and_shows_its_row(desk, draft):
    response = desk.post(url("send_request", draft), ENTERED, follow=True)
    assert response.redirect_chain == [(reverse("resellers:requested"), 302)]
    assert said(response) == ["The request to riley@fabrikam.example is queued. You get an e-mail when it is accepted."]
    assert "Waiting to be sent" in text(response)
    assert "delivered" not in text(response).lower()


def test_a_double_click_on_send_sends_once_and_shows_the_same(desk, draft):
    first = desk.post(url("send_request", draft), ENTERED)
    second = desk.post(url("send_request", draft), ENTERED)
    assert (first.status_code, first.url) == (second.status_code, second.url)
    assert OutgoingEmail.objects.count() == 1


def test_send_without_an_address_keeps_what_was_typed(desk, draft):
    response = desk.post(url("send_request", draft), {**ENTERED, "recipient": ""})
    assert response.context["form"].errors["recipient"] == [
        "Enter the reseller’s e-mail address, or copy the message and send it yourself."
    ]
    assert "Hello Riley." in text(response)
    assert "<title>Error: Request a partnership" in text(response)
    assert html_faults(response.content.decode()) == []
    draft.refresh_from_db()
    assert (draft.state, draft.message) == (State.DRAFT, "Hello Riley.")


@pytest.mark.parametrize(
    ("name", "channel"), [("copy_request", Channel.CLIPBOARD), ("mail_request", Channel.MAIL_PROGRAM)]
)
def test_copy_and_open_in_email_come_back_to_the_text(desk, draft, name, channel):
    response = desk.post(url(name, draft), {**ENTERED, "recipient": ""}, follow=True)
    draft.refresh_from_db()
    assert (draft.state, draft.channel, draft.message) == (State.SENT, channel, "Hello Riley.")
    assert response.redirect_chain == [(draft.get_absolute_url(), 302)]
    assert said(response)[-1].startswith("The link works now.")
    assert re.search(r"<textarea[^>]*readonly[^>]*>(.*?)</textarea>", text(response), re.S)[1] == full_text(draft)
    assert f'href="{mailto(draft)}"' in text(response)
    assert html_faults(response.content.decode()) == []
    assert OutgoingEmail.objects.count() == 0
    assert desk.post(url(name, draft), ENTERED).url == draft.get_absolute_url()


def test_a_message_too_long_for_mail_programs_is_not_opened_and_not_cut(desk, draft):
    response = desk.post(url("mail_request", draft), {**ENTERED, "message": "ção " * 250})
    assert "too long for mail programs" in response.context["form"].non_field_errors()[0]
    draft.refresh_from_db()
    assert draft.state == State.DRAFT


def test_done_asks_when_nothing_has_left(desk, draft):
    response = desk.post(url("finish_request", draft), ENTERED, follow=True)
    assert response.redirect_chain == [(url("unsent_request", draft), 302)]
    assert html_faults(response.content.decode()) == []
    assert "You have not sent this request yet" in text(response)
    draft.refresh_from_db()
    assert draft.message == "Hello Riley."
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text(response)))
    response = desk.post(url("send_request", draft), hidden)
    assert response.url == reverse("resellers:requested")
    assert OutgoingEmail.objects.get().recipient == "riley@fabrikam.example"


def test_done_without_an_address_offers_no_send(desk, sender):
    draft = make_draft(sender, "")
    assert "Send to" not in text(desk.get(url("unsent_request", draft)))


def test_done_after_sending_goes_to_the_requests(desk, sent):
    assert desk.post(url("finish_request", sent), ENTERED).url == reverse("resellers:requested")
    assert desk.get(url("unsent_request", sent)).url == sent.get_absolute_url()


def test_a_draft_can_be_discarded_and_what_was_sent_cannot(desk, sender):
    draft, sent = make_draft(sender, "x@fabrikam.example"), make_sent(sender)
    assert desk.post(url("discard_request", draft)).url == reverse("resellers:list")
    assert list(PartnershipRequest.objects.all()) == [sent]
    response = desk.post(url("discard_request", sent), follow=True)
    assert said(response)[-1].startswith("This request was sent in the meantime.")
    assert list(PartnershipRequest.objects.all()) == [sent]


def test_warnings_about_the_address(desk, sender, northwind, riley, sent):
    own = make_draft(sender, "office@northwind.example")
    assert "This address belongs to your own company" in text(desk.get(own.get_absolute_url()))
    pending = make_draft(sender)
    page = text(desk.get(pending.get_absolute_url()))
    assert "riley@fabrikam.example was asked on" in page
    assert f'href="{sent.get_absolute_url()}"' in page
    response = desk.post(url("send_request", pending), ENTERED)
    assert "was asked on" in response.context["form"].errors["recipient"][0]
    assert f'href="{sent.get_absolute_url()}"' in text(response)
    PartnershipFactory(provider=northwind, reseller=riley.partner)
    partner = make_draft(sender, "info@fabrikam.example")
    assert "already your indirect reseller" in text(desk.get(partner.get_absolute_url()))


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("recipient", "riley", "Enter an e-mail address like name@company.com."),
        ("recipient", "mıke@fabrikam.example", "Enter an e-mail address like name@company.com."),
        ("recipient", "a@fabrikam.example, b@fabrikam.example", "Enter an e-mail address like name@company.com."),
        ("recipient", "a@localhost", "Enter an e-mail address like name@company.com."),
        ("message", "x" * 1001, "characters or fewer"),
        ("message", "abc\u202edef", "invisible control characters"),
        ("language", "de", "Select a choice of the list"),
        ("valid_days", "31", "Select a choice of the list"),
        ("valid_days", "", "Select the"),
    ],
)
def test_what_the_form_refuses(desk, draft, field, value, words):
    before = PartnershipRequest.objects.values().get()
    for name in ("send_request", "copy_request"):
        response = desk.post(url(name, draft), {**ENTERED, field: value})
        assert words in response.context["form"].errors[field][0]
    assert PartnershipRequest.objects.values().get() == before


def test_line_ends_of_a_browser_count_once(desk, draft):
    words = "\r\n".join(["x" * 99] * 10)
    desk.post(draft.get_absolute_url(), {**ENTERED, "message": words})
    draft.refresh_from_db()
    assert draft.message == words.replace("\r\n", "\n")


def test_markup_in_the_words_is_text(desk, sender):
    draft = make_draft(sender, message="<script>alert(1)</script> {{ secret }} https://evil.example/")
    page = desk.get(draft.get_absolute_url()).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ secret }}" in page


def test_the_message_is_shown_in_its_own_language(desk, draft):
    PartnershipRequest.objects.update(language="pt-br")
    assert 'lang="pt-br"' in text(desk.get(draft.get_absolute_url())).lower()


# --- a request that has left ------------------------------------------------------------------------------------------
def test_the_page_of_a_sent_request(desk, sent):
    page = desk.get(sent.get_absolute_url())
    assert html_faults(page.content.decode()) == []
    assert header_faults(page) == []
    assert request_link(sent) in text(page)
    assert "Awaiting reply" in text(page)
    assert "Waiting to be sent" in text(page)
    assert "Sasha Berg" in text(page)


def test_the_link_is_shown_only_while_it_opens_something(desk, sender, riley):
    sent = make_sent(sender)
    decline_request(request=sent, nonce=sent.nonce, by=riley)
    assert link_token(sent) in text(desk.get(sent.get_absolute_url()))
    assert "Declined" in text(desk.get(sent.get_absolute_url()))
    with time_machine.travel(clock.now() + timedelta(days=15)):
        # The session is older than it may be by then.
        page = signed_in(sender).get(sent.get_absolute_url())
        assert link_token(sent) not in text(page)
    sent = revoke_request(request=sent, by=sender)
    page = text(desk.get(sent.get_absolute_url()))
    assert "Revoked" in page
    assert link_token(sent) not in page


def test_revoking_asks_first(desk, sent):
    page = desk.get(url("revoke_request", sent))
    assert html_faults(page.content.decode()) == []
    assert "Revoke this request?" in text(page)
    assert PartnershipRequest.objects.get().state == State.SENT
    response = desk.post(url("revoke_request", sent), follow=True)
    assert said(response) == ["The request is revoked. Its link no longer works."]
    assert PartnershipRequest.objects.get().state == State.REVOKED
    assert desk.get(url("revoke_request", sent)).url == sent.get_absolute_url()
    response = desk.post(url("revoke_request", sent), follow=True)
    assert said(response) == ["This request has changed in the meantime. Look at where it stands now."]


# --- who --------------------------------------------------------------------------------------------------------------
GETS = ("request", "unsent_request", "revoke_request")
POSTS = (
    "request",
    "copy_request",
    "mail_request",
    "send_request",
    "finish_request",
    "discard_request",
    "revoke_request",
)


def test_who_reaches_requests(sender, helpdesk, tailwind, riley, client):
    draft, sent = make_draft(sender, "a@fabrikam.example"), make_sent(sender)
    before = list(PartnershipRequest.objects.order_by("pk").values())
    for request in (draft, sent):
        addresses = [("get", url(name, request)) for name in GETS] + [("post", url(name, request)) for name in POSTS]
        for actor, status in ((tailwind, 404), (helpdesk, 403), (riley, 403), (None, 302)):
            desk = signed_in(actor) if actor else client
            for method, address in addresses:
                response = getattr(desk, method)(address, ENTERED if method == "post" else None)
                assert (response.status_code, actor, method, address) == (status, actor, method, address)
                assert link_token(request) not in response.content.decode()
                if status == 302:
                    assert response.url.startswith(reverse("account_login"))
    for actor in (helpdesk, riley):
        assert signed_in(actor).post(reverse("resellers:start_request")).status_code == 403
    assert list(PartnershipRequest.objects.order_by("pk").values()) == before


def test_a_colleague_may_finish_the_draft_and_is_then_its_sender(draft, northwind):
    kim = actor_of(northwind, "kim@northwind.example")
    signed_in(kim).post(url("send_request", draft), ENTERED)
    draft.refresh_from_db()
    assert draft.sent_by == kim.user
    assert OutgoingEmail.objects.get().reply_to == "kim@northwind.example"


def test_buttons_are_only_ever_posted_to(desk, sender):
    draft = draft_request(by=sender)
    for name in ("copy_request", "mail_request", "send_request", "finish_request"):
        # Each answers with the draft where something is missing, and leads back to it when that is reloaded.
        assert desk.get(url(name, draft)).url == draft.get_absolute_url()
    assert desk.get(url("discard_request", draft)).status_code == 405
    assert desk.get(reverse("resellers:start_request")).status_code == 405
    assert PartnershipRequest.objects.get().state == State.DRAFT


def test_every_button_needs_the_token_of_its_page(sender):
    from django.test import Client

    desk = Client(enforce_csrf_checks=True)
    desk.force_login(sender.user)
    draft = make_draft(sender)
    for name in POSTS:
        assert desk.post(url(name, draft), ENTERED).status_code == 403
    assert desk.post(reverse("resellers:start_request")).status_code == 403
    assert PartnershipRequest.objects.get().state == State.DRAFT


def test_the_mailed_link_never_comes_from_the_request(desk, draft, settings):
    settings.PORTAL_BASE_URL = "https://portal.example"
    assert desk.post(url("send_request", draft), ENTERED, headers={"host": "evil.example"}).status_code == 400
    share_request(request=draft, channel=Channel.CLIPBOARD, by=actor_of(draft.provider, "kim@northwind.example"))
    page = desk.get(draft.get_absolute_url(), headers={"x-forwarded-host": "evil.example"})
    assert "https://portal.example/i/" in text(page)
    assert "evil.example" not in text(page)
