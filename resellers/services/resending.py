"""A request sent again, to the same address or a corrected one, and a request that gets more time."""

from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.access import Actor, require
from accounts.roles import Permission
from activity.services import record
from core import clock
from core.exceptions import InvalidTransition
from core.text import email_key
from resellers.models import PartnershipRequest
from resellers.refusals import AcceptancePending, ExtensionRefused
from resellers.services.expiry import expire_address
from resellers.services.mailing import mail_request
from resellers.services.quotas import RESEND_PAUSE, check_mailbox, check_quota, check_resend
from resellers.services.requests import VALIDITY_DAYS, lock_provider, move, recipient_obstacle
from resellers.services.waits import lock_request, waiting_acceptance
from resellers.wording import moment_text

State, Channel = PartnershipRequest.State, PartnershipRequest.Channel

# An extension by less than this is the same button pressed again.
SAME_EXTENSION = timedelta(hours=1)


@transaction.atomic
def resend_request(*, request: PartnershipRequest, by: Actor, recipient: str = "") -> PartnershipRequest:
    """Put a new request with a link of its own in this one's place and mail it, perhaps to another address.

    Without any address the new link is there to be copied. The old link stops at once and says that a newer request was
    sent; its mail, if still waiting, is not sent. Pressed again by the same person, the result is the same request.
    """
    require(by, Permission.REQUEST_PARTNERSHIP, request)
    # In this order: whoever sends waits for the provider, and whoever answers holds only the request.
    lock_provider(request.provider)
    old = lock_request(request)
    if made := _made_before(old, recipient, by):
        return made
    refuse_while_accepted(old)
    address = recipient or old.recipient
    key = email_key(address) if address else ""
    before = old.state
    move(old, State.SUPERSEDED)
    expire_address(old.provider, key, by=by)
    if obstacle := recipient_obstacle(old.provider, address):
        raise obstacle
    check_resend(old, key)
    check_quota(old.provider, by)
    if key:
        check_mailbox(old.provider, key)
    new = _successor(old, address, key, by)
    PartnershipRequest.objects.filter(pk=old.pk).update(replaced_by=new)
    record("partnership_request.superseded", old, by=by, state_before=before)
    changes = {"address_before": old.recipient} if key != old.recipient_key else {}
    record("partnership_request.resent", new, by=by, to=address, valid_until=new.expires_at, **changes)
    if key:
        mail_request(new, by=by, replaced=old)
    return new


def refuse_resend(request: PartnershipRequest, *, by: Actor, elsewhere: bool = False) -> None:
    """Raise what would stand in the way of sending the request again now, as far as it can be said beforehand.

    `elsewhere`: to another address, which is not known yet. Changes nothing: for the page that asks first.
    """
    require(by, Permission.REQUEST_PARTNERSHIP, request)
    if State.SUPERSEDED not in PartnershipRequest.TRANSITIONS.get(request.state, ()):
        raise InvalidTransition(_("This request can no longer be sent again."))
    refuse_while_accepted(request)
    check_resend(request, None if elsewhere else request.recipient_key)
    check_quota(request.provider, by)
    if request.recipient_key and not elsewhere:
        check_mailbox(request.provider, request.recipient_key)


@transaction.atomic
def extend_request(*, request: PartnershipRequest, days: int, by: Actor) -> PartnershipRequest:
    """Keep the link valid until so many days from now: later than it was, and never more than thirty days ahead."""
    require(by, Permission.REQUEST_PARTNERSHIP, request)
    if days not in VALIDITY_DAYS:
        raise ValueError(f"{days!r} is not a number of days on offer.")
    lock_provider(request.provider)
    request = lock_request(request)
    refuse_while_accepted(request)
    now = clock.now()
    if request.state != State.SENT or request.expires_at is None or request.expires_at <= now:
        raise InvalidTransition(_("This request can no longer be extended. Send it again instead."))
    before, until = request.expires_at, now + timedelta(days=days)
    if abs(until - before) < SAME_EXTENSION:
        return request
    if until < before:
        raise ExtensionRefused(
            _("The request is already valid until %(moment)s. Choose a longer time.") % {"moment": moment_text(before)}
        )
    # The day of the last reminder moves with the end.
    lasting = PartnershipRequest.objects.filter(pk=request.pk, state=State.SENT, expires_at=before)
    if not lasting.update(expires_at=until, last_reminded_at=None):
        raise InvalidTransition(_("This request has changed in the meantime. Look at where it stands now."))
    request = lock_request(request)
    record("partnership_request.extended", request, by=by, valid_until=[before, until])
    return request


def possible_extensions(request: PartnershipRequest) -> list[int]:
    """The numbers of days that would make the request last longer than it does."""
    if request.state != State.SENT or request.expires_at is None or request.expires_at <= clock.now():
        return []
    left = request.expires_at - clock.now()
    return [days for days in VALIDITY_DAYS if timedelta(days=days) >= left + SAME_EXTENSION]


def refuse_while_accepted(request: PartnershipRequest) -> None:
    """Refuse to take a request away from a company that has said yes; revoking it is the one thing that may."""
    if waiting := waiting_acceptance(request):
        raise AcceptancePending(waiting)


def _made_before(old: PartnershipRequest, recipient: str, by: Actor) -> PartnershipRequest | None:
    """What this person's other press has made a moment ago, of the same request for the same address."""
    made = old.replaced_by
    if made is None or made.sent_at is None or made.sent_by_id != (by.user.pk if by.user else None):
        return None
    same_address = made.recipient_key == (email_key(recipient) if recipient else old.recipient_key)
    return made if same_address and clock.now() - made.sent_at < RESEND_PAUSE else None


def _successor(old: PartnershipRequest, address: str, key: str, by: Actor) -> PartnershipRequest:
    """The new request: the same words for as many days, with a nonce of its own."""
    assert by.user is not None
    now = clock.now()
    return PartnershipRequest.objects.create(
        provider=old.provider,
        created_by=by.user,
        recipient=address,
        recipient_key=key,
        language=old.language,
        message=old.message,
        valid_days=old.valid_days,
        state=State.SENT,
        channel=Channel.PORTAL if key else Channel.CLIPBOARD,
        created_at=now,
        changed_at=now,
        sent_at=now,
        sent_by=by.user,
        expires_at=now + timedelta(days=old.valid_days),
        resend_number=old.resend_number + 1,
    )
