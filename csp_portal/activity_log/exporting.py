"""Export: Activity as it is filtered, as a file; taking it is itself recorded."""

from collections.abc import Iterator
from functools import partial
from html import unescape
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.html import strip_tags
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Actor, can, require
from accounts.exporting import ListExportView
from accounts.roles import Permission
from activity.models import ActivityRecord
from activity.sentences import sentence
from activity.services import record
from core.export import chunks_of_one_moment
from core.lists import Selection
from csp_portal.activity_log.links import Links
from csp_portal.activity_log.tables import SEE_ADDRESSES
from csp_portal.activity_log.views import AccountLog, ActivityLog
from subscriptions.timeline import acting_for, details, is_own, who

CHUNK = 500


class ExportActivityView(ListExportView):
    """The log."""

    permission = Permission.EXPORT_ACTIVITY
    list_class, list_url, title = ActivityLog, "activity:list", gettext_lazy("Activity")

    def take(self, selection: Selection) -> None:
        """Record it."""
        record_export(filters=selection.filters_in_force, by=self.actor)

    def file_header(self) -> list[Any]:
        """As much as the person may read."""
        return file_header(self.actor)

    def file_rows(self, selection: Selection) -> Iterator[list[Any]]:
        """Each record."""
        return file_rows(selection.paginator.all_rows(), self.actor)


class ExportAccountsView(ExportActivityView):
    """What was done to the accounts of the company's people."""

    permission = Permission.MANAGE_PEOPLE
    list_class, list_url = AccountLog, "activity:accounts"
    title = gettext_lazy("Activity of accounts")


@transaction.atomic
def record_export(*, filters: int, by: Actor) -> None:
    """Record that the log was taken away as a file; what was in it is not repeated."""
    require(by, Permission.EXPORT_ACTIVITY)
    assert by.partner is not None
    record("activity.exported", by.partner, by=by, filters=filters)


def file_header(actor: Actor) -> list[Any]:
    """The columns; network addresses for those who may read them on the page."""
    columns = [_("When"), _("Who"), _("Acting for"), _("Action"), _("Object"), _("Object’s ID"), _("Customer")]
    columns += [_("Customer’s Microsoft ID"), _("From → to"), _("Source"), _("Request ID")]
    return [*columns, _("Network address")] if actor.role in SEE_ADDRESSES else columns


def file_rows(rows: QuerySet[ActivityRecord], actor: Actor) -> Iterator[list[Any]]:
    """Each record as a row, some hundred at a time."""
    prices = can(actor, Permission.VIEW_PRICES)
    for chunk in chunks_of_one_moment(rows, CHUNK):
        links = Links(actor)
        links.learn(chunk)
        yield from map(partial(file_row, actor=actor, links=links, prices=prices), chunk)


def file_row(kept: ActivityRecord, *, actor: Actor, links: Links, prices: bool) -> list[Any]:
    """What the page shows of a record, as text."""
    row = [kept.at, text(who(kept, actor)), acting_for(kept, actor), sentence(kept), kept.target_label, kept.target_id]
    row += [links.customer_name(kept), str(kept.customer_id or "")]
    row += ["; ".join(text(line) for line in details(kept, actor, prices=prices))]
    row += [kept.get_source_display(), kept.request_id]
    return [*row, (kept.ip or "") if is_own(kept, actor) else ""] if actor.role in SEE_ADDRESSES else row


def text(words: str) -> str:
    """What is HTML on the page, as the words that people read there."""
    return unescape(strip_tags(words))
