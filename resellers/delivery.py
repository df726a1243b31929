"""How far a request came on its way to the reader, in words; nobody can know whether a mail was read."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from mail.models import OutgoingEmail
from resellers.models import PartnershipRequest, PendingAcceptance
from resellers.standing import REQUEST_KINDS

MailState = OutgoingEmail.State


def add_standing(rows: Iterable[Any]) -> None:
    """Give each request its `mail` and its `waiting` acceptance, or None: two queries for all rows."""
    rows = list(rows)
    about = PartnershipRequest._meta.label_lower
    mails = OutgoingEmail.objects.filter(
        kind__in=REQUEST_KINDS, about_type=about, about_id__in=[str(row.pk) for row in rows]
    )
    newest = {mail.about_id: mail for mail in mails.defer("text", "html").order_by("created_at", "pk")}
    acceptances = PendingAcceptance.objects.waiting().filter(request__in=rows)
    waiting = {one.request_id: one for one in acceptances.select_related("reseller", "accepted_by")}
    for row in rows:
        row.mail, row.waiting = newest.get(str(row.pk)), waiting.get(row.pk)


def delivery_words(request: Any) -> str:
    """How the request left, and how far its mail came."""
    if request.channel != PartnershipRequest.Channel.PORTAL or request.mail is None:
        return str(request.get_channel_display()) if request.channel else ""
    mail: OutgoingEmail = request.mail
    if mail.state == MailState.QUEUED and (mail.attempts or mail.last_error):
        return _("Waiting to be sent again")
    return str(MailState(mail.state).label)


def mail_failed(request: Any) -> bool:
    """Whether the request's own mail could not be sent."""
    return request.mail is not None and request.mail.state == MailState.FAILED


def asks_for_another_address(request: Any) -> bool:
    """Whether somebody signed in asked to have the request sent to them instead."""
    person = request.new_link_wanted_by
    return person is not None and bool(person.email) and person.email.lower() != request.recipient_key
