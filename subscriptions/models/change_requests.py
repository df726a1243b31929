"""What a reseller asks the provider to change for a customer, and what was said about it."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.access import Actor
from accounts.models import Partner
from core import clock
from customers.models import Customer, ResellerRelationship
from subscriptions.models.subscriptions import Subscription

OPEN = ("submitted", "question")
# What is asked of a customer and of none of its subscriptions: its account, and what it does not have yet.
OF_ACCOUNTS = ("company", "contact", "bill-to")
OF_CUSTOMERS = (*OF_ACCOUNTS, "add")


class ChangeRequestQuerySet(models.QuerySet["ChangeRequest"]):
    """Requests by who may see them and where they stand."""

    def visible_to(self, actor: Actor) -> "ChangeRequestQuerySet":
        """What a provider was asked; what a reseller asks about customers that it still has; nothing for others.

        A draft is seen by the person who writes it.
        """
        if actor.is_provider:
            return self.filter(provider=actor.partner).exclude(state=ChangeRequest.State.DRAFT)
        if actor.is_reseller:
            mine = Q(created_by=actor.user) | ~Q(state=ChangeRequest.State.DRAFT)
            customers = Customer.objects.visible_to(actor)
            return self.filter(mine, reseller=actor.partner, customer__in=customers)
        return self.none()

    def undecided(self) -> "ChangeRequestQuerySet":
        """Submitted, and neither decided nor withdrawn."""
        return self.filter(state__in=OPEN)

    def possible(self) -> "ChangeRequestQuerySet":
        """Whose reseller still looks after the customer, and whose subscription, if it has one, still exists."""
        return self.filter(_managed(), ~Q(subscription__status=Subscription.Status.DELETED))

    def impossible(self) -> "ChangeRequestQuerySet":
        """The others."""
        return self.exclude(_managed(), ~Q(subscription__status=Subscription.Status.DELETED))

    def with_people(self) -> "ChangeRequestQuerySet":
        """Each with its customer and subscription, both companies and who asked and decided."""
        related = (
            "customer__provider subscription__customer__provider subscription__sku__product provider reseller "
            "created_by decided_by"
        )
        return self.select_related(*related.split())


def _managed() -> Exists:
    current = ResellerRelationship.objects.current()
    return Exists(current.filter(customer=OuterRef("customer"), reseller=OuterRef("reseller")))


class ChangeRequest(models.Model):
    """One change, or an order, as a reseller wants it; made by the usual service once it is approved."""

    class Kind(models.TextChoices):
        """The pages of Subscription details and of Account, by the last part of their address, and an order."""

        LICENSES = "licenses", _("Change the number of licenses")
        SUSPEND = "suspend", _("Suspend")
        REACTIVATE = "reactivate", _("Reactivate")
        CANCEL = "cancel", _("Cancel subscription")
        END = "end", _("Decide what happens at the end of the term")
        SCHEDULE = "schedule", _("Schedule a change for the renewal")
        DROP_SCHEDULE = "drop-schedule", _("Drop the scheduled change")
        TERM = "term", _("Begin a longer term")
        BILLING = "billing", _("Change the billing")
        UPGRADE = "upgrade", _("Upgrade")
        CONVERT = "convert", _("Convert the trial")
        NICKNAME = "nickname", _("Change the nickname")
        COMPANY = "company", _("Change the company info")
        CONTACT = "contact", _("Change the primary contact")
        BILL_TO = "bill-to", _("Change the bill-to info")
        ADD = "add", _("Add subscription")

    class State(models.TextChoices):
        """Who has to do something, or what became of it."""

        DRAFT = "draft", _("Draft")
        SUBMITTED = "submitted", _("Awaiting the provider")
        QUESTION = "question", _("Awaiting the reseller’s answer")
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Rejected")
        WITHDRAWN = "withdrawn", pgettext_lazy("request", "Withdrawn")
        CLOSED = "closed", _("No longer possible")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="change_requests", editable=False)
    # None where the request is about the customer itself, its account.
    subscription = models.ForeignKey(
        Subscription, on_delete=models.PROTECT, related_name="change_requests", null=True, blank=True
    )
    # The customer's provider, which never changes: the queue is indexed by it.
    provider = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+", editable=False)
    reseller = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="change_requests")
    kind = models.CharField(_("what is asked"), max_length=13, choices=Kind.choices)
    # What was entered in the form of the kind; read by the same form when it is shown and when it is approved. Of an
    # order its lines: {"lines": [{"price": 12, "quantity": 5, "beside": 0, "offer": "…"}]}.
    values = models.JSONField(default=dict, blank=True)
    message = models.TextField(_("message"), max_length=1000, blank=True)
    # How it was when it was asked, of a subscription for instance: {"version": 3, "quantity": 10, …}.
    before = models.JSONField(default=dict, blank=True, editable=False)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.DRAFT)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=clock.now, editable=False)
    changed_at = models.DateTimeField(_("changed"), default=clock.now, editable=False)
    submitted_at = models.DateTimeField(_("submitted"), null=True, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = ChangeRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("request for a change")
        verbose_name_plural = _("requests for changes")
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in="draft submitted question approved rejected withdrawn closed".split()),
                name="changerequest_state_known",
            ),
            models.CheckConstraint(
                condition=Q(state="draft") | Q(submitted_at__isnull=False), name="changerequest_submitted_has_time"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=OF_CUSTOMERS, subscription=None)
                | ~Q(kind__in=OF_CUSTOMERS) & Q(subscription__isnull=False),
                name="changerequest_about_one_thing",
            ),
            # Nobody is asked the same twice at once, and a draft is taken up rather than begun again.
            models.UniqueConstraint(
                fields=["subscription", "kind"], condition=Q(state__in=OPEN), name="changerequest_one_open"
            ),
            models.UniqueConstraint(
                fields=["subscription", "kind", "created_by"],
                condition=Q(state="draft"),
                name="changerequest_one_draft",
            ),
            models.UniqueConstraint(
                fields=["customer", "kind"],
                condition=Q(state__in=OPEN, kind__in=OF_CUSTOMERS),
                name="changerequest_one_open_of_account",
            ),
            models.UniqueConstraint(
                fields=["customer", "kind", "created_by"],
                condition=Q(state="draft", kind__in=OF_CUSTOMERS),
                name="changerequest_one_customer_draft",
            ),
        )
        indexes = (
            models.Index(fields=["provider", "-changed_at", "-id"], name="changerequest_provider"),
            models.Index(fields=["reseller", "-changed_at", "-id"], name="changerequest_reseller"),
            models.Index(fields=["provider", "state"], condition=Q(state__in=OPEN), name="changerequest_provider_open"),
        )

    def __str__(self) -> str:
        return f"{self.subscription.nickname} – {self.customer}" if self.subscription else str(self.customer)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the customer that of the subscription, and the provider that of the customer."""
        if not getattr(self, "customer_id", None) and self.subscription is not None:
            self.customer_id = self.subscription.customer_id
        if not getattr(self, "provider_id", None):
            self.provider_id = self.customer.provider_id
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        """The page of the request, for both sides."""
        return reverse("subscriptions:change_request", args=[self.public_id])

    @property
    def is_open(self) -> bool:
        """Whether somebody has still to answer or decide."""
        return self.state in OPEN

    def activity_parties(self) -> dict[str, Any]:
        """Whose record this belongs to; the customer learns of the change and not of the talk (BETWEEN_PARTNERS)."""
        return {
            "provider": self.provider.microsoft_id,
            "reseller": self.reseller.microsoft_id,
            "customer": self.customer.microsoft_id,
        }


class ChangeRequestEntry(models.Model):
    """One thing that was done or said about a request, by which side."""

    class Kind(models.TextChoices):
        """What was done."""

        SUBMITTED = "submitted", pgettext_lazy("request", "Submitted")
        QUESTION = "question", _("Question")
        ANSWER = "answer", _("Answer")
        WITHDRAWN = "withdrawn", pgettext_lazy("request", "Withdrawn")
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Rejected")
        CLOSED = "closed", _("No longer possible")

    request = models.ForeignKey(ChangeRequest, on_delete=models.CASCADE, related_name="entries")
    kind = models.CharField(_("what was done"), max_length=9, choices=Kind.choices)
    text = models.TextField(_("text"), max_length=1000, blank=True)
    at = models.DateTimeField(default=clock.now, editable=False)
    # Nobody and no company where the portal itself closed it.
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    company = models.ForeignKey(Partner, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("entry of a request")
        verbose_name_plural = _("entries of requests")
        indexes = (models.Index(fields=["request", "id"], name="changerequestentry_order"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(kind__in="submitted question answer withdrawn approved rejected closed".split()),
                name="changerequestentry_kind_known",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.at:%Y-%m-%d %H:%M}"
