"""Acceptances that wait: the order in which their rows are locked, and how the waiting ends."""

from django.db.models import QuerySet
from django.urls import reverse

from accounts.access import Actor
from accounts.models import Partner
from activity.services import record
from core import clock
from resellers.models import PartnershipRequest, PendingAcceptance
from resellers.services.telling import tell_person

Outcome = PendingAcceptance.Outcome

ACTIONS = {
    Outcome.COMPLETED: "pending_acceptance.completed",
    Outcome.REFUSED: "pending_acceptance.refused",
    Outcome.REJECTED: "pending_acceptance.rejected",
    Outcome.WITHDRAWN: "pending_acceptance.withdrawn",
    Outcome.LAPSED: "pending_acceptance.lapsed",
}
RELATED = ("provider", "created_by", "sent_by", "answered_by", "partnership__reseller", "replaced_by")


# --- locks: the reseller's company, then the request; whoever takes both takes them in this order ---------------------
def lock_company(company: Partner | None) -> None:
    """Wait for a decision about the company's enrolment that is being taken, and hold the next one back.

    Without it, a company approved while it accepts would wait for an approval that has already been.
    """
    if company is not None:
        # Rows that refer to the company may be written meanwhile, so the weaker lock is enough.
        Partner.objects.select_for_update(no_key=True).filter(pk=company.pk).first()


def lock_request(request: PartnershipRequest) -> PartnershipRequest:
    """The request as it is now, held until the transaction ends: of two who answer at once, the second reads anew."""
    return PartnershipRequest.objects.select_for_update(of=("self",)).select_related(*RELATED).get(pk=request.pk)


def lock_acceptance(acceptance: PendingAcceptance) -> PendingAcceptance:
    """The acceptance as it is now; its request's lock keeps every other hand off it."""
    lock_company(acceptance.reseller)
    request = lock_request(acceptance.request)
    acceptance = PendingAcceptance.objects.select_related("reseller", "accepted_by").get(pk=acceptance.pk)
    acceptance.request = request
    return acceptance


# --- reading and ending -----------------------------------------------------------------------------------------------
def waiting_acceptance(request: PartnershipRequest) -> PendingAcceptance | None:
    """The one acceptance that waits on this request, or None."""
    rows = PendingAcceptance.objects.waiting().filter(request=request)
    found = rows.select_related("reseller", "accepted_by").first()
    if found is not None:
        found.request = request
    return found


def end_acceptance(acceptance: PendingAcceptance, outcome: str, *, by: Actor, reason: str = "") -> bool:
    """End the waiting, once; False when it has ended already."""
    now = clock.now()
    if not PendingAcceptance.objects.waiting().filter(pk=acceptance.pk).update(ended_at=now, outcome=outcome):
        return False
    acceptance.ended_at, acceptance.outcome = now, outcome
    changes = {"reason": reason} if reason else {}
    record(ACTIONS[Outcome(outcome)], acceptance, by=by, **changes)
    return True


def lapse_acceptances(request: PartnershipRequest, by: Actor) -> None:
    """End what waits on a request that was revoked or replaced, and tell whoever accepted it.

    For the services that take a request away: in their transaction, after the change of its state.
    """
    _lapse(PendingAcceptance.objects.filter(request=request), by)


def lapse_others(provider: Partner, reseller: Partner, by: Actor) -> None:
    """End what else the two companies wait for: they are partners now."""
    rows = PendingAcceptance.objects.filter(request__provider=provider, reseller=reseller)
    _lapse(rows, by, told=False)


def _lapse(rows: QuerySet[PendingAcceptance], by: Actor, *, told: bool = True) -> None:
    waiting = rows.filter(ended_at=None).select_related("request__provider", "request__sent_by", "reseller")
    for acceptance in waiting.select_related("accepted_by").order_by("pk"):
        if end_acceptance(acceptance, Outcome.LAPSED, by=by) and told:
            tell_not_connected(acceptance, refused=False)


def tell_not_connected(acceptance: PendingAcceptance, *, refused: bool, reason: str = "") -> None:
    """Tell whoever accepted that the partnership does not begin: not confirmed, or the request was taken away."""
    request = acceptance.request
    tell_person(
        "partnership_not_confirmed",
        request,
        acceptance.accepted_by,
        page=reverse("home"),
        provider=request.provider.legal_name,
        reseller=acceptance.reseller.legal_name,
        refused=refused,
        reason=reason,
    )
