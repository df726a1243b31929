"""The provider's word about a company that accepted from another domain than the one invited."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.permitted import PermittedView
from accounts.roles import Permission
from core.exceptions import Refused
from resellers.answer_forms import RefuseForm
from resellers.models import Partnership, PendingAcceptance
from resellers.services import confirm_acceptance, refuse_acceptance

RELATED = ("request__provider", "request__sent_by", "request__partnership", "reseller", "accepted_by", "confirmed_by")


class AcceptanceView(PermittedView):
    """A page about one acceptance of the actor's own requests; another provider's is not found."""

    permission = Permission.REQUEST_PARTNERSHIP
    http_method_names = ("get", "head", "post", "options")

    def own_acceptance(self, public_id: UUID) -> PendingAcceptance:
        """The acceptance, if the actor may see it."""
        rows = PendingAcceptance.objects.visible_to(self.actor).select_related(*RELATED)
        return get_object_or_404(rows, public_id=public_id)

    def shown(self, acceptance: PendingAcceptance) -> dict[str, object]:
        """What both pages say about it."""
        person = Membership.objects.filter(user=acceptance.accepted_by, partner=acceptance.reseller, ended_at=None)
        return {"acceptance": acceptance, "shown": acceptance.request, "membership": person.first()}


class ConfirmAcceptanceView(AcceptanceView):
    """Confirm that the company is the one that was asked: who it is, and one button."""

    def get(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Show who accepted, in full, beside whom the request was sent to."""
        acceptance = self.own_acceptance(public_id)
        template = "acceptance_confirm" if acceptance.awaits_confirmation else "acceptance_settled"
        return render(request, f"resellers/{template}.html", self.shown(acceptance))

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Confirm; a company whose enrolment is not decided goes on waiting for that."""
        acceptance = self.own_acceptance(public_id)
        try:
            result = confirm_acceptance(acceptance=acceptance, by=self.actor)
        except Refused as refusal:
            messages.error(request, str(refusal))
            return redirect("resellers:confirm_acceptance", public_id)
        company = {"company": acceptance.reseller}
        if isinstance(result, Partnership):
            messages.success(request, _("%(company)s is now your indirect reseller.") % company)
            return redirect(result)
        if result.ended_at is None:
            text = _("%(company)s is confirmed. The partnership begins when its enrolment is approved.")
            messages.success(request, text % company)
        return redirect("resellers:confirm_acceptance", public_id)


class RefuseAcceptanceView(AcceptanceView):
    """Do not confirm: a question with a reason, and its answer."""

    def get(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Ask for a reason, unless there is nothing left to refuse."""
        acceptance = self.own_acceptance(public_id)
        if not acceptance.awaits_confirmation:
            return redirect("resellers:confirm_acceptance", public_id)
        return self.ask(acceptance, RefuseForm())

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Refuse; the request stays open for the company that was asked."""
        acceptance = self.own_acceptance(public_id)
        form = RefuseForm(request.POST)
        if not form.is_valid():
            return self.ask(acceptance, form)
        try:
            refuse_acceptance(acceptance=acceptance, reason=form.cleaned_data["reason"], by=self.actor)
        except Refused as refusal:
            messages.error(request, str(refusal))
            return redirect("resellers:confirm_acceptance", public_id)
        messages.success(request, _("%(company)s is not confirmed and was told so.") % {"company": acceptance.reseller})
        return redirect(acceptance.request)

    def ask(self, acceptance: PendingAcceptance, form: RefuseForm) -> HttpResponse:
        """The question."""
        return render(self.request, "resellers/acceptance_refuse.html", self.shown(acceptance) | {"form": form})
