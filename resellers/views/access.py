"""What every page of a provider's requests starts from: the permission, then the request among one's own."""

from uuid import UUID

from django.shortcuts import get_object_or_404

from accounts.permitted import PermittedView
from accounts.roles import Permission
from resellers.models import PartnershipRequest


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
