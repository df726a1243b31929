"""Subscriptions: everything that a provider's customers have, or those of the customers that a reseller manages."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import can
from accounts.permitted import PermittedView
from accounts.roles import Permission
from accounts.saved_views.listing import WithSavedViews
from core import clock
from core.lists import PLACE, ListPage
from core.paging import Sort
from subscriptions.full_list.conditions import cancelable_parts
from subscriptions.full_list.filters import CANCELABLE, SubscriptionFilter
from subscriptions.full_list.rows import add_resellers, listed_subscriptions
from subscriptions.full_list.tables import FullListTable, ResellerFullListTable
from subscriptions.models import TERM_END


class PartnerPage(PermittedView):
    """For staff of companies: a customer has a page of its own subscriptions."""

    permission = Permission.VIEW_SUBSCRIPTIONS

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Refuse whoever acts for no company."""
        if self.actor.partner is None:
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)


class FullList(WithSavedViews, PartnerPage, ListPage):
    """Subscriptions across all customers."""

    template_name = "subscriptions/full_list.html"
    title = gettext_lazy("Subscriptions")
    filterset_class = SubscriptionFilter
    sorts = {
        "ends": Sort(TERM_END),
        "changed": Sort("changed_at", descending_first=True),
    }
    default_sort = "-changed"
    empty_icon = "box-seam"
    empty_title = gettext_lazy("No subscriptions yet")

    def table_class(self, *args: Any, **kwargs: Any) -> FullListTable:  # type: ignore[override]
        """A reseller sees who the provider is; who may change many selects rows."""
        if not self.actor.is_provider:
            return ResellerFullListTable(*args, **kwargs)
        return FullListTable(*args, exclude=() if self.may_change else ("pick",), **kwargs)

    @property
    def may_change(self) -> bool:
        """Whether the person may change many subscriptions at once."""
        return self.actor.is_provider and can(self.actor, Permission.MANAGE_SUBSCRIPTION)

    @property
    def empty_text(self) -> str:  # type: ignore[override]
        """What brings the first one."""
        if self.actor.is_provider:
            return _("What is ordered for your customers appears here.")
        return _("The subscriptions of the customers that you manage appear here.")

    def get_queryset(self) -> QuerySet:
        return listed_subscriptions(self.actor)

    def get_parts(self) -> Sequence[Q]:
        """What can be canceled is found in two ways."""
        if self.request.GET.get("term") == CANCELABLE:
            return cancelable_parts(clock.now())
        return super().get_parts()

    def prepare(self, rows: list[Any]) -> None:
        """Who earns with each visible subscription."""
        add_resellers(rows, self.actor)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Where the export finds the same rows: the filters and the order, without the place in the list."""
        query = self.request.GET.copy()
        for name in PLACE:
            query.pop(name, None)
        filters = parse_qsl(self.kept_query(self.request.GET)) if self.may_change else []
        return super().get_context_data(
            filters_query=query.urlencode(), may_change=self.may_change, bulk_filters=filters, **kwargs
        )
