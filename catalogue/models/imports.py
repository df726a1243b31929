"""The files the catalogue came from: what was asked, how far it got and what it brought."""

import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock

# Longer than the slowest single step of an import: a run that has not reported for so long is dead.
LEASE = timedelta(minutes=3)
# After so many failed runs the beat leaves an import to a person.
MOST_RETRIES = 5


def stored_name(instance: "CatalogueImport", filename: str) -> str:
    """Where an uploaded file lies until it is imported: under a name of the portal's own making."""
    return f"catalogue/{instance.public_id}.upload"


class CatalogueImportQuerySet(models.QuerySet["CatalogueImport"]):
    """Imports by what is left to do."""

    def claimable(self) -> "CatalogueImportQuerySet":
        """Imports that wait, and those whose worker has died under them."""
        dead = Q(state=CatalogueImport.State.RUNNING, claimed_at__lt=clock.now() - LEASE)
        return self.filter(Q(state=CatalogueImport.State.QUEUED) | dead).exclude(stored_file="")

    def claim(self, pk: int) -> bool:
        """Take an import in order to run it; False when another worker has it or nothing is left to do."""
        return bool(
            self.claimable()
            .filter(pk=pk)
            .update(
                state=CatalogueImport.State.RUNNING,
                claimed_at=clock.now(),
                attempts=F("attempts") + 1,
                retries_left=Greatest(F("retries_left"), 1) - 1,
                failure="",
            )
        )


class CatalogueImport(models.Model):
    """One file given to the catalogue, with its report; a refused file has changed nothing."""

    class Kind(models.TextChoices):
        """Which of Microsoft's two files it is."""

        PRICE_LIST = "price_list", _("Price list")
        OFFER_MATRIX = "offer_matrix", _("Offer matrix")

    class State(models.TextChoices):
        """How far it is."""

        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", pgettext_lazy("import", "Done")
        REFUSED = "refused", pgettext_lazy("import", "Refused")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices, blank=True)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.QUEUED)
    file_name = models.CharField(_("file"), max_length=255)
    sha256 = models.CharField(_("SHA-256"), max_length=64, blank=True)
    encoding = models.CharField(_("read as"), max_length=20, blank=True)
    markets = models.TextField(_("markets"), blank=True, default="")
    stored_file = models.FileField(upload_to=stored_name, blank=True, editable=False)
    rows_total = models.PositiveIntegerField(_("rows"), default=0)
    rows_read = models.PositiveIntegerField(_("rows read"), default=0)
    added = models.PositiveIntegerField(_("added"), default=0)
    changed = models.PositiveIntegerField(pgettext_lazy("how many", "changed"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    ended = models.PositiveIntegerField(_("ended"), default=0)
    # [{"row": 7, "column": "Market", "value": "XX", "reason": "…"}, …], the first so many; problem_count counts all.
    problems = models.JSONField(_("refused rows"), default=list, blank=True)
    problem_count = models.PositiveIntegerField(_("problems"), default=0)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    started_by_label = models.CharField(_("started by"), max_length=420)
    language = models.CharField(max_length=10, default="en", editable=False)
    created_at = models.DateTimeField(_("uploaded"), default=clock.now, editable=False)
    sent_at = models.DateTimeField(_("handed to the worker"), null=True, blank=True, editable=False)
    claimed_at = models.DateTimeField(_("last sign of life"), null=True, blank=True, editable=False)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0, editable=False)
    retries_left = models.PositiveSmallIntegerField(default=MOST_RETRIES, editable=False)
    failure = models.TextField(_("last failure"), blank=True, default="", editable=False)

    objects = CatalogueImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("catalogue import")
        verbose_name_plural = _("catalogue imports")
        ordering = ("-created_at", "-pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running", "done", "refused"]), name="catalogue_import_state_known"
            ),
        )

    def __str__(self) -> str:
        return self.file_name

    def get_absolute_url(self) -> str:
        """The page with its progress, then its report."""
        return reverse("admin:catalogue_catalogueimport_change", args=[self.pk])

    @property
    def is_finished(self) -> bool:
        """Whether the report is final."""
        return self.state in (self.State.DONE, self.State.REFUSED)

    @property
    def is_stalled(self) -> bool:
        """Whether nobody works on it although it is not finished, so that a person may start it again."""
        if self.state == self.State.QUEUED:
            return self.sent_at is None or self.sent_at < clock.now() - timedelta(seconds=15)
        return self.state == self.State.RUNNING and (self.claimed_at is None or self.claimed_at < clock.now() - LEASE)

    @property
    def counts(self) -> dict[str, Any]:
        """What the file brought, as the record keeps it."""
        return {"added": self.added, "changed": self.changed, "unchanged": self.unchanged, "ended": self.ended}
