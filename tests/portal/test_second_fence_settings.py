"""Who stands behind the second fence: processes that serve pages of a production on PostgreSQL, and no others."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse

from core import fence

PRODUCTION = {
    "PORTAL_MODE": "production",
    "SECRET_KEY": "k" * 64,
    "ALLOWED_HOSTS": "portal.example",
    "PORTAL_BASE_URL": "https://portal.example",
    "DATABASE_URL": "postgres://portal@127.0.0.1:1/portal",
}
WEB = "postgres://portal_web@127.0.0.1:1/portal"
SHOWN = "from django.conf import settings; print(settings.DATABASES['default']['USER'], settings.SECOND_FENCE)"


def told(program: str, tmp_path: Path, **given: str) -> subprocess.CompletedProcess[str]:
    """What a process of such an installation says about itself."""
    environment = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path), **PRODUCTION, **given}
    environment["DJANGO_SETTINGS_MODULE"] = "csp_portal.settings"
    (tmp_path / "static").mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )


def test_pages_of_a_production_do_not_start_without_their_own_account(tmp_path: Path) -> None:
    """It is said how to make one."""
    process = told("import csp_portal.wsgi", tmp_path)
    assert process.returncode != 0
    assert "prepare_database_roles" in process.stderr


@pytest.mark.parametrize(("given", "said"), [(WEB, "portal_web True"), ("off", "portal False")])
def test_pages_use_their_own_account(given: str, said: str, tmp_path: Path) -> None:
    """Unless somebody decided to do without."""
    process = told(f"import csp_portal.wsgi; {SHOWN}", tmp_path, WEB_DATABASE_URL=given)
    assert process.stdout.strip() == said, process.stderr


def test_whatever_serves_no_pages_keeps_its_account(tmp_path: Path) -> None:
    """Migrations, workers and commands, in the same environment."""
    process = told(SHOWN, tmp_path, WEB_DATABASE_URL=WEB)
    assert process.stdout.strip() == "portal False", process.stderr


@pytest.mark.postgres
@pytest.mark.django_db
def test_monitoring_is_told_of_a_fence_with_a_gap(fenced: None) -> None:
    """An account that owns the tables, or a table without its policies, is no fence."""

    def told_to_monitoring() -> bool:
        return b"second fence" in Client().get(reverse("healthz_ready")).content

    assert told_to_monitoring()  # the tests own their tables
    with connection.cursor() as cursor:
        cursor.execute(f"SET SESSION AUTHORIZATION {fence.WEB}")
        told_of_nothing = not told_to_monitoring()
        cursor.execute("RESET SESSION AUTHORIZATION")
        cursor.execute("ALTER TABLE orders_order DISABLE ROW LEVEL SECURITY")
        cursor.execute(f"SET SESSION AUTHORIZATION {fence.WEB}")
        told_of_gap = told_to_monitoring()
        cursor.execute("RESET SESSION AUTHORIZATION")
    assert (told_of_nothing, told_of_gap) == (True, True)
