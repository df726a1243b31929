"""Ask the provider for another link: this one has expired, or went to another address."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q

from accounts.access import Actor
from activity.services import record
from core import clock
from resellers.addresses import address_fits
from resellers.models import PartnershipRequest
from resellers.refusals import LinkStillWorks, RequestExpired, RequestUsed
from resellers.services.answers import check_link
from resellers.services.opening import opened_by
from resellers.services.telling import staff_of, tell_staff
from resellers.services.waits import lock_request

ONCE_IN = timedelta(days=1)


def asked_lately(request: PartnershipRequest) -> bool:
    """Whether the provider was asked within the last day, so that asking again would change nothing."""
    return request.new_link_wanted_at is not None and request.new_link_wanted_at > clock.now() - ONCE_IN


@transaction.atomic
def ask_for_new_link(*, request: PartnershipRequest, nonce: str, by: Actor) -> bool:
    """Tell the sender that another link is wanted; once a day a request, whoever asks. False: it was asked already."""
    request = lock_request(request)
    try:
        if check_link(request, nonce) is not None:
            raise RequestUsed
        expired = False
    except RequestExpired:
        expired = True
    if not expired and (by.user is None or address_fits(request.recipient_key, by.user.email)):
        raise LinkStillWorks
    now = clock.now()
    unasked = Q(new_link_wanted_at=None) | Q(new_link_wanted_at__lte=now - ONCE_IN)
    rows = PartnershipRequest.objects.filter(unasked, pk=request.pk, nonce=nonce)
    if not rows.update(new_link_wanted_at=now, new_link_wanted_by=by.user, **opened_by(now)):
        return False
    record("partnership_request.new_link_wanted", request, by=by)
    _tell_sender(request, by, expired=expired)
    return True


def _tell_sender(request: PartnershipRequest, by: Actor, *, expired: bool) -> None:
    tell_staff(
        "partnership_new_link_wanted",
        request,
        staff_of(request),
        page=request.get_absolute_url(),
        recipient=request.recipient,
        expired=expired,
        person=str(by.user) if by.user else "",
        person_address=by.user.email if by.user else "",
    )
