"""A person's notifications as they may be read today: who lost a right has lost the rows with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from accounts.access import Actor, can
from activity.models import ActivityRecord
from notifications.feed.objects import address_of, objects_seen
from notifications.feed.rules import rule_of
from notifications.feed.wording import sentence
from notifications.models import Notification
from notifications.models.feed import NotificationQuerySet

EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
PER_PAGE = 25
# So many times more rows are looked at when some of them may no longer be seen.
MOST_LOOKS = 4


@dataclass(frozen=True)
class Line:
    """One notification in words."""

    notification: Notification
    record: ActivityRecord
    sentence: str
    address: str

    @property
    def is_unread(self) -> bool:
        """Whether nobody has marked it as read."""
        return self.notification.read_at is None


@dataclass(frozen=True)
class Page:
    """Lines, newest first, and where the older ones begin."""

    lines: list[Line]
    older: str


def organization_of(actor: Actor) -> UUID | None:
    """The Microsoft ID of whom the actor acts for."""
    return actor.acting_for.microsoft_id if actor.acting_for is not None else None


def own_notifications(actor: Actor) -> NotificationQuerySet:
    """The rows of the person in the organization that it acts for, before it is asked which may be seen."""
    assert actor.user is not None
    return Notification.objects.of(actor.user, organization_of(actor))


def page_of(actor: Actor, after: str = "", *, unread_only: bool = False) -> Page:
    """The page of notifications that follows on a place, or the first."""
    rows = own_notifications(actor).in_bell()
    if unread_only:
        rows = rows.unread()
    lines: list[Line] = []
    place, older = after, ""
    for _look in range(MOST_LOOKS):
        found = list(_after(rows, place).select_related("record").order_by("-at", "-pk")[: PER_PAGE + 1])
        seen = visible(found[:PER_PAGE], actor)
        room = PER_PAGE - len(lines)
        lines += seen[:room]
        more = len(found) > PER_PAGE
        if len(seen) > room:
            older = _place(lines[-1].notification)
        else:
            older = place = _place(found[PER_PAGE - 1]) if more else ""
        if len(lines) == PER_PAGE or not more:
            break
    return Page(lines, older)


def _place(row: Notification) -> str:
    return f"{(row.at - EPOCH) // timedelta(microseconds=1)}-{row.pk}"


def _after(rows: NotificationQuerySet, place: str) -> NotificationQuerySet:
    """What is older than a place; a place that is none is the beginning."""
    first, _dash, second = place.partition("-")
    if not (first.isascii() and first.isdecimal() and second.isascii() and second.isdecimal()) or len(place) > 40:
        return rows
    try:
        at = EPOCH + timedelta(microseconds=int(first))
    except OverflowError:
        return rows
    key = min(int(second), 2**63 - 1)
    return rows.filter(at__lte=at).filter(Q(at__lt=at) | Q(pk__lt=key))


def visible(rows: Sequence[Notification], actor: Actor) -> list[Line]:
    """Those of the rows that the actor may see today, in words; a query for each kind of object."""
    ruled = [(row, rule) for row in rows if (rule := rule_of(row.record)) is not None]
    # What is told to roles as well is about the person only where it is told for no organization.
    personal = {
        row.pk
        for row, rule in ruled
        if rule.person is not None and (row.organization_id is None or not rule.tells_sides)
    }
    allowed = []
    for row, rule in ruled:
        permission = rule.permission_for(actor)
        if row.pk in personal or (permission is not None and can(actor, permission)):
            allowed.append(row)
    seen = objects_seen((row.record for row in allowed), actor)
    lines = []
    for row in allowed:
        key = (row.record.target_type, row.record.target_id)
        if key in seen or (row.pk in personal and row.organization_id is None):
            address = address_of(row.record, seen.get(key), actor)
            lines.append(Line(row, row.record, sentence(row.record), address))
    return lines
