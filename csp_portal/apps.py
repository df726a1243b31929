from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "csp_portal"
    verbose_name = "CSP portal"

    def ready(self) -> None:
        from csp_portal import checks  # noqa: F401  (registers them)
