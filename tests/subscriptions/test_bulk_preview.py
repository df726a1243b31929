"""The preview of a bulk change says what else happens to some of the subscriptions."""

from accounts.access import Actor
from accounts.models import Partner
from core import clock
from subscriptions.bulk.preview import preview
from subscriptions.bulk.services import prepare_bulk_change
from subscriptions.models import BulkChange
from tests.factories import CustomerFactory, SkuFactory, SubscriptionFactory


def also(provider: Partner, by: Actor, at_end: str, *rows: dict) -> tuple[int, dict[str, list[str]]]:
    """How many would be changed, and the sentences with the nicknames that they are said of."""
    customer = CustomerFactory(provider=provider)
    made = [SubscriptionFactory(customer=customer, nickname=f"No {n}", **row) for n, row in enumerate(rows)]
    keys = sorted(row.pk for row in made)
    change = prepare_bulk_change(kind=BulkChange.Kind.AT_END, keys=keys, by=by, at_end=at_end)
    found = preview(change, keys, by)
    said = {words: [row.nickname for row in group.first] for words, group in found.also.items()}
    return found.changed.count, said


def test_a_schedule_that_is_dropped_is_said(provider: Partner, admin: Actor) -> None:
    changed, said = also(provider, admin, "cancel", {}, {"scheduled": {"quantity": 3}})
    assert (changed, said) == (2, {"The change that was scheduled for the renewal is dropped.": ["No 1"]})


def test_a_trial_that_becomes_paid_is_said(provider: Partner, admin: Actor) -> None:
    trial = {"sku": SkuFactory(is_trial=True), "is_trial": True, "quantity": 25, "starts_at": clock.now()}
    rows = ({"at_end": "cancel"}, {**trial, "at_end": "cancel"})
    changed, said = also(provider, admin, "renew", *rows)
    assert (changed, said) == (2, {"The trial becomes a paid subscription when it ends.": ["No 1"]})
