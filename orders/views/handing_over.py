"""The pages on which a draft goes to a colleague."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import Actor
from accounts.permitted import PermittedView
from accounts.roles import Permission
from core.exceptions import Refused
from orders.forms import ColleagueForm
from orders.handing_over import colleagues, given_before, hand_over_draft, left_drafts, reassign_draft
from orders.models import OrderDraft
from orders.views.access import StepView

# Of people who left; whoever sees so many has other worries first.
MOST_DRAFTS = 100


class GivenOnce:
    """Gives a draft away; pressed twice, or in two tabs, it says again who has it."""

    request: HttpRequest
    actor: Actor
    after = "home"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """A draft that somebody else has is not found, but for whoever has just given it away."""
        try:
            response: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        except Http404:
            given = given_before(kwargs["draft"], self.actor) if request.method == "POST" else None
            if given is None:
                raise
            messages.success(request, given_words(*given))
            return redirect(self.after)
        return response


class HandOverView(GivenOnce, StepView):
    """Give one's own draft to a colleague."""

    def get(self, request: HttpRequest, draft: UUID) -> HttpResponse:
        """Ask to whom."""
        return self.show(ColleagueForm(colleagues(self.draft)))

    def post(self, request: HttpRequest, draft: UUID) -> HttpResponse:
        """Hand it over; from then on it is not found here any more."""
        form = ColleagueForm(colleagues(self.draft), request.POST)
        if form.is_valid():
            try:
                given = hand_over_draft(draft=self.draft, to=form.cleaned_data["colleague"], by=self.actor)
            except Refused as refusal:
                form.add_error("colleague", str(refusal))
            else:
                messages.success(request, given_words(str(given), given.owner.full_name))
                return redirect("home")
        return self.show(form)

    def show(self, form: ColleagueForm) -> HttpResponse:
        """Render the page."""
        context = {"draft": self.draft, "form": form, "back_url": self.draft.get_absolute_url(), "owner": None}
        return render(self.request, "orders/hand_over.html", context)


class LeftDraftsView(PermittedView):
    """Unfinished drafts whose owners work in the company no more."""

    permission = Permission.REASSIGN_DRAFTS

    def get(self, request: HttpRequest) -> HttpResponse:
        """List them, with the way to give each to somebody."""
        return render(request, "orders/left_drafts.html", {"drafts": left_drafts(self.actor)[:MOST_DRAFTS]})


class ReassignView(GivenOnce, PermittedView):
    """Give a draft of somebody who left to somebody at work."""

    permission = Permission.REASSIGN_DRAFTS
    after = "orders:left_drafts"

    def get(self, request: HttpRequest, draft: UUID) -> HttpResponse:
        """Ask to whom."""
        found = self.found(draft)
        return self.show(found, ColleagueForm(colleagues(found)))

    def post(self, request: HttpRequest, draft: UUID) -> HttpResponse:
        """Give it away, or take it oneself and go on with it."""
        found = self.found(draft)
        form = ColleagueForm(colleagues(found), request.POST)
        if form.is_valid():
            try:
                given = reassign_draft(draft=found, to=form.cleaned_data["colleague"], by=self.actor)
            except Refused as refusal:
                form.add_error("colleague", str(refusal))
            else:
                messages.success(request, given_words(str(given), given.owner.full_name))
                return redirect(given if given.owner == self.actor.user else "orders:left_drafts")
        return self.show(found, form)

    def found(self, public_id: UUID) -> OrderDraft:
        """The draft, if its owner left."""
        return get_object_or_404(left_drafts(self.actor), public_id=public_id)

    def show(self, draft: OrderDraft, form: ColleagueForm) -> HttpResponse:
        """Render the page."""
        context = {"draft": draft, "form": form, "back_url": reverse("orders:left_drafts"), "owner": draft.owner}
        return render(self.request, "orders/hand_over.html", context)


def given_words(draft: str, taker: str) -> str:
    """Who has the draft now."""
    return _("The draft %(draft)s is now with %(name)s.") % {"draft": draft, "name": taker}
