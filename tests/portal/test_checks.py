"""The deployment checks: silent on a good installation, and each fault is named."""

from typing import Any

import pytest

from csp_portal.checks import check_addresses, check_services

GOOD: dict[str, Any] = {
    "PORTAL_BASE_URL": "https://portal.example",
    "ALLOWED_HOSTS": ["portal.example"],
    "EMAIL_TIMEOUT": 10,
    "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
    "REDIS_URL": "redis://localhost:6379/0",
    "METRICS_PORT": 9108,
    "METRICS_ADDRESS": "127.0.0.1",
    "CELERY_BROKER_URL": "redis://localhost:6379/0",
    "CELERY_BROKER_TRANSPORT_OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    "CACHES": {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache"}},
    "DATABASES": {"default": {"ENGINE": "django.db.backends.postgresql"}},
}
FAULTS = [
    ({"PORTAL_BASE_URL": "http://portal.example"}, "portal.E001"),
    ({"PORTAL_BASE_URL": "https://portal.example/app"}, "portal.E002"),
    ({"ALLOWED_HOSTS": ["other.example"]}, "portal.E003"),
    ({"EMAIL_TIMEOUT": None}, "portal.E004"),
    ({"EMAIL_BACKEND": "csp_portal.demo.mailbox.MailboxBackend"}, "portal.E005"),
    ({"CELERY_BROKER_TRANSPORT_OPTIONS": {"socket_timeout": 1}}, "portal.E006"),
    ({"CELERY_BROKER_TRANSPORT_OPTIONS": {"socket_connect_timeout": 1}}, "portal.E006"),
    ({"CELERY_RESULT_BACKEND": "redis://localhost:6379/0"}, "portal.E007"),
    ({"CACHES": {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}}, "portal.E008"),
    ({"REDIS_URL": ""}, "portal.W001"),
    ({"METRICS_ADDRESS": "0.0.0.0"}, "portal.W003"),
    ({"DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3"}}}, "portal.W002"),
]


def found(monkeypatch: pytest.MonkeyPatch, **changed: Any) -> list[str | None]:
    from csp_portal import checks

    # A stand-in rather than override_settings: changing DATABASES or CACHES for a moment would confuse Django itself.
    stand_in = type("Settings", (), {**GOOD, **changed})
    monkeypatch.setattr(checks, "settings", stand_in)
    return [message.id for message in [*check_addresses(None), *check_services(None)]]


def test_good_installation_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(monkeypatch) == []


@pytest.mark.parametrize(("fault", "name"), FAULTS)
def test_fault_is_named(monkeypatch: pytest.MonkeyPatch, fault: dict[str, Any], name: str) -> None:
    assert found(monkeypatch, **fault) == [name]
