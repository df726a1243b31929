"""The customer's Account page with its relations to indirect resellers, of which two lie on its subscriptions."""

from typing import Any

from django.db.models import Exists, OuterRef

from accounts.roles import Permission
from customers.models import CustomerQuerySet, RelationshipRequest
from customers.relationship_requests.tables import with_badges
from customers.views import AccountView
from subscriptions.change_requests.shown import open_requests
from subscriptions.customer_pages.relations import relations_of, scope_meaning
from subscriptions.models import OF_ACCOUNTS, ChangeRequest


class AccountWithRelationsView(AccountView):
    """What the Account page says, and who manages, earns and supports."""

    def customers_seen(self) -> CustomerQuerySet:
        """Without who manages them: the page reads all relations of its one customer."""
        asked = ChangeRequest.objects.undecided().filter(customer=OuterRef("pk"), kind__in=OF_ACCOUNTS)
        return super().customers_seen().prefetch_related(None).annotate(is_asked_about=Exists(asked))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        customer, actor = self.customer, self.actor
        relations = relations_of(customer, actor)
        customer.current_relationships = [relations.managing] if relations.managing else []
        if relations.managing is not None:
            relations.managing.customer = customer
        return super().get_context_data(
            relations=relations,
            meaning=scope_meaning(relations.managing, actor) if relations.managing else "",
            mismatches=[] if actor.is_reseller else relations.mismatches(),
            as_reseller=actor.is_reseller,
            may_assign=self.allows(Permission.ASSIGN_RESELLER),
            may_end=self.allows(Permission.END_RELATIONSHIP),
            may_request=self.allows(Permission.REQUEST_RELATIONSHIP),
            requests=self.requests(),
            open_requests=open_requests(customer, actor),
            **kwargs,
        )

    def requests(self) -> list[RelationshipRequest]:
        """What the customer was asked and what is about to be asked, the newest first, for who may ask."""
        if not self.allows(Permission.REQUEST_RELATIONSHIP):
            return []
        rows = RelationshipRequest.objects.visible_to(self.actor).filter(customer=self.customer)
        mine = rows.filter(created_by=self.actor.user, state=RelationshipRequest.State.DRAFT)
        left = rows.exclude(state=RelationshipRequest.State.DRAFT)
        return with_badges(list((mine | left).with_people().order_by("-pk")[:5]))
