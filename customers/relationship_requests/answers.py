"""The customer's side of a request for a reseller relationship: accept or decline."""

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.access import Actor, require
from accounts.roles import Permission
from activity.services import record
from core import clock
from core.exceptions import InvalidTransition, NotPermitted, Refused
from customers.models import Customer, RelationshipRequest
from customers.relationship_requests.services import move_request
from customers.relationships import (
    begin_relationship,
    current_relationship,
    lock_customer,
    replace_manager,
    switch_scope,
)
from customers.services import PartnershipRequired, lock_partnership
from mail.services import queue_email
from resellers.models import Partnership

State = RelationshipRequest.State


class RequestOver(InvalidTransition):
    """The request was answered, withdrawn or expired before this answer came."""


class ResellerNotReady(Refused):
    """The reseller cannot be given access today; to settle that is the provider's, and its reasons are not told."""


class ManagerChanged(Refused):
    """Another reseller manages the customer than the administrator was shown."""


@transaction.atomic
def accept_relationship_request(*, request: RelationshipRequest, replaces: str, by: Actor) -> RelationshipRequest:
    """Let the reseller manage the account as asked, from this moment on; who managed it before does so no longer.

    `replaces` is the Microsoft ID of the managing reseller that the administrator was shown, or "". Everything is
    checked again under the locks of the partnership and the customer. A second call changes nothing.
    """
    require(by, Permission.ANSWER_RELATIONSHIP, request)
    if by.user is None:
        raise NotPermitted("A request is answered by a person.")
    partnership = _lock_partnership(request)
    customer = lock_customer(request.customer)
    now = clock.now()
    if not move_request(request, State.ACCEPTED, at=now, answered_at=now, answered_by=by.user):
        return _settled(request, State.ACCEPTED)
    request = _reload(request)
    _take_effect(request, partnership, customer, replaces, by)
    granted = {"reseller": request.reseller.recorded_name, "scope": request.scope}
    record("relationship_request.accepted", request, by=by, state=[State.SENT, request.state], **granted)
    _tell_the_asker(request, "relationship_accepted")
    return request


@transaction.atomic
def decline_relationship_request(*, request: RelationshipRequest, reason: str = "", by: Actor) -> RelationshipRequest:
    """Say no, for good; nothing changes for anybody. A second call changes nothing."""
    require(by, Permission.ANSWER_RELATIONSHIP, request)
    now = clock.now()
    declined = {"answered_at": now, "answered_by": by.user, "reason": reason}
    if not move_request(request, State.DECLINED, at=now, **declined):
        return _settled(request, State.DECLINED)
    request = _reload(request)
    refused = {"reseller": request.reseller.recorded_name, "reason": reason}
    record("relationship_request.declined", request, by=by, state=[State.SENT, request.state], **refused)
    _tell_the_asker(request, "relationship_declined")
    return request


def _lock_partnership(request: RelationshipRequest) -> Partnership:
    customer = request.customer
    try:
        return lock_partnership(customer.provider, request.reseller, customer_country=customer.country_code)
    except PartnershipRequired as refusal:
        text = _(
            "%(reseller)s cannot be given access to your account at the moment. Nothing was changed. "
            "%(provider)s knows what has to be settled first; ask it, and accept afterwards."
        )
        names = {"reseller": request.reseller, "provider": customer.provider}
        raise ResellerNotReady(text % names) from refusal


def _take_effect(
    request: RelationshipRequest, partnership: Partnership, customer: Customer, replaces: str, by: Actor
) -> None:
    present = current_relationship(customer)
    if (str(present.reseller.microsoft_id) if present else "") != replaces:
        raise ManagerChanged(
            _("Another reseller manages your account than this page said. Read again what accepting changes.")
        )
    if present is None:
        begin_relationship(customer, partnership, scope=request.scope, by=by, now=clock.now())
    elif present.reseller_id != request.reseller_id:
        replace_manager(present, partnership, scope=request.scope, by=by)
    elif present.scope != request.scope:
        switch_scope(present, request.scope, by=by)


def _settled(request: RelationshipRequest, wanted: str) -> RelationshipRequest:
    """The request as it is, where it is what was wanted; else a refusal that says what became of it."""
    request = _reload(request)
    if request.state == wanted:
        return request
    texts = {
        State.ACCEPTED: _("This request was accepted in the meantime."),
        State.DECLINED: _("This request was declined in the meantime."),
        State.REVOKED: _("%(provider)s withdrew this request. Nothing was changed.")
        % {"provider": request.customer.provider},
    }
    expired = _("The time to answer this request is over. Ask %(provider)s for a new one.")
    if request.is_expired:
        raise RequestOver(expired % {"provider": request.customer.provider})
    raise RequestOver(texts[State(request.state)])


def _tell_the_asker(request: RelationshipRequest, kind: str) -> None:
    """Write to the person who asked; whoever left the company is not written to."""
    asker, customer = request.created_by, request.customer
    if not asker.email or not asker.is_active:
        return
    with override(asker.language):
        scope = request.get_scope_display()
    queue_email(
        kind,
        to=asker.email,
        language=asker.language,
        context={
            "name": asker.full_name,
            "customer_name": customer.company_name,
            "customer_domain": customer.domain,
            "reseller_name": request.reseller.legal_name,
            "scope": scope,
            "reason": request.reason,
            "request_path": request.get_absolute_url(),
        },
        about=request,
    )


def _reload(request: RelationshipRequest) -> RelationshipRequest:
    return RelationshipRequest.objects.with_people().get(pk=request.pk)
