"""Drafting, sending, sharing, revoking."""

from datetime import timedelta

import pytest
import time_machine

from accounts.access import ANONYMOUS
from accounts.roles import Role
from activity.models import ActivityRecord
from core import clock
from core.exceptions import InvalidTransition, NotPermitted, Refused
from mail.models import OutgoingEmail
from resellers.models import PartnershipRequest
from resellers.refusals import AlreadyPending, LimitReached, RecipientMissing, RecipientRefused
from resellers.services import (
    change_draft,
    discard_draft,
    draft_request,
    mailing,
    quotas,
    recipient_obstacle,
    revoke_request,
    send_request,
    share_request,
)
from resellers.services import requests as module
from tests.factories import MembershipFactory, PartnershipFactory, PartnershipRequestFactory
from tests.resellers.conftest import actor_of, make_draft, make_sent

State, Channel = PartnershipRequest.State, PartnershipRequest.Channel


def actions() -> list[str]:
    """What was recorded, in order."""
    return list(ActivityRecord.objects.order_by("pk").values_list("action", flat=True))


# --- drafts -----------------------------------------------------------------------------------------------------------
def test_a_draft_begins_with_words_in_the_providers_language(sender, northwind):
    northwind.language = "pt-br"
    northwind.save()
    draft = draft_request(by=sender)
    assert (draft.state, draft.language, draft.provider, draft.created_by) == (
        State.DRAFT,
        "pt-br",
        northwind,
        sender.user,
    )
    assert "Sasha Berg\nNorthwind Distribution" in draft.message
    assert actions() == []


def test_an_untouched_draft_is_used_again_and_a_touched_one_is_not(sender, northwind):
    first = draft_request(by=sender)
    assert draft_request(by=sender) == first
    assert draft_request(by=actor_of(northwind, "kim@northwind.example")) != first
    change_draft(request=first, recipient="", language="en", message="Hello!", valid_days=7, by=sender)
    assert draft_request(by=sender) != first


def test_saving_what_is_there_already_changes_nothing(sender):
    draft = draft_request(by=sender)
    change_draft(request=draft, recipient="", language="en", message=draft.message, valid_days=14, by=sender)
    draft.refresh_from_db()
    assert draft.changed_at is None


def test_words_nobody_edited_follow_the_language_and_edited_ones_stay(sender, monkeypatch):
    monkeypatch.setattr(module, "default_message", lambda provider, person, language: f"standard {language}")
    draft = PartnershipRequestFactory(provider=sender.partner, created_by=sender.user, message="standard en")
    entered = {"recipient": "", "valid_days": 14, "by": sender}
    draft = change_draft(request=draft, language="pt-br", message="standard en", **entered)
    assert (draft.language, draft.message) == ("pt-br", "standard pt-br")
    draft = change_draft(request=draft, language="en", message="My own", **entered)
    assert (draft.language, draft.message) == ("en", "My own")


def test_a_draft_keeps_the_normal_form_of_the_address(sender):
    draft = make_draft(sender, "Riley@Fabrikam.EXAMPLE")
    assert (draft.recipient, draft.recipient_key) == ("Riley@Fabrikam.EXAMPLE", "riley@fabrikam.example")


def test_a_discarded_draft_is_gone_and_remembered(draft, sender):
    discard_draft(request=draft, by=sender)
    assert not PartnershipRequest.objects.exists()
    assert actions() == ["partnership_request.discarded"]


# --- sending ----------------------------------------------------------------------------------------------------------
def test_sending_puts_the_link_into_force_and_queues_one_mail(draft, sender):
    before = clock.now()
    sent = send_request(request=draft, by=sender)
    assert (sent.state, sent.channel, sent.sent_by) == (State.SENT, Channel.PORTAL, sender.user)
    assert timedelta(0) <= sent.sent_at - before < timedelta(minutes=1)
    assert sent.expires_at - sent.sent_at == timedelta(days=14)
    mail = OutgoingEmail.objects.get()
    assert (mail.kind, mail.recipient, mail.reply_to) == (
        "partnership_request",
        "riley@fabrikam.example",
        "sasha@northwind.example",
    )
    record = ActivityRecord.objects.get()
    assert (record.action, record.provider_id, record.reseller_id) == (
        "partnership_request.sent",
        sender.partner.microsoft_id,
        None,
    )
    assert record.changes["to"] == "riley@fabrikam.example"


def test_pressed_again_sending_sends_nothing_more(sent, sender):
    again = send_request(request=sent, by=sender)
    assert again.sent_at == sent.sent_at
    assert OutgoingEmail.objects.count() == 1
    assert actions() == ["partnership_request.sent"]


def test_sending_needs_an_address(sender):
    with pytest.raises(RecipientMissing):
        send_request(request=make_draft(sender, ""), by=sender)
    assert OutgoingEmail.objects.count() == 0


@pytest.mark.parametrize("channel", [Channel.CLIPBOARD, Channel.MAIL_PROGRAM])
def test_sharing_puts_the_link_into_force_without_a_mail(sender, channel):
    draft = make_draft(sender, "")
    shared = share_request(request=draft, channel=channel, by=sender)
    assert (shared.state, shared.channel) == (State.SENT, channel)
    assert OutgoingEmail.objects.count() == 0
    assert share_request(request=draft, channel=Channel.CLIPBOARD, by=sender).channel == channel
    assert actions() == ["partnership_request.shared"]
    with pytest.raises(ValueError, match="not a way of sharing"):
        share_request(request=draft, channel=Channel.PORTAL, by=sender)


def test_nothing_is_kept_when_the_record_fails(draft, sender, monkeypatch):
    def fail(*_args, **_changes):
        raise RuntimeError

    monkeypatch.setattr(module, "record", fail)
    with pytest.raises(RuntimeError):
        send_request(request=draft, by=sender)
    draft.refresh_from_db()
    assert draft.state == State.DRAFT
    assert OutgoingEmail.objects.count() == 0


def test_nothing_is_kept_when_the_mail_fails(draft, sender, monkeypatch):
    def fail(*_args, **_options):
        raise RuntimeError

    monkeypatch.setattr(mailing, "queue_email", fail)
    with pytest.raises(RuntimeError):
        send_request(request=draft, by=sender)
    draft.refresh_from_db()
    assert draft.state == State.DRAFT
    assert actions() == []


# --- to whom ----------------------------------------------------------------------------------------------------------
def test_one_open_request_per_address_and_provider(sent, sender, northwind, tailwind):
    colleague = actor_of(northwind, "kim@northwind.example")
    second = make_draft(colleague, "RILEY@fabrikam.example")
    for act in (send_request, lambda **names: share_request(channel=Channel.CLIPBOARD, **names)):
        with pytest.raises(AlreadyPending) as refusal:
            act(request=second, by=colleague)
        assert refusal.value.pending == sent
        assert "Sasha Berg" in str(refusal.value)
    assert OutgoingEmail.objects.count() == 1
    make_sent(tailwind)
    assert OutgoingEmail.objects.count() == 2


def test_an_address_may_be_asked_again_after_the_first_request_ran_out(sent, sender):
    with time_machine.travel(clock.now() + timedelta(days=15)):
        second = make_sent(sender)
    sent.refresh_from_db()
    assert (sent.state, second.state) == (State.EXPIRED, State.SENT)


def test_ones_own_company_is_not_asked(sender, helpdesk, northwind):
    for address in ("sasha@northwind.example", "HAL@northwind.example", "office@northwind.example"):
        with pytest.raises(RecipientRefused, match="your own company"):
            send_request(request=make_draft(sender, address), by=sender)
    assert OutgoingEmail.objects.count() == 0


def test_who_is_a_partner_is_not_asked(sender, northwind, riley):
    PartnershipFactory(provider=northwind, reseller=riley.partner)
    for address in ("riley@fabrikam.example", "info@fabrikam.example"):
        with pytest.raises(RecipientRefused, match="already your indirect reseller"):
            send_request(request=make_draft(sender, address), by=sender)
    assert OutgoingEmail.objects.count() == 0


def test_who_works_for_a_second_reseller_may_be_asked_for_it(northwind, riley, casey):
    PartnershipFactory(provider=northwind, reseller=riley.partner)
    MembershipFactory(user=riley.user, partner=casey.partner)
    assert recipient_obstacle(northwind, "riley@fabrikam.example") is None


def test_another_providers_partners_say_nothing_about_ours(northwind, tailwind, riley):
    PartnershipFactory(provider=tailwind.partner, reseller=riley.partner)
    assert recipient_obstacle(northwind, "riley@fabrikam.example") is None
    assert recipient_obstacle(northwind, "toni@tailwind.example") is None


# --- how many ---------------------------------------------------------------------------------------------------------
def test_a_person_sends_so_many_requests_a_day(sender, northwind, monkeypatch):
    monkeypatch.setattr(quotas, "REQUESTS_PER_PERSON", 3)
    for number in range(3):
        make_sent(sender, f"p{number}@fabrikam.example")
    for act in (send_request, lambda **names: share_request(channel=Channel.CLIPBOARD, **names)):
        with pytest.raises(LimitReached, match="3 requests in 24 hours"):
            act(request=make_draft(sender, "p4@fabrikam.example"), by=sender)
    assert OutgoingEmail.objects.count() == 3
    make_sent(actor_of(northwind, "kim@northwind.example"), "p5@fabrikam.example")
    with time_machine.travel(clock.now() + timedelta(hours=25)):
        make_sent(sender, "p6@fabrikam.example")


def test_revoking_does_not_win_back_a_request_of_the_day(sender, monkeypatch):
    monkeypatch.setattr(quotas, "REQUESTS_PER_PERSON", 1)
    revoke_request(request=make_sent(sender), by=sender)
    with pytest.raises(LimitReached):
        make_sent(sender)


def test_a_provider_sends_so_many_requests_a_day(sender, northwind, monkeypatch):
    monkeypatch.setattr(quotas, "REQUESTS_PER_PROVIDER", 2)
    make_sent(sender, "p1@fabrikam.example")
    kim = actor_of(northwind, "kim@northwind.example")
    make_sent(kim, "p2@fabrikam.example")
    with pytest.raises(LimitReached, match="Your company has sent 2"):
        make_sent(kim, "p3@fabrikam.example")


def test_an_address_gets_so_many_mails_a_day_from_all_providers_together(sender, tailwind, monkeypatch):
    monkeypatch.setattr(quotas, "MAILS_PER_ADDRESS", 2)
    revoke_request(request=make_sent(sender), by=sender)
    make_sent(tailwind)
    with pytest.raises(LimitReached, match="no more requests by mail"):
        make_sent(sender)
    assert OutgoingEmail.objects.count() == 2


def test_the_limits_are_those_agreed():
    assert (quotas.REQUESTS_PER_PERSON, quotas.REQUESTS_PER_PROVIDER, quotas.MAILS_PER_ADDRESS) == (50, 500, 5)


# --- revoking ---------------------------------------------------------------------------------------------------------
def test_a_revoked_request_has_another_nonce_and_a_record(sent, sender):
    revoked = revoke_request(request=sent, by=sender)
    assert revoked.state == State.REVOKED
    assert revoked.nonce != sent.nonce
    assert actions() == ["partnership_request.sent", "partnership_request.revoked"]
    with pytest.raises(InvalidTransition):
        revoke_request(request=revoked, by=sender)


# --- who --------------------------------------------------------------------------------------------------------------
EVERYTHING = [
    lambda request, by: change_draft(request=request, recipient="", language="en", message="x", valid_days=7, by=by),
    lambda request, by: send_request(request=request, by=by),
    lambda request, by: share_request(request=request, channel=Channel.CLIPBOARD, by=by),
    lambda request, by: discard_draft(request=request, by=by),
    lambda request, by: revoke_request(request=request, by=by),
]


@pytest.mark.parametrize("act", EVERYTHING)
def test_only_who_may_request_for_this_provider_acts(act, sender, helpdesk, tailwind, riley):
    draft, sent = make_draft(sender, "a@fabrikam.example"), make_sent(sender, "b@fabrikam.example")
    for actor in (helpdesk, tailwind, riley, ANONYMOUS):
        for request in (draft, sent):
            before = PartnershipRequest.objects.values().get(pk=request.pk)
            with pytest.raises(NotPermitted):
                act(request, actor)
            assert PartnershipRequest.objects.values().get(pk=request.pk) == before
    assert actions() == ["partnership_request.sent"]


@pytest.mark.parametrize("role", Role.values)
def test_the_roles_that_may_begin(northwind, role):
    actor = actor_of(northwind, "kim@northwind.example", Role(role))
    if role == Role.HELPDESK_AGENT:
        with pytest.raises(NotPermitted):
            draft_request(by=actor)
    else:
        assert draft_request(by=actor)


def test_refusals_are_words_for_people(sent, sender):
    with pytest.raises(Refused) as refusal:
        discard_draft(request=sent, by=sender)
    assert str(refusal.value) == "This request was sent in the meantime. Revoke it if it should not be answered."
