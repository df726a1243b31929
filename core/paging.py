"""Keyset paging: the next page starts after the last row's (sort key, id), so page 1,000 costs what page 1 costs."""

import base64
import datetime
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Expression, F, Model, Q, QuerySet

from core.counting import count_up_to

COUNT_CAP = 10_001
KEY = "list_key"
LONGEST_TOKEN = 2_000
LARGEST_INTEGER = 2**63 - 1
LARGEST_POSITION = 10**9


@dataclass(frozen=True)
class Sort:
    """What a column sorts by: a field path or an expression.

    Text sorts as the database compares it, so give a stored folded column (`search_text`) or an expression. `nullable`
    is found out for field paths; an expression that may be NULL says so. Rows without a value always come last.
    """

    by: str | Expression
    descending_first: bool = False
    nullable: bool | None = None

    def may_be_null(self, model: type[Model]) -> bool:
        """Whether rows without a value must be reckoned with; without them the index serves the order as it is."""
        if self.nullable is not None:
            return self.nullable
        if not isinstance(self.by, str):
            return False
        options: Any = model._meta
        for part in self.by.split("__"):
            try:
                field = options.pk if part == "pk" else options.get_field(part)
            except FieldDoesNotExist:
                return True
            if field.null:
                return True
            if field.is_relation and field.related_model is not None:
                options = field.related_model._meta
        return False


@dataclass(frozen=True)
class Cursor:
    """The row a page begins after or ends before, and that row's place in the list (for display only)."""

    value: Any
    pk: Any
    position: int

    def token(self) -> str:
        """The cursor as it stands in the address: readable, unsigned, worth nothing beyond the list's own rows."""
        value = self.value
        if isinstance(value, datetime.date):  # a datetime is one too
            value = value.isoformat()
        elif isinstance(value, Decimal | uuid.UUID):
            value = str(value)
        pk = str(self.pk) if isinstance(self.pk, uuid.UUID) else self.pk
        packed = json.dumps([value, pk, self.position], separators=(",", ":"), ensure_ascii=False)
        return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def _checked(value: Any) -> Any:
    """Return a value that a database can compare with, or raise ValueError."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int) and abs(value) <= LARGEST_INTEGER:
        return value
    if isinstance(value, str) and "\x00" not in value:
        value.encode()  # refuses lone surrogates
        return value
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) <= 30:
        return value
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC)  # OverflowError at the ends of time
    if isinstance(value, datetime.date | uuid.UUID | float) and value == value:
        return value
    raise ValueError


def read_cursor(token: str, queryset: QuerySet) -> Cursor | None:
    """The cursor in `token`, or None when it is missing, damaged or not of this list: then the list starts anew."""
    if not token or len(token) > LONGEST_TOKEN:
        return None
    try:
        packed = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        value, pk, position = json.loads(packed)
        field = queryset.query.annotations[KEY].output_field
        if isinstance(value, list | dict) or not isinstance(pk, int | str) or isinstance(position, bool):
            return None
        if isinstance(value, float) and not isinstance(field.to_python(value), float):
            return None
        if not 0 < int(position) <= LARGEST_POSITION:
            return None
        value = None if value is None else _checked(field.to_python(value))
        return Cursor(value, _checked(queryset.model._meta.pk.to_python(pk)), int(position))
    except (ValueError, TypeError, OverflowError, ArithmeticError, RecursionError, ValidationError):
        return None


@dataclass
class KeysetPage:
    """One page of rows, what surrounds it, and how many there are (at most `cap`)."""

    rows: list[Any]
    count: int
    cap: int
    start: int
    previous: str
    next: str
    is_first: bool

    @classmethod
    def of(cls, rows: list[Any]) -> "KeysetPage":
        """All there is."""
        return cls(rows, len(rows), COUNT_CAP, 1, "", "", is_first=True)

    @property
    def capped(self) -> bool:
        """Whether there are more rows than were counted."""
        return self.count >= self.cap

    @property
    def end(self) -> int:
        """The place of the last row."""
        return self.start + len(self.rows) - 1

    @property
    def place_known(self) -> bool:
        """Whether the places carried by the cursor agree with the count (rows may have come or gone meanwhile)."""
        return bool(self.rows) and (self.capped or self.end <= self.count)


class KeysetPaginator:
    """Pages of a queryset ordered by one sort key and the id, both in the same direction, rows without a key last.

    The list is what meets one of `parts`, and no row meets two. Where each has an index of its own in the order of the
    list, one condition OR another would read and sort all rows; each part by itself is asked for its few.

    What is searched for may be one row of millions, and no statistics know it: while the matches are fewer than the
    cap, their keys are read first, and the rows by key. They are looked for in the ways that `searched` names until the
    cap is reached: every match meets at least one of these conditions, and the first ones are soon answered.
    """

    def __init__(
        self,
        queryset: QuerySet,
        sort: Sort,
        *,
        descending: bool,
        per_page: int,
        cap: int = COUNT_CAP,
        parts: Sequence[Q] = (Q(),),
        searched: Sequence[Q] = (),
    ) -> None:
        self.counted = queryset
        self.queryset = queryset.annotate(**{KEY: F(sort.by) if isinstance(sort.by, str) else sort.by})
        self.nullable = sort.may_be_null(queryset.model)
        self.descending = descending
        self.per_page = per_page
        self.cap = cap
        self.parts = parts
        self.searched = searched
        # The keys of all matches of a search, once it is known that they are few.
        self.matches: set[Any] | None = None

    def count(self) -> int:
        """How many rows there are, counting no further than the cap."""
        if self.searched:
            return self._count_matches()
        return min(self.cap, sum(count_up_to(self.cap, *(self.counted.filter(part) for part in self.parts))))

    def _count_matches(self) -> int:
        rows = self.counted.order_by().values_list("pk", flat=True)
        keys: set[Any] = set()
        for way in self.searched:
            for part in self.parts:
                keys.update(rows.filter(part, way)[: self.cap])
                if len(keys) >= self.cap:
                    return self.cap
        self.matches = keys
        return len(keys)

    def page(self, after: str = "", before: str = "") -> KeysetPage:
        """The page after or before a cursor; the first page without one, or with one that is not of this list."""
        count = self.count()
        if count and after and (cursor := self._cursor(after)):
            rows = self._fetch(self._beyond(cursor, backwards=False), backwards=False)
            if rows:
                shown = rows[: self.per_page]
                return self._page(
                    shown, count, cursor.position + 1, more_before=True, more_after=len(rows) > len(shown)
                )
        if count and before and (cursor := self._cursor(before)):
            rows = self._fetch(self._beyond(cursor, backwards=True), backwards=True)
            if len(rows) > self.per_page:
                shown = rows[: self.per_page][::-1]
                start = max(2, cursor.position - len(shown))
                return self._page(shown, count, start, more_before=True, more_after=True)
        rows = self._fetch(Q(), backwards=False) if count else []
        shown = rows[: self.per_page]
        if len(rows) == len(shown):
            # Here all of them are seen, whatever was counted a moment ago.
            count = len(rows)
        return self._page(shown, count, 1, more_before=False, more_after=len(rows) > len(shown))

    def _cursor(self, token: str) -> Cursor | None:
        """See read_cursor(); one without a value is of another list, where every row of this one has a value."""
        cursor = read_cursor(token, self.queryset)
        return None if cursor and cursor.value is None and not self.nullable else cursor

    def _page(self, rows: list[Any], count: int, start: int, *, more_before: bool, more_after: bool) -> KeysetPage:
        def token(row: Any, position: int) -> str:
            return Cursor(getattr(row, KEY), row.pk, position).token()

        return KeysetPage(
            rows=rows,
            count=count,
            cap=self.cap,
            start=start,
            previous=token(rows[0], start) if more_before else "",
            next=token(rows[-1], start + len(rows) - 1) if more_after else "",
            is_first=not more_before,
        )

    def all_rows(self) -> QuerySet:
        """Every row in the order of the pages: for an export."""
        return self._in_order(self.queryset.filter(reduce(or_, self.parts)), backwards=False)

    def _fetch(self, condition: Q, *, backwards: bool) -> list[Any]:
        """One row more than a page, so that one query also says whether there is another page."""
        rows, many = self._in_order(self.queryset.filter(condition), backwards=backwards), self.per_page + 1
        if self.matches is not None:
            return list(rows.filter(pk__in=self.matches)[:many])
        if len(self.parts) == 1:
            return list(rows.filter(*self.parts)[:many])
        keys = [pk for part in self.parts for pk in rows.filter(part).values_list("pk", flat=True)[:many]]
        # The database puts them in order once more: Python would compare words in another way.
        return list(self._in_order(self.queryset.filter(pk__in=keys), backwards=backwards)[:many])

    def _in_order(self, rows: QuerySet, *, backwards: bool) -> QuerySet:
        down = self.descending != backwards
        key = F(KEY)
        if self.nullable:
            # Last in reading order, so first when reading backwards.
            nulls: dict[str, Any] = {"nulls_first": True} if backwards else {"nulls_last": True}
        else:
            nulls = {}
        order = key.desc(**nulls) if down else key.asc(**nulls)
        return rows.order_by(order, "-pk" if down else "pk")

    def _beyond(self, cursor: Cursor, *, backwards: bool) -> Q:
        """The rows after the cursor in reading order, or before it."""
        side = "lt" if self.descending != backwards else "gt"
        tie = Q(**{f"pk__{side}": cursor.pk})
        if not self.nullable:
            # One range on the key and a tie-break: the form that an index on (key, id) answers without reading further.
            return Q(**{f"{KEY}__{side}e": cursor.value}) & (Q(**{f"{KEY}__{side}": cursor.value}) | tie)
        empty = Q(**{f"{KEY}__isnull": True})
        if cursor.value is None:
            return (empty & tie) | ~empty if backwards else empty & tie
        beyond = Q(**{f"{KEY}__{side}": cursor.value}) | (Q(**{KEY: cursor.value}) & tie)
        return beyond if backwards else beyond | empty
