"""The monthly job: writes what months that are over have earned, oldest first. Safe to run twice, at once and late."""

import logging
import time
from collections.abc import Iterator
from datetime import date, timedelta

from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.db.models import Q

from accounts.access import system_actor
from accounts.models import Partner
from accounts.roles import Program
from activity.services import record
from core import clock
from core.sweeping import failing_alone
from subscriptions.incentives.calculating import Month
from subscriptions.incentives.histories import Offers, Read, read_histories
from subscriptions.incentives.ledger import entries_for, write
from subscriptions.incentives.rates import RateTable, earliest_day
from subscriptions.models import IncentiveEntry, IncentiveMonth, ResellerOfRecord

logger = logging.getLogger(__name__)

ROWS_AT_ONCE = 1_000
# A run ends before the worker's own limit does; the next one goes on where it stopped.
SECONDS = 480
MOST_WAITING = 10_000
NAME = "incentives"


def accrue_due(seconds: float = SECONDS) -> int:
    """Write what is due, month by month and provider by provider; return how many entries were written.

    A month of a provider that fails is logged, tried again by the next run, and keeps no other from its turn.
    """
    give_up, written = time.monotonic() + seconds, 0
    for month in months_over():
        for pk in months_of(month):
            with failing_alone("Month %s of incentives could not be written", pk):
                while time.monotonic() < give_up:
                    number = accrue_some(month_id=pk)
                    if number is None:
                        break
                    written += number
    return written


def months_over() -> Iterator[date]:
    """The first days of the months that are over, since there are rates."""
    begin, this_month = earliest_day(), clock.now().date().replace(day=1)
    if begin is None:
        return
    month = Month(begin.replace(day=1))
    while month.first < this_month:
        yield month.first
        month = Month(month.following)


def months_of(first: date) -> list[int]:
    """That month of each provider that existed then, as far as something of it is left to be done."""
    month = Month(first)
    known = set(IncentiveMonth.objects.filter(month=first).values_list("provider", flat=True))
    providers = Partner.objects.filter(program=Program.INDIRECT_PROVIDER, created_at__lt=month.ends_at)
    missing = providers.exclude(pk__in=known).order_by("pk")
    IncentiveMonth.objects.bulk_create(
        [IncentiveMonth(provider=provider, month=first) for provider in missing], ignore_conflicts=True
    )
    left = IncentiveMonth.objects.filter(month=first).exclude(finished_at__isnull=False, waiting=[])
    return list(left.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def accrue_some(*, month_id: int) -> int | None:
    """Write the next some hundred subscriptions of a month; None when it is done, or another run is at it."""
    rows = IncentiveMonth.objects.select_for_update(no_key=True, skip_locked=True)
    row = rows.filter(pk=month_id).first()
    if row is None or (row.finished_at is not None and not row.waiting):
        return None
    month = Month(row.month)
    if row.finished_at is not None:
        return _try_again(row, month)
    pks = candidates(row, month)
    if not pks:
        _finish(row)
        return None
    written, waiting = accrue(pks, month)
    if len(row.waiting) + len(waiting) > MOST_WAITING:
        # None is forgotten: the month stands before these until some of them can be done, or of those that wait.
        return written + (_try_again(row, month) or 0) or None
    row.done_up_to = pks[-1]
    row.waiting = [*row.waiting, *waiting]
    row.save(update_fields=["done_up_to", "waiting"])
    return written


def candidates(row: IncentiveMonth, month: Month) -> list[int]:
    """The next subscriptions of the provider that had a reseller of record at some time in the month."""
    relations = ResellerOfRecord.objects.filter(
        Q(ends_at=None) | Q(ends_at__gte=month.begins_at),
        subscription__provider=row.provider_id,
        subscription__gt=row.done_up_to,
        begins_at__lt=month.ends_at,
    )
    keys = relations.order_by("subscription").values_list("subscription_id", flat=True).distinct()
    return [int(key) for key in keys[:ROWS_AT_ONCE]]


def accrue(pks: list[int], month: Month) -> tuple[int, list[int]]:
    """Write what these earned; return how many entries, and which have to wait for a later run.

    One whose own clock has not yet done what was due in the month waits, and so does one that fails: it keeps no other
    from its turn. What already has an entry of the month is left alone.
    """
    done = set(
        IncentiveEntry.objects.filter(subscription__in=pks, month=month.first).values_list("subscription", flat=True)
    )
    reads = read_histories([pk for pk in pks if pk not in done], month)
    table, offers = RateTable.between(month.first, month.following - timedelta(days=1)), Offers()
    offers.learn([one.subscription for one in reads], [one.history for one in reads])
    entries, waiting = [], []
    for read in reads:
        if is_overdue(read, month):
            waiting.append(read.subscription.pk)
            continue
        try:
            entries += entries_for(read, month, table, offers)
        except SoftTimeLimitExceeded:
            raise
        except Exception:
            logger.exception("What subscription %s earned could not be calculated", read.subscription.pk)
            waiting.append(read.subscription.pk)
    write(entries)
    return len(entries), waiting


def is_overdue(read: Read, month: Month) -> bool:
    """Whether something was due with the subscription before the month ended and is not done yet."""
    due = read.subscription.next_step_at
    return due is not None and due < month.ends_at


def _finish(row: IncentiveMonth) -> None:
    row.finished_at = clock.now()
    row.save(update_fields=["finished_at"])
    record("incentives.accrued", row, by=system_actor(NAME), month=row.month, waiting=len(row.waiting))


def _try_again(row: IncentiveMonth, month: Month) -> int | None:
    """Once a run: what waited, some hundred at a time; what waits still is kept for the next run."""
    written, waiting = accrue(row.waiting[:ROWS_AT_ONCE], month)
    rest = row.waiting[ROWS_AT_ONCE:]
    IncentiveMonth.objects.filter(pk=row.pk).update(waiting=[*rest, *waiting])
    # Nothing of these could be done: the others may go first next time, and this run goes on elsewhere.
    return written or None
