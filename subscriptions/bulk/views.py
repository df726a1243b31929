"""The pages of bulk changes: their list, and of each what to set, the preview, the progress and the result."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView

from accounts.access import can
from accounts.permitted import PermittedView
from accounts.roles import Permission
from core.exceptions import Refused
from core.html import number_text
from core.lists import ListPage
from core.paging import Sort
from subscriptions.bulk.choosing import chosen, matching, picked, rows_of
from subscriptions.bulk.forms import BulkForm
from subscriptions.bulk.preview import NAMED, changed_rows, preview, reasons_afterwards, value_words
from subscriptions.bulk.services import PERMISSIONS, cancel_bulk_change, prepare_bulk_change, submit_bulk_change
from subscriptions.bulk.tables import BulkChangeFilter, BulkChangeTable
from subscriptions.full_list.views import FullList
from subscriptions.models import BulkChange

State = BulkChange.State
# How often a page of a running change asks how far it is, in seconds.
REFRESH = 5


class BulkPage(PermittedView):
    """For staff of providers who may change subscriptions."""

    permission = Permission.MANAGE_SUBSCRIPTION

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Refuse everybody else."""
        if not self.actor.is_provider:
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def change(self) -> BulkChange:
        """The change in the address, if it is of the actor's company; of a kind that the actor may make."""
        rows = BulkChange.objects.visible_to(self.actor).select_related("created_by", "reseller", "provider")
        found = get_object_or_404(rows, public_id=self.kwargs["public_id"])
        if not can(self.actor, PERMISSIONS[found.kind]):
            raise PermissionDenied
        return found


class BulkChangeList(BulkPage, ListPage):
    """What was submitted, the latest first: of the kinds that the person may make."""

    table_class = BulkChangeTable
    filterset_class = BulkChangeFilter
    title = gettext_lazy("Bulk changes")
    template_name = "subscriptions/bulk_list.html"
    sorts = {"submitted": Sort("submitted_at", descending_first=True, nullable=False)}
    default_sort = "-submitted"
    empty_icon = "clock-history"
    empty_title = gettext_lazy("No bulk changes yet")
    empty_text = gettext_lazy("Select subscriptions in their list, and change them together.")

    def get_queryset(self) -> QuerySet[BulkChange]:
        kinds = [kind for kind, permission in PERMISSIONS.items() if can(self.actor, permission)]
        rows = BulkChange.objects.visible_to(self.actor).submitted().filter(kind__in=kinds)
        # What they are about and why something was refused can be long, and no row says it.
        return rows.select_related("created_by", "reseller", "provider").defer("subscription_ids", "refusals")


class PrepareBulkView(BulkPage, TemplateView):
    """What is to be set for the subscriptions that were selected in the list, or for all that match its filters."""

    template_name = "subscriptions/bulk_new.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Ask."""
        return self.answer(BulkForm(actor=self.actor))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Keep it and show the preview."""
        return self.answer(BulkForm(request.POST, actor=self.actor))

    def answer(self, form: BulkForm) -> HttpResponse:
        """The preview, the form, or the list where nothing that can be changed was chosen."""
        filters = self.filters()
        try:
            if filters is None:
                keys = picked(self.request.GET.getlist("pick"), self.actor)
            else:
                keys = matching(filters, self.actor)
            if not keys:
                raise Refused(_("No subscription is chosen. Select some in the list first."))
            if form.is_bound and form.is_valid():
                return redirect(prepare_bulk_change(keys=keys, filters=filters, by=self.actor, **form.values()))
        except Refused as refusal:
            messages.error(self.request, str(refusal))
            return redirect(self.list_url())
        first = list(rows_of(keys[:NAMED], self.actor))
        return self.render_to_response(
            self.get_context_data(
                form=form,
                count=len(keys),
                first=first,
                more=len(keys) - len(first),
                action=self.request.get_full_path(),
                list_url=self.list_url(),
            )
        )

    def filters(self) -> str | None:
        """The filters of the list, where all that match are meant."""
        return FullList.kept_query(self.request.GET) if self.request.GET.get("all") else None

    def list_url(self) -> str:
        """Back to the list as it was."""
        query = FullList.kept_query(self.request.GET)
        return f"{reverse('subscriptions:all')}?{query}" if query else reverse("subscriptions:all")


class BulkChangeView(BulkPage, TemplateView):
    """The preview before it is submitted, the progress while it runs, the result afterwards."""

    template_name = "subscriptions/bulk_change.html"
    http_method_names = ["get", "head", "options"]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page; a running change's asks again by itself."""
        change = self.change()
        response = self.render_to_response(self.get_context_data(change=change, **self.state_of(change)))
        if change.state == State.RUNNING:
            response.headers["Refresh"] = str(REFRESH)
        return response

    def state_of(self, change: BulkChange) -> dict[str, Any]:
        """What the page of each state shows."""
        if change.state == State.PREPARED:
            return self.prepared(change)
        if change.state == State.RUNNING:
            return {
                "changed_rows": [],
                "not_changed": {},
                "is_told": self.is_own(change) and bool(self.actor.user.email),
            }
        rows = changed_rows(change, self.actor)
        return {
            "changed_rows": rows,
            "more_changed": change.changed - len(rows),
            "not_changed": reasons_afterwards(change),
            "not_listed": change.unchanged + change.refused - len(change.refusals),
        }

    def prepared(self, change: BulkChange) -> dict[str, Any]:
        """What would be done now."""
        try:
            keys = chosen(change, self.actor)
        except Refused as refusal:
            return {"problem": str(refusal), "found": None}
        found = preview(change, keys, self.actor)
        return {"found": found, "expected": len(keys), "is_own": self.is_own(change), "problem": ""}

    def is_own(self, change: BulkChange) -> bool:
        """Whether the person prepared it."""
        return self.actor.user is not None and change.created_by_id == self.actor.user.pk

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What every state shows."""
        change: BulkChange = kwargs["change"]
        facts = [
            (_("What to change"), change.get_kind_display()),
            (_("New value"), value_words(change)),
            (_("Prepared by"), str(change.created_by)),
            (_("Status"), change.get_state_display()),
        ]
        address = {
            name: reverse(f"subscriptions:{name}_bulk", args=[change.public_id]) for name in ("submit", "cancel")
        }
        return super().get_context_data(
            facts=facts,
            submit_url=address["submit"],
            cancel_url=address["cancel"],
            list_url=f"{reverse('subscriptions:all')}?{change.query}" if change.query else reverse("subscriptions:all"),
            total_text=number_text(change.expected),
            **kwargs,
        )


class SubmitBulkView(BulkPage):
    """Hands a prepared change to the worker."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Submit it, if it is about as many as the preview said."""
        change = self.change()
        text = request.POST.get("expected", "")
        expected = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
        try:
            submit_bulk_change(change=change, expected=expected, by=self.actor)
        except PermissionDenied:
            raise
        except Refused as refusal:
            messages.error(request, str(refusal))
        return redirect(change)


class CancelBulkView(BulkPage):
    """Gives a prepared change up, or stops a running one."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Cancel it; one that never ran leads back to the list."""
        change = self.change()
        cancel_bulk_change(change=change, by=self.actor)
        if change.state == State.PREPARED:
            messages.success(request, _("Nothing was changed."))
            return redirect("subscriptions:all")
        return redirect(change)
