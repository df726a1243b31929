"""Mail a request once more to the very person whom it was sent to."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Actor, require
from accounts.models import User
from accounts.roles import Permission
from activity.services import record
from core.exceptions import InvalidTransition, NotPermitted
from resellers.incoming import answerable_by
from resellers.models import PartnershipRequest
from resellers.services.mailing import mail_once_more
from resellers.services.quotas import check_mailed_again
from resellers.services.telling import staff_of
from resellers.services.waits import lock_request


@transaction.atomic
def mail_request_again(*, request: PartnershipRequest, by: Actor) -> None:
    """Mail the link of a request that can still be answered to the actor, to whose own mailbox it was sent.

    The link stays the one it was, and the mail goes to no other address than the first. LimitReached says when it is
    possible again.
    """
    if by.user is None or not by.is_reseller:
        raise NotPermitted(f"{by.label} was sent no partnership request.")
    require(by, Permission.VIEW_PROVIDERS)
    # The person first: the limit of a day counts over all requests to the same mailbox.
    User.objects.select_for_update(no_key=True).get(pk=by.user.pk)
    request = lock_request(request)
    if not answerable_by(by).filter(pk=request.pk).exists():
        raise InvalidTransition(_("This request can no longer be answered, so it was not mailed again."))
    number = check_mailed_again(request) + 1
    with timezone.override(by.user.zone):
        mail_once_more(request, number=number, sender=str(request.sent_by), reply_to=staff_of(request).address)
    record("partnership_request.mailed_again", request, by=by)
