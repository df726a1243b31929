"""What the people of a company do about each other: another role, the end of work there, the way back."""

import dataclasses
from collections.abc import Mapping

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.access import Actor, require
from accounts.models import Membership, Partner
from accounts.people.open_work import CLOSE, KEEP, OpenWork, open_work_of
from accounts.roles import Permission, Role, roles_up_to
from accounts.services.colleague_letters import tell_colleague
from accounts.services.companies import end_membership
from accounts.services.people import reset_second_factor, send_password_link
from activity.services import record
from core.exceptions import InvalidTransition, NotPermitted, Refused


class LastGlobalAdmin(Refused):
    """Without this person nobody could manage the company any more."""

    def __init__(self) -> None:
        super().__init__(_("This is the company’s last Global admin. Make a colleague Global admin first."))


class WorkUndecided(Refused):
    """Unfinished work about which nothing was said, or a colleague who may not take it over."""


@transaction.atomic
def change_role(*, membership: Membership, role: str, by: Actor) -> Membership:
    """Give a colleague another role, at most one's own; it holds at the person's next request."""
    membership, by = _hold(membership, by)
    _refuse_who_left(membership)
    require_role(by, role)
    before = Role(membership.role)
    if before == role:
        return membership
    _refuse_last_admin(membership)
    membership.role = Role(role)
    membership.save(update_fields=["role"])
    record("membership.role_changed", membership, by=by, person=membership.user.sign_in_name, role=[before, role])
    tell_colleague(membership, "role_changed", by=by)
    return membership


@transaction.atomic
def deactivate_colleague(*, membership: Membership, choices: Mapping[str, str], by: Actor) -> Membership:
    """End a colleague's work for the company, from the next request on, and settle what the person had open.

    `choices` says for each kind of work what becomes of it: KEEP, CLOSE, or the key of a colleague's membership.
    """
    membership, by = _hold(membership, by)
    if by.user is not None and by.user.pk == membership.user_id:
        raise Refused(_("To leave the company yourself, choose Leave the company."))
    return _end(membership, choices, by)


@transaction.atomic
def leave_company(*, choices: Mapping[str, str], by: Actor, keep: str = "") -> Membership:
    """End one's own work for the company for which one acts; `keep` is the key of the session that stays signed in."""
    assert by.user is not None
    membership = own_membership(by)
    if membership is None or by.partner is None:
        raise InvalidTransition(_("You do not work for this company any more."))
    lock_people(by.partner)
    return _end(_fresh(membership), choices, by, keep)


@transaction.atomic
def reactivate_colleague(*, membership: Membership, by: Actor) -> Membership:
    """Let somebody who left work for the company again, in the role that the person had."""
    membership, by = _hold(membership, by)
    if not Membership.objects.left().filter(pk=membership.pk).exists():
        raise InvalidTransition(_("%(person)s already works for the company.") % {"person": membership.user})
    try:
        with transaction.atomic():
            begun = Membership.objects.create(
                user=membership.user, partner=membership.partner, role=Role(membership.role)
            )
    except IntegrityError as error:
        raise InvalidTransition(_("%(person)s already works for the company.") % {"person": membership.user}) from error
    record("membership.began", begun, by=by, person=begun.user.sign_in_name, role=begun.role)
    tell_colleague(begun, "reactivated", by=by)
    return begun


@transaction.atomic
def send_colleague_password_link(*, membership: Membership, by: Actor) -> None:
    """Mail a colleague a link to choose a password; whoever presses the button never sees it."""
    membership, by = _hold(membership, by)
    _refuse_who_left(membership)
    send_password_link(user=membership.user, by=by)


@transaction.atomic
def reset_colleague_second_factor(*, membership: Membership, by: Actor) -> None:
    """Forget a colleague's lost second factor.

    Not where the person also works elsewhere: the other company trusts that second factor, and did not ask for this.
    """
    membership, by = _hold(membership, by)
    _refuse_who_left(membership)
    user = membership.user
    if by.user is not None and by.user.pk == user.pk:
        raise Refused(_("Change your own second factor under Security."))
    if user.is_staff or Membership.objects.current().filter(user=user).exclude(pk=membership.pk).exists():
        raise Refused(_("%(person)s also works for another company. Ask the back office.") % {"person": user})
    reset_second_factor(user=user, by=by)


# --- the rules --------------------------------------------------------------------------------------------------------
def require_role(by: Actor, role: str) -> None:
    """Refuse a role above one's own."""
    if by.role is None or Role(role) not in roles_up_to(by.role):
        raise NotPermitted(_("You cannot give a role above your own."))


def own_membership(by: Actor) -> Membership | None:
    """The actor's own place in the company for which it acts, as it is now."""
    return Membership.objects.current().filter(user=by.user, partner=by.partner).select_related("user").first()


def lock_people(company: Partner) -> Partner:
    """Let one change of a company's people happen at a time: of two admins who demote each other one is second."""
    return Partner.objects.select_for_update(no_key=True).get(pk=company.pk)


def acting_now(by: Actor) -> Actor:
    """The actor in the role it has at this moment, which a colleague may have changed since the request began."""
    own = own_membership(by)
    if own is None:
        raise NotPermitted(_("You do not work for this company any more."))
    return dataclasses.replace(by, role=Role(own.role))


def _hold(membership: Membership, by: Actor) -> tuple[Membership, Actor]:
    """The membership and the actor as they are now, held until the end; whoever may not touch the person is refused."""
    lock_people(membership.partner)
    membership, by = _fresh(membership), acting_now(by)
    require(by, Permission.MANAGE_PEOPLE, membership)
    return membership, by


def _fresh(membership: Membership) -> Membership:
    return Membership.objects.select_related("user", "partner").get(pk=membership.pk)


def _refuse_who_left(membership: Membership) -> None:
    if not membership.is_at_work:
        raise InvalidTransition(_("%(person)s does not work for the company any more.") % {"person": membership.user})


def is_last_admin(membership: Membership) -> bool:
    """Whether nobody else who may sign in is Global admin of the company."""
    if membership.role != Role.GLOBAL_ADMIN:
        return False
    admins = Membership.objects.current().filter(partner=membership.partner_id, role=Role.GLOBAL_ADMIN)
    return not admins.exclude(pk=membership.pk).exists()


def _refuse_last_admin(membership: Membership) -> None:
    if is_last_admin(membership):
        raise LastGlobalAdmin


def _end(membership: Membership, choices: Mapping[str, str], by: Actor, keep: str = "") -> Membership:
    _refuse_who_left(membership)
    _refuse_last_admin(membership)
    # Before the end: what the person had open is settled while it is still theirs.
    for work in open_work_of(membership):
        if work.rows():
            _settle(work, choices.get(work.key, ""), by)
    membership = end_membership(membership=membership, by=by, keep=keep)
    tell_colleague(membership, "ended", by=by)
    return membership


def _settle(work: OpenWork, choice: str, by: Actor) -> None:
    if choice == KEEP and work.keep_label:
        return
    if choice == CLOSE:
        work.close(by=by)
        return
    taker = work.takers().filter(pk=choice).first() if choice.isascii() and choice.isdigit() else None
    if taker is None:
        raise WorkUndecided(_("Say what becomes of: %(work)s.") % {"work": work.title})
    work.hand_over(taker, by=by)
