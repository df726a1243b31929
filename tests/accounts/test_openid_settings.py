"""What the settings of the OpenID Connect provider accept."""

import os
import subprocess
import sys

import pytest

IDENTITY = {"OIDC_SERVER_URL": "https://id.example/tenant", "OIDC_CLIENT_ID": "portal", "OIDC_CLIENT_SECRET": "secret"}
PRODUCTION = {
    "PORTAL_MODE": "production",
    "SECRET_KEY": "a secret of fifty characters or more, as it should be",
    "ALLOWED_HOSTS": "portal.example",
    "PORTAL_BASE_URL": "https://portal.example",
}


def settings_with(**environment: str) -> subprocess.CompletedProcess[str]:
    """Read the settings in a process of its own, and print the address of the provider."""
    command = "from csp_portal import settings; print(settings.OIDC_SERVER_URL, settings.OIDC_NAME, settings.OIDC_MFA)"
    bare = {name: os.environ[name] for name in ("PATH", "HOME", "VAR_DIR") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-c", command], env={**bare, **environment}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("missing", ["OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"])
def test_an_account_at_the_provider_is_needed(missing: str) -> None:
    result = settings_with(PORTAL_MODE="test", **{**IDENTITY, missing: ""})
    assert result.returncode == 1
    assert "OIDC_CLIENT_ID and OIDC_CLIENT_SECRET are needed with it" in result.stderr


def test_a_production_asks_its_provider_by_https_only() -> None:
    assert settings_with(**PRODUCTION, **IDENTITY).returncode == 0
    result = settings_with(**PRODUCTION, **IDENTITY | {"OIDC_SERVER_URL": "http://localhost/tenant"})
    assert result.returncode == 1
    assert "OIDC_SERVER_URL must start with https://" in result.stderr


@pytest.mark.parametrize("tail", ["", "/", "/.well-known/openid-configuration"])
def test_the_address_may_be_written_as_people_copy_it(tail: str) -> None:
    address = IDENTITY["OIDC_SERVER_URL"] + tail
    result = settings_with(PORTAL_MODE="test", **IDENTITY | {"OIDC_SERVER_URL": address})
    assert result.stdout == "https://id.example/tenant Microsoft Entra ID False\n"
