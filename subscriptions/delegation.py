"""What of a subscription somebody changes itself, and what it asks the provider for.

A reseller manages the customers delegated to it: licenses, suspending, what the end of the term brings. What concludes
another contract in the provider's name, or ends one for good, it asks for; and everything where its delegation is
*view and request*. Staff of the provider ask nobody.
"""

from dataclasses import dataclass
from enum import StrEnum

from accounts.access import Actor, can
from accounts.roles import Permission
from customers.models import Customer
from subscriptions import rules
from subscriptions.intents import Intent, Priced

CONTRACT_KINDS = frozenset({"cancel", "term", "billing", "upgrade", "convert"})
CONTRACT_CHANGES = (rules.Cancel, rules.ChangeTerm, rules.ChangeBilling, rules.Upgrade, rules.ConvertTrial, Priced)


class Way(StrEnum):
    """How a change comes about."""

    CHANGE = "change"
    ASK = "ask"


@dataclass(frozen=True)
class Delegation:
    """What an actor may do about the subscriptions of one customer."""

    manages: bool
    contracts: bool
    asks: bool

    def way(self, kind: str) -> Way | None:
        """How the actor comes to this kind of change; None where it does not."""
        if self.contracts if kind in CONTRACT_KINDS else self.manages:
            return Way.CHANGE
        return Way.ASK if self.asks else None

    @property
    def is_empty(self) -> bool:
        """Whether the actor may only look."""
        return not (self.manages or self.asks)


def delegation_of(actor: Actor, customer: Customer) -> Delegation:
    """What the actor may do about a customer that it sees (at most one query)."""
    manages = can(actor, Permission.MANAGE_SUBSCRIPTION) and customer.permits(actor, Permission.MANAGE_SUBSCRIPTION)
    return Delegation(
        manages=manages,
        contracts=manages and can(actor, Permission.CHANGE_CONTRACT),
        asks=can(actor, Permission.REQUEST_CHANGE),
    )


def permission_for(intent: Intent) -> Permission:
    """What making this change takes."""
    contract = isinstance(intent, CONTRACT_CHANGES)
    return Permission.CHANGE_CONTRACT if contract else Permission.MANAGE_SUBSCRIPTION


def permission_for_kind(kind: str) -> Permission:
    """The same of a kind of change, as pages and requests name it."""
    return Permission.CHANGE_CONTRACT if kind in CONTRACT_KINDS else Permission.MANAGE_SUBSCRIPTION
