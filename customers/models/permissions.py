"""What a customer gives an indirect reseller beyond the provider's doing: tenant ownership, and consent."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.access import Actor
from accounts.models import Partner
from core import clock
from customers.models.customers import Customer, ResellerRelationship


class TenantOwnerQuerySet(models.QuerySet["TenantOwner"]):
    """Tenant owners by whether they are so now."""

    def current(self) -> "TenantOwnerQuerySet":
        """Permissions that were not taken back."""
        return self.filter(ends_at=None)


class TenantOwner(models.Model):
    """From a day on, and until it is taken back, an indirect reseller is tenant owner of a customer with Azure."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="tenant_owners")
    reseller = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="tenants_owned")
    begins_at = models.DateTimeField(_("since"), default=clock.now)
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = TenantOwnerQuerySet.as_manager()

    class Meta:
        verbose_name = _("tenant owner")
        verbose_name_plural = _("tenant owners")
        constraints = (
            models.UniqueConstraint(
                fields=["customer", "reseller"], condition=Q(ends_at=None), name="tenantowner_once_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gte=F("begins_at")), name="tenantowner_ends_after_begin"
            ),
        )

    def __str__(self) -> str:
        return f"{self.reseller} – {self.customer}"


class RelationshipRequestQuerySet(models.QuerySet["RelationshipRequest"]):
    """Requests by who may see them and where they stand."""

    def visible_to(self, actor: Actor) -> "RelationshipRequestQuerySet":
        """A provider's own; those that an administrator of the customer has to answer; nothing for anybody else."""
        if actor.is_provider:
            return self.filter(customer__provider=actor.partner)
        if actor.is_customer:
            return self.filter(customer=actor.customer).exclude(state=RelationshipRequest.State.DRAFT)
        return self.none()

    def awaiting_answer(self) -> "RelationshipRequestQuerySet":
        """Sent, unanswered and not expired."""
        return self.filter(state=RelationshipRequest.State.SENT, expires_at__gt=clock.now())

    def expired(self) -> "RelationshipRequestQuerySet":
        """Those that nobody answered in their time; a later request has closed some of them."""
        closed = Q(state=RelationshipRequest.State.REVOKED, answered_at=None)
        return self.filter(closed | Q(state=RelationshipRequest.State.SENT, expires_at__lte=clock.now()))

    def with_people(self) -> "RelationshipRequestQuerySet":
        """Each with its customer, both companies, and who asked and answered."""
        return self.select_related("customer__provider", "reseller", "created_by", "answered_by")


class RelationshipRequest(models.Model):
    """A provider asks a customer to let an indirect reseller manage it; the customer's administrator answers."""

    class State(models.TextChoices):
        """How far the request is; a sent one whose time has run out is shown as expired."""

        DRAFT = "draft", _("Draft")
        SENT = "sent", pgettext_lazy("request", "Sent")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")
        REVOKED = "revoked", _("Revoked")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="relationship_requests")
    reseller = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    scope = models.CharField(
        _("scope"),
        max_length=16,
        choices=ResellerRelationship.Scope.choices,
        default=ResellerRelationship.Scope.MANAGE,
    )
    message = models.TextField(_("message"), max_length=1000, blank=True)
    language = models.CharField(_("language"), max_length=10, default="en")
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.DRAFT)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=clock.now, editable=False)
    # When it first left the portal, by whichever way.
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.CharField(_("reason"), max_length=500, blank=True)

    objects = RelationshipRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("relationship request")
        verbose_name_plural = _("relationship requests")
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=["draft", "sent", "accepted", "declined", "revoked"]),
                name="relationshiprequest_state_known",
            ),
            models.CheckConstraint(
                condition=Q(scope__in=["manage", "view_and_request"]), name="relationshiprequest_scope_known"
            ),
            models.CheckConstraint(
                condition=Q(state="draft") | Q(sent_at__isnull=False, expires_at__isnull=False),
                name="relationshiprequest_sent_has_time",
            ),
            # One question at a time: who answers one must not find another behind it.
            models.UniqueConstraint(
                fields=["customer"], condition=Q(state="sent"), name="relationshiprequest_one_open"
            ),
        )

    def __str__(self) -> str:
        return f"{self.reseller} – {self.customer}"

    def get_absolute_url(self) -> str:
        """The provider's page of the request."""
        return reverse("customers:relationship_request", args=[self.public_id])

    @property
    def is_answerable(self) -> bool:
        """Whether the customer can still say yes or no."""
        return self.state == self.State.SENT and self.expires_at is not None and self.expires_at > clock.now()

    @property
    def is_expired(self) -> bool:
        """Whether its time ran out unanswered; a later request may have closed it then, which nobody's answer did."""
        if self.state == self.State.REVOKED:
            return self.answered_at is None
        return self.state == self.State.SENT and not self.is_answerable

    def activity_parties(self) -> dict[str, uuid.UUID | None]:
        """Whose record this belongs to: the reseller learns of a relationship, not of a question."""
        return {"provider": self.customer.provider.microsoft_id, "customer": self.customer.microsoft_id}
