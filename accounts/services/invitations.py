"""Invitations of colleagues: sent, sent again, revoked, accepted by whoever reads the mailbox."""

import dataclasses
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.access import Actor, require
from accounts.models import ColleagueInvitation, Membership, Partner, User
from accounts.models.invitations import INVITATION_LIFE, new_invitation_nonce
from accounts.roles import Permission, Role
from accounts.services.colleagues import acting_now, lock_people, require_role
from accounts.services.companies import add_member
from accounts.services.mailboxes import mark_mailbox_proved
from accounts.services.people import open_own_account
from activity.services import record
from core import clock
from core.exceptions import InvalidTransition, Refused
from core.html import date_text
from core.text import email_key
from mail.models import OutgoingEmail
from mail.services import queue_email

KIND = "colleague_invited"
DAY = timedelta(days=1)
PER_PERSON = 50  # in any 24 hours
PER_COMPANY = 200
MAILS_PER_ADDRESS = 5  # of all companies together: nobody's mailbox is flooded through the portal
RESENDS = 5
RESEND_PAUSE = timedelta(minutes=10)


class LimitReached(Refused):
    """Too much was sent lately."""


class InvitationOver(Refused):
    """The link opens nothing any more: revoked, replaced, or never sent."""


class InvitationExpired(InvitationOver):
    """Its time ran out."""


class InvitationUsed(InvitationOver):
    """Somebody has accepted it."""


class CompanyUnavailable(Refused):
    """The company may not act now; the invitation waits."""


class AnotherAccount(Refused):
    """The invitation is for another address than that of the account."""


class UnsuitableAccount(Refused):
    """The address belongs to an account that cannot work for a company."""


# --- the company's side -----------------------------------------------------------------------------------------------
@transaction.atomic
def invite_colleague(*, email: str, role: str, language: str, by: Actor) -> ColleagueInvitation:
    """Mail whoever reads the address a link to work for the company in a role, at most one's own.

    Whether the address has an account here plays no part, so the answer says nothing about it.
    """
    require(by, Permission.MANAGE_PEOPLE)
    assert by.partner is not None
    assert by.user is not None
    company = lock_people(by.partner)
    inviter, by = by.user, acting_now(by)
    require(by, Permission.MANAGE_PEOPLE)
    require_role(by, role)
    key = email_key(email)
    if Membership.objects.filter(partner=company, ended_at=None, user__sign_in_name=key).exists():
        raise Refused(_("%(address)s already works for your company.") % {"address": key})
    _check_quota(company, by)
    check_address(key)
    earlier = ColleagueInvitation.objects.open().filter(partner=company, address_key=key).first()
    if earlier is not None and not earlier.is_expired:
        raise Refused(_("%(address)s has an invitation already. Send it again, or revoke it first.") % {"address": key})
    if earlier is not None:
        _end(earlier)
    invitation = ColleagueInvitation.objects.create(
        partner=company, address_key=key, role=Role(role), language=language, created_by=inviter
    )
    record("colleague_invitation.sent", invitation, by=by, to=key, role=role, valid_until=invitation.expires_at)
    _mail(invitation, by)
    return invitation


@transaction.atomic
def resend_invitation(*, invitation: ColleagueInvitation, by: Actor) -> ColleagueInvitation:
    """Mail it again with a new link and a full time; the link before it opens nothing any more."""
    invitation, by = _hold(invitation, by)
    if invitation.resend_number >= RESENDS:
        text = _("This invitation was sent again %(limit)d times, which is the limit. Revoke it and invite anew.")
        raise LimitReached(text % {"limit": RESENDS})
    now = clock.now()
    if invitation.sent_at + RESEND_PAUSE > now:
        raise LimitReached(_("This invitation was sent a moment ago. Wait ten minutes before you send it again."))
    _check_quota(invitation.partner, by)
    check_address(invitation.address_key)
    invitation.nonce, invitation.sent_at, invitation.expires_at = new_invitation_nonce(), now, now + INVITATION_LIFE
    invitation.resend_number += 1
    invitation.save(update_fields=["nonce", "sent_at", "expires_at", "resend_number"])
    record("colleague_invitation.resent", invitation, by=by, valid_until=invitation.expires_at)
    _mail(invitation, by)
    return invitation


@transaction.atomic
def revoke_invitation(*, invitation: ColleagueInvitation, by: Actor) -> ColleagueInvitation:
    """Withdraw it: the link stops working, and a mail that still waits is not sent."""
    invitation, by = _hold(invitation, by)
    return withdraw_invitation(invitation, by)


def withdraw_invitation(invitation: ColleagueInvitation, by: Actor) -> ColleagueInvitation:
    """Revoke an open invitation for whoever was found to be allowed to and holds the company's people."""
    _end(invitation)
    record("colleague_invitation.revoked", invitation, by=by)
    return invitation


# --- the reader's side ------------------------------------------------------------------------------------------------
def check_invitation(invitation: ColleagueInvitation, nonce: str) -> None:
    """Raise why this link, opened with this nonce, cannot be accepted by anybody now."""
    if not nonce or nonce != invitation.nonce or invitation.revoked_at is not None:
        raise InvitationOver(_("This invitation does not work any more."))
    if invitation.accepted_at is not None:
        raise InvitationUsed(_("This invitation was accepted already."))
    if invitation.is_expired:
        raise InvitationExpired(_("The time of this invitation ran out."))
    if not invitation.partner.is_enrolled:
        raise CompanyUnavailable(_("The company cannot take anybody in at the moment."))


def check_reader(invitation: ColleagueInvitation, user: User) -> None:
    """Raise why this account cannot accept."""
    if user.sign_in_name != invitation.address_key:
        raise AnotherAccount(_("This invitation is for another account."))
    if user.is_staff or not user.email or not user.is_active:
        raise UnsuitableAccount(_("This account cannot work for a company. Ask for an invitation to another address."))


@transaction.atomic
def accept_invitation(*, invitation: ColleagueInvitation, nonce: str, by: Actor) -> Membership:
    """Begin to work for the company with the account one is signed in with, which has the invited address."""
    assert by.user is not None
    invitation = _held(invitation)
    if invitation.accepted_by_id == by.user.pk and invitation.nonce == nonce:
        # Pressed twice.
        present = Membership.objects.current().filter(user=by.user, partner=invitation.partner).first()
        if present is not None:
            return present
    check_invitation(invitation, nonce)
    check_reader(invitation, by.user)
    return _begin(invitation, by.user, by)


@transaction.atomic
def accept_with_account(
    *, invitation: ColleagueInvitation, nonce: str, full_name: str, language: str, password: str, by: Actor
) -> Membership:
    """Create the account of the invited address, which the link has proved, and begin to work.

    Raises AddressTaken where it has one meanwhile.
    """
    invitation = _held(invitation)
    check_invitation(invitation, nonce)
    user = open_own_account(
        address=invitation.address_key, full_name=full_name, language=language, password=password, by=by
    )
    return _begin(invitation, user, by)


def _begin(invitation: ColleagueInvitation, user: User, by: Actor) -> Membership:
    by = dataclasses.replace(by, user=user)
    invitation.accepted_at, invitation.accepted_by = clock.now(), user
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    # The link went to this mailbox and nowhere else.
    mark_mailbox_proved(user=user, by=by)
    record("colleague_invitation.accepted", invitation, by=by)
    membership = add_member(partner=invitation.partner, role=invitation.role, user=user, by=by)
    _tell_inviter(invitation, membership)
    return membership


# --- locks and limits -------------------------------------------------------------------------------------------------
def _hold(invitation: ColleagueInvitation, by: Actor) -> tuple[ColleagueInvitation, Actor]:
    held, by = _held(invitation), acting_now(by)
    require(by, Permission.MANAGE_PEOPLE, held)
    if not held.is_open:
        raise InvalidTransition(_("This invitation was accepted or revoked in the meantime."))
    return held, by


def _held(invitation: ColleagueInvitation) -> ColleagueInvitation:
    """The invitation as it is now; the company's lock keeps every other hand off it and off the company's people."""
    lock_people(invitation.partner)
    return ColleagueInvitation.objects.select_related("partner", "created_by").get(pk=invitation.pk)


def _end(invitation: ColleagueInvitation) -> None:
    invitation.revoked_at, invitation.nonce = clock.now(), new_invitation_nonce()
    invitation.save(update_fields=["revoked_at", "nonce"])


def _check_quota(company: Partner, by: Actor) -> None:
    since = clock.now() - DAY
    recent = ColleagueInvitation.objects.filter(partner=company, sent_at__gt=since)
    if recent.filter(created_by=by.user).count() >= PER_PERSON or recent.count() >= PER_COMPANY:
        raise LimitReached(_("So many invitations were sent in 24 hours that no more are possible today."))


def check_address(key: str) -> None:
    """Refuse a mail that would be one too many today for the address, whoever asks it."""
    since: datetime = clock.now() - DAY
    mails = OutgoingEmail.objects.filter(kind=KIND, recipient=key, created_at__gt=since)
    if mails.count() >= MAILS_PER_ADDRESS:
        raise LimitReached(_("This address gets no more invitations by mail today. Try again tomorrow."))


# --- mails ------------------------------------------------------------------------------------------------------------
def _mail(invitation: ColleagueInvitation, by: Actor) -> None:
    assert by.user is not None
    with translation.override(invitation.language):
        role, day = str(Role(invitation.role).label), date_text(invitation.expires_at)
    queue_email(
        KIND,
        to=invitation.address_key,
        language=invitation.language,
        context={"inviter": by.user.full_name, "company": invitation.partner.legal_name, "role": role, "last_day": day},
        about=invitation,
        reply_to=by.user.email,
    )


def _tell_inviter(invitation: ColleagueInvitation, membership: Membership) -> None:
    """Tell whoever invited, if still at work."""
    inviter = invitation.created_by
    at_work = Membership.objects.current().filter(partner=invitation.partner, user=inviter)
    if not inviter.email or not at_work.exists():
        return
    with translation.override(inviter.language):
        role = str(Role(membership.role).label)
    page = settings.PORTAL_BASE_URL + reverse("people:detail", args=[membership.pk])
    queue_email(
        "colleague_joined",
        to=inviter.email,
        language=inviter.language,
        context={
            "name": inviter.full_name,
            "person": membership.user.full_name,
            "person_address": membership.user.sign_in_name,
            "company": invitation.partner.legal_name,
            "role": role,
            "page": page,
        },
        about=membership,
    )
