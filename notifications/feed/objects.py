"""The objects that records speak of, as far as an actor sees them today."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.urls import NoReverseMatch

from accounts.access import Actor, can
from accounts.roles import Permission
from activity.models import ActivityRecord

IDENTIFIERS = ("microsoft_id", "public_id", "subscription_id")
# What an object's address is made of besides itself.
RELATED = ("customer", "endpoint")
# Kinds whose address is a page of the provider's alone.
PROVIDERS_PAGES = (
    *("resellers.partnership", "resellers.partnershiprequest", "resellers.pendingacceptance"),
    "customers.relationshiprequest",
)
# Kinds whose page takes a permission that not everybody has who is told of one.
PERMITTED_PAGES = {"accounts.membership": Permission.MANAGE_PEOPLE}

Seen = dict[tuple[str, str], Any]


def identifier_of(model: Any) -> str:
    """The column under which records name an object of the model."""
    names = {field.name for field in model._meta.concrete_fields}
    return next((name for name in IDENTIFIERS if name in names), "pk")


def objects_seen(records: Iterable[ActivityRecord], actor: Actor) -> Seen:
    """Each object that the actor sees, by kind and identifier; one query a kind.

    A kind without rules of its own (a company, a person) is seen by whom its record belongs to.
    """
    wanted: dict[str, list[ActivityRecord]] = defaultdict(list)
    for record in records:
        wanted[record.target_type].append(record)
    seen: Seen = {}
    for kind, own in wanted.items():
        try:
            model: Any = apps.get_model(kind)
        except LookupError:
            continue
        scoped = getattr(model._default_manager, "visible_to", None)
        if scoped is None:
            seen |= {(kind, record.target_id): None for record in own if belongs_to(record, actor)}
            continue
        key = identifier_of(model)
        related = [field.name for field in model._meta.concrete_fields if field.name in RELATED]
        rows = scoped(actor).filter(**{f"{key}__in": {record.target_id for record in own}}).select_related(*related)
        seen |= {(kind, str(getattr(one, key))): one for one in rows}
    return seen


def belongs_to(record: ActivityRecord, actor: Actor) -> bool:
    """Whether the record is one of the organization that the actor acts for."""
    organization = actor.acting_for
    if organization is None:
        return False
    return organization.microsoft_id in (record.provider_id, record.reseller_id, record.customer_id)


def address_of(record: ActivityRecord, obj: Any, actor: Actor) -> str:
    """The page of the object, if it has one that the actor may open."""
    if obj is None or (record.target_type in PROVIDERS_PAGES and not actor.is_provider):
        return ""
    permission = PERMITTED_PAGES.get(record.target_type)
    if permission is not None and not can(actor, permission):
        return ""
    try:
        return str(obj.get_absolute_url())
    except (AttributeError, NoReverseMatch):
        return ""
