"""Real processes for the fault tests: a Redis of one's own, workers, beats and a web process on the test's database."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import redis
from celery import Celery
from django.conf import settings
from django.db import connection

from mail import services

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 60.0


def until(condition: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """Wait for a condition, and say what did not come about."""
    deadline = time.monotonic() + patience
    while not (found := condition()):
        assert time.monotonic() < deadline, f"After {patience:.0f} seconds: {what}"
        time.sleep(0.05)
    return found


def database_url() -> str:
    """The database of the tests, for processes that are no tests."""
    facts = connection.settings_dict
    password = f":{quote(facts['PASSWORD'], safe='')}" if facts["PASSWORD"] else ""
    host = f"{quote(facts['HOST'] or 'localhost', safe='')}:{facts['PORT'] or 5432}"
    return f"postgres://{quote(facts['USER'] or '', safe='')}{password}@{host}/{facts['NAME']}"


class OwnRedis:
    """A Redis server of the test alone, which may be killed, stopped and emptied."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, empty, and wait for it to answer."""
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no"]
        with (self.folder / "redis.log").open("ab") as log:
            self.process = subprocess.Popen([*command, "--dir", str(self.folder)], stdout=log, stderr=log)
        until(self.answers, "Redis does not answer")

    def answers(self) -> bool:
        """Whether it is there."""
        try:
            with redis.Redis(port=self.port, socket_timeout=1) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def tell(self, *command: str) -> Any:
        """Execute a command."""
        with redis.Redis(port=self.port, socket_timeout=2) as client:
            return client.execute_command(*command)

    def hang(self) -> None:
        """Accept connections and answer nothing."""
        assert self.process
        self.process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """Go on after hanging."""
        assert self.process
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Kill it: what was in it is gone."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextmanager
def own_redis(folder: Path) -> Iterator[OwnRedis]:
    """A Redis that is running."""
    if shutil.which("redis-server") is None:
        reason = "redis-server is not installed (apt-get install redis-server)"
        pytest.fail(reason) if os.environ.get("REQUIRE_SERVICES") == "1" else pytest.skip(reason)
    server = OwnRedis(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


class Fleet:
    """The processes of one installation: production settings, the test's database, a Redis and a mail server."""

    def __init__(self, folder: Path, broker: OwnRedis, mail_port: int) -> None:
        self.folder, self.broker = folder, broker
        self.running: list[subprocess.Popen[bytes]] = []
        kept = {
            name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONPYCACHEPREFIX") if name in os.environ
        }
        self.environment = {
            **kept,
            "PORTAL_MODE": "production",
            "SECRET_KEY": "x" * 64,
            "ALLOWED_HOSTS": "portal.example",
            "PORTAL_BASE_URL": "https://portal.example",
            "DATABASE_URL": database_url(),
            "REDIS_URL": broker.url,
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(mail_port),
            "VAR_DIR": str(folder),
            # Celery warns whoever runs as root, which is the rule in a container.
            "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
        }

    def worker(self, name: str = "worker", *, beat: bool = False, **extra: str) -> subprocess.Popen[bytes]:
        """Start a worker with one sending process, and with a beat of its own if told so."""
        command = ["worker", "--concurrency", "1", "--hostname", f"{name}@localhost"]
        command += ["--without-gossip", "--without-mingle"]
        command += ["--beat", "--schedule", str(self.folder / f"{name}-schedule")] if beat else []
        return self._celery(name, extra, *command)

    def beat(self, name: str = "beat", **extra: str) -> subprocess.Popen[bytes]:
        """Start a beat, which asks for a sweep three times a second."""
        schedule = str(self.folder / f"{name}-schedule")
        return self._celery(name, extra, "beat", "--schedule", schedule, "--pidfile", "")

    def log(self, name: str) -> str:
        """What a process has said so far."""
        return (self.folder / f"{name}.log").read_text()

    def page(self, *arguments: str, **extra: str) -> str:
        """Serve pages in a process of its own (tests/mail/one_page.py) and return what it says."""
        command = [sys.executable, "-m", "tests.mail.one_page", *arguments]
        environment = {**self.environment, **extra}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stop(self) -> None:
        """Kill what still runs, each with the processes it forked."""
        for process in self.running:
            kill(process)
        self.running.clear()

    def _celery(self, name: str, extra: dict[str, str], *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "celery", "--app", "tests.mail.rigged", *arguments, "--loglevel", "INFO"]
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**self.environment, **extra},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a group of its own, so that a kill meets all its processes and no other
            )
        self.running.append(process)
        return process


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL a process and everything it forked."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def hint_through(broker: OwnRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the hints of the test's own process go to this Redis, with the portal's own options."""
    app = Celery("probe", set_as_current=False, broker=broker.url)
    app.conf.update(
        task_publish_retry=settings.CELERY_TASK_PUBLISH_RETRY,
        broker_transport_options=settings.CELERY_BROKER_TRANSPORT_OPTIONS,
    )
    monkeypatch.setattr(services, "current_app", app)
