"""The page behind a link when the request was answered, ran out, was replaced or waits."""

import re
from datetime import UTC, datetime, timedelta

import time_machine
from django.test import Client

from accounts.access import ANONYMOUS
from accounts.roles import Role
from activity.models import ActivityRecord
from core import clock
from mail.models import OutgoingEmail
from resellers.models import Partnership, PartnershipRequest, PendingAcceptance
from resellers.services import (
    accept_request,
    confirm_acceptance,
    decline_request,
    refuse_acceptance,
    revoke_request,
)
from tests.factories import (
    PartnershipRequestFactory,
)
from tests.reading import steady
from tests.resellers.conftest import actor_of, signed_in
from tests.resellers.invitation import (
    buttons,
    check_page,
    clean,
    heading,
    landing,
    opened,
    page,
    press,
    state_of,
    words,
)

State = PartnershipRequest.State


# --- g to j: what became of the request -------------------------------------------------------------------------------
def test_an_expired_request(sent, riley):
    browser = opened(sent, riley)
    PartnershipRequest.objects.update(expires_at=clock.now())
    response = browser.post(press("accept", sent), follow=True)
    assert response.status_code == 410
    assert heading(response) == "This request has expired"
    check_page(response, sent)
    assert not Partnership.objects.exists()
    response = page(sent, None, 410)
    assert heading(response) == "This request has expired"
    assert buttons(response) == ["Ask for a new one"]


def test_whoever_holds_an_expired_link_asks_for_a_new_one_once_a_day(sent):
    PartnershipRequest.objects.update(expires_at=clock.now())
    browser = opened(sent)
    assert browser.get(press("ask_for_new_link", sent)).status_code == 405
    for _press in range(2):
        response = browser.post(press("ask_for_new_link", sent), follow=True)
        assert response.status_code == 410
        assert "Northwind Distribution is asked for a new request." in words(response)
        assert buttons(response) == []
        check_page(response, sent)
    mail = OutgoingEmail.objects.get(kind="partnership_new_link_wanted")
    assert mail.recipient == "sasha@northwind.example"
    assert "Somebody with the link opened" in mail.text
    assert "riley@fabrikam.example" in mail.text
    sent.refresh_from_db()
    assert sent.new_link_wanted_by is None
    assert sent.opened_at == sent.new_link_wanted_at
    assert ActivityRecord.objects.filter(action="partnership_request.new_link_wanted").count() == 1
    with time_machine.travel(clock.now() + timedelta(hours=25)):
        assert buttons(opened(sent).get(clean(sent))) == ["Ask for a new one"]
        opened(sent).post(press("ask_for_new_link", sent))
    assert OutgoingEmail.objects.filter(kind="partnership_new_link_wanted").count() == 2


def test_the_wrong_account_asks_to_have_it_sent_to_its_own_address(sent, casey, tailwind):
    for actor in (tailwind, casey):
        opened(sent, actor).post(press("ask_for_new_link", sent))
    sent.refresh_from_db()
    assert sent.new_link_wanted_by == tailwind.user
    mail = OutgoingEmail.objects.get(kind="partnership_new_link_wanted")
    assert "Toni Marsh (toni@tailwind.example)" in mail.text
    response = page(sent, casey)
    assert "Northwind Distribution was asked for a new request today." in words(response)
    assert not [one for one in buttons(response) if one.startswith("Ask")]


def test_nobody_asks_without_need_or_without_the_link(sent, riley, sender):
    for browser in (opened(sent), opened(sent, riley), Client(), signed_in(riley)):
        browser.post(press("ask_for_new_link", sent))
    PartnershipRequest.objects.update(expires_at=clock.now())
    Client().post(press("ask_for_new_link", sent))
    browser = opened(sent)
    PartnershipRequest.objects.update(expires_at=clock.now() + timedelta(days=1))
    revoke_request(request=PartnershipRequest.objects.get(), by=sender)
    assert browser.post(press("ask_for_new_link", sent), follow=True).status_code == 404
    sent.refresh_from_db()
    assert (sent.new_link_wanted_at, sent.opened_at) == (None, None)
    assert not OutgoingEmail.objects.filter(kind="partnership_new_link_wanted").exists()


def test_a_revoked_request_is_an_unknown_link(sent, sender, riley):
    browser = opened(sent, riley)
    before = steady(browser.get("/i/unknown/").content)
    revoke_request(request=sent, by=sender)
    found = browser.get(clean(sent))
    assert (found.status_code, steady(found.content)) == (404, before)
    assert steady(browser.get(landing(sent)).content) == before
    response = browser.post(press("accept", sent), follow=True)
    assert (response.status_code, steady(response.content)) == (404, before)
    assert not Partnership.objects.exists()


def test_a_replaced_request(sent, riley):
    PartnershipRequest.objects.update(state=State.SUPERSEDED)
    response = page(sent, riley, 410)
    assert heading(response) == "This request was replaced"
    assert "Another request of Northwind Distribution has taken its place." in words(response)
    newer = PartnershipRequestFactory(provider=sent.provider, created_by=sent.created_by, sent=True)
    PartnershipRequest.objects.filter(pk=newer.pk).update(sent_at=datetime(2026, 3, 20, 12, tzinfo=UTC))
    PartnershipRequest.objects.filter(pk=sent.pk).update(replaced_by=newer)
    text = re.sub(r"<[^>]+>", "", words(page(sent, None, 410)))
    assert "A newer request was sent on 20 Mar 2026. Use the latest e-mail." in text
    opened(sent, riley).post(press("accept", sent))
    assert state_of(sent) == State.SUPERSEDED


def test_what_others_see_of_an_accepted_request(sent, riley, robin, casey):
    accept_request(request=sent, nonce=sent.nonce, by=riley)
    for actor in (casey, None):
        response = page(sent, actor, 410)
        assert heading(response) == "This request has already been used"
        for secret in ("Riley", "riley@", "Fabrikam Services"):
            assert secret not in words(response)
    assert "Sign in if it was you or a colleague" in words(page(sent, None, 410))
    assert "Sign in if" not in words(page(sent, casey, 410))
    response = page(sent, robin, 410)
    assert "Fabrikam Services and Northwind Distribution are partners now." in words(response)
    assert "Riley" not in words(response)
    assert heading(opened(sent, casey).post(press("accept", sent), follow=True)) == "This request has already been used"


def test_the_link_of_a_draft(draft, riley):
    response = page(draft, riley, 409)
    assert heading(response) == "This request has not been sent yet"
    opened(draft, riley).post(press("accept", draft))
    assert state_of(draft) == State.DRAFT


def test_a_partnership_that_is_over_is_not_called_connected(sent, riley, robin):
    accept_request(request=sent, nonce=sent.nonce, by=riley)
    Partnership.objects.update(ended_at=clock.now())
    assert heading(page(sent, riley)) == "The partnership with Northwind Distribution has ended"
    assert "has ended since" in words(page(sent, robin, 410))


# --- what waits -------------------------------------------------------------------------------------------------------
def test_a_waiting_acceptance_says_what_it_waits_for_and_is_withdrawn(sent, casey, northwind):
    accept_request(request=sent, nonce=sent.nonce, by=casey)
    colleague = actor_of(casey.partner, "kim@contoso.example", Role.ADMIN_AGENT)
    for actor in (casey, colleague):
        response = page(sent, actor)
        assert heading(response) == "Accepted, and waiting"
        assert "Casey Lund has accepted for <strong>Contoso Group</strong>." in words(response)
        assert "Northwind Distribution confirms that your company is the one it asked" in words(response)
        assert "riley@" not in words(response)
        assert buttons(response) == ["Home", "Withdraw"]
    browser = opened(sent, colleague)
    assert browser.get(press("withdraw_acceptance", sent)).status_code == 405
    response = browser.post(press("withdraw_acceptance", sent), follow=True)
    assert "You have withdrawn." in words(response)
    assert "Accept" in buttons(response)
    again = browser.post(press("withdraw_acceptance", sent), follow=True)
    assert "You have withdrawn." not in words(again)
    assert PendingAcceptance.objects.get().outcome == "withdrawn"


def test_a_lesser_role_reads_and_does_not_withdraw(sent, casey):
    accept_request(request=sent, nonce=sent.nonce, by=casey)
    sales = actor_of(casey.partner, "sam@contoso.example", Role.SALES_AGENT)
    assert buttons(page(sent, sales)) == ["Home"]
    assert opened(sent, sales).post(press("withdraw_acceptance", sent)).status_code == 403
    assert PendingAcceptance.objects.waiting().count() == 1


def test_to_everybody_else_a_waiting_request_is_used(sent, casey, riley, tailwind):
    accept_request(request=sent, nonce=sent.nonce, by=casey)
    for actor in (riley, tailwind, None):
        response = page(sent, actor, 410)
        assert heading(response) == "This request has already been used"
        for secret in ("Casey", "Contoso"):
            assert secret not in words(response)
        browser = opened(sent, actor)
        for name in ("accept", "withdraw_acceptance", "decline", "ask_for_new_link"):
            assert browser.post(press(name, sent)).url == clean(sent)
        assert browser.get(press("decline", sent)).url == clean(sent)
    assert (state_of(sent), PendingAcceptance.objects.waiting().count()) == (State.SENT, 1)


def test_a_waiting_acceptance_outlives_the_time_of_the_request(sent, casey):
    accept_request(request=sent, nonce=sent.nonce, by=casey)
    PartnershipRequest.objects.update(expires_at=clock.now())
    assert heading(page(sent, casey)) == "Accepted, and waiting"
    assert heading(page(sent, None, 410)) == "This request has already been used"


def test_who_was_not_confirmed_reads_it_and_cannot_accept_again(sent, casey, sender):
    acceptance = accept_request(request=sent, nonce=sent.nonce, by=casey)
    refuse_acceptance(acceptance=acceptance, by=sender)
    response = page(sent, casey, 409)
    assert heading(response) == "Northwind Distribution did not confirm your company"
    assert buttons(response) == [
        "Switch account",
        "Ask Northwind Distribution to send it to casey@contoso.example",
        "Home",
    ]
    opened(sent, casey).post(press("accept", sent))
    assert not PendingAcceptance.objects.waiting().exists()


def test_after_it_was_confirmed_the_page_is_the_success_again(sent, casey, sender):
    acceptance = accept_request(request=sent, nonce=sent.nonce, by=casey)
    confirm_acceptance(acceptance=acceptance, by=sender)
    assert heading(page(sent, casey)) == "You are now connected with Northwind Distribution"


# --- k: decline -------------------------------------------------------------------------------------------------------
def test_declining_can_be_regretted(sent, riley):
    stranger = opened(sent)
    question = stranger.get(press("decline", sent))
    assert (question.status_code, state_of(sent)) == (200, State.SENT)
    assert heading(question) == "Decline the request from Northwind Distribution?"
    check_page(question, sent)
    assert re.findall(r'type="radio"[^>]*value="([^"]+)"', words(question)) == PartnershipRequest.DeclineReason.values
    entered = {"reason": "not_now", "note": "Ask us <b>again</b> in May."}
    response = stranger.post(press("decline", sent), entered, follow=True)
    assert "You have declined the request." in words(response)
    assert "This request was declined. You can still accept it until <time" in words(response)
    assert buttons(response) == ["Sign in and continue", "Create an account"]
    declined = PartnershipRequest.objects.get()
    assert (declined.state, declined.decline_reason, declined.decline_note) == (
        State.DECLINED,
        "not_now",
        "Ask us <b>again</b> in May.",
    )
    assert declined.opened_at == declined.answered_at
    assert stranger.get(press("decline", sent)).url == clean(sent)
    stranger.post(press("decline", sent))
    assert OutgoingEmail.objects.filter(kind="partnership_declined").count() == 1
    assert "You can still accept it" in words(page(sent, riley))
    opened(sent, riley).post(press("accept", sent))
    assert state_of(sent) == State.ACCEPTED


def test_a_mistake_on_the_decline_page_loses_nothing(sent):
    browser = opened(sent)
    response = browser.post(press("decline", sent), {"reason": "no such", "note": "x" * 501})
    assert response.status_code == 200
    text = words(response)
    assert "Note to the provider must be 500 characters or fewer." in text
    assert "Select a choice of the list for the reason." in text
    assert "x" * 501 in text
    check_page(response, sent)
    assert state_of(sent) == State.SENT
    browser.post(press("decline", sent))
    assert PartnershipRequest.objects.get().decline_reason == ""


def test_declining_takes_the_link(sent, riley):
    for browser in (Client(), signed_in(riley)):
        assert browser.post(press("decline", sent), follow=True).status_code == 404
        assert browser.post(press("accept", sent), follow=True).status_code == 404
    assert state_of(sent) == State.SENT


def test_an_accepted_request_is_not_declined(sent, riley):
    browser = opened(sent)
    accept_request(request=sent, nonce=sent.nonce, by=riley)
    browser.post(press("decline", sent))
    assert state_of(sent) == State.ACCEPTED


def test_a_declined_request_expires_as_well(sent):
    decline_request(request=sent, nonce=sent.nonce, by=ANONYMOUS)
    PartnershipRequest.objects.update(expires_at=clock.now())
    assert heading(page(sent, None, 410)) == "This request has expired"
