"""The filters of the Indirect resellers lists."""

from typing import Any

import django_filters
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django_countries import countries

from accounts.access import Actor
from accounts.models import mpn_key
from core.filters import PortalFilterSet, SearchFilter
from core.text import fold
from customers.models import ResellerRelationship
from resellers.models import Partnership
from resellers.readiness import partnerships_refused_today


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
    country = django_filters.ChoiceFilter(
        field_name="reseller__country", label=_("Country or region"), empty_label=_("All")
    )

    class Meta:
        model = Partnership
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Only countries that occur: 249 others would find nothing.
        codes = self.queryset.order_by().values_list("reseller__country", flat=True).distinct()
        names = dict(countries)
        self.filters["country"].extra["choices"] = sorted(
            ((code, names.get(code, code)) for code in codes), key=lambda choice: str(choice[1])
        )


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
        managed = Exists(
            ResellerRelationship.objects.current().filter(
                reseller=OuterRef("reseller"), customer__provider=OuterRef("provider")
            )
        )
        return queryset.filter(~managed if value == "none" else managed)

    def filter_today(self, queryset: QuerySet[Partnership], name: str, value: str) -> QuerySet[Partnership]:
        """Resellers for which the readiness gate finds something today, or nothing."""
        actor: Actor = self.request.actor
        if actor.partner is None:
            return queryset.none()
        refused = partnerships_refused_today(Partnership.objects.visible_to(actor).active(), actor.partner)
        inside = Q(pk__in=refused.values("pk"))
        return queryset.filter(inside if value == "refused" else ~inside)
