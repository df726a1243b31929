"""The reseller's side of a request: who may answer, accept, decline."""

import dataclasses

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django_countries import countries

from accounts.access import Actor, can
from accounts.mailboxes import PUBLIC_MAIL_DOMAINS
from accounts.models import Membership, Partner
from accounts.roles import Permission, Role
from activity.services import record
from core import clock
from core.exceptions import InvalidTransition, Refused
from core.text import email_key
from mail.services import queue_email
from resellers.models import Partnership, PartnershipRequest
from resellers.refusals import (
    AlreadyPartners,
    AnotherAccount,
    LinkWithdrawn,
    NoReseller,
    NotEnrolled,
    NotYetSent,
    OwnRequest,
    ProviderUnavailable,
    RequestExpired,
    RequestReplaced,
    RequestUsed,
    RoleTooLow,
)
from resellers.services.requests import move
from resellers.wording import GRANTS, moment_in

State = PartnershipRequest.State


@transaction.atomic
def accept_request(*, request: PartnershipRequest, nonce: str, by: Actor) -> Partnership:
    """Make the actor's company an indirect reseller of the provider, exactly once, whoever else presses meanwhile.

    Everything the page showed is checked again here; the person who accepted before gets the same partnership.
    """
    try:
        with transaction.atomic():
            return _connect(_reload(request), nonce, by)
    except (IntegrityError, Refused):
        # Somebody was faster, perhaps by a moment between two reads, and perhaps this very person's other press.
        request = _reload(request)
        if accepted_by(request, by):
            return _partnership(request)
        check_answer(request, nonce, by)
        raise


@transaction.atomic
def decline_request(*, request: PartnershipRequest, nonce: str, by: Actor) -> PartnershipRequest:
    """Say no, with or without an account; until the request expires it can still be accepted."""
    request = _reload(request)
    check_link(request, nonce)
    if request.state == State.DECLINED:
        return request
    person = by.user if by.user and by.user.is_authenticated else None
    move(request, State.DECLINED, answered_at=clock.now(), answered_by=person)
    request = _reload(request)
    record("partnership_request.declined", request, by=by)
    sender = request.sent_by
    if sender and sender.email and request.expires_at:
        queue_email(
            "partnership_declined",
            to=sender.email,
            language=sender.language,
            context={
                "recipient": request.recipient,
                "valid_until": moment_in(sender, request.expires_at),
                "address": f"{settings.PORTAL_BASE_URL}{request.get_absolute_url()}",
            },
            about=request,
        )
    return request


def check_link(request: PartnershipRequest, nonce: str) -> None:
    """Raise the refusal that belongs to the link, whoever holds it; the order is from what may be told to anybody."""
    if request.nonce != nonce or request.state == State.REVOKED:
        raise LinkWithdrawn
    if request.state == State.DRAFT:
        raise NotYetSent
    if request.state == State.ACCEPTED:
        raise RequestUsed
    if request.state == State.SUPERSEDED:
        raise RequestReplaced
    if request.state == State.EXPIRED or request.expires_at is None or request.expires_at <= clock.now():
        raise RequestExpired
    if not (request.provider.is_provider and request.provider.is_enrolled):
        raise ProviderUnavailable


def check_answer(request: PartnershipRequest, nonce: str, by: Actor) -> Partner:
    """Return the company that would become a reseller, or raise what stands in the way of this person and company."""
    check_link(request, nonce)
    # Read anew: the actor is as old as the page, and its role or its company's enrolment may have changed since.
    membership = _current_membership(by)
    reseller = membership.partner if membership else None
    if reseller == request.provider:
        raise OwnRequest
    if by.user is None or not address_fits(request.recipient_key, by.user.email):
        raise AnotherAccount
    if reseller is None or not reseller.is_reseller:
        raise NoReseller
    if not reseller.is_enrolled:
        raise NotEnrolled(reseller)
    if Partnership.objects.active().filter(provider=request.provider, reseller=reseller).exists():
        raise AlreadyPartners(reseller)
    if membership is None or not can(_acting(by, membership), Permission.ACCEPT_PARTNERSHIP):
        raise RoleTooLow(reseller)
    return reseller


def address_fits(recipient_key: str, address: str) -> bool:
    """Whether a person with this address may answer: the same company's domain, or a request to nobody by name."""
    if not recipient_key:
        return True
    try:
        key = email_key(address)
    except ValidationError:
        return False
    domain = recipient_key.rpartition("@")[2]
    return key == recipient_key or (domain == key.rpartition("@")[2] and domain not in PUBLIC_MAIL_DOMAINS)


def accepted_by(request: PartnershipRequest, by: Actor) -> bool:
    """Whether this very person has accepted the request."""
    return request.state == State.ACCEPTED and by.user is not None and request.answered_by_id == by.user.pk


def _current_membership(by: Actor) -> Membership | None:
    if by.user is None or by.partner is None:
        return None
    rows = Membership.objects.current().filter(user=by.user, partner=by.partner)
    return rows.select_related("partner").first()


def _acting(by: Actor, membership: Membership) -> Actor:
    return dataclasses.replace(by, partner=membership.partner, role=Role(membership.role))


def _reload(request: PartnershipRequest) -> PartnershipRequest:
    related = ("provider", "created_by", "sent_by", "partnership__reseller")
    return PartnershipRequest.objects.select_related(*related).get(pk=request.pk)


def _partnership(request: PartnershipRequest) -> Partnership:
    assert request.partnership is not None
    return request.partnership


def _connect(request: PartnershipRequest, nonce: str, by: Actor) -> Partnership:
    """Check, then write: of those who come this far at once, the constraint and the guarded UPDATE let one pass."""
    reseller = check_answer(request, nonce, by)
    now = clock.now()
    partnership = Partnership.objects.create(provider=request.provider, reseller=reseller, began_at=now)
    accepted = PartnershipRequest.objects.answerable().filter(pk=request.pk, nonce=nonce)
    if not accepted.update(state=State.ACCEPTED, partnership=partnership, answered_at=now, answered_by=by.user):
        raise InvalidTransition(_("This request has changed in the meantime. Look at where it stands now."))
    request = _reload(request)
    _supersede_others(request, by)
    record("partnership_request.accepted", request, by=by)
    record("partnership.began", partnership, by=by)
    _tell_both_sides(request, reseller, by)
    return partnership


def _supersede_others(request: PartnershipRequest, by: Actor) -> None:
    """Close what else this provider asks of the same addresses: it has its answer."""
    addresses = {request.recipient_key, email_key(by.user.email) if by.user else ""} - {""}
    others = PartnershipRequest.objects.filter(provider=request.provider, recipient_key__in=addresses)
    open_states = Q(state=State.SENT) | Q(state=State.DECLINED)
    # Skipping what somebody else holds: two who accept at once must not wait for each other in a circle.
    for other in others.filter(open_states).exclude(pk=request.pk).select_for_update(skip_locked=True).order_by("pk"):
        move(other, State.SUPERSEDED)
        record("partnership_request.superseded", other, by=by)


def _tell_both_sides(request: PartnershipRequest, reseller: Partner, by: Actor) -> None:
    sender, person = request.sent_by, by.user
    names = {"provider": request.provider.legal_name, "reseller": reseller.legal_name, "person": str(person)}
    if sender and sender.email:
        with translation.override(sender.language):
            country = countries.name(str(reseller.country))
        queue_email(
            "partnership_accepted",
            to=sender.email,
            language=sender.language,
            context={
                **names,
                "country": country,
                "mpn_id": reseller.mpn_id,
                "address": f"{settings.PORTAL_BASE_URL}{reverse('resellers:list')}",
            },
            about=request,
        )
    if person and person.email:
        queue_email(
            "partnership_welcome",
            to=person.email,
            language=person.language,
            context={
                **names,
                "sender": str(sender),
                "grants": GRANTS,
                "address": f"{settings.PORTAL_BASE_URL}{reverse('resellers:providers')}",
            },
            about=request,
            reply_to=sender.email if sender else "",
        )
