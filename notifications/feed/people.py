"""The people of organizations, as the actors that their requests would have."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.apps import apps

from accounts.access import Actor
from accounts.models import Membership, User
from accounts.roles import Role
from activity.models import ActivityRecord
from notifications.feed.objects import identifier_of
from notifications.feed.rules import Concerned, Rule
from notifications.registry import further_actors


def actors_of(organizations: Iterable[UUID]) -> dict[UUID, list[Actor]]:
    """Everybody who acts for these companies and customers, by its Microsoft ID."""
    wanted = set(organizations)
    found: dict[UUID, list[Actor]] = defaultdict(list)
    memberships = Membership.objects.current().filter(partner__microsoft_id__in=wanted)
    for one in memberships.select_related("user", "partner").order_by("pk"):
        found[one.partner.microsoft_id].append(Actor(user=one.user, partner=one.partner, role=Role(one.role)))
    for further in further_actors:
        for actor in further(wanted):
            found[actor.acting_for.microsoft_id].append(actor)
    return found


def concerned_people(records: Sequence[tuple[ActivityRecord, Rule]]) -> dict[int, User]:
    """The person whom each of these records concerns, by the record's number; none who may not sign in."""
    keys: dict[int, int] = {}
    for kind in Concerned:
        own = [record for record, rule in records if rule.person == kind]
        keys |= FINDERS[kind](own) if own else {}
    users = User.objects.filter(is_active=True).in_bulk(set(keys.values()))
    return {record: users[key] for record, key in keys.items() if key in users}


def _targets(records: Sequence[ActivityRecord]) -> dict[int, int]:
    return {record.pk: int(record.target_id) for record in records if record.target_id.isdecimal()}


def _starters(records: Sequence[ActivityRecord]) -> dict[int, int]:
    return {record.pk: record.actor_user_id for record in records if record.actor_user_id is not None}


def _members(records: Sequence[ActivityRecord]) -> dict[int, int]:
    return _column(records, "user_id")


def _owners(records: Sequence[ActivityRecord]) -> dict[int, int]:
    return _column(records, "owner_id")


def _column(records: Sequence[ActivityRecord], name: str) -> dict[int, int]:
    """What stands in this column of the object of each record."""
    found: dict[int, int] = {}
    for kind in {record.target_type for record in records}:
        own = [record for record in records if record.target_type == kind]
        model: Any = apps.get_model(kind)
        key = identifier_of(model)
        rows = model._default_manager.filter(**{f"{key}__in": [record.target_id for record in own]})
        values = {str(one): value for one, value in rows.values_list(key, name)}
        found |= {record.pk: values[record.target_id] for record in own if record.target_id in values}
    return found


FINDERS = {
    Concerned.TARGET: _targets,
    Concerned.STARTER: _starters,
    Concerned.MEMBER: _members,
    Concerned.OWNER: _owners,
}
