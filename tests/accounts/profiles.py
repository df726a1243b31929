"""Providers with profiles, and what their people send."""

from typing import Any

from django.test import Client

from accounts.access import Actor
from accounts.models import Partner, ProfileChange, ProviderProfile
from accounts.roles import Role
from accounts.services.profiles import fingerprint, pending_change, present_values, profile_of
from core import clock
from tests.factories import MembershipFactory, PartnerFactory, UserFactory

DESCRIPTION = "We help resellers of every size."


def actor_of(partner: Partner, address: str, role: Role = Role.GLOBAL_ADMIN, name: str = "") -> Actor:
    """A person of a company as the actor of its requests."""
    user = UserFactory(sign_in_name=address, full_name=name or address.partition("@")[0].title())
    MembershipFactory(user=user, partner=partner, role=role)
    return Actor(user=user, partner=partner, role=role)


def signed_in(actor: Actor) -> Client:
    """A browser in which this person is signed in."""
    client = Client()
    client.force_login(actor.user)
    return client


def make_profile(partner: Partner | None = None, *, published: bool = True, **fields: Any) -> ProviderProfile:
    """A profile that may be published, and is unless said otherwise."""
    values: dict[str, Any] = {"description": DESCRIPTION, "languages": ["en"], **fields}
    values["published_at"] = clock.now() if published else None
    return ProviderProfile.objects.create(partner=partner or PartnerFactory(), **values)


def seen_by(actor: Actor) -> str:
    """The mark of what the person's form shows now."""
    return fingerprint(profile_of(actor.partner), pending_change(actor.partner))


def make_change(actor: Actor, **wanted: Any) -> ProfileChange:
    """A change that waits, straight into the database."""
    present = present_values(profile_of(actor.partner))
    changes = {field: [present[field], after] for field, after in (wanted or {"description": "Other words."}).items()}
    return ProfileChange.objects.create(partner=actor.partner, changes=changes, requested_by=actor.user)


def entries(actor: Actor, **typed: Any) -> dict[str, Any]:
    """What a browser sends from the form, with some fields typed over."""
    return {**present_values(profile_of(actor.partner)), "note": "", "seen": seen_by(actor), **typed}
