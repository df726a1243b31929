"""The list page: filter, sort, count, page by key, and say why nothing is shown. Every state stands in the address."""

import datetime
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.utils.functional import Promise, cached_property
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from core import html
from core.filters import PortalFilterSet
from core.paging import COUNT_CAP, KeysetPage, KeysetPaginator, Sort
from core.tables import PortalTable

Words = str | Promise
PAGE_SIZES = (25, 50, 100)
SEARCH_CAP = 1_001
# Parameters that say where one is in the list; they fall away when what is listed changes.
PLACE = ("after", "before", "open", "new")
# Asks for what one row opens, and for nothing else of the page.
ROW = "row"


def capped_text(count: int, cap: int) -> str:
    """A count in words that went no further than the cap."""
    return f"{html.number_text(cap - 1)}+" if count >= cap else html.number_text(count)


@dataclass
class Listing:
    """What a table and its template need to know about the request; made by ListPage."""

    request: HttpRequest
    page: KeysetPage
    sorts: dict[str, Sort]
    sort_key: str
    descending: bool
    per_page: int
    title: Words
    rows_open: bool = False
    open_keys: set[str] = field(default_factory=set)
    new_keys: set[str] = field(default_factory=set)

    def url(self, *, drop: tuple[str, ...] = (), **values: Any) -> str:
        """This page's address with other parameters; None or "" removes one."""
        query: dict[str, Any] = dict(self.request.GET.lists())
        for name in drop:
            query.pop(name, None)
        for name, value in values.items():
            if value in (None, ""):
                query.pop(name, None)
            else:
                query[name] = [value]
        return f"{self.request.path}?{urlencode(query, doseq=True)}" if query else self.request.path

    # --- sorting ----------------------------------------------------------------------------------------------------
    def sort_of(self, column: str) -> dict[str, str] | None:
        """The state of a column's sorting and the address of the next one; None where it cannot be sorted."""
        sort = self.sorts.get(column)
        if sort is None:
            return None
        current = column == self.sort_key
        down_next = not self.descending if current else sort.descending_first
        return {
            "url": self.url(drop=PLACE, sort=f"-{column}" if down_next else column),
            "state": ("descending" if self.descending else "ascending") if current else "",
            "now": (_("sorted descending") if self.descending else _("sorted ascending")) if current else "",
            "next": _("sort descending") if down_next else _("sort ascending"),
        }

    # --- paging -----------------------------------------------------------------------------------------------------
    @property
    def count_text(self) -> str:
        """312, or 10,000+ where nobody counted further."""
        return capped_text(self.page.count, self.page.cap)

    @cached_property
    def range_text(self) -> str:
        """1–25 of 312; without places that no longer agree with the count."""
        if not self.page.place_known:
            return _("%(count)s in all") % {"count": self.count_text}
        values = {
            "start": html.number_text(self.page.start),
            "end": html.number_text(self.page.end),
            "count": self.count_text,
        }
        return _("%(start)s–%(end)s of %(count)s") % values

    @cached_property
    def first_url(self) -> str:
        """The first page, unless this is it."""
        return "" if self.page.is_first else self.url(drop=PLACE)

    @cached_property
    def previous_url(self) -> str:
        """The page before, or nothing."""
        return self.url(drop=PLACE, before=self.page.previous) if self.page.previous else ""

    @cached_property
    def next_url(self) -> str:
        """The page after, or nothing."""
        return self.url(drop=PLACE, after=self.page.next) if self.page.next else ""

    def size_links(self) -> list[dict[str, Any]]:
        """The page sizes to choose from."""
        return [
            {"size": size, "url": self.url(drop=PLACE, per_page=size), "current": size == self.per_page}
            for size in PAGE_SIZES
        ]

    def open_address(self) -> Callable[[str], str]:
        """What gives the address that opens a row, or closes it, on this very page; made once for all rows."""
        query: QueryDict = self.request.GET.copy()
        opened = query.pop("open", [])
        rest = query.urlencode()

        def address(key: str) -> str:
            wanted = [one for one in opened if one != key] + ([] if key in self.open_keys else [key])
            return f"?{'&'.join(filter(None, [rest, urlencode([('open', one) for one in wanted])]))}#row-{key}"

        return address


@dataclass
class Selection:
    """The rows that an address asks for: filtered, and in the order of one of the sorts."""

    filterset: PortalFilterSet | None
    paginator: KeysetPaginator
    sort_key: str

    @property
    def is_valid(self) -> bool:
        """Whether each filter was understood; otherwise there are no rows."""
        return self.filterset is None or bool(self.filterset.is_valid())

    @property
    def filters_in_force(self) -> int:
        """How many filters narrow the rows."""
        if self.filterset is None or not self.is_valid:
            return 0
        values = self.filterset.form.cleaned_data.values()
        return sum(value not in (None, "", [], ()) for value in values)


class ListPage(TemplateView):
    """A list of rows the actor may see. A subclass names queryset, table, filters, sorts and texts (docs/interface.md).

    `sorts` maps column names to field paths or `Sort`s; nothing else can be sorted by. `default_sort` is one of them,
    with `-` for descending. The queryset is scoped by the subclass; queries per page are one for the count, one for the
    rows, and those of `prepare(rows)`, which may add what is counted or fetched for the visible rows only.
    """

    template_name = "components/list_page.html"
    table_class: ClassVar[type[PortalTable]]
    filterset_class: ClassVar[type[PortalFilterSet] | None] = None
    sorts: ClassVar[dict[str, str | Sort]] = {}
    default_sort = "-pk"
    # Rows open, and the table says what they show then (`details_maker`); it is fetched when somebody opens one.
    rows_open = False
    count_cap = COUNT_CAP
    title: Words = ""
    empty_title: Words = ""
    empty_text: Words = ""
    empty_icon = "inbox"
    http_method_names = ["get", "head", "options"]

    def get_queryset(self) -> QuerySet:
        """The rows before filtering: start from `visible_to(self.request.actor)`."""
        raise NotImplementedError

    def prepare(self, rows: list[Any]) -> None:
        """Add to the visible rows what would be dear to fetch for all (counts, latest dates) in a query or two."""

    def prepare_opened(self, rows: list[Any]) -> None:
        """Add to rows that are open what nothing else shows."""

    def get_tabs(self) -> list[dict[str, Any]]:
        """Saved views above the list: {label, url, current, count}."""
        return []

    def get_empty_action(self) -> tuple[Words, str] | None:
        """(label, address) offered where nothing exists yet, if the actor may."""
        return None

    # --- a row by itself ---------------------------------------------------------------------------------------------
    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page; or, for a page that is open already, what one of its rows opens (`?row=`)."""
        if self.rows_open and ROW in request.GET:
            return HttpResponse(self.opened_row(request.GET[ROW]))
        return super().get(request, *args, **kwargs)

    def opened_row(self, key: str) -> SafeString:
        """What the row with this key opens; not found unless it is one of those that the actor may see."""
        table = self.get_table(self.get_listing(KeysetPage.of([])))
        try:
            row = self.get_queryset().filter(**{table.row_key: key}).first()
        except (ValueError, ValidationError):
            row = None
        if row is None:
            raise Http404
        self.prepare([row])
        self.prepare_opened([row])
        return table.opened_row(row)

    # --- how the address is read ------------------------------------------------------------------------------------
    def get_sorts(self) -> dict[str, Sort]:
        """The sorts as Sort objects."""
        return {key: sort if isinstance(sort, Sort) else Sort(sort) for key, sort in self.sorts.items()}

    def get_per_page(self) -> int:
        """The largest offered size that is not above what was asked for."""
        asked = self.request.GET.get("per_page", "")
        number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 10 else PAGE_SIZES[0]
        return max((size for size in PAGE_SIZES if size <= number), default=PAGE_SIZES[0])

    def get_parts(self) -> Sequence[Q]:
        """Conditions of which a row meets one or the other, where each has an index of its own (KeysetPaginator)."""
        return (Q(),)

    def select(self) -> "Selection":
        """Which rows the address asks for, and in which order; a page shows some of them, an export all."""
        query, sorts = self.request.GET, self.get_sorts()
        filterset, queryset, searching = None, self.get_queryset(), False
        if self.filterset_class is not None:
            filterset = self.filterset_class(query, queryset=queryset, request=self.request)
            # A wrong filter shows its error and no rows: rows that ignore it would be taken for the answer.
            queryset = filterset.qs if filterset.is_valid() else queryset.none()
            searching = bool(query.get("q", "").strip())
        asked = query.get("sort", "")
        sort = asked if asked.removeprefix("-") in sorts else self.default_sort
        key, descending = sort.removeprefix("-"), sort.startswith("-")
        paginator = KeysetPaginator(
            queryset,
            sorts.get(key) or Sort(key),
            descending=descending,
            per_page=self.get_per_page(),
            cap=min(self.count_cap, SEARCH_CAP) if searching else self.count_cap,
            parts=self.get_parts(),
            searched=filterset.ways if filterset is not None and searching else (),
        )
        return Selection(filterset, paginator, key)

    def get_listing(self, page: KeysetPage, sort_key: str = "", *, descending: bool = False) -> Listing:
        """What the table knows of the request."""
        query = self.request.GET
        return Listing(
            request=self.request,
            page=page,
            sorts=self.get_sorts(),
            sort_key=sort_key,
            descending=descending,
            per_page=self.get_per_page(),
            title=self.title,
            rows_open=self.rows_open,
            open_keys=set(query.getlist("open")),
            new_keys=set(query.getlist("new")),
        )

    def get_table(self, listing: Listing) -> PortalTable:
        """The rows as a table."""
        return self.table_class(listing.page.rows, listing=listing, title=self.title)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The table, the filter bar and the texts."""
        query, selection = self.request.GET, self.select()
        filterset, paginator = selection.filterset, selection.paginator
        page = paginator.page(after=query.get("after", ""), before=query.get("before", ""))
        self.prepare(page.rows)
        listing = self.get_listing(page, selection.sort_key, descending=paginator.descending)
        table = self.get_table(listing)
        if table.expandable and (opened := table.opened_records()):
            self.prepare_opened(opened)
        chips = filter_chips(filterset, listing) if filterset is not None else []
        return super().get_context_data(
            **kwargs,
            title=self.title,
            table=table,
            listing=listing,
            filter_form=filterset.form if filterset is not None else None,
            form=filterset.form if filterset is not None else None,
            hidden_filters=[(name, value) for name, value in query.items() if name in self.kept_parameters()],
            chips=chips,
            clear_url=listing.url(drop=(*PLACE, *(filterset.form.fields if filterset is not None else ()))),
            tabs=self.get_tabs(),
            empty={
                "filtered": bool(chips) or (filterset is not None and not filterset.is_valid()),
                "title": self.empty_title,
                "text": self.empty_text,
                "icon": self.empty_icon,
                "action": self.get_empty_action(),
            },
        )

    def kept_parameters(self) -> tuple[str, ...]:
        """Parameters that a new filter leaves as they are."""
        return ("sort", "per_page")


def filter_chips(filterset: PortalFilterSet, listing: Listing) -> list[dict[str, str]]:
    """Each filter in force: its label, its value in words, and the address of the list without it."""
    return [
        {"label": label, "value": value, "url": listing.url(drop=(*PLACE, name))}
        for name, label, value in filters_in_words(filterset)
    ]


def _ungrouped(choices: Iterable[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
    """The choices themselves, where they stand in groups."""
    for value, label in choices:
        if isinstance(label, list | tuple):
            yield from label
        else:
            yield value, label


def _in_words(value: Any) -> str:
    """A value of a filter; a day as people write it."""
    return html.date_text(value) if isinstance(value, datetime.date) else str(value)


def filters_in_words(filterset: PortalFilterSet) -> list[tuple[str, str, str]]:
    """Each filter in force: its name, its label, and its value as people read it."""
    if not filterset.is_valid():
        return []
    words = []
    for name, bound in filterset.form.fields.items():
        value = filterset.form.cleaned_data.get(name)
        if value in (None, "", [], ()) or (hasattr(value, "exists") and not value):
            continue
        labels = dict(_ungrouped(getattr(bound, "choices", ()))) if not hasattr(bound, "queryset") else {}
        values = value if isinstance(value, list | tuple | QuerySet) else [value]
        words.append((name, str(bound.label), ", ".join(_in_words(labels.get(one, one)) for one in values)))
    return words
