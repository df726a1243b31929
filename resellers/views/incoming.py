"""Requests to one's own mailbox, and the button beside each that mails its link again."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.middleware import page_of_form
from accounts.permitted import PermittedView
from accounts.roles import Permission
from core.exceptions import Refused
from resellers.incoming import incoming_request, incoming_requests
from resellers.services import mail_request_again


class IncomingView(PermittedView):
    """All that wait for the person's answer; Home shows the first of them."""

    permission = Permission.VIEW_PROVIDERS

    def get(self, request: HttpRequest) -> HttpResponse:
        """List them, each with its button."""
        assert self.actor.user is not None
        context = {"incoming": incoming_requests(self.actor), "address": self.actor.user.email}
        return render(request, "resellers/incoming.html", context)


class MailAgainView(PermittedView):
    """Mail the link to the person whom it was sent to; the page itself never has it."""

    permission = Permission.VIEW_PROVIDERS
    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Queue the mail, or say from when on that is possible; then back to the page that had the button."""
        found = incoming_request(self.actor, public_id)
        if found is None:
            raise Http404
        try:
            mail_request_again(request=found, by=self.actor)
        except Refused as refusal:
            messages.error(request, str(refusal))
        else:
            text = _("The e-mail with the link of %(provider)s is on its way to your mailbox.")
            messages.success(request, text % {"provider": found.provider})
        came_from_list = page_of_form(request) == reverse("resellers:incoming")
        return redirect("resellers:incoming" if came_from_list else "home")
