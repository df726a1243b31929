"""Who may answer a customer's support requests besides its provider: one rule for all who ask."""

from django.db.models import Q, QuerySet

from accounts.models import Partner
from customers.models import Customer, ResellerRelationship
from resellers.models import Partnership


def support_candidates(customer: Customer, *, current: Partner | None = None) -> QuerySet[Partner]:
    """The reseller that manages the customer, and `current`, as far as the provider is partnered with them."""
    managing = ResellerRelationship.objects.current().filter(customer=customer)
    partnered = Partnership.objects.active().filter(provider=customer.provider_id)
    chosen = Q(pk__in=managing.values("reseller"))
    if current is not None:
        chosen |= Q(pk=current.pk)
    return Partner.objects.filter(chosen, pk__in=partnered.values("reseller")).order_by("search_text", "pk")
