"""The one catalogue of what records say: action → sentence, field → label, stored value → words.

The record stores codes; readers get sentences of their own language. Each app says its own when it is ready, for this
one knows none of them.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activity.models import ActivityRecord
from core import html
from core.company_labels import label_in_words

Words = str | Promise
SENTENCES: dict[str, Words] = {}
FIELDS: dict[str, Words] = {
    "old": gettext_lazy("Before"),
    "new": gettext_lazy("After"),
    "reason": gettext_lazy("Reason"),
    "note": gettext_lazy("Note"),
    "state": gettext_lazy("State"),
    "status": gettext_lazy("Status"),
    "filters": gettext_lazy("Filters in force"),
    "version": gettext_lazy("Version"),
}
# What a field is called in the records of one action, or of all that begin alike (`change_request.`).
OWN_FIELDS: dict[str, Mapping[str, Words]] = {}
LABELS: dict[str, dict[Any, Words]] = {}
# Amounts without their currency, and those that carry it.
AMOUNTS = {"unit_price"}
MONEY_FIELDS = {"amount"}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
MONEY = re.compile(r"([A-Z]{3}) (-?\d{1,12}\.\d{2,4})")


def register(
    sentences: Mapping[str, Words],
    *,
    fields: Mapping[str, Words] | None = None,
    own_fields: Mapping[str, Mapping[str, Words]] | None = None,
    labels: Mapping[str, Mapping[Any, Words]] | None = None,
) -> None:
    """Add the sentences of an app, what its fields are called, and what their stored values mean."""
    for action, words in sentences.items():
        if SENTENCES.setdefault(action, words) is not words:
            raise ValueError(f"Two sentences for {action!r}.")
    FIELDS.update(fields or {})
    OWN_FIELDS.update(own_fields or {})
    for field, choices in (labels or {}).items():
        LABELS.setdefault(field, {}).update(choices)


def sentence(record: ActivityRecord) -> str:
    """What was done, in words; an action that has none by its name."""
    return str(SENTENCES.get(record.action, record.action))


def field_label(field: str, action: str = "") -> str:
    """What a field is called, in the records of an action; one that has no name yet by its own."""
    for own in (action, f"{action.partition('.')[0]}."):
        if field in OWN_FIELDS.get(own, {}):
            return str(OWN_FIELDS[own][field])
    return str(FIELDS.get(field) or field.replace("_", " ").capitalize())


def value_words(field: str, value: Any) -> SafeString:
    """A stored value as people read it."""
    if value is None or value == "" or value == []:
        return html.missing(_("None"))
    if isinstance(value, bool):
        return format_html("{}", _("Yes") if value else _("No"))
    if isinstance(value, Mapping):
        pairs = ((field_label(name), value_words(name, one)) for name, one in value.items() if one is not None)
        return format_html_join("; ", "{}: {}", pairs)
    if isinstance(value, list) and any(isinstance(one, Mapping) for one in value):
        return format_html_join(SafeString("<br>"), "{}", ((value_words(field, one),) for one in value))
    if isinstance(value, list):
        return format_html_join(", ", "{}", ((value_words(field, one),) for one in value))
    if (label := LABELS.get(field, {}).get(value)) is not None:
        return html.name(str(label))
    if field in AMOUNTS:
        return format_html("{}", html.amount_text(Decimal(str(value))))
    if isinstance(value, str):
        money = _money_words(value) if field in MONEY_FIELDS else None
        return money or _time_words(value) or html.name(label_in_words(value))
    return format_html("{}", html.number_text(value))


def _money_words(value: str) -> SafeString | None:
    """An amount with its currency, as the reader's language writes numbers; if the text is one."""
    if found := MONEY.fullmatch(value):
        return format_html("{}", html.money_text(Decimal(found[2]), found[1]))
    return None


def _time_words(value: str) -> SafeString | None:
    """A moment or a day, if the text is one; what people type may only look like one, as the 30th of February does."""
    try:
        if MOMENT.match(value) and (moment := parse_datetime(value)):
            return html.time_tag(moment, "absolute")
        if DAY.fullmatch(value) and (day := parse_date(value)):
            return html.time_tag(day, "date")
    except (ValueError, OverflowError):
        pass
    return None
