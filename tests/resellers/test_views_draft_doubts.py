"""What is pasted into a draft, and addresses that look mistaken: said beside the field, and nothing is lost."""

import re

import pytest
from django.urls import reverse

from mail.models import OutgoingEmail
from resellers.models import PartnershipRequest
from resellers.tokens import link_token, request_link
from resellers.wording import full_text
from tests.contracts import html_faults
from tests.resellers.conftest import make_draft, signed_in
from tests.resellers.test_views_drafting import ENTERED, said, text, url

State = PartnershipRequest.State


@pytest.fixture
def desk(sender):
    """The sender's desk."""
    return signed_in(sender)


def test_the_whole_message_pasted_in_is_taken_as_ones_words(desk, draft):
    pasted = full_text(draft).replace("\n", "\r\n")
    words = draft.message
    assert len(pasted) > 1000
    response = desk.post(url("send_request", draft), {**ENTERED, "message": pasted}, follow=True)
    assert "Your link stands once in the message, below your words: it was taken out of them." in said(response)
    draft.refresh_from_db()
    assert (draft.state, draft.message) == (State.SENT, words)
    assert full_text(draft).count(request_link(draft)) == 1
    assert link_token(draft) not in str(PartnershipRequest.objects.values().get())


@pytest.mark.parametrize("cut", [5, 40])
def test_a_link_that_was_cut_is_refused_beside_the_message_and_nothing_is_lost(desk, draft, cut):
    entered = f"Open this:\r\n{request_link(draft)[:-cut]}"
    before = PartnershipRequest.objects.values().get()
    for name in ("send_request", "copy_request", "mail_request", "request"):
        response = desk.post(url(name, draft), {**ENTERED, "message": entered})
        (error,) = response.context["form"].errors["message"]
        assert error.startswith("Keep the link as the portal writes it below your words: it is what connects")
        assert html_faults(response.content.decode()) == []
        assert entered.replace("\r\n", "\n") in text(response).replace("\r\n", "\n")
    assert PartnershipRequest.objects.values().get() == before


def test_the_link_of_another_request_is_refused(desk, draft, sender):
    other = make_draft(sender, "other@fabrikam.example")
    response = desk.post(url("send_request", draft), {**ENTERED, "message": request_link(other)})
    assert list(response.context["form"].errors) == ["message"]
    assert OutgoingEmail.objects.count() == 0


def test_a_doubtful_address_is_asked_about_once_before_it_leaves(desk, draft):
    entered = {**ENTERED, "recipient": "riley@gmial.com", "settled": draft.recipient}
    for name in ("send_request", "copy_request", "mail_request"):
        response = desk.post(url(name, draft), entered)
        assert response.context["form"].errors["recipient"] == [
            "Did you mean riley@gmail.com? Correct the address, or select the button again to keep it."
        ]
    again = re.search(r'name="settled" value="([^"]*)"', text(response))[1]
    assert again == "riley@gmial.com"
    assert desk.post(url("send_request", draft), {**entered, "settled": again}).url == reverse("resellers:requested")
    assert OutgoingEmail.objects.get().recipient == "riley@gmial.com"


def test_a_saved_draft_shows_the_question_and_then_sends(desk, draft):
    entered = {**ENTERED, "recipient": "riley@gmial.com"}
    page = desk.post(draft.get_absolute_url(), entered, follow=True)
    assert "Did you mean riley@gmail.com?" in text(page)
    assert html_faults(page.content.decode()) == []
    settled = re.search(r'name="settled" value="([^"]*)"', text(page))[1]
    assert desk.post(url("send_request", draft), {**entered, "settled": settled}).status_code == 302


def test_an_address_that_passes_for_one_that_is_asked_is_asked_about(desk, draft, sent):
    response = desk.post(url("send_request", draft), {**ENTERED, "recipient": "ri1ey@fabrikam.example"})
    assert "riley@fabrikam.example was asked already" in response.context["form"].errors["recipient"][0]


def test_a_pending_request_can_be_opened_or_sent_again_from_the_draft(desk, sender, sent):
    page = text(desk.get(make_draft(sender).get_absolute_url()))
    assert f'href="{sent.get_absolute_url()}"' in page
    assert f'href="{url("resend_request", sent)}"' in page


@pytest.mark.parametrize("value", ["x" * 300, "<b>", "riley@fabrikam.example\r\nBcc: x", "\u202e"])
def test_nothing_in_the_forms_own_mark_is_an_error(desk, draft, value):
    assert desk.post(url("send_request", draft), {**ENTERED, "settled": value}).status_code == 302
