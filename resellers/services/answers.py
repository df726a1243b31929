"""The reseller's side of a request: who may answer, accept, decline."""

from dataclasses import dataclass

from django.db import transaction

from accounts.access import Actor
from accounts.models import Membership, Partner
from activity.services import record
from core import clock
from resellers.addresses import address_fits
from resellers.models import Partnership, PartnershipRequest, PendingAcceptance
from resellers.refusals import (
    AcceptanceWaiting,
    AlreadyPartners,
    AnotherAccount,
    LinkWithdrawn,
    MailboxNotProved,
    NoReseller,
    NotConfirmed,
    NotEnrolled,
    NotYetSent,
    OwnRequest,
    ProviderUnavailable,
    RequestExpired,
    RequestReplaced,
    RequestUsed,
    RoleTooLow,
)
from resellers.services.accepters import current_membership, has_accepting_role
from resellers.services.connecting import begin_partnership
from resellers.services.opening import opened_by
from resellers.services.requests import move
from resellers.services.telling import staff_of, tell_staff
from resellers.services.waiting import begin_waiting, complete_if_ready, vouch_for
from resellers.services.waits import lock_company, lock_request, waiting_acceptance

State = PartnershipRequest.State


@dataclass(frozen=True)
class PossibleAnswer:
    """What accepting would do for one company of the person."""

    company: Partner
    from_other_domain: bool

    @property
    def waits_for_enrolment(self) -> bool:
        """Whether the back office has still to decide about the company."""
        return not self.company.is_enrolled

    @property
    def waits(self) -> bool:
        """Whether accepting does not connect at once."""
        return self.from_other_domain or self.waits_for_enrolment


@transaction.atomic
def accept_request(*, request: PartnershipRequest, nonce: str, by: Actor) -> Partnership | PendingAcceptance:
    """Make the actor's company an indirect reseller of the provider, or note that it wants to be; exactly once.

    Everything the page showed is checked again here, under the locks; pressed again, the result is the same. What is
    returned instead of a partnership waits for the provider's confirmation, for the back office, or for both.
    """
    lock_company(by.partner)
    request = lock_request(request)
    if accepted_by(request, by) and request.partnership is not None:
        return request.partnership
    try:
        answer = check_answer(request, nonce, by)
    except AcceptanceWaiting as refusal:
        return refusal.acceptance
    assert by.user is not None
    if waiting := waiting_acceptance(request):
        # Of the same company, or the check had refused: a colleague at the invited domain stands in for the provider.
        return complete_if_ready(acceptance=vouch_for(waiting, by=by), by=by)
    if answer.waits:
        return begin_waiting(request, answer.company, from_other_domain=answer.from_other_domain, by=by)
    return begin_partnership(request=request, reseller=answer.company, person=by.user, answered_at=clock.now(), by=by)


@transaction.atomic
def decline_request(
    *, request: PartnershipRequest, nonce: str, by: Actor, reason: str = "", note: str = ""
) -> PartnershipRequest:
    """Say no, with or without an account; until the request expires it can still be accepted."""
    request = lock_request(request)
    if check_link(request, nonce) is not None:
        raise RequestUsed
    if request.state == State.DECLINED:
        return request
    person = by.user if by.user and by.user.is_authenticated else None
    now = clock.now()
    answer = {"answered_at": now, "answered_by": person, "decline_reason": reason, "decline_note": note}
    before = request.state
    move(request, State.DECLINED, **answer, **opened_by(now))
    request = lock_request(request)
    record("partnership_request.declined", request, by=by, state=[before, request.state], reason=reason, note=note)
    staff = staff_of(request)
    assert request.expires_at is not None
    tell_staff(
        "partnership_declined",
        request,
        staff,
        page=request.get_absolute_url(),
        recipient=request.recipient,
        valid_until=staff.moment(request.expires_at),
        # As its label and not yet in words: the reader's language is not the one of this page.
        reason=PartnershipRequest.DeclineReason(reason).label if reason else "",
        note=note,
    )
    return request


def check_link(request: PartnershipRequest, nonce: str) -> PendingAcceptance | None:
    """Raise the refusal that belongs to the link, whoever holds it; the order is from what may be told to anybody.

    Return the acceptance that waits, if one does: the request was answered in time, so its time no longer runs.
    """
    if request.nonce != nonce or request.state == State.REVOKED:
        raise LinkWithdrawn
    if request.state == State.DRAFT:
        raise NotYetSent
    if request.state == State.ACCEPTED:
        raise RequestUsed
    if request.state == State.SUPERSEDED:
        raise RequestReplaced
    waiting = waiting_acceptance(request)
    if waiting is None and not request.is_answerable:
        raise RequestExpired
    if not (request.provider.is_provider and request.provider.is_enrolled):
        raise ProviderUnavailable
    return waiting


def check_answer(request: PartnershipRequest, nonce: str, by: Actor) -> PossibleAnswer:
    """Return what accepting would do, or raise what stands in the way of this person and company."""
    waiting = check_link(request, nonce)
    # Read anew: the actor is as old as the page, and its role or its company's enrolment may have changed since.
    membership = current_membership(by)
    if membership is not None and membership.partner == request.provider:
        raise OwnRequest
    if waiting is not None and (membership is None or membership.partner_id != waiting.reseller_id):
        raise RequestUsed
    if membership is None or not membership.partner.is_reseller:
        raise NoReseller if by.user and address_fits(request.recipient_key, by.user.email) else AnotherAccount
    fits = address_fits(request.recipient_key, membership.user.email)
    if waiting is not None and not (fits and waiting.awaits_confirmation and has_accepting_role(membership)):
        raise AcceptanceWaiting(waiting)
    _check_company(request, membership)
    _check_person(request, membership, fits)
    return PossibleAnswer(membership.partner, from_other_domain=not fits)


def _check_company(request: PartnershipRequest, membership: Membership) -> None:
    company = membership.partner
    if company.enrolment_state not in (Partner.EnrolmentState.ACTIVE, Partner.EnrolmentState.PENDING):
        raise NotEnrolled(company)
    if Partnership.objects.active().filter(provider=request.provider, reseller=company).exists():
        raise AlreadyPartners(company)


def _check_person(request: PartnershipRequest, membership: Membership, fits: bool) -> None:
    company = membership.partner
    if not has_accepting_role(membership):
        raise RoleTooLow(company)
    if not fits:
        refused = PendingAcceptance.objects.filter(request=request, outcome=PendingAcceptance.Outcome.REFUSED)
        if refused.filter(reseller=company).exists():
            raise NotConfirmed(company)
    if membership.user.email_proved_at is None:
        raise MailboxNotProved


def accepted_by(request: PartnershipRequest, by: Actor) -> bool:
    """Whether this very person has accepted the request."""
    return request.state == State.ACCEPTED and by.user is not None and request.answered_by_id == by.user.pk
