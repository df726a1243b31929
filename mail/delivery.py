"""Send what is in the outbox: claim, send outside any transaction, mark.

A sender may die at any point. A mail it held is free again when the lease runs out, and is then sent under the same
Message-ID: a repetition is preferred to a loss. An attempt counts when the server and the mail came together; a mail
that was put back because the server was away, or because time was up, gets its attempt back. The time of the lease
then tells one holder from the next.
"""

import contextlib
import logging
import math
import random
import smtplib
import time
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import F

from core import clock
from mail.models import OutgoingEmail, OutgoingEmailQuerySet
from mail.registry import before_send
from mail.rendering import fill_late_values

logger = logging.getLogger(__name__)

State = OutgoingEmail.State
# Longer than the slowest possible sending of one mail: EMAIL_TIMEOUT counts for each step of the conversation.
LEASE = timedelta(minutes=5)
BATCH = 50
# Enough for a day: 1, 2, 4 … 32 minutes and then once an hour.
MAX_ATTEMPTS = 30
LONGEST_PAUSE_MINUTES = 60
# A server that is down says nothing about the mail, which then waits for as long as it takes and is not far behind it.
SHORTEST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(minutes=5)
SERVICE_NOT_AVAILABLE = 421
SWEEP_SECONDS = 120.0
BROKEN_CONVERSATIONS = 3


class UnreachableError(Exception):
    """There is no connection to the mail server; the cause says why."""


class NotTakenError(Exception):
    """The mail service took nothing and gave no reason."""


def deliver(email_id: uuid.UUID | str) -> None:
    """Send this mail if it is due and nobody else holds it."""
    send_batch(claim(OutgoingEmail.objects.due().filter(pk=email_id), limit=1))


def send_due() -> int:
    """Send all mail that is due or whose sender died, and return how much was taken up."""
    taken, found, stop_at = 0, True, time.monotonic() + SWEEP_SECONDS
    while found and time.monotonic() < stop_at:
        found = False
        # Alone: if it was this mail that killed its sender, it takes no other mail with it again.
        for candidates, limit in ((OutgoingEmail.objects.due(), BATCH), (OutgoingEmail.objects.abandoned(), 1)):
            batch = claim(candidates, limit=limit)
            found, taken = found or bool(batch), taken + len(batch)
            if not send_batch(batch, stop_at=stop_at):
                return taken  # the rest would wait for the same timeouts; the next sweep knocks again
    return taken


def claim(candidates: OutgoingEmailQuerySet, *, limit: int) -> list[OutgoingEmail]:
    """Take up to `limit` of these mails for this sender alone, by one conditional UPDATE, and commit that."""
    with transaction.atomic():
        ids = list(
            candidates.order_by("due_at", "pk").select_for_update(skip_locked=True).values_list("pk", flat=True)[:limit]
        )
        candidates.filter(pk__in=ids).update(
            state=State.SENDING, attempts=F("attempts") + 1, lease_until=clock.now() + LEASE
        )
        return list(OutgoingEmail.objects.filter(pk__in=ids).order_by("due_at", "pk"))


def send_batch(emails: Sequence[OutgoingEmail], *, stop_at: float = math.inf) -> bool:
    """Send claimed mails over one connection; what it does not come to is put back. Return whether the server talks."""
    connection: BaseEmailBackend = get_connection()
    broken: list[Exception] = []
    try:
        for email in emails:
            if not keep(email):
                continue
            if gives_up(broken):
                put_off(email, broken[-1])
            elif time.monotonic() >= stop_at:
                mark(email, state=State.QUEUED, attempts=email.attempts - 1)
            elif error := send_one(email, connection):
                broken.append(error)
    finally:
        with contextlib.suppress(Exception):
            connection.close()
    if gives_up(broken):
        logger.warning("The mail server does not talk (%s): mail waits", describe(broken[-1]))
    return not gives_up(broken)


def gives_up(broken: Sequence[Exception]) -> bool:
    """Whether further attempts would only cost timeouts: one mail may upset a server, several are a pattern."""
    return len(broken) >= BROKEN_CONVERSATIONS or any(isinstance(error, UnreachableError) for error in broken)


def keep(email: OutgoingEmail) -> bool:
    """Make sure that the lease lasts for one more mail; say no if somebody else holds it by now."""
    if email.lease_until and email.lease_until - clock.now() > LEASE / 2:
        return True
    return mark(email, state=State.SENDING, lease_until=clock.now() + LEASE)


def send_one(email: OutgoingEmail, connection: BaseEmailBackend) -> Exception | None:
    """Send one claimed mail and mark how it went; return the error if the conversation with the server broke."""
    if email.attempts > MAX_ATTEMPTS:
        mark(email, state=State.FAILED, last_error="Given up: its sender died each time")
        return None
    try:
        message = compose(email, connection)
        if message is None:
            mark(email, state=State.DROPPED)
            return None
        open_connection(connection)
        if connection.send_messages([message]) == 0:
            raise NotTakenError
    except Exception as error:
        # What is left of the conversation is in an unknown state.
        with contextlib.suppress(Exception):
            connection.close()
        put_off(email, error) if isinstance(error, UnreachableError) else put_back(email, error)
        return error if breaks_conversation(error) else None
    mark(email, state=State.SENT, sent_at=clock.now(), last_error="")
    return None


def compose(email: OutgoingEmail, connection: BaseEmailBackend) -> EmailMultiAlternatives | None:
    """Make the message with its late values, or None if its owner has withdrawn it."""
    ask_owner = before_send.get(email.kind)
    values = ask_owner(email) if ask_owner else {}
    if values is None:
        return None
    text, html = fill_late_values(email.text, email.html, email.pk, values)
    message = EmailMultiAlternatives(
        subject=email.subject,
        body=text,
        to=[email.recipient],
        reply_to=[email.reply_to] if email.reply_to else None,
        headers={
            "Message-ID": email.message_id,
            "Auto-Submitted": "auto-generated",
            "Content-Language": email.language,
        },
        connection=connection,
    )
    message.attach_alternative(html, "text/html")
    return message


def open_connection(connection: BaseEmailBackend) -> None:
    """Open the connection if it is not; whatever goes wrong here speaks of the server and not of a mail."""
    try:
        connection.open()
        session = getattr(connection, "connection", None)
        if isinstance(session, smtplib.SMTP):
            session.ehlo_or_helo_if_needed()  # else the first mail would be blamed for a server that does not greet
    except Exception as error:
        raise UnreachableError from error


def put_off(email: OutgoingEmail, error: Exception) -> None:
    """Put a mail back that is not at fault: the attempt does not count, and the server is asked again soon."""
    wait = min(max((clock.now() - email.created_at) / 10, SHORTEST_WAIT), LONGEST_WAIT)
    mark(
        email,
        state=State.QUEUED,
        attempts=email.attempts - 1,
        due_at=clock.now() + wait,
        last_error=describe(error),
    )


def put_back(email: OutgoingEmail, error: Exception) -> None:
    """After a failed attempt, wait for the next one, or give up where another attempt cannot help."""
    fields: dict[str, Any] = {"last_error": describe(error)}
    if is_permanent(error) or email.attempts >= MAX_ATTEMPTS:
        fields["state"] = State.FAILED
    else:
        fields |= {"state": State.QUEUED, "due_at": clock.now() + pause(email.attempts)}
    mark(email, **fields)
    logger.warning("Mail %s (%s), attempt %d: %s", email.pk, email.kind, email.attempts, fields["last_error"])


def mark(email: OutgoingEmail, **fields: Any) -> bool:
    """Write how it went, unless the lease ran out meanwhile and somebody else holds the mail."""
    fields.setdefault("lease_until", None)
    held = OutgoingEmail.objects.filter(
        pk=email.pk, state=State.SENDING, attempts=email.attempts, lease_until=email.lease_until
    )
    if not held.update(**fields):
        logger.warning("Mail %s is no longer held by this sender", email.pk)
        return False
    email.lease_until = fields["lease_until"]
    return True


def pause(attempts: int) -> timedelta:
    """How long to wait after so many attempts: 1, 2, 4 … 60 minutes, each a little different."""
    minutes = min(2 ** (attempts - 1), LONGEST_PAUSE_MINUTES)
    return timedelta(minutes=minutes * random.uniform(0.9, 1.1))  # noqa: S311 – spreads load, guards nothing


def smtp_codes(error: BaseException) -> list[int]:
    """The codes with which the mail server answered, if it did."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return [code for code, _text in error.recipients.values()]
    if isinstance(error, smtplib.SMTPResponseException):
        return [error.smtp_code]
    return []


def breaks_conversation(error: Exception) -> bool:
    """Whether there was no answer or a farewell, as against an answer that refuses."""
    if isinstance(error, smtplib.SMTPException):  # a subclass of OSError
        return isinstance(error, smtplib.SMTPServerDisconnected) or SERVICE_NOT_AVAILABLE in smtp_codes(error)
    return isinstance(error, UnreachableError | OSError)


def is_permanent(error: Exception) -> bool:
    """Whether this mail will be refused again: its recipient, its content or its headers are at fault.

    A refused sender or sign-in is the installation's fault, can be mended, and so only delays.
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused | smtplib.SMTPDataError):
        return all(code >= 500 for code in smtp_codes(error))
    # ValueError: a header with a line break, an address that cannot be encoded, a late value that is missing.
    return isinstance(error, ValueError | smtplib.SMTPNotSupportedError)


def describe(error: BaseException) -> str:
    """The error's class and the server's code; its text could quote what was sent."""
    if isinstance(error, UnreachableError) and error.__cause__:
        error = error.__cause__
    return " ".join([type(error).__name__, *map(str, smtp_codes(error))])[:200]
