"""Redis refused, hung, emptied and killed: no page waits for it, and what was committed leaves all the same."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.urls import reverse

from mail.models import OutgoingEmail
from tests.factories import MembershipFactory, PartnershipRequestFactory

from .processes import PATIENCE, ROOT, hint_through, until
from .smtp_server import HANG

pytestmark = [pytest.mark.postgres, pytest.mark.redis, pytest.mark.django_db(transaction=True)]
State = OutgoingEmail.State
SLOWEST_PAGE = 2.0


def sent() -> int:
    """How much has left."""
    return OutgoingEmail.objects.filter(state=State.SENT).count()


# --- pages ------------------------------------------------------------------------------------------------------------
@pytest.fixture
def press(fleet):
    """Serve POSTs in a web process of this installation; return the status codes and the seconds."""

    def serve(user: int, *posts: tuple[str, dict[str, object]]) -> tuple[list[int], list[float]]:
        words = [word for path, fields in posts for word in (path, json.dumps(fields))]
        address = {"PORTAL_MODE": "test", "PORTAL_BASE_URL": "http://localhost", "ALLOWED_HOSTS": "localhost"}
        answers = json.loads(fleet.page(str(user), *words, **address).splitlines()[-1])
        return [status for status, _seconds in answers], [seconds for _status, seconds in answers]

    return serve


@pytest.fixture
def sends() -> tuple[int, list[tuple[str, dict[str, object]]]]:
    """Somebody, and the two requests they are about to send."""
    member = MembershipFactory()
    posts = []
    for address in ("riley@fabrikam.example", "sam@contoso.example"):
        draft = PartnershipRequestFactory(provider=member.partner, created_by=member.user, recipient=address)
        fields = {"recipient": address, "language": "en", "message": "We would like to work.", "valid_days": 14}
        posts.append((reverse("resellers:send_request", args=[draft.public_id]), fields))
    return member.user.pk, posts


@pytest.mark.parametrize("fault", ["stop", "hang"])
def test_send_with_a_redis_that_is_down_or_hangs(fleet, smtp, press, sends, fault):
    user, posts = sends
    getattr(fleet.broker, fault)()
    statuses, seconds = press(user, *posts)
    assert statuses == [302, 302]
    assert OutgoingEmail.objects.due().count() == 2
    assert max(seconds) < SLOWEST_PAGE
    # Only the first one waited at all.
    assert seconds[1] < 1

    getattr(fleet.broker, {"stop": "start", "hang": "wake"}[fault])()
    fleet.worker(beat=True)
    until(lambda: sent() == 2, "the mails did not leave when Redis was back")
    assert smtp.script.copies == {"riley@fabrikam.example": 1, "sam@contoso.example": 1}


def test_a_page_that_asks_redis_as_cache_and_as_broker_waits_once(fleet, press):
    """The reset of a password counts tries and sends a mail: two waits would be too long."""
    person = MembershipFactory().user
    fleet.broker.hang()
    statuses, seconds = press(0, (reverse("account_reset_password"), {"email": person.email}))
    assert (statuses, OutgoingEmail.objects.due().count()) == ([302], 1)
    assert seconds[0] < SLOWEST_PAGE


def test_the_limits_that_bound_the_wait_are_set():
    """The measurements above rest on these, and on one wait for both uses of Redis."""
    options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    assert (options["socket_connect_timeout"], options["socket_timeout"], options["max_retries"]) == (1, 1, 0)
    assert settings.CELERY_TASK_PUBLISH_RETRY is False
    assert settings.CACHES["redis"]["OPTIONS"] == {"socket_connect_timeout": 1, "socket_timeout": 1}


@pytest.mark.parametrize(
    ("url", "ssl"), [("redis://redis.example/0", "None"), ("rediss://redis.example/0", "{'ssl_cert_reqs': 'required'}")]
)
def test_the_broker_is_ours_and_shows_a_certificate_where_the_address_asks_for_one(url, ssl):
    program = "from csp_portal.celery import app; c = app.connection_for_write(); print(c.transport_cls, c.ssl or None)"
    environment = {**os.environ, "REDIS_URL": url, "DJANGO_SETTINGS_MODULE": "csp_portal.settings"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == f"csp_portal.broker:RedisTransport {ssl}"


# --- workers ----------------------------------------------------------------------------------------------------------
def test_what_was_committed_before_redis_was_emptied_leaves_with_the_next_sweep(queue, fleet, smtp, monkeypatch):
    hint_through(fleet.broker, monkeypatch)
    kept = queue()
    assert fleet.broker.tell("LLEN", "celery") == 1
    fleet.broker.tell("FLUSHALL")
    fleet.worker(beat=True)
    until(lambda: sent() == 1, "the mail was lost with its hint")
    # Emptied again under the feet of worker and beat: what kombu keeps there about its queues is gone.
    fleet.broker.tell("FLUSHALL")
    queue(to="second@fabrikam.com")
    until(lambda: sent() == 2, "nothing is sent any more")
    assert smtp.script.copies == {kept.recipient: 1, "second@fabrikam.com": 1}


@pytest.mark.parametrize("fault", ["stop", "hang"])
def test_worker_and_beat_outlive_a_redis_that_goes_and_comes_back(queue, fleet, smtp, fault):
    queue(to="before@fabrikam.com")
    worker, beat = fleet.worker(), fleet.beat()
    until(lambda: sent() == 1, "the worker does not send")
    getattr(fleet.broker, fault)()
    until(lambda: "rror" in fleet.log("beat"), "beat does not notice")
    queue(to="meanwhile@fabrikam.com")
    getattr(fleet.broker, {"stop": "start", "hang": "wake"}[fault])()
    until(lambda: sent() == 2, "the mail did not leave when Redis was back")
    assert (worker.poll(), beat.poll()) == (None, None)
    assert smtp.script.copies == {"before@fabrikam.com": 1, "meanwhile@fabrikam.com": 1}


def test_a_worker_that_could_not_acknowledge_goes_on(queue, fleet, smtp):
    """It has one process, and so one place: were it not freed, nothing would ever be taken again."""
    smtp.script.tell("DATA", HANG)
    queue()
    worker = fleet.worker(beat=True)
    assert smtp.script.holding.wait(PATIENCE)
    fleet.broker.hang()
    until(lambda: "Couldn't ack" in fleet.log("worker"), "Redis was told in time")
    fleet.broker.wake()
    queue(to="after@fabrikam.com")
    until(lambda: sent() == 2, "the worker takes nothing any more")
    assert worker.poll() is None
    assert smtp.script.copies == {"rui@fabrikam.com": 1, "after@fabrikam.com": 1}


def test_a_hint_alone_sends_without_any_beat(queue, fleet, smtp, monkeypatch):
    hint_through(fleet.broker, monkeypatch)
    fleet.worker()
    queue()
    until(lambda: sent() == 1, "the hint was not followed")
    assert smtp.script.copies == {"rui@fabrikam.com": 1}


def test_a_hint_that_comes_five_times_is_one_mail(queue, fleet, smtp, monkeypatch):
    hint_through(fleet.broker, monkeypatch)
    kept = queue()
    [hint] = fleet.broker.tell("LRANGE", "celery", "0", "-1")
    for _ in range(4):
        fleet.broker.tell("RPUSH", "celery", hint)
    fleet.worker()
    until(lambda: fleet.log("worker").count("succeeded") == 5, "not every hint was taken")
    assert smtp.script.copies == {kept.recipient: 1}
    assert OutgoingEmail.objects.get().attempts == 1


def test_hints_for_mail_that_never_was_committed_do_nothing(fleet, smtp, queue, monkeypatch):
    hint_through(fleet.broker, monkeypatch)
    kept = queue()
    OutgoingEmail.objects.all().delete()
    fleet.worker()
    until(lambda: "succeeded" in fleet.log("worker"), "the hint was not taken")
    assert (smtp.script.conversations, str(kept.pk) in fleet.log("worker")) == (0, False)
