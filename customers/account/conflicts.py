"""Two people change one account: what the other one saved meanwhile, and what of mine can go on top of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.access import Actor
from activity.models import ActivityRecord
from core import html
from customers.account.forms import SectionForm
from customers.editing import CHANGED
from customers.models import Customer


@dataclass(frozen=True)
class Edit:
    """What became of one field since a version: its value then, and who wrote the present one and when."""

    before: Any
    who: str
    at: datetime


def edits_since(customer: Customer, version: int, reader: Actor) -> dict[str, Edit]:
    """The fields that were changed after this version, under the names that the record gives them (one query)."""
    found: dict[str, Edit] = {}
    later = ActivityRecord.objects.about(customer).filter(action=CHANGED, changes__version__gt=version)
    for record in later.order_by("pk"):
        who = who_edited(record, customer, reader)
        for name, change in record.changes.items():
            if isinstance(change, list):
                before = found[name].before if name in found else change[0]
                found[name] = Edit(before, who, record.at)
    return found


def who_edited(record: ActivityRecord, customer: Customer, reader: Actor) -> str:
    """The person, for its own company; the provider by its name; of any other company nothing."""
    if reader.acting_for is not None and record.acting_for_id == reader.acting_for.microsoft_id:
        return record.actor_label.rpartition(" (")[0] or record.actor_label
    if reader.is_provider or record.acting_for_id == customer.provider.microsoft_id:
        return record.acting_for_label or record.actor_label.rpartition(" (")[0] or record.actor_label
    return _("Somebody")


@dataclass(frozen=True)
class Side:
    """One field in the words of the form: as it was when the page was opened, as it is saved now, as it was typed."""

    name: str
    label: str
    before: str
    saved: str
    mine: str
    edit: Edit | None

    @property
    def is_mine(self) -> bool:
        """Whether the person changed it: what it left alone is no wish of its own."""
        return self.mine != self.before


def sides_of(form: SectionForm, customer: Customer, version: int, reader: Actor) -> list[Side]:
    """Each field of a valid form beside what is saved now of a section that was opened at this version."""
    edits, stored = edits_since(customer, version, reader), form.stored(customer)
    by_field = {name: edits.get(form.recorded_as(name)) for name in stored}
    opened = {name: edit.before if edit else stored[name] for name, edit in by_field.items()}
    before, saved, mine = form.as_typed(opened), form.as_typed(stored), form.as_typed(form.answers())
    return [
        Side(name, str(form.fields[name].label), before[name], saved[name], mine[name], by_field[name])
        for name in form.fields
        if name in stored
    ]


def conflicting(sides: Iterable[Side]) -> bool:
    """Whether somebody saved anything in this section that differs from what was typed."""
    return any(side.edit is not None and side.saved != side.mine for side in sides)


def goes_whole(form: SectionForm, sides: Iterable[Side]) -> bool:
    """Whether theirs made the section another one, so that mine replaces all of it."""
    return any(side.name == form.whole_if_edited and side.edit for side in sides)


def on_top(form: SectionForm, sides: Sequence[Side]) -> list[tuple[str, str]]:
    """What to send once more so that mine goes on top of theirs: names and values, as typed."""
    whole = goes_whole(form, sides)
    return [(side.name, side.mine if whole or side.is_mine else side.saved) for side in sides]


def compared(form: SectionForm, sides: Sequence[Side]) -> list[tuple[str, SafeString, SafeString]]:
    """(what, saved now and by whom, mine) of each field in which there is something to compare."""
    whole = goes_whole(form, sides)
    return [_row(form, side, whole) for side in sides if side.edit or side.saved != side.mine]


def _row(form: SectionForm, side: Side, whole: bool) -> tuple[str, SafeString, SafeString]:
    choices = {str(code): label for code, label in getattr(form.fields[side.name].widget, "choices", ())}

    def words(value: str) -> SafeString:
        return html.name(choices.get(value, value)) if value else html.missing(_("Empty"))

    saved, mine = words(side.saved), words(side.mine)
    if side.edit is not None:
        who, at = html.name(side.edit.who), html.time_tag(side.edit.at)
        saved = _with_note(saved, format_html(_("Saved by {name}, {time}"), name=who, time=at))
    if not side.is_mine and not whole:
        mine = _with_note(mine, _("You did not change it: what is saved now stays"))
    return side.label, saved, mine


def _with_note(value: SafeString, words: Any) -> SafeString:
    return format_html('{}<small class="muted d-block">{}</small>', value, words)
