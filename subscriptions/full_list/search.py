"""Search among all subscriptions: by offer, nickname and subscription ID, and by what is stored of the customer."""

from typing import Any

from django.db.models import Q, QuerySet

from core.filters import SearchFilter
from customers.models import Customer
from subscriptions.customer_list.search import id_range, occurs, words_of

# So many customers at most are named one by one, each a look into an index.
MOST_CUSTOMERS = 1_000


class SubscriptionSearchFilter(SearchFilter):
    """Every word typed must occur in the subscription or its customer, or begin the subscription's ID."""

    def filter(self, qs: QuerySet, value: Any) -> QuerySet:
        """Narrow by each of the first words; who the customers are is asked beforehand, a query for each word.

        Few customers are named, so that an index finds their subscriptions. Of many there is a subscription among the
        first rows of any order, so there each row's customer is looked at.
        """
        words = words_of(str(value or ""))
        customers = Customer.objects.visible_to(self.parent.request.actor).order_by()
        found = {word: first_keys(customers.filter(occurs(word))) for word in words}
        many = [word for word in words if len(found[word]) > MOST_CUSTOMERS]
        conditions = [
            its_own(word) | (occurs(word, "customer__") if word in many else Q(customer__in=found[word]))
            for word in words
        ]
        if many:
            having_all = customers.filter(*map(occurs, words))
            some = found[words[0]] if len(words) == 1 else first_keys(having_all)
            rest = its_own(words[0]) if len(words) == 1 else Q()
            self.parent.ways = (Q(customer__in=some), Q(customer__in=having_all.values("pk")), rest)
        return qs.filter(*conditions)


def its_own(word: str) -> Q:
    """The word in what is stored of the subscription, or at the beginning of its ID."""
    wanted, limits = Q(search_text__contains=word), id_range(word)
    return wanted | Q(subscription_id__range=limits) if limits else wanted


def first_keys(customers: QuerySet[Customer]) -> list[int]:
    """As many as it takes to know that they are many."""
    return list(customers.values_list("pk", flat=True)[: MOST_CUSTOMERS + 1])
