"""Several senders at once: each mail leaves once."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail as django_mail
from django.db import connection

from accounts.access import system_actor
from core import clock
from core.exceptions import InvalidTransition
from mail.delivery import claim, deliver, send_due
from mail.models import OutgoingEmail
from mail.services import drop_email

pytestmark = pytest.mark.django_db(transaction=True)
State = OutgoingEmail.State


def all_at_once(*functions: Callable[[], object]) -> list[object]:
    """Run each function in a thread of its own, begun together, and return what they returned or raised."""
    barrier, results = threading.Barrier(len(functions)), [None] * len(functions)

    def run(number: int, function: Callable[[], object]) -> None:
        try:
            barrier.wait(10)
            results[number] = function()
        except Exception as error:
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(functions)]
    [thread.start() for thread in threads]
    [thread.join(30) for thread in threads]
    return results


@pytest.mark.parametrize("turn", range(5))
def test_one_mail_claimed_by_eight_senders_is_claimed_once(queue, turn):
    kept = queue()
    claims = all_at_once(*[lambda: len(claim(OutgoingEmail.objects.due().filter(pk=kept.pk), limit=1))] * 8)
    assert sorted(claims) == [0] * 7 + [1]
    assert OutgoingEmail.objects.get().attempts == 1


def test_one_mail_delivered_by_eight_tasks_leaves_once(queue):
    kept = queue()
    assert all_at_once(*[lambda: deliver(kept.pk)] * 8) == [None] * 8
    assert len(django_mail.outbox) == 1


def test_four_sweeps_over_sixty_mails_send_each_once(queue, monkeypatch):
    monkeypatch.setattr("mail.delivery.BATCH", 7)
    for number in range(60):
        queue(to=f"p{number}@fabrikam.com")
    taken = all_at_once(*[send_due] * 4)
    assert Counter(message.to[0] for message in django_mail.outbox) == {f"p{n}@fabrikam.com": 1 for n in range(60)}
    assert sum(taken) == 60
    assert set(OutgoingEmail.objects.values_list("state", "attempts")) == {(State.SENT, 1)}


def test_an_abandoned_mail_found_by_four_sweeps_is_sent_once(queue):
    queue()
    claim(OutgoingEmail.objects.due(), limit=1)
    OutgoingEmail.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    all_at_once(*[send_due] * 4)
    assert len(django_mail.outbox) == 1


@pytest.mark.parametrize("turn", range(5))
def test_a_mail_is_either_withdrawn_or_sent(queue, turn):
    kept = queue()
    _sent, dropped = all_at_once(
        lambda: deliver(kept.pk), lambda: drop_email(email=kept, by=system_actor("back office"), reason="x")
    )
    state = OutgoingEmail.objects.get().state
    if isinstance(dropped, InvalidTransition):
        assert (state, len(django_mail.outbox)) == (State.SENT, 1)
    else:
        assert (state, len(django_mail.outbox)) == (State.DROPPED, 0)
