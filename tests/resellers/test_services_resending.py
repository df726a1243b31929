"""Sending again, correcting the address, giving more time."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail as django_mail

from accounts.access import ANONYMOUS
from activity.models import ActivityRecord
from core import clock
from core.exceptions import InvalidTransition, NotPermitted, Refused
from mail.delivery import deliver
from mail.models import OutgoingEmail
from resellers.models import PartnershipRequest
from resellers.refusals import (
    AcceptancePending,
    AlreadyPending,
    ExtensionRefused,
    LimitReached,
    RecipientRefused,
    RequestReplaced,
)
from resellers.services import (
    accept_request,
    check_link,
    decline_request,
    extend_request,
    quotas,
    resend_request,
    revoke_request,
    send_request,
    share_request,
)
from resellers.services.resending import possible_extensions, refuse_resend
from resellers.tokens import link_token
from tests.factories import PartnershipFactory
from tests.faults import fail_at_each_statement
from tests.resellers.conftest import actor_of, make_draft, make_sent

State, Channel = PartnershipRequest.State, PartnershipRequest.Channel
LATER = timedelta(minutes=11)


def actions() -> list[str]:
    """What was recorded, in order."""
    return list(ActivityRecord.objects.order_by("pk").values_list("action", flat=True))


def later(moment=LATER):
    """As if so much time had passed."""
    return time_machine.travel(clock.now() + moment, tick=False)


def fail_mail(request) -> None:
    """The mail server refuses the request's mail."""
    OutgoingEmail.objects.about(request).update(state="failed", last_error="SMTPRecipientsRefused 550")


# --- resending --------------------------------------------------------------------------------------------------------
def test_a_newer_request_takes_the_place_of_the_last(sender):
    sent = make_sent(sender, message="My own words.", language="pt-br", valid_days=30)
    with later():
        new = resend_request(request=sent, by=sender)
        now = clock.now()
    sent.refresh_from_db()
    assert (sent.state, sent.replaced_by) == (State.SUPERSEDED, new)
    assert (new.state, new.channel, new.sent_at, new.sent_by) == (State.SENT, Channel.PORTAL, now, sender.user)
    assert new.expires_at == now + timedelta(days=30)
    for name in ("provider", "recipient", "recipient_key", "message", "language", "valid_days"):
        assert getattr(new, name) == getattr(sent, name)
    assert (sent.resend_number, new.resend_number) == (0, 1)
    assert link_token(new) != link_token(sent)
    assert actions() == [
        "partnership_request.sent",
        "partnership_request.superseded",
        "partnership_request.resent",
    ]


def test_the_old_link_is_replaced_and_the_new_one_works(sent, sender, riley):
    with later():
        new = resend_request(request=sent, by=sender)
    sent.refresh_from_db()
    with pytest.raises(RequestReplaced):
        check_link(sent, sent.nonce)
    with pytest.raises(RequestReplaced):
        accept_request(request=sent, nonce=sent.nonce, by=riley)
    assert accept_request(request=new, nonce=new.nonce, by=riley).reseller == riley.partner


def test_the_old_mail_that_still_waits_is_not_sent(sent, sender):
    old = OutgoingEmail.objects.get()
    with later():
        new = resend_request(request=sent, by=sender)
        for email in OutgoingEmail.objects.order_by("created_at"):
            deliver(email.pk)
    old.refresh_from_db()
    assert old.state == "dropped"
    (message,) = django_mail.outbox
    assert link_token(new) in message.body
    assert link_token(sent) not in message.body


@pytest.mark.parametrize("how", ["sent", "overdue", "expired", "declined", "declined and overdue"])
def test_what_may_be_sent_again(how, sent, sender, riley):
    if how.startswith("declined"):
        sent = decline_request(request=sent, nonce=sent.nonce, by=riley)
    if how == "expired":
        PartnershipRequest.objects.update(state=State.EXPIRED)
    if how.endswith("overdue"):
        PartnershipRequest.objects.update(expires_at=clock.now())
    with later():
        new = resend_request(request=sent, by=sender)
    sent.refresh_from_db()
    assert (sent.state, new.state) == (State.SUPERSEDED, State.SENT)


def test_what_was_revoked_or_answered_is_not_sent_again(sender, riley):
    revoked = revoke_request(request=make_sent(sender, "x@fabrikam.example"), by=sender)
    sent = make_sent(sender)
    accept_request(request=sent, nonce=sent.nonce, by=riley)
    before = list(PartnershipRequest.objects.order_by("pk").values())
    for request in (revoked, sent, make_draft(sender, "y@fabrikam.example")):
        with later(), pytest.raises(InvalidTransition):
            resend_request(request=request, by=sender)
        with later(), pytest.raises(InvalidTransition):
            refuse_resend(PartnershipRequest.objects.get(pk=request.pk), by=sender)
    assert list(PartnershipRequest.objects.order_by("pk").values())[:2] == before


def test_pressed_twice_it_is_sent_once(sent, sender, northwind):
    with later():
        first = resend_request(request=sent, by=sender)
        assert resend_request(request=sent, by=sender) == first
        with pytest.raises(InvalidTransition):
            resend_request(request=sent, recipient="other@fabrikam.example", by=sender)
        with pytest.raises(InvalidTransition):
            resend_request(request=sent, by=actor_of(northwind, "kim@northwind.example"))
    assert PartnershipRequest.objects.count() == 2
    with later(2 * LATER), pytest.raises(InvalidTransition):
        resend_request(request=sent, by=sender)


def test_a_colleague_who_sends_again_is_the_sender(sent, northwind):
    kim = actor_of(northwind, "kim@northwind.example")
    with later():
        new = resend_request(request=sent, by=kim)
    assert (new.sent_by, new.created_by) == (kim.user, kim.user)
    assert OutgoingEmail.objects.about(new).get().reply_to == "kim@northwind.example"


def test_a_link_without_an_address_is_made_anew_to_be_copied(sender):
    shared = share_request(request=make_draft(sender, ""), channel=Channel.CLIPBOARD, by=sender)
    with later():
        new = resend_request(request=shared, by=sender)
    assert (new.state, new.channel, new.recipient) == (State.SENT, Channel.CLIPBOARD, "")
    assert OutgoingEmail.objects.count() == 0


def test_a_link_without_an_address_may_be_sent_to_one(sender):
    shared = share_request(request=make_draft(sender, ""), channel=Channel.CLIPBOARD, by=sender)
    new = resend_request(request=shared, recipient="riley@fabrikam.example", by=sender)
    assert (new.channel, new.recipient) == (Channel.PORTAL, "riley@fabrikam.example")
    assert OutgoingEmail.objects.get().kind == "partnership_request"


def test_nothing_is_kept_when_any_statement_fails(sent, sender):
    def snapshot():
        rows = list(PartnershipRequest.objects.order_by("pk").values())
        return rows, OutgoingEmail.objects.count(), ActivityRecord.objects.count()

    def check():
        assert snapshot() == before

    with later():
        before = snapshot()
        assert fail_at_each_statement(lambda: resend_request(request=sent, by=sender), check) > 15
    assert PartnershipRequest.objects.count() == 2


# --- another address --------------------------------------------------------------------------------------------------
def test_a_corrected_address_gets_the_request_at_once_as_its_first(sent, sender):
    new = resend_request(request=sent, recipient="Ripley@Fabrikam.example", by=sender)
    sent.refresh_from_db()
    assert (sent.state, sent.recipient) == (State.SUPERSEDED, "riley@fabrikam.example")
    assert (new.recipient, new.recipient_key) == ("Ripley@Fabrikam.example", "ripley@fabrikam.example")
    mail = OutgoingEmail.objects.about(new).get()
    assert (mail.kind, mail.recipient) == ("partnership_request", "Ripley@Fabrikam.example")
    record = ActivityRecord.objects.get(action="partnership_request.resent")
    assert (record.changes["to"], record.changes["address_before"]) == (
        "Ripley@Fabrikam.example",
        "riley@fabrikam.example",
    )


def test_a_corrected_address_is_checked_like_any_other(sent, sender, northwind, riley, casey):
    other = make_sent(sender, "other@fabrikam.example")
    PartnershipFactory(provider=northwind, reseller=casey.partner)
    for address, refusal, words in (
        ("other@fabrikam.example", AlreadyPending, "was asked on"),
        ("sasha@northwind.example", RecipientRefused, "your own company"),
        ("casey@contoso.example", RecipientRefused, "already your indirect reseller"),
    ):
        with pytest.raises(refusal, match=words):
            resend_request(request=sent, recipient=address, by=sender)
    sent.refresh_from_db()
    assert (sent.state, sent.replaced_by) == (State.SENT, None)
    assert PartnershipRequest.objects.count() == 2
    assert other.state == State.SENT


def test_an_expired_request_is_not_sent_beside_a_newer_one_to_the_same_address(sent, sender):
    with later(timedelta(days=15)):
        newer = make_sent(sender)
        with pytest.raises(AlreadyPending) as refusal:
            resend_request(request=sent, by=sender)
    assert refusal.value.pending == newer


# --- limits -----------------------------------------------------------------------------------------------------------
def test_ten_minutes_lie_between_two_mails_to_one_address(sent, sender):
    free_at = sent.sent_at + timedelta(minutes=10)
    with later(timedelta(minutes=9)), pytest.raises(LimitReached, match=f"again from .*{free_at:%H:%M}"):
        resend_request(request=sent, by=sender)
    assert PartnershipRequest.objects.count() == 1
    with later(timedelta(minutes=10)):
        new = resend_request(request=sent, by=sender)
        with pytest.raises(LimitReached, match="a moment ago"):
            resend_request(request=new, by=sender)


def test_a_mail_that_failed_is_sent_again_at_once(sent, sender):
    fail_mail(sent)
    assert resend_request(request=sent, by=sender).state == State.SENT


def test_a_request_is_sent_again_five_times_in_all(sent, sender, monkeypatch):
    monkeypatch.setattr(quotas, "MAILS_PER_ADDRESS", 50)
    request = sent
    for number in range(1, 6):
        with later(number * LATER):
            request = resend_request(request=request, by=sender)
            assert request.resend_number == number
    with later(timedelta(days=3)), pytest.raises(LimitReached, match="again 5 times"):
        resend_request(request=request, by=sender)
    with later(timedelta(days=3)), pytest.raises(LimitReached, match="again 5 times"):
        resend_request(request=request, recipient="other@fabrikam.example", by=sender)
    assert quotas.RESENDS_PER_REQUEST == 5


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ("REQUESTS_PER_PERSON", "You have sent 2 requests in 24 hours"),
        ("REQUESTS_PER_PROVIDER", "Your company has sent 2 requests in 24 hours"),
        ("MAILS_PER_ADDRESS", "2 in 24 hours is the limit"),
    ],
)
def test_sending_again_counts_like_sending(sent, sender, monkeypatch, limit, words):
    monkeypatch.setattr(quotas, limit, 2)
    free_at = sent.sent_at + timedelta(days=1)
    with later():
        new = resend_request(request=sent, by=sender)
    with later(2 * LATER), pytest.raises(LimitReached, match=words) as refusal:
        resend_request(request=new, by=sender)
    assert f"{free_at:%H:%M}" in str(refusal.value)
    with later(2 * LATER), pytest.raises(LimitReached, match=words):
        refuse_resend(new, by=sender)
    with later(timedelta(days=1)):
        assert resend_request(request=new, by=sender).state == State.SENT


def test_when_another_provider_wrote_is_not_told(sent, sender, tailwind, monkeypatch):
    monkeypatch.setattr(quotas, "MAILS_PER_ADDRESS", 2)
    make_sent(tailwind)
    with later(), pytest.raises(LimitReached) as refusal:
        resend_request(request=sent, by=sender)
    assert str(refusal.value) == (
        "This address gets no more requests by mail today. Copy the message and send it yourself, or wait a day."
    )


# --- while an acceptance waits ----------------------------------------------------------------------------------------
def test_a_request_that_a_company_has_accepted_is_not_taken_away(sent, sender, casey):
    accept_request(request=sent, nonce=sent.nonce, by=casey)
    before = PartnershipRequest.objects.values().get()
    for act in (
        lambda: resend_request(request=sent, by=sender),
        lambda: resend_request(request=sent, recipient="casey@contoso.example", by=sender),
        lambda: extend_request(request=sent, days=30, by=sender),
        lambda: refuse_resend(sent, by=sender),
    ):
        with later(), pytest.raises(AcceptancePending) as refusal:
            act()
        assert str(refusal.value) == "Contoso Group has accepted this request. Confirm or refuse it first."
    assert PartnershipRequest.objects.values().get() == before


def test_nor_is_it_asked_again_after_its_time(sent, sender, casey):
    accept_request(request=sent, nonce=sent.nonce, by=casey)
    with later(timedelta(days=20)), pytest.raises(AlreadyPending):
        send_request(request=make_draft(sender), by=sender)


# --- extending --------------------------------------------------------------------------------------------------------
def test_more_time_is_recorded_and_the_last_reminder_moves(sent, sender):
    PartnershipRequest.objects.update(reminded_at=clock.now(), last_reminded_at=clock.now())
    before = sent.expires_at
    with later(timedelta(days=13)):
        extended = extend_request(request=sent, days=7, by=sender)
        until = clock.now() + timedelta(days=7)
    assert (extended.expires_at, extended.state, extended.nonce) == (until, State.SENT, sent.nonce)
    assert extended.last_reminded_at is None
    assert extended.reminded_at is not None
    record = ActivityRecord.objects.get(action="partnership_request.extended")
    assert record.changes["valid_until"] == [before.isoformat(), until.isoformat()]


def test_no_time_is_taken_away(sent, sender):
    with pytest.raises(ExtensionRefused, match="already valid until"):
        extend_request(request=sent, days=7, by=sender)
    with pytest.raises(ValueError, match="90 is not a number of days on offer"):
        extend_request(request=sent, days=90, by=sender)
    sent.refresh_from_db()
    assert "partnership_request.extended" not in actions()


def test_pressed_twice_it_is_extended_once(sent, sender):
    first = extend_request(request=sent, days=30, by=sender)
    with later(timedelta(minutes=1)):
        second = extend_request(request=sent, days=30, by=sender)
    assert second.expires_at == first.expires_at
    assert actions().count("partnership_request.extended") == 1


def test_what_has_ended_is_not_extended(sender, riley):
    requests = {name: make_sent(sender, f"{name}@fabrikam.example") for name in ("overdue", "declined", "revoked")}
    PartnershipRequest.objects.filter(pk=requests["overdue"].pk).update(expires_at=clock.now())
    decline_request(request=requests["declined"], nonce=requests["declined"].nonce, by=riley)
    revoke_request(request=requests["revoked"], by=sender)
    before = list(PartnershipRequest.objects.order_by("pk").values())
    for request in PartnershipRequest.objects.all():
        assert possible_extensions(request) == []
        with pytest.raises(InvalidTransition):
            extend_request(request=request, days=30, by=sender)
    assert list(PartnershipRequest.objects.order_by("pk").values()) == before


def test_only_longer_times_are_offered(sender):
    for days, offered in ((7, [14, 30]), (14, [30]), (30, [])):
        sent = make_sent(sender, f"p{days}@fabrikam.example", valid_days=days)
        assert possible_extensions(sent) == offered
        with later(timedelta(days=days - 1)):
            assert possible_extensions(sent) == [7, 14, 30]


# --- who --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "act",
    [
        lambda request, by: resend_request(request=request, by=by),
        lambda request, by: resend_request(request=request, recipient="x@fabrikam.example", by=by),
        lambda request, by: extend_request(request=request, days=30, by=by),
        lambda request, by: refuse_resend(request, by=by),
    ],
)
def test_only_who_may_request_for_this_provider_acts(act, sent, helpdesk, tailwind, riley):
    before = PartnershipRequest.objects.values().get()
    for actor in (helpdesk, tailwind, riley, ANONYMOUS):
        with later(), pytest.raises(NotPermitted):
            act(sent, actor)
    assert PartnershipRequest.objects.values().get() == before
    assert issubclass(NotPermitted, Refused)
