"""Run the demo: the web server, the worker and its beat, for as long as this process lives.

Two processes: the one in the foreground holds a pipe and waits; the keeper, in a session of its own, starts the servers
and stops them as soon as the pipe closes. So Ctrl-C, SIGTERM and SIGKILL of the foreground end in the same good order.
"""

import contextlib
import ctypes
import fcntl
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, NoReturn
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("VAR_DIR") or ROOT / "var")
STOP_SECONDS = 10
# After a SIGKILL somebody may be waiting to start again, and what a task held is found again in the rows.
KILLED_SECONDS = 2
READY_SECONDS = 120
PR_SET_PDEATHSIG = 1


def fail(message: str) -> NoReturn:
    """Say what is wrong and leave."""
    print(message, file=sys.stderr, flush=True)
    sys.exit(1)


def the_port() -> int:
    """The port from the environment; refuse what cannot be one."""
    text = os.environ.get("PORT") or "8000"
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        fail(f"PORT={text} is not a port number.")
    return int(text)


def check_port(port: int) -> None:
    """Stop here if another program listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            fail(f"Port {port} cannot be used ({error.strerror}). Choose another one: PORT={port + 1} ./run")


def lock_directory() -> IO[str]:
    """Own var/ alone, waiting for the servers of a killed run to end: every process of a run holds the lock."""
    file = (VAR_DIR / "run.lock").open("a+")
    deadline = time.monotonic() + 2 * STOP_SECONDS
    told = False
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            file.seek(0)
            owner = file.read().strip()
            if owner and alive(int(owner)):
                fail(f"The portal runs already from this directory (process {owner}). Stop it first.")
            if time.monotonic() > deadline:
                fail("The servers of the previous run do not end. Look for gunicorn and celery in the process list.")
            if not told:
                print("Waiting for the previous run to end ...", flush=True)
                told = True
            time.sleep(0.2)
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def alive(pid: int) -> bool:
    """Whether a run of this number goes on; a killed one that nobody has buried yet does not, nor does a namesake."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state not in "ZX" and b"tools.serve" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    except OSError:
        return not Path("/proc/self").exists()  # without /proc, the signal's answer is all there is


# --- the foreground -------------------------------------------------------------------------------------------------
def main() -> None:
    """Prepare, start the keeper, wait."""
    os.chdir(ROOT)
    port = the_port()
    for folder in (VAR_DIR, VAR_DIR / "tmp"):
        folder.mkdir(parents=True, exist_ok=True)
    os.environ["TMPDIR"] = str(VAR_DIR / "tmp")
    lock = lock_directory()
    check_port(port)
    print("Preparing the database ...", flush=True)
    prepared = subprocess.run(
        [sys.executable, "manage.py", "prepare_demo"], stdout=subprocess.PIPE, text=True, check=False
    )
    if prepared.returncode:
        sys.exit(prepared.returncode)
    # A run that was killed while it wrote an exchange leaves half a file; the worker writes them anew.
    for exchange in (VAR_DIR / "broker-control").glob("*.exchange"):
        exchange.unlink()

    lifeline, hold = os.pipe()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: end(hold))
    keeper = subprocess.Popen(
        [sys.executable, "-m", "tools.serve", "keep", str(lifeline), str(lock.fileno())],
        pass_fds=[lifeline, lock.fileno()],
        env={**os.environ, "PORT": str(port), "SIGN_INS": prepared.stdout},
        start_new_session=True,
    )
    os.close(lifeline)
    lock.close()
    sys.exit(keeper.wait())


def end(hold: int) -> None:
    """Tell the keeper to stop; a second Ctrl-C finds the pipe closed."""
    with contextlib.suppress(OSError):
        os.write(hold, b"stop")
        os.close(hold)
        print("\nStopping ...", flush=True)


# --- the keeper -----------------------------------------------------------------------------------------------------
def commands(port: int) -> dict[str, list[str]]:
    """What to run, by name."""
    web = [sys.executable, "-m", "gunicorn", "csp_portal.wsgi", "--bind", f"127.0.0.1:{port}", "--preload"]
    web += ["--workers", "2", "--threads", "4", "--graceful-timeout", "5", "--log-level", "warning"]
    web += ["--no-control-socket", "--worker-tmp-dir", str(VAR_DIR / "tmp")]
    worker = [sys.executable, "-m", "celery", "--quiet", "--app", "csp_portal", "worker", "--beat"]
    worker += ["--concurrency", "2", "--loglevel", "WARNING", "--hostname", "portal@localhost"]
    worker += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    return {"web server": web, "worker": worker}


def end_with_keeper() -> None:
    """Ask Linux to end this server should the keeper be killed; elsewhere the lock tells the next run."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def keep(lifeline: int, lock: int) -> int:
    """Start the servers, say when they answer, stop them when the foreground is gone or one of them ends."""
    port = int(os.environ["PORT"])
    sign_ins = os.environ.pop("SIGN_INS", "")
    environment = {
        **os.environ,
        "LOG_LEVEL": os.environ.get("LOG_LEVEL") or "WARNING",
        # Celery warns everybody who runs as root, which is the rule in a container.
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
    }
    # A group each, so that what they fork (beat, pool processes) is stopped with them.
    servers = {
        name: subprocess.Popen(command, env=environment, process_group=0, pass_fds=[lock], preexec_fn=end_with_keeper)
        for name, command in commands(port).items()
    }
    code = 0
    told = False
    deadline = time.monotonic() + READY_SECONDS
    with selectors.DefaultSelector() as selector:
        selector.register(lifeline, selectors.EVENT_READ)
        while not selector.select(timeout=0.2 if not told else 1):
            ended = [name for name, server in servers.items() if server.poll() is not None]
            if ended:
                print(f"The {ended[0]} has stopped unexpectedly; so the portal stops.", file=sys.stderr, flush=True)
                code = 1
                break
            if not told and answers(port):
                told = True
                announce(port, sign_ins)
            if not told and time.monotonic() > deadline:
                print(f"The portal does not answer after {READY_SECONDS} seconds.", file=sys.stderr, flush=True)
                code = 1
                break
        orderly = code != 0 or os.read(lifeline, 4) == b"stop"
    stop(list(servers.values()), STOP_SECONDS if orderly else KILLED_SECONDS)
    return code


def answers(port: int) -> bool:
    """Whether the portal is there and healthy."""
    host = urlsplit(os.environ["PORTAL_BASE_URL"]).netloc
    request = urllib.request.Request(f"http://127.0.0.1:{port}/healthz/", headers={"Host": host})
    try:
        with urllib.request.urlopen(request, timeout=2) as response:  # noqa: S310 (our own http address)
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def announce(port: int, sign_ins: str) -> None:
    """Tell where the portal is and how to sign in."""
    base = os.environ["PORTAL_BASE_URL"]
    print(f"\nThe portal is ready: {base}/\nIts e-mails:         {base}/demo/mailbox/\n\n{sign_ins.strip()}\n")
    print("Press Ctrl-C to stop.", flush=True)


def stop(servers: list[subprocess.Popen[bytes]], seconds: float) -> None:
    """Ask every server to finish; after so many seconds, end what is left of each group."""
    for server in servers:
        if server.poll() is None:
            server.terminate()
    deadline = time.monotonic() + seconds
    for server in servers:
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(timeout=max(0.1, deadline - time.monotonic()))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()


if __name__ == "__main__":
    if sys.argv[1:2] == ["keep"]:
        # Signals meant for the foreground do not come here; were one sent on purpose, the pipe still decides.
        for ignored in (signal.SIGINT, signal.SIGHUP):
            signal.signal(ignored, signal.SIG_IGN)
        sys.exit(keep(int(sys.argv[2]), int(sys.argv[3])))
    main()
