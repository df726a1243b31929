"""How many requests wait for a company: kept with it, as each request of its people loads it, so that no page asks.

For a provider these are the requests that it has to decide, for a reseller the questions that it has to answer; what
is no longer possible is not counted, as in the lists. Those for new subscriptions are told apart: whoever may not
place orders does not decide them.
"""

from collections.abc import Collection, Iterable

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from accounts.models import Partner
from subscriptions.models import ChangeRequest

State = ChangeRequest.State
ORDERS = Count("pk", filter=Q(kind=ChangeRequest.Kind.ADD))
NONE = (0, 0)


def count_after_commit(*companies: int) -> None:
    """Count anew for these companies, by their keys, once what the transaction changes can be seen by everybody."""
    transaction.on_commit(lambda: count_again(companies), robust=True)


def count_after_commit_for(customers: Collection[int]) -> None:
    """The same for the companies with open requests about these customers, which somebody else may manage now."""
    transaction.on_commit(lambda: count_again(_companies_of(customers)), robust=True)


def _companies_of(customers: Collection[int]) -> set[int]:
    pairs = ChangeRequest.objects.undecided().filter(customer__in=customers).values_list("provider_id", "reseller_id")
    return {company for pair in pairs for company in pair}


@transaction.atomic
def count_again(companies: Iterable[int]) -> int:
    """Bring the counts of these companies up to date; return how many were not. Safe to run twice, and at once."""
    held = Partner.objects.filter(pk__in=set(companies)).order_by("pk").select_for_update(no_key=True)
    kept = _kept(held)
    # Only now: whoever held them before has counted what was committed by then, and this statement sees all of that.
    counts = _counts(kept)
    wrong = {key: counts.get(key, NONE) for key, count in kept.items() if counts.get(key, NONE) != count}
    for key, (requests, orders) in wrong.items():
        Partner.objects.filter(pk=key).update(requests_waiting=requests, orders_waiting=orders)
    return len(wrong)


def count_everywhere() -> int:
    """Bring the count of every company up to date, should one have been missed; return how many were not."""
    kept = _kept(Partner.objects.filter(Q(requests_waiting__gt=0) | Q(orders_waiting__gt=0)))
    counts = _counts()
    return count_again(key for key in kept.keys() | counts.keys() if kept.get(key, NONE) != counts.get(key, NONE))


def _kept(companies: QuerySet[Partner]) -> dict[int, tuple[int, int]]:
    """What is kept with each company."""
    rows = companies.values_list("pk", "requests_waiting", "orders_waiting")
    return {key: (requests, orders) for key, requests, orders in rows}


def _counts(companies: Iterable[int] | None = None) -> dict[int, tuple[int, int]]:
    """How many wait for each company for which any do, and how many of these are about new subscriptions."""
    counts: dict[int, tuple[int, int]] = {}
    for side, state in (("provider", State.SUBMITTED), ("reseller", State.QUESTION)):
        rows = ChangeRequest.objects.filter(state=state).possible()
        if companies is not None:
            rows = rows.filter(**{f"{side}__in": list(companies)})
        found = rows.order_by().values(side).annotate(requests=Count("pk"), orders=ORDERS)
        counts |= {key: (requests, orders) for key, requests, orders in found.values_list(side, "requests", "orders")}
    return counts
