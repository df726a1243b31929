"""The filters of the lists on the way to the end of a partnership."""

from django.utils.translation import gettext_lazy as _

from core.filters import PortalFilterSet, SearchFilter


class ManagedFilter(PortalFilterSet):
    """Customers that the reseller manages."""

    q = SearchFilter("customer__search_text", label=_("Search by name, domain, ID or e-mail"))


class NamedFilter(PortalFilterSet):
    """Subscriptions that name the reseller, by their customer."""

    q = SearchFilter(
        "subscription__customer__search_text", label=_("Search by the customer’s name, domain, ID or e-mail")
    )
