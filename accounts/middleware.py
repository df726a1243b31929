"""The person's language and zone, the end of sessions, the actor of the request, and the steps sign-in still owes."""

import dataclasses
from collections.abc import Callable
from urllib.parse import urlsplit

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import Resolver404, resolve
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from structlog.contextvars import bind_contextvars

from accounts.access import resolve_actor
from accounts.second_factors import FACTORS, gave_second_factor, is_asked_of
from accounts.sessions import note_session, sign_out_keeping
from activity.models import Source
from core import clock
from core.net import client_ip
from core.request_log import current_request_id

Handler = Callable[[HttpRequest], HttpResponse]

SIGNED_IN_AT = "signed_in_at"
LAST_SEEN_AT = "last_seen_at"
# Where somebody was heading who owes a step of sign-in first.
AFTER_STEPS = "after_sign_in_steps"
# The session is written at most this often for being used alone.
SEEN_EVERY_SECONDS = 60


class PreferencesMiddleware:
    """Show pages in the person's language and zone; before sign-in, in the browser's language and UTC."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if user.is_authenticated:
            language, zone = user.language, user.zone
        else:
            language, zone = translation.get_language_from_request(request), timezone.get_default_timezone()
        with translation.override(language), timezone.override(zone):
            request.LANGUAGE_CODE = translation.get_language()
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or settings.LANGUAGE_CODE)
        return response


class SessionLimitsMiddleware:
    """Sign people out after a time without activity, and at the latest some hours after they signed in."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return self.get_response(request)
        now = clock.now().timestamp()
        session = request.session
        signed_in, seen = session.get(SIGNED_IN_AT), session.get(LAST_SEEN_AT)
        if signed_in is None or seen is None:
            begin_session(request)
        elif now - seen > settings.SESSION_IDLE_SECONDS:
            minutes = settings.SESSION_IDLE_SECONDS // 60
            text = ngettext(
                "You were signed out after %(minutes)d minute without activity.",
                "You were signed out after %(minutes)d minutes without activity.",
                minutes,
            )
            return self._sign_out(request, text % {"minutes": minutes})
        elif now - signed_in > settings.SESSION_COOKIE_AGE:
            hours = settings.SESSION_COOKIE_AGE // 3600
            text = ngettext(
                "You were signed out %(hours)d hour after you signed in.",
                "You were signed out %(hours)d hours after you signed in.",
                hours,
            )
            return self._sign_out(request, text % {"hours": hours})
        elif now - seen > SEEN_EVERY_SECONDS:
            use_session(request)
        return self.get_response(request)

    def _sign_out(self, request: HttpRequest, text: str) -> HttpResponse:
        """End the session, say why, and come back to the same page after the next sign-in."""
        sign_out_keeping(request)
        read_only = request.method in ("GET", "HEAD")
        if not read_only:
            lost = _("What you just sent was not saved.")
            text = f"{text} {lost}"
        messages.warning(request, text)
        if open_to_all(request):
            # Not by way of sign-in: the address of such a page may hold a secret, which would stand in another's.
            return self.get_response(request)
        back = request.get_full_path() if read_only else page_of_form(request)
        return redirect_to_login(back) if back else redirect("account_login")


def open_to_all(request: HttpRequest) -> bool:
    """Whether the page needs no sign-in; an address that leads nowhere does."""
    try:
        view = resolve(request.path_info).func
    except Resolver404:
        return False
    return not getattr(view, "login_required", True)


def begin_session(request: HttpRequest) -> None:
    """Start both clocks of a session."""
    request.session[SIGNED_IN_AT] = request.session[LAST_SEEN_AT] = clock.now().timestamp()


def use_session(request: HttpRequest) -> None:
    """Note that the session is in use."""
    request.session[LAST_SEEN_AT] = clock.now().timestamp()
    note_session(request)


def session_end(request: HttpRequest) -> dict[str, int]:
    """Whole seconds until the session ends: without activity, and whatever happens."""
    now = clock.now().timestamp()
    seen, signed_in = (request.session.get(name, now) for name in (LAST_SEEN_AT, SIGNED_IN_AT))
    idle, longest = settings.SESSION_IDLE_SECONDS, settings.SESSION_COOKIE_AGE
    return {"idle": int(seen + idle - now), "end": int(signed_in + longest - now)}


def page_of_form(request: HttpRequest) -> str | None:
    """The page from which a form was sent, if it is one of ours; the form's own address may not be one to open."""
    came_from = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(came_from, {request.get_host()}, require_https=request.is_secure()):
        return None
    parts = urlsplit(came_from)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


class ActorMiddleware:
    """Put `request.actor` on every request: who acts, for whom, from where."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.memberships = []  # type: ignore[attr-defined]
        request.actor = actor = dataclasses.replace(  # type: ignore[attr-defined]
            resolve_actor(request), ip=client_ip(request), request_id=current_request_id(), source=Source.PAGE
        )
        if actor.user is not None:
            bind_contextvars(user_id=actor.user.pk)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> None:
        """What is done in the back office is recorded as such."""
        if request.resolver_match and request.resolver_match.app_name == "admin":
            request.actor = dataclasses.replace(request.actor, source=Source.ADMIN)  # type: ignore[attr-defined]


class SignInStepsMiddleware:
    """Hold a signed-in person at what is still owed: a password of their own, a second factor, what other apps ask."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> HttpResponse | None:
        """Redirect to the step owed, unless the request is already there or leaves; then go where it was heading."""
        user = request.user
        if not user.is_authenticated:
            return None
        if user.temporary_password_expired:
            return self._back_to_sign_in(request, _("Your temporary password has expired. Ask for a new one."))
        name = request.resolver_match.view_name if request.resolver_match else ""
        if name in settings.SIGN_IN_STEP_VIEWS:
            return None
        step = "accounts:own_password" if user.must_change_password else None
        if step is None and is_asked_of(request):
            own = list(Authenticator.objects.filter(user=user))
            if not any(one.type in FACTORS for one in own):
                step = "mfa_activate_totp"
            elif not gave_second_factor(request, own):
                # Signed in before the second factor was set up elsewhere: this session never proved it.
                return self._back_to_sign_in(request, _("Sign in again to confirm it is you."))
        step = step or further_step(request)
        if step is None:
            return None
        # A form's own address may not be one to open, so the way back is to the page that it was on.
        heading = request.get_full_path() if request.method == "GET" else page_of_form(request)
        if heading:
            request.session[AFTER_STEPS] = heading
        return redirect(step)

    def _back_to_sign_in(self, request: HttpRequest, text: str) -> HttpResponse:
        sign_out_keeping(request)
        messages.warning(request, text)
        return redirect("account_login")


def further_step(request: HttpRequest) -> str | None:
    """The first step that an app above this one says is owed."""
    steps = (import_string(path)(request) for path in settings.FURTHER_SIGN_IN_STEPS)
    return next((step for step in steps if step is not None), None)


def heading_for(request: HttpRequest) -> str:
    """Where the person was heading who owed a step of sign-in, else home."""
    heading: str = request.session.get(AFTER_STEPS, "")
    return heading if url_has_allowed_host_and_scheme(heading, None) else resolve_url(settings.LOGIN_REDIRECT_URL)


def after_steps(request: HttpRequest) -> str:
    """Where to go when a step of sign-in is done; said once."""
    heading = heading_for(request)
    request.session.pop(AFTER_STEPS, None)
    return heading
