"""What a session remembers of the links it has opened, so that the token leaves the address at once."""

from django.contrib.sessions.backends.base import SessionBase

from resellers.models import PartnershipRequest

# Both are in SESSION_KEYS_KEPT: they outlive a session that ends by itself.
# Shown on the sign-in page: {public_id, nonce, provider_name} of the link opened last.
PENDING = "pending_invitation"
# public_id -> nonce of every link opened in this session: a person may have two requests open in two tabs.
OPENED = "opened_invitations"
KEPT = 10


def remember(session: SessionBase, request: PartnershipRequest) -> None:
    """Note that the genuine link of this request was opened here."""
    opened = {**session.get(OPENED, {})}
    opened.pop(str(request.public_id), None)
    opened[str(request.public_id)] = request.nonce
    session[OPENED] = dict(list(opened.items())[-KEPT:])
    session[PENDING] = {
        "public_id": str(request.public_id),
        "nonce": request.nonce,
        "provider_name": request.provider.legal_name,
    }


def landed_nonce(session: SessionBase, request: PartnershipRequest) -> str:
    """The nonce of the link that was opened in this session, or "" if none was."""
    return str(session.get(OPENED, {}).get(str(request.public_id), ""))


def forget_pending(session: SessionBase, request: PartnershipRequest) -> None:
    """Stop announcing an answered request at sign-in."""
    if session.get(PENDING, {}).get("public_id") == str(request.public_id):
        del session[PENDING]
