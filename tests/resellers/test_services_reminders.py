"""What happens to requests by itself: reminders, expiry, and word of mail that got nowhere."""

from datetime import datetime, timedelta

import pytest
import time_machine
from django.conf import settings
from django.core import mail as django_mail

from accounts.access import system_actor
from accounts.models import Membership, Partner
from activity.models import ActivityRecord
from core import clock
from mail.delivery import deliver
from mail.models import OutgoingEmail
from resellers import tasks
from resellers.models import PartnershipRequest
from resellers.services import (
    accept_request,
    decline_request,
    extend_request,
    reminders,
    resend_request,
    revoke_request,
    share_request,
)
from resellers.services.expiry import expire_overdue
from resellers.services.reminders import remind_of_requests, tell_of_undeliverable_mail
from tests.resellers.conftest import make_draft, make_sent

State = PartnershipRequest.State
PORTAL = system_actor("reminders")
FIRST, LAST = "partnership_reminder", "partnership_last_reminder"
DAY = timedelta(days=1)


def hand_over() -> None:
    """The mail server takes everything that waits."""
    for email in OutgoingEmail.objects.filter(state="queued").order_by("created_at"):
        deliver(email.pk)


def sent_request(sender, recipient="riley@fabrikam.example", **changes) -> PartnershipRequest:
    """A request whose mail was handed to the mail server."""
    request = make_sent(sender, recipient, **changes)
    hand_over()
    return request


def mails(kind: str) -> int:
    """How many of these were queued."""
    return OutgoingEmail.objects.filter(kind=kind).count()


def run_from(start: datetime, days: float, step: timedelta = timedelta(hours=6), each=lambda day: None) -> list:
    """Let the tasks run again and again; return on which day after the start which mail was queued."""
    found = []
    for number in range(int(timedelta(days=days) / step) + 1):
        with time_machine.travel(start + number * step, tick=False):
            each(number * step / DAY)
            before = {kind: mails(kind) for kind in (FIRST, LAST)}
            remind_of_requests(by=PORTAL)
            expire_overdue(by=PORTAL)
            hand_over()
            found += [(kind, number * step / DAY) for kind in before if mails(kind) > before[kind]]
    return found


# --- reminders --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("valid_days", "expected"),
    [
        (7, [(LAST, 5)]),
        (14, [(FIRST, 7), (LAST, 12)]),
        (30, [(FIRST, 7), (LAST, 28)]),
    ],
)
def test_when_a_request_is_reminded_of(sender, valid_days, expected):
    sent = sent_request(sender, valid_days=valid_days)
    assert run_from(sent.sent_at, valid_days + 2) == expected
    sent.refresh_from_db()
    assert sent.state == State.EXPIRED


@pytest.mark.parametrize("late", [7.5, 10.9])
def test_a_reminder_may_be_late(sender, late):
    sent = sent_request(sender)
    assert run_from(sent.sent_at + late * DAY, 14 - late) == [(FIRST, 0), (LAST, pytest.approx(12 - late, abs=0.25))]


@pytest.mark.parametrize("late", [11.1, 11.9, 12.5])
def test_no_two_reminders_within_a_day(sender, late):
    sent = sent_request(sender)
    assert [kind for kind, _day in run_from(sent.sent_at + late * DAY, 14 - late)] == [LAST]


def test_a_late_first_reminder_keeps_the_last_one_away_for_a_day(sender):
    sent = sent_request(sender)
    PartnershipRequest.objects.update(reminded_at=sent.expires_at - timedelta(hours=50))
    with time_machine.travel(sent.expires_at - timedelta(hours=27), tick=False):
        assert remind_of_requests(by=PORTAL) == 0
    with time_machine.travel(sent.expires_at - timedelta(hours=26), tick=False):
        assert remind_of_requests(by=PORTAL) == 1


def test_more_time_moves_the_last_reminder(sender):
    sent = sent_request(sender)

    def extend(day):
        if day == 13:
            extend_request(request=sent, days=7, by=sender)

    assert run_from(sent.sent_at, 21, each=extend) == [(FIRST, 7), (LAST, 12), (LAST, 18)]


def test_who_took_the_link_reminds_in_person(sender):
    shared = share_request(request=make_draft(sender), channel="clipboard", by=sender)
    share_request(request=make_draft(sender, ""), channel="mail_program", by=sender)
    assert run_from(shared.sent_at, 16) == []


@pytest.mark.parametrize("state", ["queued", "sending", "failed", "dropped"])
def test_a_mail_that_was_not_handed_over_is_nothing_to_be_reminded_of(sender, state):
    sent = sent_request(sender)
    lease = clock.now() if state == "sending" else None
    OutgoingEmail.objects.update(state=state, sent_at=None, lease_until=lease)
    with time_machine.travel(sent.sent_at + 8 * DAY):
        assert remind_of_requests(by=PORTAL) == 0
    with time_machine.travel(sent.sent_at + 13 * DAY):
        assert remind_of_requests(by=PORTAL) == 0


@pytest.mark.parametrize("how", ["accepted", "declined", "revoked", "replaced", "waiting", "provider suspended"])
def test_what_needs_no_answer_is_not_reminded_of(how, sender, riley, casey):
    sent = sent_request(sender)
    untouched = sent_request(sender, "open@fabrikam.example")
    with time_machine.travel(sent.sent_at + timedelta(hours=1), tick=False):
        if how == "accepted":
            accept_request(request=sent, nonce=sent.nonce, by=riley)
        elif how == "declined":
            decline_request(request=sent, nonce=sent.nonce, by=riley)
        elif how == "revoked":
            revoke_request(request=sent, by=sender)
        elif how == "waiting":
            accept_request(request=sent, nonce=sent.nonce, by=casey)
        elif how == "replaced":
            resend_request(request=sent, by=sender)
        else:
            Partner.objects.filter(pk=sender.partner.pk).update(enrolment_state="suspended")
    for days in (7, 12):
        with time_machine.travel(untouched.sent_at + days * DAY, tick=False):
            remind_of_requests(by=PORTAL)
    reminded = set(OutgoingEmail.objects.filter(kind__in=(FIRST, LAST)).values_list("recipient", flat=True))
    assert reminded == (set() if how == "provider suspended" else {"open@fabrikam.example"})


@pytest.mark.parametrize("how", ["accepted", "waiting", "revoked", "extended"])
def test_a_reminder_that_is_overtaken_is_not_sent(how, sender, riley, casey):
    sent = sent_request(sender)
    with time_machine.travel(sent.sent_at + 12.5 * DAY, tick=False):
        remind_of_requests(by=PORTAL)
        if how == "accepted":
            accept_request(request=sent, nonce=sent.nonce, by=riley)
        elif how == "waiting":
            accept_request(request=sent, nonce=sent.nonce, by=casey)
        elif how == "revoked":
            revoke_request(request=sent, by=sender)
        else:
            extend_request(request=sent, days=30, by=sender)
        django_mail.outbox.clear()
        reminder = OutgoingEmail.objects.get(kind=LAST)
        deliver(reminder.pk)
    reminder.refresh_from_db()
    assert (reminder.state, django_mail.outbox) == ("dropped", [])


def test_a_reminder_is_recorded_and_kept_only_with_its_mail(sender, monkeypatch):
    sent = sent_request(sender)
    with time_machine.travel(sent.sent_at + 7 * DAY, tick=False):
        with monkeypatch.context() as patch:
            patch.setattr(reminders, "mail_reminder", fail)
            assert remind_of_requests(by=PORTAL) == 0
        sent.refresh_from_db()
        assert sent.reminded_at is None
        assert remind_of_requests(by=PORTAL) == 1
        assert remind_of_requests(by=PORTAL) == 0
    sent.refresh_from_db()
    assert sent.reminded_at == sent.sent_at + 7 * DAY
    record = ActivityRecord.objects.get(action="partnership_request.reminded")
    assert (record.actor_label, record.changes) == ("reminders", {"to": "riley@fabrikam.example", "last": False})


def test_one_that_fails_does_not_keep_the_others_from_their_reminder(sender, monkeypatch, caplog):
    first, second = sent_request(sender, "a@fabrikam.example"), sent_request(sender, "b@fabrikam.example")
    whole = reminders.mail_reminder

    def choosy(kind, request, **names):
        if request.pk == first.pk:
            raise RuntimeError("Not this one")
        whole(kind, request, **names)

    monkeypatch.setattr(reminders, "mail_reminder", choosy)
    with time_machine.travel(second.sent_at + 7 * DAY, tick=False):
        assert remind_of_requests(by=PORTAL) == 1
    assert OutgoingEmail.objects.get(kind=FIRST).recipient == "b@fabrikam.example"
    assert f"Request {first.pk} was left for the next run." in caplog.text


def test_replies_go_to_the_company_when_the_sender_has_left(sender, northwind):
    sent = sent_request(sender)
    Membership.objects.filter(user=sender.user).update(ended_at=clock.now())
    with time_machine.travel(sent.sent_at + 7 * DAY, tick=False):
        remind_of_requests(by=PORTAL)
    assert OutgoingEmail.objects.get(kind=FIRST).reply_to == northwind.contact_email


def test_the_first_reminder_is_not_repeated_after_more_time(sender):
    sent = sent_request(sender)
    with time_machine.travel(sent.sent_at + 7 * DAY, tick=False):
        remind_of_requests(by=PORTAL)
        extend_request(request=sent, days=30, by=sender)
    with time_machine.travel(sent.sent_at + 20 * DAY, tick=False):
        assert remind_of_requests(by=PORTAL) == 0


# --- expiry -----------------------------------------------------------------------------------------------------------
def test_overdue_requests_are_closed_once_and_recorded(sender):
    sent, other = make_sent(sender), make_sent(sender, "other@fabrikam.example", valid_days=30)
    with time_machine.travel(sent.sent_at + 14 * DAY - timedelta(seconds=1), tick=False):
        assert expire_overdue(by=PORTAL) == 0
    with time_machine.travel(sent.sent_at + 14 * DAY, tick=False):
        assert (expire_overdue(by=PORTAL), expire_overdue(by=PORTAL)) == (1, 0)
    sent.refresh_from_db()
    other.refresh_from_db()
    assert (sent.state, other.state) == (State.EXPIRED, State.SENT)
    record = ActivityRecord.objects.get(action="partnership_request.expired")
    assert (record.actor_label, record.provider_id) == ("reminders", sender.partner.microsoft_id)


def test_an_answer_in_time_stops_the_clock(sender, casey):
    sent = make_sent(sender)
    accept_request(request=sent, nonce=sent.nonce, by=casey)
    with time_machine.travel(sent.sent_at + 20 * DAY, tick=False):
        assert expire_overdue(by=PORTAL) == 0
    sent.refresh_from_db()
    assert sent.state == State.SENT


def test_what_was_answered_does_not_expire(sender, riley):
    accepted, declined = make_sent(sender), make_sent(sender, "d@fabrikam.example")
    revoked = revoke_request(request=make_sent(sender, "r@fabrikam.example"), by=sender)
    accept_request(request=accepted, nonce=accepted.nonce, by=riley)
    decline_request(request=declined, nonce=declined.nonce, by=riley)
    with time_machine.travel(revoked.sent_at + 20 * DAY, tick=False):
        assert expire_overdue(by=PORTAL) == 0
    states = PartnershipRequest.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == [State.ACCEPTED, State.DECLINED, State.REVOKED]


def test_one_that_fails_does_not_keep_the_others_open(sender, monkeypatch):
    from resellers.services import expiry

    first, second = make_sent(sender, "a@fabrikam.example"), make_sent(sender, "b@fabrikam.example")
    whole = expiry.record

    def choosy(action, request, **names):
        if request.pk == first.pk:
            raise RuntimeError("Not this one")
        return whole(action, request, **names)

    monkeypatch.setattr(expiry, "record", choosy)
    with time_machine.travel(second.expires_at, tick=False):
        assert expire_overdue(by=PORTAL) == 1
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == (State.SENT, State.EXPIRED)


# --- mail that got nowhere --------------------------------------------------------------------------------------------
def failed(request, kind="partnership_request") -> None:
    """The mail server refuses the mail."""
    OutgoingEmail.objects.about(request).filter(kind=kind).update(state="failed", sent_at=None)


def test_the_sender_hears_once_of_a_mail_that_could_not_be_sent(sender):
    sent, fine = make_sent(sender), make_sent(sender, "fine@fabrikam.example")
    assert tell_of_undeliverable_mail() == 0
    failed(sent)
    assert (tell_of_undeliverable_mail(), tell_of_undeliverable_mail()) == (1, 0)
    mail = OutgoingEmail.objects.get(kind="partnership_undeliverable")
    assert (mail.recipient, mail.about_id, mail.language) == ("sasha@northwind.example", str(sent.pk), "en")
    assert fine.recipient not in mail.text


def test_a_reminder_that_could_not_be_sent_is_told_as_well(sender):
    sent = sent_request(sender)
    with time_machine.travel(sent.sent_at + 7 * DAY, tick=False):
        remind_of_requests(by=PORTAL)
        failed(sent, FIRST)
        assert tell_of_undeliverable_mail() == 1


@pytest.mark.parametrize("how", ["revoked", "corrected", "overdue"])
def test_what_no_longer_matters_is_not_told(how, sender):
    sent = make_sent(sender)
    failed(sent)
    if how == "revoked":
        revoke_request(request=sent, by=sender)
    elif how == "corrected":
        resend_request(request=sent, recipient="ripley@fabrikam.example", by=sender)
    with time_machine.travel(sent.sent_at + (15 if how == "overdue" else 0) * DAY):
        assert tell_of_undeliverable_mail() == 0


def test_the_company_hears_when_the_sender_has_left(sender, northwind):
    failed(make_sent(sender))
    Membership.objects.filter(user=sender.user).update(ended_at=clock.now())
    tell_of_undeliverable_mail()
    assert OutgoingEmail.objects.get(kind="partnership_undeliverable").recipient == northwind.contact_email


def test_each_provider_hears_of_its_own(sender, tailwind):
    failed(make_sent(sender))
    failed(make_sent(tailwind))
    assert tell_of_undeliverable_mail() == 2
    told = OutgoingEmail.objects.filter(kind="partnership_undeliverable").values_list("recipient", flat=True)
    assert sorted(told) == ["sasha@northwind.example", "toni@tailwind.example"]


# --- tasks ------------------------------------------------------------------------------------------------------------
def test_the_tasks_are_scheduled_and_do_it(sender):
    reminded, overdue = sent_request(sender, "a@fabrikam.example"), sent_request(sender, "b@fabrikam.example")
    refused = make_sent(sender, "c@fabrikam.example")
    failed(refused)
    PartnershipRequest.objects.filter(pk=overdue.pk).update(expires_at=clock.now())
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    with time_machine.travel(reminded.sent_at + 7 * DAY + timedelta(hours=1), tick=False):
        for task in (
            tasks.close_overdue_requests,
            tasks.remind_of_open_requests,
            tasks.report_undeliverable_requests,
        ):
            assert task.name in scheduled
            task()
    overdue.refresh_from_db()
    assert overdue.state == State.EXPIRED
    kinds = OutgoingEmail.objects.exclude(kind="partnership_request").order_by("kind")
    assert list(kinds.values_list("kind", "recipient")) == [
        (FIRST, "a@fabrikam.example"),
        ("partnership_undeliverable", "sasha@northwind.example"),
    ]


def fail(*_args, **_names):
    """Fail."""
    raise RuntimeError
