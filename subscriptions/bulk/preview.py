"""What a bulk change would do, in numbers and names, and what it did."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from accounts.access import Actor
from subscriptions.bulk.choosing import rows_of
from subscriptions.bulk.judging import Judge, Outcome
from subscriptions.models import BulkChange, Subscription

NAMED = 5
SHOWN_AFTERWARDS = 100


@dataclass
class Group:
    """So many subscriptions with the same outcome, the first few by name."""

    reason: str = ""
    count: int = 0
    first: list[Subscription] = field(default_factory=list)

    def add(self, row: Subscription) -> None:
        """Count one more."""
        self.count += 1
        if len(self.first) < NAMED:
            self.first.append(row)

    @property
    def more(self) -> int:
        """How many are not named."""
        return self.count - len(self.first)


@dataclass
class Preview:
    """What would become of each."""

    changed: Group = field(default_factory=Group)
    # Of those that change, what else happens to some.
    also: dict[str, Group] = field(default_factory=dict)
    unchanged: Group = field(default_factory=Group)
    # By reason, in the order in which the reasons were met.
    refused: dict[str, Group] = field(default_factory=dict)

    @property
    def refused_count(self) -> int:
        """How many would be refused."""
        return sum(group.count for group in self.refused.values())


def preview(change: BulkChange, keys: Iterable[int], actor: Actor) -> Preview:
    """Judge each as the worker will (three queries, however many)."""
    rows = list(rows_of(keys, actor))
    judge, found = Judge(change, rows), Preview()
    for row in rows:
        verdict = judge.verdict(row)
        if verdict.outcome == Outcome.REFUSED:
            found.refused.setdefault(verdict.reason, Group(verdict.reason)).add(row)
        else:
            (found.changed if verdict.outcome == Outcome.CHANGED else found.unchanged).add(row)
            for words in verdict.also:
                found.also.setdefault(words, Group(words)).add(row)
    return found


def reasons_afterwards(change: BulkChange) -> dict[str, list[tuple[str, str]]]:
    """What was not changed, as nickname and customer, by the reason why."""
    found: dict[str, list[tuple[str, str]]] = {}
    for _key, nickname, customer, reason in change.refusals:
        found.setdefault(reason, []).append((nickname, customer))
    return found


def changed_rows(change: BulkChange, actor: Actor) -> list[Subscription]:
    """The first of those that were changed; none where those that were not are too many to be listed."""
    if change.unchanged + change.refused > len(change.refusals):
        return []
    kept = {row[0] for row in change.refusals}
    done = [key for key in change.subscription_ids if key <= change.done_up_to]
    rows = rows_of(done, actor).exclude(subscription_id__in=[one for one in kept if one])
    return list(rows[:SHOWN_AFTERWARDS])


def value_words(change: BulkChange) -> Any:
    """What is set, as people read it."""
    if change.kind == BulkChange.Kind.AT_END:
        return change.get_at_end_display()
    if change.reseller is not None:
        return change.reseller.name_and_mpn
    if change.kind == BulkChange.Kind.SUPPORT_CONTACT:
        return str(change.provider)
    return _("No indirect reseller")
