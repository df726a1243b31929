from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin.apps import AdminConfig


class PortalConfig(AppConfig):
    name = "csp_portal"
    verbose_name = "CSP portal"

    def ready(self) -> None:
        from csp_portal import checks  # noqa: F401  (registers them)
        from csp_portal.activity_log.sentences import register_all

        register_all()
        if settings.METRICS_PORT:
            from csp_portal.metrics import count_security

            count_security()


class BackOfficeConfig(AdminConfig):
    """Django's admin with the portal's own site."""

    default_site = "csp_portal.back_office.BackOfficeSite"
