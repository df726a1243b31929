"""*Partners*: what the customer's administrator sees of who works on its account, and what it was asked."""

from typing import Any

from django.views.generic import TemplateView

from accounts.roles import Permission
from customers.models import RelationshipRequest
from customers.pages import CustomerPage
from customers.relationship_requests.tables import with_badges
from subscriptions.customer_pages.relations import relations_of, scope_meaning


class PartnersView(CustomerPage, TemplateView):
    """Open requests first, then the provider, the managing reseller and the support contacts."""

    permission = Permission.ANSWER_RELATIONSHIP
    template_name = "customers/partners.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        relations = relations_of(self.customer, self.actor)
        if relations.managing is not None:
            relations.managing.customer = self.customer
        asked = RelationshipRequest.objects.visible_to(self.actor).filter(customer=self.customer)
        latest = with_badges(list(asked.with_people().order_by("-pk")[:10]), own=True)
        return super().get_context_data(
            provider=self.customer.provider,
            relations=relations,
            meaning=scope_meaning(relations.managing, self.actor) if relations.managing else "",
            open_requests=[one for one in latest if one.is_answerable],
            earlier_requests=[one for one in latest if not one.is_answerable],
            **kwargs,
        )
