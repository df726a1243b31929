"""Where a request's link lands: what all pages behind it have in common, and how the token leaves the address."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views.generic import View

from accounts.access import Actor
from core.bad_links import SECONDS, count_bad_link
from core.fence import beyond_the_fence
from core.pages import too_many
from resellers.landing import remember
from resellers.models import PartnershipRequest
from resellers.tokens import token_matches


@method_decorator(login_not_required, name="dispatch")
class InvitationView(View):
    """Headers that keep the link from every other site, and the request found by its public ID."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer, and let nobody keep or pass on the address.

        Only addresses that hold a token say no-referrer: under that policy browsers post forms with `Origin: null`,
        which the forgery protection must refuse. The others keep same-origin, and there is nothing secret in them.
        """
        with beyond_the_fence("A link is its own proof, and what it leads to is another company's."):
            response = super().dispatch(request, *args, **kwargs)
        if "token" in kwargs or "rest" in kwargs:
            response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"
        return response

    @property
    def actor(self) -> Actor:
        """Who looks at the page, perhaps nobody known."""
        actor: Actor = self.request.actor  # type: ignore[attr-defined]
        return actor

    def find(self, public_id: UUID) -> PartnershipRequest | None:
        """The request, whoever asks: what may be shown of it is decided by the link that was opened."""
        related = ("provider", "created_by", "sent_by", "answered_by", "partnership__reseller", "replaced_by")
        return PartnershipRequest.objects.select_related(*related).filter(public_id=public_id).first()

    def broken(self) -> HttpResponse:
        """One page for links that are unknown, malformed, withdrawn or guessed, so that it tells nothing."""
        return render(self.request, "resellers/invitation/broken.html", status=404)

    def bad_link(self) -> HttpResponse:
        """The same page, counted: guessing is stopped, and costs the portal nothing."""
        if count_bad_link(self.actor.ip or ""):
            return too_many(self.request, seconds=SECONDS)
        return self.broken()


class LandingView(InvitationView):
    """The address in the mail: proves the link and takes the token out of the address. Changes nothing."""

    http_method_names = ("get", "head", "options")

    def get(self, request: HttpRequest, public_id: UUID, token: str) -> HttpResponse:
        """Note the link in the session and go to the page."""
        found = self.find(public_id)
        # A request that does not exist is compared as well: how long the answer takes must not tell which ones do.
        genuine = token_matches(found or PartnershipRequest(), token)
        if found is None or not genuine:
            return self.bad_link()
        remember(request.session, found)
        return redirect("resellers:invitation", public_id)


class BrokenLinkView(InvitationView):
    """Addresses that no link has ever had."""

    http_method_names = ("get", "head", "options")

    def get(self, request: HttpRequest, rest: str = "") -> HttpResponse:
        """The same page as for an unknown link."""
        return self.bad_link()
