"""Export: Subscriptions as they are filtered and sorted, as a file."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from accounts.access import Actor, require
from accounts.exporting import ListExportView
from accounts.roles import Permission
from activity.services import record
from core.export import chunks_of_one_moment
from core.lists import Selection
from subscriptions.full_list.rows import SHOWN, add_resellers
from subscriptions.full_list.views import FullList, PartnerPage
from subscriptions.models import AtEnd, Subscription, SupportContact
from subscriptions.others import ANOTHER, ANOTHER_RESELLER, as_seen
from subscriptions.wording import OVER, what_comes

CHUNK = 500
MORE = ("created_at", "is_extended", "customer__domain_prefix", "provider__legal_name")


class ExportSubscriptionsView(PartnerPage, ListExportView):
    """Subscriptions across all customers."""

    list_class, list_url, title = FullList, "subscriptions:all", gettext_lazy("Subscriptions")

    def take(self, selection: Selection) -> None:
        """Record it."""
        record_export(filters=selection.filters_in_force, by=self.actor)

    def file_header(self) -> list[str]:
        """What is known of a subscription."""
        return file_header()

    def file_rows(self, selection: Selection) -> Iterator[list[Any]]:
        """Each subscription."""
        return file_rows(selection.paginator.all_rows(), self.actor)


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
        pgettext("subscription", "Created"),
        pgettext("when", "Changed"),
    ]


def file_rows(subscriptions: QuerySet[Subscription], reader: Actor) -> Iterator[list[Any]]:
    """A line for each; read some hundred at a time, so that the size of the list costs no memory."""
    rows = subscriptions.select_related(None).select_related("customer", "provider").only(*SHOWN, *MORE)
    for chunk in chunks_of_one_moment(rows, CHUNK):
        add_resellers(chunk, reader)
        contacts = SupportContact.objects.filter(subscription__in=chunk, ends_at=None).select_related("reseller")
        named = {one.subscription_id: as_seen(one, reader) for one in contacts.only("subscription_id", "reseller")}
        support = {key: str(ANOTHER_RESELLER if one == ANOTHER else one.reseller) for key, one in named.items()}
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
        end_text(subscription),
        subscription.cancellable_until,
        *of_record(relation),
        support.get(subscription.pk, subscription.provider.legal_name),
        subscription.created_at,
        subscription.changed_at,
    ]


def end_text(subscription: Subscription) -> str:
    """What is to happen at the end of the term; nothing where there is no such end any more."""
    if subscription.ends_at is None or subscription.status in OVER:
        return ""
    coming, _day = what_comes(subscription, subscription.ends_at)
    if subscription.is_trial and subscription.at_end == AtEnd.RENEW:
        return _("Becomes paid") if coming == "converts" else _("Expires")
    return subscription.get_at_end_display()


def of_record(relation: Any) -> tuple[str, str]:
    """The reseller of record, and the MPN ID that it was set with."""
    if relation is None:
        return "", ""
    return (str(ANOTHER_RESELLER), "") if relation == ANOTHER else (relation.reseller.legal_name, relation.mpn_id)
