"""Invitations of colleagues."""

import secrets
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models.partners import Partner
from accounts.roles import Permission, Role, roles_up_to
from core import clock

INVITATION_LIFE = timedelta(days=10)


def new_invitation_nonce() -> str:
    """What the secret half of a link is derived from, together with a key; a new one kills the links before it."""
    return secrets.token_hex(16)


def invitation_expiry() -> datetime:
    """When an invitation that is sent now stops working."""
    return clock.now() + INVITATION_LIFE


class ColleagueInvitationQuerySet(models.QuerySet["ColleagueInvitation"]):
    """Invitations by who may see them and where they stand."""

    def visible_to(self, actor: Any) -> "ColleagueInvitationQuerySet":
        """Those of the company for which somebody acts."""
        if actor.partner is None or not actor.partner.is_enrolled:
            return self.none()
        return self.filter(partner=actor.partner)

    def open(self) -> "ColleagueInvitationQuerySet":
        """Neither accepted nor revoked; one whose time ran out can be sent again."""
        return self.filter(accepted_at=None, revoked_at=None)

    def answerable(self) -> "ColleagueInvitationQuerySet":
        """Open, and within their time."""
        return self.open().filter(expires_at__gt=clock.now())


class ColleagueInvitation(models.Model):
    """A company asks whoever reads one mailbox to work for it, in a role; nobody else can accept."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="invitations")
    # The normal form of the address, which the account that accepts must have as its sign-in name.
    address_key = models.CharField(_("e-mail address"), max_length=254)
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    language = models.CharField(_("language of the e-mail"), max_length=10, default="en")
    nonce = models.CharField(max_length=32, default=new_invitation_nonce, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("invited by"), on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(default=clock.now, editable=False)
    sent_at = models.DateTimeField(pgettext_lazy("invitation", "sent"), default=clock.now)
    expires_at = models.DateTimeField(_("valid until"), default=invitation_expiry)
    resend_number = models.PositiveSmallIntegerField(default=0, editable=False)
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ColleagueInvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation of a colleague")
        verbose_name_plural = _("invitations of colleagues")
        constraints = (
            models.CheckConstraint(condition=Q(role__in=Role.values), name="colleagueinvitation_role_known"),
            models.CheckConstraint(
                condition=Q(accepted_at=None, accepted_by=None)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False, revoked_at=None),
                name="colleagueinvitation_one_end",
            ),
            models.UniqueConstraint(
                fields=["partner", "address_key"],
                condition=Q(accepted_at=None, revoked_at=None),
                name="colleagueinvitation_one_open_per_address",
            ),
        )

    def __str__(self) -> str:
        return self.address_key

    def get_absolute_url(self) -> str:
        """The company's page of the invitation."""
        return reverse("people:invitation", args=[self.public_id])

    @property
    def is_open(self) -> bool:
        """Whether nobody accepted or revoked it."""
        return self.accepted_at is None and self.revoked_at is None

    @property
    def is_expired(self) -> bool:
        """Whether its time ran out unanswered."""
        return self.is_open and self.expires_at <= clock.now()

    def permits(self, actor: Any, permission: Permission) -> bool:
        """Nobody handles an invitation to a role above their own."""
        return actor.role is not None and Role(self.role) in roles_up_to(actor.role)

    def activity_parties(self) -> dict[str, uuid.UUID | None]:
        """In whose record of activity it appears: the company's."""
        return self.partner.activity_parties()
