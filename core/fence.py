"""The second fence: row-level security, under which a query that forgot whose rows to ask for finds none of others'.

Pages reach PostgreSQL as a role that owns nothing. Every transaction of a request names, until its own end and no
longer, the role of whoever asks and for whom it asks; what was named for one request cannot reach the next one on the
same connection. csp_portal/fence/policies.py says what each role sees.

What a page reads, it reads as its actor. Services write as the office, which sees all: they compare across companies,
and they are handed rows that a page found inside the fence.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from psycopg.pq import TransactionStatus

WEB = "portal_web"
PROVIDER = "portal_provider"
RESELLER = "portal_reseller"
CUSTOMER = "portal_customer"
OFFICE = "portal_office"
WORKER = "portal_worker"
ROLES = (WEB, PROVIDER, RESELLER, CUSTOMER, OFFICE)
RESET = "SET LOCAL ROLE NONE; SET LOCAL portal.actor = ''; SET LOCAL portal.actor_guid = ''"
END = object()


@dataclass(frozen=True)
class Stand:
    """As which role of the database somebody asks, and for which company or customer."""

    role: str
    actor: int | None = None
    guid: uuid.UUID | None = None

    @property
    def sql(self) -> str:
        """Statements that hold until the end of the transaction; they take no snapshot, so they may come first."""
        if self.role not in ROLES:
            raise ValueError(self.role)
        actor = "" if self.actor is None else str(int(self.actor))
        guid = "" if self.guid is None else str(uuid.UUID(str(self.guid)))
        return f"SET LOCAL ROLE {self.role}; SET LOCAL portal.actor = '{actor}'; SET LOCAL portal.actor_guid = '{guid}'"


NOBODY = Stand(WEB)
THE_OFFICE = Stand(OFFICE)


def is_up() -> bool:
    """Whether this process stands behind the fence: pages on PostgreSQL."""
    return bool(settings.SECOND_FENCE)


def _status(connection: Any) -> TransactionStatus:
    return connection.connection.pgconn.transaction_status  # type: ignore[no-any-return]


def _go(connection: Any, stand: Stand | None) -> None:
    """Name somebody, or nobody in particular: one round trip, beside Django's own log of queries."""
    connection.ensure_connection()
    with connection.wrap_database_errors:
        connection.connection.execute(stand.sql if stand else RESET)
    connection.stand = stand


class Fence:
    """Sees every statement of a connection while a request lasts, and names who asks where a transaction begins."""

    def __init__(self, connection: Any, reading: Stand, working: Stand) -> None:
        self.reading = reading
        self.working = working
        # Tests hold a transaction of their own around the whole request; a server holds none.
        self.depth = len(connection.atomic_blocks)

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        connection = context["connection"]
        if len(connection.atomic_blocks) == self.depth:
            with taking(connection, self.reading):
                return execute(sql, params, many, context)
        if _status(connection) == TransactionStatus.IDLE:
            _go(connection, self.working)
        return execute(sql, params, many, context)


@contextmanager
def taking(connection: Any, stand: Stand) -> Iterator[None]:
    """Ask as somebody: in a transaction of its own, or within the present one for as long as this lasts."""
    if not connection.in_atomic_block:
        with transaction.atomic(using=connection.alias):
            _go(connection, stand)
            yield
        return
    before = getattr(connection, "stand", None)
    _go(connection, stand)
    try:
        yield
    finally:
        # A transaction that failed takes what was named in it along.
        if _status(connection) == TransactionStatus.INTRANS:
            _go(connection, before)


@contextmanager
def standing(stand: Stand, *, reads_only: bool) -> Iterator[None]:
    """Put everything that is asked of the database behind the fence; what only reads does not leave it in a service."""
    connection: Any = connections[DEFAULT_DB_ALIAS]
    with connection.execute_wrapper(Fence(connection, stand, stand if reads_only else THE_OFFICE)):
        try:
            yield
        finally:
            if not connection.in_atomic_block:
                connection.stand = None


def piecewise(stand: Stand, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """What is still being read while it is sent, behind the same fence."""
    connection, rest = connections[DEFAULT_DB_ALIAS], iter(pieces)
    while True:
        # A cursor of the server asks again, in its own transaction, for each of its chunks.
        again = taking(connection, stand) if connection.in_atomic_block else nullcontext()
        with standing(stand, reads_only=True), again:
            piece = next(rest, END)
        if piece is END:
            return
        yield piece  # type: ignore[misc]


@contextmanager
def beyond_the_fence(reason: str) -> Iterator[None]:
    """Read across companies, for a reason: each place stands in a list that a test compares with the code."""
    connection = connections[DEFAULT_DB_ALIAS]
    fence = next((one for one in connection.execute_wrappers if isinstance(one, Fence)), None)
    if not is_up():
        yield
    elif fence and len(connection.atomic_blocks) == fence.depth:
        # No transaction is begun around what the caller does: what it commits stays committed.
        before, fence.reading = fence.reading, THE_OFFICE
        try:
            yield
        finally:
            fence.reading = before
    elif fence or connection.in_atomic_block:
        with taking(connection, THE_OFFICE):
            yield
    else:
        with connection.execute_wrapper(Fence(connection, THE_OFFICE, THE_OFFICE)):
            yield
