"""The outbox: mail that leaves only if its cause was committed."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MailConfig(AppConfig):
    """Known by everybody, knows only the record."""

    name = "mail"
    verbose_name = _("E-mail")
