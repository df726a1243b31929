"""Put each request behind the second fence, as whom it acts."""

from collections.abc import Callable

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts.access import Actor
from core import fence
from core.fence import NOBODY, THE_OFFICE, Stand

Handler = Callable[[HttpRequest], HttpResponse]


def stand_of(request: HttpRequest) -> Stand:
    """As whom the request reads; the pages of the back office see all."""
    if request.user.is_authenticated and request.user.is_staff and request.path_info.startswith(reverse("admin:index")):
        return THE_OFFICE
    return stand_of_actor(request.actor)  # type: ignore[attr-defined]


def stand_of_actor(actor: Actor) -> Stand:
    """The role of the database that belongs to an actor, and the company or customer that it acts for."""
    if actor.customer is not None:
        return Stand(fence.CUSTOMER, actor.customer.pk, actor.customer.microsoft_id)
    if actor.partner is None:
        return NOBODY
    role = fence.PROVIDER if actor.partner.is_provider else fence.RESELLER
    return Stand(role, actor.partner.pk, actor.partner.microsoft_id)


class FenceMiddleware:
    """A page that only reads is one transaction, also because that is cheaper; another one names itself each time."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not fence.is_up():
            return self.get_response(request)
        stand, reads_only = stand_of(request), request.method in ("GET", "HEAD")
        with fence.standing(stand, reads_only=reads_only):
            if reads_only and request.user.is_authenticated:
                with fence.taking(connection, stand):
                    response = self.get_response(request)
            else:
                response = self.get_response(request)
        if response.streaming:
            response.streaming_content = fence.piecewise(stand, response.streaming_content)  # type: ignore[attr-defined]
        return response
