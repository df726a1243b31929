"""How things are measured here: side by side, as a ratio, by medians after a warm-up."""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from types import SimpleNamespace
from typing import Any
from wsgiref.headers import Headers

from allauth.account.internal.flows.login import record_authentication
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from csp_portal.long_lived import settle

RUNS = 9
WARM_UP = 3


@dataclass(frozen=True)
class Result:
    """One line of the table."""

    goal_id: str
    work: str
    goal: str
    measured: str
    reached: bool


# What is measured, in the order of definition: a name to choose it by, and a function of the ground it stands on.
Benchmark = Callable[[Any], Iterator[Result]]
benchmarks: dict[str, Benchmark] = {}


def benchmark(function: Benchmark) -> Benchmark:
    """Put a function into the benchmark, under its own name."""
    benchmarks[function.__name__] = function
    return function


def at_most(goal_id: str, work: str, value: float, limit: float, unit: str = "K", note: str = "") -> Result:
    """A result that must not exceed a limit."""
    measured = f"{value:.2f} {unit}" + (f" ({note})" if note else "")
    return Result(goal_id, work, f"≤ {limit:g} {unit}", measured, value <= limit)


def at_least(goal_id: str, work: str, value: float, limit: float, unit: str, note: str = "") -> Result:
    """A result that must reach a limit."""
    measured = f"{value:.2f} {unit}" + (f" ({note})" if note else "")
    return Result(goal_id, work, f"≥ {limit:g} {unit}", measured, value >= limit)


def seconds(act: Callable[[], object]) -> float:
    """How long something took."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def side_by_side(*acts: Callable[[], object], runs: int = RUNS) -> list[float]:
    """The median seconds of each, taken in turns, so that what else the machine does meets all alike."""
    for act in acts:
        for _ in range(WARM_UP):
            act()
    times: list[list[float]] = [[] for _ in acts]
    for _ in range(runs):
        for own, act in zip(times, acts, strict=True):
            own.append(seconds(act))
    return [statistics.median(own) for own in times]


class Visitor:
    """A person who is signed in and opens pages, through the whole middleware and without a test client."""

    application = None
    csrf_cookie = ""

    def __init__(self, user: User) -> None:
        if Visitor.application is None:
            Visitor.application = get_wsgi_application()
            settle()
        session = SessionStore()
        session.update(
            {
                SESSION_KEY: str(user.pk),
                BACKEND_SESSION_KEY: "allauth.account.auth_backends.AuthenticationBackend",
                HASH_SESSION_KEY: user.get_session_auth_hash(),
            }
        )
        # Has just given the password, as exports ask for.
        record_authentication(SimpleNamespace(session=session), user, method="password")
        session.save()
        self.cookie = f"__Host-session={session.session_key}"

    def get(self, path: str) -> bytes:
        """Open a page; anything but a page fails."""
        status, headers, body = self.ask("GET", path)
        if not status.startswith("200"):
            raise RuntimeError(f"{path} answers {status}")
        for cookie in headers.get_all("set-cookie"):
            if cookie.strip().startswith("__Host-csrf="):
                self.csrf_cookie = cookie.strip().partition(";")[0]
        return body

    def post(self, path: str, form: str) -> str:
        """Send a form of the page that was opened last, and return where its answer leads; only a redirect passes."""
        status, headers, _body = self.ask("POST", path, form.encode())
        if not status.startswith("302"):
            raise RuntimeError(f"{path} answers {status}")
        return str(headers["location"])

    def ask(self, method: str, path: str, form: bytes = b"") -> tuple[str, Headers, bytes]:
        """One request, and its status, headers and body."""
        status, headers, pieces = self.begin(method, path, form)
        return status, headers, b"".join(pieces)

    def begin(self, method: str, path: str, form: bytes = b"") -> tuple[str, Headers, Iterator[bytes]]:
        """One request, its status and headers, and its body piece by piece as it is made."""
        path, _mark, query = path.partition("?")
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SCRIPT_NAME": "",
            "SERVER_NAME": "portal.example",
            "SERVER_PORT": "443",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "CONTENT_LENGTH": str(len(form)),
            "HTTP_HOST": "portal.example",
            "HTTP_ORIGIN": "https://portal.example",
            "HTTP_COOKIE": "; ".join(filter(None, [self.cookie, self.csrf_cookie])),
            "wsgi.url_scheme": "https",
            "wsgi.input": BytesIO(form),
            "wsgi.errors": BytesIO(),
        }
        answer: list[Any] = []
        response = Visitor.application(environ, lambda *given: answer.extend(given))  # type: ignore[misc]

        def pieces() -> Iterator[bytes]:
            with closing(response):
                yield from response

        return answer[0], Headers(answer[1]), pieces()

    def queries(self, path: str) -> int:
        """How many queries a page takes."""
        with CaptureQueriesContext(connection) as captured:
            self.get(path)
        return len(captured)

    def in_k(self, *paths: str) -> list[float]:
        """What each page costs, in constant pages."""
        acts = [lambda path=path: self.get(path) for path in ("/bench/constant/", *paths)]
        constant, *costs = side_by_side(*acts)
        return [cost / constant for cost in costs]
