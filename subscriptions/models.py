"""What customers have bought, and the two dated relations of each subscription to a reseller."""

import uuid
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.access import Actor
from accounts.models import Partner
from catalogue.models import BillingPlan, Sku, TermDuration
from core import clock
from customers.models import Customer


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    """Subscriptions by who may see them."""

    def visible_to(self, actor: Actor) -> "SubscriptionQuerySet":
        """Those of the customers that the actor sees."""
        if actor.is_provider:
            return self.filter(customer__provider=actor.partner)
        return self.filter(customer__in=Customer.objects.visible_to(actor))

    def listed(self) -> "SubscriptionQuerySet":
        """Those that still exist: what was deleted is kept for the record alone."""
        return self.exclude(status=Subscription.Status.DELETED)

    def latest_of_each(self, customers: Iterable[Customer], number: int) -> "SubscriptionQuerySet":
        """The newest few of each of these customers."""
        place = Window(RowNumber(), partition_by=F("customer"), order_by=[F("created_at").desc(), F("pk").desc()])
        return self.filter(customer__in=customers).annotate(place=place).filter(place__lte=number).order_by("place")


class Subscription(models.Model):
    """A number of licenses of one offer for one customer, for a term."""

    class Status(models.TextChoices):
        """Where the subscription is in its life."""

        ACTIVE = "active", _("Active")
        SUSPENDED = "suspended", _("Suspended")
        EXPIRED = "expired", _("Expired")
        DISABLED = "disabled", _("Disabled")
        DELETED = "deleted", _("Deleted")

    subscription_id = models.UUIDField(_("subscription ID"), default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="subscriptions")
    sku = models.ForeignKey(Sku, on_delete=models.PROTECT, related_name="subscriptions")
    # The base that an add-on belongs to.
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="add_ons")
    offer_name = models.CharField(_("offer"), max_length=300)
    nickname = models.CharField(_("subscription nickname"), max_length=300)
    quantity = models.PositiveIntegerField(_("licenses"))
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.ACTIVE)
    term_duration = models.CharField(_("term"), max_length=4, blank=True)
    billing_plan = models.CharField(_("billing plan"), max_length=10)
    segment = models.CharField(_("segment"), max_length=20)
    # The price of the whole term for one license, as it was when ordered; the catalogue never reaches back here.
    unit_price = models.DecimalField(_("unit price"), max_digits=14, decimal_places=4)
    currency = models.CharField(_("currency"), max_length=3)
    is_trial = models.BooleanField(_("trial"), default=False)
    auto_renew = models.BooleanField(_("renews by itself"), default=True)
    starts_at = models.DateTimeField(_("started"), default=clock.now)
    ends_at = models.DateTimeField(_("term ends"), null=True, blank=True)
    cancellable_until = models.DateTimeField(_("can be canceled until"), null=True, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    # While something is recorded that concerns a reseller of the subscription: the managing one may be another.
    concerned_reseller: Partner | None = None

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        constraints = (
            models.CheckConstraint(
                condition=Q(status__in=["active", "suspended", "expired", "disabled", "deleted"]),
                name="subscription_status_known",
            ),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="subscription_has_licenses"),
        )
        indexes = (models.Index(fields=["customer", "-created_at", "-id"], name="subscription_customer_recent"),)

    def __str__(self) -> str:
        return self.nickname

    def get_absolute_url(self) -> str:
        """The Subscription details page."""
        return reverse("subscriptions:detail", args=[self.customer.microsoft_id, self.subscription_id])

    @property
    def term_label(self) -> str:
        """The term and how it is billed: 1 year, billed Monthly; in the words of the price list."""
        term = TermDuration(self.term_duration).label
        plan = BillingPlan(self.billing_plan)
        return str(term) if plan == BillingPlan.NONE else f"{term} · {plan.label}"

    @property
    def term_price(self) -> Decimal:
        """What all licenses cost for the whole term."""
        return self.unit_price * self.quantity

    def activity_parties(self) -> dict[str, Any]:
        """Whose record this belongs to."""
        parties = self.customer.activity_parties()
        if self.concerned_reseller is not None:
            parties["reseller"] = self.concerned_reseller.microsoft_id
        return parties


class SubscriptionRelation(models.Model):
    """A dated relation of a subscription to a reseller."""

    reseller = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="%(class)ss")
    begins_at = models.DateTimeField(_("since"), default=clock.now)
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.reseller)


class ResellerOfRecord(SubscriptionRelation):
    """The reseller that earns the incentives, known to the programme by its MPN ID of that time."""

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="resellers_of_record")
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


class SupportContact(SubscriptionRelation):
    """The reseller that answers the customer's support requests for the subscription."""

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="support_contacts")

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
