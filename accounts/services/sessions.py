"""Where a person is signed in: the sessions that last, their end, and the mail about a device not seen before."""

from datetime import timedelta

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet
from django.utils import translation

from accounts.access import MEMBERSHIP_IN_SESSION, Actor, memberships_of
from accounts.devices import device_words, recorded_device
from accounts.models import Membership, PersonSession, User
from activity.services import record
from core import clock
from mail.services import queue_email


def lasting_sessions() -> QuerySet[PersonSession]:
    """Everybody's sessions that have not run out, the one used last first."""
    now = clock.now()
    lasting = Session.objects.filter(expire_date__gt=now).values("session_key")
    idle = now - timedelta(seconds=settings.SESSION_IDLE_SECONDS)
    found = PersonSession.objects.filter(session_key__in=lasting, last_seen_at__gt=idle)
    return found.order_by("-last_seen_at", "-pk")


def sessions_of(user: User) -> QuerySet[PersonSession]:
    """The person's own of these."""
    return lasting_sessions().filter(user=user)


@transaction.atomic
def end_session(*, session: UserSession, by: Actor, reason: str = "") -> None:
    """Sign one of the person's sessions out, at its next request; pressed twice, it has ended all the same."""
    if _end(UserSession.objects.filter(pk=session.pk)):
        record("user.session_ended", session.user, by=by, device_ip=session.ip, **said(reason))


@transaction.atomic
def end_other_sessions(*, user: User, keep: str, by: Actor, reason: str = "") -> int:
    """Sign a person out everywhere but in the session with this key; how many sessions that were."""
    ended = _end(UserSession.objects.filter(user=user).exclude(session_key=keep))
    if ended:
        record("user.sessions_ended", user, by=by, count=ended, **said(reason))
    return ended


@transaction.atomic
def end_sessions(*, user: User, by: Actor, reason: str = "") -> int:
    """Sign a person out everywhere, at the next request; how many sessions that were. The back office's way."""
    return end_other_sessions(user=user, keep="", by=by, reason=reason)


@transaction.atomic
def shut_out(*, user: User) -> int:
    """End all sessions of a person as a part of something that has its own record; how many that were."""
    return _end(UserSession.objects.filter(user=user))


@transaction.atomic
def shut_out_of_company(*, membership: Membership, keep: str = "") -> int:
    """End the sessions in which the person acts for a company that it is about to leave; how many that were.

    Whoever works for no other company is out everywhere. `keep` is the key of the session in which one leaves oneself.
    """
    rows = UserSession.objects.filter(user=membership.user_id).exclude(session_key=keep)
    current = memberships_of(membership.user)
    if any(one.pk != membership.pk for one in current):
        known = {one.pk for one in current}
        keys = rows.values_list("session_key", flat=True)
        acting = [
            session.session_key
            for session in Session.objects.filter(session_key__in=keys)
            if _acts_as(session, known, default=current[0].pk) == membership.pk
        ]
        rows = rows.filter(session_key__in=acting)
    return _end(rows)


def _acts_as(session: Session, known: set[int], *, default: int) -> int:
    """The membership in whose name the session acts, by the rule of accounts.access.partner_actor."""
    chosen = session.get_decoded().get(MEMBERSHIP_IN_SESSION)
    return chosen if chosen in known else default


def said(reason: str) -> dict[str, str]:
    """The reason as a part of the record, where one was given."""
    return {"reason": reason} if reason else {}


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
def note_new_device(*, user: User, user_agent: str, by: Actor) -> None:
    """Record a sign-in from a browser that was not seen before, and tell the person by mail."""
    record("user.signed_in_on_new_device", user, by=by, device=recorded_device(user_agent))
    if user.email:
        with translation.override(user.language):
            device = device_words(user_agent)
        context = {"name": user.full_name, "device": device, "at": clock.now(), "ip": by.ip or ""}
        queue_email("new_device", to=user.email, language=user.language, context=context, about=user)
