"""The provider's side of a request for a reseller relationship: draft, send or share, withdraw."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.access import Actor, require
from accounts.models import Partner
from accounts.roles import Permission
from activity.services import composed, record, record_all
from core import clock
from core.exceptions import DraftDiscarded, InvalidTransition, NotPermitted, Refused
from core.text import clean_message
from customers.models import Customer, RelationshipRequest, ResellerRelationship
from customers.relationship_requests.wording import VALID_DAYS, answer_link, default_message, wording
from customers.relationships import lock_customer
from customers.services import lock_partnership
from mail.models import OutgoingEmail
from mail.services import queue_email
from resellers.models import Partnership

State = RelationshipRequest.State
MAIL = "relationship_request"


class RequestAlreadyOpen(Refused):
    """The customer has another request to answer; `pending` is it."""

    def __init__(self, pending: RelationshipRequest) -> None:
        text = _(
            "The customer has to answer another request first: the one for %(reseller)s. Revoke that one, or wait for "
            "the answer."
        )
        super().__init__(text % {"reseller": pending.reseller})
        self.pending = pending


class AlreadyInForce(Refused):
    """The reseller has already what the customer would be asked for."""


@transaction.atomic
def draft_relationship_request(*, customer: Customer, reseller: Partner, scope: str, by: Actor) -> RelationshipRequest:
    """Begin a request to a customer, or take up the draft that the person has of one, with this reseller and scope."""
    require(by, Permission.REQUEST_RELATIONSHIP, customer)
    if by.user is None:
        raise NotPermitted("A request is drafted by a person.")
    _require_partnership(customer.provider, reseller)
    customer = lock_customer(customer)
    drafts = RelationshipRequest.objects.filter(customer=customer, created_by=by.user, state=State.DRAFT)
    draft = drafts.order_by("-pk").first()
    # Held by the update, so that nobody discards it before it is shown; if somebody has, another one is begun.
    if draft is not None and drafts.filter(pk=draft.pk).update(reseller=reseller, scope=scope):
        return _reload(draft)
    language = customer.language
    return RelationshipRequest.objects.create(
        customer=customer,
        reseller=reseller,
        scope=scope,
        language=language,
        message=clean_message(default_message(customer, customer.provider, by.user, language)),
        created_by=by.user,
    )


@transaction.atomic
def change_request_draft(
    *, request: RelationshipRequest, reseller: Partner, scope: str, language: str, message: str, by: Actor
) -> RelationshipRequest:
    """Save what was entered on the draft page; words that nobody has edited follow the language."""
    require(by, Permission.REQUEST_RELATIONSHIP, request)
    _require_partnership(request.customer.provider, reseller)
    message = clean_message(message)
    if language != request.language and message == _standard(request, request.language):
        message = _standard(request, language)
    drafts = RelationshipRequest.objects.filter(pk=request.pk, state=State.DRAFT)
    if not drafts.update(reseller=reseller, scope=scope, language=language, message=message):
        raise InvalidTransition(_("This request was sent or discarded in the meantime; it can no longer be changed."))
    return _reload(request)


@transaction.atomic
def send_relationship_request(*, request: RelationshipRequest, by: Actor) -> RelationshipRequest:
    """Mail the request to the customer's contact, once: pressed again, nothing more is sent.

    One that was copied or opened in a mail program before is mailed too.
    """
    request = _leave(request, by, action="relationship_request.sent")
    if request.state != State.SENT:
        raise _changed_meanwhile()
    message = wording(request)
    queue_email(
        MAIL,
        to=request.customer.contact_email,
        language=request.language,
        context={"message": message, "link": answer_link(request), "provider": request.customer.provider.legal_name},
        about=request,
        reply_to=by.user.email if by.user else "",
        dedupe_key=f"{MAIL}:{request.public_id}",
    )
    return request


@transaction.atomic
def share_relationship_request(*, request: RelationshipRequest, by: Actor) -> RelationshipRequest:
    """Let the request be answered, for a message that the person sends without the portal; once, as above."""
    return _leave(request, by, action="relationship_request.shared")


@transaction.atomic
def discard_request_draft(*, request: RelationshipRequest, by: Actor) -> None:
    """Remove a draft; what has left the portal is revoked instead, so that it is remembered.

    A second press finds it done.
    """
    require(by, Permission.REQUEST_RELATIONSHIP, request)
    rows = RelationshipRequest.objects.filter(pk=request.pk)
    if not rows.filter(state=State.DRAFT).delete()[0] and rows.exists():
        raise InvalidTransition(_("This request was sent in the meantime. Revoke it if it should not be answered."))


@transaction.atomic
def revoke_relationship_request(*, request: RelationshipRequest, by: Actor) -> RelationshipRequest:
    """Withdraw an unanswered request for good; a mail that still waits is not sent. A second call changes nothing."""
    require(by, Permission.REQUEST_RELATIONSHIP, request)
    now = clock.now()
    if move_request(request, State.REVOKED, at=now, answered_at=now, answered_by=by.user):
        request = _reload(request)
        names = {"reseller": request.reseller.recorded_name, "state": [State.SENT, request.state]}
        record("relationship_request.revoked", request, by=by, **names)
        return request
    request = _reload(request)
    if request.state != State.REVOKED:
        raise _changed_meanwhile()
    return request


def revoke_requests_for(partnership: Partnership, *, by: Actor, at: datetime) -> int:
    """Withdraw what customers are still asked for a reseller whose partnership ends; return how many there were.

    The caller holds the partnership, which an answer takes before it looks at its request.
    """
    rows = RelationshipRequest.objects.filter(
        state=State.SENT, reseller=partnership.reseller_id, customer__provider=partnership.provider_id
    )
    # Held, so that none is recorded as withdrawn that its customer declines, or a colleague withdraws, at this moment.
    held = rows.select_for_update(of=("self",), no_key=True)
    requests = list(held.select_related("customer__provider", "reseller").order_by("pk"))
    if requests:
        rows.update(state=State.REVOKED, answered_at=at, answered_by=by.user)
        names = {"reseller": partnership.reseller.recorded_name, "state": [State.SENT, State.REVOKED]}
        record_all([composed("relationship_request.revoked", one, by=by, **names) for one in requests])
    return len(requests)


def move_request(request: RelationshipRequest, to: str, *, at: datetime, **fields: Any) -> bool:
    """Answer or withdraw a request by one guarded UPDATE: of two people at once one is told False."""
    open_ones = RelationshipRequest.objects.filter(pk=request.pk, state=State.SENT, expires_at__gt=at)
    return bool(open_ones.update(state=to, **fields))


def may_leave(email: OutgoingEmail) -> dict[str, str] | None:
    """Asked before the mail leaves: None, so that it does not, once nobody could answer it any more."""
    return {} if RelationshipRequest.objects.awaiting_answer().filter(pk=email.about_id).exists() else None


def request_mail(request: RelationshipRequest) -> OutgoingEmail | None:
    """The mail by which the portal sent this request, if it did."""
    return OutgoingEmail.objects.about(request).filter(kind=MAIL).first()


def _leave(request: RelationshipRequest, by: Actor, *, action: str) -> RelationshipRequest:
    """Let a draft be answered from now on, unless the customer has another one to answer or nothing to say."""
    require(by, Permission.REQUEST_RELATIONSHIP, request)
    customer, reseller = request.customer, request.reseller
    lock_partnership(customer.provider, reseller, customer_country=customer.country_code)
    lock_customer(customer)
    request = _reload(request)
    if request.state != State.DRAFT:
        return request
    if request.reseller_id != reseller.pk:
        raise _changed_meanwhile()
    now = clock.now()
    _settle_earlier(request, now)
    _refuse_what_is(request)
    expires_at = now + timedelta(days=VALID_DAYS)
    drafts = RelationshipRequest.objects.filter(pk=request.pk, state=State.DRAFT)
    if not drafts.update(state=State.SENT, sent_at=now, expires_at=expires_at):
        raise _changed_meanwhile()
    request = _reload(request)
    record(
        action,
        request,
        by=by,
        reseller=request.reseller.recorded_name,
        scope=request.scope,
        to=customer.contact_email,
        valid_until=expires_at,
    )
    return request


def _settle_earlier(request: RelationshipRequest, now: datetime) -> None:
    """Close an expired request of a locked customer, which nobody answered; refuse where one can still be answered."""
    earlier = RelationshipRequest.objects.filter(customer=request.customer_id, state=State.SENT)
    if pending := earlier.filter(expires_at__gt=now).select_related("reseller").first():
        raise RequestAlreadyOpen(pending)
    # Without anybody who answered: so it goes on being shown as expired.
    earlier.update(state=State.REVOKED)


def _refuse_what_is(request: RelationshipRequest) -> None:
    current = ResellerRelationship.objects.current().filter(customer=request.customer_id)
    if current.filter(reseller=request.reseller_id, scope=request.scope).exists():
        text = _("%(reseller)s has this access to the customer already. Choose another reseller or another access.")
        raise AlreadyInForce(text % {"reseller": request.reseller})


def _require_partnership(provider: Partner, reseller: Partner) -> None:
    """A request names a reseller of the provider; whether it is ready is asked when the request leaves."""
    if not Partnership.objects.active().filter(provider=provider, reseller=reseller).exists():
        raise Refused(
            _("You have no partnership with %(reseller)s. Choose another indirect reseller.") % {"reseller": reseller}
        )


def _changed_meanwhile() -> InvalidTransition:
    return InvalidTransition(_("This request has changed in the meantime. Look at where it stands now."))


def _standard(request: RelationshipRequest, language: str) -> str:
    text = default_message(request.customer, request.customer.provider, request.created_by, language)
    return clean_message(text)


def _reload(request: RelationshipRequest) -> RelationshipRequest:
    """As it is now; only a draft can be gone."""
    return DraftDiscarded.unless(RelationshipRequest.objects.with_people().filter(pk=request.pk).first())
