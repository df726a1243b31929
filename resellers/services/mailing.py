"""The mails that carry the link of a request: the request itself and its reminders."""

import hashlib
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from accounts.access import Actor
from mail.models import OutgoingEmail
from mail.services import queue_email
from resellers.models import PartnershipRequest, PendingAcceptance
from resellers.standing import AGAIN, LAST_REMINDER, REMINDER_KINDS, REPLACEMENT, REQUEST, REQUEST_KINDS
from resellers.tokens import request_link
from resellers.wording import day_in, short_subject, wording


def mail_request(request: PartnershipRequest, *, by: Actor, replaced: PartnershipRequest | None = None) -> None:
    """Queue the request's own mail, once; to whoever had the one before, it says that the old link is over."""
    context: dict[str, Any] = {
        "message": wording(request),
        "provider": request.provider.legal_name,
        "sender": str(by.user),
    }
    kind = REQUEST
    if replaced is not None and replaced.recipient_key == request.recipient_key:
        kind = REPLACEMENT
        context["first_sent"] = day_in(request.language, replaced.sent_at)
        with translation.override(request.language):
            context["subject_line"] = short_subject(
                _("New link: partnership request from %(provider)s"), request.provider
            )
    _queue(kind, request, context, reply_to=by.user.email if by.user else "")


def mail_reminder(kind: str, request: PartnershipRequest, *, sender: str, reply_to: str) -> None:
    """Queue one of the two reminders, in the language of the message."""
    with translation.override(request.language):
        last = _("Last reminder: partnership with %(provider)s")
        first = _("Reminder: partnership request from %(provider)s")
        subject_line = short_subject(last if kind == LAST_REMINDER else first, request.provider)
    context = {**_once_more(request, sender), "subject_line": subject_line}
    _queue(kind, request, context, reply_to=reply_to)


def mail_once_more(request: PartnershipRequest, *, number: int, sender: str, reply_to: str) -> None:
    """Queue the request's mail for the so manieth time at its reader's wish, with the link as it is."""
    _queue(AGAIN, request, _once_more(request, sender), reply_to=reply_to, number=f":{number}")


def _once_more(request: PartnershipRequest, sender: str) -> dict[str, Any]:
    """What every mail says of a request that was mailed before."""
    return {
        "message": wording(request),
        "asked_on": day_in(request.language, request.sent_at),
        "provider": request.provider.legal_name,
        "sender": sender,
    }


def _queue(kind: str, request: PartnershipRequest, context: dict[str, Any], *, reply_to: str, number: str = "") -> None:
    queue_email(
        kind,
        to=request.recipient,
        language=request.language,
        context=context,
        about=request,
        reply_to=reply_to,
        dedupe_key=mail_key(request, kind) + number,
    )


def mail_key(request: PartnershipRequest, kind: str = REQUEST) -> str:
    """What makes a mail of one link of one request unique, without telling the nonce.

    The last reminder names the day on which the link ends: another day makes it another mail.
    """
    link = hashlib.sha256(request.nonce.encode()).hexdigest()[:16]
    key = f"{kind}:{request.public_id}:{link}"
    if kind == LAST_REMINDER and request.expires_at is not None:
        key += f":{request.expires_at.timestamp():.0f}"
    return key


def late_link(email: OutgoingEmail) -> dict[str, str] | None:
    """The link for a mail that is about to leave, or None when it would no longer open anything, or be one too many."""
    request = PartnershipRequest.objects.awaiting_answer().filter(pk=email.about_id).first()
    if request is None or link_key(email) != mail_key(request, email.kind):
        return None
    if email.kind in (*REMINDER_KINDS, AGAIN) and PendingAcceptance.objects.waiting().filter(request=request).exists():
        return None
    return {"link": request_link(request)}


def link_key(email: OutgoingEmail) -> str:
    """The key of a mail without the number of those that a reader asked for."""
    key = email.dedupe_key or ""
    return key.rpartition(":")[0] if email.kind == AGAIN else key


def request_mail(request: PartnershipRequest) -> OutgoingEmail | None:
    """The mail by which this request left, if the portal sent it."""
    return OutgoingEmail.objects.about(request).filter(kind__in=REQUEST_KINDS).first()
