"""The page behind a request's link, outside the shell: whoever holds the link reads it, the right person accepts it."""

import dataclasses
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.generic import View

from accounts.access import MEMBERSHIP_IN_SESSION, Actor
from accounts.models import Membership, Partner
from accounts.roles import MATRIX, Permission, Program, Role
from core.exceptions import Refused
from core.pages import too_many
from resellers import refusals
from resellers.landing import forget_pending, landed_nonce, remember, sign_out_keeping_requests
from resellers.limits import SECONDS, count_bad_link
from resellers.models import PartnershipRequest
from resellers.services import accept_request, check_answer, check_link, decline_request
from resellers.tokens import token_matches
from resellers.wording import GRANTS

# refusal -> (template, status). What the link itself cannot do comes first, then what this person cannot.
VARIANTS: dict[type[Refused], tuple[str, int]] = {
    refusals.LinkWithdrawn: ("broken", 404),
    refusals.NotYetSent: ("not_sent", 409),
    refusals.RequestExpired: ("expired", 410),
    refusals.RequestReplaced: ("replaced", 410),
    refusals.RequestUsed: ("used", 410),
    refusals.ProviderUnavailable: ("unavailable", 409),
    refusals.OwnRequest: ("own_request", 409),
    refusals.AnotherAccount: ("another_account", 409),
    refusals.AlreadyPartners: ("already_partners", 200),
    refusals.RoleTooLow: ("role_too_low", 403),
    refusals.NotEnrolled: ("not_enrolled", 409),
    refusals.NoReseller: ("no_reseller", 409),
}


@method_decorator(login_not_required, name="dispatch")
class InvitationView(View):
    """Headers that keep the link from every other site, and the request found by its public ID."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer, and let nobody keep or pass on the address.

        Only addresses that hold a token say no-referrer: under that policy browsers post forms with `Origin: null`,
        which the forgery protection must refuse. The others keep same-origin, and there is nothing secret in them.
        """
        response = super().dispatch(request, *args, **kwargs)
        if "token" in kwargs or "rest" in kwargs:
            response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"
        return response

    @property
    def actor(self) -> Actor:
        """Who looks at the page, perhaps nobody known."""
        actor: Actor = self.request.actor  # type: ignore[attr-defined]
        return actor

    def find(self, public_id: UUID) -> PartnershipRequest | None:
        """The request, whoever asks: what may be shown of it is decided by the link that was opened."""
        related = ("provider", "created_by", "sent_by", "answered_by", "partnership__reseller")
        return PartnershipRequest.objects.select_related(*related).filter(public_id=public_id).first()

    def broken(self) -> HttpResponse:
        """One page for links that are unknown, malformed, withdrawn or guessed, so that it tells nothing."""
        return render(self.request, "resellers/invitation/broken.html", status=404)

    def bad_link(self) -> HttpResponse:
        """The same page, counted: guessing is stopped, and costs the portal nothing."""
        if count_bad_link(self.actor.ip or ""):
            return too_many(self.request, seconds=SECONDS)
        return self.broken()


class LandingView(InvitationView):
    """The address in the mail: proves the link and takes the token out of the address. Changes nothing."""

    http_method_names = ("get", "head", "options")

    def get(self, request: HttpRequest, public_id: UUID, token: str) -> HttpResponse:
        """Note the link in the session and go to the page."""
        found = self.find(public_id)
        if found is None or not token_matches(found, token):
            return self.bad_link()
        remember(request.session, found)
        return redirect("resellers:invitation", public_id)


class BrokenLinkView(InvitationView):
    """Addresses that no link has ever had."""

    http_method_names = ("get", "head", "options")

    def get(self, request: HttpRequest, rest: str = "") -> HttpResponse:
        """The same page as for an unknown link."""
        return self.bad_link()


class AnswerView(InvitationView):
    """The page of the request in the variant that belongs to the reader."""

    http_method_names = ("get", "head", "options")

    def get(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Show who asks, what accepting grants, and what this person can do about it."""
        shown = self.find(public_id)
        if shown is None:
            return self.broken()
        user = self.actor.user
        if user and shown.state == PartnershipRequest.State.ACCEPTED and shown.answered_by_id == user.pk:
            return self.page("accepted", shown)
        nonce = landed_nonce(request.session, shown)
        try:
            check_link(shown, nonce)
            if user is None:
                return self.page("sign_in", shown)
            able = self.able_companies(shown, nonce)
        except Refused as refusal:
            template, status = VARIANTS[type(refusal)]
            if template == "broken":
                return self.broken()
            return self.page(template, shown, status, refusal=refusal)
        chosen = next((one.pk for one in able if one.partner == self.actor.partner), able[0].pk)
        return self.page("accept", shown, memberships=able, chosen=chosen)

    def able_companies(self, shown: PartnershipRequest, nonce: str) -> list[Membership]:
        """The person's companies that could accept; raise the refusal that comes closest if there is none."""
        able, refused = [], []
        for membership in self.request.memberships or [None]:  # type: ignore[attr-defined]
            try:
                check_answer(shown, nonce, acting_as(self.actor, membership))
                able.append(membership)
            except refusals.AnswerRefused as refusal:
                refused.append(refusal)
        if not able:
            ranks = list(VARIANTS)
            raise min(refused, key=lambda refusal: ranks.index(type(refusal)))
        return able

    def connected_company(self, shown: PartnershipRequest) -> Partner | None:
        """The company that accepted, if the reader works there: to everybody else it is not named."""
        reseller = shown.partnership.reseller if shown.partnership else None
        own = {membership.partner_id for membership in self.request.memberships}  # type: ignore[attr-defined]
        return reseller if reseller and reseller.pk in own else None

    def page(self, name: str, shown: PartnershipRequest, status: int = 200, **context: Any) -> HttpResponse:
        """One variant, with the facts that all of them show."""
        refusal = context.get("refusal")
        company = refusal.company if isinstance(refusal, refusals.CompanyRefused) else self.connected_company(shown)
        clean = reverse("resellers:invitation", args=[shown.public_id])
        context |= {
            "shown": shown,
            "provider": shown.provider,
            "grants": GRANTS,
            "company": company,
            "colleagues": people_who_may_accept(company) if isinstance(refusal, refusals.RoleTooLow) else [],
            "sign_in_url": f"{reverse('account_login')}?{urlencode({'next': clean})}",
        }
        return render(self.request, f"resellers/invitation/{name}.html", context, status=status)


class AcceptView(InvitationView):
    """Accept and connect."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Accept for the chosen company; whatever stands in the way, the page of the request says so."""
        shown = self.find(public_id)
        if shown is None:
            return self.broken()
        membership = chosen_membership(request)
        if membership is None:
            # Not signed in, without a company, or a choice that is none of theirs: the page says what to do.
            return redirect("resellers:invitation", public_id)
        by = acting_as(self.actor, membership)
        try:
            accept_request(request=shown, nonce=landed_nonce(request.session, shown), by=by)
        except Refused:
            return redirect("resellers:invitation", public_id)
        forget_pending(request.session, shown)
        # What the success page offers next is done for the company that has just accepted.
        request.session[MEMBERSHIP_IN_SESSION] = membership.pk
        return redirect("resellers:invitation", public_id)


class DeclineView(InvitationView):
    """Decline, with or without an account."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Decline; until the request expires, the same page still accepts."""
        shown = self.find(public_id)
        if shown is None:
            return self.broken()
        try:
            decline_request(request=shown, nonce=landed_nonce(request.session, shown), by=self.actor)
        except Refused:
            pass  # the page shows where the request stands
        else:
            forget_pending(request.session, shown)
            messages.success(request, _("You have declined the request."))
        return redirect("resellers:invitation", public_id)


class SwitchAccountView(InvitationView):
    """Switch account: leave, keep the request, come back as somebody else."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Sign out and ask for another account; the next page is the request again."""
        sign_out_keeping_requests(request)
        clean = reverse("resellers:invitation", args=[public_id])
        return redirect(f"{reverse('account_login')}?{urlencode({'next': clean})}")


def acting_as(actor: Actor, membership: Membership | None) -> Actor:
    """The same person acting for the company of this membership; without one, as they are."""
    if membership is None:
        return actor
    return dataclasses.replace(actor, partner=membership.partner, role=Role(membership.role), customer=None)


def chosen_membership(request: HttpRequest) -> Membership | None:
    """The company chosen among the person's own, or the only one; an unknown choice is none."""
    memberships: list[Membership] = request.memberships  # type: ignore[attr-defined]
    wanted = request.POST.get("company", "")
    if wanted:
        return next((one for one in memberships if str(one.partner.microsoft_id) == wanted), None)
    return memberships[0] if len(memberships) == 1 else None


def people_who_may_accept(company: Any) -> list[Membership]:
    """Colleagues whose role includes accepting; shown to people of the same company only."""
    roles = MATRIX[Program.INDIRECT_RESELLER, Permission.ACCEPT_PARTNERSHIP]
    rows = Membership.objects.current().filter(partner=company, role__in=roles)
    return list(rows.select_related("user").order_by("user__full_name", "pk")[:10])
