"""A database of an earlier release becomes one of today, with what is in it."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# The last migration of each app in the first release.
FIRST_RELEASE = [
    ("accounts", "0001_initial"),
    ("activity", "0002_append_only"),
    ("catalogue", "0002_prices_never_change"),
    ("customers", "0002_relationship_within_partnership"),
    ("mail", "0001_initial"),
    ("orders", "0001_initial"),
    ("resellers", "0001_initial"),
    ("subscriptions", "0001_initial"),
]


STEPS = """
import django
django.setup()
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
MigrationExecutor(connection).migrate({first})
"""


def run(database: Path, *command: str) -> None:
    """Run Python in a process of its own, on the database in this directory."""
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    environment |= {"PORTAL_MODE": "demo", "VAR_DIR": str(database), "DJANGO_SETTINGS_MODULE": "csp_portal.settings"}
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.fail(done.stderr[-2000:])


def triggers(database: Path) -> dict[str, str]:
    """The triggers of an SQLite database and what they say."""
    with sqlite3.connect(database) as connection:
        return dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))


def test_an_sqlite_database_of_the_first_release_is_brought_up_to_date(tmp_path: Path) -> None:
    """SQLite makes changed tables anew, and its triggers must survive that."""
    run(tmp_path, "-c", STEPS.format(first=FIRST_RELEASE))
    before = triggers(tmp_path / "portal.sqlite3")
    assert len(before) > 0
    run(tmp_path, "manage.py", "migrate", "--verbosity=0")
    after = triggers(tmp_path / "portal.sqlite3")
    assert {name: after.get(name) for name in before} == before
