"""The last step: the company, and for somebody new the account that goes with it."""

from typing import Any

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView, TemplateView

from accounts.access import Actor, membership_user
from accounts.enrolment.forms import UPDATE, EnrolForm, EnrolNewcomerForm
from accounts.enrolment.session import ENROLLING, AskedCode, asked_code, forget_code, next_of, with_next
from accounts.enrolment.views.steps import page
from accounts.models import Membership, User, mpn_key
from accounts.services import (
    AddressTaken,
    AlreadyEnrolled,
    Newcomer,
    ProofMissing,
    enrol_company,
    enrol_with_account,
    refuse_unsuitable,
)
from accounts.throttle import minutes_until_enrolment, too_many_tries
from core.exceptions import Refused


@method_decorator(login_not_required, name="dispatch")
@method_decorator(sensitive_post_parameters("password1", "password2"), name="dispatch")
class CompanyView(FormView):
    """Describe the company and enroll it: with the account one has, or with a new one for the proved address."""

    template_name = "enrolment/company.html"
    asked: AskedCode | None = None

    @property
    def actor(self) -> Actor:
        """Who enrolls, perhaps nobody known."""
        actor: Actor = self.request.actor  # type: ignore[attr-defined]
        return actor

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Whoever has not proved a mailbox does that first; whoever has a company sees where it stands."""
        away = self.of_somebody() if request.user.is_authenticated else self.of_nobody()
        return away or super().dispatch(request, *args, **kwargs)

    def of_somebody(self) -> HttpResponse | None:
        """Why somebody who is signed in does not fill in the form, if so."""
        user = membership_user(self.request)
        if self.actor.partner is not None:
            return redirect("enrolment:status")
        try:
            refuse_unsuitable(user)
        except Refused as refusal:
            return render(self.request, "enrolment/unsuitable.html", {"text": str(refusal)}, status=409)
        if user.email_proved_at is None:
            return redirect(with_next(reverse("enrolment:prove_email"), page(self.request, "company")))
        return None

    def of_nobody(self) -> HttpResponse | None:
        """The step that a stranger still owes, if any."""
        self.asked = asked_code(self.request.session, ENROLLING)
        if self.asked is None:
            return redirect(page(self.request, "start"))
        return None if self.asked.proves else redirect(page(self.request, "code"))

    def get_form(self, form_class: Any = None) -> EnrolForm:
        """The form for a person with or without an account."""
        data = self.request.POST if self.request.method == "POST" else None
        return EnrolNewcomerForm(data, address=self.asked.address) if self.asked else EnrolForm(data)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Bring the fields of another country, or enroll."""
        if UPDATE in request.POST:
            return self.render_to_response(self.get_context_data())
        return super().post(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Whose company it is, and the way out for who is somebody else."""
        return super().get_context_data(person=self.actor.user, start_url=page(self.request, "start"), **kwargs)

    def form_valid(self, form: EnrolForm) -> HttpResponse:
        """Enroll; what the service refuses is said in the page, and nothing that was typed is lost."""
        address = self.asked.address if self.asked else membership_user(self.request).sign_in_name
        if minutes := minutes_until_enrolment(self.request, address):
            form.add_error(None, too_many_tries(minutes))
            return self.form_invalid(form)
        try:
            if self.asked:
                return self.enrol_newcomer(form, self.asked)
            enrol_company(user=membership_user(self.request), facts=form.facts(), by=self.actor)
        except AlreadyEnrolled:
            return redirect("enrolment:status")
        except ProofMissing as refusal:
            messages.warning(self.request, str(refusal))
            return redirect(page(self.request, "start"))
        except ValidationError as error:
            form.add_refusal(error)
            return self.form_invalid(form)
        return redirect(next_of(self.request) or "enrolment:done")

    def enrol_newcomer(self, form: EnrolForm, asked: AskedCode) -> HttpResponse:
        """Create the account and sign in with it; of two presses both end signed in."""
        newcomer = Newcomer(*(form.cleaned_data[name] for name in ("full_name", "language", "password1")))
        try:
            membership = enrol_with_account(
                newcomer=newcomer, facts=form.facts(), code_id=asked.code_id, binding=asked.binding, by=self.actor
            )
        except AddressTaken as refusal:
            found = enrolled_a_moment_ago(asked.address, newcomer.password, form.facts().mpn_id)
            if found is None:
                way_out = _("Sign in with the password of that account.")
                form.add_error(None, f"{refusal} {way_out}")
                return self.form_invalid(form)
            membership = found
        return self.sign_in(membership.user)

    def sign_in(self, user: User) -> HttpResponse:
        """Sign in as from the sign-in page: with a new session, and with the second factor where it is asked for."""
        forget_code(self.request.session, ENROLLING)
        login = Login(user=user, redirect_url=next_of(self.request) or reverse("enrolment:done"))
        return perform_password_login(self.request, {"username": user.sign_in_name}, login)


def enrolled_a_moment_ago(address: str, password: str, mpn_id: str) -> Membership | None:
    """The membership that the same answers made before, for the person who knows the password that was chosen then."""
    rows = Membership.objects.current().filter(user__sign_in_name=address, partner__mpn_key=mpn_key(mpn_id))
    membership = rows.select_related("user", "partner").first()
    return membership if membership and membership.user.check_password(password) else None


class DoneView(TemplateView):
    """The application is in: what happens next."""

    http_method_names = ("get", "head", "options")
    template_name = "enrolment/done.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Only for a company that waits; every other is told where it stands."""
        partner = request.actor.partner  # type: ignore[attr-defined]
        if partner is None or partner.enrolment_state != partner.EnrolmentState.PENDING:
            return redirect("enrolment:status")
        return self.render_to_response(self.get_context_data(partner=partner))
