"""A real worker against a mail server that fails at each step: tried again, given up, or repeated under the same name.

One worker serves all tests of this file, as it would in an installation; only the server behind its port changes.
"""

import pytest
from django.db import transaction

from mail.models import OutgoingEmail

from .processes import Fleet, own_redis, until
from .smtp_server import DROP, HANG, DeafPort, ScriptedServer

pytestmark = [pytest.mark.postgres, pytest.mark.redis, pytest.mark.django_db(transaction=True)]
State = OutgoingEmail.State


@pytest.fixture(scope="module")
def port(django_db_setup, tmp_path_factory):
    """Where the worker of this file expects its mail server."""
    folder = tmp_path_factory.mktemp("fleet")
    probe = ScriptedServer()
    probe.stop()
    with own_redis(folder) as broker:
        installation = Fleet(folder, broker, probe.port)
        installation.worker(beat=True)
        yield probe.port
        installation.stop()


@pytest.fixture
def server(port):
    """A mail server that works until it is told otherwise."""
    running = ScriptedServer(port)
    yield running.script
    running.stop()


def ends(email: OutgoingEmail, state: str) -> OutgoingEmail:
    """Wait until a mail has come to its end."""
    until(lambda: OutgoingEmail.objects.get(pk=email.pk).state == state, f"the mail is not {state}")
    return OutgoingEmail.objects.get(pk=email.pk)


def fails_once(email: OutgoingEmail) -> str:
    """Wait until a first attempt has failed and return why."""
    until(lambda: OutgoingEmail.objects.get(pk=email.pk).last_error, "no attempt failed")
    return OutgoingEmail.objects.get(pk=email.pk).last_error


# --- the server is not there ------------------------------------------------------------------------------------------
def test_refused_and_then_back(queue, port):
    kept = queue()
    assert fails_once(kept) == "ConnectionRefusedError"
    back = ScriptedServer(port)
    try:
        assert ends(kept, State.SENT).attempts == 1
        assert back.script.copies == {kept.recipient: 1}
    finally:
        back.stop()


def test_deaf_and_then_back(queue, port):
    deaf = DeafPort(port)
    kept = queue()
    assert fails_once(kept) == "TimeoutError"
    deaf.stop()
    back = ScriptedServer(port)
    try:
        assert ends(kept, State.SENT).attempts == 1
        assert back.script.copies == {kept.recipient: 1}
    finally:
        back.stop()


# --- it fails in the middle -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("act", [HANG, DROP])
@pytest.mark.parametrize(
    ("step", "attempts", "copies"),
    [
        ("banner", 1, 1),
        ("EHLO", 1, 1),
        ("MAIL", 2, 1),
        ("RCPT", 2, 1),
        ("DATA", 2, 1),
        ("body", 2, 1),
        ("taken", 2, 2),  # the one ambiguous case
    ],
)
def test_silence_and_hanging_up_at_each_step(queue, server, step, act, attempts, copies):
    server.tell(step, act)
    kept = queue()
    ended = ends(kept, State.SENT)
    assert (ended.attempts, ended.last_error) == (attempts, "")
    assert server.copies == {kept.recipient: copies}
    assert server.message_ids == {kept.message_id}


# --- it refuses -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "body"])
def test_what_is_refused_for_now_leaves_later(queue, server, step):
    codes = (421, 450, 451, 452)
    for code in codes:
        # The sender is named before the recipient, so at MAIL nobody can say whose mail it is.
        server.tell(step, f"{code} not now", to="" if step == "MAIL" else f"p{code}@fabrikam.com")
    rows = [queue(to=f"p{code}@fabrikam.com") for code in codes]
    for row in rows:
        ends(row, State.SENT)
    assert server.copies == {row.recipient: 1 for row in rows}
    assert server.message_ids == {row.message_id for row in rows}


@pytest.mark.parametrize("step", ["RCPT", "body"])
def test_what_is_refused_for_good_is_given_up_and_can_be_seen(queue, server, step):
    codes = (550, 552, 553, 554)
    for code in codes:
        server.tell(step, f"{code} never", to=f"p{code}@fabrikam.com", times=100)
    rows = {code: queue(to=f"p{code}@fabrikam.com") for code in codes}
    other = queue(to="other@fabrikam.com")
    error = "SMTPRecipientsRefused" if step == "RCPT" else "SMTPDataError"
    for code, row in rows.items():
        ended = ends(row, State.FAILED)
        assert (ended.attempts, ended.last_error) == (1, f"{error} {code}")
    ends(other, State.SENT)
    assert server.copies == {"other@fabrikam.com": 1}


# --- one among many ---------------------------------------------------------------------------------------------------
def test_one_poisoned_mail_among_a_hundred(queue, server):
    with transaction.atomic():
        rows = [queue(to=f"p{number}@fabrikam.com") for number in range(100)]
        OutgoingEmail.objects.filter(pk=rows[30].pk).update(html=f"~late:unknown:{rows[30].pk.hex}~")
    for row in rows[:30] + rows[31:]:
        ends(row, State.SENT)
    assert ends(rows[30], State.FAILED).last_error == "MissingLateValueError"
    assert server.copies == {row.recipient: 1 for row in rows if row != rows[30]}


def test_a_mail_that_always_makes_the_server_hang_up_holds_up_no_other(queue, server):
    server.tell("DATA", DROP, times=1000, to="p3@fabrikam.com")
    rows = [queue(to=f"p{number}@fabrikam.com") for number in range(20)]
    for row in rows[:3] + rows[4:]:
        ends(row, State.SENT)
    poisoned = OutgoingEmail.objects.get(pk=rows[3].pk)
    assert poisoned.state in (State.QUEUED, State.SENDING)
    assert server.copies == {row.recipient: 1 for row in rows if row != rows[3]}


def test_a_slow_server_is_borne(queue, server):
    server.seconds_per_mail = 0.4  # the worker's patience is 0.6 s for each answer
    rows = [queue(to=f"p{number}@fabrikam.com") for number in range(5)]
    for row in rows:
        assert ends(row, State.SENT).attempts == 1
    assert server.copies == {row.recipient: 1 for row in rows}
