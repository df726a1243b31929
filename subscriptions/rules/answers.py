"""What the rules answer."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from subscriptions.rules.facts import Facts


class EffectKind(StrEnum):
    """What else happens with a change; subscriptions.rules.words says it."""

    USERS_BLOCKED = "users_blocked"
    DELETED_AT_ONCE = "deleted_at_once"
    USERS_RETURN = "users_return"
    BILLING_STOPS = "billing_stops"
    BILLING_RESUMES = "billing_resumes"
    BILLING_CONTINUES = "billing_continues"
    ADD_ONS_SUSPENDED = "add_ons_suspended"
    AUTO_RENEW_OFF = "auto_renew_off"
    AUTO_RENEW_STAYS_OFF = "auto_renew_stays_off"
    SCHEDULE_DROPPED = "schedule_dropped"
    DELETED_AT = "deleted_at"
    DISABLED_AT = "disabled_at"
    EXPIRES_AT = "expires_at"
    EXTENDED_AT = "extended_at"
    RENEWS_AT = "renews_at"
    BECOMES_PAID_AT = "becomes_paid_at"
    IRREVERSIBLE = "irreversible"
    NO_WINDOW = "no_window"
    NEW_WINDOW = "new_window"
    NEW_TERM = "new_term"
    NEW_PRICE = "new_price"
    SAME_END = "same_end"
    IN_EXTENDED_TERM = "in_extended_term"
    NEW_SUBSCRIPTION = "new_subscription"
    JOINS_OWNED = "joins_owned"
    OWNED_SCHEDULE_DROPPED = "owned_schedule_dropped"
    MATES_CHANGE = "mates_change"
    BILLS_CHANGE_AT = "bills_change_at"
    PROMOTIONS_END = "promotions_end"
    STARTS_BILLING = "starts_billing"


@dataclass(frozen=True)
class Effect:
    """Something else that happens, at a moment and to others where there are such."""

    kind: EffectKind
    at: datetime | None = None
    who: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cost:
    """What the change costs for the rest of the present term (negative: is credited).

    And what the next term costs, where one follows and the change names its price of today: others have the price list
    asked for it.
    """

    amount: Decimal = Decimal(0)
    currency: str = ""
    days: int = 0
    of_days: int = 0
    next_term: Decimal | None = None


@dataclass(frozen=True)
class Undo:
    """Until when the change can be taken back: a moment, any time, or never."""

    until: datetime | None = None
    any_time: bool = False

    @property
    def never(self) -> bool:
        """Whether it is final."""
        return self.until is None and not self.any_time


NEVER = Undo()
ANY_TIME = Undo(any_time=True)


@dataclass(frozen=True)
class Allowed:
    """The change may be made: `after` is the subscription as it then is."""

    after: Facts
    effective_at: datetime
    cost: Cost = field(default_factory=Cost)
    undo: Undo = NEVER
    effects: tuple[Effect, ...] = ()

    @property
    def is_allowed(self) -> bool:
        """True."""
        return True


@dataclass(frozen=True)
class Refused:
    """The change may not be made: `text` says why and what to do; `code` is the programme's own where it has one."""

    code: str
    text: str
    # What the rules would allow instead: the name of a change's class, or nothing.
    instead: str = ""

    @property
    def is_allowed(self) -> bool:
        """False."""
        return False


Answer = Allowed | Refused
