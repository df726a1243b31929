"""Providers' profiles and the changes they ask for, in the back office: compared, decided, published."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.back_office import ReasonActionForm, ReasonField, RecordedAdmin, clean_reason
from accounts.differences import differences
from accounts.models import ProfileChange, ProviderProfile
from accounts.profile_facts import completeness, in_form_order, label_of, names_of, public_facts, words_of
from accounts.services.profiles import (
    approve_profile_change,
    present_values,
    profile_of,
    publish_profile,
    reject_profile_change,
    unpublish_profile,
)
from core.exceptions import Refused

STYLES = {"all": ["css/profile.css"]}
# What stands in one line of the queue.
LINE = 60


class RejectionForm(forms.Form):
    """The words that the company will read."""

    use_required_attribute = False

    reason = ReasonField(
        label=_("Reason, as the company will read it"),
        error_messages={"required": _("Give a reason: the company will ask for it.")},
    )

    def clean_reason(self) -> str:
        """The normal form."""
        return clean_reason(self.cleaned_data["reason"])


class StateFilter(admin.SimpleListFilter):
    """The queue of what waits, unless something else is asked for."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Each state, and all of them."""
        return [*ProfileChange.State.choices, ("all", _("All"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Those of the state."""
        wanted = self.value() or ProfileChange.State.PENDING
        return queryset if wanted == "all" else queryset.filter(state=wanted)

    def choices(self, changelist: Any) -> Iterator[Any]:
        """The links; what waits is chosen from the start."""
        chosen = self.value() or ProfileChange.State.PENDING
        for value, title in self.lookup_choices:
            query = changelist.get_query_string({self.parameter_name: value})
            yield {"selected": chosen == value, "query_string": query, "display": title}


@admin.register(ProfileChange)
class ProfileChangeAdmin(RecordedAdmin):
    """What providers ask for: read side by side, then approved or rejected on the page that shows it."""

    list_display = ("partner", "summary", "state", "requested_by", "requested_at")
    list_filter = (StateFilter,)
    list_select_related = ("partner", "requested_by")
    search_fields = ("partner__search_text", "requested_by__full_name")
    ordering = ("requested_at", "pk")
    change_form_template = "admin/accounts/profile_change.html"
    fields = (
        "partner", "state", "comparison", "note", "requested_by", "requested_at", "reason", "decided_by", "decided_at",
    )  # fmt: skip
    readonly_fields = ("comparison",)

    class Media:
        css = STYLES

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: companies ask on their own page."""
        return False

    @admin.display(description=_("changes"))
    def summary(self, change: ProfileChange) -> SafeString:
        """Each field, with old and new where they are short enough for a line."""
        rows = ((in_a_line(field, *values),) for field, values in in_form_order(change.changes))
        return format_html('<div class="difference-summary">{}</div>', format_html_join(SafeString("<br>"), "{}", rows))

    @admin.display(description=_("difference"))
    def comparison(self, change: ProfileChange) -> SafeString:
        """Each field, old beside new; while it waits, also what was changed meanwhile."""
        waits = change.state == ProfileChange.State.PENDING
        present = present_values(profile_of(change.partner)) if waits else None
        rows = {"rows": differences(change.changes, present), "caption": _("The change, field by field")}
        return SafeString(render_to_string("profile/_difference.html", rows))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With the two buttons, while there is something to decide."""
        change = ProfileChange.objects.filter(pk=object_id).first() if object_id.isdigit() else None
        waits = change is not None and change.state == ProfileChange.State.PENDING
        extra = {**(extra_context or {}), "rejection": RejectionForm() if waits and self.may_act(request) else None}
        return super().change_view(request, object_id, form_url, extra)

    def get_urls(self) -> list[URLPattern]:
        """The two buttons."""
        wrap, name = self.admin_site.admin_view, "accounts_profilechange"
        return [
            path("<int:pk>/approve/", wrap(require_POST(self.approve_view)), name=f"{name}_approve"),
            path("<int:pk>/reject/", wrap(self.reject_view), name=f"{name}_reject"),
            *super().get_urls(),
        ]

    def approve_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Put the change into force, or say why not."""
        change = self.own_change(request, pk)
        try:
            approve_profile_change(change=change, by=request.actor)  # type: ignore[attr-defined]
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:accounts_profilechange_change", args=[pk]))
        return self.decided(request)

    def reject_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Leave everything as it is; what was refused says why and keeps the words."""
        change = self.own_change(request, pk)
        form = RejectionForm(request.POST if request.method == "POST" else None)
        if change.state == ProfileChange.State.PENDING and form.is_valid():
            try:
                reject_profile_change(change=change, reason=form.cleaned_data["reason"], by=request.actor)  # type: ignore[attr-defined]
            except Refused as refusal:
                form.add_error(None, str(refusal))
                change.refresh_from_db()
            else:
                return self.decided(request)
        waits = change.state == ProfileChange.State.PENDING
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": change,
            "title": _("Reject the change"),
            "comparison": self.comparison(change),
            "happened": None if waits else self.happened(change, form),
            "form": form if waits else RejectionForm(),
        }
        return TemplateResponse(request, "admin/accounts/profile_rejection.html", context)

    def own_change(self, request: HttpRequest, pk: int) -> ProfileChange:
        """The change, for those who may decide."""
        if not self.may_act(request):
            raise PermissionDenied
        return get_object_or_404(ProfileChange.objects.select_related("partner"), pk=pk)

    def decided(self, request: HttpRequest) -> HttpResponse:
        """Back to the queue."""
        self.message_user(request, _("Decided. The company is told by e-mail."), messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:accounts_profilechange_changelist"))


@admin.register(ProviderProfile)
class ProviderProfileAdmin(RecordedAdmin):
    """What providers say of themselves; published and taken back here, changed only through their requests."""

    list_display = ("partner", "published_at", "complete", "changed_at")
    list_filter = (("published_at", admin.EmptyFieldListFilter),)
    list_select_related = ("partner",)
    search_fields = ("partner__search_text",)
    ordering = ("partner__search_text", "pk")
    action_form = ReasonActionForm
    actions = ("publish", "unpublish")
    fields = (
        "partner", "description", "web_page", "phone", "spoken", "known_for", "published_at", "changed_at", "complete",
    )  # fmt: skip
    readonly_fields = ("web_page", "spoken", "known_for", "complete", "changed_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: a profile begins with the first change that is approved."""
        return False

    @admin.display(description=_("website"))
    def web_page(self, profile: ProviderProfile) -> SafeString | str:
        """A link only where it leads to a page of the web."""
        facts = public_facts(profile)
        if not facts.website:
            return profile.website or "–"
        return format_html('<a href="{}" rel="noopener nofollow">{}</a>', facts.website, facts.website)

    @admin.display(description=_("languages"))
    def spoken(self, profile: ProviderProfile) -> str:
        """By name."""
        return ", ".join(names_of("languages", profile.languages)) or "–"

    @admin.display(description=_("specialties"))
    def known_for(self, profile: ProviderProfile) -> str:
        """By name."""
        return ", ".join(names_of("specialties", profile.specialties)) or "–"

    @admin.display(description=_("complete"))
    def complete(self, profile: ProviderProfile) -> str:
        """How many parts are filled in, and which are not."""
        found = completeness(profile)
        lacking = ", ".join(label_of(part.field) for part in found.missing)
        share = f"{found.done}/{found.total}"
        return _("%(share)s (missing: %(parts)s)") % {"share": share, "parts": lacking} if lacking else share

    @admin.action(description=_("Publish in Find a provider"))
    def publish(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Show to everybody."""
        self.call_for_each(request, queryset, lambda row: publish_profile(profile=row, by=request.actor))  # type: ignore[attr-defined]

    @admin.action(description=_("Take from Find a provider (give a reason)"))
    def unpublish(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Show to nobody any more."""
        try:
            reason = clean_reason(request.POST.get("reason", ""))
        except ValidationError as error:
            self.message_user(request, error.messages[0], messages.ERROR)
            return
        self.call_for_each(
            request,
            queryset,
            lambda row: unpublish_profile(profile=row, reason=reason, by=request.actor),  # type: ignore[attr-defined]
        )


def in_a_line(field: str, before: Any, after: Any) -> str:
    """City: Seattle → Tacoma; the name alone of a field that holds a long text."""
    old, new = (", ".join(words_of(field, value)) or "–" for value in (before, after))
    return label_of(field) if max(len(old), len(new)) > LINE else f"{label_of(field)}: {old} → {new}"
