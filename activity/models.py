"""The record of what was done, by whom, for whom: written once and never changed."""

from typing import Any, ClassVar, NoReturn

from django.db import models
from django.utils.translation import gettext_lazy as _

from core import clock


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


class ActivityQuerySet(models.QuerySet["ActivityRecord"]):
    """Reads of the record; every write but an insert is refused."""

    def about(self, obj: models.Model) -> "ActivityQuerySet":
        """What was done to this object, newest first."""
        return self.filter(target_type=obj._meta.label_lower, target_id=public_id(obj)).order_by("-at", "-pk")

    def visible_to(self, actor: Any) -> "ActivityQuerySet":
        """What concerned the company or customer that the actor acts for; nobody's rows for an actor without one."""
        if actor.is_customer:
            return self.filter(customer_id=actor.customer.microsoft_id)
        if actor.is_provider:
            return self.filter(provider_id=actor.partner.microsoft_id)
        if actor.is_reseller:
            return self.filter(reseller_id=actor.partner.microsoft_id)
        return self.none()

    def update(self, **kwargs: Any) -> NoReturn:
        """Refuse."""
        raise AppendOnlyError

    def delete(self) -> NoReturn:
        """Refuse."""
        raise AppendOnlyError

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse."""
        raise AppendOnlyError


class ActivityRecord(models.Model):
    """One thing that was done. Names are kept as text and no foreign keys, so that it outlives what it speaks of.

    The database refuses UPDATE and DELETE by a trigger (migration 0002).
    """

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

    objects = ActivityQuerySet.as_manager()

    class Meta:
        verbose_name = _("activity record")
        verbose_name_plural = _("activity records")
        default_permissions = ("view",)
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["target_type", "target_id", "-at"], name="activity_by_target"),
            models.Index(fields=["provider_id", "-at"], name="activity_by_provider"),
            models.Index(fields=["reseller_id", "-at"], name="activity_by_reseller"),
            models.Index(fields=["customer_id", "-at"], name="activity_by_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.action}: {self.target_label}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert; refuse to write an existing row again."""
        if not self._state.adding:
            raise AppendOnlyError
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse."""
        raise AppendOnlyError
