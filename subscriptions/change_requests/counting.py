"""How many requests wait for a company: kept with it, as each request of its people loads it, so that no page asks.

For a provider these are the requests that it has to decide, for a reseller the questions that it has to answer; what
is no longer possible is not counted, as in the lists.
"""

from collections.abc import Collection, Iterable

from django.db import transaction
from django.db.models import Count

from accounts.models import Partner
from subscriptions.models import ChangeRequest

State = ChangeRequest.State


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
    kept = dict(held.values_list("pk", "requests_waiting"))
    # Only now: whoever held them before has counted what was committed by then, and this statement sees all of that.
    counts = _counts(kept)
    wrong = {key: counts.get(key, 0) for key, count in kept.items() if counts.get(key, 0) != count}
    for key, count in wrong.items():
        Partner.objects.filter(pk=key).update(requests_waiting=count)
    return len(wrong)


def count_everywhere() -> int:
    """Bring the count of every company up to date, should one have been missed; return how many were not."""
    kept = dict(Partner.objects.filter(requests_waiting__gt=0).values_list("pk", "requests_waiting"))
    counts = _counts()
    return count_again(key for key in kept.keys() | counts.keys() if kept.get(key, 0) != counts.get(key, 0))


def _counts(companies: Iterable[int] | None = None) -> dict[int, int]:
    """How many wait for each company for which any do."""
    counts: dict[int, int] = {}
    for side, state in (("provider", State.SUBMITTED), ("reseller", State.QUESTION)):
        rows = ChangeRequest.objects.filter(state=state).possible()
        if companies is not None:
            rows = rows.filter(**{f"{side}__in": list(companies)})
        counts |= dict(rows.order_by().values_list(side).annotate(Count("pk")))
    return counts
