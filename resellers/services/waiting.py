"""An acceptance that something is still owed for: made, confirmed, refused, withdrawn, completed."""

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import Actor, require
from accounts.models import Membership, Partner
from accounts.roles import Permission
from activity.services import record
from core import clock
from core.exceptions import InvalidTransition, NotPermitted
from resellers.models import Partnership, PartnershipRequest, PendingAcceptance
from resellers.services.accepters import current_membership, has_accepting_role
from resellers.services.connecting import begin_partnership
from resellers.services.opening import opened_by
from resellers.services.telling import staff_of, tell_person, tell_staff
from resellers.services.waits import Outcome, end_acceptance, lock_acceptance, tell_not_connected

State = PartnershipRequest.State


def begin_waiting(
    request: PartnershipRequest, company: Partner, *, from_other_domain: bool, by: Actor
) -> PendingAcceptance:
    """Note that the company said yes, and tell the provider what it waits for; the caller holds the locks."""
    assert by.user is not None
    acceptance = PendingAcceptance.objects.create(
        request=request, reseller=company, accepted_by=by.user, from_other_domain=from_other_domain
    )
    record("pending_acceptance.began", acceptance, by=by, from_other_domain=from_other_domain)
    PartnershipRequest.objects.filter(pk=request.pk).update(**opened_by(acceptance.accepted_at))
    _tell_staff_it_waits(acceptance)
    return acceptance


def vouch_for(acceptance: PendingAcceptance, *, by: Actor) -> PendingAcceptance:
    """A colleague at the domain that was invited accepts as well: nothing is left to confirm."""
    assert by.user is not None
    acceptance.accepted_by, acceptance.accepted_at, acceptance.from_other_domain = by.user, clock.now(), False
    acceptance.save(update_fields=["accepted_by", "accepted_at", "from_other_domain"])
    record("pending_acceptance.vouched_for", acceptance, by=by)
    return acceptance


@transaction.atomic
def confirm_acceptance(*, acceptance: PendingAcceptance, by: Actor) -> Partnership | PendingAcceptance:
    """Say that the company is the one that was asked; what else it waits for, it still waits for."""
    require(by, Permission.REQUEST_PARTNERSHIP, acceptance)
    acceptance = lock_acceptance(acceptance)
    if acceptance.outcome == Outcome.COMPLETED and acceptance.request.partnership is not None:
        return acceptance.request.partnership
    if acceptance.ended_at is not None:
        raise InvalidTransition(_("This acceptance is no longer waiting. Look at where the request stands now."))
    if not acceptance.awaits_confirmation:
        return acceptance
    acceptance.confirmed_by, acceptance.confirmed_at = by.user, clock.now()
    acceptance.save(update_fields=["confirmed_by", "confirmed_at"])
    record("pending_acceptance.confirmed", acceptance, by=by)
    result = complete_if_ready(acceptance=acceptance, by=by)
    if isinstance(result, PendingAcceptance) and result.ended_at is None:
        tell_person(
            "partnership_confirmed",
            acceptance.request,
            acceptance.accepted_by,
            page=reverse("enrolment:status"),
            provider=acceptance.request.provider.legal_name,
            reseller=acceptance.reseller.legal_name,
        )
    return result


@transaction.atomic
def refuse_acceptance(*, acceptance: PendingAcceptance, reason: str = "", by: Actor) -> PendingAcceptance:
    """Say that the company is not the one that was asked; the request stays open for the one that was."""
    require(by, Permission.REQUEST_PARTNERSHIP, acceptance)
    acceptance = lock_acceptance(acceptance)
    if acceptance.outcome == Outcome.REFUSED:
        return acceptance
    if not acceptance.awaits_confirmation:
        raise InvalidTransition(_("This acceptance is no longer waiting. Look at where the request stands now."))
    end_acceptance(acceptance, Outcome.REFUSED, by=by, reason=reason)
    tell_not_connected(acceptance, refused=True, reason=reason)
    return acceptance


@transaction.atomic
def withdraw_acceptance(*, acceptance: PendingAcceptance, by: Actor) -> PendingAcceptance:
    """Take the company's yes back while it still waits; the request can be accepted again while it is valid."""
    acceptance = lock_acceptance(acceptance)
    membership = current_membership(by)
    if membership is None or membership.partner_id != acceptance.reseller_id or not has_accepting_role(membership):
        raise NotPermitted(f"{by.label} may not withdraw what {acceptance.reseller} accepted.")
    if acceptance.outcome == Outcome.WITHDRAWN:
        return acceptance
    if acceptance.ended_at is not None:
        raise InvalidTransition(_("This acceptance is no longer waiting. Look at where the request stands now."))
    end_acceptance(acceptance, Outcome.WITHDRAWN, by=by)
    _tell_staff_it_ended(acceptance)
    return acceptance


@transaction.atomic
def complete_if_ready(*, acceptance: PendingAcceptance, by: Actor) -> Partnership | PendingAcceptance:
    """Begin the partnership when nothing is owed any more; everything that still matters is looked at again."""
    acceptance = lock_acceptance(acceptance)
    request, reseller, person = acceptance.request, acceptance.reseller, acceptance.accepted_by
    if acceptance.ended_at is not None or acceptance.awaits_confirmation:
        return acceptance
    if not (reseller.is_enrolled and request.provider.is_enrolled):
        return acceptance
    connected = Partnership.objects.active().filter(provider=request.provider, reseller=reseller)
    if request.state not in (State.SENT, State.DECLINED) or connected.exists():
        end_acceptance(acceptance, Outcome.LAPSED, by=by)
        return acceptance
    if not Membership.objects.current().filter(user=person, partner=reseller).exists():
        # Whoever left the company no longer speaks for it; a colleague may accept instead.
        end_acceptance(acceptance, Outcome.WITHDRAWN, by=by, reason=_("The person has left the company."))
        _tell_staff_it_ended(acceptance)
        return acceptance
    end_acceptance(acceptance, Outcome.COMPLETED, by=by)
    return begin_partnership(
        request=request, reseller=reseller, person=person, answered_at=acceptance.accepted_at, by=by
    )


def follow_enrolment(company: Partner, by: Actor) -> None:
    """After a decision about a company: complete what waited for it, or end it where the answer is no.

    A suspension ends nothing: what waits then waits until the company is reinstated.
    """
    waiting = PendingAcceptance.objects.waiting().select_related("request__provider", "reseller", "accepted_by")
    mine = waiting.filter(request__provider=company) if company.is_provider else waiting.filter(reseller=company)
    for acceptance in mine.order_by("request_id"):
        if company.is_enrolled:
            complete_if_ready(acceptance=acceptance, by=by)
        elif company.is_reseller and company.enrolment_state == Partner.EnrolmentState.REJECTED:
            _reject(acceptance, by)


def _reject(acceptance: PendingAcceptance, by: Actor) -> None:
    acceptance = lock_acceptance(acceptance)
    if end_acceptance(acceptance, Outcome.REJECTED, by=by):
        _tell_staff_it_ended(acceptance)


def _tell_staff_it_waits(acceptance: PendingAcceptance) -> None:
    request, company, person = acceptance.request, acceptance.reseller, acceptance.accepted_by
    staff = staff_of(request)
    page = request.get_absolute_url()
    if acceptance.from_other_domain:
        page = reverse("resellers:confirm_acceptance", args=[acceptance.public_id])
    tell_staff(
        "partnership_accepted_waiting",
        request,
        staff,
        page=page,
        provider=request.provider.legal_name,
        reseller=company.legal_name,
        country=staff.country(company),
        mpn_id=company.mpn_id,
        person=str(person),
        person_address=person.email,
        recipient=request.recipient,
        to_confirm=acceptance.from_other_domain,
        enrolled=company.is_enrolled,
    )


def _tell_staff_it_ended(acceptance: PendingAcceptance) -> None:
    request = acceptance.request
    staff = staff_of(request)
    assert request.expires_at is not None
    tell_staff(
        "partnership_acceptance_ended",
        request,
        staff,
        page=request.get_absolute_url(),
        reseller=acceptance.reseller.legal_name,
        rejected=acceptance.outcome == Outcome.REJECTED,
        valid_until=staff.moment(request.expires_at) if request.is_answerable else "",
    )
