"""What the owner of a kind of mail is asked just before one leaves."""

from collections.abc import Callable, Mapping

from mail.models import OutgoingEmail

# Returns the late values by name, or None if the mail must not leave any more.
BeforeSend = Callable[[OutgoingEmail], Mapping[str, str] | None]

before_send: dict[str, BeforeSend] = {}


def register(kind: str, function: BeforeSend) -> None:
    """Ask `function` before each mail of this kind; call it from the owning app's ready()."""
    if before_send.get(kind, function) is not function:
        raise ValueError(f"Two functions for mail of the kind {kind!r}.")
    before_send[kind] = function
