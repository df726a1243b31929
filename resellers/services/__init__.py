"""Every change of partnership requests and partnerships."""

from resellers.services.answers import accept_request, check_answer, check_link, decline_request
from resellers.services.asking import ask_for_new_link
from resellers.services.mailing_again import mail_request_again
from resellers.services.opening import note_opened
from resellers.services.requests import (
    change_draft,
    discard_draft,
    draft_request,
    recipient_obstacle,
    revoke_request,
    send_request,
    share_request,
)
from resellers.services.resending import extend_request, resend_request
from resellers.services.waiting import complete_if_ready, confirm_acceptance, refuse_acceptance, withdraw_acceptance
from resellers.services.waits import lapse_acceptances, waiting_acceptance

__all__ = [
    "accept_request",
    "ask_for_new_link",
    "change_draft",
    "check_answer",
    "check_link",
    "complete_if_ready",
    "confirm_acceptance",
    "decline_request",
    "discard_draft",
    "draft_request",
    "extend_request",
    "lapse_acceptances",
    "mail_request_again",
    "note_opened",
    "recipient_obstacle",
    "refuse_acceptance",
    "resend_request",
    "revoke_request",
    "send_request",
    "share_request",
    "waiting_acceptance",
    "withdraw_acceptance",
]
