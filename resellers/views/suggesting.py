"""Suggestions while somebody types the name of a reseller."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django_countries import countries

from accounts.permitted import PermittedView
from accounts.roles import Permission
from core.typeahead import suggestions
from resellers.choosing import ResellerSource


class SuggestView(PermittedView):
    """The resellers whose name or MPN ID holds `?q=`; with `?ended=1` also those of partnerships that are over.

    With `?country=` each says whether it would be refused for a customer there.
    """

    permission = Permission.VIEW_CUSTOMERS
    http_method_names = ["get", "head", "options"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """A few of the provider's own, whoever of its staff asks: all of them filter customers by reseller."""
        if not self.actor.is_provider:
            raise PermissionDenied
        country = request.GET.get("country", "")
        source = ResellerSource(
            self.actor,
            with_ended=request.GET.get("ended") == "1",
            customer_country=country if country in countries else "",
        )
        return suggestions(source, request.GET.get("q", ""))
