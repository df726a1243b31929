"""Export: Subscriptions as they are filtered and sorted, as a file."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.access import Actor, require
from accounts.roles import Permission
from activity.services import record
from core import clock
from core.export import chunks_of_one_moment, csv_response
from subscriptions.full_list.rows import SHOWN, add_resellers
from subscriptions.full_list.views import FullList, PartnerPage
from subscriptions.models import Subscription, SupportContact

CHUNK = 500
MORE = ("created_at", "is_extended", "customer__domain_prefix", "provider__legal_name")


class ExportSubscriptionsView(PartnerPage):
    """Exactly what is filtered. A POST, because taking the file is recorded; the filters stand in the address."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Stream the file; where a filter was not understood, the list says which."""
        page = FullList()
        page.setup(request)
        selection = page.select()
        if not selection.is_valid:
            return redirect(f"{reverse('subscriptions:all')}?{request.GET.urlencode()}")
        record_export(filters=selection.filters_in_force, by=self.actor)
        name = f"{_('Subscriptions')} {timezone.localdate(clock.now()).isoformat()}.csv"
        return csv_response(name, file_header(), file_rows(selection.paginator.all_rows()), get_language() or "en")


@transaction.atomic
def record_export(*, filters: int, by: Actor) -> None:
    """Record that the list was taken away as a file; what was in it is not repeated."""
    require(by, Permission.VIEW_SUBSCRIPTIONS)
    assert by.partner is not None
    record("subscriptions.exported", by.partner, by=by, filters=filters)


def file_header() -> list[str]:
    """The names of the columns."""
    return [
        _("Subscription ID"),
        _("Subscription nickname"),
        _("Offer"),
        _("Customer"),
        _("Microsoft ID"),
        _("Primary domain name"),
        _("Indirect provider"),
        _("Licenses"),
        _("Status"),
        _("Term"),
        _("Trial"),
        _("Term ends"),
        _("At the end of the term"),
        _("Can be canceled until"),
        _("Reseller of record"),
        _("MPN ID"),
        _("Designated support contact"),
        _("Created"),
        _("Changed"),
    ]


def file_rows(subscriptions: QuerySet[Subscription]) -> Iterator[list[Any]]:
    """A line for each; read some hundred at a time, so that the size of the list costs no memory."""
    rows = subscriptions.select_related(None).select_related("customer", "provider").only(*SHOWN, *MORE)
    for chunk in chunks_of_one_moment(rows, CHUNK):
        add_resellers(chunk)
        contacts = SupportContact.objects.filter(subscription__in=chunk, ends_at=None)
        support = dict(contacts.values_list("subscription_id", "reseller__legal_name"))
        yield from map(partial(line, support=support), chunk)


def line(subscription: Subscription, support: dict[int, str]) -> list[Any]:
    """What the file says of one subscription."""
    customer, relation = subscription.customer, subscription.current_reseller  # type: ignore[attr-defined]
    return [
        str(subscription.subscription_id),
        subscription.nickname,
        subscription.offer_name,
        customer.company_name,
        str(customer.microsoft_id),
        customer.domain,
        subscription.provider.legal_name,
        subscription.quantity,
        subscription.get_status_display(),
        subscription.term_label,
        _("Yes") if subscription.is_trial else _("No"),
        subscription.ends_at,
        subscription.get_at_end_display() if subscription.ends_at else "",
        subscription.cancellable_until,
        relation.reseller.legal_name if relation else "",
        relation.mpn_id if relation else "",
        support.get(subscription.pk, subscription.provider.legal_name),
        subscription.created_at,
        subscription.changed_at,
    ]
