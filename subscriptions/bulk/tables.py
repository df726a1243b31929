"""The list of bulk changes: who changed what, when, and what came of it."""

from typing import Any

import django_filters
import django_tables2 as tables
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from core import html
from core.filters import PortalFilterSet
from core.tables import NumberColumn, PortalTable, TimeColumn
from subscriptions.bulk.preview import value_words
from subscriptions.models import BulkChange

State = BulkChange.State
STATE_KINDS: dict[str, str] = {State.RUNNING: "info", State.DONE: "success", State.CANCELED: "neutral"}
RAN = [(state.value, state.label) for state in (State.RUNNING, State.DONE, State.CANCELED)]


class BulkChangeFilter(PortalFilterSet):
    """By how far it is; without a choice everything that was submitted is listed."""

    state = django_filters.ChoiceFilter(label=gettext_lazy("State"), empty_label=gettext_lazy("All"), choices=RAN)

    class Meta:
        model = BulkChange
        fields: list[str] = []


class BulkChangeTable(PortalTable):
    """Each with the way to its progress or its result."""

    title = gettext_lazy("Bulk changes")
    row_key = "public_id"

    what = tables.Column(gettext_lazy("What to change"), accessor="kind", orderable=False)
    by = tables.Column(gettext_lazy("Submitted by"), accessor="created_by", orderable=False)
    submitted = TimeColumn(pgettext_lazy("when", "Submitted"), accessor="submitted_at", style="absolute")
    changed = NumberColumn(pgettext_lazy("how many", "Changed"), accessor="changed", orderable=False)
    unchanged = NumberColumn(gettext_lazy("As it was already"), accessor="unchanged", orderable=False)
    refused = NumberColumn(pgettext_lazy("how many", "Refused"), accessor="refused", orderable=False)
    state = tables.Column(gettext_lazy("State"), accessor="state", orderable=False)

    def row_name(self, record: BulkChange) -> str:
        """What it is."""
        return str(record)

    def render_what(self, record: BulkChange) -> SafeString:
        """The kind as a link to the change, below it what is set."""
        return format_html(
            '<a href="{}">{}</a><br><span class="muted fw-normal">{}</span>',
            record.get_absolute_url(),
            record.get_kind_display(),
            html.name(str(value_words(record))),
        )

    def render_by(self, record: BulkChange) -> SafeString:
        """The person, a colleague of the reader's."""
        return html.name(record.created_by.full_name)

    def render_state(self, record: BulkChange) -> SafeString:
        """How far it is; while it runs also in numbers."""
        badge = html.status_badge(STATE_KINDS.get(record.state, "neutral"), record.get_state_display())
        if record.state != State.RUNNING:
            return badge
        words: dict[str, Any] = {
            "done": html.number_text(record.processed),
            "total": html.number_text(record.expected),
        }
        return format_html('{}<br><span class="muted">{}</span>', badge, _("%(done)s of %(total)s") % words)
