"""What every page of a provider's requests starts from: the permission, then the request among one's own."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.generic import View

from accounts.access import Actor, can
from accounts.roles import Permission
from resellers.models import PartnershipRequest


class PermittedView(View):
    """Refuse with 403 whoever lacks the permission, before anything is looked up."""

    permission: Permission

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Ask the one judge."""
        if not can(self.actor, self.permission):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    @property
    def actor(self) -> Actor:
        """Who acts, for whom."""
        actor: Actor = self.request.actor  # type: ignore[attr-defined]
        return actor


class OwnRequestView(PermittedView):
    """A page or an action of one request of the actor's own provider; another's is not found."""

    permission = Permission.REQUEST_PARTNERSHIP

    def own_request(self, public_id: UUID) -> PartnershipRequest:
        """The request, if the actor may see it."""
        related = (
            "provider",
            "created_by",
            "sent_by",
            "answered_by",
            "partnership__reseller",
            "new_link_wanted_by",
            "replaced_by",
            "replaces",
        )
        rows = PartnershipRequest.objects.visible_to(self.actor).select_related(*related)
        return get_object_or_404(rows, public_id=public_id)
