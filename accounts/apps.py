"""People, companies and the way in."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Owns the mails whose link lets somebody choose a password, and those with a code."""

    name = "accounts"
    verbose_name = _("People and companies")

    def ready(self) -> None:
        """Say how these mails get their links and codes."""
        from accounts.codes import late_code
        from accounts.invitation_links import late_link
        from accounts.links import password_link
        from mail.registry import register

        register("password_reset", password_link)
        register("account_opened", password_link)
        register("email_code", late_code)
        register("colleague_invited", late_link)
