"""What all pages behind a mailed link have in common: who may open them, what they tell of the link, and wrong ones."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views.generic import View

from accounts.access import Actor
from core.bad_links import SECONDS, count_bad_link
from core.pages import too_many


@method_decorator(login_not_required, name="dispatch")
class LinkPage(View):
    """Open to whoever holds the link, with headers that keep the link from every other site."""

    # The parts of an address that hold a secret.
    secret_parts = ("token",)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer, and let nobody keep or pass on the address.

        Only addresses that hold a token say no-referrer: under that policy browsers post forms with `Origin: null`,
        which the forgery protection must refuse. The others keep same-origin, and there is nothing secret in them.
        """
        response = self.answer(request, *args, **kwargs)
        if kwargs.keys() & set(self.secret_parts):
            response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"
        return response

    def answer(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """By the method for the verb."""
        return super().dispatch(request, *args, **kwargs)

    @property
    def actor(self) -> Actor:
        """Who looks at the page, perhaps nobody known."""
        actor: Actor = self.request.actor  # type: ignore[attr-defined]
        return actor

    def broken(self) -> HttpResponse:
        """One page for links that are unknown, malformed, withdrawn or guessed, so that it tells nothing."""
        return render(self.request, "broken_link.html", status=404)

    def bad_link(self) -> HttpResponse:
        """The same page, counted: guessing is stopped, and costs the portal nothing."""
        if count_bad_link(self.actor.ip or ""):
            return too_many(self.request, seconds=SECONDS)
        return self.broken()
