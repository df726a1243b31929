"""Old and new side by side, with the words that differ marked."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.profile_facts import LISTS, in_form_order, label_of, words_of
from core import html

# Words with the white space after them, so that a comparison can be put together again.
WORDS = re.compile(r"\S+\s*|\s+")


@dataclass(frozen=True)
class Difference:
    """One field of a change: what it was, what it should be, and what it is now where that is something else."""

    field: str
    label: str
    before: SafeString
    after: SafeString
    now: SafeString | None = None


def differences(changes: Mapping[str, Any], present: Mapping[str, Any] | None = None) -> list[Difference]:
    """The fields of a stored change in words; with present values, also where they moved on since it was asked for."""
    found = []
    for field, (before, after) in in_form_order(changes):
        old, new = side_by_side(field, before, after)
        moved = present is not None and field in present and present[field] != before
        now = shown(field, words_of(field, present[field])) if moved and present is not None else None
        found.append(Difference(field, label_of(field), old, new, now))
    return found


def side_by_side(field: str, before: Any, after: Any) -> tuple[SafeString, SafeString]:
    """Both values as HTML; what only one of them has is marked in it."""
    old, new = words_of(field, before), words_of(field, after)
    if field in LISTS:
        return (
            shown(field, [_marked("del", word) if word not in new else word for word in old]),
            shown(field, [_marked("ins", word) if word not in old else word for word in new]),
        )
    before_words, after_words = WORDS.findall("".join(old)), WORDS.findall("".join(new))
    old_parts, new_parts = [], []
    # Its rule for words that occur all over keeps a text of one word repeated from taking minutes.
    for what, a, b, c, d in SequenceMatcher(None, before_words, after_words, autojunk=True).get_opcodes():
        gone, come = "".join(before_words[a:b]), "".join(after_words[c:d])
        old_parts.append(_marked("del", gone) if what != "equal" and gone else gone)
        new_parts.append(_marked("ins", come) if what != "equal" and come else come)
    return _text(old_parts), _text(new_parts)


def shown(field: str, words: Iterable[str]) -> SafeString:
    """A value as HTML: a list by commas, a text with its lines."""
    words = list(words)
    if not words:
        return html.missing(_("Empty"))
    if field in LISTS:
        return format_html_join(", ", "{}", ((word,) for word in words))
    return _text(words)


def _marked(tag: str, words: str) -> SafeString:
    return format_html("<{}>{}</{}>", tag, words, tag)


def _text(parts: list[str]) -> SafeString:
    if not any(parts):
        return html.missing(_("Empty"))
    inner = format_html_join("", "{}", ((part,) for part in parts))
    return format_html('<bdi class="difference-text">{}</bdi>', inner)
