"""What a session remembers between asking for a code and using the proof, and where the journey leads back to."""

from dataclasses import asdict, dataclass
from urllib.parse import urlencode

from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.codes import proved_address

ENROLLING = "enrolment_code"
PROVING = "mailbox_code"
LONGEST_NEXT = 500


@dataclass(frozen=True)
class AskedCode:
    """The code that was asked for last in this session; the digits are not among what it knows."""

    address: str
    code_id: str
    binding: str

    @property
    def proves(self) -> bool:
        """Whether the code was typed, and not too long ago."""
        return proved_address(self.code_id, self.binding) == self.address


def asked_code(session: SessionBase, purpose: str) -> AskedCode | None:
    """The code asked for last for this purpose."""
    kept = session.get(purpose)
    return AskedCode(**kept) if kept else None


def remember_code(session: SessionBase, purpose: str, asked: AskedCode) -> None:
    """Note the code that is being mailed."""
    session[purpose] = asdict(asked)


def forget_code(session: SessionBase, purpose: str) -> None:
    """The proof has served its purpose."""
    session.pop(purpose, None)


def next_of(request: HttpRequest) -> str:
    """The page of the portal to which the journey leads back; "" where none was named or it is not one of ours."""
    wanted = request.GET.get("next", "")
    fits = len(wanted) <= LONGEST_NEXT and wanted.startswith("/")
    return wanted if fits and url_has_allowed_host_and_scheme(wanted, None) else ""


def with_next(address: str, next_page: str) -> str:
    """An address that carries the way back."""
    return f"{address}?{urlencode({'next': next_page})}" if next_page else address
