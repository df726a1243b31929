"""Which subscriptions a bulk change is about."""

from collections.abc import Iterable
from types import SimpleNamespace
from uuid import UUID

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts.access import Actor
from core.exceptions import Refused
from core.html import number_text
from subscriptions.full_list.filters import SubscriptionFilter
from subscriptions.models import BulkChange, Subscription

MOST = 5_000


class TooMany(Refused):
    """More subscriptions than one change may be of."""

    def __init__(self) -> None:
        text = _("At most %(number)s subscriptions can be changed at once. Narrow the filters.")
        super().__init__(text % {"number": number_text(MOST)})


def picked(ids: Iterable[str], actor: Actor) -> list[int]:
    """The primary keys of those with these IDs that the actor sees; what is no ID, or out of sight, is left out."""
    wanted = set()
    for text in ids:
        try:
            wanted.add(UUID(text))
        except ValueError:
            continue
    rows = Subscription.objects.visible_to(actor).filter(subscription_id__in=wanted).order_by("pk")
    return _within_limit(rows)


def matching(query: str, actor: Actor) -> list[int]:
    """The primary keys of all that the list shows with these filters."""
    # The filters of the list ask for the actor alone.
    request = SimpleNamespace(actor=actor)
    filters = SubscriptionFilter(QueryDict(query), queryset=Subscription.objects.visible_to(actor), request=request)
    if not filters.is_valid():
        raise Refused(_("The filters could not be applied. Go back to the list and correct them."))
    return _within_limit(filters.qs.order_by("pk"))


def chosen(change: BulkChange, actor: Actor) -> list[int]:
    """The primary keys of those that a change is about: of now, until it is submitted."""
    if change.query and change.state == BulkChange.State.PREPARED:
        return matching(change.query, actor)
    return list(change.subscription_ids)


def rows_of(keys: Iterable[int], actor: Actor) -> QuerySet[Subscription]:
    """These subscriptions, with what judging them takes."""
    rows = Subscription.objects.visible_to(actor).filter(pk__in=list(keys))
    return rows.select_related("customer__provider", "sku__product").order_by("pk")


def _within_limit(rows: QuerySet[Subscription]) -> list[int]:
    keys = list(rows.values_list("pk", flat=True)[: MOST + 1])
    if len(keys) > MOST:
        raise TooMany
    return keys
