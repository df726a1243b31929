"""Mails to the people of a company about their own place in it."""

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from accounts.access import Actor
from accounts.models import Membership
from accounts.roles import Role
from mail.services import queue_email


def tell_colleague(membership: Membership, change: str, *, by: Actor) -> None:
    """Tell the person what changed: `role_changed`, `ended` or `reactivated`; an own decision needs no mail."""
    user = membership.user
    if not user.email or user == by.user:
        return
    with translation.override(user.language):
        role = str(Role(membership.role).label)
    queue_email(
        "membership_changed",
        to=user.email,
        language=user.language,
        context={
            "name": user.full_name,
            "company": membership.partner.legal_name,
            "role": role,
            "change": change,
            "who": by.user.full_name if by.user else by.label,
            "home": settings.PORTAL_BASE_URL + reverse("home"),
        },
        about=membership,
    )
