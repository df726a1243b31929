"""What was done to the accounts of a company's people: passwords, second factors, sessions.

These records name no company, for a person may work for several. Each company's admins read them of their own people,
for the time that these worked there and no other; csp_portal/fence/policies.py says the same to the database.
"""

from django.db.models import CharField, Exists, OuterRef, Q
from django.db.models.functions import Cast

from accounts.access import Actor, can
from accounts.models import Membership, User
from accounts.models.partners import MembershipQuerySet
from accounts.roles import Permission
from activity.models import ActivityQuerySet, ActivityRecord

# How somebody likes to see the portal is nobody else's business.
PRIVATE = ("user.preferences_changed",)


def accounts_of_people(actor: Actor) -> ActivityQuerySet:
    """Of everybody who works or worked for the actor's company, if the actor manages its people; else nothing."""
    return accounts_of(Membership.objects.visible_to(actor), actor)


def accounts_of(memberships: MembershipQuerySet, actor: Actor) -> ActivityQuerySet:
    """Of these places in the company; nothing for who does not manage its people."""
    if not can(actor, Permission.MANAGE_PEOPLE):
        return ActivityRecord.objects.none()
    keys = [str(key) for key in memberships.values_list("user_id", flat=True)]
    then = memberships.annotate(key=Cast("user_id", CharField())).filter(
        Q(ended_at=None) | Q(ended_at__gte=OuterRef("at")), key=OuterRef("target_id"), began_at__lte=OuterRef("at")
    )
    rows = ActivityRecord.objects.filter(target_type=User._meta.label_lower, target_id__in=keys)
    return rows.filter(Exists(then)).exclude(action__in=PRIVATE)
