"""Export: the list of resellers as it is filtered and sorted, as a file."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_countries import countries

from accounts.access import Actor, require
from accounts.exporting import ListExportView
from accounts.models import Partner
from accounts.roles import Permission
from activity.services import record
from core.lists import ListPage, Selection
from resellers.models import Partnership
from subscriptions.reseller_pages.views import EndedListView, ResellerListView, add_counts

CHUNK = 500


class ExportView(ListExportView):
    """Indirect resellers, those at work or those whose partnership ended."""

    permission = Permission.VIEW_RESELLERS
    title = gettext_lazy("Indirect resellers")

    @property
    def ended(self) -> bool:
        """Which of the two lists."""
        return self.request.GET.get("tab") == "ended"

    @property
    def list_class(self) -> type[ListPage]:  # type: ignore[override]
        """That list."""
        return EndedListView if self.ended else ResellerListView

    @property
    def list_url(self) -> str:  # type: ignore[override]
        """Its address."""
        return "resellers:ended" if self.ended else "resellers:list"

    def take(self, selection: Selection) -> None:
        """Record it."""
        record_export(tab="ended" if self.ended else "active", filters=selection.filters_in_force, by=self.actor)

    def file_header(self) -> list[str]:
        """When it ended, where it did."""
        return file_header(ended=self.ended)

    def file_rows(self, selection: Selection) -> Iterator[list[Any]]:
        """Each partnership."""
        return file_rows(selection.paginator.all_rows(), self.actor, ended=self.ended)


@transaction.atomic
def record_export(*, tab: str, filters: int, by: Actor) -> None:
    """Record that the list was taken away as a file; what was in it is not repeated."""
    require(by, Permission.VIEW_RESELLERS)
    assert by.partner is not None
    record("resellers.exported", by.partner, by=by, tab=tab, filters=filters)


def file_header(*, ended: bool) -> list[str]:
    """The names of the columns."""
    columns = [
        _("Indirect reseller"),
        _("MPN ID"),
        _("Microsoft ID"),
        _("Country or region"),
        _("Customers"),
        _("Subscriptions"),
        _("Since"),
        _("Status"),
        _("Would be refused today"),
    ]
    return [*columns, _("Ended"), _("Ended by")] if ended else columns


def file_rows(partnerships: QuerySet[Partnership], actor: Actor, *, ended: bool) -> Iterator[list[Any]]:
    """A line for each partnership; read some hundred at a time, so that the size of the list costs no memory."""
    provider = actor.partner
    assert provider is not None
    read = partnerships.iterator(chunk_size=CHUNK)
    while chunk := list(islice(read, CHUNK)):
        add_counts(chunk, provider)
        for partnership in chunk:
            yield [*line(partnership), *(end_of(partnership) if ended else [])]


def line(partnership: Any) -> list[Any]:
    """What both tabs say of a partnership."""
    reseller: Partner = partnership.reseller
    return [
        reseller.legal_name,
        reseller.mpn_id,
        str(reseller.microsoft_id),
        countries.name(str(reseller.country)),
        partnership.customer_count,
        partnership.subscription_count,
        timezone.localdate(partnership.began_at),
        reseller.get_enrolment_state_display(),
        " ".join(obstacle.sentence for obstacle in partnership.obstacles),
    ]


def end_of(partnership: Partnership) -> list[Any]:
    """When it ended, and on whose side by whom."""
    assert partnership.ended_at is not None
    side = partnership.get_ended_side_display()
    by = f"{side}: {partnership.ended_by}" if partnership.ended_by else side
    return [timezone.localdate(partnership.ended_at), by]
