"""What follows the record: notifications for people, webhooks for programs."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    """Reads the record of what was done and tells those whom it concerns; changes nothing that is recorded."""

    name = "notifications"
    verbose_name = _("Notifications")
