"""What requests are about, subscriptions or accounts: for each kind one who knows how it is read, shown and made."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from accounts.access import Actor
from accounts.roles import Permission
from core.exceptions import Refused
from subscriptions.models import ChangeRequest

# What, as it was, as it is wanted: plain text, for pages and mails alike.
Row = tuple[str, str, str]
NOTHING = "—"


class AlreadyAsked(Refused):
    """The provider has another request of this kind to decide; `request` is it."""

    def __init__(self, request: ChangeRequest) -> None:
        super().__init__(_("Another request for this is open already. Withdraw it first, or wait for the decision."))
        self.request = request


class NotReadable(Refused):
    """What was asked can no longer be chosen, as a price that is not offered any more."""


@dataclass(frozen=True)
class Outlook:
    """What would happen if it were approved now, in sentences; or why it cannot be."""

    sentences: list[Any] = field(default_factory=list)
    refusal: str = ""


class Matter(ABC):
    """What the requests of some kinds have in common."""

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
    def outlook(self, request: ChangeRequest, *, prices: bool) -> Outlook:
        """What the rules say at this moment."""

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
    def make(self, request: ChangeRequest, *, version: int | None, by: Actor) -> None:
        """Make the change by the service that makes it always, which asks the rules again; or say why not."""


_matters: dict[str, Matter] = {}


def register(matter: Matter, kinds: Iterable[str]) -> None:
    """Let the requests of these kinds be known."""
    _matters.update(dict.fromkeys(map(str, kinds), matter))


def matter_of(request: ChangeRequest) -> Matter:
    """Who knows this request."""
    return _matters[request.kind]


def kinds_for(permissions: Iterable[Permission]) -> list[str]:
    """The kinds about which somebody with these permissions decides."""
    held = set(permissions)
    return [kind for kind, matter in _matters.items() if matter.permission(kind) in held]


def asked_rows(request: ChangeRequest, *, prices: bool = False) -> list[Row]:
    """What is asked, each as (what, as it was, as it is wanted)."""
    return matter_of(request).rows(request, prices=prices)
