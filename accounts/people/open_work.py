"""What somebody has begun for a company and not finished; apps above this one say it, settings name them."""

from django.conf import settings
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.module_loading import import_string

from accounts.access import Actor
from accounts.models import Membership

KEEP, CLOSE = "keep", "close"


class OpenWork:
    """One kind of unfinished work of one person in one company.

    The caller has found out that `by` may deactivate the person, or is the person, and holds the company's row.
    """

    key = ""
    title: str | Promise = ""
    # What becomes of it when nobody takes it over; "" where it cannot stay.
    keep_label: str | Promise = ""
    close_label: str | Promise = ""

    def __init__(self, membership: Membership) -> None:
        self.membership = membership

    def rows(self) -> list[tuple[str, str]]:
        """What there is, the oldest first: a name, and an address that the company's people can open or ""."""
        raise NotImplementedError

    def takers(self) -> QuerySet[Membership]:
        """The colleagues at work who may go on with it."""
        raise NotImplementedError

    def hand_over(self, to: Membership, *, by: Actor) -> None:
        """Make it the colleague's; whoever is told of it is told by the app."""
        raise NotImplementedError

    def close(self, *, by: Actor) -> None:
        """Revoke or remove it."""
        raise NotImplementedError


def open_work_of(membership: Membership) -> list[OpenWork]:
    """Every kind of work that the person could have open, whether or not there is any."""
    return [import_string(path)(membership) for path in settings.OPEN_WORK]


def colleagues_of(membership: Membership, *, roles: frozenset[str]) -> QuerySet[Membership]:
    """The others at work in the company in one of these roles, by name."""
    others = Membership.objects.current().filter(partner=membership.partner_id, role__in=roles)
    return others.exclude(user=membership.user_id).select_related("user").order_by("user__full_name", "pk")
