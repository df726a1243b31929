"""The outbox."""

import uuid
from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from core import clock
from core.admin_search import side_by_side
from core.text import mask_email

# The sweep runs every few seconds: mail older than this means that the mail server or the worker is down.
DELAYED_AFTER = timedelta(minutes=5)


class OutgoingEmailQuerySet(models.QuerySet["OutgoingEmail"]):
    """Mail by what is to be done with it."""

    def about(self, obj: models.Model) -> "OutgoingEmailQuerySet":
        """Mail about this object, newest first."""
        return self.filter(about_type=obj._meta.label_lower, about_id=str(obj.pk)).order_by("-created_at", "-pk")

    def due(self) -> "OutgoingEmailQuerySet":
        """Mail whose time has come."""
        return self.filter(state=OutgoingEmail.State.QUEUED, due_at__lte=clock.now())

    def abandoned(self) -> "OutgoingEmailQuerySet":
        """Mail whose sender died: the lease ran out before anything was marked."""
        return self.filter(state=OutgoingEmail.State.SENDING, lease_until__lt=clock.now())

    def waiting(self) -> "OutgoingEmailQuerySet":
        """Mail that has not left yet and still may."""
        return self.filter(state__in=[OutgoingEmail.State.QUEUED, OutgoingEmail.State.SENDING])

    def failed(self) -> "OutgoingEmailQuerySet":
        """Mail that was given up."""
        return self.filter(state=OutgoingEmail.State.FAILED)

    def failed_and_untold(self) -> "OutgoingEmailQuerySet":
        """Mail that was given up and of which nobody was told yet, oldest first."""
        return self.failed().filter(failure_told_at=None).order_by("created_at")

    def delayed(self) -> "OutgoingEmailQuerySet":
        """Mail that waits longer than a working mail server lets it, but for what its recipient's side puts off."""
        # An arm for each state, because each has a partial index: Home asks this of an outbox that only grows.
        waiting = Q(state=OutgoingEmail.State.QUEUED) | Q(state=OutgoingEmail.State.SENDING)
        put_off = Q(last_error__startswith="SMTPRecipientsRefused") | Q(last_error__startswith="SMTPDataError")
        return self.filter(waiting, created_at__lt=clock.now() - DELAYED_AFTER).exclude(
            put_off & ~Q(last_error__endswith=" 421")
        )

    def failed_about(self, rows: models.QuerySet) -> "OutgoingEmailQuerySet":
        """Mail about any of these rows that could not be sent, oldest first; `rows` starts from visible_to(actor)."""
        keys = rows.order_by().annotate(key=Cast("pk", models.CharField())).values("key")
        return self.filter(
            state=OutgoingEmail.State.FAILED, about_type=rows.model._meta.label_lower, about_id__in=keys
        ).order_by("created_at", "pk")


# What the back office searches, as migration 0003 indexes it.
SEARCH_WORDS = side_by_side("recipient", "kind")


class OutgoingEmail(models.Model):
    """One mail to one person, rendered when its cause was committed.

    What must not lie in the database (a link that lets somebody in) stands in the bodies as a placeholder and is
    filled in while sending.
    """

    class State(models.TextChoices):
        """How far it came. Nobody can know that a mail was delivered, so no word says so."""

        QUEUED = "queued", _("Waiting to be sent")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Handed to the mail server")
        FAILED = "failed", _("Could not be sent")
        DROPPED = "dropped", _("Withdrawn")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=60)
    recipient = models.CharField(_("recipient"), max_length=254)
    reply_to = models.CharField(_("replies go to"), max_length=254, blank=True)
    language = models.CharField(_("language"), max_length=10)
    subject = models.CharField(_("subject"), max_length=200)
    text = models.TextField(_("text"))
    html = models.TextField(_("HTML"))
    message_id = models.CharField(_("Message-ID"), max_length=320)
    about_type = models.CharField(_("kind of object it is about"), max_length=100, blank=True)
    about_id = models.CharField(_("object it is about"), max_length=64, blank=True)
    dedupe_key = models.CharField(_("sent once per"), max_length=200, unique=True, null=True)  # noqa: DJ001 – many rows without a key
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("next attempt"), default=clock.now)
    lease_until = models.DateTimeField(_("held by a sender until"), null=True)
    created_at = models.DateTimeField(_("created"), default=clock.now, editable=False)
    sent_at = models.DateTimeField(_("handed over"), null=True)
    last_error = models.CharField(_("last error"), max_length=200, blank=True)
    # When it was looked for whom to tell that it was given up; whoever tells stands above this app.
    failure_told_at = models.DateTimeField(null=True, editable=False)

    objects = OutgoingEmailQuerySet.as_manager()

    class Meta:
        verbose_name = _("outgoing e-mail")
        verbose_name_plural = _("outgoing e-mails")
        default_permissions = ("view",)
        permissions = (("intervene_outgoingemail", _("Can retry and drop outgoing e-mails")),)
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=["queued", "sending", "sent", "failed", "dropped"]), name="email_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state="sending", lease_until__isnull=False) | (~Q(state="sending") & Q(lease_until=None)),
                name="email_held_only_while_sending",
            ),
            models.CheckConstraint(
                condition=Q(state="sent", sent_at__isnull=False) | (~Q(state="sent") & Q(sent_at=None)),
                name="email_handed_over_has_a_time",
            ),
        )
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["due_at"], condition=Q(state="queued"), name="email_due"),
            models.Index(fields=["lease_until"], condition=Q(state="sending"), name="email_abandoned"),
            models.Index(fields=["about_type", "about_id", "-created_at"], name="email_about"),
            models.Index(fields=["-created_at"], name="email_newest"),
            models.Index(fields=["-created_at"], condition=Q(state="failed"), name="email_failed"),
            models.Index(
                fields=["created_at"], condition=Q(state="failed", failure_told_at=None), name="email_failure_untold"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({mask_email(self.recipient)})"

    @property
    def delivery_text(self) -> str:
        """How far it came, in words for people."""
        return str(self.get_state_display())
