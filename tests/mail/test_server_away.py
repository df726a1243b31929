"""A mail server that is away: mail waits for as long as it takes, without being blamed, and the senders stay free."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from core import clock
from mail import delivery
from mail.delivery import BROKEN_CONVERSATIONS, MAX_ATTEMPTS, deliver, send_batch, send_due
from mail.models import OutgoingEmail

from .smtp_server import DROP, HANG

pytestmark = pytest.mark.django_db(transaction=True)
State = OutgoingEmail.State


@pytest.fixture
def server(smtp, settings):
    """The scripted server, told step by step."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", smtp.port, 0.5
    return smtp.script


@pytest.fixture
def opened(monkeypatch) -> list[int]:
    """Grows with each attempt to reach the server."""
    tries: list[int] = []
    original = delivery.open_connection
    monkeypatch.setattr(delivery, "open_connection", lambda connection: (tries.append(1), original(connection)))
    return tries


def standing(email: OutgoingEmail) -> tuple[str, int, str]:
    """Where a mail stands."""
    kept = OutgoingEmail.objects.get(pk=email.pk)
    assert kept.lease_until is None
    return kept.state, kept.attempts, kept.last_error


def wait_of(email: OutgoingEmail) -> float:
    """In how many seconds a mail is due."""
    return (OutgoingEmail.objects.get(pk=email.pk).due_at - clock.now()).total_seconds()


def test_a_server_that_is_down_costs_one_try_for_the_whole_sweep(queue, no_mail_server, opened, monkeypatch):
    monkeypatch.setattr(delivery, "BATCH", 2)
    rows = [queue(to=f"p{number}@fabrikam.com") for number in range(5)]
    assert send_due() == 2
    assert [standing(row) for row in rows[:2]] == [(State.QUEUED, 0, "ConnectionRefusedError")] * 2
    assert [standing(row) for row in rows[2:]] == [(State.QUEUED, 0, "")] * 3
    assert len(opened) == 1


@pytest.mark.parametrize(("age", "seconds"), [(0, 60), (1800, 180), (90_000, 300)])
def test_an_outage_uses_up_no_attempt_and_is_not_outlived_by_long(queue, no_mail_server, age, seconds):
    kept = queue()
    OutgoingEmail.objects.update(attempts=MAX_ATTEMPTS - 1, created_at=clock.now() - timedelta(seconds=age))
    deliver(kept.pk)
    assert standing(kept) == (State.QUEUED, MAX_ATTEMPTS - 1, "ConnectionRefusedError")
    assert seconds - 5 < wait_of(kept) < seconds + 1


@pytest.mark.parametrize(
    ("step", "act", "error"),
    [
        ("banner", "421 too busy", "SMTPConnectError 421"),
        ("banner", "554 go away", "SMTPConnectError 554"),
        ("banner", DROP, "SMTPServerDisconnected"),
        ("banner", HANG, "SMTPServerDisconnected"),
        ("EHLO", DROP, "SMTPServerDisconnected"),
        ("EHLO", HANG, "SMTPServerDisconnected"),
    ],
)
def test_a_server_that_does_not_even_greet_is_away(queue, server, step, act, error):
    rows = [queue(to=f"p{number}@fabrikam.com") for number in range(2)]
    server.tell(step, act)
    send_due()
    assert [standing(row) for row in rows] == [(State.QUEUED, 0, error)] * 2
    assert server.conversations == 1


@pytest.mark.parametrize(("answer", "error"), [("454 not now", "SMTPResponseException 454"), ("", "SSLError")])
def test_no_mail_leaves_in_the_clear_where_tls_is_wanted(queue, server, settings, answer, error):
    settings.EMAIL_USE_TLS = server.offers_tls = True
    kept = queue()
    if answer:
        server.tell("STARTTLS", answer)
    deliver(kept.pk)
    assert standing(kept) == (State.QUEUED, 0, error)
    assert server.taken == []


def test_no_mail_leaves_in_the_clear_where_tls_is_not_even_offered(queue, server, settings):
    settings.EMAIL_USE_TLS = True
    kept = queue()
    deliver(kept.pk)
    assert standing(kept) == (State.QUEUED, 0, "SMTPNotSupportedError")
    assert server.taken == []


def test_a_server_that_hangs_up_on_everything_is_not_tried_for_each_mail(queue, server):
    rows = [queue(to=f"p{number}@fabrikam.com") for number in range(BROKEN_CONVERSATIONS + 3)]
    server.tell("DATA", DROP, times=100)
    send_due()
    tried, spared = rows[:BROKEN_CONVERSATIONS], rows[BROKEN_CONVERSATIONS:]
    assert {standing(row) for row in tried} == {(State.QUEUED, 1, "SMTPServerDisconnected")}
    assert {standing(row) for row in spared} == {(State.QUEUED, 0, "SMTPServerDisconnected")}
    assert server.conversations == BROKEN_CONVERSATIONS


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "body"])
def test_a_server_that_says_goodbye_is_not_asked_for_every_mail(queue, server, step):
    for number in range(BROKEN_CONVERSATIONS + 3):
        queue(to=f"p{number}@fabrikam.com")
    server.tell(step, "421 closing", times=100)
    send_due()
    assert (
        sorted(OutgoingEmail.objects.values_list("state", "attempts"))
        == [(State.QUEUED, 0)] * 3 + [(State.QUEUED, 1)] * BROKEN_CONVERSATIONS
    )
    assert server.conversations == BROKEN_CONVERSATIONS


def test_a_sweep_that_runs_out_of_time_hands_the_rest_back(queue, server, monkeypatch):
    """By a clock that each mail moves by one second."""
    monkeypatch.setattr(delivery, "SWEEP_SECONDS", 1.5)
    monkeypatch.setattr(delivery, "time", SimpleNamespace(monotonic=lambda: float(len(server.copies))))
    rows = [queue(to=f"p{number}@fabrikam.com") for number in range(6)]
    send_due()
    states = [standing(row) for row in rows]
    assert states == [(State.SENT, 1, "")] * 2 + [(State.QUEUED, 0, "")] * 4
    assert max(wait_of(row) for row in rows) < 0
    assert server.copies == {"p0@fabrikam.com": 1, "p1@fabrikam.com": 1}


def test_a_holder_whose_successor_gave_the_attempt_back_still_holds_nothing(queue, no_mail_server):
    """The number of the attempt is the same again, so the time of the lease must tell them apart."""
    kept = queue()
    [slow] = delivery.claim(OutgoingEmail.objects.due(), limit=1)
    OutgoingEmail.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    send_batch(delivery.claim(OutgoingEmail.objects.abandoned(), limit=1))
    OutgoingEmail.objects.update(due_at=clock.now(), attempts=0)
    [holder] = delivery.claim(OutgoingEmail.objects.due(), limit=1)
    assert (holder.pk, holder.attempts) == (kept.pk, slow.attempts)
    assert not delivery.mark(slow, state=State.SENT, sent_at=clock.now())
    assert delivery.mark(holder, state=State.SENT, sent_at=clock.now())


def test_a_silent_server_holds_a_sweep_no_longer_than_its_timeouts(queue, server):
    for number in range(20):
        queue(to=f"p{number}@fabrikam.com")
    server.tell("MAIL", HANG, times=100)
    send_due()
    assert server.conversations == BROKEN_CONVERSATIONS
