"""Changes of many subscriptions at once, as far as a test needs one: prepared, submitted, or done by the worker."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from accounts.access import Actor
from core import clock
from subscriptions.bulk.services import prepare_bulk_change, run_bulk_change, submit_bulk_change
from subscriptions.models import BulkChange, Subscription
from tests.factories import CustomerFactory, SubscriptionFactory

Kind = BulkChange.Kind


def owned(by: Actor, number: int) -> list[Subscription]:
    """So many subscriptions of a new customer of the person's company."""
    customer = CustomerFactory(provider=by.partner)
    return [SubscriptionFactory(customer=customer) for _each in range(number)]


def prepared(rows: Sequence[Subscription], by: Actor, kind: str = Kind.AT_END, **values: Any) -> BulkChange:
    """About these subscriptions; they end with their term, if nothing else is said."""
    if kind == Kind.AT_END:
        values.setdefault("at_end", "cancel")
    return prepare_bulk_change(kind=kind, keys=sorted(row.pk for row in rows), by=by, **values)


def submitted(by: Actor, number: int = 2, **values: Any) -> BulkChange:
    """About so many subscriptions of the person's company, in the hands of the worker."""
    return submit_bulk_change(change=prepared(owned(by, number), by, **values), expected=number, by=by)


def done(change: BulkChange, by: Actor, *, after: timedelta = timedelta(0)) -> BulkChange:
    """Submit it, unless it was, and let the worker finish so long afterwards."""
    submit_bulk_change(change=change, expected=change.expected, by=by)
    with clock.at(clock.now() + after):
        assert run_bulk_change(change_id=change.pk)
    change.refresh_from_db()
    return change


def finished(by: Actor, after: timedelta = timedelta(0), **values: Any) -> BulkChange:
    """Done so long after it was submitted."""
    return done(submitted(by, **values), by, after=after)
