"""The daily summary: one mail each morning to whoever asked for it, of what is not read by then."""

from collections import defaultdict
from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from django.db.models import Model
from django.urls import reverse
from django.utils import timezone, translation

from accounts.access import Actor
from accounts.models import Membership, User
from core import clock
from core.html import date_text
from mail.services import queue_email
from notifications.feed.people import actors_of
from notifications.feed.reading import Line, organization_of, visible
from notifications.models import Notification

# In the person's own zone.
MORNING_HOUR = 7
MOST_LINES = 20


def send_summaries() -> int:
    """Queue the summaries whose hour has come; return how many. Safe to run twice: a day has one for each person."""
    waiting = Notification.objects.filter(by_mail=True, mailed_at=None)
    count = 0
    for key in waiting.order_by("user").values_list("user_id", flat=True).distinct():
        count += _summarize(key)
    return count


@transaction.atomic
def _summarize(user_id: int) -> int:
    """Write the mails of one person, one for each organization, and mark what is dealt with."""
    user = User.objects.select_for_update(no_key=True).get(pk=user_id)
    now = clock.now()
    local = timezone.localtime(now, user.zone)
    if local.hour < MORNING_HOUR:
        return 0
    waiting = list(
        Notification.objects.filter(user=user, by_mail=True, mailed_at=None)
        .select_related("record")
        .order_by("-at", "-pk")
    )
    Notification.objects.filter(pk__in=[row.pk for row in waiting]).update(mailed_at=now)
    if not user.is_active or not user.email:
        return 0
    count = 0
    unread = [row for row in waiting if row.read_at is None]
    for actor, rows in _by_actor(user, unread):
        with translation.override(user.language), timezone.override(user.zone):
            lines = visible(rows, actor)
        if lines:
            _write(user, actor, lines, day=local.date().isoformat())
            count += 1
    return count


def _by_actor(user: User, rows: Sequence[Notification]) -> list[tuple[Actor, list[Notification]]]:
    """The rows by the organization for which the person is told; where it no longer acts, nothing is told."""
    grouped: dict = defaultdict(list)
    for row in rows:
        grouped[row.organization_id].append(row)
    found = actors_of({organization for organization in grouped if organization})
    actors = {organization_of(one): one for own in found.values() for one in own if one.user == user}
    actors[None] = Actor(user=user)
    return [(actors[organization], own) for organization, own in grouped.items() if organization in actors]


def _about(user: User, actor: Actor) -> Model | None:
    """The person's place in the organization, by which it is known whom to tell if the mail gets nowhere."""
    if actor.partner is not None:
        return Membership.objects.current().filter(user=user, partner=actor.partner).first()
    return actor.customer.administrators.filter(user=user).first()  # type: ignore[no-any-return]


def _write(user: User, actor: Actor, lines: Sequence[Line], *, day: str) -> None:
    organization = organization_of(actor)
    with translation.override(user.language):
        shown = [
            {
                "sentence": line.sentence,
                "object": line.record.target_label,
                "day": date_text(timezone.localtime(line.record.at, user.zone)),
            }
            for line in lines[:MOST_LINES]
        ]
    queue_email(
        "notifications_daily",
        to=user.email,
        language=user.language,
        context={
            "name": user.full_name,
            "company": str(actor.acting_for) if actor.acting_for is not None else "",
            "count": len(lines),
            "lines": shown,
            "left_out": max(0, len(lines) - MOST_LINES),
            "address": settings.PORTAL_BASE_URL + reverse("notifications:list"),
            "preferences": settings.PORTAL_BASE_URL + reverse("notifications:preferences"),
        },
        about=_about(user, actor),
        dedupe_key=f"notifications:{user.pk}:{organization or ''}:{day}",
    )
