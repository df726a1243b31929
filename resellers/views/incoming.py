"""The button beside a request on Home."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts.permitted import PermittedView
from accounts.roles import Permission
from core.exceptions import Refused
from resellers.incoming import incoming_request
from resellers.services import mail_request_again


class MailAgainView(PermittedView):
    """Mail the link to the person whom it was sent to; the page itself never has it."""

    permission = Permission.VIEW_PROVIDERS
    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Queue the mail, or say from when on that is possible."""
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
        return redirect("home")
