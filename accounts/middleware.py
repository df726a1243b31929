"""The person's language and zone, the actor of the request, and the steps that sign-in still owes."""

import dataclasses
import secrets
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone, translation

from accounts.access import resolve_actor
from core.net import client_ip

Handler = Callable[[HttpRequest], HttpResponse]


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


class ActorMiddleware:
    """Put `request.actor` on every request: who acts, for whom, from where."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.memberships = []  # type: ignore[attr-defined]
        request.actor = dataclasses.replace(  # type: ignore[attr-defined]
            resolve_actor(request), ip=client_ip(request), request_id=secrets.token_hex(8)
        )
        return self.get_response(request)


class SignInStepsMiddleware:
    """Hold a signed-in person at what is still owed: a password of their own, then a second factor."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> HttpResponse | None:
        """Redirect to the step owed, unless the request is already there or leaves."""
        user = request.user
        if not user.is_authenticated:
            return None
        name = request.resolver_match.view_name if request.resolver_match else ""
        if name in settings.SIGN_IN_STEP_VIEWS:
            return None
        if user.must_change_password:
            return redirect(reverse("accounts:own_password"))
        return None
