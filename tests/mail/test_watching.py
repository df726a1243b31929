"""What tells people that mail does not leave: the line on Home, and the answer for monitoring."""

from datetime import timedelta

import pytest
import time_machine
from celery.signals import before_task_publish
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import User
from core import clock
from csp_portal.home import Delay, delayed_mail
from mail import heartbeat
from mail.models import OutgoingEmail
from mail.tasks import send_due_emails
from tests.factories import UserFactory
from tests.world import make_world

pytestmark = pytest.mark.django_db
State = OutgoingEmail.State
NOON = "2026-03-04T12:00:00Z"


@pytest.fixture
def ours():
    """A provider and its reseller."""
    return make_world().ours


def wait(email: OutgoingEmail, minutes: int) -> None:
    """Let a mail have waited for so long."""
    OutgoingEmail.objects.filter(pk=email.pk).update(created_at=clock.now() - timedelta(minutes=minutes))


# --- what is asked of the outbox --------------------------------------------------------------------------------------
def test_delayed_is_what_waits_longer_than_a_working_server_lets_it(queue):
    old, new, sent = queue(), queue(), queue()
    wait(old, 6)
    wait(sent, 6)
    OutgoingEmail.objects.filter(pk=sent.pk).update(state=State.SENT, sent_at=clock.now())
    assert list(OutgoingEmail.objects.delayed()) == [old]
    assert set(OutgoingEmail.objects.waiting()) == {old, new}


@pytest.mark.parametrize(
    ("error", "delayed"),
    [
        ("SMTPRecipientsRefused 450", False),  # the recipient's own server makes it wait
        ("SMTPDataError 451", False),
        ("SMTPRecipientsRefused 421", True),  # the mail server itself has no time
        ("SMTPServerDisconnected", True),
        ("ConnectionRefusedError", True),
    ],
)
def test_what_a_recipients_side_puts_off_is_no_delay_of_ours(queue, error, delayed):
    wait(queue(), 6)
    OutgoingEmail.objects.update(last_error=error)
    assert OutgoingEmail.objects.delayed().exists() is delayed


@pytest.mark.postgres
def test_looking_for_delayed_mail_does_not_read_what_was_sent(queue):
    queue()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
    plan = OutgoingEmail.objects.delayed().explain()
    assert ("email_due" in plan, "email_abandoned" in plan, "Seq Scan" in plan) == (True, True, False), plan


def test_failed_about_finds_what_failed_about_these_and_no_others(queue):
    ana, bo, cy = (UserFactory() for _ in range(3))
    first, second, theirs = queue(about=bo), queue(about=ana), queue(about=cy)
    OutgoingEmail.objects.filter(pk__in=[first.pk, second.pk, theirs.pk, queue().pk]).update(state=State.FAILED)
    queue(about=ana)
    assert list(OutgoingEmail.objects.failed_about(User.objects.filter(pk__in=[ana.pk, bo.pk]))) == [first, second]
    assert list(OutgoingEmail.objects.failed_about(User.objects.none())) == []


# --- Home -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        ([20], "1 message waits since 11:40. Nothing is lost: it is sent as soon as the mail server answers."),
        ([20, 6, 4], "2 messages wait since 11:40. Nothing is lost: they are sent as soon as the mail server answers."),
        ([1440], "1 message waits since 3 Mar 2026 12:00. Nothing is lost"),
    ],
)
def test_home_says_how_much_waits_and_since_when_and_that_nothing_is_lost(ours, queue, minutes, words):
    with time_machine.travel(NOON, tick=False):
        client = Client()
        client.force_login(ours.provider_admin.user)
        for number in minutes:
            wait(queue(), number)
        page = client.get(reverse("home")).content.decode()
    assert ("E-mail is delayed" in page, words in page) == (True, True)


def test_home_says_nothing_while_mail_leaves(ours, queue):
    queue()
    assert delayed_mail(ours.provider_admin) is None
    client = Client()
    client.force_login(ours.provider_admin.user)
    assert "E-mail is delayed" not in client.get(reverse("home")).content.decode()


def test_resellers_are_not_told_of_what_they_did_not_send(ours, queue):
    wait(queue(), 20)
    assert delayed_mail(ours.reseller_admin) is None
    assert delayed_mail(ours.provider_admin).count == 1


def test_the_time_is_that_of_the_reader():
    with time_machine.travel(NOON, tick=False):
        delay = Delay(12_345, clock.now() - timedelta(hours=13))
        with timezone.override("America/Sao_Paulo"):
            assert delay.since_text == "3 Mar 2026 20:00"
        with timezone.override("Asia/Tokyo"):
            assert delay.since_text == "08:00"
    assert delay.count_text == "10,000+"
    with translation.override("pt-br"):
        assert Delay(1234, clock.now()).count_text == "1.234"


# --- monitoring -------------------------------------------------------------------------------------------------------
def ready() -> tuple[int, str]:
    """What monitoring is told."""
    response = Client().get(reverse("healthz_ready"))
    return response.status_code, response.content.decode()


@pytest.fixture
def alive() -> None:
    """Beat and a worker that have just been seen."""
    heartbeat.note(heartbeat.BEAT)
    heartbeat.note(heartbeat.SWEEP)


def ago(key: str, minutes: int) -> None:
    """Let the last note be so old."""
    cache.set(key, clock.now() - timedelta(minutes=minutes), 60)


def test_ready_needs_beat_and_a_sweep_of_late():
    assert ready() == (200, "degraded: beat, worker")
    before_task_publish.send(sender="mail.tasks.send_due_emails")
    assert ready() == (200, "degraded: worker")
    send_due_emails()
    assert ready() == (200, "ok")
    ago(heartbeat.BEAT, 4)
    ago(heartbeat.SWEEP, 4)
    assert ready() == (200, "ok")
    ago(heartbeat.SWEEP, 6)
    assert ready() == (200, "degraded: worker")
    ago(heartbeat.BEAT, 6)
    assert ready() == (200, "degraded: beat, worker")


def test_a_page_that_queues_mail_is_not_taken_for_beat():
    before_task_publish.send(sender="mail.tasks.deliver_email")
    assert heartbeat.seen(heartbeat.BEAT) is None


def test_ready_tells_that_mail_is_late_and_nothing_about_it(queue, alive):
    wait(queue(), 6)
    assert ready() == (200, "degraded: mail delayed")
    cache.delete(heartbeat.SWEEP)
    assert ready() == (200, "degraded: worker, mail delayed")


def test_a_cache_that_is_away_keeps_no_mail_from_leaving(queue, monkeypatch):
    def refuse(*args: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(cache, "set", refuse)
    kept = queue()
    send_due_emails()
    kept.refresh_from_db()
    assert kept.state == State.SENT
