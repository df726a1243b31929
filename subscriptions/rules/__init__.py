"""What may be done with a subscription, from when, at what cost and until when it can be undone.

Two rule sets, one engine: `judge(facts, change, now)` answers Allowed or Refused, `next_step(facts, now, quotes)` says
what the clock does by itself. Nothing here knows a database; pages, services, bulk changes, imports and the admin ask
here, and nothing else decides. Source: the programme's documentation, as the docstrings of the rule sets say.
"""

from subscriptions.rules.answers import Allowed, Answer, Cost, Effect, EffectKind, Refused, Undo
from subscriptions.rules.changes import (
    Cancel,
    Change,
    ChangeBilling,
    ChangeLicenses,
    ChangeTerm,
    ConvertTrial,
    DecideEnd,
    DropSchedule,
    Mate,
    OwnedTarget,
    Reactivate,
    ScheduleChange,
    Suspend,
    Target,
    Upgrade,
)
from subscriptions.rules.ends import (
    DECIDABLE,
    Quote,
    Step,
    StepKind,
    decision_date,
    decision_deadline,
    due_at,
    next_step,
    steps_due,
)
from subscriptions.rules.facts import AtEnd, Base, Batch, Facts, Policy, Scheduled, Status
from subscriptions.rules.judging import judge
from subscriptions.rules.moving import branch, join

__all__ = [
    "DECIDABLE",
    "Allowed",
    "Answer",
    "AtEnd",
    "Base",
    "Batch",
    "Cancel",
    "Change",
    "ChangeBilling",
    "ChangeLicenses",
    "ChangeTerm",
    "ConvertTrial",
    "Cost",
    "DecideEnd",
    "DropSchedule",
    "Effect",
    "EffectKind",
    "Facts",
    "Mate",
    "OwnedTarget",
    "Policy",
    "Quote",
    "Reactivate",
    "Refused",
    "ScheduleChange",
    "Scheduled",
    "Status",
    "Step",
    "StepKind",
    "Suspend",
    "Target",
    "Undo",
    "Upgrade",
    "branch",
    "decision_date",
    "decision_deadline",
    "due_at",
    "join",
    "judge",
    "next_step",
    "steps_due",
]
