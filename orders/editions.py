"""Which state of a step a page was opened with, so that nothing is overwritten unseen, and what is typed there."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from core.typeahead import sent_value
from orders.checks import DETAILS, Line
from orders.models import OrderDraft

# What nobody types and only a program would send.
MOST_FIELDS, LONGEST_TEXT = 400, 1_000


def edition_of(draft: OrderDraft, step: str, lines: Iterable[Line] | None = None) -> str:
    """What the page of a step sends back: the draft's version, and a mark of what the step held."""
    return f"{draft.version}.{_mark(draft, step, lines)}"


def is_as_opened(draft: OrderDraft, step: str, edition: str) -> bool:
    """Whether the step holds what it held in this edition; other steps may have changed since."""
    return edition.partition(".")[2] == _mark(draft, step)


def _mark(draft: OrderDraft, step: str, lines: Iterable[Line] | None = None) -> str:
    held: list[Any] = [draft.typed.get(step), draft.reseller_id]
    if step == DETAILS:
        held += [draft.details, draft.support_contact_id]
    else:
        held += [draft.reseller_is_suggested, draft.support_contact_id, sorted(_numbers(draft, lines))]
    return hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()[:16]


def _numbers(draft: OrderDraft, lines: Iterable[Line] | None) -> list[tuple[int, int, int]]:
    """The chosen price rows with their numbers, read again where they are not at hand."""
    if lines is None:
        rows = draft.lines.values_list("price", "quantity", "confirmed_beside")
        return [(price, quantity, beside or 0) for price, quantity, beside in rows]
    return [(line.chosen.pk, line.quantity, line.confirmed_beside or 0) for line in lines]


def as_typed_on(data: Any, names: Any) -> dict[str, str]:
    """What was typed in these fields, as a JSON column can hold it."""
    found: dict[str, str] = {}
    for name in list(names)[:MOST_FIELDS]:
        if name in data:
            text = str(sent_value(data, name) or "")[:LONGEST_TEXT]
            found[name] = text.replace("\0", "").encode("utf-8", "replace").decode()
    return found


def sent_again(data: Any, edition: str) -> list[tuple[str, str]]:
    """All that was sent, to be sent once more on top of this edition."""
    fields = [(name, value) for name, values in data.lists() for value in values if name != "csrfmiddlewaretoken"]
    return [*((name, value) for name, value in fields if name != "version"), ("version", edition)]


def differing(saved: Mapping[str, Any], mine: Mapping[str, Any]) -> list[str]:
    """The names under which the two do not say the same."""
    return [name for name in mine if _text(saved.get(name)) != _text(mine[name])]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        # As a browser sends a box.
        return "on" if value else ""
    return "" if value is None else " ".join(str(value).split())
