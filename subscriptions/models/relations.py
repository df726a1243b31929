"""The two dated relations of each subscription to a reseller."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Partner
from core import clock
from subscriptions.models.subscriptions import Subscription


class SubscriptionRelation(models.Model):
    """A dated relation of a subscription to a reseller."""

    reseller = models.ForeignKey(
        Partner, verbose_name=_("reseller"), on_delete=models.PROTECT, related_name="%(class)ss"
    )
    begins_at = models.DateTimeField(_("since"), default=clock.now)
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("set by"), on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.reseller)


class ResellerOfRecord(SubscriptionRelation):
    """The reseller that earns the incentives, known to the programme by its MPN ID of that time."""

    subscription = models.ForeignKey(
        Subscription, verbose_name=_("subscription"), on_delete=models.PROTECT, related_name="resellers_of_record"
    )
    mpn_id = models.CharField(_("MPN ID"), max_length=12)

    class Meta:
        verbose_name = _("reseller of record")
        verbose_name_plural = _("resellers of record")
        constraints = (
            models.UniqueConstraint(
                fields=["subscription"], condition=Q(ends_at=None), name="resellerofrecord_one_current"
            ),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gte=F("begins_at")), name="resellerofrecord_ends_after_begin"
            ),
        )
        indexes = (models.Index(fields=["reseller", "ends_at", "subscription"], name="resellerofrecord_current"),)


class SupportContact(SubscriptionRelation):
    """The reseller that answers the customer's support requests for the subscription."""

    subscription = models.ForeignKey(
        Subscription, verbose_name=_("subscription"), on_delete=models.PROTECT, related_name="support_contacts"
    )

    class Meta:
        verbose_name = _("designated support contact")
        verbose_name_plural = _("designated support contacts")
        constraints = (
            models.UniqueConstraint(
                fields=["subscription"], condition=Q(ends_at=None), name="supportcontact_one_current"
            ),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gte=F("begins_at")), name="supportcontact_ends_after_begin"
            ),
        )
        indexes = (models.Index(fields=["reseller", "ends_at", "subscription"], name="supportcontact_current"),)
