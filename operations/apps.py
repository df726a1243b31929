"""What operators do outside the portal and want to see inside it."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OperationsConfig(AppConfig):
    """Knows nobody."""

    name = "operations"
    verbose_name = _("Operations")
