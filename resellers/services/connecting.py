"""The moment at which a request becomes a partnership, by whatever way it came there."""

from datetime import datetime

from django.db.models import Q

from accounts.access import Actor
from accounts.models import Partner, User
from activity.services import record
from core import clock
from resellers.addresses import mailbox_key
from resellers.models import Partnership, PartnershipRequest
from resellers.services.opening import opened_by
from resellers.services.requests import move
from resellers.services.telling import tell_connected
from resellers.services.waits import lapse_acceptances, lapse_others, lock_request

State = PartnershipRequest.State


def begin_partnership(
    *, request: PartnershipRequest, reseller: Partner, person: User, answered_at: datetime, by: Actor
) -> Partnership:
    """Connect the two companies; the caller holds the locks of waits.py and has checked everything under them.

    `person` accepted for the reseller; `by` may be somebody else, who took away what it waited for.
    """
    partnership = Partnership.objects.create(provider=request.provider, reseller=reseller, began_at=clock.now())
    move(
        request,
        State.ACCEPTED,
        partnership=partnership,
        answered_at=answered_at,
        answered_by=person,
        # A refusal that was regretted is history; the record keeps it.
        decline_reason="",
        decline_note="",
        **opened_by(answered_at),
    )
    request = lock_request(request)
    _supersede_others(request, person, by)
    lapse_others(request.provider, reseller, by)
    changes = {} if by.user == person else {"accepted_by": str(person)}
    record("partnership_request.accepted", request, by=by, **changes)
    record("partnership.began", partnership, by=by)
    tell_connected(request, reseller, person, known_to=by.user)
    return partnership


def _supersede_others(request: PartnershipRequest, person: User, by: Actor) -> None:
    """Close what else this provider asks of the same addresses: it has its answer."""
    addresses = {request.recipient_key, mailbox_key(person.email)} - {""}
    others = PartnershipRequest.objects.filter(provider=request.provider, recipient_key__in=addresses)
    open_states = Q(state=State.SENT) | Q(state=State.DECLINED)
    # Skipping what somebody else holds: two who accept at once must not wait for each other in a circle.
    for other in others.filter(open_states).exclude(pk=request.pk).select_for_update(skip_locked=True).order_by("pk"):
        move(other, State.SUPERSEDED)
        record("partnership_request.superseded", other, by=by)
        lapse_acceptances(other, by)
