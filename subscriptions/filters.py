"""The filters of the Customers list."""

from datetime import timedelta
from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_countries import countries

from accounts.access import Actor
from accounts.models import Partner
from core import clock
from core.filters import PortalFilterSet
from core.typeahead import Suggestion, TypeaheadFilter, TypeaheadInput
from customers.models import Customer, CustomerQuerySet, ResellerRelationship
from resellers.choosing import ResellerSource
from subscriptions.azure import lacking_tenant_owner
from subscriptions.customer_list.search import CustomerSearchFilter

ACCEPTED, NOT_ACCEPTED = "accepted", "none"
TO_DO = "todo"
CHANGED = "changed"
LATELY = timedelta(days=7)
NO_RESELLER = Suggestion("none", _("No reseller (direct)"), alias=_("none"))


def providers_of(actor: Actor) -> list[Partner]:
    """The providers with which the reseller has or had a partnership, by name."""
    providers = Partner.objects.filter(partnerships_as_provider__reseller=actor.partner).distinct()
    return list(providers.order_by("legal_name", "pk"))


def access_changed(customers: CustomerQuerySet, reseller: Partner | None) -> CustomerQuerySet:
    """Those whose delegation to the reseller began, was widened or was narrowed within the last days."""
    begun = ResellerRelationship.objects.current().filter(reseller=reseller, begins_at__gt=clock.now() - LATELY)
    return customers.filter(pk__in=begun.values("customer"))


class CustomerFilter(PortalFilterSet):
    """By words, by the company on the other side, by country (where there is more than one), status and agreement."""

    q = CustomerSearchFilter(label=_("Search by name, domain, ID or e-mail"))
    reseller = TypeaheadFilter(
        label=_("Filter by indirect reseller"),
        empty_label=_("All"),
        extras=(NO_RESELLER,),
        widget=TypeaheadInput(attrs={"placeholder": _("Name or MPN ID, or none")}),
        method="filter_reseller",
    )
    provider = django_filters.ChoiceFilter(
        label=_("Filter by indirect provider"), empty_label=_("All"), field_name="provider__microsoft_id"
    )
    country = django_filters.ChoiceFilter(label=_("Country or region"), empty_label=_("All"))
    status = django_filters.ChoiceFilter(label=_("Status"), empty_label=_("All"), choices=Customer.Status.choices)
    agreement = django_filters.ChoiceFilter(
        label=_("Customer agreement"),
        empty_label=_("All"),
        choices=[(ACCEPTED, pgettext_lazy("agreement", "Accepted")), (NOT_ACCEPTED, _("Not accepted"))],
        method="filter_agreement",
    )
    access = django_filters.ChoiceFilter(
        label=_("Your access"),
        empty_label=_("All"),
        choices=[*ResellerRelationship.Scope.choices, (CHANGED, _("Changed in the last 7 days"))],
        method="filter_access",
    )
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
            del self.filters["access"]
            self.filters["reseller"].offer(ResellerSource(actor, with_ended=True))
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

    def filter_azure(self, queryset: CustomerQuerySet, name: str, value: str) -> CustomerQuerySet:
        """Customers with an Azure plan whose managing reseller is not tenant owner."""
        return lacking_tenant_owner(queryset)

    def filter_access(self, queryset: CustomerQuerySet, name: str, value: str) -> CustomerQuerySet:
        """Customers delegated to the reseller so far, or since a few days only."""
        reseller = self.request.actor.partner
        if value == CHANGED:
            return access_changed(queryset, reseller)
        current = ResellerRelationship.objects.current().filter(reseller=reseller, scope=value)
        return queryset.filter(pk__in=current.values("customer"))

    def filter_agreement(self, queryset: CustomerQuerySet, name: str, value: str) -> CustomerQuerySet:
        """Customers for which the customer agreement was accepted, or was not."""
        return queryset.filter(has_agreement=True) if value == ACCEPTED else queryset.without_agreement()

    def filter_reseller(self, queryset: CustomerQuerySet, name: str, value: Partner | Suggestion) -> CustomerQuerySet:
        """Customers that a reseller manages, or those that none does."""
        if value == NO_RESELLER:
            return queryset.without_reseller()
        return queryset.filter(managing_reseller=value)
