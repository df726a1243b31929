"""A request waits on Home of the very person to whom it was sent, and is mailed again to nobody else."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail as django_mail
from django.urls import reverse

from accounts.access import Actor
from accounts.models import Partner, User
from accounts.roles import Role
from activity.models import ActivityRecord
from core.exceptions import InvalidTransition, NotPermitted
from mail.delivery import deliver
from mail.models import OutgoingEmail
from resellers.incoming import incoming_requests
from resellers.models import PartnershipRequest
from resellers.refusals import LimitReached
from resellers.services import (
    accept_request,
    decline_request,
    extend_request,
    mail_request_again,
    resend_request,
    revoke_request,
    share_request,
)
from resellers.services.expiry import expire_overdue
from resellers.services.quotas import MAILS_PER_ADDRESS, RESENDS_PER_REQUEST
from resellers.tokens import link_token, request_link
from tests.contracts import html_faults
from tests.factories import PartnerFactory
from tests.resellers.conftest import actor_of, make_draft, make_sent, signed_in

HEADING = "Partnership requests to you"
AGAIN = "partnership_again"
PAUSE = timedelta(minutes=11)
PAGE_QUERIES = 4


def shown(actor: Actor) -> list[PartnershipRequest]:
    """What Home offers this person, which is what its page says."""
    found = incoming_requests(actor)
    page = signed_in(actor).get(reverse("home")).content.decode()
    assert (HEADING in page) == bool(found)
    assert page.count(">E-mail me the link<") == len(found)
    return found


def address_of(request: PartnershipRequest) -> str:
    return reverse("resellers:mail_again", args=[request.public_id])


def mails() -> list[OutgoingEmail]:
    """Those that somebody asked for, the oldest first."""
    return list(OutgoingEmail.objects.filter(kind=AGAIN).order_by("created_at", "pk"))


# --- who sees what ----------------------------------------------------------------------------------------------------
def test_home_says_who_asks_since_when_and_until_when(sent, riley):
    page = signed_in(riley).get(reverse("home")).content.decode()
    section = " ".join(re.sub(r"<[^>]+>", " ", page[page.index('id="incoming"') :].split("</section>")[0]).split())
    assert "Northwind Distribution asked by Sasha Berg on" in section
    assert f"{sent.expires_at:%H:%M}" in section
    assert "the e-mail to riley@fabrikam.example" in section


def test_neither_link_nor_token_is_on_any_page(sent, riley):
    client = signed_in(riley)
    pages = [client.get(reverse("home")), client.post(address_of(sent), follow=True)]
    for page in pages:
        body = page.content.decode()
        assert HEADING in body
        for secret in (link_token(sent), sent.nonce, f"/i/{sent.public_id}"):
            assert secret not in body


@pytest.mark.parametrize("role", Role)
def test_each_role_is_shown_its_own_mailbox(sender, fabrikam, role):
    person = actor_of(fabrikam, "someone@fabrikam.example", role)
    sent = make_sent(sender, "someone@fabrikam.example")
    assert shown(person) == [sent]


def test_another_spelling_of_the_mailbox_is_the_same(sender, riley):
    sent = make_sent(sender, "RILEY@Fabrikam.example")
    assert shown(riley) == [sent]


def test_nobody_else_sees_it(sent, robin, casey, sender, tailwind):
    for other in (robin, casey, sender, tailwind):
        assert shown(other) == []


def test_a_request_to_nobody_by_name_is_nobody_s(sender, riley):
    sent = make_sent(sender)
    PartnershipRequest.objects.filter(pk=sent.pk).update(recipient="", recipient_key="")
    User.objects.filter(pk=riley.user.pk).update(email="")
    riley.user.refresh_from_db()
    assert shown(riley) == []


def test_a_mailbox_that_nobody_was_seen_to_read_shows_nothing(sent, riley):
    User.objects.filter(pk=riley.user.pk).update(email_proved_at=None)
    riley.user.refresh_from_db()
    assert shown(riley) == []
    assert signed_in(riley).post(address_of(sent)).status_code == 404
    with pytest.raises(InvalidTransition):
        mail_request_again(request=sent, by=riley)
    assert mails() == []


def answered(request: PartnershipRequest, by: Actor) -> None:
    accept_request(request=request, nonce=request.nonce, by=by)


ENDS = {
    "draft": lambda sent, sender, riley: PartnershipRequest.objects.filter(pk=sent.pk).update(state="draft"),
    "revoked": lambda sent, sender, riley: revoke_request(request=sent, by=sender),
    "declined": lambda sent, sender, riley: decline_request(request=sent, nonce=sent.nonce, by=riley),
    "accepted": lambda sent, sender, riley: answered(sent, riley),
    "provider suspended": lambda sent, sender, riley: Partner.objects.filter(pk=sent.provider_id).update(
        enrolment_state="suspended"
    ),
    "waiting for confirmation": lambda sent, sender, riley: answered(
        sent, actor_of(Partner.objects.get(legal_name="Contoso Group"), "cass@contoso.example")
    ),
}


@pytest.mark.parametrize("end", ENDS)
def test_what_cannot_be_answered_is_neither_shown_nor_mailed(sent, sender, riley, casey, end):
    ENDS[end](sent, sender, riley)
    assert shown(riley) == []
    with pytest.raises(InvalidTransition):
        mail_request_again(request=sent, by=riley)
    assert signed_in(riley).post(address_of(sent)).status_code == (404 if end == "draft" else 302)
    assert mails() == []


def test_what_has_expired_is_neither_shown_nor_mailed(sent, riley):
    with time_machine.travel(sent.expires_at + timedelta(minutes=1), tick=False):
        for _noticed in range(2):
            assert shown(riley) == []
            with pytest.raises(InvalidTransition):
                mail_request_again(request=sent, by=riley)
            expire_overdue(by=riley)
    assert mails() == []


def test_the_newer_request_takes_the_place_of_the_older(sent, sender, riley):
    with time_machine.travel(sent.sent_at + PAUSE, tick=False):
        new = resend_request(request=sent, by=sender)
        assert shown(riley) == [new]


def test_who_is_a_partner_already_has_nothing_to_answer(sent, sender, riley, robin):
    other = make_sent(sender, "robin@fabrikam.example")
    answered(other, robin)
    assert shown(riley) == []


def ask_from(count: int) -> None:
    """Requests of so many further providers, of which the later ones may expire before the earlier."""
    for number in range(count):
        asker = actor_of(PartnerFactory(), f"asker@provider{number}.example", Role.ADMIN_AGENT)
        share_request(request=make_draft(asker, valid_days=(7, 14, 30)[number % 3]), channel="clipboard", by=asker)


def test_those_that_expire_first_come_first(sender, riley, django_assert_num_queries):
    sent = make_sent(sender, valid_days=30)
    with django_assert_num_queries(1):
        assert incoming_requests(riley) == [sent]
    ask_from(11)
    with django_assert_num_queries(1):
        found = incoming_requests(riley)
    assert len(found) == 12
    assert found == sorted(found, key=lambda one: one.expires_at)


@pytest.mark.parametrize(("others", "leads_on"), [(9, False), (10, True)])
def test_home_shows_ten_and_leads_to_the_rest(sent, riley, others, leads_on):
    ask_from(others)
    browser = signed_in(riley)
    home = browser.get(reverse("home")).content.decode()
    assert home.count(">E-mail me the link<") == 10
    assert (f'href="{reverse("resellers:incoming")}">All partnership requests to you' in home) == leads_on
    assert browser.get(reverse("resellers:incoming")).content.decode().count(">E-mail me the link<") == others + 1


def test_the_page_of_all_costs_the_same_for_any_number(sent, riley, django_assert_num_queries):
    browser = signed_in(riley)
    browser.get(reverse("resellers:incoming"))
    with django_assert_num_queries(PAGE_QUERIES):
        browser.get(reverse("resellers:incoming"))
    ask_from(2)
    with django_assert_num_queries(PAGE_QUERIES):
        page = browser.get(reverse("resellers:incoming")).content.decode()
    assert html_faults(page) == []
    for secret in (link_token(sent), sent.nonce, f"/i/{sent.public_id}"):
        assert secret not in page


def test_the_page_of_all_is_of_one_s_own_mailbox_and_says_when_there_is_none(sent, robin):
    page = signed_in(robin).get(reverse("resellers:incoming")).content.decode()
    assert "No request waits for you" in page
    assert "Northwind" not in page


def test_after_the_mail_one_is_back_on_the_page_that_had_the_button(sent, riley):
    listed = reverse("resellers:incoming")
    for came_from, leads_to in ((listed, listed), ("/customers/", "/"), ("//evil.example/providers/requests/", "/")):
        origin = came_from if came_from.startswith("//") else f"//testserver{came_from}"
        response = signed_in(riley).post(address_of(sent), headers={"referer": f"http:{origin}"})
        assert response["Location"] == leads_to


# --- the button -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("language", ["en", "pt-br"])
def test_the_mail_goes_to_the_same_mailbox_with_the_same_link(sender, riley, language):
    sent = make_sent(sender, language=language, message="My own words.")
    with time_machine.travel(sent.sent_at + PAUSE, tick=False):
        page = signed_in(riley).post(address_of(sent), follow=True).content.decode()
        assert "on its way to your mailbox" in page
        (kept,) = mails()
        assert link_token(sent) not in kept.text + kept.html
        deliver(kept.pk)
    (message,) = django_mail.outbox
    assert (message.to, message.reply_to) == (["riley@fabrikam.example"], ["sasha@northwind.example"])
    for body in (message.body, message.alternatives[0][0]):
        assert request_link(sent) in body
        assert "My own words." in body
        assert language != "en" or "You asked for this e-mail again" in body
    sent.refresh_from_db()
    assert (sent.state, sent.resend_number, sent.nonce in kept.dedupe_key) == ("sent", 0, False)
    recorded = ActivityRecord.objects.get(action="partnership_request.mailed_again")
    assert (recorded.provider_id, recorded.reseller_id) == (sender.partner.microsoft_id, None)
    assert recorded.actor_user_id == riley.user.pk


def test_pressed_twice_it_is_mailed_once(sent, riley):
    client = signed_in(riley)
    with time_machine.travel(sent.sent_at + PAUSE, tick=False):
        client.post(address_of(sent))
        page = client.post(address_of(sent), follow=True).content.decode()
    assert "sent to you a moment ago" in page
    assert len(mails()) == 1
    assert ActivityRecord.objects.filter(action="partnership_request.mailed_again").count() == 1


def test_the_first_mail_is_given_time_to_arrive_unless_it_failed(sent, riley):
    with pytest.raises(LimitReached):
        mail_request_again(request=sent, by=riley)
    OutgoingEmail.objects.update(state="failed")
    mail_request_again(request=sent, by=riley)
    assert len(mails()) == 1


def test_one_request_is_mailed_again_so_often(sender, riley):
    sent = make_sent(sender, valid_days=30)
    for number in range(RESENDS_PER_REQUEST + 1):
        with time_machine.travel(sent.sent_at + (number + 1) * timedelta(days=1), tick=False):
            if number < RESENDS_PER_REQUEST:
                mail_request_again(request=sent, by=riley)
                continue
            with pytest.raises(LimitReached, match="Ask Northwind Distribution"):
                mail_request_again(request=sent, by=riley)
    assert len(mails()) == RESENDS_PER_REQUEST


def test_one_mailbox_asks_so_often_a_day_whatever_the_request(sender, tailwind, riley):
    both = [make_sent(one) for one in (sender, tailwind)]
    start = both[1].sent_at
    for number in range(MAILS_PER_ADDRESS + 1):
        with time_machine.travel(start + (number + 1) * PAUSE, tick=False):
            if number < MAILS_PER_ADDRESS:
                mail_request_again(request=both[number % 2], by=riley)
                continue
            with pytest.raises(LimitReached, match="24 hours"):
                mail_request_again(request=both[number % 2], by=riley)
    with time_machine.travel(start + PAUSE + timedelta(days=1, minutes=1), tick=False):
        mail_request_again(request=both[1], by=riley)


def test_another_s_request_is_not_found_and_not_mailed(sent, robin, casey):
    for other in (robin, casey):
        assert signed_in(other).post(address_of(sent)).status_code == 404
        with pytest.raises(InvalidTransition):
            mail_request_again(request=sent, by=other)
    assert mails() == []


def test_only_people_of_resellers_ask(sent, sender, riley):
    for by in (sender, Actor(user=riley.user), Actor()):
        with pytest.raises(NotPermitted):
            mail_request_again(request=sent, by=by)
    assert signed_in(sender).post(address_of(sent)).status_code == 403
    assert signed_in(riley).get(address_of(sent)).status_code == 405


def test_a_mail_whose_request_ended_meanwhile_does_not_leave(sent, sender, riley):
    with time_machine.travel(sent.sent_at + PAUSE, tick=False):
        mail_request_again(request=sent, by=riley)
        revoke_request(request=sent, by=sender)
        deliver(mails()[0].pk)
    assert django_mail.outbox == []
    assert mails()[0].state == "dropped"


def test_it_leaves_after_the_time_was_extended(sender, riley):
    sent = make_sent(sender, valid_days=7)
    with time_machine.travel(sent.sent_at + PAUSE, tick=False):
        mail_request_again(request=sent, by=riley)
        extend_request(request=sent, days=30, by=sender)
        deliver(mails()[0].pk)
    assert len(django_mail.outbox) == 1


def test_nothing_is_mailed_when_the_record_fails(sent, riley, monkeypatch):
    monkeypatch.setattr("resellers.services.mailing_again.record", lambda *args, **more: 1 / 0)
    with time_machine.travel(sent.sent_at + PAUSE, tick=False), pytest.raises(ZeroDivisionError):
        mail_request_again(request=sent, by=riley)
    assert mails() == []


def test_the_sender_reads_in_the_history_that_it_was_asked_for(sent, sender, riley):
    with time_machine.travel(sent.sent_at + PAUSE, tick=False):
        mail_request_again(request=sent, by=riley)
        page = signed_in(sender).get(sent.get_absolute_url()).content.decode()
    assert "Riley Stone asked for the e-mail again" in page


def test_a_draft_to_the_person_says_nothing(sender, riley):
    make_draft(sender)
    assert shown(riley) == []


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_fence_lets_the_person_through_and_nobody_else(fenced, sent, riley, robin, casey):
    assert shown(riley) == [sent]
    for other in (robin, casey):
        assert shown(other) == []
        assert signed_in(other).post(address_of(sent)).status_code == 404
    OutgoingEmail.objects.update(state="failed")
    assert signed_in(riley).post(address_of(sent)).status_code == 302
    assert len(mails()) == 1
