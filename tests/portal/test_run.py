"""The entry script and the settings it starts with, each in a process of its own."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PRODUCTION = {
    "PORTAL_MODE": "production",
    "SECRET_KEY": "a-secret-of-this-test-alone-with-more-than-fifty-characters",
    "ALLOWED_HOSTS": "portal.example",
    "PORTAL_BASE_URL": "https://portal.example",
}


def run(command: list[str], tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    bare = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**bare, "VAR_DIR": str(tmp_path), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def python(code: str, tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return run([sys.executable, "-c", f"import django; django.setup(); {code}"], tmp_path, **environment)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_script_is_plain_shell() -> None:
    assert subprocess.run(["sh", "-n", "run"], cwd=ROOT, check=False).returncode == 0
    assert (ROOT / "run").read_text().startswith("#!/bin/sh\n")


def test_taken_port_is_a_clear_message(taken_port: int, tmp_path: Path) -> None:
    result = run([sys.executable, "-m", "tools.serve"], tmp_path, PORT=str(taken_port))

    assert result.returncode == 1
    assert f"Port {taken_port} cannot be used" in result.stderr
    assert "PORT=" in result.stderr


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1"])
def test_impossible_port_is_a_clear_message(port: str, tmp_path: Path) -> None:
    result = run([sys.executable, "-m", "tools.serve"], tmp_path, PORT=port)

    assert (result.returncode, result.stderr) == (1, f"PORT={port} is not a port number.\n")


def test_old_python_is_a_clear_message(tmp_path: Path) -> None:
    (tmp_path / "run").write_text((ROOT / "run").read_text())
    old = tmp_path / "old-python"
    old.write_text('#!/bin/sh\ncase "$2" in *print*) echo 3.9 ;; *) exit 1 ;; esac\n')
    old.chmod(0o755)

    result = run(["sh", str(tmp_path / "run")], tmp_path, PYTHON=str(old))

    assert result.returncode == 1
    assert "needs Python 3.11 or newer" in result.stderr
    assert "is 3.9" in result.stderr
    assert not (tmp_path / ".venv").exists()


def test_missing_venv_names_the_package(tmp_path: Path) -> None:
    (tmp_path / "run").write_text((ROOT / "run").read_text())
    bare = tmp_path / "bare-python"
    bare.write_text('#!/bin/sh\ncase "$2" in *print*) echo 3.11 ;; *ensurepip*) exit 1 ;; esac\n')
    bare.chmod(0o755)

    result = run(["sh", str(tmp_path / "run")], tmp_path, PYTHON=str(bare))

    assert result.returncode == 1
    assert "apt-get install python3-venv" in result.stderr


def test_script_never_starts_a_production(tmp_path: Path) -> None:
    result = run(["sh", "run"], tmp_path, PORTAL_MODE="production")

    assert result.returncode == 1
    assert "docs/operations.md" in result.stderr


def test_unknown_command_shows_the_known_ones(tmp_path: Path) -> None:
    result = run(["sh", "run", "tset"], tmp_path)

    assert result.returncode == 2
    assert "./run test" in result.stderr


@pytest.mark.parametrize("name", ["SECRET_KEY", "ALLOWED_HOSTS", "PORTAL_BASE_URL"])
def test_production_refuses_to_start_without(name: str, tmp_path: Path) -> None:
    given = {key: value for key, value in PRODUCTION.items() if key != name}

    result = python("", tmp_path, DJANGO_SETTINGS_MODULE="csp_portal.settings", **given)

    assert result.returncode != 0
    assert name in result.stderr


def test_production_names_everything_that_is_missing_at_once(tmp_path: Path) -> None:
    result = python("", tmp_path, DJANGO_SETTINGS_MODULE="csp_portal.settings")

    assert result.returncode != 0
    assert [name for name in PRODUCTION if name != "PORTAL_MODE" and name not in result.stderr] == []


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"SECRET_KEY": "demo-and-tests-only-never-in-production"}, "demo's key"),
        ({"PORTAL_BASE_URL": "http://portal.example"}, "https://"),
        ({"MFA_REQUIRED": "0"}, "MFA_REQUIRED cannot be switched off"),
        ({"BREACHED_PASSWORDS_FILE": "/nowhere/hashes.txt"}, "BREACHED_PASSWORDS_FILE names no file"),
    ],
)
def test_production_refuses_what_is_only_good_for_the_demo(wrong: dict[str, str], words: str, tmp_path: Path) -> None:
    result = python("", tmp_path, DJANGO_SETTINGS_MODULE="csp_portal.settings", **{**PRODUCTION, **wrong})

    assert result.returncode != 0
    assert words in result.stderr


RESOLVE = """
from django.conf import settings
from django.urls import NoReverseMatch, Resolver404, resolve, reverse
for path in ("/demo/mailbox/", "/demo/"):
    try:
        resolve(path)
        print("mounted", path)
    except Resolver404:
        pass
try:
    reverse("demo:mailbox")
    print("reversed")
except NoReverseMatch:
    pass
print(resolve("/healthz/").url_name, settings.EMAIL_BACKEND.split(".")[0], settings.DEBUG)
"""


def test_mailbox_is_not_mounted_in_production(tmp_path: Path) -> None:
    code = f"exec({RESOLVE!r})"
    where = "DJANGO_SETTINGS_MODULE"

    production = python(code, tmp_path, **{where: "csp_portal.settings"}, **PRODUCTION)
    demo = python(code, tmp_path, **{where: "csp_portal.settings"}, PORTAL_MODE="demo")

    assert (production.returncode, production.stdout) == (0, "healthz django False\n")
    assert demo.stdout == "mounted /demo/mailbox/\nreversed\nhealthz csp_portal False\n"


def test_settings_without_a_mode_are_production(tmp_path: Path) -> None:
    given = {key: value for key, value in PRODUCTION.items() if key != "PORTAL_MODE"}

    result = python(
        "from django.conf import settings; print(settings.PRODUCTION)",
        tmp_path,
        DJANGO_SETTINGS_MODULE="csp_portal.settings",
        **given,
    )

    assert result.stdout == "True\n"
