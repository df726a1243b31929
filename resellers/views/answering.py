"""The page behind a request's link, outside the shell: whoever holds the link reads it, the right person accepts it."""

import dataclasses
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.access import MEMBERSHIP_IN_SESSION, Actor
from accounts.models import Membership, Partner
from accounts.roles import Role
from accounts.sessions import sign_out_keeping
from core.exceptions import InvalidTransition, Refused
from resellers import refusals
from resellers.answer_forms import DeclineForm
from resellers.landing import forget_pending, landed_nonce
from resellers.models import PartnershipRequest, PendingAcceptance
from resellers.services import (
    accept_request,
    ask_for_new_link,
    check_answer,
    check_link,
    decline_request,
    note_opened,
    withdraw_acceptance,
)
from resellers.services.accepters import has_accepting_role, people_who_may_accept
from resellers.services.answers import PossibleAnswer, accepted_by
from resellers.services.asking import asked_lately
from resellers.views.landing import InvitationView
from resellers.wording import GRANTS

# refusal -> (template, status). Somebody with several companies reads the first that any of them meets.
VARIANTS: dict[type[Refused], tuple[str, int]] = {
    refusals.LinkWithdrawn: ("broken", 404),
    refusals.NotYetSent: ("not_sent", 409),
    refusals.RequestExpired: ("expired", 410),
    refusals.RequestReplaced: ("replaced", 410),
    refusals.AcceptanceWaiting: ("waiting", 200),
    refusals.RequestUsed: ("used", 410),
    refusals.ProviderUnavailable: ("unavailable", 409),
    refusals.MailboxNotProved: ("prove_mailbox", 409),
    refusals.AlreadyPartners: ("already_partners", 200),
    refusals.NotConfirmed: ("not_confirmed", 409),
    refusals.RoleTooLow: ("role_too_low", 403),
    refusals.NotEnrolled: ("not_enrolled", 409),
    refusals.OwnRequest: ("own_request", 409),
    refusals.AnotherAccount: ("another_account", 409),
    refusals.NoReseller: ("no_reseller", 409),
}


class AnswerView(InvitationView):
    """The page of the request in the variant that belongs to the reader."""

    http_method_names: tuple[str, ...] = ("get", "head", "options")

    def get(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Show who asks, what accepting grants, and what this person can do about it."""
        shown = self.find(public_id)
        if shown is None:
            return self.broken()
        if accepted_by(shown, self.actor) and shown.partnership is not None:
            return self.page("ended" if shown.partnership.ended_at else "accepted", shown)
        nonce = landed_nonce(request.session, shown)
        try:
            if self.actor.user is None:
                if check_link(shown, nonce) is not None:
                    raise refusals.RequestUsed
                return self.page("sign_in", shown)
            choices = self.choices(shown, nonce)
        except Refused as refusal:
            return self.refused(shown, refusal)
        own = [choice.company.pk for choice in choices]
        acting_for = self.actor.partner.pk if self.actor.partner else None
        return self.page("accept", shown, choices=choices, chosen=acting_for if acting_for in own else own[0])

    def choices(self, shown: PartnershipRequest, nonce: str) -> list[PossibleAnswer]:
        """What accepting would do for each company of the person; raise the closest refusal if none can."""
        able, refused = [], []
        for membership in self.request.memberships or [None]:  # type: ignore[attr-defined]
            try:
                able.append(check_answer(shown, nonce, acting_as(self.actor, membership)))
            except refusals.AnswerRefused as refusal:
                refused.append(refusal)
        # A colleague of a company that waits may stand in for it, but nobody is asked to begin where one waits.
        if not able:
            ranks = list(VARIANTS)
            raise min(refused, key=lambda refusal: ranks.index(type(refusal)))
        return able

    def refused(self, shown: PartnershipRequest, refusal: Refused) -> HttpResponse:
        """The page that belongs to a refusal."""
        template, status = VARIANTS[type(refusal)]
        if template == "broken":
            return self.broken()
        context: dict[str, Any] = {}
        if isinstance(refusal, refusals.CompanyRefused):
            context["company"] = refusal.company
        if isinstance(refusal, refusals.RoleTooLow):
            context["colleagues"] = people_who_may_accept(refusal.company)
        if isinstance(refusal, refusals.AcceptanceWaiting):
            membership = self.membership_of(refusal.company)
            may_withdraw = membership is not None and has_accepting_role(membership)
            context |= {"acceptance": refusal.acceptance, "may_withdraw": may_withdraw}
        return self.page(template, shown, status, **context)

    def membership_of(self, company: Partner) -> Membership | None:
        """The reader's own membership of a company."""
        memberships: list[Membership] = self.request.memberships  # type: ignore[attr-defined]
        return next((one for one in memberships if one.partner_id == company.pk), None)

    def connected_company(self, shown: PartnershipRequest) -> Partner | None:
        """The company that accepted, if the reader works there: to everybody else it is not named."""
        reseller = shown.partnership.reseller if shown.partnership else None
        return reseller if reseller and self.membership_of(reseller) else None

    def page(self, name: str, shown: PartnershipRequest, status: int = 200, **context: Any) -> HttpResponse:
        """One variant, with the facts that all of them show."""
        clean = reverse("resellers:invitation", args=[shown.public_id])
        frame = {
            "shown": shown,
            "provider": shown.provider,
            "grants": GRANTS,
            "company": self.connected_company(shown),
            "asked_lately": asked_lately(shown),
            "here": clean,
            "sign_in_url": f"{reverse('account_login')}?{urlencode({'next': clean})}",
        }
        return render(self.request, f"resellers/invitation/{name}.html", frame | context, status=status)


class ContinueView(InvitationView):
    """Sign in and continue, or create an account: a button, so that whoever goes on is a person."""

    http_method_names = ("post",)
    target = "account_login"

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Note that the request was opened and go where the button says; the page is next after that."""
        shown = self.find(public_id)
        if shown is None:
            return self.broken()
        nonce = landed_nonce(request.session, shown)
        try:
            check_link(shown, nonce)
        except Refused:
            return redirect("resellers:invitation", public_id)
        note_opened(request=shown, nonce=nonce, by=self.actor)
        clean = reverse("resellers:invitation", args=[public_id])
        return redirect(f"{reverse(self.target)}?{urlencode({'next': clean})}")


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


class DeclineView(AnswerView):
    """Decline, with or without an account: a question with a reason, and its answer."""

    http_method_names = ("get", "head", "post", "options")

    def get(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Ask why; a link that cannot be declined leads to the page that says what it is."""
        shown = self.find(public_id)
        if shown is None:
            return self.broken()
        return self.ask(shown, DeclineForm())

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Decline; until the request expires, the same page still accepts."""
        shown = self.find(public_id)
        if shown is None:
            return self.broken()
        form = DeclineForm(request.POST)
        if not form.is_valid():
            return self.ask(shown, form)
        nonce = landed_nonce(request.session, shown)
        try:
            decline_request(request=shown, nonce=nonce, by=self.actor, **form.cleaned_data)
        except Refused:
            return redirect("resellers:invitation", public_id)
        forget_pending(request.session, shown)
        messages.success(request, _("You have declined the request."))
        return redirect("resellers:invitation", public_id)

    def ask(self, shown: PartnershipRequest, form: DeclineForm) -> HttpResponse:
        """The question, if the link can still be declined."""
        try:
            waiting = check_link(shown, landed_nonce(self.request.session, shown))
        except Refused:
            return redirect("resellers:invitation", shown.public_id)
        if waiting is not None or shown.state == PartnershipRequest.State.DECLINED:
            return redirect("resellers:invitation", shown.public_id)
        return self.page("decline", shown, form=form)


class WithdrawView(InvitationView):
    """Take back a yes that still waits."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Withdraw for the company that accepted, if the person works there."""
        waiting = PendingAcceptance.objects.waiting().filter(request__public_id=public_id)
        own: list[Membership] = request.memberships  # type: ignore[attr-defined]
        for acceptance in waiting.select_related("request", "reseller"):
            for membership in own:
                if membership.partner_id == acceptance.reseller_id:
                    self.withdraw(acceptance, acting_as(self.actor, membership))
        return redirect("resellers:invitation", public_id)

    def withdraw(self, acceptance: PendingAcceptance, by: Actor) -> None:
        """Withdraw, and say so, unless it was completed or ended meanwhile."""
        try:
            withdraw_acceptance(acceptance=acceptance, by=by)
        except InvalidTransition:
            return  # the page shows where the request stands
        messages.success(self.request, _("You have withdrawn. The request can still be accepted while it is valid."))


class AskView(InvitationView):
    """Ask for a new link, with or without an account."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Tell the sender, once a day; the answer is the same either way, and tells nothing more than the page did."""
        shown = self.find(public_id)
        if shown is None:
            return self.broken()
        try:
            ask_for_new_link(request=shown, nonce=landed_nonce(request.session, shown), by=self.actor)
        except Refused:
            return redirect("resellers:invitation", public_id)
        messages.success(request, _("%(provider)s is asked for a new request.") % {"provider": shown.provider})
        return redirect("resellers:invitation", public_id)


class SwitchAccountView(InvitationView):
    """Switch account: leave, keep the request, come back as somebody else."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Sign out and ask for another account; the next page is the request again."""
        shown = self.find(public_id)
        if shown is not None:
            note_opened(request=shown, nonce=landed_nonce(request.session, shown), by=self.actor)
        sign_out_keeping(request)
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
