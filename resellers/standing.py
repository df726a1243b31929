"""Where requests stand beyond their state: what waits, what failed, what somebody should look at."""

from datetime import timedelta

from django.db.models import CharField, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Cast

from core import clock
from mail.models import OutgoingEmail
from resellers.models import PartnershipRequest, PendingAcceptance

Requests = QuerySet[PartnershipRequest]

State = PartnershipRequest.State
# The mails of a request that carry its link: the one by which it left, and those that remind of it.
REQUEST_KINDS = (REQUEST, REPLACEMENT) = ("partnership_request", "partnership_replaced")
REMINDER_KINDS = (REMINDER, LAST_REMINDER) = ("partnership_reminder", "partnership_last_reminder")
# Once more, because its reader asked for it.
AGAIN = "partnership_again"
LINK_KINDS = (*REQUEST_KINDS, *REMINDER_KINDS, AGAIN)
SOON = timedelta(days=7)


def waits_for_completion() -> Exists:
    """Whether a company has accepted and something is still owed: then the request's time no longer runs."""
    return Exists(PendingAcceptance.objects.waiting().filter(request=OuterRef("pk")))


def unanswered(rows: Requests) -> Requests:
    """Sent ones whose link may still come to something: in their time, or accepted in it and not completed."""
    return rows.filter(Q(expires_at__gt=clock.now()) | waits_for_completion(), state=State.SENT)


def overdue(rows: Requests) -> Requests:
    """Sent ones that nobody answered in their time."""
    return rows.filter(~waits_for_completion(), state=State.SENT, expires_at__lte=clock.now())


def mails_about(kinds: tuple[str, ...]) -> QuerySet[OutgoingEmail]:
    """Mails of these kinds about the request of the outer query."""
    about = PartnershipRequest._meta.label_lower
    key = Cast(OuterRef("pk"), CharField())
    return OutgoingEmail.objects.filter(kind__in=kinds, about_type=about, about_id=key)


def with_failed_mail(rows: Requests) -> Requests:
    """Unanswered ones whose own mail could not be sent."""
    failed = mails_about(REQUEST_KINDS).filter(state=OutgoingEmail.State.FAILED)
    return unanswered(rows).filter(Exists(failed))


def wanting_new_link(rows: Requests) -> Requests:
    """Those whose reader asked for another link and has not got one: it had expired, or was for another address."""
    gone = (State.ACCEPTED, State.REVOKED, State.SUPERSEDED)
    return rows.filter(new_link_wanted_at__isnull=False).exclude(state__in=gone)


def to_confirm(rows: Requests) -> Requests:
    """Those that a company of another domain has accepted; the provider says whether it is the one that was asked."""
    return rows.filter(Exists(PendingAcceptance.objects.awaiting_confirmation().filter(request=OuterRef("pk"))))


def expiring_soon(rows: Requests) -> Requests:
    """Sent ones with a week or less to go and no answer yet."""
    now = clock.now()
    soon = rows.filter(state=State.SENT, expires_at__gt=now, expires_at__lte=now + SOON)
    return soon.filter(~waits_for_completion())
