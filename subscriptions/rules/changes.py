"""What a person can want of a subscription."""

from dataclasses import dataclass, field
from decimal import Decimal

from subscriptions.rules.facts import AtEnd, Facts, Scheduled


@dataclass(frozen=True)
class OwnedTarget:
    """A subscription of the target offer that the customer has already; `key` is what the caller knows it by."""

    facts: Facts
    key: int = 0


@dataclass(frozen=True)
class Target:
    """An offer to upgrade or convert to, at today's price for one license and its whole term."""

    code: str
    title: str
    unit_price: Decimal
    term_months: int = 12
    billing_months: int = 12
    least: int = 1
    most: int = 10_000_000
    # Whether the catalogue lists it as a target of the present offer.
    is_path: bool = True
    owned: OwnedTarget | None = None


@dataclass(frozen=True)
class Mate:
    """Another subscription of the same order, which legacy billing changes with.

    `unit_price` is today's for one license and the whole term with the new bills; None where it is not sold like that.
    """

    name: str
    facts: Facts
    unit_price: Decimal | None


@dataclass(frozen=True)
class ChangeLicenses:
    """Have this many licenses from now on."""

    quantity: int


@dataclass(frozen=True)
class Suspend:
    """Keep the users out."""


@dataclass(frozen=True)
class Reactivate:
    """Let the users in again."""


@dataclass(frozen=True)
class Cancel:
    """End it for good."""


@dataclass(frozen=True)
class DecideEnd:
    """Say what happens at the end of the term."""

    at_end: AtEnd


@dataclass(frozen=True)
class ScheduleChange:
    """Say what is to be different from the next term on; the offer's limits where that is another, as after a trial."""

    wanted: Scheduled
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True)
class DropSchedule:
    """Let the next term be like this one."""


@dataclass(frozen=True)
class ChangeTerm:
    """Begin a longer term now; `unit_price` is today's for one license and the new term."""

    term_months: int
    billing_months: int
    unit_price: Decimal


@dataclass(frozen=True)
class ChangeBilling:
    """Be billed otherwise; `unit_price` is today's for one license and the whole term."""

    billing_months: int
    unit_price: Decimal
    mates: tuple[Mate, ...] = field(default=())


@dataclass(frozen=True)
class Upgrade:
    """Move to a better offer, whole or (new commerce) with some of the licenses."""

    target: Target
    quantity: int | None = None


@dataclass(frozen=True)
class ConvertTrial:
    """Turn a trial into a paid subscription."""

    target: Target
    quantity: int


Change = (
    ChangeLicenses
    | Suspend
    | Reactivate
    | Cancel
    | DecideEnd
    | ScheduleChange
    | DropSchedule
    | ChangeTerm
    | ChangeBilling
    | Upgrade
    | ConvertTrial
)
