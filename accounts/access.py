"""The actor of a request, and the one judge of what it may do."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.module_loading import import_string

from accounts.models import Membership, Partner, User
from accounts.roles import CUSTOMER_PERMISSIONS, MATRIX, Permission, Program, Role
from activity.models import Source
from core.exceptions import NotPermitted
from core.request_log import current_request_id

MEMBERSHIP_IN_SESSION = "acting_as_membership"


@dataclass(frozen=True)
class Actor:
    """A signed-in person acting for one partner or one customer; without either it sees no rows at all."""

    user: User | None = None
    partner: Partner | None = None
    role: Role | None = None
    # A customers.Customer; this app stands below that one and knows only its public GUID and name.
    customer: Any = None
    system: str = ""
    ip: str | None = None
    request_id: str = ""
    # By which way: one of activity.models.Source.
    source: str = ""

    @property
    def label(self) -> str:
        """Who acts, in words, as the record keeps it."""
        if self.user is None:
            return self.system or "anonymous"
        return f"{self.user.full_name} ({self.user.sign_in_name})"

    @property
    def acting_for(self) -> Any:
        """The company or customer in whose name the person acts, or None."""
        return self.partner or self.customer

    @property
    def is_provider(self) -> bool:
        """Whether the person acts for an enrolled indirect provider."""
        return self.partner is not None and self.partner.is_enrolled and self.partner.is_provider

    @property
    def is_reseller(self) -> bool:
        """Whether the person acts for an enrolled indirect reseller."""
        return self.partner is not None and self.partner.is_enrolled and self.partner.is_reseller

    @property
    def is_customer(self) -> bool:
        """Whether the person administers a customer."""
        return self.customer is not None


def system_actor(name: str, source: Source = Source.TASK) -> Actor:
    """The portal itself, doing `name`: for tasks and commands. It holds no permission."""
    return Actor(system=name, source=source, request_id=current_request_id())


ANONYMOUS = Actor()


def can(actor: Actor, permission: Permission | str, obj: Any = None) -> bool:
    """Say whether the actor may do this, and, when an object is given, to this object.

    A model with rules of its own (a delegation narrowed to *view and request*) says so in `permits(actor, permission)`.
    """
    permission = Permission(permission)
    if actor.is_customer:
        allowed = permission in CUSTOMER_PERMISSIONS
    elif actor.partner is not None and actor.partner.is_enrolled and actor.role is not None:
        allowed = actor.role in MATRIX.get((Program(actor.partner.program), permission), frozenset())
    else:
        allowed = False
    if not allowed or obj is None:
        return allowed
    permits = getattr(obj, "permits", None)
    if permits is not None and not permits(actor, permission):
        return False
    return type(obj).objects.visible_to(actor).filter(pk=obj.pk).exists()


def require(actor: Actor, permission: Permission | str, obj: Any = None) -> None:
    """Raise NotPermitted unless `can()`."""
    if not can(actor, permission, obj):
        raise NotPermitted(f"{actor.label} may not {Permission(permission).value}.")


def memberships_of(user: User) -> list[Membership]:
    """The companies a person may act for, by name."""
    return list(
        Membership.objects.current().filter(user=user).select_related("partner").order_by("partner__legal_name", "pk")
    )


def partner_actor(request: HttpRequest) -> Actor | None:
    """The actor of partner staff: the membership chosen in the session if it still holds, else the first by name."""
    memberships = memberships_of(request.user)  # type: ignore[arg-type]
    if not memberships:
        return None
    chosen = request.session.get(MEMBERSHIP_IN_SESSION)
    membership = next((m for m in memberships if m.pk == chosen), memberships[0])
    request.memberships = memberships  # type: ignore[attr-defined]
    return Actor(user=membership_user(request), partner=membership.partner, role=Role(membership.role))


def membership_user(request: HttpRequest) -> User:
    """The signed-in person, typed."""
    assert isinstance(request.user, User)
    return request.user


def resolve_actor(request: HttpRequest) -> Actor:
    """Find whom the request acts as: the first resolver with an answer, else nobody with rights."""
    if not request.user.is_authenticated:
        return ANONYMOUS
    for path in settings.ACTOR_RESOLVERS:
        actor = import_string(path)(request)
        if actor is not None:
            return actor
    return Actor(user=membership_user(request))
