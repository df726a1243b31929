"""*Partners*: what the customer's administrator sees of who works on its account, and what it was asked."""

from typing import Any

from django.views.generic import TemplateView

from accounts.models import Partner
from accounts.roles import Permission
from accounts.services.support import RELATED, support_of
from customers.models import Customer, RelationshipRequest, TenantOwner
from customers.pages import CustomerPage
from customers.relationship_requests.tables import with_badges
from subscriptions.customer_pages.relations import relations_of, scope_meaning
from subscriptions.customer_pages.support import support_facts


def requests_to_answer(customer: Customer) -> int:
    """How many requests wait for the customer's answer."""
    return RelationshipRequest.objects.filter(customer=customer).awaiting_answer().count()


class PartnersView(CustomerPage, TemplateView):
    """Open requests first, then the provider, the managing reseller and the support contacts."""

    permission = Permission.ANSWER_RELATIONSHIP
    template_name = "customers/partners.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        relations = relations_of(self.customer, self.actor)
        if relations.managing is not None:
            relations.managing.customer = self.customer
        companies = {self.customer.provider_id, *(group.reseller for group in relations.support)}
        reached = {
            company.pk: support_facts(support_of(company))
            for company in Partner.objects.filter(pk__in=companies).select_related(*RELATED)
        }
        asked = RelationshipRequest.objects.visible_to(self.actor).filter(customer=self.customer)
        latest = with_badges(list(asked.with_people().order_by("-pk")[:10]), own=True)
        return super().get_context_data(
            provider=self.customer.provider,
            provider_facts=reached[self.customer.provider_id],
            relations=relations,
            support=[(group, reached[group.reseller]) for group in relations.support],
            owners=list(TenantOwner.objects.current().filter(customer=self.customer).select_related("reseller")),
            meaning=scope_meaning(relations.managing, self.actor) if relations.managing else "",
            open_requests=[one for one in latest if one.is_answerable],
            earlier_requests=[one for one in latest if not one.is_answerable],
            **kwargs,
        )
