"""Notes of backups: the portal makes none itself, and says when the last one is too old."""

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from core import clock

# A nightly backup that is two hours late, and a restore that nobody has tried for a quarter of a year.
TOO_OLD = {"backup": timedelta(hours=26), "rehearsal": timedelta(days=92)}


class BackupNoteQuerySet(models.QuerySet["BackupNote"]):
    """Notes by kind."""

    def latest_of(self, kind: str) -> "BackupNote | None":
        """The last one of its kind, if there is any."""
        return self.filter(kind=kind).order_by("-made_at", "-pk").first()


class BackupNote(models.Model):
    """That a backup was made, or one was restored on trial, as the script that did it says."""

    class Kind(models.TextChoices):
        """What was done."""

        BACKUP = "backup", _("Backup made")
        REHEARSAL = "rehearsal", _("Restored on trial")

    kind = models.CharField(_("what"), max_length=10, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=200, blank=True)
    size = models.BigIntegerField(_("bytes"), null=True)
    made_at = models.DateTimeField(_("when"), default=clock.now, editable=False)

    objects = BackupNoteQuerySet.as_manager()

    class Meta:
        verbose_name = _("note of a backup")
        verbose_name_plural = _("notes of backups")
        default_permissions = ("view",)
        constraints = (
            models.CheckConstraint(condition=models.Q(kind__in=["backup", "rehearsal"]), name="backup_kind"),
        )
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["kind", "-made_at"], name="backup_latest")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.name}" if self.name else str(self.get_kind_display())

    @property
    def age(self) -> timedelta:
        """How long ago."""
        return clock.now() - self.made_at

    @property
    def is_too_old(self) -> bool:
        """Whether the next one is overdue."""
        return self.age > TOO_OLD[self.kind]
