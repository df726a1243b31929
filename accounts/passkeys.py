"""Passkeys: set up, named and removed by their owner; they sign in, are the second step, and confirm who it is."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.stages import LoginStageController
from allauth.core.internal import ratelimit
from allauth.mfa.models import Authenticator
from allauth.mfa.stages import AuthenticateStage
from allauth.mfa.webauthn import views as library
from allauth.mfa.webauthn.internal import auth, flows
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.generic import FormView, View

from accounts.access import membership_user
from accounts.factors import RemovedOnce
from accounts.forms import PasskeyNameForm
from accounts.second_factors import factors_of, is_asked_of, is_last_factor, lock_person, prove_factor
from accounts.services import record_second_factor
from accounts.step_up import asks_first
from accounts.views import actor_of


# --- the challenges that the browser's dialog signs ------------------------------------------------------------------
@method_decorator(ratelimit.decorator(app="allauth.mfa", action="webauthn_login"), name="dispatch")
@method_decorator(login_not_required, name="dispatch")
class ChallengeView(View):
    """A challenge for a passkey that exists. A POST, because the session keeps it until it is answered."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest) -> HttpResponse:
        """For whoever is signed in, whoever owes the second step, or a stranger whose device knows who it is."""
        user: Any = request.user if request.user.is_authenticated else None
        if user is None and (stage := LoginStageController.enter(request, AuthenticateStage.key)):
            user = stage.login.user
        return JsonResponse(auth.begin_authentication(user))


class NewPasskeyChallengeView(View):
    """A challenge for a passkey to be made."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest) -> HttpResponse:
        """The device must verify its owner, and keep the passkey so that it is found without a user name."""
        return JsonResponse(auth.begin_registration(membership_user(request), passwordless=True))


# --- one's own passkeys ----------------------------------------------------------------------------------------------
@method_decorator(asks_first, name="dispatch")
class AddPasskeyView(library.AddWebAuthnView):  # type: ignore[misc]
    """Set up a passkey on this device, a telephone or a security key."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Whether it is the first second factor, and one that is a must; the challenge is fetched when it is wanted."""
        is_first = not factors_of(membership_user(self.request)).exists()
        is_held = is_first and is_asked_of(self.request)
        return FormView.get_context_data(self, is_first=is_first, is_held=is_held, **kwargs)

    @transaction.atomic
    def form_valid(self, form: BaseForm) -> HttpResponse:
        """Keep it, say so, and take it as proof for this session."""
        response: HttpResponse = super().form_valid(form)
        user = membership_user(self.request)
        newest = Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).latest("pk")
        prove_factor(self.request, newest)
        record_second_factor(user=user, action="passkey_added", by=actor_of(self.request))
        return response


class OwnPasskeys:
    """The person's own; another's is not found."""

    request: HttpRequest

    def get_queryset(self) -> QuerySet[Authenticator]:
        """Of this person alone."""
        return Authenticator.objects.filter(user=membership_user(self.request), type=Authenticator.Type.WEBAUTHN)


@method_decorator(asks_first, name="dispatch")
class RenamePasskeyView(OwnPasskeys, library.EditWebAuthnView):  # type: ignore[misc]
    """Call a passkey something else."""

    template_name = "mfa/webauthn/edit_form.html"
    success_url = reverse_lazy("mfa_index")

    def get_form_class(self) -> type[BaseForm]:
        """A name, and nothing else."""
        return PasskeyNameForm

    def get_form_kwargs(self) -> dict[str, Any]:
        """The name it has."""
        return {**FormView.get_form_kwargs(self), "initial": {"name": self.object.wrap().name}}

    def form_valid(self, form: BaseForm) -> HttpResponse:
        """Keep the new name."""
        flows.rename_authenticator(self.request, self.object, form.cleaned_data["name"])
        messages.success(self.request, _("The passkey has a new name."))
        return redirect("mfa_index")


@method_decorator(asks_first, name="dispatch")
class RemovePasskeyView(RemovedOnce, OwnPasskeys, library.RemoveWebAuthnView):  # type: ignore[misc]
    """Remove a passkey; whoever must have a second factor keeps the last one until there is another."""

    template_name = "mfa/webauthn/authenticator_confirm_delete.html"
    success_url = reverse_lazy("mfa_index")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Ask, unless it is the last one."""
        return self.refusal() or super().get(request, *args, **kwargs)

    @transaction.atomic
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Remove it, unless it is the last one; of two that are removed at once, one waits for the other."""
        lock_person(membership_user(request))
        return self.refusal() or super().post(request, *args, **kwargs)

    def refusal(self) -> HttpResponse | None:
        """What has to come first, if anything."""
        if settings.MFA_REQUIRED and is_last_factor(self.get_object()):
            return render(self.request, "mfa/last_factor.html", status=409)
        return None

    def form_valid(self, form: BaseForm) -> HttpResponse:
        """Remove it and say so."""
        response: HttpResponse = super().form_valid(form)
        user = membership_user(self.request)
        record_second_factor(user=user, action="passkey_removed", by=actor_of(self.request))
        return response


# --- the way in ------------------------------------------------------------------------------------------------------
class PasskeySignInView(library.LoginWebAuthnView):  # type: ignore[misc]
    """Sign in with a passkey alone: it is something one has, and it has verified its owner."""

    http_method_names = ("post",)

    def form_invalid(self, form: BaseForm) -> HttpResponse:
        """The same words whatever was wrong, and the way back to the password."""
        get_adapter().add_message(
            self.request, messages.ERROR, message=str(get_adapter().error_messages["passkey_failed"])
        )
        wanted = self.request.GET.get("next", "")
        return redirect(reverse("account_login") + (f"?{urlencode({'next': wanted})}" if wanted else ""))
