"""Reads what subscriptions were in a month that is over: from what they are, and the record of what was changed since.

What the portal keeps of a subscription is its present; what it was stands in the activity record, old value beside new
one, in the transaction of each change. Who was of record is dated by itself.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from activity.models import ActivityRecord
from catalogue.models import Sku
from catalogue.models.prices import TERM_MONTHS
from subscriptions.incentives.calculating import Change, Held, History, Month, Part, Present, Rate, parts_of, to_places
from subscriptions.incentives.rates import Offered, RateTable
from subscriptions.models import IncentiveRate, ResellerOfRecord, Subscription

TARGET = Subscription._meta.label_lower
NEEDED = (
    "subscription_id customer_id provider_id sku_id status quantity term_duration segment unit_price currency is_trial "
    "policy starts_at changed_at next_step_at customer__country sku__code sku__title sku__product_id"
).split()


@dataclass(frozen=True)
class Read:
    """A subscription with its history, as far as a month needs it."""

    subscription: Subscription
    history: History


class Offers:
    """SKUs by their code; those of the past are read once."""

    def __init__(self) -> None:
        self.by_code: dict[str, Sku] = {}

    def learn(self, subscriptions: Iterable[Subscription], histories: Iterable[History]) -> None:
        """Know every SKU that these have or had (a query where there are others)."""
        for subscription in subscriptions:
            self.by_code.setdefault(subscription.sku.code, subscription.sku)
        named = {change.before["offer"] for one in histories for change in one.changes if "offer" in change.before}
        if missing := named - self.by_code.keys():
            self.by_code |= {sku.code: sku for sku in Sku.objects.filter(code__in=missing)}


def read_histories(pks: Sequence[int], month: Month) -> list[Read]:
    """These subscriptions in the order of their keys: three queries, however many they are."""
    rows = Subscription.objects.filter(pk__in=pks).select_related("customer", "sku").only(*NEEDED).order_by("pk")
    subscriptions = list(rows)
    held = _held(pks, month)
    changes = _changes([one for one in subscriptions if one.changed_at >= month.begins_at], month.begins_at)
    return [
        Read(one, History(one.policy, one.starts_at, present(one), changes[one.subscription_id], held[one.pk]))
        for one in subscriptions
    ]


def present(subscription: Subscription) -> Present:
    """What it is now."""
    return Present(
        status=subscription.status,
        quantity=subscription.quantity,
        unit_price=subscription.unit_price,
        term_months=TERM_MONTHS.get(subscription.term_duration, 0),
        is_trial=subscription.is_trial,
        offer=subscription.sku.code,
    )


def _held(pks: Sequence[int], month: Month) -> dict[int, list[Held]]:
    found: dict[int, list[Held]] = defaultdict(list)
    rows = ResellerOfRecord.objects.filter(subscription__in=pks, begins_at__lt=month.ends_at).order_by("begins_at")
    columns = ("subscription", "reseller", "mpn_id", "begins_at", "ends_at")
    for key, *values in rows.values_list(*columns):
        found[key].append(Held(*values))
    return found


def _changes(subscriptions: Sequence[Subscription], since: datetime) -> dict[Any, list[Change]]:
    """By subscription ID, what was changed since then, newest first; a late step of the clock by when it was due."""
    found: dict[Any, list[Change]] = defaultdict(list)
    if not subscriptions:
        return found
    ids = {str(one.subscription_id): one.subscription_id for one in subscriptions}
    rows = ActivityRecord.objects.filter(target_type=TARGET, target_id__in=list(ids), at__gte=since)
    for target, at, changes in rows.order_by("-pk").values_list("target_id", "at", "changes"):
        if before := values_before(changes):
            due = changes.get("due_at")
            found[ids[target]].append(Change(datetime.fromisoformat(due) if due else at, before))
    return found


READERS: dict[str, tuple[str, Any]] = {
    "status": ("status", str),
    "quantity": ("quantity", int),
    "unit_price": ("unit_price", Decimal),
    "term_duration": ("term_months", lambda value: TERM_MONTHS.get(value, 0)),
    "is_trial": ("is_trial", bool),
    "sku": ("offer", str),
}


def values_before(changes: dict[str, Any]) -> dict[str, Any]:
    """The old values of a record, as Present has them."""
    found = {}
    for name, (own, read) in READERS.items():
        pair = changes.get(name)
        if isinstance(pair, list) and len(pair) == 2:
            found[own] = read(pair[0])
    return found


def parts_for(read: Read, month: Month, table: RateTable, offers: Offers) -> list[Part]:
    """What the subscription earned in the month, by the rates of the table."""
    subscription = read.subscription
    offered = {
        code: Offered(sku.pk, sku.product_id, subscription.segment, subscription.customer.country_code)
        for code, sku in offers.by_code.items()
        if code in offers_of(read.history)
    }

    def rate(code: str, day: Any) -> Rate | None:
        found = table.on(offered[code], day) if code in offered else None
        return Rate(found.pk, found.percent) if found else None

    return parts_of(read.history, month, rate, table.days)


def offers_of(history: History) -> set[str]:
    """The codes of everything that it is or was."""
    return {history.now.offer, *(change.before["offer"] for change in history.changes if "offer" in change.before)}


def explained(part: Part, read: Read, month: Month, rate: IncentiveRate, offers: Offers) -> dict[str, Any]:
    """The steps of the calculation as the ledger keeps them: values only, whatever becomes of the rows later."""
    subscription = read.subscription
    return {
        "days_of_month": month.days,
        "market": subscription.customer.country_code,
        "segment": subscription.segment,
        "policy": subscription.policy,
        "rate": {
            "for": str(rate.sku or rate.product or ""),
            "kind": "offer" if rate.sku_id else "product" if rate.product_id else "all",
            "segment": rate.segment,
            "markets": rate.countries,
            "from": rate.effective_from.isoformat(),
            "to": rate.effective_to.isoformat() if rate.effective_to else None,
        },
        "runs": [
            {
                "from": run.first.isoformat(),
                "to": run.last.isoformat(),
                "days": run.days,
                "offer": offers.by_code[run.present.offer].title,
                "licenses": run.present.quantity,
                "unit_price": str(run.present.unit_price),
                "term_months": run.present.term_months,
                "status": run.present.status,
                "base": str(to_places(run.exact_base(month), 4)),
            }
            for run in part.runs
        ],
    }
