"""What happens to companies' enrolment, and who works where."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.access import Actor
from accounts.models import Membership, Partner, User
from accounts.registry import enrolment_followers
from accounts.roles import Role
from accounts.services.letters import tell_company
from accounts.services.people import open_account
from accounts.services.sessions import said, shut_out_of_company
from activity.services import record
from core import clock
from core.exceptions import InvalidTransition, Refused
from core.text import email_key

State = Partner.EnrolmentState
ENROLMENT_TRANSITIONS: dict[str, dict[str, str]] = {
    State.PENDING: {State.ACTIVE: "partner.approved", State.REJECTED: "partner.rejected"},
    State.ACTIVE: {State.SUSPENDED: "partner.suspended"},
    State.SUSPENDED: {State.ACTIVE: "partner.reinstated"},
    State.REJECTED: {State.PENDING: "partner.reconsidered"},
}
REASON_NEEDED = {State.REJECTED, State.SUSPENDED}
DECISION_MAILS = {
    "partner.approved": "enrolment_approved",
    "partner.rejected": "enrolment_rejected",
    "partner.suspended": "enrolment_suspended",
    "partner.reinstated": "enrolment_reinstated",
    "partner.reconsidered": "enrolment_reconsidered",
}


@transaction.atomic
def enrol_partner(*, by: Actor, **facts: Any) -> Partner:
    """Take a company's application for the programme, to be decided; facts are the fields of Partner."""
    partner = Partner(**facts, enrolment_state=State.PENDING)
    save_checked(partner)
    record("partner.enrolment_requested", partner, by=by, program=partner.program, mpn_id=partner.mpn_id)
    return partner


def save_checked(partner: Partner) -> None:
    """Save a company whose facts are right; an MPN ID that another company took a moment ago is refused like any."""
    # The database holds the constraints; Django's own look at them first would pass over an error of the database.
    partner.full_clean(exclude={"mpn_key"}, validate_constraints=False)
    try:
        with transaction.atomic():
            partner.save()
    except IntegrityError:
        partner.clean()
        raise


@transaction.atomic
def set_enrolment_state(*, partner: Partner, state: str, reason: str = "", by: Actor) -> Partner:
    """Approve, reject, suspend, reinstate or reconsider a company, with a reason where somebody loses something."""
    partner = Partner.objects.select_for_update().get(pk=partner.pk)
    action = ENROLMENT_TRANSITIONS[partner.enrolment_state].get(state)
    if action is None:
        message = _("%(company)s is %(present)s, so it cannot become %(wanted)s.")
        names = {"present": partner.get_enrolment_state_display(), "wanted": State(state).label}
        raise InvalidTransition(message % {"company": partner, **names})
    if state in REASON_NEEDED and not reason.strip():
        raise Refused(_("Give a reason: the company will ask for it."))
    before = partner.enrolment_state
    partner.enrolment_state = state
    partner.enrolment_reason = reason.strip()
    partner.enrolment_decided_at = None if state == State.PENDING else clock.now()
    partner.save(update_fields=["enrolment_state", "enrolment_reason", "enrolment_decided_at"])
    record(action, partner, by=by, enrolment_state=[before, state], reason=reason.strip())
    tell_company(DECISION_MAILS[action], partner)
    for follow in enrolment_followers:
        follow(partner, by)
    return partner


@transaction.atomic
def add_member(
    *, partner: Partner, role: str, by: Actor, user: User | None = None, email: str = "", full_name: str = ""
) -> Membership:
    """Give a person a role in a company: somebody known, or whoever signs in (or will) with that e-mail address."""
    if user is None:
        user = User.objects.filter(sign_in_name=email_key(email)).first()
    if user is None:
        user = open_account(sign_in_name=email, full_name=full_name, language=partner.language, by=by)
    try:
        with transaction.atomic():
            membership = Membership.objects.create(user=user, partner=partner, role=Role(role))
    except IntegrityError as error:
        raise Refused(_("%(person)s already works for %(company)s.") % {"person": user, "company": partner}) from error
    record("membership.began", membership, by=by, person=user.sign_in_name, role=membership.role)
    return membership


@transaction.atomic
def end_membership(*, membership: Membership, by: Actor, reason: str = "", keep: str = "") -> Membership:
    """End a person's work for a company; the person sees none of its rows from the next request on.

    Sessions in which the person acts for the company end, but for the one with the key `keep`.
    """
    membership = (
        Membership.objects.select_for_update(of=("self",)).select_related("user", "partner").get(pk=membership.pk)
    )
    if membership.ended_at is not None:
        raise InvalidTransition(_("This membership has already ended."))
    ended = shut_out_of_company(membership=membership, keep=keep)
    membership.ended_at = clock.now()
    membership.save(update_fields=["ended_at"])
    more = said(reason) | ({"sessions": ended} if ended else {})
    record("membership.ended", membership, by=by, person=membership.user.sign_in_name, role=membership.role, **more)
    return membership
