"""Addresses of companies' programs that are told of events, and each telling."""

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Partner
from core import clock
from notifications.webhooks.events import event_words

if TYPE_CHECKING:
    from accounts.access import Actor

EXCERPT_LENGTH = 500
DELIVERIES_KEPT = timedelta(days=90)


class DisabledWhy(models.TextChoices):
    """Why nothing is sent to an endpoint."""

    PERSON = "person", pgettext_lazy("webhook", "Disabled")
    FAILING = "failing", _("Disabled after failing for days")
    GONE = "gone", _("Disabled because the address is gone")


class WebhookEndpointQuerySet(models.QuerySet["WebhookEndpoint"]):
    """Endpoints by who may see them and whether something is sent to them."""

    def visible_to(self, actor: "Actor") -> "WebhookEndpointQuerySet":
        """Those of the company that the actor acts for; nobody sees one that was removed."""
        partner = actor.partner
        if partner is None or not partner.is_enrolled:
            return self.none()
        return self.filter(partner=partner, removed_at=None)

    def working(self) -> "WebhookEndpointQuerySet":
        """Those that are told of what happens: of companies that may act, enabled, not removed."""
        state = Partner.EnrolmentState.ACTIVE
        return self.filter(disabled_why="", removed_at=None, partner__enrolment_state=state)

    def awake(self) -> "WebhookEndpointQuerySet":
        """Those whose receiver has not asked to be left alone for a while yet."""
        return self.filter(Q(rests_until=None) | Q(rests_until__lte=clock.now()))


class WebhookEndpoint(models.Model):
    """The address of a company's program, what it wants to know, and the secret that signs what it is sent.

    The secret lies encrypted; it is shown once. After a rotation the one before signs along until its time is over.
    """

    public_id = models.UUIDField(_("public ID"), default=uuid.uuid4, unique=True, editable=False)
    partner = models.ForeignKey(Partner, verbose_name=_("partner"), on_delete=models.PROTECT, related_name="webhooks")
    name = models.CharField(_("name"), max_length=60)
    # May hold a secret of the receiver's in its path or query, so no record and no log quotes it.
    url = models.CharField(_("address"), max_length=500)
    categories = models.JSONField(_("events"), default=list)
    sealed = models.BinaryField(_("encrypted key"))
    sealed_before = models.BinaryField(_("encrypted key of before"), null=True)
    before_until = models.DateTimeField(_("key of before signs until"), null=True)
    shown_at = models.DateTimeField(_("key shown"), null=True)
    shown_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("key shown to"), on_delete=models.PROTECT, null=True, related_name="+"
    )
    disabled_why = models.CharField(_("disabled"), max_length=10, choices=DisabledWhy.choices, blank=True)
    failing_since = models.DateTimeField(_("failing since"), null=True)
    # The receiver asked for it; what is due meanwhile waits until then.
    rests_until = models.DateTimeField(_("asked to wait until"), null=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("registered by"), on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(_("registered"), default=clock.now, editable=False)
    removed_at = models.DateTimeField(_("removed"), null=True)

    objects = WebhookEndpointQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook endpoint")
        verbose_name_plural = _("webhook endpoints")
        ordering = ("name", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=["partner", "name"], condition=Q(removed_at=None), name="webhook_name_once_per_company"
            ),
            models.CheckConstraint(
                condition=Q(disabled_why__in=["", "person", "failing", "gone"]), name="webhook_disabled_why_known"
            ),
        )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("webhooks:detail", args=[self.public_id])

    def activity_parties(self) -> dict[str, Any]:
        """In whose record a change appears: the company's."""
        return self.partner.activity_parties()

    @property
    def is_enabled(self) -> bool:
        """Whether events are sent to it."""
        return not self.disabled_why

    @property
    def host(self) -> str:
        """The host of the address: as much of it as may be told."""
        return urlsplit(self.url).hostname or ""


class WebhookDeliveryQuerySet(models.QuerySet["WebhookDelivery"]):
    """Deliveries by who may see them and what is to be done with them."""

    def visible_to(self, actor: "Actor") -> "WebhookDeliveryQuerySet":
        """Those to endpoints that the actor sees."""
        return self.filter(endpoint__in=WebhookEndpoint.objects.visible_to(actor))

    def ready(self) -> "WebhookDeliveryQuerySet":
        """What can be sent now: its time has come, or whoever was sending it died; and its endpoint takes it now."""
        now = clock.now()
        due = Q(state=WebhookDelivery.State.PENDING, due_at__lte=now)
        abandoned = Q(state=WebhookDelivery.State.SENDING, lease_until__lt=now)
        return self.filter(due | abandoned, endpoint__in=WebhookEndpoint.objects.working().awake())


class WebhookDelivery(models.Model):
    """One event on its way to one endpoint; it keeps its number however often it is sent."""

    class State(models.TextChoices):
        """How far it came."""

        PENDING = "pending", _("Waiting")
        SENDING = "sending", _("Being sent")
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Failed")

    class Failure(models.TextChoices):
        """What went wrong with an attempt, apart from an answer that is no success."""

        STATUS = "status", _("The answer was no success")
        FORBIDDEN = "forbidden", _("The address leads into a network that webhooks may not reach")
        UNKNOWN_HOST = "unknown_host", _("The host is not known")
        NO_CONNECTION = "no_connection", _("No connection")
        CERTIFICATE = "certificate", _("The certificate could not be verified")
        TIMEOUT = "timeout", _("No answer in time")
        BROKEN = "broken", _("The answer broke off or was none")
        KEY_LOST = "key_lost", _("The secret can no longer be read: rotate it")
        DIED = "died", _("Given up: its sender died each time")
        DISABLED = "disabled", _("The endpoint was disabled")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    endpoint = models.ForeignKey(
        WebhookEndpoint, verbose_name=_("endpoint"), on_delete=models.PROTECT, related_name="deliveries"
    )
    # The number of the activity record that it tells of; none for a test.
    record_id = models.BigIntegerField(null=True)
    event = models.CharField(_("event"), max_length=100)
    occurred_at = models.DateTimeField(_("when"))
    # The very bytes that are signed and sent.
    body = models.TextField(_("body"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("next attempt"), default=clock.now)
    lease_until = models.DateTimeField(_("held by a sender until"), null=True)
    tried_at = models.DateTimeField(_("last attempt"), null=True)
    status_code = models.PositiveSmallIntegerField(_("response code"), null=True)
    duration_ms = models.PositiveIntegerField(_("duration"), null=True)
    failure = models.CharField(_("failure"), max_length=20, choices=Failure.choices, blank=True)
    excerpt = models.CharField(_("beginning of the answer"), max_length=EXCERPT_LENGTH, blank=True)
    created_at = models.DateTimeField(_("created"), default=clock.now, editable=False)
    delivered_at = models.DateTimeField(_("delivered"), null=True)

    objects = WebhookDeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(
                fields=["endpoint", "record_id"], condition=Q(record_id__isnull=False), name="webhook_event_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "sending", "delivered", "failed"]), name="webhook_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state="sending", lease_until__isnull=False) | (~Q(state="sending") & Q(lease_until=None)),
                name="webhook_held_only_while_sending",
            ),
            models.CheckConstraint(
                condition=Q(state="delivered", delivered_at__isnull=False)
                | (~Q(state="delivered") & Q(delivered_at=None)),
                name="webhook_delivered_has_a_time",
            ),
        )
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["due_at"], condition=Q(state="pending"), name="webhook_due"),
            models.Index(fields=["lease_until"], condition=Q(state="sending"), name="webhook_abandoned"),
            models.Index(fields=["endpoint", "-created_at", "-id"], name="webhook_newest"),
            models.Index(fields=["created_at"], name="webhook_oldest"),
        ]

    def __str__(self) -> str:
        return self.message_id

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("webhooks:delivery", args=[self.endpoint.public_id, self.public_id])

    def activity_parties(self) -> dict[str, Any]:
        """In whose record a replay appears: the endpoint's company's."""
        return self.endpoint.activity_parties()

    @property
    def message_id(self) -> str:
        """Its number as the receiver knows it, the same at each attempt."""
        return f"msg_{self.public_id.hex}"

    @property
    def event_label(self) -> str:
        """What happened, in words."""
        return event_words(self.event)

    @property
    def outcome(self) -> str:
        """What the last attempt came to, in words: a code, or what went wrong."""
        if self.status_code is not None:
            return str(self.status_code)
        return str(self.get_failure_display())
