"""A production has nothing to be reproached with: Django's deployment checks are silent and its headers score A+."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.mail.processes import database_url
from tests.portal.header_score import Answer, grade, modifiers, score
from tests.world import make_world

ROOT = Path(__file__).resolve().parent.parent.parent
PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "csp_portal.settings",
    "PORTAL_MODE": "production",
    "SECRET_KEY": "a-secret-of-this-test-alone-with-more-than-fifty-characters",
    "ALLOWED_HOSTS": "portal.example",
    "PORTAL_BASE_URL": "https://portal.example",
    "REDIS_URL": "redis://localhost:6379/0",
    "DATABASE_URL": "postgres://portal@localhost/portal",
}
GOOD = Answer(
    {
        "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; frame-ancestors 'none'",
        "strict-transport-security": "max-age=31536000; includeSubDomains; preload",
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
    },
    ("__Host-session=x; HttpOnly; Path=/; SameSite=Lax; Secure",),
    "https://portal.example/",
)
# Asks a production, in a process of its own, as the person whose number is the argument.
ASK = """
import json, sys
import django
from django.conf import settings
settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
settings.MFA_REQUIRED = False  # force_login proves none
django.setup()
from django.test import Client
from accounts.models import User
person, office, paths = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
host = {"host": "portal.example"}
for path in paths:
    client = Client(raise_request_exception=False, headers=host)
    if path.startswith("/admin/"):
        client.force_login(User.objects.get(pk=office))
    elif path.startswith("!"):
        path = path[1:]
        client.force_login(User.objects.get(pk=person))
    plain = client.get(path)
    response = client.get(path, secure=True)
    print(json.dumps({
        "path": path,
        "status": response.status_code,
        "headers": {name.lower(): value for name, value in response.headers.items()},
        "cookies": [cookie.OutputString() for cookie in response.cookies.values()],
        "plain": plain.headers.get("Location", ""),
    }))
"""
PATHS = {
    "/account/sign-in/": 200,
    "/account/password/reset/": 200,
    "/find-a-provider/": 200,
    "/enroll/": 200,
    "/i/no-such-link/": 404,
    "/nowhere/": 404,
    "!/": 200,
    "!/customers/": 200,
    "!/account/preferences/": 200,
    "/admin/": 302,
    "/admin/enter/": 302,
}


def test_deployment_checks_are_silent(tmp_path: Path) -> None:
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    environment = {**os.environ, **PRODUCTION, "VAR_DIR": str(tmp_path)}
    environment.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)  # the tests' own
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    expected = (0, "System check identified no issues (0 silenced).")
    assert (ran.returncode, ran.stdout.strip()) == expected, ran.stderr[-2000:]


@pytest.mark.parametrize(
    ("fault", "points", "letter"),
    [
        ({}, 130, "A+"),
        ({"content-security-policy": ""}, 55, "C"),
        ({"content-security-policy": "script-src 'self' 'unsafe-inline'; frame-ancestors 'none'"}, 80, "B+"),
        ({"strict-transport-security": ""}, 80, "B+"),
        ({"strict-transport-security": "max-age=86400"}, 115, "A+"),
        ({"x-content-type-options": ""}, 125, "A+"),
        ({"referrer-policy": "unsafe-url"}, 120, "A+"),
    ],
)
def test_the_score_knows_each_fault(fault: dict[str, str], points: int, letter: str) -> None:
    answer = replace(GOOD, headers={**GOOD.headers, **fault})
    assert (score(answer), grade(answer)) == (points, letter)


@pytest.mark.parametrize(
    ("cookie", "points"),
    [
        ("session=x; HttpOnly; SameSite=Lax", 60),
        ("session=x; Secure; SameSite=Lax", 70),
        ("csrf=x; Secure; HttpOnly", 125),
        ("csrf=x; HttpOnly; SameSite=Lax", 80),
    ],
)
def test_the_score_knows_a_bad_cookie(cookie: str, points: int) -> None:
    assert score(replace(GOOD, cookies=(cookie,))) == points


def test_the_score_knows_plain_http() -> None:
    assert score(replace(GOOD, plain_leads_to="http://portal.example/")) == 80


@pytest.mark.postgres
@pytest.mark.redis
@pytest.mark.django_db(transaction=True)
def test_a_production_scores_a_plus_on_every_page(tmp_path: Path, settings: Any) -> None:
    (tmp_path / "static").mkdir()
    world = make_world()
    environment = {
        **os.environ,
        **PRODUCTION,
        "DATABASE_URL": database_url(),
        "REDIS_URL": settings.REDIS_URL,
        "VAR_DIR": str(tmp_path),
        "LOG_LEVEL": "ERROR",
    }
    people = [str(world.ours.provider_admin.user.pk), str(world.back_office.pk)]
    command = [sys.executable, "-W", "ignore", "-c", ASK, *people, *PATHS]
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    told = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [one["status"] for one in told] == list(PATHS.values()), ran.stderr[-3000:]
    assert any(one["cookies"] for one in told)
    for one in told:
        answer = Answer(one["headers"], tuple(one["cookies"]), one["plain"])
        assert grade(answer) == "A+", (one["path"], modifiers(answer))
        assert min(modifiers(answer).values()) > 0, (one["path"], modifiers(answer))
        assert score(answer) >= 125
