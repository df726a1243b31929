"""Small pieces of HTML that tables and templates share: icons, status words, times, money, names, copy buttons."""

import datetime
import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

from django.conf import settings
from django.templatetags.static import static
from django.utils import formats, timezone, translation
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import gettext as _

from core import clock

ICONS = "img/icons.svg"
ICON_SIZES = {"sm": 14, "md": 16, "lg": 20, "xl": 32}
STATUS_ICONS = {
    "success": "check-circle-fill",
    "warning": "exclamation-triangle-fill",
    "danger": "x-circle-fill",
    "info": "clock",
    "neutral": "dash-circle",
}
# Day, month in words or digits as people of that language write it; Django's own English form is ambiguous abroad.
DATE_FORMATS = {"en": "j M Y", "pt-br": "d/m/Y"}
MINUTE, WEEK = datetime.timedelta(minutes=1), datetime.timedelta(days=7)
# Letters of a word that a column of a phone has room for.
FITTING = 20
SPACES = re.compile(r"(\s+)")
# Between two separators: up to a hyphen, where browsers break as well, or to the end; only else after 24 characters.
LONG_PARTS = re.compile(r"[^@./]{1,24}(?:(?<=-)|(?![^@./]))[@./]?|[^@./]{1,24}|[@./]")
EPOCH = datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC)
# Zones whose database entry has only an offset, by the name their people use.
ZONE_NAMES = {"America/Sao_Paulo": "BRT", "America/Manaus": "AMT", "America/Rio_Branco": "ACT"}


def language() -> str:
    """The language of the page."""
    return translation.get_language() or "en"


def escaped(value: Any) -> str:
    """Text as it may stand in HTML; what is HTML already stays. Django's own does the same at three times the cost."""
    return value.__html__() if hasattr(value, "__html__") else escape(str(value))


@lru_cache(maxsize=1)
def _drawings() -> frozenset[str]:
    return frozenset(re.findall(r'<symbol id="([\w-]+)"', (Path(settings.BASE_DIR) / "static" / ICONS).read_text()))


@lru_cache(maxsize=512)
def icon(name: str, size: str = "md") -> SafeString:
    """The drawing called `name`, in the color of the text and silent to screen readers.

    Every page names some thirty; drawn from one file that browsers keep, they add next to nothing to a page.
    """
    if name not in _drawings():
        raise LookupError(f"static/{ICONS} has no drawing called {name}.")
    pixels = ICON_SIZES[size]
    return SafeString(
        f'<svg class="icon icon-{size}" width="{pixels}" height="{pixels}" aria-hidden="true">'
        f'<use href="{static(ICONS)}#{name}"/></svg>'
    )


def status_badge(kind: str, text: Any) -> SafeString:
    """A state in words with an icon, so that it never speaks by colour alone; kind is a key of STATUS_ICONS."""
    return _badge(kind, str(text))


@lru_cache(maxsize=512)
def _badge(kind: str, text: str) -> SafeString:
    return format_html('<span class="status status-{}">{}{}</span>', kind, icon(STATUS_ICONS[kind], "sm"), text)


# The pieces below stand in lists, some hundred times on a page: put together without format_html, which costs three
# times as much, each part escaped where it is put in.
def name(value: Any) -> SafeString:
    """A name that people typed, kept from turning the direction of the text around it."""
    return SafeString(f"<bdi>{escaped(value)}</bdi>")


def breakable(value: Any) -> Any:
    """An address, a domain or an ID is one long word: it may be broken after @, dots and slashes, not inside a name.

    In a sentence that holds for its e-mail addresses. Anything else, and what has tags already, stays as it is; so does
    a word that fits a phone's column.
    """
    if not isinstance(value, str) or len(value) <= FITTING:
        return value
    is_html = hasattr(value, "__html__")
    if (is_html and "<" in value) or (SPACES.search(value) and "@" not in value):
        return value
    words = SPACES.split(value)
    return SafeString("".join(_broken(word, is_html, len(words) == 1) for word in words))


def _broken(word: str, is_html: bool, alone: bool) -> str:
    """The word in HTML; in what is HTML already nothing is cut inside the code of a letter."""
    if len(word) <= FITTING or not (alone or "@" in word):
        return word if is_html else escape(word)
    parts = re.findall(r"[^@./]+[@./]?|[@./]", word) if is_html else LONG_PARTS.findall(word)
    return "<wbr>".join(part if is_html else escape(part) for part in parts)


def row_link(url: str, words: Any, row: Any) -> SafeString:
    """A link of a list that says in hidden words which row it belongs to."""
    hidden = f'<span class="visually-hidden"> {escaped(row)}</span>'
    return SafeString(f'<a href="{escape(url)}">{escaped(words)}{hidden}</a>')


def missing(text: Any = "") -> SafeString:
    """A dash for the eye and a word for the ear where there is nothing to show."""
    return SafeString(
        '<span class="missing" aria-hidden="true">—</span>'
        f'<span class="visually-hidden">{escaped(text or _("None"))}</span>'
    )


def date_text(value: datetime.date) -> str:
    """A day as people of the active language write it: 14 Mar 2025, 14/03/2025."""
    return _date_text(datetime.date(value.year, value.month, value.day), language())


@lru_cache(maxsize=4096)
def _date_text(value: datetime.date, language: str) -> str:
    # A list writes some hundred days, many of them twice, and writing one costs as much as a cell.
    return formats.date_format(value, DATE_FORMATS.get(language, "j M Y"), use_l10n=False)


def zone_text(value: datetime.datetime) -> str:
    """The short name of the zone of a local time: BRT, CET, UTC, or UTC-03 where there is none."""
    short = value.tzname() or ""
    if short[:1] in ("+", "-"):
        return ZONE_NAMES.get(str(value.tzinfo), f"UTC{short}")
    return short


def relative_text(value: datetime.datetime) -> str:
    """How long ago or ahead, in one unit."""
    now = clock.now()
    if abs(now - value) < datetime.timedelta(minutes=1):
        return _("just now")
    if abs(now - value) < WEEK:
        return _relative_minutes((value - now) // MINUTE if value > now else -((now - value) // MINUTE), language())
    if value < now:
        return _("%(time)s ago") % {"time": timesince(value, now, depth=1)}
    return _("in %(time)s") % {"time": timeuntil(value, now, depth=1)}


@lru_cache(maxsize=32_768)
def _relative_minutes(minutes: int, _language: str) -> str:
    # Within a week it depends on nothing but the minutes between, and lists of what has just changed say little else.
    span = timesince(EPOCH, EPOCH + abs(minutes) * MINUTE, depth=1)
    return (_("%(time)s ago") if minutes < 0 else _("in %(time)s")) % {"time": span}


def day_writer() -> Callable[[datetime.datetime], SafeString]:
    """What makes a `<time>` of nothing but the day in the person's zone: where a page shows hundreds of days."""
    zone, spoken = timezone.get_current_timezone(), language()

    def write(moment: datetime.datetime) -> SafeString:
        day = moment.astimezone(zone).date()
        return _time(day.isoformat(), _date_text(day, spoken))

    return write


def time_tag(value: datetime.datetime | datetime.date | None, style: str = "absolute") -> SafeString:
    """A `<time>` in the person's zone; style: absolute, relative (the moment as its title), both, date (the day)."""
    if value is None:
        return missing(_("No date"))
    if not isinstance(value, datetime.datetime):
        return _time(value.isoformat(), date_text(value))
    local = timezone.localtime(value)
    day = date_text(local)
    if style == "date":
        return _time(local.date().isoformat(), day)
    moment = f"{day} {local.hour:02}:{local.minute:02} {zone_text(local)}"
    machine = f"{value.astimezone(datetime.UTC).isoformat(timespec='seconds')[:19]}Z"
    if style == "both":
        return _time(machine, f"{relative_text(value)} · {moment}")
    if style == "absolute":
        return _time(machine, moment)
    return _time(machine, relative_text(value), title=moment)


def _time(machine: str, shown: str, title: str = "") -> SafeString:
    hint = f' title="{escape(title)}"' if title else ""
    return SafeString(f'<time datetime="{machine}"{hint}>{escape(shown)}</time>')


def number_text(value: Decimal | float | None, places: int | None = None) -> str:
    """A number with the thousands and decimal marks of the active language; for amounts and counts, never for ids."""
    if value is None:
        return ""
    if type(value) is int and places is None:
        return _count_text(value, language())
    return formats.number_format(value, decimal_pos=places, use_l10n=True, force_grouping=True)


@lru_cache(maxsize=4096)
def _count_text(value: int, language: str) -> str:
    return formats.number_format(value, use_l10n=True, force_grouping=True)


def money_text(amount: Decimal | None, currency: str) -> str:
    """An amount after its currency code, at least two decimals: USD 1,050.00, and in Brazil BRL 1.050,00."""
    return "" if amount is None else f"{currency}\u00a0{amount_text(amount)}"


def amount_text(amount: Decimal) -> str:
    """An amount without its currency, at least two decimals and no needless ones: 1,050.00, 0.0125."""
    places = max(2, -int(Decimal(amount).normalize().as_tuple().exponent))
    return number_text(Decimal(amount), places)


def copy_text(value: Any, label: Any) -> SafeString:
    """An identifier in monospace with a Copy button; `label` says what is copied, for those who cannot see it."""
    return copy_writer(label)(value)


def copy_writer(label: Any) -> Callable[[Any], SafeString]:
    """What writes one identifier of a kind after another with a Copy button."""
    button = (
        f'<button type="button" class="btn-icon" title="{escaped(_("Copy"))}" data-copy hidden>{icon("copy", "sm")}'
        f'<span class="visually-hidden">{escaped(_("Copy"))} {escaped(label)}</span></button>'
    )

    def write(value: Any) -> SafeString:
        source = f"<code data-copy-source>{escaped(breakable(value))}</code>"
        return SafeString(f'<span class="copy-text">{source}{button}</span>')

    return write
