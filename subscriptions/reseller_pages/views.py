"""Indirect resellers: the list."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from accounts.access import can
from accounts.roles import Permission
from resellers.models import Partnership
from resellers.views.lists import SectionList
from subscriptions.reseller_pages.filters import ResellerFilter
from subscriptions.reseller_pages.tables import ResellerTable


class ResellerListView(SectionList):
    """The resellers with whom the provider has a partnership."""

    permission = Permission.VIEW_RESELLERS
    filterset_class = ResellerFilter
    sorts = {"reseller": "reseller__search_text", "location": "reseller__country", "since": "began_at"}
    default_sort = "-since"
    empty_title = gettext_lazy("No resellers yet")
    empty_text = gettext_lazy("Partnerships start with a request e-mail. Select Request a partnership to write one.")
    empty_icon = "shop"

    def get_queryset(self) -> QuerySet[Partnership]:
        """Active partnerships of the actor's company."""
        return Partnership.objects.visible_to(self.actor).active().select_related("reseller")

    def table_class(self, *args: Any, **kwargs: Any) -> ResellerTable:  # type: ignore[override]
        """The table with the actions that the actor may take."""
        return ResellerTable(
            *args,
            may_view_customers=can(self.actor, Permission.VIEW_CUSTOMERS),
            may_add_customers=can(self.actor, Permission.ADD_CUSTOMER),
            **kwargs,
        )
