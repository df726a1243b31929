"""The provider's side of a request: draft, send or share, withdraw."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.access import Actor, require
from accounts.models import Membership, Partner
from accounts.roles import Permission
from activity.services import record
from core import clock
from core.exceptions import DraftDiscarded, InvalidTransition
from core.text import clean_message, email_key
from resellers.models import Partnership, PartnershipRequest, new_nonce
from resellers.refusals import AlreadyPending, RecipientMissing, RecipientRefused
from resellers.services.expiry import expire_address
from resellers.services.mailing import mail_request
from resellers.services.quotas import check_mailbox, check_quota
from resellers.services.waits import lapse_acceptances
from resellers.standing import unanswered
from resellers.wording import default_message

State, Channel = PartnershipRequest.State, PartnershipRequest.Channel

VALIDITY_DAYS = (7, 14, 30)


@transaction.atomic
def draft_request(*, by: Actor) -> PartnershipRequest:
    """Begin a request, or return the one the person began before and has not touched."""
    require(by, Permission.REQUEST_PARTNERSHIP)
    assert by.user is not None
    provider = lock_provider(by.partner)
    untouched = PartnershipRequest.objects.filter(
        provider=provider, created_by=by.user, state=State.DRAFT, changed_at=None
    )
    if draft := untouched.order_by("-pk").first():
        return draft
    return PartnershipRequest.objects.create(
        provider=provider,
        created_by=by.user,
        language=provider.language,
        message=default_message(provider, by.user, provider.language),
    )


@transaction.atomic
def change_draft(
    *, request: PartnershipRequest, recipient: str, language: str, message: str, valid_days: int, by: Actor
) -> PartnershipRequest:
    """Save what was entered on the draft page; words that nobody has edited follow the language."""
    require(by, Permission.REQUEST_PARTNERSHIP, request)
    message = clean_message(message)
    if language != request.language and message == _standard(request, request.language):
        message = _standard(request, language)
    entered: dict[str, Any] = {
        "recipient": recipient,
        "recipient_key": email_key(recipient) if recipient else "",
        "language": language,
        "message": message,
        "valid_days": valid_days,
    }
    if all(getattr(request, name) == value for name, value in entered.items()):
        return request
    drafts = PartnershipRequest.objects.filter(pk=request.pk, state=State.DRAFT)
    if not drafts.update(**entered, changed_at=clock.now()):
        raise InvalidTransition(_("This request was sent or discarded in the meantime; it can no longer be changed."))
    return _reload(request)


@transaction.atomic
def send_request(*, request: PartnershipRequest, by: Actor) -> PartnershipRequest:
    """Mail the request through the outbox, once: pressed again, nothing more is sent."""
    require(by, Permission.REQUEST_PARTNERSHIP, request)
    request = _lock(request)
    if not request.recipient:
        raise RecipientMissing
    if request.state == State.SENT and request.channel == Channel.PORTAL:
        return request
    check_mailbox(request.provider, request.recipient_key)
    request = _leave_draft(request, channel=Channel.PORTAL, by=by)
    mail_request(request, by=by)
    return request


@transaction.atomic
def share_request(*, request: PartnershipRequest, channel: str, by: Actor) -> PartnershipRequest:
    """Put the link into force for a message that the person sends without the portal; once, as above."""
    require(by, Permission.REQUEST_PARTNERSHIP, request)
    if channel not in (Channel.CLIPBOARD, Channel.MAIL_PROGRAM):
        raise ValueError(f"{channel!r} is not a way of sharing.")
    request = _lock(request)
    if request.state == State.SENT:
        return request
    return _leave_draft(request, channel=channel, by=by)


@transaction.atomic
def discard_draft(*, request: PartnershipRequest, by: Actor) -> None:
    """Remove a draft; what has left the portal is revoked instead, so that it is remembered."""
    require(by, Permission.REQUEST_PARTNERSHIP, request)
    remove_draft(request, by)


def remove_draft(request: PartnershipRequest, by: Actor) -> None:
    """Remove a draft for whoever was found to be allowed to; a second press finds it done."""
    try:
        request = _lock(request)
    except DraftDiscarded:
        return
    if request.state != State.DRAFT:
        raise InvalidTransition(_("This request was sent in the meantime. Revoke it if it should not be answered."))
    if request.changed_at:
        record("partnership_request.discarded", request, by=by)
    request.delete()


@transaction.atomic
def revoke_request(*, request: PartnershipRequest, by: Actor) -> PartnershipRequest:
    """Withdraw a request for good: its link stops working and its mail, if still waiting, is not sent."""
    require(by, Permission.REQUEST_PARTNERSHIP, request)
    return withdraw(request, by)


def withdraw(request: PartnershipRequest, by: Actor) -> PartnershipRequest:
    """Revoke a request for whoever was found to be allowed to."""
    before = request.state
    move(request, State.REVOKED, nonce=new_nonce())
    request = _reload(request)
    record("partnership_request.revoked", request, by=by, state=[before, request.state])
    lapse_acceptances(request, by)
    return request


def recipient_obstacle(provider: Partner, recipient: str) -> RecipientRefused | None:
    """Why this provider need not or may not ask this address, or None."""
    if not recipient:
        return None
    key = email_key(recipient)
    people = Membership.objects.current().filter(Q(user__email__iexact=key) | Q(user__sign_in_name=key))
    if people.filter(partner=provider).exists() or key == _key(provider.contact_email):
        return RecipientRefused(_("This address belongs to your own company. Enter the reseller’s address."))
    pending = unanswered(PartnershipRequest.objects.filter(provider=provider, recipient_key=key))
    if found := pending.select_related("sent_by").first():
        return AlreadyPending(found)
    partnerships = Partnership.objects.filter(provider=provider).active()
    companies = set(people.filter(partner__program="indirect_reseller").values_list("partner_id", flat=True))
    partners = set(partnerships.filter(reseller__in=companies).values_list("reseller_id", flat=True))
    # Somebody who works for two resellers may be asked for the second one.
    if (companies and companies == partners) or partnerships.filter(reseller__contact_email__iexact=key).exists():
        return RecipientRefused(_("The company with this address is already your indirect reseller."))
    return None


def move(request: PartnershipRequest, to: str, **fields: Any) -> None:
    """Change the state along the table of moves by one guarded UPDATE: of two people at once, one is refused."""
    sources = [source for source, targets in PartnershipRequest.TRANSITIONS.items() if to in targets]
    rows = PartnershipRequest.objects.filter(pk=request.pk, state__in=sources, nonce=request.nonce)
    if not rows.update(state=to, **fields):
        raise InvalidTransition(_("This request has changed in the meantime. Look at where it stands now."))


def _standard(request: PartnershipRequest, language: str) -> str:
    return clean_message(default_message(request.provider, request.created_by, language))


def _key(address: str) -> str:
    return email_key(address) if address else ""


def lock_provider(provider: Partner | None) -> Partner:
    """Let one person of a provider at a time begin or send, so that limits and duplicates are counted exactly."""
    assert provider is not None
    return Partner.objects.select_for_update(no_key=True).get(pk=provider.pk)


def _reload(request: PartnershipRequest) -> PartnershipRequest:
    """As it is now; only a draft can be gone."""
    rows = PartnershipRequest.objects.select_related("provider", "created_by", "sent_by").filter(pk=request.pk)
    return DraftDiscarded.unless(rows.first())


def _lock(request: PartnershipRequest) -> PartnershipRequest:
    lock_provider(request.provider)
    return _reload(request)


def _leave_draft(request: PartnershipRequest, *, channel: str, by: Actor) -> PartnershipRequest:
    """Put the link into force, within the limits, unless the address is asked already."""
    now = clock.now()
    expire_address(request.provider, request.recipient_key, by=by)
    if obstacle := recipient_obstacle(request.provider, request.recipient):
        raise obstacle
    check_quota(request.provider, by)
    expires_at = now + timedelta(days=request.valid_days)
    move(request, State.SENT, channel=channel, sent_at=now, sent_by=by.user, expires_at=expires_at)
    request = _reload(request)
    action = "partnership_request.sent" if channel == Channel.PORTAL else "partnership_request.shared"
    record(action, request, by=by, channel=channel, to=request.recipient, valid_until=expires_at)
    return request
