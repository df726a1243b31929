"""The end of a request's time, written down."""

from functools import partial

from django.db import transaction

from accounts.access import Actor
from accounts.models import Partner
from activity.services import record
from core import clock
from core.sweeping import each
from resellers.models import PartnershipRequest, PendingAcceptance
from resellers.standing import Requests, overdue

State = PartnershipRequest.State
# What the log says of a request with which something failed.
LEFT = "Request %s was left for the next run."


def expire_overdue(*, by: Actor) -> int:
    """Close every request whose time ran out, and return how many; each by itself, so that one may fail alone."""
    rows = overdue(PartnershipRequest.objects.all()).order_by("expires_at", "pk")
    return each(LEFT, rows.values_list("pk", flat=True), partial(_expire, by=by))


def expire_address(provider: Partner, recipient_key: str, *, by: Actor) -> None:
    """Close what this address let pass, so that the provider may ask it again."""
    if recipient_key:
        for pk in overdue(asked(provider, recipient_key)).order_by("pk").values_list("pk", flat=True):
            _expire(pk, by=by)


def asked(provider: Partner, recipient_key: str) -> Requests:
    """What this provider asks of this address."""
    return PartnershipRequest.objects.filter(provider=provider, recipient_key=recipient_key)


@transaction.atomic
def _expire(pk: int, *, by: Actor) -> bool:
    """Close one request, unless somebody answered it, extended it or closed it in the meantime."""
    sent = PartnershipRequest.objects.filter(pk=pk, state=State.SENT)
    # Whoever is accepting holds the row. Only a look taken after them sees the acceptance that stops the clock.
    request = sent.select_for_update(of=("self",)).select_related("provider").first()
    if request is None or PendingAcceptance.objects.waiting().filter(request=request).exists():
        return False
    if not sent.filter(expires_at__lte=clock.now()).update(state=State.EXPIRED):
        return False
    request.state = State.EXPIRED
    states = [State.SENT, State.EXPIRED]
    record("partnership_request.expired", request, by=by, state=states, valid_until=request.expires_at)
    return True
