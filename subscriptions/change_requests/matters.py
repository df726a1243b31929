"""What requests are about, subscriptions, accounts or orders: for each kind one who knows how to read and make it."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.forms import Form
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Actor, can
from accounts.roles import Permission
from activity.models import ActivityRecord
from core.exceptions import Refused
from subscriptions.models import ChangeRequest

# What, as it was, as it is wanted: plain text, for pages and mails alike. What was not there before has no second part.
Row = tuple[str, str, str]
NOTHING = "—"


class AlreadyAsked(Refused):
    """The provider has another request of this kind to decide; `request` is it."""

    def __init__(self, request: ChangeRequest) -> None:
        super().__init__(_("Another request for this is open already. Withdraw it first, or wait for the decision."))
        self.request = request


class NotReadable(Refused):
    """What was asked can no longer be chosen, as a price that is not offered any more."""


class NotConfirmed(Refused):
    """What a person has to say with the approval was not said; the form of the approval says what."""


@dataclass(frozen=True)
class Outlook:
    """What would happen if it were approved now, in sentences; or why it cannot be.

    `panel` is what is shown with them, a template with its context; `form` what the approver has to say besides.
    """

    sentences: list[Any] = field(default_factory=list)
    refusal: str = ""
    panel: tuple[str, dict[str, Any]] | None = None
    form: Form | None = None


@dataclass(frozen=True)
class Reading:
    """What the page of a request says of it: what is asked, what changed since, and what would happen now."""

    rows: list[Row]
    changed: list[Row]
    outlook: Outlook | None


class Matter(ABC):
    """What the requests of some kinds have in common."""

    # The buttons of the two sides.
    ask_label: Promise = gettext_lazy("Ask for this change")
    approve_label: Promise = gettext_lazy("Approve and make the change")

    @abstractmethod
    def permission(self, kind: str) -> Permission:
        """What it takes to make such a change, and so to decide about it."""

    @abstractmethod
    def rows(self, request: ChangeRequest, *, prices: bool = False) -> list[Row]:
        """What is asked; at most one query."""

    @abstractmethod
    def short(self, request: ChangeRequest) -> str:
        """The same in a word or two, without a query: for lists."""

    @abstractmethod
    def changed(self, request: ChangeRequest) -> list[Row]:
        """What differs from how it was when it was asked: (what, as it was, as it is now)."""

    @abstractmethod
    def outlook(self, request: ChangeRequest, reader: Actor, problem: str = "") -> Outlook:
        """What the rules say at this moment; `problem` is what the approver has not confirmed."""

    def reading(
        self, request: ChangeRequest, reader: Actor, *, is_live: bool, is_judged: bool, problem: str = ""
    ) -> Reading:
        """All three at once: what changed while it `is_live`, and what would happen where it `is_judged`."""
        return Reading(
            rows=self.rows(request, prices=can(reader, Permission.VIEW_PRICES)),
            changed=self.changed(request) if is_live else [],
            outlook=self.outlook(request, reader, problem) if is_judged else None,
        )

    @abstractmethod
    def version(self, request: ChangeRequest) -> int:
        """Which version of what is to be changed a page speaks of."""

    @abstractmethod
    def edit_url(self, request: ChangeRequest) -> str:
        """The page on which a draft is changed."""

    @abstractmethod
    def back_url(self, request: ChangeRequest) -> str:
        """The page on which it was asked."""

    @abstractmethod
    def submit(self, draft: ChangeRequest, *, message: str, version: int | None, by: Actor) -> ChangeRequest:
        """Ask what a draft says."""

    @abstractmethod
    def make(self, request: ChangeRequest, *, version: int | None, said: Mapping[str, str], by: Actor) -> None:
        """Make the change by the service that makes it always, which asks the rules again; or say why not.

        `said` is what the approver sent with the approval, for those that want to hear more than yes.
        """

    def hold(self, request: ChangeRequest) -> None:
        """Hold what has to be held before the customer, for a change that is about to be made."""
        return

    def facts(self, request: ChangeRequest, reader: Actor) -> list[tuple[str, Any]]:
        """What became of it, beside what is known of every request."""
        return []

    def approved_words(self, request: ChangeRequest) -> str:
        """What the approver reads."""
        return _("Approved. The change is made, and the reseller is told.")

    def letter(self, request: ChangeRequest, done: str) -> tuple[str, str] | None:
        """The subject of the mail about a step, and what happened, in the reader's language; None for the usual."""
        return None


_matters: dict[str, Matter] = {}


def register(matter: Matter, kinds: Iterable[str]) -> None:
    """Let the requests of these kinds be known."""
    _matters.update(dict.fromkeys(map(str, kinds), matter))


def matter_of(request: ChangeRequest) -> Matter:
    """Who knows this request."""
    return _matters[request.kind]


def decider_of(record: ActivityRecord) -> Permission | None:
    """What it takes to decide about the request of this record; None where the record does not say its kind."""
    kind = record.changes.get("kind", "")
    return _matters[kind].permission(kind) if kind in _matters else None


def may_decide(request: ChangeRequest, reader: Actor) -> bool:
    """Whether the role of this person lets it decide about the request."""
    return reader.is_provider and can(reader, matter_of(request).permission(request.kind))


def decided_by(reader: Actor) -> list[str]:
    """The kinds of requests about which the role of this person lets it decide."""
    return [kind for kind, matter in _matters.items() if reader.is_provider and can(reader, matter.permission(kind))]


def asked_rows(request: ChangeRequest, *, prices: bool = False) -> list[Row]:
    """What is asked, each as (what, as it was, as it is wanted)."""
    return matter_of(request).rows(request, prices=prices)
