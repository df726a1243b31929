"""Where a request's link lands: what all pages behind it have in common, and how the token leaves the address."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect

from accounts.link_pages import LinkPage
from core.fence import beyond_the_fence
from resellers.landing import remember
from resellers.models import PartnershipRequest
from resellers.tokens import token_matches


class InvitationView(LinkPage):
    """The request found by its public ID."""

    secret_parts = ("token", "rest")

    def answer(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer, although the request is another company's."""
        with beyond_the_fence("A link is its own proof, and what it leads to is another company's."):
            return super().answer(request, *args, **kwargs)

    def find(self, public_id: UUID) -> PartnershipRequest | None:
        """The request, whoever asks: what may be shown of it is decided by the link that was opened."""
        related = ("provider", "created_by", "sent_by", "answered_by", "partnership__reseller", "replaced_by")
        return PartnershipRequest.objects.select_related(*related).filter(public_id=public_id).first()


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
