"""Export: the list of resellers as it is filtered and sorted, as a file."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django_countries import countries

from accounts.access import Actor, require
from accounts.models import Partner
from accounts.permitted import PermittedView
from accounts.roles import Permission
from accounts.step_up import EXPORT_AGAIN, step_up_required
from activity.services import record
from core import clock
from core.export import csv_response
from resellers.models import Partnership
from subscriptions.reseller_pages.views import EndedListView, ResellerListView, add_counts

CHUNK = 500


@step_up_required(again=EXPORT_AGAIN)
class ExportView(PermittedView):
    """Exactly what is filtered. A POST, because taking the file is recorded; the filters stand in the address."""

    permission = Permission.VIEW_RESELLERS
    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Stream the file; where a filter was not understood, the list says which."""
        ended = request.GET.get("tab") == "ended"
        page = EndedListView() if ended else ResellerListView()
        page.setup(request)
        selection = page.select()
        if not selection.is_valid:
            return redirect(f"{reverse('resellers:ended' if ended else 'resellers:list')}?{request.GET.urlencode()}")
        record_export(tab="ended" if ended else "active", filters=selection.filters_in_force, by=self.actor)
        rows = file_rows(selection.paginator.all_rows(), self.actor, ended=ended)
        name = f"{_('Indirect resellers')} {timezone.localdate(clock.now()).isoformat()}.csv"
        return csv_response(name, file_header(ended=ended), rows, get_language() or "en")


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
