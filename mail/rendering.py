"""From templates to the subject and the two bodies of a mail, and the late values in them."""

import functools
import re
import textwrap
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.template import Context, Engine
from django.utils import timezone, translation
from django.utils.html import escape
from django.utils.text import Truncator

LATE_MARK = "late_mark"
LATE = re.compile(r"~late:(?P<name>[a-z_]+):(?P<mark>[0-9a-f]{32})~")
TEXT_WIDTH = 72
# Mail servers cut lines over 998 bytes, and a longer one makes Django encode the part so that links are broken up.
# A character takes at most four bytes.
HTML_WIDTH = 240
SUBJECT_LENGTH = 200


@dataclass(frozen=True)
class Rendered:
    """A mail in words."""

    subject: str
    text: str
    html: str


class UndefinedVariableError(LookupError):
    """A template of a mail uses a name that its context does not have."""


class Undefined(str):
    """Makes Django's engine raise where it would write nothing: half a sentence must not leave the house."""

    __slots__ = ()

    def __contains__(self, item: object) -> bool:
        return True

    def __mod__(self, name: object) -> str:
        raise UndefinedVariableError(f"Undefined in a mail: {name}")


@functools.lru_cache(maxsize=1)
def _strict(default: Engine) -> Engine:
    return Engine(
        dirs=default.dirs,
        loaders=default.loaders,
        libraries=default.libraries,
        builtins=[name for name in default.builtins if name not in Engine.default_builtins]
        + ["django.templatetags.i18n", "mail.templatetags.late"],
        string_if_invalid=Undefined("%s"),
    )


def render_email(kind: str, *, language: str, context: Mapping[str, Any], mark: uuid.UUID) -> Rendered:
    """Render emails/<kind>.subject.txt, .txt and .html in this language; times are in the installation's zone."""
    engine = _strict(Engine.get_default())
    shared = {**context, "language": language, "portal_url": settings.PORTAL_BASE_URL}

    def part(suffix: str, extra: Mapping[str, Any]) -> str:
        in_html = suffix == ".html"
        template = engine.get_template(f"emails/{kind}{suffix}")
        return str(template.render(Context({**shared, **extra}, autoescape=in_html)))

    with translation.override(language), timezone.override(None):
        # One line whatever was typed into a name: a line break here would start a header of its own.
        subject = Truncator(" ".join(part(".subject.txt", {}).split())).chars(SUBJECT_LENGTH)
        extra = {"subject": subject, LATE_MARK: mark}
        return Rendered(subject, fold_text(part(".txt", extra)), fold_html(part(".html", extra)))


def fold_text(text: str) -> str:
    """Break lines at 72 columns between words and keep single blank lines; a link is never broken."""
    lines = "\n".join(_folded(line.rstrip(), TEXT_WIDTH) for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip() + "\n"


def fold_html(html: str) -> str:
    """Break long lines between words, where HTML takes a line end for a space, and leave out empty ones."""
    return "\n".join(_folded(line, HTML_WIDTH) for line in html.splitlines() if line.strip()) + "\n"


def _folded(line: str, width: int) -> str:
    if len(line) <= width:
        return line
    return textwrap.fill(
        line, width, break_long_words=False, break_on_hyphens=False, replace_whitespace=False, expand_tabs=False
    )


# --- late values ------------------------------------------------------------------------------------------------------
class MissingLateValueError(ValueError):
    """A placeholder for which no value came."""


def late_placeholder(name: str, mark: uuid.UUID) -> str:
    """What stands in the stored body. The mark is the mail's own random ID, so nobody can have typed it before."""
    if not re.fullmatch(r"[a-z_]+", name):
        raise ValueError(f"{name!r} is no name for a late value.")
    return f"~late:{name}:{mark.hex}~"


def fill_late_values(text: str, html: str, mark: uuid.UUID, values: Mapping[str, str]) -> tuple[str, str]:
    """Return both bodies with the late values, escaped in the HTML; raise if one is missing."""
    missing = set()

    # One pass: what a value contains is never taken for a placeholder.
    def fill(body: str, form: Callable[[str], str]) -> str:
        def value(match: re.Match[str]) -> str:
            if match["mark"] != mark.hex:
                return match[0]  # typed by somebody
            if not values.get(match["name"]):
                missing.add(match["name"])
                return ""
            return form(values[match["name"]])

        return LATE.sub(value, body)

    filled = fill(text, str), fill(html, escape)
    if missing:
        raise MissingLateValueError(f"No value for {', '.join(sorted(missing))}.")
    return filled
