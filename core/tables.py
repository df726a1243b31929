"""Tables declared in Python and rendered lean: caption, row headers, sort state, labels for cards, expandable rows."""

import datetime
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache, partialmethod
from html import escape
from typing import Any

import django_tables2 as tables
from django.db.models import Model
from django.template.loader import get_template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import html
from core.html import escaped

CLASS = ' class="{}"'
NUMERIC = {"th": {"class": "num"}, "td": {"class": "num"}}


class NumberColumn(tables.Column):
    """A count or a measure, right-aligned, with thousands marks."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("attrs", NUMERIC)
        super().__init__(*args, **kwargs)

    def render(self, value: Any) -> str:
        """The number as the active language writes it."""
        return html.number_text(value)


class MoneyColumn(NumberColumn):
    """An amount with the currency code that stands in another field of the row."""

    def __init__(self, *args: Any, currency: str = "currency", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency

    def render(self, value: Decimal, record: Any) -> str:  # type: ignore[override]
        """The amount after its currency code."""
        return html.money_text(value, resolve(record, self.currency))


class TimeColumn(tables.Column):
    """A moment or a day in the person's zone; style as in core.html.time_tag."""

    def __init__(self, *args: Any, style: str = "date", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.style = style

    def render(self, value: datetime.datetime) -> SafeString:
        """The `<time>` of the value."""
        return html.time_tag(value, self.style)


class StatusColumn(tables.Column):
    """A choice field as icon and word; `kinds` maps its values to success, warning, danger, info or neutral."""

    def __init__(self, *args: Any, kinds: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kinds = kinds

    def render(self, value: Any, raw: Any) -> SafeString:
        """The badge of the state."""
        return html.status_badge(self.kinds.get(raw, "neutral"), value)


class CopyColumn(tables.Column):
    """An identifier with a Copy button."""

    def render(self, value: Any, bound_column: Any) -> SafeString:
        """The identifier in monospace."""
        return html.copy_text(value, bound_column.header)


class ActionsColumn(tables.Column):
    """Links of the row, from the table's `row_actions(record)`: pairs of label and address."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("empty_values", ())
        kwargs.setdefault("orderable", False)
        kwargs.setdefault("attrs", {"th": {"class": "row-actions"}, "td": {"class": "row-actions"}})
        super().__init__(*args, **kwargs)

    def render(self, record: Any, table: "PortalTable") -> SafeString:
        """Each link says in hidden words which row it belongs to."""
        row = table.row_name(record)
        links = (html.row_link(url, label, row) for label, url in table.row_actions(record))
        return SafeString(" ".join(links))


@dataclass(frozen=True)
class PlannedColumn:
    """A column ready for its rows: the tags around a cell and what makes the cell."""

    is_header: bool
    before: str
    after: str
    render: Callable[[Any], Any]


@lru_cache(maxsize=2048)
def _wanted(function: Callable[..., Any]) -> tuple[str, ...]:
    """The arguments a render function asks for; inspected once, for it costs more than the rendering."""
    return tuple(inspect.signature(function).parameters)


def resolve(record: Any, path: str) -> Any:
    """The value at a path like `reseller__legal_name`, calling what is callable; None where the path breaks off."""
    for part in path.split("__"):
        if record is None:
            return None
        record = record.get(part) if isinstance(record, Mapping) else getattr(record, part, None)
        if callable(record) and not getattr(record, "alters_data", False):
            record = record()
    return record


def display(record: Any, path: str) -> Any:
    """The value at a path in words: the label of a choice instead of its code."""
    owner_path, _dot, last = path.rpartition("__")
    owner = resolve(record, owner_path) if owner_path else record
    words = _words_of_choice(type(owner), last)
    return words(owner) if words is not None else resolve(owner, last)


@lru_cache(maxsize=2048)
def _words_of_choice(kind: type, name: str) -> Callable[[Any], Any] | None:
    """What gives the label of a choice, where the field of such an object is one."""
    method = inspect.getattr_static(kind, f"get_{name}_display", None)
    if not (isinstance(method, partialmethod) and method.func is Model._get_FIELD_display):  # type: ignore[attr-defined]
        return getattr(kind, f"get_{name}_display", None)
    # Django's own would make the table of all choices anew for each cell.
    labels = dict(method.keywords["field"].flatchoices)

    def words(owner: Any) -> Any:
        value = getattr(owner, name)
        return str(labels[value]) if value in labels else value

    return words


def css(column: Any, part: str) -> str:
    """The class declared for the `td` or `th` of a column; without the names that django-tables2 adds by itself."""
    return str(column.column.attrs.get(part, {}).get("class", ""))


def linked(link: Any, content: Any, offered: dict[str, Any]) -> Any:
    """The content inside the column's link; `linkify` as in django-tables2, its function inspected only once."""
    if callable(link.url):
        address = link.url(**{name: offered[name] for name in _wanted(link.url)})
    else:
        address = link.compose_url(**offered)
    if address is None:
        return content
    return SafeString(f'<a href="{escape(address)}"><bdi>{escaped(content)}</bdi></a>')


def cell_text(value: Any) -> Any:
    """A plain value as people read it; text and marked HTML stay."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, datetime.date):
        return html.time_tag(value)
    if isinstance(value, Decimal | float):
        return html.number_text(value)
    return value


class PortalTable(tables.Table):
    """A table of the portal. Declare columns as in django-tables2 (`linkify`, `render_x`), and set:

    `title` (words of the caption), `row_header` (the column that names the row; the first if unset), `row_key` (the
    attribute in `?open=` and `?new=`), `new_mark` (the word beside the name of a new row), `expand_template` (what an
    opened row of a list with `rows_open` shows; gets `record`), and override `row_name`, `row_actions`, `row_class`. A
    ListPage fills in sorting, counting and paging; alone it is the rows: `MyTable(rows)`.
    """

    title: Any = ""
    row_header = ""
    row_key = "pk"
    new_mark: Any = gettext_lazy("New")
    expand_template = ""

    def __init__(self, data: Iterable[Any], listing: Any = None, **kwargs: Any) -> None:
        title = kwargs.pop("title", None)
        super().__init__(data, orderable=False, **kwargs)
        self.listing = listing
        self.records = list(data)
        self.title = title or self.title

    # --- what a table may say about its rows ------------------------------------------------------------------------
    def row_name(self, record: Any) -> str:
        """What the row is called in the names of its links and buttons."""
        return str(record)

    def row_actions(self, record: Any) -> list[tuple[Any, str]]:
        """(label, address) of what may be done with the row."""
        return []

    def row_class(self, record: Any) -> str:
        """A class of the row, or nothing."""
        return ""

    def expand_context(self, record: Any) -> dict[str, Any]:
        """More variables for the expand template."""
        return {}

    def details_maker(self) -> Callable[[Any], SafeString]:
        """What makes the content of an opened row."""
        template = get_template(self.expand_template)

        def make(record: Any) -> SafeString:
            # The context processors are not asked again for each row.
            variables = {"record": record, "table": self, "request": self.listing.request}
            return SafeString(template.render({**self.expand_context(record), **variables}))

        return make

    # --- the head ---------------------------------------------------------------------------------------------------
    @property
    def expandable(self) -> bool:
        """Whether rows open."""
        return self.listing is not None and self.listing.rows_open

    def head(self) -> list[dict[str, Any]]:
        """The column headers: words, class, and for sortable columns the state and the address of the next one."""
        cells = []
        for column in self.columns:
            cell = {"label": column.header, "class": css(column, "th"), "sort": None}
            if self.listing is not None:
                cell["sort"] = self.listing.sort_of(column.name)
            cells.append(cell)
        return cells

    # --- the body, made here because a template loop over cells costs twice the whole page --------------------------
    def body(self) -> SafeString:
        """Every row, and after an expandable one the row it opens."""
        columns = [self._plan(column) for column in self.columns]
        details = self.details_maker() if self.expandable else None
        opened, new = (self.listing.open_keys, self.listing.new_keys) if self.listing is not None else (set(), set())
        expander = self._expander() if details is not None else None
        parts: list[str] = []
        for record in self.records:
            key = self._key(record)
            classes = " ".join(filter(None, [self.row_class(record), "is-new" if key in new else ""]))
            identity = f' id="row-{escape(key)}"' if self.listing is not None else ""
            parts.append(f'<tr role="row"{identity}{format_html(CLASS, classes) if classes else ""}>')
            if expander is not None:
                parts.append(expander(record, key))
            for column in columns:
                content = escaped(column.render(record))
                mark = f' <span class="new-mark">{self.new_mark}</span>' if column.is_header and key in new else ""
                parts.append(f"{column.before}{content}{mark}{column.after}")
            parts.append("</tr>")
            if details is not None and key in opened:
                parts.append(self._opened(key, details(record)))
        return SafeString("".join(parts))

    def opened_records(self) -> list[Any]:
        """The records whose rows are open."""
        return [record for record in self.records if self._key(record) in self.listing.open_keys]

    def opened_row(self, record: Any) -> SafeString:
        """The row that one row opens, for a page that shows the list already."""
        return SafeString(self._opened(self._key(record), self.details_maker()(record)))

    def _opened(self, key: str, content: SafeString) -> str:
        return (
            f'<tr role="row" class="expanded" id="details-{escape(key)}">'
            f'<td role="cell" colspan="{len(list(self.columns)) + 1}">{content}</td></tr>'
        )

    def _key(self, record: Any) -> str:
        return str(record.get(self.row_key, "") if isinstance(record, Mapping) else resolve(record, self.row_key))

    def _expander(self) -> Callable[[Any, str], str]:
        """What makes the link that opens a row on the server; JavaScript turns it into a button that fetches it."""
        words = {True: escape(_("Hide details of")), False: escape(_("Show details of"))}
        title = escape(_("Details"))
        address, arrow, opened = self.listing.open_address(), html.icon("chevron-right"), self.listing.open_keys

        def make(record: Any, key: str) -> str:
            is_open = key in opened
            return (
                f'<td role="cell" class="expand"><a class="btn-icon" title="{title}" href="{escape(address(key))}" '
                f'data-expand="{"open" if is_open else ""}" data-other="{words[not is_open]}">{arrow}'
                f'<span class="visually-hidden"><span data-word>{words[is_open]}</span> '
                f"{escaped(self.row_name(record))}</span></a></td>"
            )

        return make

    def _plan(self, bound: Any) -> "PlannedColumn":
        """Everything about a column that is the same for each row."""
        is_header = bound.name == (self.row_header or next(iter(self.columns)).name)
        classes = css(bound, "td")
        attributes = format_html(CLASS, classes) if classes else ""
        if is_header:
            before, after = f'<th scope="row" role="rowheader"{attributes}>', "</th>"
        else:
            before, after = format_html('<td role="cell" data-label="{}"{}>', bound.header, attributes), "</td>"
        return PlannedColumn(is_header, before, after, self._renderer(bound))

    def _renderer(self, bound: Any) -> Callable[[Any], Any]:
        """The function from a record to the content of its cell in a column."""
        own = getattr(self, f"render_{bound.name}", None)
        plain = own is None and type(bound.column).render is tables.Column.render
        function = own or bound.column.render
        wanted = _wanted(function.__func__)[1:] if inspect.ismethod(function) else _wanted(function)
        path, link, empty = str(bound.accessor), bound.link, bound.column.empty_values
        missing = html.missing() if bound.default in (None, "", "—") else bound.default
        always: dict[str, Any] = {"column": bound.column, "bound_column": bound, "bound_row": None, "table": self}

        def render(record: Any) -> Any:
            value = display(record, path)
            if value in empty:
                return missing
            offered = {**always, "value": value, "record": record}
            if plain:
                content = cell_text(value)
            else:
                if "raw" in wanted:
                    offered["raw"] = resolve(record, path)
                content = function(**{name: offered[name] for name in wanted})
            return linked(link, content, offered) if link else content

        return render

    def foot(self) -> list[tuple[str, Any]]:
        """(class, content) of the footer's cells, or nothing where no column has a footer."""
        if not self.has_footer():
            return []
        return [(css(column, "td"), column.footer) for column in self.columns]
