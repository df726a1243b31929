"""Orders, and the drafts that become them."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.access import Actor
from accounts.models import Membership, Partner
from catalogue.models import BillingPlan, Price, Sku, TermDuration
from core import clock
from core.routes import address
from core.text import clean_name
from customers.models import Customer
from resellers.models import Partnership
from subscriptions.models import ChangeRequest, Subscription


class OrderQuerySet(models.QuerySet["Order"]):
    """Orders by who may see them."""

    def visible_to(self, actor: Actor) -> "OrderQuerySet":
        """A provider's own; those that name the reseller while their partnership lasts; nothing for anybody else."""
        if actor.is_provider:
            return self.filter(provider=actor.partner)
        if actor.is_reseller:
            lasting = Partnership.objects.active().filter(reseller=actor.partner)
            return self.filter(reseller=actor.partner, provider__in=lasting.values("provider"))
        return self.none()


class Order(models.Model):
    """What was ordered for a customer, by whom, at which prices: written once; only how far it is carried out moves."""

    class Status(models.TextChoices):
        """How far the order is carried out: what its lines say together."""

        PENDING = "pending", _("Pending")
        COMPLETED = "completed", _("Completed")
        PARTIAL = "partial", _("Partial success")
        REFUSED = "refused", _("Refused")

    class Attestation(models.TextChoices):
        """In which part the provider said it acts."""

        INDIRECT = "indirect", _("Indirect partner")
        DIRECT = "direct", _("Direct partner")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, verbose_name=_("customer"), on_delete=models.PROTECT, related_name="orders")
    provider = models.ForeignKey(Partner, verbose_name=_("provider"), on_delete=models.PROTECT, related_name="orders")
    reseller = models.ForeignKey(
        Partner,
        verbose_name=_("reseller"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="orders_as_reseller",
    )
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("placed by"), on_delete=models.PROTECT, related_name="+"
    )
    # To be designated for each subscription as it starts; empty leaves support to the provider.
    support_contact = models.ForeignKey(
        Partner,
        verbose_name=_("designated support contact"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    placed_at = models.DateTimeField(_("placed"), default=clock.now, editable=False)
    currency = models.CharField(_("currency"), max_length=3)
    status = models.CharField(_("status"), max_length=9, choices=Status.choices, default=Status.COMPLETED)
    attestation = models.CharField(_("attested"), max_length=8, choices=Attestation.choices, blank=True)
    # What a reseller asked for and the provider approved; one request never becomes two orders.
    requested_in = models.OneToOneField(
        ChangeRequest, on_delete=models.PROTECT, null=True, blank=True, related_name="order", editable=False
    )

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = (
            models.CheckConstraint(
                condition=Q(status__in=["pending", "completed", "partial", "refused"]), name="order_status_known"
            ),
        )
        indexes = (
            models.Index(fields=["provider", "status", "-placed_at", "-id"], name="order_provider_status"),
            models.Index(fields=["provider", "reseller", "-placed_at", "-id"], name="order_provider_reseller"),
            models.Index(fields=["provider", "-placed_at", "-id"], name="order_provider_recent"),
            models.Index(fields=["reseller", "-placed_at", "-id"], name="order_reseller_recent"),
            models.Index(fields=["customer", "-placed_at", "-id"], name="order_customer_recent"),
        )

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        """The order as a document."""
        return address("orders:detail", self.public_id)

    @property
    def number(self) -> str:
        """The number people quote, such as 2026-000123."""
        return f"{self.placed_at:%Y}-{self.pk:06d}"

    def activity_parties(self) -> dict[str, Any]:
        """Whose record this belongs to: the reseller of the order, else the one that manages the customer."""
        if self.reseller is None:
            return self.customer.activity_parties()
        return {
            "provider": self.provider.microsoft_id,
            "reseller": self.reseller.microsoft_id,
            "customer": self.customer.microsoft_id,
        }


class OrderLine(models.Model):
    """One offer in an order, at the price of that moment, and the subscription it made once it was carried out."""

    class State(models.TextChoices):
        """What became of the line."""

        PENDING = "pending", _("Pending")
        FULFILLED = "fulfilled", pgettext_lazy("order line", "Fulfilled")
        REFUSED = "refused", pgettext_lazy("order line", "Refused")

    order = models.ForeignKey(Order, verbose_name=_("order"), on_delete=models.PROTECT, related_name="lines")
    sku = models.ForeignKey(Sku, on_delete=models.PROTECT, related_name="+")
    price = models.ForeignKey(Price, on_delete=models.PROTECT, related_name="order_lines")
    subscription = models.OneToOneField(
        Subscription,
        verbose_name=_("subscription"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="order_line",
    )
    # The base of an add-on: another line of the order, or a subscription that the customer had before.
    base_line = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="add_on_lines")
    base_subscription = models.ForeignKey(
        Subscription, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    offer_name = models.CharField(_("offer"), max_length=300)
    quantity = models.PositiveIntegerField(_("licenses"))
    unit_price = models.DecimalField(_("unit price"), max_digits=15, decimal_places=4)
    erp_price = models.DecimalField(_("estimated retail price"), max_digits=15, decimal_places=4, null=True, blank=True)
    term_duration = models.CharField(_("term"), max_length=4, choices=TermDuration.choices, blank=True)
    billing_plan = models.CharField(_("billing plan"), max_length=10, choices=BillingPlan.choices)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.FULFILLED)
    # Why the back office refused it, for the people who ordered.
    refusal = models.CharField(_("reason"), max_length=500, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("decided by"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(condition=Q(quantity__gte=1), name="orderline_has_licenses"),
            models.CheckConstraint(
                condition=Q(state="fulfilled", subscription__isnull=False)
                | Q(state__in=["pending", "refused"], subscription__isnull=True),
                name="orderline_fulfilled_has_subscription",
            ),
        )
        # The few of millions that wait: the queue of the back office, and what a customer is about to get.
        indexes = (models.Index(fields=["order"], condition=Q(state="pending"), name="orderline_pending"),)

    def __str__(self) -> str:
        return f"{self.quantity} × {self.offer_name}"


# A draft that nobody changes is removed after so many days; in the last of them its owner is warned.
KEPT_DAYS, WARNED_DAYS = 30, 5


class OrderDraftQuerySet(models.QuerySet["OrderDraft"]):
    """Drafts by who may open them, and by how long they are still kept."""

    def visible_to(self, actor: Actor) -> "OrderDraftQuerySet":
        """The person's own drafts in the provider that it acts for now."""
        return self.filter(provider=actor.partner, owner=actor.user) if actor.is_provider else self.none()

    def open(self) -> "OrderDraftQuerySet":
        """Those that can still be worked on."""
        return self.filter(state=OrderDraft.State.OPEN)

    def worth_resuming(self) -> "OrderDraftQuerySet":
        """Open ones into which something was entered, latest first."""
        something = ~Q(details={}) | ~Q(typed={}) | Q(pk__in=OrderDraftLine.objects.values("draft"))
        return self.open().filter(something).select_related("customer", "reseller").order_by("-changed_at", "-pk")

    def abandoned(self) -> "OrderDraftQuerySet":
        """Those that nobody changed for too long; canceled ones too."""
        return self.exclude(state=OrderDraft.State.SUBMITTED).filter(
            changed_at__lt=clock.now() - timedelta(days=KEPT_DAYS)
        )

    def removed_soon(self) -> "OrderDraftQuerySet":
        """Those whose last days have begun."""
        return self.filter(changed_at__lt=clock.now() - timedelta(days=KEPT_DAYS - WARNED_DAYS))

    def of_people_who_left(self, provider: Partner) -> "OrderDraftQuerySet":
        """The provider's drafts whose owners work there no more: nobody can go on with them as they are."""
        staff = Membership.objects.current().filter(partner=provider).values("user")
        return self.filter(provider=provider).exclude(owner__in=staff)


class OrderDraft(models.Model):
    """Work on a new customer and its order, kept at every step; its public GUID in the address is the submit key."""

    class State(models.TextChoices):
        """What became of the draft."""

        OPEN = "open", _("Open")
        SUBMITTED = "submitted", _("Submitted")
        CANCELED = "canceled", _("Canceled")

    public_id = models.UUIDField(_("public ID"), default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("owner"), on_delete=models.PROTECT, related_name="order_drafts"
    )
    provider = models.ForeignKey(
        Partner, verbose_name=_("provider"), on_delete=models.PROTECT, related_name="order_drafts"
    )
    reseller = models.ForeignKey(
        Partner, verbose_name=_("reseller"), on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    # Nobody has said yet that it is to be this one, or none: the order waits for that.
    reseller_is_suggested = models.BooleanField(default=False)
    # Set when the order is for a customer that exists; empty when the draft also makes the customer.
    customer = models.ForeignKey(
        Customer,
        verbose_name=_("customer"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="order_drafts",
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    # Customer details as typed and cleaned (customers.details.CustomerDetails): empty until the first step is passed,
    # and again once they became a customer or were given up.
    details = models.JSONField(default=dict, blank=True)
    # What was typed last on a step and could not be taken, as it was typed: step -> name of the field -> text.
    # It stands there again whenever the step is opened, and nothing is submitted meanwhile.
    typed = models.JSONField(default=dict, blank=True)
    # Said on New subscription: the customer is added without an order.
    is_account_only = models.BooleanField(default=False)
    schema_version = models.PositiveSmallIntegerField(default=1)
    # Who is to answer the customer's support requests for what is ordered; empty leaves them to the provider.
    support_contact = models.ForeignKey(Partner, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # Counts the changes: a page that was opened before another tab's change is told so.
    version = models.PositiveIntegerField(default=1, editable=False)
    order = models.OneToOneField(
        Order, verbose_name=_("order"), on_delete=models.PROTECT, null=True, blank=True, related_name="draft"
    )
    # The customer that the draft made, with an order or, where its agreement is still to come, without one.
    created_customer = models.OneToOneField(
        Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="created_by_draft"
    )
    created_at = models.DateTimeField(_("created"), default=clock.now, editable=False)
    changed_at = models.DateTimeField(_("last changed"), default=clock.now, editable=False)

    objects = OrderDraftQuerySet.as_manager()

    class Meta:
        verbose_name = _("order draft")
        verbose_name_plural = _("order drafts")
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=["open", "submitted", "canceled"]), name="orderdraft_state_known"
            ),
            models.CheckConstraint(
                condition=(
                    Q(state="submitted") & (Q(order__isnull=False) | Q(created_customer__isnull=False))
                    | ~Q(state="submitted") & Q(order__isnull=True, created_customer__isnull=True)
                ),
                name="orderdraft_submitted_has_result",
            ),
        )
        indexes = (
            models.Index(fields=["owner", "state", "-changed_at"], name="orderdraft_owner_open"),
            models.Index(fields=["state", "changed_at"], name="orderdraft_abandoned"),
        )

    def __str__(self) -> str:
        if self.customer is not None:
            return self.customer.company_name
        return str(self.details.get("company_name") or self._typed_name() or _("New customer"))

    def get_absolute_url(self) -> str:
        """Where work on the draft goes on."""
        return reverse("orders:details" if self.makes_customer else "orders:subscriptions", args=[self.public_id])

    def _typed_name(self) -> str:
        """What was typed as the company's name, if it can stand among other words."""
        try:
            return clean_name(self.typed.get("details", {}).get("company_name", ""))[:200]
        except ValidationError:
            return ""

    @property
    def makes_customer(self) -> bool:
        """Whether submitting it adds a customer, rather than subscriptions to one that exists."""
        return self.customer_id is None

    @property
    def is_open(self) -> bool:
        """Whether it can still be worked on."""
        return self.state == self.State.OPEN

    @property
    def removed_at(self) -> datetime:
        """When it is removed unless somebody changes it before."""
        return self.changed_at + timedelta(days=KEPT_DAYS)

    @property
    def is_removed_soon(self) -> bool:
        """Whether its last days have begun."""
        return self.removed_at < clock.now() + timedelta(days=WARNED_DAYS)

    def activity_parties(self) -> dict[str, uuid.UUID | None]:
        """Whose record it belongs to: the provider's alone, for nothing has happened to anybody else yet."""
        return {"provider": self.provider.microsoft_id}


class OrderDraftLine(models.Model):
    """An offer chosen in a draft, by the price row it was chosen from, and the number of licenses."""

    draft = models.ForeignKey(OrderDraft, verbose_name=_("order draft"), on_delete=models.CASCADE, related_name="lines")
    price = models.ForeignKey(Price, verbose_name=_("price"), on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField(_("licenses"))
    # How many subscriptions of the offer the customer had when a person said that it is to be ordered once more.
    confirmed_beside = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = _("draft line")
        verbose_name_plural = _("draft lines")
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=["draft", "price"], name="orderdraftline_one_per_offer"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="orderdraftline_has_licenses"),
        )

    def __str__(self) -> str:
        return f"{self.quantity} × {self.price}"
