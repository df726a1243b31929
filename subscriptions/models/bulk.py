"""Changes of many subscriptions at once, and what was told about decisions to be made."""

import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.access import Actor
from accounts.models import Partner
from core import clock
from subscriptions.models.subscriptions import AtEnd, Subscription

# What takes so long is told of when it is done.
LONG = timedelta(minutes=1)


class BulkChangeQuerySet(models.QuerySet["BulkChange"]):
    """Bulk changes by who may see them."""

    def visible_to(self, actor: Actor) -> "BulkChangeQuerySet":
        """Those of the provider that the actor acts for."""
        return self.filter(provider=actor.partner) if actor.is_provider else self.none()

    def submitted(self) -> "BulkChangeQuerySet":
        """Those that were handed to the worker, whatever became of them."""
        return self.filter(submitted_at__isnull=False)


class BulkChange(models.Model):
    """One change of many subscriptions: what was chosen, what is to be set, and how far it is."""

    class Kind(models.TextChoices):
        """What is set."""

        RESELLER_OF_RECORD = "reseller_of_record", _("Reseller (MPN ID)")
        SUPPORT_CONTACT = "support_contact", _("Designated support contact")
        AT_END = "at_end", _("Auto-renew")

    class State(models.TextChoices):
        """How far it is."""

        PREPARED = "prepared", _("Prepared")
        RUNNING = "running", _("Running")
        DONE = "done", pgettext_lazy("bulk change", "Done")
        CANCELED = "canceled", pgettext_lazy("bulk change", "Canceled")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    provider = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="bulk_changes")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=clock.now, editable=False)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    reseller = models.ForeignKey(Partner, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    at_end = models.CharField(max_length=9, choices=AtEnd.choices, blank=True)
    # Chosen by their IDs, or by the filters of the list and how many those matched.
    subscription_ids = models.JSONField(default=list, blank=True)
    query = models.CharField(max_length=1000, blank=True)
    expected = models.PositiveIntegerField(default=0)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.PREPARED)
    # Everything up to this primary key is done: a run that was interrupted goes on behind it.
    done_up_to = models.BigIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    # [[subscription ID, nickname, customer, reason], …], the first so many.
    refusals = models.JSONField(default=list, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = BulkChangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("bulk change")
        verbose_name_plural = _("bulk changes")
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=["prepared", "running", "done", "canceled"]), name="bulkchange_state_known"
            ),
        )
        indexes = (models.Index(fields=["provider", "-submitted_at", "-id"], name="bulkchange_recent"),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.created_at:%Y-%m-%d %H:%M}"

    def get_absolute_url(self) -> str:
        """The page with its preview, its progress and its result."""
        return reverse("subscriptions:bulk", args=[self.public_id])

    @property
    def processed(self) -> int:
        """How many subscriptions were looked at."""
        return self.changed + self.unchanged + self.refused

    @property
    def took_long(self) -> bool:
        """Whether whoever submitted it has hardly waited on its page for the end."""
        ends_at = self.finished_at or clock.now()
        return self.submitted_at is not None and ends_at - self.submitted_at >= LONG

    def activity_parties(self) -> dict[str, Any]:
        """Whose record this belongs to."""
        return {"provider": self.provider.microsoft_id}


class DecisionNotice(models.Model):
    """That a company was told of the decision about a subscription, so many days before it: never twice."""

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="decision_notices")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    # The end of the term that the notice spoke of.
    ends_at = models.DateTimeField()
    days_before = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        verbose_name = _("decision notice")
        verbose_name_plural = _("decision notices")
        constraints = (
            models.UniqueConstraint(
                fields=["subscription", "partner", "ends_at", "days_before"], name="decisionnotice_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.subscription} · {self.days_before}"
