"""That a person, and no mail scanner, opened a request: known from the first button pressed on its page."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Coalesce

from accounts.access import Actor
from activity.services import record
from core import clock
from resellers.models import PartnershipRequest

State = PartnershipRequest.State


def opened_by(moment: datetime) -> dict[str, Any]:
    """The field that an answer sets along with its own: opened at that moment, unless it was before."""
    return {"opened_at": Coalesce("opened_at", Value(moment))}


@transaction.atomic
def note_opened(*, request: PartnershipRequest, nonce: str, by: Actor) -> None:
    """Note once that somebody with the link of an open request went on from its page."""
    unopened = PartnershipRequest.objects.filter(pk=request.pk, nonce=nonce, opened_at=None)
    if unopened.filter(state__in=[State.SENT, State.DECLINED]).update(opened_at=clock.now()):
        record("partnership_request.opened", request, by=by)
