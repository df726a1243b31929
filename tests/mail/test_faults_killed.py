"""Workers that die, for real: nothing is lost, and at most one mail is repeated, under its own Message-ID."""

from datetime import timedelta

import pytest

from core import clock
from mail.models import OutgoingEmail

from .processes import PATIENCE, kill, until
from .smtp_server import HANG

pytestmark = [pytest.mark.postgres, pytest.mark.redis, pytest.mark.django_db(transaction=True)]
State = OutgoingEmail.State


def queue_many(queue, count: int) -> dict[str, OutgoingEmail]:
    """So many mails, by recipient, due in this order."""
    return {address: queue(to=address) for address in (f"p{number}@fabrikam.com" for number in range(count))}


def all_sent() -> bool:
    """Whether nothing waits."""
    return not OutgoingEmail.objects.exclude(state=State.SENT).exists()


def repeated(smtp) -> dict[str, int]:
    """Who was sent something more than once."""
    return {recipient: count for recipient, count in smtp.script.copies.items() if count > 1}


@pytest.mark.parametrize(
    ("point", "sent_by_the_first", "twice"),
    [
        ("before_send", 2, {}),
        # The mail server has it and the row does not say so: the only point at which nobody can know.
        ("after_send", 3, {"p2@fabrikam.com": 2}),
        ("after_mark", 3, {}),
    ],
)
def test_a_worker_killed_amid_a_batch(queue, fleet, smtp, point, sent_by_the_first, twice):
    rows = queue_many(queue, 6)
    victim = fleet.worker("victim", beat=True, CRASH_AT=point, CRASH_ON="3")
    assert victim.wait(30) == -9
    assert len(smtp.script.taken) == sent_by_the_first
    marked = sent_by_the_first - len(twice)
    assert OutgoingEmail.objects.filter(state=State.SENT).count() == marked
    assert OutgoingEmail.objects.filter(state=State.SENDING).count() == 6 - marked

    fleet.worker("successor", beat=True)
    until(all_sent, "not all was sent")
    assert smtp.script.copies == dict.fromkeys(rows, 1) | twice
    assert smtp.script.message_ids == {row.message_id for row in rows.values()}


@pytest.mark.parametrize(
    ("step", "copies"),
    [
        ("DATA", 1),  # before the mail was handed over
        ("body", 1),  # it came, and the server never took it
        ("taken", 2),  # the server took it, and its answer did not arrive
    ],
)
def test_a_worker_killed_from_outside_while_the_server_holds_it(queue, fleet, smtp, step, copies):
    kept = queue()
    smtp.script.tell(step, HANG)
    victim = fleet.worker("victim", beat=True)
    assert smtp.script.holding.wait(PATIENCE)
    kill(victim)
    assert OutgoingEmail.objects.get().state == State.SENDING

    fleet.worker("successor", beat=True)
    until(all_sent, "the mail was lost")
    assert smtp.script.copies == {kept.recipient: copies}
    assert smtp.script.message_ids == {kept.message_id}


def test_a_mail_that_kills_its_sender_each_time_is_given_up_and_hurts_no_other(queue, fleet, smtp):
    rows = queue_many(queue, 5)
    # Only the sending process dies; the worker starts another one, as it does in production.
    told = {"CRASH_AT": "before_send", "CRASH_ON": "p1@fabrikam.com", "MAX_ATTEMPTS": "2"}
    fleet.worker(beat=True, **told)
    until(lambda: not OutgoingEmail.objects.waiting().exists(), "mail still waits")
    states = dict(OutgoingEmail.objects.values_list("recipient", "state"))
    assert states == dict.fromkeys(rows, State.SENT) | {"p1@fabrikam.com": State.FAILED}
    assert repeated(smtp) == {}
    assert OutgoingEmail.objects.get(state=State.FAILED).last_error == "Given up: its sender died each time"


def test_two_workers_and_two_beats_send_two_hundred_mails_once_each(queue, fleet, smtp):
    rows = queue_many(queue, 200)
    OutgoingEmail.objects.update(due_at=clock.now() + timedelta(hours=1))
    smtp.script.seconds_per_mail = 0.005
    for name in ("one", "two"):
        fleet.worker(name, beat=True, LEASE_SECONDS="30")
    for name in ("one", "two"):
        until(lambda name=name: "send_due_emails[" in fleet.log(name), f"worker {name} does nothing")
    OutgoingEmail.objects.update(due_at=clock.now())
    until(all_sent, "not all was sent")
    assert smtp.script.talked_at_once == 2
    assert smtp.script.copies == dict.fromkeys(rows, 1)
    assert smtp.script.message_ids == {row.message_id for row in rows.values()}
    assert set(OutgoingEmail.objects.values_list("attempts", flat=True)) == {1}
