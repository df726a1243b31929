"""The people who may say yes for a reseller."""

from accounts.access import Actor
from accounts.models import Membership, Partner
from accounts.roles import MATRIX, Permission, Program, Role

# can() lets nobody act for a company before it is enrolled, and such a company may already say yes.
ROLES_THAT_ACCEPT = MATRIX[Program.INDIRECT_RESELLER, Permission.ACCEPT_PARTNERSHIP]
NAMED_AT_MOST = 10


def current_membership(by: Actor) -> Membership | None:
    """The actor's role in the company it acts for, as both are now; None when it has ended."""
    if by.user is None or by.partner is None:
        return None
    rows = Membership.objects.current().filter(user=by.user, partner=by.partner)
    return rows.select_related("partner", "user").first()


def has_accepting_role(membership: Membership) -> bool:
    """Whether the person's role in the company includes accepting."""
    return Role(membership.role) in ROLES_THAT_ACCEPT


def people_who_may_accept(company: Partner) -> list[Membership]:
    """Colleagues whose role includes accepting; shown to people of the same company only."""
    rows = Membership.objects.current().filter(partner=company, role__in=ROLES_THAT_ACCEPT)
    return list(rows.select_related("user").order_by("user__full_name", "pk")[:NAMED_AT_MOST])
