"""The outbox, to be watched and, where a mail is stuck, to be acted on."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from core.admin_search import FoldedSearch
from core.exceptions import Refused
from core.text import clean_name
from mail.models import SEARCH_WORDS, OutgoingEmail
from mail.services import drop_email, retry_email


class InterventionForm(ActionForm):
    """The action, and why."""

    reason = forms.CharField(label=_("Reason:"), max_length=200, required=False)


@admin.register(OutgoingEmail)
class OutgoingEmailAdmin(FoldedSearch, admin.ModelAdmin):
    """Read, retry and withdraw; nothing can be added, edited or removed here."""

    list_display = ("created_at", "kind", "recipient", "state", "attempts", "due_at", "last_error", "sent_at")
    list_filter = ("state", "created_at")
    search_fields = ("id__exact", "about_id__exact")
    search_words, search_kind = SEARCH_WORDS, "about_type"
    ordering = ("-created_at", "-pk")
    show_full_result_count = False
    list_per_page = 50
    action_form = InterventionForm
    actions = ("retry", "withdraw")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: mail comes from what is done."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: OutgoingEmail | None = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: OutgoingEmail | None = None) -> bool:
        """Nobody."""
        return False

    def has_intervene_permission(self, request: HttpRequest) -> bool:
        """Whoever holds the permission of that name."""
        return request.user.has_perm("mail.intervene_outgoingemail")

    @admin.action(description=_("Send again"), permissions=["intervene"])
    def retry(self, request: HttpRequest, queryset: QuerySet[OutgoingEmail]) -> None:
        """Send the chosen mails again."""
        self._each(request, queryset, lambda email: retry_email(email=email, by=self._actor(request)))

    @admin.action(description=_("Withdraw"), permissions=["intervene"])
    def withdraw(self, request: HttpRequest, queryset: QuerySet[OutgoingEmail]) -> None:
        """Withdraw the chosen mails, with a reason."""
        try:
            reason = clean_name(" ".join(request.POST.get("reason", "").split()))[:200]
        except ValidationError as error:
            self.message_user(request, error.messages[0], messages.ERROR)
            return
        if not reason:
            self.message_user(request, _("Say in the reason why the mail is withdrawn."), messages.ERROR)
            return
        self._each(request, queryset, lambda email: drop_email(email=email, by=self._actor(request), reason=reason))

    def _each(
        self, request: HttpRequest, queryset: QuerySet[OutgoingEmail], act: Callable[[OutgoingEmail], object]
    ) -> None:
        done = 0
        for email in queryset:
            try:
                act(email)
            except Refused as refusal:
                self.message_user(request, f"{email}: {refusal}", messages.ERROR)
            else:
                done += 1
        if done:
            text = ngettext("%(count)d e-mail changed.", "%(count)d e-mails changed.", done)
            self.message_user(request, text % {"count": done}, messages.SUCCESS)

    @staticmethod
    def _actor(request: HttpRequest) -> Any:
        return request.actor  # type: ignore[attr-defined]
