"""The record of what was done."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ActivityConfig(AppConfig):
    """Known by everybody, knows nobody."""

    name = "activity"
    verbose_name = _("Activity")
