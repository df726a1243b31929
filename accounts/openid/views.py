"""Sign-in at the installation's own provider; without OIDC_SERVER_URL these pages do not exist."""

import logging
from typing import Any

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from allauth.account.stages import LoginStageController
from allauth.core.internal import ratelimit
from allauth.mfa.stages import AuthenticateStage
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.generic import TemplateView, View

from accounts.access import membership_user
from accounts.enrolment.session import next_of, with_next
from accounts.factors import RemovedOnce
from accounts.models import OpenIDLink, User
from accounts.openid.attempts import Attempt, begin_attempt, redirect_uri, take_attempt
from accounts.openid.provider import ProviderUnavailable, TokenRefused, discover, exchange_code, is_configured
from accounts.openid.tokens import Identity, TokenInvalid, read_id_token
from accounts.services import recognize_person, remove_openid_link
from accounts.step_up import step_up_required
from accounts.throttle import APP
from accounts.views import actor_of
from core.logs import SECURITY
from core.net import client_ip

security_log = logging.getLogger(SECURITY)


class ConfiguredOnly:
    """No such page where no provider is configured."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Not found, whoever asks and however."""
        if not is_configured():
            raise Http404
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc,no-any-return]


@method_decorator(login_not_required, name="dispatch")
class WayInView(ConfiguredOnly, View):
    """A step of sign-in, for those who are not signed in; tries are limited by address."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Home, for whoever is in already."""
        if is_configured() and request.method.lower() in self.http_method_names:  # type: ignore[union-attr]
            if refusal := ratelimit.consume_or_429(request, app=APP, action="openid", limit_get=True):
                return refusal  # type: ignore[no-any-return]
            if request.user.is_authenticated:
                return redirect("home")
        return super().dispatch(request, *args, **kwargs)

    def back(self, level: int, text: str, next_page: str) -> HttpResponse:
        """To the sign-in page, where every other way stays open."""
        messages.add_message(self.request, level, text % {"name": settings.OIDC_NAME})
        return redirect(with_next(reverse("account_login"), next_page))

    def unavailable(self, error: ProviderUnavailable, next_page: str) -> HttpResponse:
        """Say that the provider is down, to the person and to the operators."""
        _tell("openid_unavailable", f"The OpenID Connect provider cannot be used: {error}", self.request)
        text = _(
            "%(name)s does not answer at the moment. Sign in with your user name and password or with a passkey, or "
            "try again in a few minutes. If you have no password yet, choose one under Forgotten password."
        )
        return self.back(messages.ERROR, text, next_page)


class StartView(WayInView):
    """Send the browser to the provider."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Remember the attempt in the session, and go."""
        wanted = next_of(request)
        try:
            provider = discover()
        except ProviderUnavailable as error:
            return self.unavailable(error, wanted)
        return redirect(begin_attempt(request, provider, wanted))


class CallbackView(WayInView):
    """What the provider answers, brought by the browser.

    OAuth brings it with a GET, so this one GET writes: it ends the attempt, makes the link of a first use and signs
    in. It does so once only, and for nothing but the attempt that this browser's session has begun with a POST; a
    HEAD, as link scanners send it, does nothing.
    """

    http_method_names = ("get",)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Sign in whoever it is, as far as the provider's word goes; the second step is still to come."""
        attempt = take_attempt(request)
        if attempt is None:
            return self.refused("no such attempt", next_page="")
        if request.GET.get("error") == "access_denied":
            text = _("You did not sign in with %(name)s. Try again, or use another way.")
            return self.back(messages.INFO, text, attempt.next_page)
        try:
            identity = self.identify(attempt)
        except ProviderUnavailable as error:
            return self.unavailable(error, attempt.next_page)
        except (TokenRefused, TokenInvalid) as error:
            return self.refused(str(error), next_page=attempt.next_page)
        user = recognize_person(identity=identity, by=request.actor)  # type: ignore[attr-defined]
        if user is None:
            _tell("openid_unknown", "Somebody without an account came from the OpenID Connect provider", request)
            return render(request, "accounts/openid_unknown.html", {"name": settings.OIDC_NAME}, status=403)
        return sign_in(request, user, identity, attempt.next_page)

    def identify(self, attempt: Attempt) -> Identity:
        """Who it is, after the token that the provider gives for the code."""
        provider = discover()
        answer = self.request.GET
        if answer.get("error") or not answer.get("code"):
            raise TokenRefused(f"the provider says {answer.get('error', '')[:60]!r}")
        if answer.get("iss", provider.issuer) != provider.issuer:
            raise TokenInvalid("the answer is another provider's")
        token = exchange_code(provider, code=answer["code"], verifier=attempt.verifier, redirect_uri=redirect_uri())
        return read_id_token(token, provider, nonce=attempt.nonce)

    def refused(self, reason: str, *, next_page: str) -> HttpResponse:
        """The same words whatever was wrong; operators read what it was."""
        _tell("openid_refused", f"Sign-in at the OpenID Connect provider refused: {reason}", self.request)
        text = _(
            "Signing in with %(name)s did not work. Try again, or sign in with your user name and password or with a "
            "passkey. If it goes on, tell whoever runs this portal."
        )
        return self.back(messages.ERROR, text, next_page)


def sign_in(request: HttpRequest, user: User, identity: Identity, next_page: str) -> HttpResponse:
    """Go on as after a right password: the second step, unless the provider's own counts as one, then the session."""
    counts = settings.OIDC_MFA and identity.gave_second_factor
    login = Login(user=user, redirect_url=next_page or resolve_url(settings.LOGIN_REDIRECT_URL))
    record_authentication(request, user, method="openid", second_factor=counts)
    if counts:
        LoginStageController(request, login).set_handled(AuthenticateStage.key)
    response: HttpResponse = perform_login(request, login)
    return response


def _tell(kind: str, text: str, request: HttpRequest) -> None:
    security_log.warning(text, extra={"kind": kind, "ip": client_ip(request)})


@step_up_required
class RemoveLinkView(ConfiguredOnly, RemovedOnce, TemplateView):
    """Remove the link between oneself and an account at the provider."""

    template_name = "accounts/openid_remove.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Which one."""
        return super().get_context_data(link=self.link(), name=settings.OIDC_NAME, **kwargs)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Remove it and say so."""
        key = request.session.session_key or ""
        remove_openid_link(link=self.link(), keep=key, by=actor_of(request))
        messages.success(request, _("The link is removed, and you are signed out everywhere else."))
        return redirect("mfa_index")

    def link(self) -> OpenIDLink:
        """One of one's own; another's is not found."""
        mine = OpenIDLink.objects.filter(user=membership_user(self.request)).select_related("user")
        return get_object_or_404(mine, pk=self.kwargs["pk"])
