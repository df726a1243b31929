"""Where the sign-in library asks the portal how things are done here."""

import base64
import dataclasses
import hashlib
import ipaddress
import logging
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from accounts.access import Actor
from accounts.devices import device_words, knows_device, remember_device
from accounts.middleware import begin_session
from accounts.models import User
from accounts.passwords import everybody_knows
from accounts.second_factors import is_last_factor
from accounts.services import note_new_device, set_own_password
from accounts.step_up import stepped_up
from accounts.throttle import SignInAttempt, too_many_tries
from core import clock
from core.logs import SECURITY, fingerprint
from core.net import client_ip

security_log = logging.getLogger(SECURITY)

# The library names a template for each message; what is not listed here is not said.
SAID = {
    "account/messages/logged_out.txt": _("You are signed out."),
    "account/messages/password_changed.txt": _("Your password is changed. Sign in with it."),
    "mfa/messages/totp_activated.txt": _("Your authenticator app is set up."),
    "mfa/messages/totp_deactivated.txt": _("Your authenticator app is removed."),
    "mfa/messages/webauthn_added.txt": _("Your passkey is set up."),
    "mfa/messages/webauthn_removed.txt": _("The passkey is removed."),
}


class PortalAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Sign-in by user name, slow for those who guess; nobody signs up by themselves."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": _("Check your user name and password."),
        "incorrect_password": _("Check your password."),
        "incorrect_code": _("Check the code. The app shows a new one every 30 seconds, and each works once."),
        "too_many_login_attempts": _("Too many attempts. Sign in again in a few minutes."),
        "rate_limited": _("Too many attempts. Wait five minutes and try again."),
        "invalid_password_reset": _("This link does not work any more."),
        "passkey_failed": _("The passkey was not accepted. Try again, or use another way."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody opens an account alone: a company's people are named by the company or the back office."""
        return False

    def is_ajax(self, request: HttpRequest) -> bool:
        """Pages answer with pages, whatever a request calls itself."""
        return False

    def is_safe_url(self, url: str) -> bool:
        """Only an address without a host leads on: other hosts, even those that the portal answers under, do not."""
        return bool(url_has_allowed_host_and_scheme(url, None))

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address that the portal's own rule gives; of a connection without one, the address that means none."""
        try:
            return str(ipaddress.ip_address(client_ip(request)))
        except ValueError:
            return "0.0.0.0"  # noqa: S104 – nothing is bound to it

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        """Say it in the portal's words or not at all."""
        text = message or SAID.get(message_template or "")
        if text:
            messages.add_message(request, level, str(text), extra_tags=extra_tags)

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """Nothing here: the services queue these mails in the transaction of the change."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Refuse: every mail goes through the outbox."""
        raise NotImplementedError(f"{template_prefix} would be sent past the outbox.")

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        """The sign-in page again; the form has already said what everybody is told."""
        return redirect("account_login")

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the try before anything costly or telling happens; refuse when there were too many."""
        self._attempt = SignInAttempt(request, credentials.get("username", ""))
        if not self._attempt.begin():
            self._tell("sign_in_throttled", "Sign-in refused after too many tries", request, credentials)
            minutes = self._attempt.minutes_to_wait()
            error = self.validation_error("too_many_login_attempts")
            error.message = too_many_tries(minutes)
            raise error

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """The person whose password this is, if any; a right password forgets the failures before it."""
        if everybody_knows(credentials.get("password", "")):
            self.pre_authenticate(request, **credentials)
            self.authentication_failed(request, **credentials)
            return None
        user: User | None = super().authenticate(request, **credentials)
        if user is not None:
            self._attempt.succeed()
        return user

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Leave a trace of every failure where operators look."""
        self._tell("sign_in_failed", "Sign-in failed", request, credentials)

    @staticmethod
    def _tell(kind: str, text: str, request: HttpRequest, credentials: dict[str, Any]) -> None:
        # A mark instead of the name: a password typed into the wrong field must not stand in a log.
        account = fingerprint(credentials.get("username", ""))
        security_log.warning(text, extra={"kind": kind, "account": account, "ip": client_ip(request)})

    def login(self, request: HttpRequest, user: User) -> None:
        """Sign in, and start the clocks that will sign out."""
        self._came_before = user.last_login is not None
        super().login(request, user)
        begin_session(request)

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        """Tell the person about a browser not seen before, except at the very first sign-in."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        if not knows_device(request, user):
            # The second of two presses that open an account comes from a browser that cannot know it yet.
            if self._came_before and user.date_joined < clock.now() - timedelta(minutes=1):
                agent = request.headers.get("User-Agent", "")
                note_new_device(user=user, user_agent=agent, by=Actor(user=user, ip=client_ip(request)))
            remember_device(request, response, user)
        return response

    def set_password(self, user: User, password: str) -> None:
        """Save a password that its owner chose (the way through a mailed link ends here)."""
        by = dataclasses.replace(context.request.actor, user=user)
        set_own_password(user=user, password=password, by=by, by_mailed_link=True)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """As everywhere in the portal: the library's pages have asked by then."""
        return not stepped_up(context.request)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, str]]:
        """One page asks for whatever the person has."""
        return [{"id": "reauthenticate", "description": "", "url": reverse("account_reauthenticate")}]


def _second_factor_keys() -> MultiFernet:
    """The first key encrypts, all decrypt; a purpose of their own, so that one leak does not open the other."""
    keys = settings.ENVELOPE_KEYS or [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    derived = [hashlib.sha256(f"second-factor:{key}".encode()).digest() for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in derived])


class PortalMFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Keeps the secrets of second factors encrypted, so that a copy of the database signs nobody in."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": PortalAccountAdapter.error_messages["incorrect_code"],
    }

    def encrypt(self, text: str) -> str:
        """Make a secret unreadable without the portal's keys."""
        return _second_factor_keys().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Read a secret back."""
        return _second_factor_keys().decrypt(encrypted_text.encode()).decode()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Not the last second factor of somebody who must have one: for a moment the password alone would do."""
        return not (settings.MFA_REQUIRED and is_last_factor(authenticator))

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        """The kind of device, which its owner may call something else."""
        return device_words(context.request.headers.get("User-Agent", ""))

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """The portal's own host: passkeys belong to it, whatever name a request was sent to."""
        return {"id": urlsplit(settings.PORTAL_BASE_URL).hostname or "", "name": str(_("CSP portal"))}

    def get_public_key_credential_user_entity(self, user: User) -> dict[str, Any]:
        """What the device shows when it asks which passkey to use."""
        shown = super().get_public_key_credential_user_entity(user)
        return {**shown, "name": user.sign_in_name, "display_name": user.full_name or user.sign_in_name}

    def get_totp_label(self, user: User) -> str:
        """The user name: what the person types at sign-in."""
        return user.sign_in_name
