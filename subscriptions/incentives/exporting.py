"""Export: the entries as they are filtered, as a file."""

from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.access import Actor, require
from accounts.permitted import PermittedView
from accounts.roles import Permission
from accounts.step_up import EXPORT_AGAIN, step_up_required
from activity.services import record
from core.export import chunks_of_one_moment, csv_response
from subscriptions.incentives.filters import IncentiveFilter
from subscriptions.incentives.months import month_key
from subscriptions.incentives.seen import mark_seen, name_of
from subscriptions.incentives.tables import correction_of
from subscriptions.incentives.views import EntriesView
from subscriptions.models import IncentiveEntry

CHUNK = 500


@step_up_required(again=EXPORT_AGAIN)
class ExportView(PermittedView):
    """Exactly what is filtered, a month at a time. A POST, because taking the file is recorded."""

    permission = Permission.VIEW_INCENTIVES
    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Stream the file; where a filter was not understood, the list says which."""
        page = EntriesView()
        page.setup(request)
        selection = page.select()
        filterset = selection.filterset
        assert isinstance(filterset, IncentiveFilter)
        if not selection.is_valid or filterset.month_shown is None:
            return redirect(f"{reverse('incentives:entries')}?{request.GET.urlencode()}")
        month = month_key(filterset.month_shown)
        record_export(month=month, filters=selection.filters_in_force, by=self.actor)
        rows = lines(selection.paginator.all_rows(), self.actor)
        return csv_response(f"{_('Incentives')} {month}.csv", header(), rows, get_language() or "en")


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
