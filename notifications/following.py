"""Following the record: each follower takes what was sealed since it last looked, in order, and each thing once."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from django.db import transaction

from activity.models import ActivityRecord, ActivitySeal
from core import clock
from notifications.models import FollowerPosition

BATCH = 500
MOST_BATCHES = 20
# How far a follower looks back that has never looked before.
LOOK_BACK = timedelta(days=7)

Handler = Callable[[Sequence[ActivityRecord]], object]


def follow(name: str, handle: Handler) -> int:
    """Hand the follower what it has not seen; return how many records that were.

    A batch and its new position are one transaction under the lock of the position: what one worker is at, a second
    one leaves to it, and what fails is handed over again.
    """
    seen = 0
    for _batch in range(MOST_BATCHES):
        count = _follow_batch(name, handle)
        seen += count
        if count < BATCH:
            break
    return seen


@transaction.atomic
def _follow_batch(name: str, handle: Handler) -> int:
    FollowerPosition.objects.get_or_create(name=name, defaults={"since": clock.now() - LOOK_BACK})
    place = FollowerPosition.objects.select_for_update(skip_locked=True).filter(name=name).first()
    if place is None:
        return 0
    found = records_after(place.position)
    if not found:
        return 0
    fresh = [record for _position, record in found if record.at >= place.since]
    if fresh:
        handle(fresh)
    place.position = found[-1][0]
    place.save(update_fields=["position"])
    return len(found)


def records_after(position: int, limit: int = BATCH) -> list[tuple[int, ActivityRecord]]:
    """The records that follow on a position, in the order of their seals."""
    return [(seal.position, seal.record) for seal in ActivitySeal.objects.after(position)[:limit]]
