"""Export: the entries as they are filtered, as a file."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Actor, require
from accounts.exporting import ListExportView
from accounts.roles import Permission
from activity.services import record
from core.export import chunks_of_one_moment
from core.lists import Selection
from subscriptions.incentives.filters import IncentiveFilter
from subscriptions.incentives.months import month_key
from subscriptions.incentives.seen import mark_seen, name_of
from subscriptions.incentives.tables import correction_of
from subscriptions.incentives.views import EntriesView
from subscriptions.models import IncentiveEntry

CHUNK = 500


class ExportView(ListExportView):
    """The entries of a month."""

    permission = Permission.VIEW_INCENTIVES
    list_class, list_url, title = EntriesView, "incentives:entries", gettext_lazy("Incentives")

    def is_understood(self, selection: Selection) -> bool:
        """A file is of one month."""
        return selection.is_valid and month_of(selection) is not None

    def file_date(self, selection: Selection) -> str:
        """The month."""
        month = month_of(selection)
        assert month is not None
        return month_key(month)

    def take(self, selection: Selection) -> None:
        """Record it."""
        record_export(month=self.file_date(selection), filters=selection.filters_in_force, by=self.actor)

    def file_header(self) -> list[str]:
        """What is known of an entry."""
        return header()

    def file_rows(self, selection: Selection) -> Iterator[list[Any]]:
        """Each entry."""
        return lines(selection.paginator.all_rows(), self.actor)


def month_of(selection: Selection) -> date | None:
    """The month that is shown."""
    assert isinstance(selection.filterset, IncentiveFilter)
    return selection.filterset.month_shown


@transaction.atomic
def record_export(*, month: str, filters: int, by: Actor) -> None:
    """Record that a month was taken away as a file; what was in it is not repeated."""
    require(by, Permission.VIEW_INCENTIVES)
    assert by.partner is not None
    record("incentives.exported", by.partner, by=by, month=month, filters=filters)


def header() -> list[str]:
    """The names of the columns."""
    return [
        _("Month"),
        _("Subscription ID"),
        _("Subscription"),
        _("Customer"),
        _("Indirect reseller"),
        _("MPN ID"),
        _("Indirect provider"),
        _("Currency"),
        _("Base"),
        _("Percent"),
        _("Amount"),
        _("State"),
        _("Correction"),
        _("Confirmed"),
        _("Paid"),
        _("Entry"),
    ]


def lines(entries: QuerySet[IncentiveEntry], actor: Actor) -> Iterator[list[Any]]:
    """A line for each entry; a customer's name only for who may see the customer."""
    for chunk in chunks_of_one_moment(entries, CHUNK):
        mark_seen(chunk, actor)
        for entry in chunk:
            yield [
                month_key(entry.month),
                str(entry.subscription.subscription_id),
                name_of(entry),
                entry.subscription.customer.company_name if entry.customer_seen else "",
                entry.reseller.legal_name,
                entry.mpn_id,
                entry.provider.legal_name,
                entry.currency,
                entry.base,
                entry.percent,
                entry.amount,
                IncentiveEntry.State(entry.state).label,
                correction_of(entry),
                entry.confirmed_at,
                entry.paid_at,
                str(entry.public_id),
            ]
