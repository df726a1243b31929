"""Figures for Prometheus: off unless asked for, on a listener of their own, of all web processes together."""

import logging
import os
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.test import Client
from prometheus_client import CollectorRegistry, generate_latest

from core import clock
from core.logs import SECURITY
from csp_portal import metrics, queues
from mail import heartbeat
from mail.models import OutgoingEmail
from operations.models import BackupNote
from tests.mail.processes import ROOT, database_url, until
from tests.world import make_world


def figures(text: str) -> dict[str, float]:
    """Each figure by its name and labels."""
    found = re.findall(r"^([a-z_]+(?:\{[^}]*\})?) (\S+)$", text, re.M)
    return {name: float(value) for name, value in found}


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> CollectorRegistry:
    """What the rows say; the test's connection stays open."""
    monkeypatch.setattr(connection, "close", lambda: None)
    registry = CollectorRegistry()
    registry.register(metrics.WorkCollector())
    return registry


def read(registry: CollectorRegistry) -> dict[str, float]:
    """The figures of a registry."""
    return figures(generate_latest(registry).decode())


# --- off --------------------------------------------------------------------------------------------------------------
def test_without_a_port_nothing_is_counted() -> None:
    assert django_settings.METRICS_PORT == 0
    assert not [name for name in django_settings.MIDDLEWARE if "prometheus" in name]
    assert not [one for one in logging.getLogger(SECURITY).handlers if isinstance(one, metrics.SecurityCounter)]
    with pytest.raises(CommandError):
        call_command("serve_metrics")


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "/prometheus/metrics"])
def test_the_portal_has_no_page_of_figures(db: None, path: str) -> None:
    assert Client().get(path).status_code == 404


# --- what the rows say ------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_work_is_told_in_figures(work: CollectorRegistry) -> None:
    make_world()
    heartbeat.note(heartbeat.BEAT)
    BackupNote.objects.create(kind="backup", made_at=clock.now() - timedelta(hours=2))
    old = {"recipient": "a@b.example", "language": "en", "subject": "s", "text": "t", "html": "h", "kind": "x"}
    hour_ago = clock.now() - timedelta(hours=1)
    OutgoingEmail.objects.create(**old, created_at=hour_ago)
    OutgoingEmail.objects.create(**old, state="failed", created_at=hour_ago)
    OutgoingEmail.objects.create(**old, state="sent", sent_at=clock.now(), created_at=clock.now() - timedelta(days=9))
    found = read(work)
    assert found["portal_database_up"] == 1
    assert (found["portal_outbox_waiting"], found["portal_outbox_failed"]) == (1, 1)
    assert 3600 <= found["portal_outbox_oldest_seconds"] < 3700
    assert {name for name in found if name.startswith("portal_queue_rows")} == {
        f'portal_queue_rows{{queue="{queue.name}"}}' for queue in queues.QUEUES
    }
    assert found['portal_queue_rows{queue="profile_changes"}'] == 2
    assert found['portal_heartbeat_age_seconds{process="beat"}'] < 60
    assert found['portal_heartbeat_age_seconds{process="worker"}'] == float("inf")
    assert 7200 <= found['portal_backup_age_seconds{kind="backup"}'] < 7300
    people = queues.second_factors()
    assert people.people > 0
    assert found['portal_second_factor_people{covered="no"}'] == people.people


def test_without_the_database_only_that_is_told(work: CollectorRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any) -> None:
        raise DatabaseError

    monkeypatch.setattr(metrics.WorkCollector, "_mail", refuse)
    assert read(work) == {"portal_database_up": 0}


# --- two web processes and the listener -------------------------------------------------------------------------------
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(command: list[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends with the block."""
    with log.open("wb") as output:
        started = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        yield started
    finally:
        started.terminate()
        started.wait(20)


def fetch(url: str) -> tuple[int, str]:
    """Status and text; 0 while nobody listens."""
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_figures_of_two_web_processes_are_summed_and_never_public(tmp_path: Path) -> None:
    public, private = free_port(), free_port()
    (tmp_path / "static").mkdir()
    environment = {
        **os.environ,
        "PORTAL_MODE": "test",
        "DATABASE_URL": database_url(),
        "VAR_DIR": str(tmp_path),
        "METRICS_PORT": str(private),
        "PYTHONWARNINGS": "ignore",
    }
    web = [sys.executable, "-m", "gunicorn", "csp_portal.wsgi", "--bind", f"127.0.0.1:{public}", "--workers", "2"]
    listener = [sys.executable, "manage.py", "serve_metrics"]
    with ExitStack() as stack:
        stack.enter_context(process([*web, "--no-control-socket"], environment, tmp_path / "web.log"))
        told = stack.enter_context(process(listener, environment, tmp_path / "listener.log"))
        origin, metrics_url = f"http://127.0.0.1:{public}", f"http://127.0.0.1:{private}/metrics"
        until(lambda: fetch(f"{origin}/healthz/live/")[0] == 200, "the web server does not answer", 90)
        until(lambda: fetch(metrics_url)[0] == 200, "the listener does not answer", 90)
        until(lambda: len([*(tmp_path / "metrics").glob("counter_*.db")]) > 1, "only one process counts", 90)
        for _ in range(20):
            assert fetch(f"{origin}/healthz/")[0] == 200
        assert fetch(f"{origin}/metrics")[0] == fetch(f"{origin}/metrics/")[0] == 404
        assert fetch(f"{origin}/i/no-such-link/")[0] == 404
        found = figures(fetch(metrics_url)[1])
        told.terminate()
        assert told.wait(20) == 0
    by_view = "django_http_responses_total_by_status_view_method_total"
    assert found[f'{by_view}{{method="GET",status="200",view="healthz"}}'] == 20
    assert found['django_http_requests_latency_seconds_by_view_method_count{method="GET",view="healthz"}'] == 20
    assert found['portal_kept_out_total{kind="not_found"}'] == 1
    assert found["portal_database_up"] == 1
