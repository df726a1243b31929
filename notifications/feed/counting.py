"""How many unread notifications a bell shows: kept with the person, who is loaded anyway, so that no page asks again.

`User.unread_notifications` maps the Microsoft ID of each organization to a count; "" stands for no organization.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from accounts.access import Actor
from accounts.models import User
from notifications.feed.people import actors_of
from notifications.feed.reading import organization_of, own_notifications, visible
from notifications.models import Notification

# The bell says 9+ beyond nine.
MOST_COUNTED = 10


def unread_of(actor: Actor) -> int:
    """What the bell of this actor shows, without a query."""
    if actor.user is None:
        return 0
    counts: dict[str, Any] = actor.user.unread_notifications
    # What is about the person counts everywhere, also where nobody has counted yet.
    return max(int(counts.get(key, 0)) for key in {key_of(organization_of(actor)), key_of(None)})


def key_of(organization: UUID | None) -> str:
    """The organization as the counts name it."""
    return str(organization) if organization else ""


def bell_text(count: int) -> str:
    """The count as the bell shows it."""
    return f"{MOST_COUNTED - 1}+" if count >= MOST_COUNTED else str(count)


def count_for(actor: Actor) -> int:
    """How many unread ones the actor may see, counted no further than the bell shows."""
    rows = own_notifications(actor).in_bell().unread().select_related("record").order_by("-at", "-pk")
    return min(len(visible(list(rows[: 2 * MOST_COUNTED]), actor)), MOST_COUNTED)


@transaction.atomic
def count_again(*, users: Iterable[int] = (), organizations: Iterable[UUID] = ()) -> int:
    """Count anew for these people, and for whoever of these organizations has something unread; return for how many."""
    held = User.objects.filter(pk__in=set(users)) | User.objects.filter(pk__in=_with_unread(organizations))
    people = list(held.select_for_update(no_key=True).order_by("pk"))
    wanted: dict[int, set[UUID]] = {user.pk: set() for user in people}
    told = Notification.objects.filter(user__in=people, organization_id__isnull=False)
    for user_id, organization in told.values_list("user_id", "organization_id").distinct():
        if organization is not None:
            wanted[user_id].add(organization)
    actors = actors_of({one for own in wanted.values() for one in own})
    by_person: dict[int, list[Actor]] = {}
    for actor in (one for own in actors.values() for one in own):
        assert actor.user is not None
        by_person.setdefault(actor.user.pk, []).append(actor)
    for user in people:
        everywhere = [Actor(user=user), *by_person.get(user.pk, [])]
        counts = {key_of(organization_of(actor)): count_for(actor) for actor in everywhere}
        counts = {key: count for key, count in counts.items() if count}
        if counts != user.unread_notifications:
            user.unread_notifications = counts
            user.save(update_fields=["unread_notifications"])
    return len(people)


def _with_unread(organizations: Iterable[UUID]) -> Any:
    """Whoever has something unread of these organizations: a right that went may have taken it away."""
    rows = Notification.objects.in_bell().unread().filter(organization_id__in=set(organizations))
    return rows.values("user_id")


def count_everybody() -> int:
    """Count anew for all who have something unread, or whose bell says so."""
    keys = set(Notification.objects.in_bell().unread().values_list("user_id", flat=True).distinct())
    keys |= set(User.objects.filter(~Q(unread_notifications={})).values_list("pk", flat=True))
    return count_again(users=keys)
