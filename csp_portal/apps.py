from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "csp_portal"
    verbose_name = "CSP portal"
