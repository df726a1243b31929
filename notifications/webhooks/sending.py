"""One POST to an address of a stranger's choosing: to the very address that was checked, with every wait bounded.

The host's name is resolved here and nowhere after, so a name that changes its address between the check and the
connection gains nothing; certificate, SNI and the Host header stay those of the name.
"""

import logging
import os
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from core import clock
from notifications.models import WebhookDelivery
from notifications.models.webhooks import EXCERPT_LENGTH
from notifications.webhooks.addresses import ForbiddenAddress, UnknownHost, resolve

CONNECT_SECONDS, READ_SECONDS = 3, 10
# Each wait is bounded by the two above; what drips is cut off after this long all the same.
WHOLE_SECONDS = 20.0
# Of a host with many addresses, as many are tried.
MOST_ADDRESSES = 3
# The answers that may name a time before which nothing more is wanted, and the longest of which any notice is taken.
BUSY = (429, 503)
LONGEST_REST = timedelta(hours=5)

Failure = WebhookDelivery.Failure

# At DEBUG the library writes whole addresses, and receivers keep secrets in theirs.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)


@dataclass(frozen=True)
class Answer:
    """What came back: a status, or what went wrong instead; and how long it took."""

    status: int | None = None
    failure: str = ""
    excerpt: str = ""
    duration_ms: int = 0
    # For how long the receiver wants to be left alone.
    rest: timedelta | None = None

    @property
    def is_success(self) -> bool:
        """Whether the receiver took it: any status of success, and no other; a redirect is not followed."""
        return self.status is not None and 200 <= self.status < 300


class Deadline:
    """Ends the sockets of an attempt when its time is up, wherever it is waiting."""

    def __init__(self, seconds: float) -> None:
        self.sockets: list[socket.socket] = []
        self.timer = threading.Timer(seconds, self.end)
        self.timer.daemon = True
        self.is_over = False

    def watch(self, connected: socket.socket) -> None:
        """Keep a second handle of the connection: the first one is wrapped for TLS and loses its number."""
        self.sockets.append(socket.socket(connected.family, connected.type, fileno=os.dup(connected.fileno())))

    def end(self) -> None:
        """Shut the connections down; whoever reads or writes them is told at once."""
        self.is_over = True
        for one in self.sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """The attempt is over in time."""
        self.timer.cancel()
        for one in self.sockets:
            one.close()


_deadline: ContextVar[Deadline] = ContextVar("webhook_deadline")


class Guarded:
    """A connection that asks for the name once, judges every address, and connects to what it judged."""

    host: str
    port: int
    timeout: Any
    socket_options: Any

    def _new_conn(self) -> socket.socket:
        last: OSError | None = None
        for target in resolve(self.host, self.port)[:MOST_ADDRESSES]:
            plain = socket.socket(target.family, socket.SOCK_STREAM)
            try:
                for option in self.socket_options or []:
                    plain.setsockopt(*option)
                plain.settimeout(CONNECT_SECONDS)
                plain.connect(target.sockaddr)
                _deadline.get().watch(plain)
                return plain
            except OSError as error:
                plain.close()
                last = error
        if isinstance(last, TimeoutError):
            raise ConnectTimeoutError(self, "No connection in time") from last
        raise NewConnectionError(self, "No connection") from last  # type: ignore[arg-type]


class GuardedHTTP(Guarded, HTTPConnection):  # type: ignore[misc]
    """Without TLS, for installations that allow a host of their own."""


class GuardedHTTPS(Guarded, HTTPSConnection):  # type: ignore[misc]
    """With TLS: the certificate is that of the name, not of the address."""


class GuardedHTTPPool(HTTPConnectionPool):
    """Plain connections, guarded."""

    ConnectionCls = GuardedHTTP


class GuardedHTTPSPool(HTTPSConnectionPool):
    """TLS connections, guarded."""

    ConnectionCls = GuardedHTTPS


class GuardedAdapter(HTTPAdapter):
    """Makes requests use guarded connections, once each."""

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:
        """The pool of the adapter, with the guarded kinds."""
        super().init_poolmanager(connections, maxsize, block, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": GuardedHTTPPool, "https": GuardedHTTPSPool}


@contextmanager
def bounded(seconds: float) -> Iterator[Deadline]:
    """Let nothing inside take longer than this."""
    deadline = Deadline(seconds)
    token = _deadline.set(deadline)
    deadline.timer.start()
    try:
        yield deadline
    finally:
        deadline.close()
        _deadline.reset(token)


def post(url: str, body: bytes, headers: dict[str, str]) -> Answer:
    """Send the body and say what came of it; never raises for what the other side does."""
    started = time.monotonic()
    with bounded(WHOLE_SECONDS) as deadline, requests.Session() as session:
        # Neither a proxy nor a password file of the machine has a say.
        session.trust_env = False
        session.mount("https://", GuardedAdapter(max_retries=0))
        session.mount("http://", GuardedAdapter(max_retries=0))
        status, failure, excerpt, rest = None, "", "", None
        try:
            with session.post(
                url,
                data=body,
                headers=headers,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                stream=True,
            ) as response:
                if deadline.is_over:
                    # Headers that were cut off read like headers that ended.
                    raise requests.exceptions.Timeout
                status = response.status_code
                failure = "" if 200 <= status < 300 else Failure.STATUS
                excerpt = beginning(response)
                rest = rest_asked(response) if status in BUSY else None
        except Exception as error:
            failure = Failure.TIMEOUT if deadline.is_over else failure_of(error)
    return Answer(status, str(failure), excerpt, round((time.monotonic() - started) * 1000), rest)


def failure_of(error: Exception) -> Failure:
    """What went wrong, as far as the sender is told."""
    if isinstance(error, ForbiddenAddress):
        return Failure.FORBIDDEN
    if isinstance(error, UnknownHost):
        return Failure.UNKNOWN_HOST
    if isinstance(error, requests.exceptions.SSLError):
        return Failure.CERTIFICATE
    if isinstance(error, requests.exceptions.Timeout):
        return Failure.TIMEOUT
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return Failure.NO_CONNECTION if isinstance(reason, NewConnectionError) else Failure.BROKEN


def rest_asked(response: requests.Response) -> timedelta | None:
    """For how long `Retry-After` asks to wait, in seconds or until a date; None where it is missing, past, nonsense."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdecimal():
        # Ten digits are centuries already; more would only be slow to read.
        asked = timedelta(seconds=int(text[:10]))
    else:
        try:
            until = parsedate_to_datetime(text)
        except ValueError:
            return None
        asked = (until if until.tzinfo else until.replace(tzinfo=UTC)) - clock.now()
    return min(asked, LONGEST_REST) if asked > timedelta(0) else None


def beginning(response: requests.Response) -> str:
    """The first words of the answer, as one line of printable text; what follows is neither read nor kept."""
    try:
        raw: bytes = response.raw.read1(4 * EXCERPT_LENGTH, decode_content=False)
    except (OSError, urllib3.exceptions.HTTPError):
        return ""
    text = re.sub(r"[^\x20-\x7e\u00a0-\u024f]+", " ", raw.decode("utf-8", "replace"))
    return " ".join(text.split())[:EXCERPT_LENGTH]
