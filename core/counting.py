"""How many rows there are, counted no further than anybody reads: of what is more, nobody counts ten thousand twice."""

import time
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

# Who reads "10,000+" does not mind for so many seconds whether a few of them went; each process asks for itself.
REMEMBERED = 60.0
MOST_REMEMBERED = 1_000
_too_many_until: dict[bytes, float] = {}


def count_up_to(cap: int, *several: QuerySet) -> list[int]:
    """How many rows each has, but at most `cap`, in one query; none where all were known to reach it a minute ago."""
    now = time.monotonic()
    counts = [0] * len(several)
    asked: dict[int, tuple[str, Any]] = {}
    keys: dict[int, bytes] = {}
    for place, rows in enumerate(several):
        try:
            sql, params = rows.order_by().values("pk")[:cap].query.sql_with_params()
        except EmptyResultSet:
            continue
        keys[place] = _key(sql, params)
        if _too_many_until.get(keys[place], 0.0) > now:
            counts[place] = cap
        else:
            asked[place] = sql, params
    if asked:
        for place, count in zip(asked, _ask(list(asked.values())), strict=True):
            counts[place] = count
            if count >= cap:
                _remember(keys[place], now)
    return counts


def _key(sql: str, params: Any) -> bytes:
    """A short name for a query that may hold a thousand keys."""
    return blake2b(f"{sql}{params!r}".encode(), digest_size=16).digest()


def _ask(queries: Sequence[tuple[str, Any]]) -> Sequence[int]:
    """How many rows each query has."""
    numbers = ", ".join(f"(SELECT COUNT(*) FROM ({sql}) AS counted)" for sql, _params in queries)  # noqa: S608 - by the ORM
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {numbers}", [value for _sql, params in queries for value in params])
        return list(cursor.fetchone())


def _remember(key: bytes, now: float) -> None:
    if len(_too_many_until) >= MOST_REMEMBERED:
        _too_many_until.clear()
    _too_many_until[key] = now + REMEMBERED


def forget() -> None:
    """Count anew whatever is asked next."""
    _too_many_until.clear()
