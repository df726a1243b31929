"""The keeper of ./run: whatever ends it or the foreground, no server outlives them. The servers here are stand-ins."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tools import serve

ROOT = Path(__file__).resolve().parent.parent.parent
WEB = """
import http.server, pathlib, os, sys
pathlib.Path(sys.argv[2], "web").write_text(str(os.getpid()))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *args):
        pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
# Like a worker: a process of its own forks another one (as beat), and neither answers SIGTERM at once.
WORKER = """
import os, pathlib, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
name = "worker" if os.fork() else "beat"
pathlib.Path(sys.argv[2], name).write_text(str(os.getpid()))
time.sleep(60)
"""
KEEPER = """
import sys
from tools import serve
serve.STOP_SECONDS = serve.KILLED_SECONDS = 1
folder, web, worker = sys.argv[3:]
serve.commands = lambda port: {
    "web server": [sys.executable, "-c", web, str(port), folder],
    "worker": [sys.executable, "-c", worker, str(port), folder],
}
sys.exit(serve.keep(int(sys.argv[1]), int(sys.argv[2])))
"""


class Run:
    """A keeper that has said it is ready, and the pipe that holds it."""

    def __init__(self, folder: Path, worker: str = WORKER) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.folder = folder
        lifeline, self.hold = os.pipe()
        with (folder / "lock").open("w") as lock, (folder / "output").open("w") as output:
            self.keeper = subprocess.Popen(
                [sys.executable, "-c", KEEPER, str(lifeline), str(lock.fileno()), str(folder), WEB, worker],
                pass_fds=[lifeline, lock.fileno()],
                cwd=ROOT,
                env={**os.environ, "PORT": str(self.port), "PORTAL_BASE_URL": "http://localhost", "SIGN_INS": "Ada"},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        os.close(lifeline)

    def output(self) -> str:
        return (self.folder / "output").read_text()

    def alive(self) -> list[str]:
        """The servers that are there and no zombies."""
        found = []
        for name in ("web", "worker", "beat"):
            file = self.folder / name
            if file.exists() and (pid := file.read_text()):
                status = Path("/proc", pid, "stat")
                if status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z":
                    found.append(name)
        return found


def wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Run]:
    run = Run(tmp_path)
    wait(lambda: "Press Ctrl-C" in run.output() and len(run.alive()) == 3)
    yield run
    with contextlib.suppress(OSError):
        os.close(run.hold)
    run.keeper.kill()
    run.keeper.wait()
    for name in run.alive():
        os.kill(int((tmp_path / name).read_text()), signal.SIGKILL)


pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")


def test_ready_message_names_the_address_and_the_sign_ins(running: Run) -> None:
    assert "The portal is ready: http://localhost/" in running.output()
    assert "Ada" in running.output()


def test_orderly_stop_leaves_no_server(running: Run) -> None:
    os.write(running.hold, b"stop")
    os.close(running.hold)

    assert running.keeper.wait(timeout=30) == 0
    assert running.alive() == []


def test_killed_foreground_leaves_no_server(running: Run) -> None:
    os.close(running.hold)

    running.keeper.wait(timeout=30)
    assert running.alive() == []


def test_every_server_holds_the_lock_of_the_run(running: Run) -> None:
    assert [name for name in ("web", "worker", "beat") if holds_lock(running.folder, name)] == ["web", "worker", "beat"]
    os.close(running.hold)
    running.keeper.wait(timeout=30)


def holds_lock(folder: Path, name: str) -> bool:
    """Whether the server has the lock file open, so that the next run waits for it."""
    pid = (folder / name).read_text()
    return any(os.path.realpath(link) == str(folder / "lock") for link in Path("/proc", pid, "fd").iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent was killed")
def test_killed_keeper_takes_the_web_server_along(running: Run) -> None:
    running.keeper.kill()
    running.keeper.wait()

    wait(lambda: "web" not in running.alive())


def test_server_that_ends_by_itself_ends_the_run(tmp_path: Path) -> None:
    run = Run(tmp_path, worker="raise SystemExit('no broker')")

    assert run.keeper.wait(timeout=30) == 1
    assert "The worker has stopped unexpectedly" in run.output()
    assert run.alive() == []
    os.close(run.hold)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not say what a process is")
def test_killed_run_that_nobody_buried_is_not_alive() -> None:
    run = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)  # tools.serve"])
    wait(lambda: serve.alive(run.pid))
    run.kill()
    os.waitid(os.P_PID, run.pid, os.WEXITED | os.WNOWAIT)  # dead, and left lying
    os.kill(run.pid, 0)
    assert serve.alive(run.pid) is False
    run.wait()
    assert serve.alive(run.pid) is False


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not say what a process is")
def test_another_program_under_the_old_number_is_not_a_run() -> None:
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    assert serve.alive(other.pid) is False
    other.kill()
    other.wait()
