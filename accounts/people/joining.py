"""The page behind the link of a colleague's invitation: who reads the invited mailbox accepts, nobody else."""

from uuid import UUID

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from accounts.access import MEMBERSHIP_IN_SESSION
from accounts.invitation_links import KEPT, OPENED, opens
from accounts.link_pages import LinkPage
from accounts.models import ColleagueInvitation, User
from accounts.people.forms import JoinForm
from accounts.services.invitations import (
    AnotherAccount,
    CompanyUnavailable,
    InvitationExpired,
    InvitationUsed,
    UnsuitableAccount,
    accept_invitation,
    accept_with_account,
    check_invitation,
    check_reader,
)
from accounts.services.people import AddressTaken
from accounts.sessions import sign_out_keeping
from core.exceptions import Refused

VARIANTS: dict[type[Refused], tuple[str, int]] = {
    InvitationExpired: ("expired", 410),
    InvitationUsed: ("used", 410),
    CompanyUnavailable: ("unavailable", 409),
    AnotherAccount: ("another_account", 409),
    UnsuitableAccount: ("unsuitable", 409),
}


@method_decorator(sensitive_post_parameters("password1", "password2"), name="dispatch")
class JoiningView(LinkPage):
    """The invitation found by its public ID."""

    http_method_names: tuple[str, ...] | list[str] = ["get", "head", "options"]

    def find(self, public_id: UUID) -> ColleagueInvitation | None:
        """The invitation, whoever asks: what may be shown of it is decided by the link that was opened."""
        return ColleagueInvitation.objects.select_related("partner", "created_by").filter(public_id=public_id).first()

    def nonce(self, public_id: UUID) -> str:
        """The nonce of the link that was opened in this session, or ""."""
        return str(self.request.session.get(OPENED, {}).get(str(public_id), ""))

    def refused(self, invitation: ColleagueInvitation, refusal: Refused) -> HttpResponse:
        """The page that belongs to a refusal."""
        if type(refusal) not in VARIANTS:
            return self.bad_link()
        template, status = VARIANTS[type(refusal)]
        context = {"invitation": invitation, "company": invitation.partner}
        return render(self.request, f"people/joining/{template}.html", context, status=status)


class JoinLandingView(JoiningView):
    """The address in the mail: proves the link and takes the token out of the address. Changes nothing."""

    def get(self, request: HttpRequest, public_id: UUID, token: str) -> HttpResponse:
        """Note the link in the session and go to the page."""
        found = self.find(public_id)
        # One that does not exist is compared as well: how long the answer takes must not tell which ones do.
        genuine = opens(found or ColleagueInvitation(), token)
        if found is None or not genuine:
            return self.bad_link()
        opened = {**request.session.get(OPENED, {}), str(public_id): found.nonce}
        request.session[OPENED] = dict(list(opened.items())[-KEPT:])
        return redirect("people:join", public_id)


class JoinView(JoiningView):
    """Accept: with the account one is signed in with, or with a new one for the invited address."""

    http_method_names = ["get", "head", "post", "options"]

    def get(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """What accepting means, and the button or the form."""
        invitation = self.find(public_id)
        if invitation is None:
            return self.bad_link()
        try:
            self.check(invitation)
        except Refused as refusal:
            return self.refused(invitation, refusal)
        return self.page(invitation)

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Accept, once; what stands in the way, the page says."""
        invitation = self.find(public_id)
        if invitation is None:
            return self.bad_link()
        try:
            if self.actor.user is not None:
                membership = accept_invitation(invitation=invitation, nonce=self.nonce(public_id), by=self.actor)
                request.session[MEMBERSHIP_IN_SESSION] = membership.pk
                messages.success(request, _("You now work for %(company)s.") % {"company": invitation.partner})
                return redirect("home")
            self.check(invitation)
            return self.accept_as_newcomer(invitation)
        except Refused as refusal:
            return self.refused(invitation, refusal)

    def check(self, invitation: ColleagueInvitation) -> None:
        """Raise why this reader cannot accept."""
        check_invitation(invitation, self.nonce(invitation.public_id))
        if self.actor.user is not None:
            check_reader(invitation, self.actor.user)

    def accept_as_newcomer(self, invitation: ColleagueInvitation) -> HttpResponse:
        """Create the account and sign in with it: with a new session, and the second factor where it is asked for."""
        form = JoinForm(self.request.POST, invitation=invitation)
        if self.has_account(invitation) or not form.is_valid():
            return self.page(invitation, form)
        entered = form.cleaned_data
        person = {"full_name": entered["full_name"], "language": entered["language"], "password": entered["password1"]}
        try:
            membership = accept_with_account(
                invitation=invitation, nonce=self.nonce(invitation.public_id), by=self.actor, **person
            )
        except AddressTaken:
            return self.page(invitation)
        login = Login(user=membership.user, redirect_url=reverse("home"))
        return perform_password_login(self.request, {"username": membership.user.sign_in_name}, login)

    def has_account(self, invitation: ColleagueInvitation) -> bool:
        """Whether the invited address has an account: said only to who has opened its link."""
        return User.objects.filter(sign_in_name=invitation.address_key).exists()

    def page(self, invitation: ColleagueInvitation, form: JoinForm | None = None) -> HttpResponse:
        """The button, the form, or the way to sign in."""
        here = reverse("people:join", args=[invitation.public_id])
        known = self.actor.user is None and self.has_account(invitation)
        if self.actor.user is None and not known:
            form = form or JoinForm(invitation=invitation)
        context = {
            "invitation": invitation,
            "company": invitation.partner,
            "form": None if known else form,
            "known": known,
            "sign_in_url": f"{reverse('account_login')}?{urlencode({'next': here})}",
        }
        return render(self.request, "people/joining/accept.html", context)


class SwitchToInvitedView(JoiningView):
    """Switch account: leave, keep the invitation, come back as somebody else."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Sign out and open the invitation again."""
        sign_out_keeping(request)
        return redirect("people:join", public_id)
