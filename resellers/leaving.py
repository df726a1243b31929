"""The partnership requests of somebody who leaves a provider."""

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.access import Actor
from accounts.models import Membership
from accounts.people.open_work import OpenWork, colleagues_of
from activity.services import record
from resellers.models import PartnershipRequest
from resellers.services.requests import remove_draft, withdraw
from resellers.services.telling import ROLES_THAT_REQUEST

State = PartnershipRequest.State


class RequestsOfPerson(OpenWork):
    """Drafts that the person wrote in, and requests that the person sent and nobody has answered."""

    key = "partnership_requests"
    title = _("Partnership requests")
    keep_label = _("Leave them as they are: colleagues who may request a partnership see them")
    close_label = _("Revoke what was sent and delete the drafts")

    def requests(self) -> QuerySet[PartnershipRequest]:
        """The rows themselves; requests belong to the provider, so a reseller's people have none."""
        user = self.membership.user_id
        mine = Q(state=State.DRAFT, created_by=user, changed_at__isnull=False)
        sent = PartnershipRequest.objects.awaiting_answer().filter(sent_by=user).values("pk")
        rows = PartnershipRequest.objects.filter(provider=self.membership.partner_id).filter(mine | Q(pk__in=sent))
        return rows.select_related("provider", "created_by", "sent_by").order_by("pk")

    def rows(self) -> list[tuple[str, str]]:
        """Each by whom it asks."""
        nowhere = str(_("No address yet"))
        return [
            (f"{one.recipient or nowhere} ({one.get_state_display()})", one.get_absolute_url())
            for one in self.requests()
        ]

    def takers(self) -> QuerySet[Membership]:
        """Whoever may request a partnership."""
        return colleagues_of(self.membership, roles=ROLES_THAT_REQUEST)

    def hand_over(self, to: Membership, *, by: Actor) -> None:
        """From now on the colleague is told of the answers."""
        for request in self.requests().select_for_update(of=("self",)):
            field = "created_by" if request.state == State.DRAFT else "sent_by"
            setattr(request, field, to.user)
            request.save(update_fields=[field])
            names = [self.membership.user.full_name, to.user.full_name]
            record("partnership_request.handed_over", request, by=by, person=names)

    def close(self, *, by: Actor) -> None:
        """The links stop working."""
        for request in self.requests():
            if request.state == State.DRAFT:
                remove_draft(request, by)
            else:
                withdraw(request, by)
