"""The record of what was done, by whom, for whom: written once and never changed."""

from typing import Any, ClassVar, NoReturn

from django.db import models
from django.utils.translation import gettext_lazy as _

from core import clock
from core.admin_search import side_by_side


class AppendOnlyError(TypeError):
    """Somebody tried to change or remove what was recorded."""

    def __init__(self) -> None:
        super().__init__("The activity record is append-only: rows are neither changed nor removed.")


def public_id(obj: models.Model) -> str:
    """The identifier under which people know an object: its GUID where it has one, else its primary key."""
    for name in ("microsoft_id", "public_id", "subscription_id"):
        value = getattr(obj, name, None)
        if value is not None:
            return str(value)
    return str(obj.pk)


# What a reseller and its provider say to each other about a customer begins with this: it names the customer, so that
# both find it, and is none of the customer's own.
BETWEEN_PARTNERS = "change_request."


class AppendOnlyQuerySet(models.QuerySet):
    """Reads; every write but an insert is refused."""

    def update(self, **kwargs: Any) -> NoReturn:
        """Refuse."""
        raise AppendOnlyError

    def delete(self) -> NoReturn:
        """Refuse."""
        raise AppendOnlyError

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse."""
        raise AppendOnlyError


class AppendOnly(models.Model):
    """A row that is written once; migrations 0002 and 0003 let the database refuse UPDATE and DELETE as well."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert; refuse to write an existing row again."""
        if not self._state.adding:
            raise AppendOnlyError
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse."""
        raise AppendOnlyError


class ActivityQuerySet(AppendOnlyQuerySet):
    """Reads of the record."""

    def about(self, obj: models.Model) -> "ActivityQuerySet":
        """What was done to this object, newest first."""
        return self.filter(target_type=obj._meta.label_lower, target_id=public_id(obj)).order_by("-at", "-pk")

    def visible_to(self, actor: Any) -> "ActivityQuerySet":
        """What concerned the company or customer that the actor acts for; nobody's rows for an actor without one."""
        if actor.is_customer:
            own = self.filter(customer_id=actor.customer.microsoft_id)
            return own.exclude(action__startswith=BETWEEN_PARTNERS)
        if actor.is_provider:
            return self.filter(provider_id=actor.partner.microsoft_id)
        if actor.is_reseller:
            return self.filter(reseller_id=actor.partner.microsoft_id)
        return self.none()


class Source(models.TextChoices):
    """By which way something was done."""

    PAGE = "page", _("Page")
    ADMIN = "admin", _("Back office")
    IMPORT = "import", _("Import")
    TASK = "task", _("Background task")
    COMMAND = "command", _("Command")


# What the back office searches, as migration 0005 indexes it.
SEARCH_WORDS = side_by_side("actor_label", "target_label", "action")


class ActivityRecord(AppendOnly):
    """One thing that was done. Names are kept as text and no foreign keys, so that it outlives what it speaks of."""

    at = models.DateTimeField(_("when"), default=clock.now, editable=False, db_index=True)
    action = models.CharField(_("action"), max_length=100)
    actor_user_id = models.BigIntegerField(_("person's number"), null=True)
    actor_label = models.CharField(_("who"), max_length=500)
    acting_for_id = models.UUIDField(_("Microsoft ID acted for"), null=True)
    acting_for_label = models.CharField(_("acting for"), max_length=255, blank=True)
    target_type = models.CharField(_("kind of object"), max_length=100)
    target_id = models.CharField(_("object's ID"), max_length=64)
    target_label = models.CharField(_("object"), max_length=255)
    provider_id = models.UUIDField(_("provider's Microsoft ID"), null=True)
    reseller_id = models.UUIDField(_("reseller's Microsoft ID"), null=True)
    customer_id = models.UUIDField(_("customer's Microsoft ID"), null=True)
    changes = models.JSONField(_("details"), default=dict)
    ip = models.GenericIPAddressField(_("network address"), null=True)
    request_id = models.CharField(_("request"), max_length=64, blank=True)
    # Empty for what was recorded before sources were.
    source = models.CharField(_("source"), max_length=10, choices=Source.choices, blank=True, default="")

    objects = ActivityQuerySet.as_manager()

    class Meta:
        verbose_name = _("activity record")
        verbose_name_plural = _("activity records")
        default_permissions = ("view",)
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["target_type", "target_id", "-at", "-id"], name="activity_target_latest"),
            models.Index(fields=["provider_id", "-at", "-id"], name="activity_provider_latest"),
            models.Index(fields=["reseller_id", "-at", "-id"], name="activity_reseller_latest"),
            models.Index(fields=["customer_id", "-at", "-id"], name="activity_customer_latest"),
            models.Index(fields=["actor_user_id", "-at", "-id"], name="activity_person_latest"),
            models.Index(fields=["provider_id", "action", "-at", "-id"], name="activity_action_latest"),
            models.Index(fields=["reseller_id", "action", "-at", "-id"], name="activity_reseller_action"),
            models.Index(fields=["request_id"], name="activity_request"),
        ]

    def __str__(self) -> str:
        return f"{self.action}: {self.target_label}"


class SealQuerySet(AppendOnlyQuerySet):
    """Reads of the chain."""

    def after(self, position: int) -> "SealQuerySet":
        """What follows on a position, in its order, with the records: no record ever appears before a position read."""
        return self.filter(position__gt=position).select_related("record").order_by("position")


class ActivitySeal(AppendOnly):
    """A link of the chain over the records: its digest covers the record and, by the link before, all that precede it.

    Records get their numbers when they are written and are seen when their transaction ends; positions are given to
    what is seen, one after the other. Who follows the record remembers a position, never a record's number.
    """

    position = models.PositiveBigIntegerField(_("position"), primary_key=True)
    # Without a constraint: the chain must be able to tell of a record that is gone.
    record = models.OneToOneField(
        ActivityRecord, models.DO_NOTHING, db_constraint=False, related_name="seal", verbose_name=_("record")
    )
    digest = models.CharField(_("digest"), max_length=64)

    objects = SealQuerySet.as_manager()

    class Meta:
        verbose_name = _("seal")
        verbose_name_plural = _("seals")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.position}:{self.digest}"


class UnsealedRecord(models.Model):
    """A record that waits for its seal; the database itself puts it here when the record is written (a trigger)."""

    record = models.OneToOneField(
        ActivityRecord,
        models.DO_NOTHING,
        primary_key=True,
        db_constraint=False,
        related_name="+",
        verbose_name=_("record"),
    )

    class Meta:
        verbose_name = _("record to be sealed")
        verbose_name_plural = _("records to be sealed")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.record_id)
