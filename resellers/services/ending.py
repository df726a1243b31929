"""The end of a partnership itself, and of what its provider still asks of the same people; who takes over is above."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from accounts.access import Actor
from accounts.models import Membership
from accounts.roles import Program
from activity.services import record
from core import clock
from core.exceptions import InvalidTransition
from resellers.addresses import mailbox_key
from resellers.models import Partnership, PartnershipRequest, new_nonce
from resellers.services.requests import move
from resellers.services.waits import lapse_acceptances

State = PartnershipRequest.State


def lock_for_ending(partnership: Partnership, successors: Collection[int] = ()) -> Partnership:
    """The partnership as it is now, held together with those of the resellers that take over, until the end.

    lock_partnership() of new business waits here, and the other way round: the second sees what the first did. All in
    one order: two endings that hand over to each other's reseller must not wait for each other in a circle.
    """
    theirs = Q(provider=partnership.provider_id, reseller__in=successors, ended_at=None)
    rows = Partnership.objects.filter(Q(pk=partnership.pk) | theirs).order_by("pk")
    locked = {one.pk: one for one in rows.select_for_update(of=("self",))}
    # Read after the wait: a join in the query that waits would show the related rows of before it.
    related = ("provider", "reseller", "ended_by")
    return Partnership.objects.select_related(*related).get(pk=locked[partnership.pk].pk)


def close_partnership(
    *, partnership: Partnership, side: str, reason: str, by: Actor, at: datetime | None = None, **counts: Any
) -> Partnership:
    """End a locked partnership that nothing rests on any more; `counts` go into the record, which both sides read."""
    at = max(at or clock.now(), partnership.began_at)
    lasting = Partnership.objects.active().filter(pk=partnership.pk)
    if not lasting.update(ended_at=at, ended_by=by.user, ended_side=side, end_reason=reason):
        raise InvalidTransition(_("This partnership has already ended."))
    partnership = Partnership.objects.select_related("provider", "reseller", "ended_by").get(pk=partnership.pk)
    record("partnership.ended", partnership, by=by, side=side, reason=reason, **counts)
    return partnership


def open_requests(partnership: Partnership) -> QuerySet[PartnershipRequest]:
    """What the provider asks of people of this very reseller and what could still be accepted.

    Accepted after the end, such a request would bring the partnership back without anybody having asked for that.
    Somebody who works for another reseller too may have been asked for that one.
    """
    people = Membership.objects.current().exclude(partner__program=Program.INDIRECT_PROVIDER)
    elsewhere = people.exclude(partner=partnership.reseller_id).values(key=Lower("user__email"))
    asked = Q(recipient_key__in=people.filter(partner=partnership.reseller_id).values(key=Lower("user__email")))
    if contact := mailbox_key(partnership.reseller.contact_email):
        asked |= Q(recipient_key=contact)
    answerable = PartnershipRequest.objects.answerable().filter(provider=partnership.provider_id)
    return answerable.filter(asked).exclude(recipient_key__in=elsewhere)


def revoke_open_requests(partnership: Partnership, by: Actor) -> int:
    """Withdraw them; return how many there were."""
    # Skipping what somebody answers at this moment: the answer finds the partnership, which lasts until we commit.
    rows = open_requests(partnership).select_for_update(of=("self",), skip_locked=True).order_by("pk")
    requests = list(rows.select_related("provider"))
    for request in requests:
        before = request.state
        move(request, State.REVOKED, nonce=new_nonce())
        record("partnership_request.revoked", request, by=by, state=[before, State.REVOKED])
        lapse_acceptances(request, by)
    return len(requests)
