"""The reseller's side: Indirect providers."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from accounts.roles import Permission
from core.lists import ListPage
from orders.partnerships.tables import ProviderTable
from resellers.models import Partnership
from resellers.views.access import PermittedView


class ProviderListView(PermittedView, ListPage):
    """The providers with whom the reseller has a partnership."""

    title = gettext_lazy("Indirect providers")
    permission = Permission.VIEW_PROVIDERS
    table_class = ProviderTable
    sorts = {"provider": "provider__search_text", "since": "began_at"}
    default_sort = "-since"
    empty_title = gettext_lazy("No providers yet")
    empty_text = gettext_lazy("A provider appears here once you have accepted its partnership request.")
    empty_icon = "diagram-3"

    def get_queryset(self) -> QuerySet[Partnership]:
        """Active partnerships of the actor's company."""
        return Partnership.objects.visible_to(self.actor).active().select_related("provider")
