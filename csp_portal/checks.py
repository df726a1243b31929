"""What `manage.py check --deploy` says about an installation beyond Django's own checks."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.http.request import validate_host

# Caches that other processes do not see: a rate limit counted there is counted once per process.
UNSHARED_CACHES = {
    "django.core.cache.backends.locmem.LocMemCache",
    "django.core.cache.backends.dummy.DummyCache",
}


@register(Tags.security, deploy=True)
def check_addresses(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Links in mails lead to PORTAL_BASE_URL: it must be encrypted, bare, and a host that is answered."""
    base = urlsplit(settings.PORTAL_BASE_URL)
    found: list[CheckMessage] = []
    if base.scheme != "https":
        found.append(
            Error(
                "PORTAL_BASE_URL is plain HTTP: passwords, sessions and invitation links travel in the clear.",
                hint="Serve the portal over HTTPS and let PORTAL_BASE_URL begin with https://.",
                id="portal.E001",
            )
        )
    if base.path or base.query or base.fragment:
        found.append(Error("PORTAL_BASE_URL is an origin, without a path.", id="portal.E002"))
    if not validate_host(base.hostname or "", settings.ALLOWED_HOSTS):
        found.append(Error("The host of PORTAL_BASE_URL is not in ALLOWED_HOSTS.", id="portal.E003"))
    return found


@register(Tags.security, deploy=True)
def check_services(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A service that hangs must never hold a page or a worker, and limits must hold for all processes together."""
    found: list[CheckMessage] = []
    if not settings.EMAIL_TIMEOUT:
        found.append(Error("EMAIL_TIMEOUT is not set: a silent mail server holds the worker.", id="portal.E004"))
    if settings.EMAIL_BACKEND.startswith("csp_portal.demo."):
        found.append(Error("E-mails go to the demo's mailbox, which everybody may read.", id="portal.E005"))
    options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    if settings.CELERY_BROKER_URL.startswith("redis") and not (
        options.get("socket_timeout") and options.get("socket_connect_timeout")
    ):
        found.append(Error("The broker has no timeouts: a Redis that hangs holds every page.", id="portal.E006"))
    if getattr(settings, "CELERY_RESULT_BACKEND", None):
        found.append(Error("Nothing reads task results: leave CELERY_RESULT_BACKEND unset.", id="portal.E007"))
    if settings.CACHES["default"]["BACKEND"] in UNSHARED_CACHES:
        found.append(Error("Rate limits need a cache that all processes share: set REDIS_URL.", id="portal.E008"))
    if not settings.REDIS_URL:
        found.append(
            Warning(
                "REDIS_URL is not set: the embedded broker serves one machine, and every rate limit costs a query.",
                id="portal.W001",
            )
        )
    if settings.METRICS_PORT and settings.METRICS_ADDRESS in ("", "0.0.0.0", "::"):  # noqa: S104 – refused here
        found.append(Warning("METRICS_ADDRESS shows figures to everybody who reaches the machine.", id="portal.W003"))
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        found.append(
            Warning("The database is SQLite: one writer at a time. Set DATABASE_URL to PostgreSQL.", id="portal.W002")
        )
    return found
