"""Pages of sign-in and of one's own account; those of the library wear the portal's forms, words and records."""

import dataclasses
from typing import Any

from allauth.account import views as library
from allauth.core.internal import ratelimit
from csp.decorators import csp_update
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse, reverse_lazy
from django.utils import translation
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView, View

from accounts.access import MEMBERSHIP_IN_SESSION, Actor, membership_user
from accounts.enrolment.session import next_of, with_next
from accounts.forms import ChangePasswordForm, OwnPasswordForm, PreferencesForm, ResetPasswordForm
from accounts.middleware import after_steps
from accounts.models import Membership
from accounts.openid.provider import is_configured, origin
from accounts.services import request_password_reset, set_own_password, update_preferences
from accounts.sessions import note_session
from accounts.step_up import asks_first
from accounts.throttle import APP, minutes_until_allowed
from core.exceptions import Refused

INVITATION = "pending_invitation"


def actor_of(request: HttpRequest) -> Actor:
    """The request's actor, naming the person even where the request began before it was known who it is."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor if actor.user else dataclasses.replace(actor, user=membership_user(request))


# --- in and out ------------------------------------------------------------------------------------------------------
@method_decorator(login_not_required, name="dispatch")
class SignInView(library.LoginView):  # type: ignore[misc]
    """The way in, for everybody."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Let the button lead to the provider, if there is one: browsers stop a form's redirect to anywhere else."""
        handler = super().dispatch
        if is_configured():
            handler = csp_update({"form-action": [origin()]})(handler)
        response: HttpResponseBase = handler(request, *args, **kwargs)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the partnership request that brought the person here, if one did, and the other ways on."""
        wanted = next_of(self.request)
        return super().get_context_data(
            invitation=self.request.session.get(INVITATION),
            enroll_url=with_next(reverse("enrolment:start"), wanted),
            passkey_url=with_next(reverse("mfa_login_webauthn"), wanted),
            openid_name=settings.OIDC_NAME if is_configured() else "",
            openid_url=with_next(reverse("accounts:openid_start"), wanted),
            **kwargs,
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
        note_session(self.request)
        messages.success(self.request, _("Your password is changed."))
        return redirect(self.get_success_url())

    def get_success_url(self) -> str:
        """Where the person was heading."""
        return after_steps(self.request)


@method_decorator(asks_first, name="dispatch")
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
