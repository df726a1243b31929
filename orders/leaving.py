"""The drafts of somebody who leaves a provider."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.access import Actor
from accounts.models import Membership
from accounts.people.open_work import OpenWork, colleagues_of
from accounts.roles import Permission, Program, roles_that_may
from orders.handing_over import give_draft
from orders.models import OrderDraft, OrderDraftQuerySet
from orders.services import give_up


class DraftsOfPerson(OpenWork):
    """Unfinished drafts of new customers and of new subscriptions."""

    key = "drafts"
    title = _("Drafts of orders")
    keep_label = _("Leave them: a Global admin can hand each over later, until it is removed")
    close_label = _("Cancel them and remove what was entered")

    def drafts(self) -> OrderDraftQuerySet:
        """The rows themselves."""
        mine = OrderDraft.objects.filter(owner=self.membership.user_id, provider=self.membership.partner_id)
        return mine.worth_resuming().order_by("pk")

    def rows(self) -> list[tuple[str, str]]:
        """Each by its name; only the owner can open it."""
        return [(str(draft), "") for draft in self.drafts()]

    def takers(self) -> QuerySet[Membership]:
        """Whoever may go on with any of them."""
        program = Program(self.membership.partner.program)
        roles = roles_that_may(program, Permission.PLACE_ORDER, Permission.ADD_CUSTOMER)
        return colleagues_of(self.membership, roles=roles)

    def hand_over(self, to: Membership, *, by: Actor) -> None:
        """The colleague is told of each and goes on where it stands."""
        for draft in self.held():
            give_draft(draft, to, by)

    def close(self, *, by: Actor) -> None:
        """As if the owner had canceled each."""
        for draft in self.held():
            give_up(draft)

    def held(self) -> list[OrderDraft]:
        """The open drafts as they are now, locked: one that is being submitted is not touched."""
        # Two queries: a join in the one that waits for the lock would show the related rows of before the wait.
        keys = [draft.pk for draft in self.drafts().select_for_update(no_key=True, of=("self",))]
        return list(OrderDraft.objects.open().filter(pk__in=keys).select_related("provider", "customer", "owner"))
