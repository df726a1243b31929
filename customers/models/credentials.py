"""The account that administers a customer, and the handing over of its temporary password."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core import clock
from customers.models.customers import Customer


class CustomerAdministrator(models.Model):
    """A person who signs in to administer the customer: `admin@prefix.onmicrosoft.com`."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="customer_administrator"
    )
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="administrators")

    class Meta:
        verbose_name = _("customer administrator")
        verbose_name_plural = _("customer administrators")

    def __str__(self) -> str:
        return self.user.sign_in_name


class TemporaryPassword(models.Model):
    """One handing-over of a temporary password: encrypted until its one reveal, then only who saw it and when.

    The ciphertext opens for one person in one session and for a quarter of an hour; then it is blanked.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    administrator = models.ForeignKey(
        CustomerAdministrator, on_delete=models.PROTECT, related_name="temporary_passwords"
    )
    issued_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    issued_at = models.DateTimeField(default=clock.now, editable=False)
    valid_until = models.DateTimeField()
    ciphertext = models.BinaryField(null=True, editable=False)
    session_hash = models.CharField(max_length=64, blank=True, editable=False)
    reveal_until = models.DateTimeField(null=True, editable=False)
    revealed_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Why a further one was issued; empty for the first, which comes with the customer.
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    # When somebody said that it is stored, to be handed over.
    stored_at = models.DateTimeField(null=True, blank=True, editable=False)

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
