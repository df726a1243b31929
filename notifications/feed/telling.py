"""From the record to notifications: who is told, in the transaction of the follower's new position."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from accounts.access import Actor, can
from accounts.models import User
from activity.models import ActivityRecord
from core import clock
from notifications.feed.counting import count_again
from notifications.feed.people import actors_of, concerned_people
from notifications.feed.rules import Concerned, Rule, rule_of
from notifications.models import Notification, NotificationPreference
from notifications.models.feed import MANDATORY, NOTIFICATIONS_KEPT

FOLLOWER = "notifications"

Told = tuple[User, UUID | None, ActivityRecord, Rule]


def notify(records: Sequence[ActivityRecord]) -> None:
    """Tell whom these records concern, each once, and bring the counts of the bells up to date."""
    recent = clock.now() - NOTIFICATIONS_KEPT
    ruled = [(one, rule) for one in records if one.at > recent and (rule := rule_of(one)) is not None]
    told = list(_told(ruled)) if ruled else []
    wishes = wishes_of({user.pk for user, *_rest in told})
    rows = []
    for user, organization, record, rule in told:
        in_bell, by_mail = wishes.get((user.pk, rule.category), (True, False))
        by_mail = by_mail and rule.summarized and bool(user.email)
        if rule.category in MANDATORY or in_bell or by_mail:
            rows.append(
                Notification(
                    user=user,
                    organization_id=organization,
                    record=record,
                    category=rule.category,
                    at=record.at,
                    in_bell=in_bell or rule.category in MANDATORY,
                    by_mail=by_mail,
                )
            )
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
    organizations = {one for record in records for one in organizations_of(record)}
    count_again(users={row.user_id for row in rows}, organizations=organizations)


def organizations_of(record: ActivityRecord) -> Iterator[UUID]:
    """The companies and the customer in whose record it stands."""
    yield from filter(None, (record.provider_id, record.reseller_id, record.customer_id))


def wishes_of(users: Iterable[int]) -> dict[tuple[int, str], tuple[bool, bool]]:
    """What these people want that is not the usual: (person, category) → (in the bell, by mail)."""
    rows = NotificationPreference.objects.filter(user__in=users)
    return {(one.user_id, one.category): (one.in_bell, one.by_mail) for one in rows}


def _told(ruled: Sequence[tuple[ActivityRecord, Rule]]) -> Iterator[Told]:
    """Everybody who is told, with the organization for which."""
    people = concerned_people([pair for pair in ruled if pair[1].person is not None])
    asked = {one for record, rule in ruled if rule.tells_sides for one in organizations_of(record)}
    actors = actors_of(asked) if asked else defaultdict(list)
    for record, rule in ruled:
        if rule.person is not None:
            user = people.get(record.pk)
            if user is not None and (rule.person == Concerned.STARTER or user.pk != record.actor_user_id):
                at_work = rule.person in (Concerned.STARTER, Concerned.OWNER)
                yield user, next(organizations_of(record), None) if at_work else None, record, rule
        if not rule.tells_sides:
            continue
        for organization in organizations_of(record):
            if organization == record.acting_for_id and not rule.also_own:
                continue
            for actor in actors.get(organization, ()):
                if is_told(actor, record, rule):
                    assert actor.user is not None
                    yield actor.user, organization, record, rule


def is_told(actor: Actor, record: ActivityRecord, rule: Rule) -> bool:
    """Whether the role of this person is told; its own doings nobody is told of."""
    permission = rule.permission_for(actor)
    assert actor.user is not None
    return permission is not None and record.actor_user_id != actor.user.pk and can(actor, permission)
