"""What the models of the back office have in common: read there, changed through services, never removed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from activity.models import ActivityQuerySet, ActivityRecord
from activity.sentences import sentence
from core.admin_search import FoldedSearch
from core.exceptions import Refused
from core.text import clean_name


def clean_reason(text: str) -> str:
    """A reason on one line, however it was typed, without characters that only deceive."""
    return clean_name(" ".join(text.split()))[:500]


class ReasonField(forms.CharField):
    """A reason in a box of several lines, measured as the one line that is kept: a line end is sent as two signs."""

    def __init__(self, *, rows: int = 3, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 500, "widget": forms.Textarea({"rows": rows}), **kwargs})

    def to_python(self, value: Any) -> str:
        """On one line."""
        return " ".join(str(super().to_python(value)).split())


class ReasonActionForm(ActionForm):
    """The choice of an action, with a reason for those that take something away."""

    reason = forms.CharField(label=_("Reason:"), required=False, max_length=500)


@dataclass(frozen=True)
class Happened:
    """Why a decision can no longer be made: what was done last, and the words that came too late for it."""

    record: ActivityRecord | None
    words: str
    refusal: str
    url: str

    @property
    def sentence(self) -> str:
        """What was done."""
        return sentence(self.record) if self.record else ""

    @property
    def reason(self) -> str:
        """Why."""
        return str(self.record.changes.get("reason") or "") if self.record else ""


class RecordedAdmin(FoldedSearch, admin.ModelAdmin):
    """Nothing is edited in place and nothing is removed: what can be done, services do and record."""

    # What the records of a row name when its state changes; where every record does, nothing.
    state_field = ""
    show_full_result_count = False
    list_per_page = 50

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody edits rows by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False

    def may_act(self, request: HttpRequest) -> bool:
        """Who holds Django's change permission may use the actions."""
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")

    def row_page(self, row: Any) -> str:
        """The page of the row."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])

    def records_of(self, row: Any) -> ActivityQuerySet:
        """What was done to the row, newest first."""
        return ActivityRecord.objects.about(row)

    def happened(self, row: Any, form: forms.Form, refusal: str = "") -> Happened:
        """What is shown instead of a decision that somebody else has made, or made impossible, meanwhile."""
        records = self.records_of(row)
        if self.state_field:
            records = records.filter(changes__has_key=self.state_field)
        return Happened(records.first(), str(form.data.get("reason", "")).strip(), refusal, self.row_page(row))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """No actions for those who may only look."""
        return super().get_actions(request) if self.may_act(request) else {}

    def call_with_reason(self, request: HttpRequest, queryset: QuerySet, service: Callable[[Any, str], object]) -> None:
        """Run a service for each selected row, with the one reason that must be given for all."""
        try:
            reason = clean_reason(request.POST.get("reason", ""))
        except ValidationError as error:
            self.message_user(request, error.messages[0], messages.ERROR)
            return
        if not reason:
            self.message_user(request, _("Give a reason: it stands in the record."), messages.ERROR)
            return
        self.call_for_each(request, queryset, lambda row: service(row, reason))

    def call_for_each(self, request: HttpRequest, queryset: QuerySet, service: Callable[[Any], object]) -> None:
        """Run a service for each selected row; each succeeds or is refused by itself, and both are said."""
        done = 0
        for row in queryset:
            try:
                service(row)
                done += 1
            except Refused as refusal:
                self.message_user(request, f"{row}: {refusal}", messages.ERROR)
        if done:
            text = ngettext("Done for %(count)d row.", "Done for %(count)d rows.", done)
            self.message_user(request, text % {"count": done}, messages.SUCCESS)
