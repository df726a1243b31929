"""People who sign in."""

import zoneinfo
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from core import clock
from core.text import email_key


class UserManager(BaseUserManager["User"]):
    """Creates people under the normal form of their sign-in name."""

    def create_user(self, sign_in_name: str, password: str | None = None, **fields: Any) -> "User":
        """Create a person; without a password nobody can sign in as them until one is set."""
        name = email_key(sign_in_name)
        fields.setdefault("email", name)
        user = self.model(sign_in_name=name, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, sign_in_name: str, password: str | None = None, **fields: Any) -> "User":
        """Create a back-office person who may do everything in Django admin."""
        return self.create_user(sign_in_name, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find a person by any spelling of the sign-in name."""
        try:
            return self.get(sign_in_name=email_key(username or ""))
        except ValidationError as error:
            raise self.model.DoesNotExist from error


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in: staff of a partner, an administrator of a customer, or the back office.

    Partner staff sign in with their e-mail address, a customer's administrator with `admin@prefix.onmicrosoft.com`,
    which is a name and not a mailbox.
    """

    class Theme(models.TextChoices):
        """How the pages are lit."""

        AUTO = "auto", _("Same as this device")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    sign_in_name = models.CharField(_("user name"), max_length=254, unique=True)
    email = models.EmailField(_("e-mail address"), max_length=254, blank=True)
    full_name = models.CharField(_("full name"), max_length=150)
    language = models.CharField(_("language"), max_length=10, default="en")
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    theme = models.CharField(_("theme"), max_length=5, choices=Theme.choices, default=Theme.AUTO)
    is_active = models.BooleanField(_("may sign in"), default=True)
    is_staff = models.BooleanField(_("back office"), default=False)
    must_change_password = models.BooleanField(_("must change the password"), default=False)
    password_expires_at = models.DateTimeField(_("temporary password expires"), null=True, blank=True)
    # When the person was seen to read the mailbox: by a code or a link that went there and nowhere else.
    email_proved_at = models.DateTimeField(_("mailbox proved"), null=True, blank=True)
    # What the bell shows, by the Microsoft ID of the organization; written by notifications, here so that no page asks.
    unread_notifications = models.JSONField(default=dict, editable=False)
    date_joined = models.DateTimeField(_("since"), default=clock.now, editable=False)

    USERNAME_FIELD = "sign_in_name"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["full_name"]

    objects = UserManager()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")

    def __str__(self) -> str:
        return self.full_name or self.sign_in_name

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The person's time zone; UTC when the stored name is no longer known."""
        try:
            return zoneinfo.ZoneInfo(self.time_zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            return zoneinfo.ZoneInfo("UTC")

    @property
    def temporary_password_expired(self) -> bool:
        """Whether the password is a temporary one whose time is over: it opens nothing any more."""
        return (
            self.must_change_password
            and self.password_expires_at is not None
            and self.password_expires_at <= clock.now()
        )
