"""The pages that send a request again, correct its address and give it more time."""

import re
from datetime import timedelta
from html import unescape

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.access import ANONYMOUS, Actor
from core import clock
from mail.models import OutgoingEmail
from resellers.models import PartnershipRequest
from resellers.services import (
    accept_request,
    ask_for_new_link,
    decline_request,
    resend_request,
    revoke_request,
    share_request,
)
from resellers.tokens import link_token, request_link
from tests.contracts import header_faults, html_faults
from tests.factories import UserFactory
from tests.resellers.conftest import make_draft, make_sent, signed_in

State = PartnershipRequest.State
PAGES = ("resend_request", "correct_request", "extend_request")
REQUESTED = reverse("resellers:requested")


@pytest.fixture
def desk(sender):
    """The sender's desk, a quarter of an hour after what was sent."""
    with time_machine.travel(clock.now() + timedelta(minutes=15)):
        yield signed_in(sender)


@pytest.fixture
def request_(sent, desk):
    """A request that was sent a while ago."""
    return sent


def url(name, request):
    """The address of a page."""
    return reverse(f"resellers:{name}", args=[request.public_id])


def words(response) -> str:
    """The page without entities and places to break a word, with single spaces."""
    return " ".join(unescape(response.content.decode().replace("<wbr>", "")).split())


def said(response) -> list[str]:
    """The banners."""
    return [str(message) for message in response.context["messages"]]


def checked(response):
    """The response, found to keep the promises of every page."""
    assert response.status_code == 200
    assert html_faults(response.content.decode()) == []
    assert header_faults(response) == []
    return response


# --- resend -----------------------------------------------------------------------------------------------------------
def test_resending_asks_first_and_changes_nothing(request_, desk):
    before = PartnershipRequest.objects.values().get()
    page = checked(desk.get(url("resend_request", request_)))
    assert "Send this request again?" in words(page)
    assert "A mail with a new link goes to riley@fabrikam.example." in words(page)
    assert "The new link is valid for 14 days." in words(page)
    assert link_token(request_) not in words(page)
    assert PartnershipRequest.objects.values().get() == before


def test_resending_shows_the_new_row_and_twice_the_same(request_, desk):
    response = desk.post(url("resend_request", request_), follow=True)
    assert response.redirect_chain == [(REQUESTED, 302)]
    assert said(response) == [
        "The request to riley@fabrikam.example is queued with a new link. You get an e-mail when it is accepted."
    ]
    assert desk.post(url("resend_request", request_)).url == REQUESTED
    assert PartnershipRequest.objects.count() == 2
    assert OutgoingEmail.objects.count() == 2


def test_a_link_without_an_address_comes_back_to_be_copied(sender, desk):
    shared = share_request(request=make_draft(sender, ""), channel="clipboard", by=sender)
    with time_machine.travel(clock.now() + timedelta(minutes=15)):
        assert "Make a new link?" in words(checked(desk.get(url("resend_request", shared))))
        response = desk.post(url("resend_request", shared), follow=True)
    new = PartnershipRequest.objects.get(state=State.SENT)
    assert response.redirect_chain == [(new.get_absolute_url(), 302)]
    assert said(response) == ["The new link works now, and the old one no longer does. Copy it below."]
    assert request_link(new) in words(response)
    assert request_link(shared) not in words(response)


def test_too_soon_is_said_before_and_after(sent, sender):
    desk = signed_in(sender)
    for method in (desk.get, desk.post):
        response = method(url("resend_request", sent), follow=True)
        assert response.redirect_chain == [(sent.get_absolute_url(), 302)]
        assert said(response)[-1].startswith("This request was sent a moment ago. It can be sent again from ")
    assert PartnershipRequest.objects.count() == 1


@pytest.mark.parametrize("name", PAGES)
def test_what_has_ended_is_not_asked_about(name, request_, desk, sender):
    revoke_request(request=request_, by=sender)
    for method in (desk.get, desk.post):
        response = method(url(name, request_), {"recipient": "x@fabrikam.example", "days": "30"}, follow=True)
        if name == "correct_request" and method == desk.post:
            assert response.context["form"].non_field_errors() == [
                "This request has changed in the meantime. Look at where it stands now."
            ]
            continue
        assert response.redirect_chain[-1] == (request_.get_absolute_url(), 302)
        assert "can" in said(response)[-1] or "changed in the meantime" in said(response)[-1]
    assert PartnershipRequest.objects.get().state == State.REVOKED


@pytest.mark.parametrize("name", ["resend_request", "correct_request"])
def test_an_acceptance_is_answered_first(name, request_, desk, casey):
    accept_request(request=request_, nonce=request_.nonce, by=casey)
    response = desk.get(url(name, request_), follow=True)
    assert said(response) == ["Contoso Group has accepted this request. Confirm or refuse it first."]
    acceptance = request_.pending_acceptances.get()
    assert f'href="{reverse("resellers:confirm_acceptance", args=[acceptance.public_id])}"' in words(response)
    desk.post(url(name, request_), {"recipient": "x@fabrikam.example"})
    assert PartnershipRequest.objects.count() == 1


# --- another address --------------------------------------------------------------------------------------------------
def test_correcting_begins_with_the_address_as_it_is(request_, desk):
    page = checked(desk.get(url("correct_request", request_)))
    assert 'value="riley@fabrikam.example"' in words(page)
    assert "with the same words and a new link" in words(page)


def test_correcting_sends_to_the_new_address_at_once(sent, sender):
    response = signed_in(sender).post(
        url("correct_request", sent), {"recipient": "ripley@fabrikam.example"}, follow=True
    )
    assert response.redirect_chain == [(REQUESTED, 302)]
    assert PartnershipRequest.objects.get(state=State.SENT).recipient == "ripley@fabrikam.example"


def test_whoever_asked_for_the_link_is_offered_as_address(request_, desk, sender):
    stranger = UserFactory(full_name="Robin Ahlers", sign_in_name="robin@adatum.example")
    ask_for_new_link(request=request_, nonce=request_.nonce, by=Actor(user=stranger))
    page = checked(desk.get(url("correct_request", request_)))
    assert 'value="robin@adatum.example"' in words(page)
    assert "Send it there only if you know that this is the person you mean." in words(page)
    page = words(desk.get(request_.get_absolute_url()))
    assert "Send to robin@adatum.example" in page
    assert "Robin Ahlers asked for the link to be sent to robin@adatum.example" in page


@pytest.mark.parametrize(
    ("address", "error"),
    [
        ("", "Enter the reseller’s e-mail address."),
        ("nobody", "Enter an e-mail address like name@company.com."),
        ("mıke@fabrikam.example", "Enter an e-mail address like name@company.com."),
        ("x" * 250 + "@fabrikam.example", ""),
        ("office@northwind.example", "This address belongs to your own company. Enter the reseller’s address."),
    ],
)
def test_what_is_wrong_with_an_address_stands_beside_it(request_, desk, address, error):
    response = checked(desk.post(url("correct_request", request_), {"recipient": address}))
    assert error in response.context["form"].errors["recipient"][0]
    assert "<title>Error: Send to another address" in words(response)
    assert PartnershipRequest.objects.get().state == State.SENT


def test_a_doubtful_address_is_asked_about_once(request_, desk):
    entered = {"recipient": "riley@hotmial.com", "settled": ""}
    page = checked(desk.post(url("correct_request", request_), entered))
    assert page.context["form"].errors["recipient"] == [
        "Did you mean riley@hotmail.com? Correct the address, or select the button again to keep it."
    ]
    again = dict(re.findall(r'name="(recipient|settled)" value="([^"]*)"', page.content.decode()))
    assert again == {"recipient": "riley@hotmial.com", "settled": "riley@hotmial.com"}
    other = desk.post(url("correct_request", request_), {**again, "recipient": "riley@gmial.com"})
    assert other.status_code == 200
    assert desk.post(url("correct_request", request_), again).url == REQUESTED
    assert PartnershipRequest.objects.get(state=State.SENT).recipient == "riley@hotmial.com"


# --- more time --------------------------------------------------------------------------------------------------------
def test_extending_offers_longer_times_only(request_, desk):
    page = checked(desk.get(url("extend_request", request_)))
    choices = [value for value, _label in page.context["form"].fields["days"].choices]
    assert choices == [14, 30] or choices == [30]
    response = desk.post(url("extend_request", request_), {"days": "30"}, follow=True)
    request_.refresh_from_db()
    assert request_.expires_at - clock.now() > timedelta(days=29, hours=23)
    assert said(response)[0].startswith("The link is now valid until ")
    assert "extended it until" in words(response)
    assert link_token(request_) in words(response)


@pytest.mark.parametrize("days", ["", "7", "31", "x", "-1", "30\x00"])
def test_another_time_is_no_choice(request_, desk, days):
    before = PartnershipRequest.objects.values().get()
    response = desk.post(url("extend_request", request_), {"days": days})
    assert response.status_code in (200, 400)
    assert PartnershipRequest.objects.values().get() == before


def test_what_lasts_as_long_as_it_may_says_so(desk, sender):
    sent = make_sent(sender, valid_days=30)
    response = desk.get(url("extend_request", sent), follow=True)
    assert said(response) == ["This request cannot be extended now: it has ended, or lasts as long as it may."]


# --- who --------------------------------------------------------------------------------------------------------------
def test_who_reaches_these_pages(request_, helpdesk, tailwind, riley, desk):
    before = list(PartnershipRequest.objects.values())
    entered = {"recipient": "x@fabrikam.example", "days": "30"}
    for name in PAGES:
        for actor, status in ((tailwind, 404), (helpdesk, 403), (riley, 403), (None, 302)):
            client = signed_in(actor) if actor else Client()
            for response in (client.get(url(name, request_)), client.post(url(name, request_), entered)):
                assert (response.status_code, name, actor) == (status, name, actor)
                assert "riley@fabrikam.example" not in response.content.decode() or actor == riley
    assert list(PartnershipRequest.objects.values()) == before


def test_every_page_needs_the_token_of_its_form(request_, desk, sender):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(sender.user)
    for name in PAGES:
        assert strict.post(url(name, request_), {"recipient": "x@fabrikam.example", "days": "30"}).status_code == 403
    assert PartnershipRequest.objects.get().state == State.SENT


# --- the page of a request --------------------------------------------------------------------------------------------
def test_the_history_of_a_request_tells_it_all(request_, desk, sender):
    old = request_
    new = resend_request(request=old, by=sender)
    declined = decline_request(request=new, nonce=new.nonce, by=ANONYMOUS, reason="not_now", note="Later.")
    page = words(checked(desk.get(declined.get_absolute_url())))
    for sentence in (
        "Takes the place of an earlier request",
        "Sasha Berg sent it to riley@fabrikam.example",
        "Opened by a person",
        "Whoever has the link declined",
        "Not at this time – Later.",
    ):
        assert sentence in page
    assert f'href="{old.get_absolute_url()}"' in page
    page = words(checked(desk.get(old.get_absolute_url())))
    assert "Replaced by a newer request" in page
    assert f'href="{new.get_absolute_url()}"' in page
    assert link_token(old) not in page
    assert "Sasha Berg (" not in page


def test_a_mail_that_could_not_be_sent_says_what_to_do(request_, desk):
    OutgoingEmail.objects.update(state="failed")
    page = words(checked(desk.get(request_.get_absolute_url())))
    assert "The request could not be sent" in page
    assert f'class="btn btn-primary" href="{url("correct_request", request_)}">Correct the address' in page
    assert page.partition('id="main"')[2].partition("</main>")[0].count("btn-primary") == 1


def test_a_waiting_acceptance_hides_the_link_and_asks_for_a_word(request_, desk, casey):
    accept_request(request=request_, nonce=request_.nonce, by=casey)
    with time_machine.travel(clock.now() + timedelta(days=20)):
        page = words(checked(signed_in(Actor(user=request_.sent_by)).get(request_.get_absolute_url())))
    assert "Contoso Group’s Casey Lund accepted from another domain: confirm" in page
    assert "Awaiting reply" in page
    assert "Expired" not in page
    assert link_token(request_) not in page
