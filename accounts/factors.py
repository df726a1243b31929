"""Pages of the second factor: the step of sign-in, the authenticator app, the recovery codes; passkeys have a file."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.mfa.base import views as mfa
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from accounts.access import membership_user
from accounts.middleware import after_steps, heading_for
from accounts.openid.provider import is_configured
from accounts.second_factors import factors_of, is_asked_of, lock_person, prove_factor
from accounts.services import record_second_factor
from accounts.step_up import asks_first
from accounts.views import actor_of


class RemovedOnce:
    """Removes something of one's own account; pressed twice, or in two tabs, it says that it is gone."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Of what is another's nothing else is said."""
        try:
            response: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        except Http404:
            if request.method != "POST":
                raise
            messages.info(request, _("That is removed already."))
            return redirect("mfa_index")
        return response


class SecondFactorView(mfa.AuthenticateView):  # type: ignore[misc]
    """The second step of sign-in: a code or a passkey."""

    def form_invalid(self, form: BaseForm) -> HttpResponse:
        """After too many tries, back to the password."""
        if any(form.has_error(name, "too_many_login_attempts") for name in form.fields):
            response: HttpResponse = self.stage.abort()
            get_adapter().add_message(
                self.request, messages.ERROR, message=get_adapter().error_messages["too_many_login_attempts"]
            )
            return response
        if form is self.webauthn_form:
            messages.error(self.request, get_adapter().error_messages["passkey_failed"])
        response = super().form_invalid(form)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What the person has; the challenge for a passkey is fetched when it is wanted."""
        kinds = {factor.type for factor in factors_of(self.stage.login.user)}
        return TemplateView.get_context_data(
            self,
            form=self.auth_form,
            has_app=Authenticator.Type.TOTP in kinds,
            has_passkey=Authenticator.Type.WEBAUTHN in kinds,
            **kwargs,
        )


def _key_parts(key: str) -> SafeString:
    """A key in groups of four, which are easier to type; copied, it is one word."""
    return format_html_join(
        SafeString("<wbr>"), "<span>{}</span>", ((key[at : at + 4],) for at in range(0, len(key), 4))
    )


@method_decorator(asks_first, name="dispatch")
class SetUpSecondFactorView(totp.ActivateTOTPView):  # type: ignore[misc]
    """Set up an authenticator app; a new one takes the place of the one before."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Let those in who have an app already: a new phone comes before the old one is gone."""
        return super(totp.ActivateTOTPView, self).dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Whether there is an app that the new one replaces, whether a passkey will do as well, and the way back."""
        kinds = {factor.type for factor in factors_of(membership_user(self.request))}
        replaces = Authenticator.Type.TOTP in kinds
        frame = {"replaces": replaces, "is_first": not kinds, "is_held": not kinds and is_asked_of(self.request)}
        context = super().get_context_data(**frame, **kwargs)
        return {**context, "key_parts": _key_parts(context["form"].secret)}

    @transaction.atomic
    def form_valid(self, form: BaseForm) -> HttpResponse:
        """Keep the app, say so, and take its first code as proof for this session."""
        user = membership_user(self.request)
        replaced, _kinds = Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).delete()
        response: HttpResponse = super().form_valid(form)
        prove_factor(self.request, Authenticator.objects.get(user=user, type=Authenticator.Type.TOTP))
        record_second_factor(user=user, action="replaced" if replaced else "added", by=actor_of(self.request))
        return response

    def get_success_url(self) -> str:
        """The recovery codes, which are shown once, if they are new."""
        return reverse("mfa_view_recovery_codes" if self.did_generate_recovery_codes else "mfa_index")


@method_decorator(asks_first, name="dispatch")
class RemoveSecondFactorView(RemovedOnce, totp.DeactivateTOTPView):  # type: ignore[misc]
    """Remove the authenticator app; whoever must have a second factor keeps the last one until there is another."""

    success_url = reverse_lazy("mfa_index")

    @transaction.atomic
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Of two that are removed at once, one waits for the other."""
        lock_person(membership_user(request))
        response: HttpResponse = super().post(request, *args, **kwargs)
        return response

    def form_valid(self, form: BaseForm) -> HttpResponse:
        """Remove it and say so."""
        response: HttpResponse = super().form_valid(form)
        record_second_factor(user=membership_user(self.request), action="removed", by=actor_of(self.request))
        return response

    def form_invalid(self, form: BaseForm) -> HttpResponse:
        """Say what has to come first."""
        return render(self.request, "mfa/last_factor.html", status=409)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Ask, unless it is the last one."""
        form = self.get_form()
        return super().get(request, *args, **kwargs) if form.is_valid() else self.form_invalid(form)


class TwoStepSignInView(TemplateView):
    """What one's second factors are, and what can be done about them."""

    template_name = "mfa/index.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The app, the passkeys and how many recovery codes are left."""
        own = list(Authenticator.objects.filter(user=membership_user(self.request)).order_by("created_at", "pk"))
        kinds = {one.type: one for one in own}
        codes = kinds.get(Authenticator.Type.RECOVERY_CODES)
        return super().get_context_data(
            app=kinds.get(Authenticator.Type.TOTP),
            passkeys=[one for one in own if one.type == Authenticator.Type.WEBAUTHN],
            is_required=settings.MFA_REQUIRED,
            has_codes=codes is not None,
            codes_left=len(codes.wrap().get_unused_codes()) if codes else 0,
            codes_seen=codes.wrap().did_view if codes else False,
            openid_name=settings.OIDC_NAME if is_configured() else "",
            openid_links=list(membership_user(self.request).openid_links.order_by("pk")) if is_configured() else [],
            **kwargs,
        )


@method_decorator(asks_first, name="dispatch")
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


@method_decorator(asks_first, name="dispatch")
class RenewRecoveryCodesView(recovery_codes.GenerateRecoveryCodesView):  # type: ignore[misc]
    """Replace the recovery codes by new ones; the old ones open nothing any more."""

    @transaction.atomic
    def form_valid(self, form: BaseForm) -> HttpResponse:
        """Renew them and say so."""
        response: HttpResponse = super().form_valid(form)
        record_second_factor(user=membership_user(self.request), action="recovery_renewed", by=actor_of(self.request))
        return response
