"""Every change of partnership requests and partnerships."""

from resellers.services.answers import accept_request, check_answer, check_link, decline_request
from resellers.services.requests import (
    change_draft,
    discard_draft,
    draft_request,
    recipient_obstacle,
    revoke_request,
    send_request,
    share_request,
)

__all__ = [
    "accept_request",
    "change_draft",
    "check_answer",
    "check_link",
    "decline_request",
    "discard_draft",
    "draft_request",
    "recipient_obstacle",
    "revoke_request",
    "send_request",
    "share_request",
]
