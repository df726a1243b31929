"""How a company enrolls itself: a person, the company and the person's role in it, all at once or not at all."""

import dataclasses
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.access import Actor
from accounts.codes import proved_address
from accounts.mailboxes import is_public_mailbox
from accounts.models import Membership, Partner, User
from accounts.registry import enrolment_followers
from accounts.roles import Program, Role
from accounts.services.companies import add_member, enrol_partner, save_checked
from accounts.services.letters import tell_back_office, tell_company
from accounts.services.people import open_own_account
from activity.services import record
from core import clock
from core.exceptions import InvalidTransition, NotPermitted, Refused

State = Partner.EnrolmentState


@dataclass(frozen=True)
class CompanyFacts:
    """What a company says about itself when it enrolls; the names are those of Partner's fields."""

    legal_name: str
    mpn_id: str
    country: str
    address_line_1: str
    address_line_2: str
    city: str
    state: str
    postal_code: str
    contact_phone: str


@dataclass(frozen=True)
class Newcomer:
    """What a person says who has no account yet."""

    full_name: str
    language: str
    password: str


class ProofMissing(Refused):
    """Nobody has lately proved to read the mailbox of the account."""


class AlreadyEnrolled(Refused):
    """The person works for a company, which has an enrolment of its own."""


@transaction.atomic
def enrol_with_account(*, newcomer: Newcomer, facts: CompanyFacts, code_id: str, binding: str, by: Actor) -> Membership:
    """Create the account of the address whose code was typed in this session, and enroll its company.

    Raises ProofMissing, AddressTaken, or ValidationError with the field that is wrong.
    """
    address = proved_address(code_id, binding)
    if not address:
        raise ProofMissing(_("Prove your mailbox with a new code before you go on."))
    user = open_own_account(address=address, by=by, **vars(newcomer))
    return _enrol(user, facts, by)


@transaction.atomic
def enrol_company(*, user: User, facts: CompanyFacts, by: Actor) -> Membership:
    """Enroll the company of somebody who has an account; of two presses the second finds it enrolled."""
    user = User.objects.select_for_update().get(pk=user.pk)
    if Membership.objects.current().filter(user=user).exists():
        raise AlreadyEnrolled(_("You already work for a company in this portal."))
    refuse_unsuitable(user)
    if user.email_proved_at is None:
        raise ProofMissing(_("Prove your mailbox with a code before you go on."))
    return _enrol(user, facts, by)


def refuse_unsuitable(user: User) -> None:
    """Raise Refused for an account that no company is enrolled with, saying what to do instead."""
    if user.is_staff:
        raise Refused(_("This is an account of the back office. Take down a company's application in the back office."))
    if not user.email:
        raise Refused(
            _("This account has no mailbox. Sign out, and enroll your company with your business e-mail address.")
        )
    if is_public_mailbox(user.email):
        raise Refused(
            _("This account has a private address. Sign out, and enroll your company with a business address.")
        )


@transaction.atomic
def resubmit_enrolment(*, partner: Partner, facts: CompanyFacts, by: Actor) -> Partner:
    """Apply again with corrected facts after a rejection; only a Global admin of the company may.

    Raises ValidationError with the field that is wrong.
    """
    partner = Partner.objects.select_for_update().get(pk=partner.pk)
    admins = Membership.objects.current().filter(partner=partner, role=Role.GLOBAL_ADMIN)
    if by.user is None or not admins.filter(user=by.user).exists():
        raise NotPermitted(f"{by.label} may not apply again for {partner}.")
    if partner.enrolment_state != State.REJECTED:
        raise InvalidTransition(_("This enrolment is not rejected, so there is nothing to apply for again."))
    changed = _take_over(partner, facts)
    record("partner.resubmitted", partner, by=by, enrolment_state=[State.REJECTED, State.PENDING], **changed)
    tell_company("enrolment_received", partner)
    tell_back_office(partner, applicant=by.user, again=True)
    for follow in enrolment_followers:
        follow(partner, by)
    return partner


def _enrol(user: User, facts: CompanyFacts, by: Actor) -> Membership:
    by = dataclasses.replace(by, user=user)
    partner = enrol_partner(
        by=by,
        program=Program.INDIRECT_RESELLER,
        contact_name=user.full_name,
        contact_email=user.email,
        language=user.language,
        # Who enrolls a company accepts the agreement for it with the same press.
        agreement_accepted_on=clock.now().date(),
        **vars(facts),
    )
    membership = add_member(partner=partner, role=Role.GLOBAL_ADMIN, user=user, by=by)
    tell_company("enrolment_received", partner)
    tell_back_office(partner, applicant=user)
    return membership


def _take_over(partner: Partner, facts: CompanyFacts) -> dict[str, list[str]]:
    """Save the corrected facts as a pending application; return what is different, as [before, after]."""
    changed = {}
    for name, after in vars(facts).items():
        before = str(getattr(partner, name))
        if before != after:
            changed[name] = [before, after]
            setattr(partner, name, after)
    partner.enrolment_state, partner.enrolment_reason, partner.enrolment_decided_at = State.PENDING, "", None
    save_checked(partner)
    return changed
