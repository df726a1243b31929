"""Send a request again, correct its address, give it more time: each asks first, for each takes something away."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.exceptions import Refused
from resellers.forms import CorrectAddressForm, ExtendForm
from resellers.models import PartnershipRequest
from resellers.refusals import RecipientRefused
from resellers.services import extend_request, resend_request
from resellers.services.resending import possible_extensions, refuse_resend
from resellers.views.access import OwnRequestView
from resellers.wording import moment_text


class ResendRequestView(OwnRequestView):
    """Resend: a new link to the same address, or a new link to copy."""

    http_method_names = ("get", "head", "post", "options")

    def get(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Say what sending again means, or at once why it is not possible now."""
        shown = self.own_request(public_id)
        try:
            refuse_resend(shown, by=self.actor)
        except Refused as refusal:
            return back_with_reason(request, shown, refusal)
        context = {"shown": shown, "consequences": consequences(shown)}
        return render(request, "resellers/partnershiprequest_resend.html", context)

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Send it; pressed twice, the same new request is shown."""
        shown = self.own_request(public_id)
        try:
            new = resend_request(request=shown, by=self.actor)
        except Refused as refusal:
            return back_with_reason(request, shown, refusal)
        return show_new(request, new)


class CorrectRequestView(OwnRequestView):
    """Correct the address, or send the request to whoever asked for it: a new request to another mailbox."""

    http_method_names = ("get", "head", "post", "options")

    def get(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Show the address, with the one that was asked for where there is one."""
        shown = self.own_request(public_id)
        try:
            refuse_resend(shown, by=self.actor, elsewhere=True)
        except Refused as refusal:
            return back_with_reason(request, shown, refusal)
        return self.page(shown, CorrectAddressForm(shown=shown))

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Send to the address that was entered."""
        shown = self.own_request(public_id)
        form = CorrectAddressForm(request.POST, shown=shown)
        if not form.is_valid():
            return self.page(shown, form)
        try:
            new = resend_request(request=shown, recipient=form.cleaned_data["recipient"], by=self.actor)
        except RecipientRefused as refusal:
            form.add_error("recipient", str(refusal))
            return self.page(shown, form)
        except Refused as refusal:
            form.add_error(None, str(refusal))
            return self.page(shown, form)
        return show_new(request, new)

    def page(self, shown: PartnershipRequest, form: CorrectAddressForm) -> HttpResponse:
        """The form with what happens to the request as it is."""
        context = {"shown": shown, "form": form}
        return render(self.request, "resellers/partnershiprequest_correct.html", context)


class ExtendRequestView(OwnRequestView):
    """Extend: the same link for a longer time."""

    http_method_names = ("get", "head", "post", "options")

    def get(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Offer the times that are longer than the present one."""
        shown = self.own_request(public_id)
        if not possible_extensions(shown):
            messages.info(request, _("This request cannot be extended now: it has ended, or lasts as long as it may."))
            return redirect(shown)
        return self.page(shown, ExtendForm(shown=shown))

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Extend it."""
        shown = self.own_request(public_id)
        form = ExtendForm(request.POST, shown=shown)
        if not possible_extensions(shown):
            return self.get(request, public_id)
        if not form.is_valid():
            return self.page(shown, form)
        try:
            shown = extend_request(request=shown, days=form.cleaned_data["days"], by=self.actor)
        except Refused as refusal:
            return back_with_reason(request, shown, refusal)
        assert shown.expires_at is not None
        text = _("The link is now valid until %(moment)s.")
        messages.success(request, text % {"moment": moment_text(shown.expires_at)})
        return redirect(shown)

    def page(self, shown: PartnershipRequest, form: ExtendForm) -> HttpResponse:
        """The form."""
        return render(self.request, "resellers/partnershiprequest_extend.html", {"shown": shown, "form": form})


def consequences(shown: PartnershipRequest) -> list[str]:
    """What sending again does."""
    if shown.recipient:
        first = _("A mail with a new link goes to %(address)s.") % {"address": shown.recipient}
    else:
        first = _("You get a new link to copy and to send yourself.")
    return [
        first,
        _("The old link stops working. Whoever opens it reads that a newer request was sent."),
        ngettext(
            "The new link is valid for %(days)d day.", "The new link is valid for %(days)d days.", shown.valid_days
        )
        % {"days": shown.valid_days},
    ]


def back_with_reason(request: HttpRequest, shown: PartnershipRequest, refusal: Refused) -> HttpResponse:
    """The page of the request, with why it stays as it is."""
    messages.error(request, str(refusal))
    return redirect(shown)


def show_new(request: HttpRequest, new: PartnershipRequest) -> HttpResponse:
    """The list with the new row, or the page with the link that is to be copied."""
    if not new.recipient:
        messages.success(request, _("The new link works now, and the old one no longer does. Copy it below."))
        return redirect(new)
    text = _("The request to %(address)s is queued with a new link. You get an e-mail when it is accepted.")
    messages.success(request, text % {"address": new.recipient})
    return redirect("resellers:requested")
