"""What the back office does to one row on a page of its own, with a reason and, where it is hard, a typed name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.back_office import Happened, ReasonActionForm, ReasonField, RecordedAdmin, clean_reason
from accounts.step_up import ask_first
from core.exceptions import Refused


@dataclass(frozen=True)
class Step:
    """One thing that can be done to a row; `asks_who` asks for a confirmation of who one is first."""

    name: str
    label: Any
    consequence: Any
    done: Any
    is_hard: bool = False
    asks_who: bool = False


class StepForm(forms.Form):
    """Why, and for what is hard to undo the name of whom it is done to."""

    use_required_attribute = False

    reason = ReasonField(
        label=gettext_lazy("Reason, as the record will keep it"),
        error_messages={"required": gettext_lazy("Give a reason: it stands in the record.")},
    )
    typed = forms.CharField(max_length=254, widget=forms.TextInput({"autocomplete": "off", "size": 40}))

    def __init__(self, data: Any = None, *, typed_name: str = "") -> None:
        super().__init__(data)
        self.typed_name = typed_name
        if not typed_name:
            del self.fields["typed"]
            return
        self.fields["typed"].label = _("Type the user name: %(name)s") % {"name": typed_name}
        self.fields["typed"].label_suffix = ""
        self.fields["typed"].error_messages["required"] = self.wrong_name()

    def wrong_name(self) -> str:
        """What to type."""
        return _("Type the user name, “%(name)s”.") % {"name": self.typed_name}

    def clean_reason(self) -> str:
        """The normal form; of invisible characters alone nothing is left."""
        reason = clean_reason(self.cleaned_data["reason"])
        if not reason:
            raise ValidationError(self.fields["reason"].error_messages["required"])
        return reason

    def clean_typed(self) -> str:
        """Any case will do."""
        typed: str = self.cleaned_data["typed"]
        if typed.casefold() != self.typed_name.casefold():
            raise ValidationError(self.wrong_name())
        return typed


class SteppedAdmin(RecordedAdmin):
    """Rows to look at, with links to what can be done; each is a page that asks for a reason and calls a service."""

    steps: Sequence[Step] = ()
    action_form = ReasonActionForm
    change_form_template = "admin/accounts/steps.html"

    def possible(self, request: HttpRequest, row: Any) -> list[Step]:
        """What can be done to the row now."""
        return list(self.steps)

    def obstacle(self, request: HttpRequest, row: Any, step: Step) -> str:
        """Why a step that is not possible now is not."""
        return _("“%(step)s” is not possible for %(row)s now.") % {"step": step.label, "row": row}

    def carry_out(self, request: HttpRequest, row: Any, step: Step, reason: str) -> None:
        """Call the service, which refuses what is not possible any more."""
        raise NotImplementedError

    def typed_name(self, row: Any) -> str:
        """What is typed before something hard."""
        return str(row)

    def after_step(self, row: Any) -> str:
        """Where to go on."""
        return self.row_page(row)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With the links."""
        row = self.get_queryset(request).filter(pk=object_id).first() if object_id.isdecimal() else None
        steps = self.possible(request, row) if row is not None and self.may_act(request) else []
        links = [(step, self.step_url(row, step)) for step in steps]
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "steps": links})

    def step_url(self, row: Model | None, step: Step) -> str:
        """Its page."""
        assert row is not None
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_step", args=[row.pk, step.name])

    def get_urls(self) -> list[URLPattern]:
        """An address for each; what is none is not found."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_step"
        page = self.admin_site.admin_view(self.step_view)
        return [path("<int:pk>/do/<slug:name>/", page, name=name), *super().get_urls()]

    def step_view(self, request: HttpRequest, pk: int, name: str) -> HttpResponseBase:
        """Ask why, then do it; what was refused says why and keeps the words."""
        if not self.may_act(request):
            raise PermissionDenied
        row = get_object_or_404(self.get_queryset(request), pk=pk)
        step = next((one for one in self.steps if one.name == name), None)
        if step is None:
            raise Http404
        if request.method == "GET" and step not in self.possible(request, row):
            self.message_user(request, self.obstacle(request, row, step), messages.ERROR)
            return HttpResponseRedirect(self.row_page(row))
        if step.asks_who and (question := ask_first(request)):
            return question
        typed_name = self.typed_name(row) if step.is_hard else ""
        form = StepForm(request.POST if request.method == "POST" else None, typed_name=typed_name)
        if form.is_valid():
            try:
                self.carry_out(request, row, step, form.cleaned_data["reason"])
            except Refused as refusal:
                form.add_error(None, str(refusal))
                row.refresh_from_db()
                if step not in self.possible(request, row):
                    return self.step_page(request, row, step, StepForm(), self.happened(row, form, str(refusal)))
            else:
                self.message_user(request, step.done, messages.SUCCESS)
                return HttpResponseRedirect(self.after_step(row))
        return self.step_page(request, row, step, form)

    def step_page(
        self, request: HttpRequest, row: Any, step: Step, form: StepForm, happened: Happened | None = None
    ) -> HttpResponse:
        """The question, or what made it void."""
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": row,
            "title": step.label,
            "step": step,
            "happened": happened,
            "form": form,
        }
        return TemplateResponse(request, "admin/accounts/step.html", context)
