"""What people are told of, and of which kinds of it they want to hear."""

from datetime import timedelta
from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from activity.models import ActivityRecord

NOTIFICATIONS_KEPT = timedelta(days=90)


class Category(models.TextChoices):
    """Kinds of notifications, as people choose among them."""

    SECURITY = "security", _("Security of your account")
    WORK = "work", _("What you started or were given")
    PARTNERSHIPS = "partnerships", _("Partnerships and requests")
    CUSTOMERS = "customers", _("Customers and their relations")
    ORDERS = "orders", _("Orders")
    SUBSCRIPTIONS = "subscriptions", _("Subscriptions")
    CHANGE_REQUESTS = "change_requests", _("Change requests")
    COMPANY = "company", _("Your company and its people")


# Nobody can turn these off.
MANDATORY = frozenset({Category.SECURITY})


class NotificationQuerySet(models.QuerySet["Notification"]):
    """Notifications by whose they are."""

    def of(self, user: User, organization: UUID | None) -> "NotificationQuerySet":
        """What the person is told while acting for this company or customer; what is about the person, always."""
        return self.filter(Q(organization_id=organization) | Q(organization_id=None), user=user)

    def in_bell(self) -> "NotificationQuerySet":
        """What stands on the page, and not in the daily summary alone."""
        return self.filter(in_bell=True)

    def unread(self) -> "NotificationQuerySet":
        """What nobody has marked as read."""
        return self.filter(read_at=None)


class Notification(models.Model):
    """One record that one person is told of. Whether the person may still see it is asked when it is read."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="notifications")
    # The Microsoft ID of the company or customer for which the person is told; none where it is about the person.
    organization_id = models.UUIDField(null=True)
    record = models.ForeignKey(ActivityRecord, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    category = models.CharField(max_length=20, choices=Category.choices)
    at = models.DateTimeField()
    in_bell = models.BooleanField(default=True)
    by_mail = models.BooleanField(default=False)
    mailed_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        default_permissions = ("view",)
        constraints = (models.UniqueConstraint(fields=["user", "record"], name="notification_once_per_person"),)
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["user", "-at", "-id"], name="notification_newest"),
            models.Index(fields=["user"], condition=Q(read_at=None, in_bell=True), name="notification_unread"),
            models.Index(fields=["user"], condition=Q(by_mail=True, mailed_at=None), name="notification_to_mail"),
            models.Index(fields=["at"], name="notification_oldest"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.record_id}"


class NotificationPreference(models.Model):
    """What a person wants to hear of one kind, where that is not the usual: in the bell, and not by mail."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    category = models.CharField(max_length=20, choices=Category.choices)
    in_bell = models.BooleanField(default=True)
    by_mail = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("notification preference")
        verbose_name_plural = _("notification preferences")
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(fields=["user", "category"], name="notification_preference_once"),
            models.CheckConstraint(
                condition=~Q(category="security") | Q(in_bell=True), name="notification_security_stays"
            ),
        )

    def __str__(self) -> str:
        return f"{self.user_id}: {self.category}"
