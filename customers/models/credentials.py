"""The account that administers a customer, and the handing over of its temporary password."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from accounts.access import Actor
from core import clock
from customers.models.customers import Customer


class CustomerAdministrator(models.Model):
    """A person who signs in to administer the customer: `admin@prefix.onmicrosoft.com`."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        on_delete=models.PROTECT,
        related_name="customer_administrator",
    )
    customer = models.ForeignKey(
        Customer, verbose_name=_("customer"), on_delete=models.PROTECT, related_name="administrators"
    )

    class Meta:
        verbose_name = _("customer administrator")
        verbose_name_plural = _("customer administrators")

    def __str__(self) -> str:
        return self.user.sign_in_name


class TemporaryPasswordQuerySet(models.QuerySet["TemporaryPassword"]):
    """Handings-over by who may see them and how far they are."""

    def visible_to(self, actor: Actor) -> "TemporaryPasswordQuerySet":
        """Those of a provider's own customers; who manages a customer for it has no part in this."""
        return self.filter(administrator__customer__provider=actor.partner) if actor.is_provider else self.none()

    def not_handed_over(self) -> "TemporaryPasswordQuerySet":
        """The last one of each administrator that nobody used and nobody stored, or that ran out unused."""
        later = TemporaryPassword.objects.filter(administrator=OuterRef("administrator"), pk__gt=OuterRef("pk"))
        return self.filter(
            Q(stored_at=None) | Q(valid_until__lte=clock.now()),
            ~Exists(later),
            administrator__user__must_change_password=True,
        )

    def in_stage(self, stage: str) -> "TemporaryPasswordQuerySet":
        """Those of a stage, by the same rules as `stage` of each."""
        valid = Q(valid_until__gt=clock.now())
        return self.filter(
            {
                TemporaryPassword.Stage.EXPIRED: ~valid,
                TemporaryPassword.Stage.STORED: valid & Q(stored_at__isnull=False),
                TemporaryPassword.Stage.SHOWN: valid & Q(stored_at=None, revealed_at__isnull=False),
                TemporaryPassword.Stage.NOT_SHOWN: valid & Q(stored_at=None, revealed_at=None),
            }[TemporaryPassword.Stage(stage)]
        )


class TemporaryPassword(models.Model):
    """One handing-over of a temporary password: encrypted until its one reveal, then only who saw it and when.

    The ciphertext opens for one person in one session and for a quarter of an hour; then it is blanked.
    """

    class Reason(models.TextChoices):
        """Why a further one is issued."""

        LOST = "lost", _("The customer lost or forgot the password")
        NOT_RECEIVED = "not_received", _("The password never reached the customer")
        RAN_OUT = "ran_out", _("The password was not looked at, stored or used in time")
        EXPOSED = "exposed", _("Somebody else may have seen the password")
        OTHER = "other", _("Another reason")

    class Stage(models.TextChoices):
        """How far the handing-over of one that nobody used is."""

        NOT_SHOWN = "not_shown", _("Never shown")
        SHOWN = "shown", _("Shown, not stored")
        STORED = "stored", _("Stored, to be handed over")
        EXPIRED = "expired", _("Expired unused")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    administrator = models.ForeignKey(
        CustomerAdministrator,
        verbose_name=_("customer administrator"),
        on_delete=models.PROTECT,
        related_name="temporary_passwords",
    )
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("issued by"), on_delete=models.PROTECT, related_name="+"
    )
    issued_at = models.DateTimeField(_("issued"), default=clock.now, editable=False)
    valid_until = models.DateTimeField(_("valid until"))
    ciphertext = models.BinaryField(null=True, editable=False)
    session_hash = models.CharField(max_length=64, blank=True, editable=False)
    reveal_until = models.DateTimeField(_("can be shown until"), null=True, editable=False)
    revealed_at = models.DateTimeField(_("shown"), null=True, blank=True, editable=False)
    # Why a further one was issued: a Reason, and after a colon what the person added. The first one has none.
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    # When somebody said that it is stored, to be handed over.
    stored_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = TemporaryPasswordQuerySet.as_manager()

    class Meta:
        verbose_name = _("temporary password")
        verbose_name_plural = _("temporary passwords")
        ordering = ("-issued_at", "-pk")
        indexes = (
            models.Index(
                fields=["reveal_until"], condition=Q(ciphertext__isnull=False), name="temporarypassword_unopened"
            ),
        )

    def __str__(self) -> str:
        return f"{self.administrator} · {self.issued_at:%Y-%m-%d %H:%M}"

    @property
    def reason_words(self) -> str:
        """Why it was issued, in the active language; nothing for the first."""
        code, _colon, note = self.reason.partition(": ")
        label = str(dict(self.Reason.choices).get(code, code))
        return f"{label}: {note}" if note else label

    @property
    def stage(self) -> "TemporaryPassword.Stage":
        """How far its handing-over is, as long as nobody used it."""
        if self.valid_until <= clock.now():
            return self.Stage.EXPIRED
        if self.stored_at is not None:
            return self.Stage.STORED
        return self.Stage.SHOWN if self.revealed_at is not None else self.Stage.NOT_SHOWN

    def get_stage_display(self) -> str:
        """The stage in words, as lists show it."""
        return str(self.stage.label)
