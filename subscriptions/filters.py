"""The filters of the Customers list."""

from typing import Any
from uuid import UUID

import django_filters
from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_countries import countries

from accounts.access import Actor
from accounts.models import Partner
from core.filters import PortalFilterSet, SearchFilter
from core.text import fold
from customers.models import CustomerQuerySet, ResellerRelationship
from subscriptions.azure import lacking_tenant_owner

# More options than this are typed, not scrolled through.
LONGEST_SELECT = 15
NONE = "none"
TO_DO = "todo"


def resellers_of(actor: Actor) -> list[Partner]:
    """The resellers with which the provider has or had a partnership, by name; one more than a select would hold."""
    resellers = Partner.objects.filter(partnerships_as_reseller__provider=actor.partner).distinct()
    return list(resellers.order_by("legal_name", "pk")[: LONGEST_SELECT + 1])


def providers_of(actor: Actor) -> list[Partner]:
    """The providers with which the reseller has or had a partnership, by name."""
    providers = Partner.objects.filter(partnerships_as_provider__reseller=actor.partner).distinct()
    return list(providers.order_by("legal_name", "pk"))


class CustomerFilter(PortalFilterSet):
    """By words, by the company on the other side, and by country (where there is more than one)."""

    q = SearchFilter(label=_("Search by name, domain, ID or e-mail"))
    reseller = django_filters.ChoiceFilter(
        label=_("Filter by indirect reseller"), empty_label=_("All"), method="filter_reseller"
    )
    provider = django_filters.ChoiceFilter(
        label=_("Filter by indirect provider"), empty_label=_("All"), field_name="provider__microsoft_id"
    )
    country = django_filters.ChoiceFilter(label=_("Country or region"), empty_label=_("All"))
    azure = django_filters.ChoiceFilter(
        label=_("Azure"),
        empty_label=_("All"),
        choices=[(TO_DO, _("Reseller is not tenant owner"))],
        method="filter_azure",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        actor: Actor = self.request.actor
        if actor.is_provider:
            del self.filters["provider"]
            self._offer_resellers(resellers_of(actor))
        else:
            del self.filters["reseller"]
            del self.filters["azure"]
            self._offer_providers(providers_of(actor))
        known = actor.partner.countries if actor.partner else frozenset()
        if len(known) > 1:
            self.filters["country"].extra["choices"] = [pair for pair in countries if pair[0] in known]
        else:
            del self.filters["country"]

    def _offer_providers(self, providers: list[Partner]) -> None:
        if len(providers) > 1:
            self.filters["provider"].extra["choices"] = [(str(one.microsoft_id), one.legal_name) for one in providers]
        else:
            del self.filters["provider"]

    def _offer_resellers(self, resellers: list[Partner]) -> None:
        if len(resellers) > LONGEST_SELECT:
            self.filters["reseller"] = self._typed_reseller()
            return
        self.filters["reseller"].extra["choices"] = [
            (NONE, _("No reseller (direct)")),
            *((str(one.microsoft_id), one.name_and_mpn) for one in resellers),
        ]

    def _typed_reseller(self) -> django_filters.CharFilter:
        typed = django_filters.CharFilter(
            label=_("Filter by indirect reseller"),
            method="filter_reseller",
            max_length=200,
            widget=forms.TextInput(attrs={"placeholder": _("Name or MPN ID, or none")}),
        )
        typed.parent, typed.field_name = self, "reseller"
        return typed

    def filter_azure(self, queryset: CustomerQuerySet, name: str, value: str) -> CustomerQuerySet:
        """Customers with an Azure plan whose managing reseller is not tenant owner."""
        return lacking_tenant_owner(queryset)

    def filter_reseller(self, queryset: CustomerQuerySet, name: str, value: str) -> CustomerQuerySet:
        """Customers of one reseller by its Microsoft ID or by words of its name and MPN ID; `none` is without one."""
        if value.strip().casefold() in (NONE, str(_("none"))):
            return queryset.without_reseller()
        try:
            wanted = Q(reseller__microsoft_id=UUID(value))
        except ValueError:
            wanted = Q()
            for word in fold(value).split()[:6]:
                wanted &= Q(reseller__search_text__contains=word)
        managed = ResellerRelationship.objects.current().filter(wanted)
        return queryset.filter(pk__in=managed.values("customer"))
