"""The search of the renewal calendar, and its filter by reseller."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from core.filters import PortalFilterSet, SearchFilter
from core.text import fold
from subscriptions.full_list.filters import ResellerOfRecordFilter

MOST_WORDS = 6


class DecisionSearchFilter(SearchFilter):
    """Every word typed must occur in the subscription or in its customer."""

    def filter(self, qs: QuerySet, value: Any) -> QuerySet:
        """Narrow by each of the first words."""
        for word in fold(str(value or "")).split()[:MOST_WORDS]:
            qs = qs.filter(Q(search_text__contains=word) | Q(customer__search_text__contains=word))
        return qs


class DecisionFilter(PortalFilterSet):
    """By words of the subscription or the customer; a provider's staff also by the reseller of record."""

    q = DecisionSearchFilter(label=_("Search by subscription or customer"))
    reseller = ResellerOfRecordFilter(label=_("Reseller of record"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.request.actor.is_provider:
            self.filters["reseller"].offer_to(self.request.actor)
        else:
            del self.filters["reseller"]
