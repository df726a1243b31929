"""How many pages a second two web processes answer to eight connections (P10)."""

import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

from django.urls import reverse

from tests.benchmarks.ground import Ground
from tests.benchmarks.measure import Result, at_least, at_most, benchmark

ROOT = Path(__file__).resolve().parent.parent.parent
CONNECTIONS, WORKERS = 8, 2
ROUNDS, SECONDS = 3, 3.0
STARTS_WITHIN = 30.0


@benchmark
def throughput(ground: Ground) -> Iterator[Result]:
    """The Customers list against the constant page, in turns."""
    pages = {"constant": "/bench/constant/", "list": reverse("customers:list")}
    rates: dict[str, list[float]] = {name: [] for name in pages}
    times: list[float] = []
    with server() as port:
        for turn in range(ROUNDS + 1):
            for name, path in pages.items():
                taken = answers(port, path, ground.large.cookie)
                if turn:  # the first one warms up
                    rates[name].append(len(taken) / SECONDS)
                    times += taken if name == "list" else []
    constant, ours = (statistics.median(own) for own in rates.values())
    note = f"{ours:.0f}/s, {constant:.0f}/s"
    yield at_least("P10", "Customers, throughput of two workers", ours / constant, 0.2, "×", note)
    cuts = statistics.quantiles(times, n=100)
    note = f"{cuts[98] * 1000:.0f} ms, {cuts[49] * 1000:.0f} ms"
    yield at_most("P10", "Customers, the slowest hundredth against the median", cuts[98] / cuts[49], 5, "×", note)


def answers(port: int, path: str, cookie: str) -> list[float]:
    """How long each answer took that came within the seconds of a round, over all connections."""
    until = time.perf_counter() + SECONDS
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        each = [pool.submit(ask_until, until, port, path, cookie) for _ in range(CONNECTIONS)]
        return [taken for one in each for taken in one.result()]


def ask_until(until: float, port: int, path: str, cookie: str) -> list[float]:
    """Ask again and again on one connection; anything but a page fails."""
    request = (
        f"GET {path} HTTP/1.1\r\nHost: portal.example\r\nCookie: {cookie}\r\n"
        "X-Forwarded-Proto: https\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n"
    ).encode()
    taken = []
    with closing(socket.create_connection(("127.0.0.1", port), timeout=STARTS_WITHIN)) as connection:
        while (began := time.perf_counter()) < until:
            connection.sendall(request)
            read_page(connection)
            taken.append(time.perf_counter() - began)
    return taken


def read_page(connection: socket.socket) -> None:
    """Read one answer to its end."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += some(connection)
    head, _blank, body = received.partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    if b" 200 " not in status:
        raise RuntimeError(status.decode())
    headers = {name.lower(): value.strip() for name, _colon, value in (line.partition(b":") for line in lines)}
    missing = int(headers[b"content-length"]) - len(body)
    while missing > 0:
        missing -= len(some(connection))


def some(connection: socket.socket) -> bytes:
    """What has come; a connection that was closed is an error."""
    received = connection.recv(1 << 18)
    if not received:
        raise ConnectionError("The server closed the connection.")
    return received


@contextmanager
def server() -> Iterator[int]:
    """The portal as docs/operations.md says, with two processes, on a port of its own while the block lasts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    threads = CONNECTIONS // WORKERS
    options = [
        "--bind",
        f"127.0.0.1:{port}",
        "--workers",
        str(WORKERS),
        "--threads",
        str(threads),
        "--log-level",
        "error",
    ]
    command = [sys.executable, "-m", "gunicorn", "tests.benchmarks.wsgi", *options, "--no-control-socket"]
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, "TRUSTED_PROXIES": "1"}) as running:
        try:
            wait_for(port, running)
            yield port
        finally:
            running.terminate()


def wait_for(port: int, running: subprocess.Popen[bytes]) -> None:
    """Until somebody listens."""
    until = time.monotonic() + STARTS_WITHIN
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if running.poll() is not None or time.monotonic() > until:
                raise RuntimeError("The web server did not start.") from None
            time.sleep(0.1)
