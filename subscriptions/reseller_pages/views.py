"""Indirect resellers: the lists of partnerships that last and of those that are over."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from accounts.models import Partner
from accounts.roles import Permission
from accounts.saved_views.listing import WithSavedViews
from core.lists import PLACE
from core.paging import Sort
from resellers.models import Partnership
from resellers.readiness import company_obstacles
from resellers.views.lists import SectionList
from subscriptions.models import ResellerTally, tallied
from subscriptions.reseller_pages import counts
from subscriptions.reseller_pages.filters import EndedResellerFilter, ResellerFilter
from subscriptions.reseller_pages.tables import EndedResellerTable, ResellerTable

# What a row of the active ones shows, opened or in a file, and what it says of today.
SHOWN = (
    "public_id provider began_at ended_at reseller__microsoft_id reseller__legal_name reseller__mpn_id "
    "reseller__country reseller__further_regions reseller__enrolment_state reseller__agreement_accepted_on "
    "reseller__contact_name reseller__contact_email"
).split()


class PartnershipList(WithSavedViews, SectionList):
    """A list of partnerships, which can be taken away as a file."""

    permission = Permission.VIEW_RESELLERS
    template_name = "resellers/reseller_list.html"
    is_ended = False

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Where the export finds the same rows: the filters and the order, without the place in the list."""
        query = self.request.GET.copy()
        for name in (*PLACE, "tab"):
            query.pop(name, None)
        if self.is_ended:
            query["tab"] = "ended"
        return super().get_context_data(export_query=query.urlencode(), is_ended=self.is_ended, **kwargs)


class ResellerListView(PartnershipList):
    """The resellers with whom the provider has a partnership."""

    filterset_class = ResellerFilter
    sorts = {
        "reseller": "reseller__search_text",
        "country": "reseller__country",
        "customers": Sort(tallied("customers"), descending_first=True, nullable=False),
        "subscriptions": Sort(tallied("subscriptions"), descending_first=True, nullable=False),
        "since": Sort("began_at", descending_first=True),
        "status": "reseller__enrolment_state",
    }
    default_sort = "-since"
    rows_open = True
    empty_title = gettext_lazy("No resellers yet")
    empty_text = gettext_lazy("Partnerships start with a request e-mail. Select Request a partnership to write one.")
    empty_icon = "shop"

    def get_queryset(self) -> QuerySet[Partnership]:
        """Active partnerships of the actor's company."""
        return Partnership.objects.visible_to(self.actor).active().select_related("reseller").only(*SHOWN)

    def prepare(self, rows: list[Any]) -> None:
        """What each visible reseller does for the provider, and what stands in its way."""
        assert self.actor.partner is not None
        if rows:
            add_counts(rows, self.actor.partner)

    def prepare_opened(self, rows: list[Any]) -> None:
        """How far each reseller whose row is open manages its customers, and the newest of these."""
        managed = counts.customers_managed(rows)
        for row in rows:
            row.managed = managed.get(row.pk, {})
            row.newest_customers = counts.newest_customers(row)

    def table_class(self, *args: Any, **kwargs: Any) -> ResellerTable:  # type: ignore[override]
        """The table with the actions that the actor may take."""
        return ResellerTable(*args, actor=self.actor, **kwargs)


class EndedListView(PartnershipList):
    """The partnerships that are over: readable for as long as the portal runs."""

    is_ended = True
    filterset_class = EndedResellerFilter
    sorts = {
        "reseller": "reseller__search_text",
        "since": Sort("began_at", descending_first=True),
        "ended": Sort("ended_at", descending_first=True, nullable=False),
    }
    default_sort = "-ended"
    empty_title = gettext_lazy("No partnership has ended")
    empty_text = gettext_lazy("When one ends, it stays readable here.")
    empty_icon = "clock-history"

    def get_queryset(self) -> QuerySet[Partnership]:
        """Partnerships of the actor's company that are over."""
        return Partnership.objects.visible_to(self.actor).ended().select_related("reseller", "ended_by")

    def prepare(self, rows: list[Any]) -> None:
        """Whether there is a partnership with the same reseller again."""
        resellers = [row.reseller_id for row in rows]
        again = Partnership.objects.visible_to(self.actor).active().filter(reseller__in=resellers)
        partners = set(again.values_list("reseller", flat=True)) if rows else set()
        for row in rows:
            row.is_partner_again = row.reseller_id in partners

    def table_class(self, *args: Any, **kwargs: Any) -> EndedResellerTable:  # type: ignore[override]
        """The table with the actions that the actor may take."""
        return EndedResellerTable(*args, actor=self.actor, **kwargs)


def add_counts(rows: list[Any], provider: Partner) -> None:
    """Give each partnership its numbers and its obstacles of today: one query, however many rows and customers."""
    resellers = [row.reseller_id for row in rows]
    tallies = ResellerTally.objects.filter(provider=provider, reseller__in=resellers).by_reseller()
    for row in rows:
        row.customer_count, row.subscription_count = tallies.get(row.reseller_id, (0, 0))
        row.obstacles = company_obstacles(provider, row.reseller, active=row.ended_at is None)
