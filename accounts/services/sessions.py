"""Where a person is signed in: the sessions that last, their end, and the mail about a device not seen before."""

from datetime import timedelta

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet

from accounts.access import Actor
from accounts.models import User
from activity.services import record
from core import clock
from mail.services import queue_email


def sessions_of(user: User) -> QuerySet[UserSession]:
    """The person's sessions that have not run out, the one used last first."""
    now = clock.now()
    lasting = Session.objects.filter(expire_date__gt=now).values("session_key")
    idle = now - timedelta(seconds=settings.SESSION_IDLE_SECONDS)
    found = UserSession.objects.filter(user=user, session_key__in=lasting, last_seen_at__gt=idle)
    return found.order_by("-last_seen_at", "-pk")


@transaction.atomic
def end_session(*, session: UserSession, by: Actor) -> None:
    """Sign one of the person's sessions out, at its next request; pressed twice, it has ended all the same."""
    if _end(UserSession.objects.filter(pk=session.pk)):
        record("user.session_ended", session.user, by=by, device_ip=session.ip)


@transaction.atomic
def end_other_sessions(*, user: User, keep: str, by: Actor) -> int:
    """Sign a person out everywhere but in the session with this key; how many sessions that were."""
    ended = _end(UserSession.objects.filter(user=user).exclude(session_key=keep))
    if ended:
        record("user.sessions_ended", user, by=by, count=ended)
    return ended


@transaction.atomic
def end_sessions(*, user: User, by: Actor) -> int:
    """Sign a person out everywhere, at the next request; how many sessions that were. The back office's way."""
    return end_other_sessions(user=user, keep="", by=by)


def _end(rows: QuerySet[UserSession]) -> int:
    keys = list(rows.values_list("session_key", flat=True))
    ended, _kinds = Session.objects.filter(session_key__in=keys).delete()
    rows.delete()
    return ended


@transaction.atomic
def forget_sessions(*, user: User) -> None:
    """Take a person's sessions off the list: something else, a new password, has ended them."""
    UserSession.objects.filter(user=user).delete()


@transaction.atomic
def purge_ended_sessions() -> None:
    """Take what has ended off everybody's list: device and address are kept no longer than they serve their owner."""
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()


@transaction.atomic
def note_new_device(*, user: User, device: str, by: Actor) -> None:
    """Record a sign-in from a browser that was not seen before, and tell the person by mail."""
    record("user.signed_in_on_new_device", user, by=by, device=device)
    if user.email:
        context = {"name": user.full_name, "device": device, "at": clock.now(), "ip": by.ip or ""}
        queue_email("new_device", to=user.email, language=user.language, context=context, about=user)
