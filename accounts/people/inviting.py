"""The pages on which a company invites colleagues and follows its invitations."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.generic import TemplateView

from accounts.access import can
from accounts.models import ColleagueInvitation
from accounts.people.forms import InviteForm
from accounts.people.tables import InvitationTable, invitation_badge
from accounts.people.views import PeoplePage, people_tabs
from accounts.roles import Role
from accounts.services.invitations import invite_colleague, resend_invitation, revoke_invitation
from core.exceptions import Refused
from core.html import time_tag
from core.lists import ListPage


class InvitationList(PeoplePage, ListPage):
    """Invitations that nobody has accepted."""

    title = gettext_lazy("People")
    table_class = InvitationTable
    sorts = {"address": "address_key", "sent": "sent_at", "until": "expires_at"}
    default_sort = "-sent"
    template_name = "people/list.html"
    empty_title = gettext_lazy("No invitation is waiting")
    empty_text = gettext_lazy("Colleagues whom you invite appear here until they accept.")
    empty_icon = "envelope"

    def get_queryset(self) -> QuerySet[ColleagueInvitation]:
        """The company's own."""
        return ColleagueInvitation.objects.visible_to(self.actor).open().select_related("created_by")

    def get_tabs(self) -> list[dict[str, Any]]:
        """The lists of people."""
        return people_tabs(self.request.path)


class InviteView(PeoplePage):
    """Invite a colleague by address and role."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Ask whom, in the company's language."""
        assert self.actor.partner is not None
        initial = {"role": Role.HELPDESK_AGENT, "language": self.actor.partner.language}
        return self.page(InviteForm(initial=initial, actor=self.actor))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Send the invitation."""
        form = InviteForm(request.POST, actor=self.actor)
        if not form.is_valid():
            return self.page(form)
        try:
            invitation = invite_colleague(by=self.actor, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
            return self.page(form)
        messages.success(request, _("The invitation to %(address)s is on its way.") % {"address": invitation})
        return redirect("people:invitations")

    def page(self, form: InviteForm) -> HttpResponse:
        """The form."""
        return render(self.request, "people/invite.html", {"form": form})


class InvitationPage(PeoplePage):
    """A page or an action of one invitation of the company; another company's is not found."""

    @cached_property
    def invitation(self) -> ColleagueInvitation:
        """The invitation."""
        rows = ColleagueInvitation.objects.visible_to(self.actor).select_related("partner", "created_by", "accepted_by")
        return get_object_or_404(rows, public_id=self.kwargs["public_id"])

    def require_reach(self) -> None:
        """Refuse with 403 to handle an invitation to a role above one's own."""
        if not can(self.actor, self.permission, self.invitation):
            raise PermissionDenied


class InvitationView(InvitationPage, TemplateView):
    """Where an invitation stands, and what may be done."""

    template_name = "people/invitation.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Facts and actions."""
        invitation = self.invitation
        facts = [
            (_("Role"), invitation.get_role_display()),
            (_("State"), invitation_badge(invitation)),
            (_("Invited by"), invitation.created_by),
            (pgettext("invitation", "Sent"), time_tag(invitation.sent_at, "both")),
            (pgettext("invitation", "Valid until"), time_tag(invitation.expires_at)),
        ]
        in_reach = can(self.actor, self.permission, invitation)
        return super().get_context_data(invitation=invitation, facts=facts, in_reach=in_reach, **kwargs)


class ResendView(InvitationPage):
    """Mail it again with a new link."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Within the limits."""
        self.require_reach()
        try:
            resend_invitation(invitation=self.invitation, by=self.actor)
            text = _("The invitation to %(address)s is on its way. The link before it does not work any more.")
            messages.success(request, text % {"address": self.invitation})
        except Refused as refusal:
            messages.error(request, str(refusal))
        return redirect(self.invitation)


class RevokeView(InvitationPage):
    """Withdraw it."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Pressed twice, the same."""
        self.require_reach()
        try:
            revoke_invitation(invitation=self.invitation, by=self.actor)
            messages.success(request, _("The invitation to %(address)s is revoked.") % {"address": self.invitation})
        except Refused as refusal:
            messages.error(request, str(refusal))
        return redirect("people:invitations")
