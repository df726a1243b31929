"""The filters of the Indirect resellers lists."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django_countries import countries

from accounts.access import Actor
from accounts.models import mpn_key
from core.filters import PortalFilterSet, SearchFilter
from core.text import fold
from resellers.models import Partnership
from resellers.readiness import partnerships_ready_today, partnerships_refused_today
from subscriptions.models import ResellerTally

ELSEWHERE = "elsewhere"


class CompanySearch(SearchFilter):
    """Each word in the name, the MPN ID or the e-mail address; an MPN ID with or without its leading zeros."""

    def filter(self, qs: QuerySet, value: Any) -> QuerySet:
        """Narrow by each of the first six words."""
        for word in fold(str(value or "")).split()[:6]:
            wanted = Q(reseller__search_text__contains=word)
            if word.isdecimal():
                # 0012345 is also found where it was written 12345: zeros in front mark the beginning of the number.
                wanted |= Q(reseller__mpn_key__startswith=mpn_key(word))
            qs = qs.filter(wanted)
        return qs


class EndedResellerFilter(PortalFilterSet):
    """By name, MPN ID or e-mail address, and by the country of the company."""

    q = CompanySearch(label=_("Search by name, MPN ID or e-mail"))
    country = django_filters.ChoiceFilter(label=_("Country or region"), empty_label=_("All"), method="filter_country")

    class Meta:
        model = Partnership
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The provider's own countries and one word for all others: to ask which occur would read the whole list.
        codes = self.own_countries
        own = [pair for pair in countries if pair[0] in codes]
        self.filters["country"].extra["choices"] = [*own, (ELSEWHERE, _("Another country"))]

    @property
    def own_countries(self) -> frozenset[str]:
        """Where the provider may do business."""
        actor: Actor = self.request.actor
        return actor.partner.countries if actor.partner else frozenset()

    def filter_country(self, queryset: QuerySet[Partnership], name: str, value: str) -> QuerySet[Partnership]:
        """Resellers of one country, or of any in which the provider may not do business."""
        if value == ELSEWHERE:
            return queryset.exclude(reseller__country__in=sorted(self.own_countries))
        return queryset.filter(reseller__country=value)


class ResellerFilter(EndedResellerFilter):
    """The same, and by what the reseller does not do or would not be let do."""

    customers = django_filters.ChoiceFilter(
        label=_("Customers"),
        empty_label=_("All"),
        choices=[("none", _("Has no customers")), ("some", _("Has customers"))],
        method="filter_customers",
    )
    today = django_filters.ChoiceFilter(
        label=_("New business today"),
        empty_label=_("All"),
        choices=[("refused", _("Would be refused today")), ("possible", _("Can be done today"))],
        method="filter_today",
    )

    def filter_customers(self, queryset: QuerySet[Partnership], name: str, value: str) -> QuerySet[Partnership]:
        """Resellers that manage none of the provider's customers now, or some."""
        managing = Q(reseller__in=ResellerTally.objects.visible_to(self.request.actor).with_customers())
        return queryset.filter(~managing if value == "none" else managing)

    def filter_today(self, queryset: QuerySet[Partnership], name: str, value: str) -> QuerySet[Partnership]:
        """Resellers for which the readiness gate finds something today, or nothing."""
        actor: Actor = self.request.actor
        if actor.partner is None:
            return queryset.none()
        if value == "refused":
            return partnerships_refused_today(queryset, actor.partner)
        return partnerships_ready_today(queryset, actor.partner)
