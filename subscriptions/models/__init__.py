"""What customers have bought, its dated relations to resellers, what those earn, and changes of many at once."""

from subscriptions.models.bulk import BulkChange, BulkChangeQuerySet, DecisionNotice
from subscriptions.models.change_requests import OF_ACCOUNTS, ChangeRequest, ChangeRequestEntry, ChangeRequestQuerySet
from subscriptions.models.incentives import (
    IncentiveEntry,
    IncentiveEntryQuerySet,
    IncentiveMonth,
    IncentiveRate,
    IncentiveTotal,
)
from subscriptions.models.relations import ResellerOfRecord, SubscriptionRelation, SupportContact
from subscriptions.models.subscriptions import LIVE, TERM_END, AtEnd, Subscription, SubscriptionQuerySet
from subscriptions.models.tallies import ResellerTally, ResellerTallyQuerySet, tallied

__all__ = [
    "LIVE",
    "OF_ACCOUNTS",
    "TERM_END",
    "AtEnd",
    "BulkChange",
    "BulkChangeQuerySet",
    "ChangeRequest",
    "ChangeRequestEntry",
    "ChangeRequestQuerySet",
    "DecisionNotice",
    "IncentiveEntry",
    "IncentiveEntryQuerySet",
    "IncentiveMonth",
    "IncentiveRate",
    "IncentiveTotal",
    "ResellerOfRecord",
    "ResellerTally",
    "ResellerTallyQuerySet",
    "Subscription",
    "SubscriptionQuerySet",
    "SubscriptionRelation",
    "SupportContact",
    "tallied",
]
