"""Delivery against a scripted mail server: what leaves, what is tried again, what is given up."""

import email as email_parser
import email.policy
import logging
import smtplib
from datetime import timedelta

import pytest
from django.conf import settings as portal_settings
from django.core import mail as django_mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection, transaction

from core import clock
from mail import delivery
from mail.delivery import LEASE, MAX_ATTEMPTS, claim, deliver, is_permanent, pause, send_batch, send_due
from mail.models import OutgoingEmail
from mail.tasks import deliver_email, send_due_emails

from .conftest import LINK

pytestmark = pytest.mark.django_db(transaction=True)
State = OutgoingEmail.State


def fresh(email: OutgoingEmail) -> OutgoingEmail:
    return OutgoingEmail.objects.get(pk=email.pk)


def in_seconds(moment) -> float:
    return (moment - clock.now()).total_seconds()


def claim_all() -> list[OutgoingEmail]:
    return claim(OutgoingEmail.objects.due(), limit=50)


# --- what leaves ------------------------------------------------------------------------------------------------------
def test_golden_mail_on_the_wire(queue, mail_server):
    kept = queue(reply_to="ana@contoso.com", context={"message": "Olá, João 🙂\n\n" + "palavras " * 120})
    deliver_email(str(kept.pk))
    kept = fresh(kept)
    assert (kept.state, kept.attempts, kept.last_error) == (State.SENT, 1, "")
    assert abs(in_seconds(kept.sent_at)) < 60

    [raw] = mail_server.accepted
    message = email_parser.message_from_bytes(raw, policy=email_parser.policy.default)
    assert message["Subject"] == "A request from Contoso Distribution"
    assert message["To"] == "rui@fabrikam.com"
    assert message["From"] == portal_settings.DEFAULT_FROM_EMAIL
    assert message["Reply-To"] == "ana@contoso.com"
    assert message["Message-ID"] == kept.message_id
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "en"
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    text, html = (part.get_content() for part in message.iter_parts())
    assert LINK in text.splitlines()
    assert html.count(LINK.replace("&", "&amp;")) == 4
    assert "Olá, João 🙂" in text
    # On the wire itself: nothing for a mail server to cut, and the link in one piece in both parts.
    assert max(map(len, raw.split(b"\r\n"))) < 998
    assert raw.count(LINK.encode()) == 1
    assert raw.count(LINK.replace("&", "&amp;").encode()) == 4
    assert max(len(line) for line in text.splitlines()) <= 72
    assert "~late" not in raw.decode()


def test_the_late_value_is_not_stored(queue, mail_server):
    kept = queue()
    deliver(kept.pk)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM mail_outgoingemail")
        assert "canary" not in str(cursor.fetchall())


def test_sending_happens_outside_any_transaction(queue, monkeypatch):
    seen = []
    original = EmailBackend.send_messages

    def send(self, messages):
        seen.append(connection.in_atomic_block)
        return original(self, messages)

    monkeypatch.setattr(EmailBackend, "send_messages", send)
    queue()
    send_due_emails()
    assert seen == [False]


def test_a_kind_without_owner_is_sent_as_it_is(queue, owners, mail_server):
    """The sample needs a link, so without an owner it must fail and not leave with a hole."""
    owners.clear()
    kept = queue()
    deliver(kept.pk)
    assert (fresh(kept).state, fresh(kept).last_error) == (State.FAILED, "MissingLateValueError")
    OutgoingEmail.objects.update(state=State.QUEUED, text="Plain", html="<p>Plain</p>")
    deliver(kept.pk)
    assert fresh(kept).state == State.SENT
    assert mail_server.recipients == ["rui@fabrikam.com"]


def test_a_mail_withdrawn_meanwhile_is_dropped(queue, owners, mail_server):
    kept = queue()
    owners["sample"] = lambda email: None
    deliver(kept.pk)
    assert (fresh(kept).state, fresh(kept).lease_until) == (State.DROPPED, None)
    assert fresh(kept).delivery_text == "Withdrawn"
    assert mail_server.recipients == []


def test_the_task_five_times_is_one_mail(queue, mail_server):
    kept = queue()
    for _ in range(5):
        deliver_email(str(kept.pk))
    send_due_emails()
    assert mail_server.recipients == ["rui@fabrikam.com"]


def test_a_task_for_a_row_that_never_was_does_nothing(mail_server):
    deliver_email("00000000-0000-0000-0000-000000000000")
    assert mail_server.sessions == 0


def test_a_mail_not_yet_due_waits(queue, mail_server):
    OutgoingEmail.objects.filter(pk=queue().pk).update(due_at=clock.now() + timedelta(minutes=1))
    send_due_emails()
    assert mail_server.recipients == []


def test_a_batch_goes_over_one_connection(queue, mail_server):
    for number in range(5):
        queue(to=f"p{number}@fabrikam.com")
    assert send_due() == 5
    assert sorted(mail_server.recipients) == [f"p{number}@fabrikam.com" for number in range(5)]
    assert mail_server.sessions == 1


def test_more_than_a_batch_is_sent_in_one_sweep(queue, mail_server, monkeypatch):
    monkeypatch.setattr(delivery, "BATCH", 2)
    for number in range(5):
        queue(to=f"p{number}@fabrikam.com")
    assert send_due() == 5
    assert len(mail_server.recipients) == 5


# --- faults that pass -------------------------------------------------------------------------------------------------
def waits_for_next_attempt(kept: OutgoingEmail, error: str) -> None:
    kept = fresh(kept)
    assert (kept.state, kept.attempts, kept.last_error, kept.lease_until) == (State.QUEUED, 1, error, None)
    assert 50 < in_seconds(kept.due_at) < 70


@pytest.mark.parametrize("code", [421, 450, 451, 452])
def test_a_recipient_refused_for_now_is_tried_again(queue, mail_server, code):
    kept = queue()
    mail_server.refuse_recipient["rui@fabrikam.com"] = f"{code} canary@later"
    deliver(kept.pk)
    waits_for_next_attempt(kept, f"SMTPRecipientsRefused {code}")


def test_data_refused_for_now_is_tried_again_and_then_sent(queue, mail_server):
    kept = queue()
    mail_server.refuse_data["rui@fabrikam.com"] = "451 later"
    deliver(kept.pk)
    waits_for_next_attempt(kept, "SMTPDataError 451")
    mail_server.refuse_data.clear()
    OutgoingEmail.objects.update(due_at=clock.now())
    send_due()
    assert (fresh(kept).state, fresh(kept).attempts, fresh(kept).last_error) == (State.SENT, 2, "")


def test_a_refused_sender_delays_because_it_can_be_mended(queue, mail_server):
    kept = queue()
    mail_server.refuse_sender = "550 not from here"
    deliver(kept.pk)
    waits_for_next_attempt(kept, "SMTPSenderRefused 550")


def test_a_connection_dropped_after_the_data_repeats_under_the_same_message_id(queue, mail_server):
    kept = queue()
    mail_server.hang_up_after_data.add("rui@fabrikam.com")
    deliver(kept.pk)
    waits_for_next_attempt(kept, "SMTPServerDisconnected")
    mail_server.hang_up_after_data.clear()
    OutgoingEmail.objects.update(due_at=clock.now())
    deliver(kept.pk)
    assert fresh(kept).state == State.SENT
    ids = {email_parser.message_from_bytes(raw)["Message-ID"] for raw in mail_server.accepted}
    assert (len(mail_server.accepted), ids) == (2, {kept.message_id})


def test_a_server_that_falls_silent_is_left_after_the_timeout(queue, mail_server, settings):
    settings.EMAIL_TIMEOUT = 0.5
    kept = queue()
    mail_server.silent_after_data.add("rui@fabrikam.com")
    began = clock.now()
    deliver(kept.pk)
    assert -in_seconds(began) < 2.5
    waits_for_next_attempt(kept, "SMTPServerDisconnected")


def test_a_backend_that_takes_nothing_and_says_nothing_is_no_success(queue, monkeypatch):
    monkeypatch.setattr(EmailBackend, "send_messages", lambda self, messages: 0)
    kept = queue()
    deliver(kept.pk)
    waits_for_next_attempt(kept, "NotTakenError")


def test_the_pauses_double_up_to_an_hour_and_last_a_day():
    minutes = [pause(attempt).total_seconds() / 60 for attempt in range(1, MAX_ATTEMPTS)]
    for got, expected in zip(minutes, [1, 2, 4, 8, 16, 32] + [60] * 23, strict=True):
        assert expected * 0.9 <= got <= expected * 1.1
    assert len({pause(6) for _ in range(20)}) > 1
    assert 21 < sum(minutes) / 60 < 27


def test_the_last_attempt_gives_up(queue, mail_server):
    kept = queue()
    mail_server.refuse_data["rui@fabrikam.com"] = "451 later"
    OutgoingEmail.objects.update(attempts=MAX_ATTEMPTS - 1)
    deliver(kept.pk)
    assert (fresh(kept).state, fresh(kept).last_error) == (State.FAILED, "SMTPDataError 451")


# --- faults that stay -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("code", [550, 552, 553, 554])
def test_a_recipient_refused_for_good_is_given_up_at_once(queue, mail_server, code):
    kept = queue()
    mail_server.refuse_recipient["rui@fabrikam.com"] = f"{code} canary@never"
    deliver(kept.pk)
    assert (fresh(kept).state, fresh(kept).attempts) == (State.FAILED, 1)
    assert fresh(kept).last_error == f"SMTPRecipientsRefused {code}"
    assert fresh(kept).delivery_text == "Could not be sent"


def test_data_refused_for_good_is_given_up_at_once(queue, mail_server):
    kept = queue()
    mail_server.refuse_data["rui@fabrikam.com"] = "554 no"
    deliver(kept.pk)
    assert (fresh(kept).state, fresh(kept).last_error) == (State.FAILED, "SMTPDataError 554")


@pytest.mark.parametrize("field", ["subject", "recipient", "reply_to"])
@pytest.mark.parametrize("line_end", ["\n", "\r", "\r\n"])
def test_a_line_break_in_a_header_is_given_up_once_and_adds_no_header(queue, mail_server, field, line_end):
    kept = queue()
    OutgoingEmail.objects.update(**{field: f"a@x.com{line_end}Bcc: canary@evil.example"})
    send_due()
    send_due()
    assert (fresh(kept).state, fresh(kept).attempts) == (State.FAILED, 1)
    assert fresh(kept).last_error in {"BadHeaderError", "ValueError"}
    assert mail_server.accepted == []


def test_other_mail_in_the_batch_leaves_around_a_refused_one(queue, mail_server):
    rows = [queue(to=f"p{number}@fabrikam.com") for number in range(4)]
    mail_server.refuse_recipient["p0@fabrikam.com"] = "550 no"
    mail_server.hang_up_after_data.add("p2@fabrikam.com")
    send_due()
    assert [fresh(row).state for row in rows] == [State.FAILED, State.SENT, State.QUEUED, State.SENT]


def test_a_poison_row_does_not_hold_up_ninety_nine(queue, owners):
    rows = [queue(to=f"p{number}@fabrikam.com") for number in range(100)]

    def spoiled(email):
        if email.pk == rows[30].pk:
            raise RuntimeError("canary")
        return {"link": LINK}

    owners["sample"] = spoiled
    send_due()
    states = [fresh(row).state for row in rows]
    assert (states.count(State.SENT), states[30]) == (99, State.QUEUED)
    assert fresh(rows[30]).last_error == "RuntimeError"
    assert len(django_mail.outbox) == 99


def test_no_log_line_names_the_recipient_or_the_link(queue, mail_server, caplog):
    caplog.set_level(logging.INFO)
    mail_server.refuse_recipient["rui@fabrikam.com"] = "450 rui@fabrikam.com later"
    kept = queue()
    deliver(kept.pk)
    assert str(kept.pk) in caplog.text
    assert "rui@" not in caplog.text
    assert "canary" not in caplog.text


@pytest.mark.parametrize(
    ("error", "permanent"),
    [
        (smtplib.SMTPAuthenticationError(535, b"no"), False),
        (smtplib.SMTPConnectError(554, b"no"), False),
        (smtplib.SMTPHeloError(550, b"no"), False),
        (smtplib.SMTPNotSupportedError("SMTPUTF8"), True),
        (TimeoutError(), False),
        (UnicodeEncodeError("ascii", "ü", 0, 1, "no"), True),
        (smtplib.SMTPRecipientsRefused({"a@x": (550, b""), "b@x": (450, b"")}), False),
    ],
)
def test_only_faults_of_the_mail_itself_are_final(error, permanent):
    assert is_permanent(error) is permanent


# --- senders that die -------------------------------------------------------------------------------------------------
def expire_leases() -> None:
    OutgoingEmail.objects.filter(state=State.SENDING).update(lease_until=clock.now() - timedelta(seconds=1))


def test_a_mail_of_a_dead_sender_is_sent_when_the_lease_ran_out(queue, mail_server):
    kept = queue()
    claim_all()  # and the sender dies here
    send_due()
    assert (fresh(kept).state, mail_server.recipients) == (State.SENDING, [])
    expire_leases()
    send_due()
    assert (fresh(kept).state, fresh(kept).attempts) == (State.SENT, 2)
    assert len(mail_server.recipients) == 1


def test_a_sender_that_dies_between_sending_and_marking_repeats_under_the_same_message_id(
    queue, mail_server, monkeypatch
):
    kept = queue()
    with monkeypatch.context() as dying:
        dying.setattr(delivery, "mark", lambda *args, **fields: exec("raise SystemExit"))
        with pytest.raises(SystemExit):
            send_batch(claim_all())
    assert fresh(kept).state == State.SENDING
    expire_leases()
    send_due()
    assert fresh(kept).state == State.SENT
    ids = [email_parser.message_from_bytes(raw)["Message-ID"] for raw in mail_server.accepted]
    assert ids == [kept.message_id] * 2


def test_a_sender_that_was_too_slow_does_not_overwrite_its_successor(queue, mail_server):
    kept = queue()
    [slow] = claim_all()
    expire_leases()
    [successor] = claim(OutgoingEmail.objects.abandoned(), limit=1)
    assert not delivery.mark(slow, state=State.FAILED)
    assert fresh(kept).state == State.SENDING
    send_batch([slow])
    assert fresh(kept).attempts == 2
    assert delivery.mark(successor, state=State.SENT, sent_at=clock.now())


def test_a_slow_batch_renews_its_lease_and_leaves_what_others_took(queue, mail_server):
    kept = queue()
    [mine] = claim_all()
    OutgoingEmail.objects.update(lease_until=clock.now() + timedelta(seconds=30))
    mine = fresh(kept)
    assert delivery.keep(mine)
    assert in_seconds(fresh(kept).lease_until) > LEASE.total_seconds() - 5
    OutgoingEmail.objects.update(attempts=7, lease_until=clock.now() + LEASE)
    mine.lease_until = clock.now() - timedelta(seconds=1)
    send_batch([mine])
    assert mail_server.recipients == []


def test_a_mail_that_kills_each_sender_is_given_up_and_was_alone(queue, mail_server):
    killer, other = queue(to="killer@fabrikam.com"), queue(to="other@fabrikam.com")
    claim_all()
    expire_leases()
    OutgoingEmail.objects.filter(pk=killer.pk).update(attempts=MAX_ATTEMPTS)
    assert len(claim(OutgoingEmail.objects.abandoned().filter(pk=other.pk), limit=1)) == 1
    send_due()
    assert fresh(killer).state == State.FAILED
    assert fresh(killer).last_error.startswith("Given up")
    assert mail_server.recipients == []


def test_the_lease_is_longer_than_the_slowest_sending():
    """Connect, banner, EHLO, STARTTLS, sign-in, MAIL, RCPT, DATA, its end: each may take the whole timeout."""
    assert timedelta(seconds=10 * portal_settings.EMAIL_TIMEOUT) < LEASE / 2


def test_a_claim_inside_a_rolled_back_transaction_holds_nothing(queue):
    queue()
    with transaction.atomic():
        assert len(claim_all()) == 1
        transaction.set_rollback(True)
    assert OutgoingEmail.objects.due().count() == 1
