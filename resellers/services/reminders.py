"""What the portal does by itself about requests that nobody has answered: remind, and say when a mail got nowhere."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Q
from django.urls import reverse
from django.utils import timezone

from accounts.access import Actor
from accounts.models import Partner
from activity.services import record
from core import clock
from core.sweeping import each
from mail.models import OutgoingEmail
from mail.services import queue_email
from resellers.models import PartnershipRequest
from resellers.services.expiry import LEFT
from resellers.services.mailing import mail_reminder
from resellers.services.telling import staff_of
from resellers.standing import (
    LAST_REMINDER,
    REMINDER,
    REMINDER_KINDS,
    REQUEST_KINDS,
    Requests,
    mails_about,
    waits_for_completion,
)

State, Channel = PartnershipRequest.State, PartnershipRequest.Channel

FIRST_AFTER = timedelta(days=7)
LAST_BEFORE = timedelta(hours=48)
# Two reminders within a day are one too many, so near the end only the last one is sent.
APART = timedelta(hours=24)


def due_for_reminder() -> Requests:
    """Requests that have waited for a week and do not get their last reminder within the next day."""
    now = clock.now()
    return _reminded_by_mail().filter(
        reminded_at=None,
        last_reminded_at=None,
        sent_at__lte=now - FIRST_AFTER,
        expires_at__gt=now + LAST_BEFORE + APART,
    )


def due_for_last_reminder() -> Requests:
    """Requests that end within 48 hours and were not reminded of it, nor of anything in the past day."""
    now = clock.now()
    rested = Q(reminded_at=None) | Q(reminded_at__lte=now - APART)
    return _reminded_by_mail().filter(rested, last_reminded_at=None, expires_at__lte=now + LAST_BEFORE)


def _reminded_by_mail() -> Requests:
    """Unanswered requests whose reader had a mail from the portal.

    Who copied the message or opened it in a mail program wrote it in person and reminds in person: the portal has never
    written to that mailbox, if it knows it at all. A mail that has not left, or failed, is nothing to be reminded of.
    """
    not_handed_over = mails_about(REQUEST_KINDS).exclude(state=OutgoingEmail.State.SENT)
    rows = PartnershipRequest.objects.awaiting_answer().filter(
        channel=Channel.PORTAL, provider__enrolment_state=Partner.EnrolmentState.ACTIVE
    )
    return rows.exclude(recipient_key="").filter(~waits_for_completion(), ~Exists(not_handed_over))


# kind of mail -> the field that says it was sent, and the requests that are due for it.
STEPS: dict[str, tuple[str, Callable[[], Requests]]] = {
    LAST_REMINDER: ("last_reminded_at", due_for_last_reminder),
    REMINDER: ("reminded_at", due_for_reminder),
}


def remind_of_requests(*, by: Actor) -> int:
    """Send the reminders that are due, each once, and return how many; run late, repeatedly or in parallel, no more."""
    return sum(
        each(LEFT, due().order_by("expires_at", "pk").values_list("pk", flat=True), partial(_remind, kind=kind, by=by))
        for kind, (_field, due) in STEPS.items()
    )


@transaction.atomic
def _remind(pk: int, *, kind: str, by: Actor) -> bool:
    """Remind of one request, unless it was answered or reminded of in the meantime: the UPDATE decides who does."""
    field, due = STEPS[kind]
    # The guard names columns of the row alone: a condition on other tables is not asked again by whoever had to wait.
    unreminded = PartnershipRequest.objects.filter(pk=pk, state=State.SENT, **{field: None})
    if not due().filter(pk=pk).exists() or not unreminded.update(**{field: clock.now()}):
        return False
    request = PartnershipRequest.objects.select_related("provider", "sent_by").get(pk=pk)
    sender = request.sent_by
    # As in the first mail, times are those of whoever sent it.
    with timezone.override(sender.zone if sender else None):
        mail_reminder(kind, request, sender=str(sender), reply_to=staff_of(request).address)
    record("partnership_request.reminded", request, by=by, to=request.recipient, last=kind == LAST_REMINDER)
    return True


def undeliverable_and_untold() -> Requests:
    """Requests with a mail that could not be sent, of which nobody was told."""
    failed = mails_about((*REQUEST_KINDS, *REMINDER_KINDS)).filter(state=OutgoingEmail.State.FAILED)
    told = mails_about(("partnership_undeliverable",))
    return PartnershipRequest.objects.awaiting_answer().filter(Exists(failed), ~Exists(told))


def tell_of_undeliverable_mail() -> int:
    """Write to the sender of each request whose mail got nowhere, once, and return how many were written to."""
    keys = undeliverable_and_untold().order_by("pk").values_list("pk", flat=True)
    return each(LEFT, keys, _tell_of_undeliverable_mail)


@transaction.atomic
def _tell_of_undeliverable_mail(pk: int) -> bool:
    request = undeliverable_and_untold().select_related("provider", "sent_by").filter(pk=pk).first()
    if request is None:
        return False
    staff = staff_of(request)
    page = reverse("resellers:correct_request", args=[request.public_id])
    context = {"recipient": request.recipient, "address": f"{settings.PORTAL_BASE_URL}{page}"}
    queue_email(
        "partnership_undeliverable",
        to=staff.address,
        language=staff.language,
        context=context,
        about=request,
        dedupe_key=f"partnership_undeliverable:{request.public_id}",
    )
    return True
