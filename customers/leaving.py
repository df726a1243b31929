"""What somebody who leaves a provider has asked of customers."""

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.access import Actor
from accounts.models import Membership
from accounts.people.open_work import OpenWork, colleagues_of
from accounts.roles import Permission, Program, roles_that_may
from activity.services import record
from core import clock
from customers.models import RelationshipRequest
from customers.relationship_requests.services import move_request

State = RelationshipRequest.State


class RelationshipRequestsOfPerson(OpenWork):
    """Requests for a reseller relationship: drafts, and those that the customer can still answer."""

    key = "relationship_requests"
    title = _("Requests to customers")
    close_label = _("Revoke what was sent and delete the drafts")

    def requests(self) -> QuerySet[RelationshipRequest]:
        """The rows themselves."""
        open_ones = RelationshipRequest.objects.awaiting_answer().values("pk")
        mine = RelationshipRequest.objects.filter(
            created_by=self.membership.user_id, customer__provider=self.membership.partner_id
        )
        return mine.filter(Q(state=State.DRAFT) | Q(pk__in=open_ones)).with_people().order_by("pk")

    def rows(self) -> list[tuple[str, str]]:
        """Each by its reseller and customer."""
        return [(f"{one} ({one.get_state_display()})", one.get_absolute_url()) for one in self.requests()]

    def takers(self) -> QuerySet[Membership]:
        """Whoever may ask customers."""
        program = Program(self.membership.partner.program)
        return colleagues_of(self.membership, roles=roles_that_may(program, Permission.REQUEST_RELATIONSHIP))

    def hand_over(self, to: Membership, *, by: Actor) -> None:
        """From now on the colleague is told of the answers."""
        for request in self.requests().select_for_update(of=("self",)):
            request.created_by = to.user
            request.save(update_fields=["created_by"])
            names = [self.membership.user.full_name, to.user.full_name]
            record("relationship_request.handed_over", request, by=by, person=names)

    def close(self, *, by: Actor) -> None:
        """Nobody can answer any more; one answered a moment ago stays answered."""
        now = clock.now()
        for request in self.requests():
            if request.state == State.DRAFT:
                request.delete()
            elif move_request(request, State.REVOKED, at=now, answered_at=now, answered_by=by.user):
                request.refresh_from_db()
                record("relationship_request.revoked", request, by=by, reseller=request.reseller.recorded_name)
