"""Pages of sign-in and of one's own account; those of the library wear the portal's forms, words and records."""

import dataclasses
from typing import Any

from allauth.account import views as library
from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.login import record_authentication
from allauth.core.internal import ratelimit
from allauth.mfa.base import views as mfa
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.db import transaction
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse, reverse_lazy
from django.utils import translation
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView, TemplateView, View

from accounts.access import MEMBERSHIP_IN_SESSION, Actor, membership_user
from accounts.enrolment.session import next_of, with_next
from accounts.forms import ChangePasswordForm, OwnPasswordForm, PreferencesForm, ResetPasswordForm
from accounts.middleware import after_steps, heading_for
from accounts.models import Membership
from accounts.services import record_second_factor, request_password_reset, set_own_password, update_preferences
from accounts.throttle import APP, minutes_until_allowed
from core.exceptions import Refused

INVITATION = "pending_invitation"


def actor_of(request: HttpRequest) -> Actor:
    """The request's actor, naming the person even where the request began before it was known who it is."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor if actor.user else dataclasses.replace(actor, user=membership_user(request))


# --- in and out ------------------------------------------------------------------------------------------------------
class SignInView(library.LoginView):  # type: ignore[misc]
    """The way in, for everybody."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the partnership request that brought the person here, if one did, and the way to enroll."""
        enroll_url = with_next(reverse("enrolment:start"), next_of(self.request))
        return super().get_context_data(
            invitation=self.request.session.get(INVITATION), enroll_url=enroll_url, **kwargs
        )


@method_decorator(login_not_required, name="dispatch")
class SignOutView(library.LogoutView):  # type: ignore[misc]
    """The way out; the browser forgets the pages it kept."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """End the session."""
        response: HttpResponse = super().post(request, *args, **kwargs)
        response.headers["Clear-Site-Data"] = '"cache"'
        return response


# --- passwords -------------------------------------------------------------------------------------------------------
@method_decorator(sensitive_post_parameters("password1", "password2", "oldpassword"), name="dispatch")
class OwnPasswordView(FormView):
    """Choose a password of one's own in place of the temporary one."""

    form_class = OwnPasswordForm
    template_name = "accounts/own_password.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Nothing to do here for those whose password is their own."""
        if not membership_user(request).must_change_password:
            return redirect("account_change_password")
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        """The form judges the password with its owner in mind."""
        return {**super().get_form_kwargs(), "user": self.request.user}

    def form_valid(self, form: BaseForm) -> HttpResponse:
        """Save, stay signed in here and nowhere else, go on."""
        try:
            user = set_own_password(
                user=membership_user(self.request), password=form.cleaned_data["password1"], by=actor_of(self.request)
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
            return self.form_invalid(form)
        update_session_auth_hash(self.request, user)
        messages.success(self.request, _("Your password is changed."))
        return redirect(self.get_success_url())

    def get_success_url(self) -> str:
        """Where the person was heading."""
        return after_steps(self.request)


class ChangePasswordView(OwnPasswordView):
    """Change one's password at any time."""

    form_class = ChangePasswordForm
    template_name = "account/password_change.html"
    success_url = reverse_lazy("accounts:preferences")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Somebody with a temporary password never comes here; count tries per person."""
        if not ratelimit.consume(request, app=APP, action="change_password", user=request.user):
            return ratelimit.respond_429(request)
        return FormView.dispatch(self, request, *args, **kwargs)

    def get_success_url(self) -> str:
        """One's own account."""
        return str(self.success_url)


@method_decorator(login_not_required, name="dispatch")
class ResetPasswordView(FormView):
    """Ask for a link by mail; the answer is the same whether or not the address is known."""

    form_class = ResetPasswordForm
    template_name = "account/password_reset.html"
    success_url = reverse_lazy("account_reset_password_done")

    def form_valid(self, form: BaseForm) -> HttpResponse:
        """Queue the mail, unless this address or this client has asked too often."""
        email = form.cleaned_data["email"]
        if not ratelimit.consume(self.request, app=APP, action="reset_password", key=email):
            minutes = minutes_until_allowed(self.request, "reset_password", email)
            text = ngettext(
                "Too many requests. Try again in %(minutes)d minute.",
                "Too many requests. Try again in %(minutes)d minutes.",
                minutes,
            )
            form.add_error(None, ValidationError(text % {"minutes": minutes}, code="rate_limited"))
            return self.form_invalid(form)
        language = translation.get_language() or "en"
        request_password_reset(email=email, language=language, by=self.request.actor)  # type: ignore[attr-defined]
        return super().form_valid(form)


class NewPasswordView(library.PasswordResetFromKeyView):  # type: ignore[misc]
    """Choose a new password after following the mailed link; sign-in, with its second factor, comes after."""

    success_url = reverse_lazy("account_login")

    @method_decorator(login_not_required)
    @method_decorator(sensitive_post_parameters("password1", "password2"))
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Keep the link out of every other site's logs; the form itself stands at an address without the key."""
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        if response.status_code == 302:
            response.headers["Referrer-Policy"] = "no-referrer"
        return response


# --- the second factor -----------------------------------------------------------------------------------------------
class SecondFactorView(mfa.AuthenticateView):  # type: ignore[misc]
    """The second step of sign-in: a code."""

    def form_invalid(self, form: BaseForm) -> HttpResponse:
        """After too many codes, back to the password."""
        if form.has_error("code", "too_many_login_attempts"):
            response: HttpResponse = self.stage.abort()
            get_adapter().add_message(
                self.request, messages.ERROR, message=get_adapter().error_messages["too_many_login_attempts"]
            )
            return response
        response = super().form_invalid(form)
        return response


class SetUpSecondFactorView(totp.ActivateTOTPView):  # type: ignore[misc]
    """Set up an authenticator app."""

    success_url = reverse_lazy("mfa_view_recovery_codes")

    @transaction.atomic
    def form_valid(self, form: BaseForm) -> HttpResponse:
        """Keep the app, say so, and take its first code as proof for this session."""
        response: HttpResponse = super().form_valid(form)
        user = membership_user(self.request)
        record_authentication(self.request, user, method="mfa", type=Authenticator.Type.TOTP.value)
        record_second_factor(user=user, action="added", by=actor_of(self.request))
        return response

    def get_success_url(self) -> str:
        """The recovery codes, which are shown once."""
        return str(self.success_url)


class RemoveSecondFactorView(totp.DeactivateTOTPView):  # type: ignore[misc]
    """Remove the authenticator app, to set up another; who must have one is asked for it at once."""

    success_url = reverse_lazy("mfa_index")

    @transaction.atomic
    def form_valid(self, form: BaseForm) -> HttpResponse:
        """Remove it and say so."""
        response: HttpResponse = super().form_valid(form)
        record_second_factor(user=membership_user(self.request), action="removed", by=actor_of(self.request))
        return response


class TwoStepSignInView(TemplateView):
    """What one's second factor is, and what can be done about it."""

    template_name = "mfa/index.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The app and how many recovery codes are left."""
        own = {one.type: one for one in Authenticator.objects.filter(user=membership_user(self.request))}
        codes = own.get(Authenticator.Type.RECOVERY_CODES)
        return super().get_context_data(
            app=own.get(Authenticator.Type.TOTP),
            codes_left=len(codes.wrap().get_unused_codes()) if codes else 0,
            codes_seen=codes.wrap().did_view if codes else False,
            **kwargs,
        )


@method_decorator(reauthentication_required(app="allauth.mfa"), name="dispatch")
class RecoveryCodesView(TemplateView):
    """Recovery codes, shown once and only after a press of a button: a GET changes nothing."""

    template_name = "mfa/recovery_codes/index.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show them, unless they have been shown."""
        with transaction.atomic():
            wrapped = self._codes(lock=True).wrap()
            codes = [] if wrapped.did_view else wrapped.get_unused_codes()
            wrapped.mark_as_viewed()
        if not codes:
            return redirect("mfa_view_recovery_codes")
        return self.render_to_response(
            self.get_context_data(codes=codes, codes_text="\n".join(codes), next_url=after_steps(request))
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Whether there is something to show, and where to go who does not want to see it now."""
        frame = {"codes": [], "seen": self._codes().wrap().did_view, "later_url": heading_for(self.request)}
        return super().get_context_data(**{**frame, **kwargs})

    def _codes(self, lock: bool = False) -> Authenticator:
        rows = Authenticator.objects.filter(user=membership_user(self.request), type=Authenticator.Type.RECOVERY_CODES)
        found = (rows.select_for_update() if lock else rows).first()
        if found is None:
            raise Http404
        return found


class RenewRecoveryCodesView(recovery_codes.GenerateRecoveryCodesView):  # type: ignore[misc]
    """Replace the recovery codes by new ones; the old ones open nothing any more."""

    @transaction.atomic
    def form_valid(self, form: BaseForm) -> HttpResponse:
        """Renew them and say so."""
        response: HttpResponse = super().form_valid(form)
        record_second_factor(user=membership_user(self.request), action="recovery_renewed", by=actor_of(self.request))
        return response


# --- one's own account -----------------------------------------------------------------------------------------------
class SwitchView(View):
    """Act for another of the companies one works for."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Choose one of one's own memberships; any other is as unknown as one that does not exist."""
        wanted = request.POST.get("membership", "")
        mine = Membership.objects.current().filter(user=membership_user(request))
        membership = mine.filter(pk=int(wanted)).first() if wanted.isdecimal() and len(wanted) < 19 else None
        if membership is None:
            raise Http404
        request.session[MEMBERSHIP_IN_SESSION] = membership.pk
        return redirect("home")


class PreferencesView(FormView):
    """One's name, language, time zone and theme."""

    form_class = PreferencesForm
    template_name = "accounts/preferences.html"
    success_url = reverse_lazy("accounts:preferences")

    def get_form_kwargs(self) -> dict[str, Any]:
        """The form shows the person as stored."""
        return {**super().get_form_kwargs(), "instance": self.request.user}

    def form_valid(self, form: BaseForm) -> HttpResponse:
        """Save, and answer in the language just chosen."""
        user = update_preferences(user=membership_user(self.request), by=actor_of(self.request), **form.cleaned_data)
        with translation.override(user.language):
            messages.success(self.request, _("Your settings are saved."))
        return super().form_valid(form)
