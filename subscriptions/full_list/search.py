"""Search among all subscriptions: by offer, nickname and subscription ID, and by what is stored of the customer."""

from typing import Any

from django.db.models import Q, QuerySet

from accounts.access import Actor
from core.filters import SearchFilter
from customers.models import Customer
from subscriptions.customer_list.search import id_range, occurs, words_of

# So many customers at most are named one by one, each a look into an index.
MOST_CUSTOMERS = 1_000


class SubscriptionSearchFilter(SearchFilter):
    """Every word typed must occur in the subscription or its customer, or begin the subscription's ID."""

    def filter(self, qs: QuerySet, value: Any) -> QuerySet:
        """Narrow by each of the first words; who the customers are is asked beforehand, a query for each word."""
        actor: Actor = self.parent.request.actor
        for word in words_of(str(value or "")):
            wanted = Q(search_text__contains=word) | of_customers(word, actor)
            if limits := id_range(word):
                wanted |= Q(subscription_id__range=limits)
            qs = qs.filter(wanted)
        return qs


def of_customers(word: str, actor: Actor) -> Q:
    """Subscriptions of the customers in whose words it occurs.

    Few customers are named, so that an index finds their subscriptions. Of many there is a subscription among the
    first rows of any order, and a condition asked row after row ends soon.
    """
    customers = Customer.objects.visible_to(actor).filter(occurs(word)).order_by()
    found = list(customers.values_list("pk", flat=True)[: MOST_CUSTOMERS + 1])
    return Q(customer__in=found) if len(found) <= MOST_CUSTOMERS else Q(customer__in=customers.values("pk"))
