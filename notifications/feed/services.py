"""Marking as read, choosing what to hear of, forgetting."""

from collections.abc import Collection

from django.db import transaction

from accounts.access import Actor, can
from core import clock
from core.exceptions import NotPermitted
from notifications.feed.counting import count_again
from notifications.feed.reading import own_notifications
from notifications.feed.rules import FAMILIES, RULES
from notifications.models import Notification, NotificationPreference
from notifications.models.feed import MANDATORY, NOTIFICATIONS_KEPT, Category


@transaction.atomic
def mark_read(*, by: Actor, notification: Notification | None = None) -> int:
    """Mark one of the person's own as read, or all in the organization that it acts for; return how many were not."""
    rows = own_notifications(by).unread()
    if notification is not None:
        rows = rows.filter(pk=notification.pk)
    count = rows.update(read_at=clock.now())
    if count and by.user is not None:
        count_again(users=[by.user.pk])
        by.user.refresh_from_db(fields=["unread_notifications"])
    return count


def categories_for(actor: Actor) -> list[Category]:
    """The kinds of which somebody in this role can be told, in their order."""
    possible = {rule.category for rule in (*RULES.values(), *FAMILIES.values()) if rule.person is not None}
    for rule in (*RULES.values(), *FAMILIES.values()):
        permission = rule.permission_for(actor)
        if permission is not None and can(actor, permission):
            possible.add(rule.category)
    return [category for category in Category if category in possible]


@transaction.atomic
def choose_notifications(*, in_bell: Collection[str], by_mail: Collection[str], by: Actor) -> None:
    """Keep which kinds the person wants in the bell and in the daily summary; what is mandatory stays in the bell.

    Kinds of which its role is never told keep what was chosen for them.
    """
    if by.user is None:
        raise NotPermitted("Preferences belong to a person.")
    for category in categories_for(by):
        NotificationPreference.objects.update_or_create(
            user=by.user,
            category=category,
            defaults={
                "in_bell": category in MANDATORY or category in in_bell,
                "by_mail": category in by_mail,
            },
        )


def preferences_of(actor: Actor) -> tuple[list[str], list[str]]:
    """The kinds that the person has in the bell, and those in the daily summary."""
    kept = {one.category: one for one in NotificationPreference.objects.filter(user=actor.user)}
    categories = categories_for(actor)
    in_bell = [one.value for one in categories if one not in kept or kept[one].in_bell]
    by_mail = [one.value for one in categories if one in kept and kept[one].by_mail]
    return in_bell, by_mail


def forget_old_notifications() -> int:
    """Forget what is older than ninety days."""
    count, _each = Notification.objects.filter(at__lt=clock.now() - NOTIFICATIONS_KEPT).delete()
    return count
