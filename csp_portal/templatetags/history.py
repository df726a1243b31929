"""The history of an object on its own page."""

from collections.abc import Iterable
from typing import Any

from django import template
from django.db.models import Model, Q
from django.template import Context

from accounts.access import ANONYMOUS, Actor
from accounts.models import Membership
from accounts.people.account_history import accounts_of
from activity.models import ActivityRecord, public_id
from subscriptions.timeline import events_of

register = template.Library()
SHOWN = 50


@register.inclusion_tag("components/history.html", takes_context=True)
def history(context: Context, *objects: Model | Iterable[Model]) -> dict[str, Any]:
    """`{% history order %}`, `{% history company profile changes %}`: what was done to these, latest first (one query;
    two for somebody's place in the company, which brings along what was done to the account).

    Only what concerned the reader's company; nothing at all where nothing did.
    """
    request = context.get("request")
    actor: Actor = getattr(request, "actor", ANONYMOUS)
    records = list(records_about(actor, *objects)[: SHOWN + 1])
    return {"events": events_of(records[:SHOWN], actor), "more": len(records) > SHOWN, "shown": SHOWN}


def records_about(actor: Actor, *objects: Model | Iterable[Model]) -> Any:
    """The records of some objects that the actor may read."""
    wanted, people = Q(pk__in=()), set()
    for given in objects:
        for one in [given] if isinstance(given, Model) else given:
            wanted |= Q(target_type=one._meta.label_lower, target_id=public_id(one))
            if isinstance(one, Membership):
                people.add(one.user_id)
    rows = ActivityRecord.objects.visible_to(actor).filter(wanted)
    if people:
        rows |= accounts_of(Membership.objects.visible_to(actor).filter(user__in=people), actor)
    return rows.order_by("-at", "-pk")
