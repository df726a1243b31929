"""Writes the ledger: entries and their totals in one transaction, under the lock of the month; never changes any."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Actor
from activity.services import record
from core import clock
from core.exceptions import InvalidTransition, Refused
from core.sweeping import failing_alone
from subscriptions.incentives.calculating import Month
from subscriptions.incentives.histories import Offers, Read, explained, parts_for, read_histories
from subscriptions.incentives.rates import RateTable, require_back_office
from subscriptions.models import IncentiveEntry, IncentiveMonth, IncentiveTotal

ROWS_AT_ONCE = 2_000
NOT_FINISHED = gettext_lazy("The ledger of this month is not finished yet.")


def entries_for(read: Read, month: Month, table: RateTable, offers: Offers) -> list[IncentiveEntry]:
    """The entries of one subscription's month, not yet written."""
    rates = {rate.pk: rate for rate in table.rates}
    numbers: dict[int, int] = {}
    made = []
    for part in parts_for(read, month, table, offers):
        sequence = numbers.get(part.reseller, 0)
        numbers[part.reseller] = sequence + 1
        made.append(
            IncentiveEntry(
                provider_id=read.subscription.provider_id,
                reseller_id=part.reseller,
                subscription=read.subscription,
                month=month.first,
                sequence=sequence,
                mpn_id=part.mpn_id,
                rate_id=part.rate.key,
                base=part.base,
                percent=part.rate.percent,
                amount=part.amount,
                currency=read.subscription.currency,
                calculation=explained(part, read, month, rates[part.rate.key], offers),
            )
        )
    return made


def lock_month(month: IncentiveMonth) -> IncentiveMonth:
    """The month as it is now, held until the transaction ends: whoever writes entries or totals holds it."""
    IncentiveMonth.objects.select_for_update(no_key=True).get(pk=month.pk)
    return IncentiveMonth.objects.select_related("provider").get(pk=month.pk)


def write(entries: Sequence[IncentiveEntry]) -> None:
    """Add entries and count them in their totals; the caller holds the month."""
    IncentiveEntry.objects.bulk_create(entries, batch_size=ROWS_AT_ONCE)
    add_to_totals(entries, ("entries", "base", "amount"))


def add_to_totals(entries: Iterable[IncentiveEntry], names: Sequence[str]) -> None:
    """Add to the totals of these entries what is named: their number, base, amount, or the amount as confirmed or paid.

    Read, added and written back in one statement each: the lock of the month keeps every other writer away.
    """
    sums: dict[tuple[int, int, Any, str], dict[str, Any]] = {}
    for entry in entries:
        key = (entry.provider_id, entry.reseller_id, entry.month, entry.currency)
        found = sums.setdefault(key, dict.fromkeys(names, 0))
        for name in names:
            found[name] += {"entries": 1, "base": entry.base}.get(name, entry.amount)
    if not sums:
        return
    keys = ("provider_id", "reseller_id", "month", "currency")
    rows = IncentiveTotal.objects.filter(
        provider__in={key[0] for key in sums},
        reseller__in={key[1] for key in sums},
        month__in={key[2] for key in sums},
    )
    known = {tuple(getattr(row, name) for name in keys): row for row in rows}
    totals = []
    for key, values in sums.items():
        total = known.get(key) or IncentiveTotal(**dict(zip(keys, key, strict=True)))
        for name, value in values.items():
            setattr(total, name, getattr(total, name) + value)
        totals.append(total)
    IncentiveTotal.objects.bulk_create(
        totals,
        update_conflicts=True,
        unique_fields=["provider", "month", "reseller", "currency"],
        update_fields=list(names),
        batch_size=ROWS_AT_ONCE,
    )


# --- corrections ------------------------------------------------------------------------------------------------------
@transaction.atomic
def reverse_entry(*, entry: IncentiveEntry, reason: str, by: Actor) -> IncentiveEntry:
    """Take back what an entry gave, by an entry of its own with the opposite amount."""
    entry = _for_correction(entry, reason, by)
    reversal = _reversal(entry, reason)
    write([reversal])
    record("incentive.reversed", entry, by=by, amount=f"{entry.currency} {entry.amount}", reason=reason.strip())
    return reversal


@transaction.atomic
def recalculate_entry(*, entry: IncentiveEntry, reason: str, by: Actor) -> list[IncentiveEntry]:
    """Calculate the reseller's month of the subscription again, by today's rates; what comes out otherwise is booked.

    Every entry that counts is taken back and what is right instead is added; Refused where nothing is different.
    """
    entry = _for_correction(entry, reason, by)
    standing = list(_standing(entry))
    right = _calculated(entry)
    if _amounts(standing) == _amounts(right):
        raise Refused(_("Calculated again, it comes out the same."))
    following = _entries_of(entry).aggregate(last=Max("sequence"))["last"] + 1
    for number, one in enumerate(right):
        one.sequence = following + number
        one.calculation["reason"] = reason.strip()
    reversals = [_reversal(one, reason) for one in standing]
    write([*reversals, *right])
    old, new = (sum(one.amount for one in rows) for rows in (standing, right))
    record(
        "incentive.corrected",
        entry,
        by=by,
        amount=[f"{entry.currency} {old}", f"{entry.currency} {new}"],
        reason=reason.strip(),
    )
    return right


def _for_correction(entry: IncentiveEntry, reason: str, by: Actor) -> IncentiveEntry:
    """Lock the month and look at the entry again: only what counts still can be taken back, and once."""
    require_back_office(by)
    if not reason.strip():
        raise Refused(_("Give a reason: the reseller will ask for it."))
    lock_month(IncentiveMonth.objects.get(provider=entry.provider_id, month=entry.month))
    entry = IncentiveEntry.objects.select_related("provider", "reseller", "subscription__customer").get(pk=entry.pk)
    if entry.reverses_id is not None:
        raise InvalidTransition(_("This entry takes another one back and is itself never taken back."))
    if IncentiveEntry.objects.filter(reverses=entry).exists():
        raise InvalidTransition(_("This entry was taken back already."))
    return entry


def _entries_of(entry: IncentiveEntry) -> QuerySet[IncentiveEntry]:
    """All entries of the same subscription, reseller and month."""
    return IncentiveEntry.objects.filter(
        subscription=entry.subscription_id, reseller=entry.reseller_id, month=entry.month
    )


def _standing(entry: IncentiveEntry) -> QuerySet[IncentiveEntry]:
    """Those of them that count."""
    return _entries_of(entry).filter(reverses=None, reversed_by=None).order_by("pk")


def _calculated(entry: IncentiveEntry) -> list[IncentiveEntry]:
    month = Month(entry.month)
    reads = read_histories([entry.subscription_id], month)
    offers = Offers()
    offers.learn([one.subscription for one in reads], [one.history for one in reads])
    table = RateTable.between(month.first, month.following)
    made = [one for read in reads for one in entries_for(read, month, table, offers)]
    return [one for one in made if one.reseller_id == entry.reseller_id]


def _amounts(entries: Iterable[IncentiveEntry]) -> list[tuple[Any, ...]]:
    return sorted((one.mpn_id, one.base, one.percent, one.amount) for one in entries)


def _reversal(entry: IncentiveEntry, reason: str) -> IncentiveEntry:
    return IncentiveEntry(
        provider_id=entry.provider_id,
        reseller_id=entry.reseller_id,
        subscription_id=entry.subscription_id,
        month=entry.month,
        sequence=entry.sequence,
        reverses=entry,
        mpn_id=entry.mpn_id,
        rate_id=entry.rate_id,
        base=-entry.base,
        percent=entry.percent,
        amount=-entry.amount,
        currency=entry.currency,
        calculation={"reverses": str(entry.public_id), "reason": reason.strip()},
    )


@transaction.atomic
def look_again(*, month: IncentiveMonth, reason: str, by: Actor) -> IncentiveMonth:
    """Have the worker look at a written month once more: what earned something by today's rates gets its missing entry.

    What has an entry already is left alone.
    """
    require_back_office(by)
    if not reason.strip():
        raise Refused(_("Give a reason: it stands in the record."))
    month = lock_month(month)
    if month.finished_at is None:
        raise InvalidTransition(str(NOT_FINISHED))
    month.done_up_to, month.waiting, month.finished_at = 0, [], None
    month.save(update_fields=["done_up_to", "waiting", "finished_at"])
    record("incentives.looked_at_again", month, by=by, month=month.month, reason=reason.strip())
    return month


# --- confirmed and paid -----------------------------------------------------------------------------------------------
def months_to_confirm() -> QuerySet[IncentiveMonth]:
    """Written months that hold what is not confirmed yet, later corrections too; those of nothing wait for nobody."""
    sums = IncentiveTotal.objects.filter(provider=OuterRef("provider"), month=OuterRef("month"))
    open_ones = sums.exclude(amount=F("confirmed"))
    return IncentiveMonth.objects.filter(Exists(open_ones), finished_at__isnull=False, is_settled=True)


@transaction.atomic
def confirm_month(*, month: IncentiveMonth, by: Actor) -> IncentiveMonth:
    """Confirm everything that the month's ledger holds now; the worker marks the entries."""
    require_back_office(by)
    month = lock_month(month)
    if month.finished_at is None:
        raise InvalidTransition(str(NOT_FINISHED))
    if not _of(month).filter(confirmed_at=None).exists():
        raise InvalidTransition(_("Everything of this month is confirmed already."))
    before = month.confirmed_at
    _decide(month, "confirmed")
    record("incentives.confirmed", month, by=by, confirmed_at=[before, month.confirmed_at])
    return month


@transaction.atomic
def pay_month(*, month: IncentiveMonth, reason: str, by: Actor) -> IncentiveMonth:
    """Mark as paid what is confirmed; the reason says how it was paid, and the worker marks the entries."""
    require_back_office(by)
    if not reason.strip():
        raise Refused(_("Say how it was paid: a payment reference."))
    month = lock_month(month)
    if not month.is_settled:
        raise InvalidTransition(_("The worker is still at work on this month. Try again in a few minutes."))
    if not _of(month).filter(confirmed_at__isnull=False, paid_at=None).exists():
        raise InvalidTransition(_("Nothing of this month is confirmed and not yet paid."))
    before = month.paid_at
    _decide(month, "paid")
    record("incentives.paid", month, by=by, paid_at=[before, month.paid_at], reason=reason.strip())
    return month


def _decide(month: IncentiveMonth, name: str) -> None:
    setattr(month, f"{name}_at", clock.now())
    month.is_settled = False
    month.save(update_fields=[f"{name}_at", "is_settled"])


def _of(month: IncentiveMonth) -> QuerySet[IncentiveEntry]:
    return IncentiveEntry.objects.filter(provider=month.provider_id, month=month.month)


def settle_months() -> int:
    """Mark as confirmed and as paid what was decided so, some thousand at a time; safe to run twice and late.

    A month that fails is logged, tried again by the next run, and keeps no other from its turn.
    """
    done = 0
    for pk in IncentiveMonth.objects.filter(is_settled=False).order_by("month", "pk").values_list("pk", flat=True):
        with failing_alone("Month %s of incentives could not be settled", pk):
            while number := settle_some(month_id=pk):
                done += number
    return done


@transaction.atomic
def settle_some(*, month_id: int) -> int:
    """Mark the next of one month, first what is confirmed, then what is paid; return how many, 0 when all is done."""
    month = lock_month(IncentiveMonth(pk=month_id))
    for name in ("confirmed", "paid"):
        decided = getattr(month, f"{name}_at")
        if decided is None:
            continue
        rows = _of(month).filter(**{f"{name}_at": None})
        # Only what was there, and confirmed, when it was decided.
        rows = rows.filter(created_at__lte=decided) if name == "confirmed" else rows.filter(confirmed_at__lte=decided)
        some = list(rows.order_by("pk")[:ROWS_AT_ONCE])
        if some:
            IncentiveEntry.objects.filter(pk__in=[entry.pk for entry in some]).update(**{f"{name}_at": decided})
            add_to_totals(some, (name,))
            return len(some)
    IncentiveMonth.objects.filter(pk=month.pk, is_settled=False).update(is_settled=True)
    return 0
