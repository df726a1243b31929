"""*Setup info*: the one page view that shows a temporary password, and what every later view says instead."""

from dataclasses import dataclass, field

from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _

from accounts.access import Actor, can
from accounts.roles import Permission
from accounts.step_up import ask_first
from core import clock
from customers.credentials.services import reveal_password
from customers.credentials.spelling import spelled
from customers.models import Customer, TemporaryPassword


@dataclass(frozen=True)
class SetupInfo:
    """What templates/customers/_setup_info.html shows; `password` is there once and None for ever after."""

    customer: Customer
    administrator: str
    issued: TemporaryPassword
    may_issue: bool
    # Whether this person saw it and may still say that it is stored.
    may_store: bool
    password: str | None = field(default=None, repr=False)

    @property
    def can_still_be_shown(self) -> bool:
        """Whether its ciphertext waits for the person and the session that it was made for."""
        return self.issued.ciphertext is not None and (self.issued.reveal_until or clock.now()) > clock.now()

    @property
    def text_of_both(self) -> str:
        """User name and password as one text to paste into a message."""
        return f"{_('User name')}: {self.administrator}\n{_('Password')}: {self.password}"

    @property
    def groups(self) -> list[tuple[str, str]]:
        """The groups of the password, each with its letters as words."""
        return [(group, spelled(group)) for group in (self.password or "").split("-") if group]


def setup_info(request: HttpRequest, issued: TemporaryPassword) -> SetupInfo:
    """Reveal the password if this view may: a GET that a person asked for, by who issued it, for the first time."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    password = None
    if request.method == "GET" and not fetched_in_advance(request) and actor.user is not None:
        session_key = request.session.session_key or ""
        password = reveal_password(temporary_password=issued, session_key=session_key, by=actor)
        issued.refresh_from_db(fields=["ciphertext", "reveal_until", "revealed_at", "stored_at"])
    administrator = issued.administrator
    mine = actor.user is not None and issued.issued_by == actor.user
    return SetupInfo(
        customer=administrator.customer,
        administrator=administrator.user.sign_in_name,
        issued=issued,
        may_issue=can(actor, Permission.ISSUE_CREDENTIALS, administrator.customer),
        may_store=mine and issued.revealed_at is not None and issued.stored_at is None and is_in_force(issued),
        password=password,
    )


def ask_before_showing(request: HttpRequest, issued: TemporaryPassword) -> HttpResponseBase | None:
    """The question that comes before a password is shown, as long as it waits for this person."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    waits = issued.ciphertext is not None and (issued.reveal_until or clock.now()) > clock.now()
    return ask_first(request) if waits and issued.issued_by == actor.user else None


def is_in_force(issued: TemporaryPassword) -> bool:
    """Whether it still opens the account: neither changed, nor run out, nor followed by another."""
    if not issued.administrator.user.must_change_password or issued.valid_until <= clock.now():
        return False
    return not issued.administrator.temporary_passwords.filter(pk__gt=issued.pk).exists()


def fetched_in_advance(request: HttpRequest) -> bool:
    """Whether a browser fetches the page before anybody asked for it. A hint, not the guard: some do not say so."""
    hints = (request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"))
    return any("prefetch" in hint.lower() or "preview" in hint.lower() for hint in hints)
