"""What the models of the back office have in common: read there, changed through services, never removed."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

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


class RecordedAdmin(FoldedSearch, admin.ModelAdmin):
    """Nothing is edited in place and nothing is removed: what can be done, services do and record."""

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
