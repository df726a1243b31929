"""The health checks tell load balancers and monitoring what they need, and a stranger nothing."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
import time_machine
from django.core.cache import caches
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core import cache as core_cache
from core import clock
from csp_portal import health, queues
from mail import heartbeat
from operations.models import BackupNote
from subscriptions.models import Subscription
from tests.factories import SubscriptionFactory, UserFactory

ROOT = Path(__file__).resolve().parent.parent.parent
NAMES = ("healthz", "healthz_live", "healthz_ready")


@pytest.fixture
def alive(db: None) -> None:
    """Beat and a worker that have just been seen."""
    heartbeat.note(heartbeat.BEAT)
    heartbeat.note(heartbeat.SWEEP)


def told(name: str) -> tuple[int, str]:
    """What an address answers."""
    response = Client().get(reverse(name))
    return response.status_code, response.content.decode()


@pytest.mark.parametrize("name", NAMES)
def test_all_is_well(alive: None, name: str) -> None:
    assert told(name) == (200, "ok")


@pytest.mark.parametrize("name", NAMES)
def test_health_is_read_only(db: None, name: str) -> None:
    assert Client().post(reverse(name)).status_code == 405


def test_without_the_database_only_the_process_lives(alive: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise DatabaseError("connection to server at 10.0.0.5 failed for user portal")

    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", refuse)
        found = [told(name) for name in NAMES]
    assert found == [(503, "unavailable"), (200, "ok"), (503, "unavailable")]


def test_the_process_asks_nobody(db: None) -> None:
    with CaptureQueriesContext(connection) as queries:
        told("healthz_live")
    assert len(queries) == 0


def test_a_database_that_is_behind_takes_no_visitors(alive: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_migrated", False)
    with monkeypatch.context() as patch:
        patch.setattr(health.MigrationExecutor, "migration_plan", lambda self, targets: [("one", False)])
        assert told("healthz_ready") == (503, "unavailable: migrations")
    assert told("healthz_ready") == (200, "ok")
    monkeypatch.setattr(health, "MigrationExecutor", None)  # applied once, it is not asked again
    assert told("healthz_ready") == (200, "ok")


def test_redis_that_is_away_degrades(alive: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(core_cache, "_rests_until", 0.0)

    def refuse(*args: Any) -> None:
        raise redis.ConnectionError("refused at 10.0.0.6")

    broken = type("Broken", (), {"get": refuse})()
    monkeypatch.setattr(health, "caches", {"redis": broken})
    assert told("healthz_ready")[1].startswith("degraded: ")
    assert "redis" in told("healthz_ready")[1]
    assert "10.0.0.6" not in told("healthz_ready")[1]
    assert core_cache.redis_rests()  # nobody waits for it again at once
    assert caches is not None


def test_ready_is_cheap(alive: None) -> None:
    told("healthz_ready")
    with CaptureQueriesContext(connection) as queries:
        told("healthz_ready")
    ours = [query for query in queries if '"cache"' not in query["sql"]]
    assert len(ours) == 3


def test_a_subscription_that_fails_needs_somebody(alive: None) -> None:
    late = SubscriptionFactory(next_step_at=clock.now() - timedelta(minutes=59))
    assert told("healthz_ready") == (200, "ok")
    Subscription.objects.filter(pk=late.pk).update(next_step_at=clock.now() - timedelta(minutes=61))
    assert told("healthz_ready") == (200, "degraded: subscriptions overdue")
    desk = Client()
    desk.force_login(UserFactory(back_office=True))
    SubscriptionFactory(nickname="Not due")
    [queue] = [queue for queue in queues.QUEUES if queue.name == "overdue_subscriptions"]
    assert queue.count() == 1
    assert queue.oldest() is not None
    page = desk.get(queue.url).content.decode()
    assert "1 subscription" in page
    assert "Not due" not in page


# --- backups ----------------------------------------------------------------------------------------------------------
def test_a_backup_that_is_due_degrades_once_backups_are_noted(alive: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("note_backup", name="portal.dump", bytes=1000)
    assert capsys.readouterr().out == "Noted: Backup made: portal.dump\n"
    assert told("healthz_ready") == (200, "ok")
    with time_machine.travel(clock.now() + timedelta(hours=27), tick=False):
        heartbeat.note(heartbeat.BEAT)
        heartbeat.note(heartbeat.SWEEP)
        call_command("note_backup", rehearsed=True)
        assert told("healthz_ready") == (200, "degraded: backup")
        call_command("note_backup")
        assert told("healthz_ready") == (200, "ok")
    assert [note.kind for note in BackupNote.objects.order_by("pk")] == ["backup", "rehearsal", "backup"]


@pytest.mark.parametrize("size", [0, -1])
def test_an_empty_backup_is_none(db: None, size: int) -> None:
    with pytest.raises(CommandError):
        call_command("note_backup", bytes=size)
    assert not BackupNote.objects.exists()


# --- a production whose database is gone ------------------------------------------------------------------------------
ASK = """
import json, sys, time
import django
from django.conf import settings
settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
django.setup()
from django.test import Client
client = Client(raise_request_exception=False)
known = {"cookie": "__Host-session=" + "a" * 32}
for path in ("/account/sign-in/", "/find-a-provider/", "/customers/", "/healthz/", "/healthz/live/", "/healthz/ready/"):
    began = time.monotonic()
    headers = {"host": "portal.example"} if path.startswith("/healthz/") else {"host": "portal.example", **known}
    response = client.get(path, secure=True, headers=headers)
    print(json.dumps([path, response.status_code, time.monotonic() - began, response.headers.get("Retry-After")]))
"""


@pytest.mark.postgres
def test_without_the_database_every_page_says_so_soon(tmp_path: Path) -> None:
    (tmp_path / "static").mkdir()
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "csp_portal.settings",
        "PORTAL_MODE": "production",
        "SECRET_KEY": "only-for-this-test-" * 4,
        "ALLOWED_HOSTS": "portal.example",
        "PORTAL_BASE_URL": "https://portal.example",
        "DATABASE_URL": "postgres://portal@127.0.0.1:1/portal",
        "REDIS_URL": "",
        "VAR_DIR": str(tmp_path),
    }
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ASK],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    answers = {path: (status, again) for path, status, _took, again in map(json.loads, ran.stdout.splitlines())}
    assert answers.pop("/healthz/live/") == (200, None)
    assert answers.pop("/healthz/") == answers.pop("/healthz/ready/") == (503, None)
    assert set(answers.values()) == {(503, "30")}, answers
    slowest = max(took for _path, _status, took, _again in map(json.loads, ran.stdout.splitlines()))
    assert slowest < 10, ran.stdout
