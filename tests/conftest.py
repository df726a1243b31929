"""The ground every test stands on: test settings, services that may be absent, strict templates, a fresh cache."""

import atexit
import ctypes
import functools
import gc
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")

# --- the environment, before Django reads its settings ----------------------------------------------------------------
os.environ["PORTAL_MODE"] = "test"
os.environ["DJANGO_SETTINGS_MODULE"] = "csp_portal.settings"
# Playwright keeps an event loop in the main thread, which Django takes for an async view; the portal has none.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
if not WORKER:
    # A directory of this run alone, so that two runs in one tree never share a database; its workers inherit it.
    parent = Path(os.environ.get("VAR_DIR") or ROOT / "var")
    parent.mkdir(parents=True, exist_ok=True)
    os.environ["VAR_DIR"] = tempfile.mkdtemp(prefix="test-", dir=parent)
    atexit.register(shutil.rmtree, os.environ["VAR_DIR"], ignore_errors=True)
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(parent / "cache" / "hypothesis"))
elif os.environ.get("REDIS_URL"):
    # Each worker empties its own cache between tests: a Redis database of its own.
    _redis = urlsplit(os.environ["REDIS_URL"])
    _number = int(_redis.path.strip("/") or 0) + int(WORKER.removeprefix("gw"))
    os.environ["REDIS_URL"] = _redis._replace(path=f"/{_number}").geturl()
VAR_DIR = Path(os.environ["VAR_DIR"])
(VAR_DIR / "static").mkdir(exist_ok=True)  # else WhiteNoise warns that nothing was collected


class UndefinedVariable(str):
    """Stands for an undefined variable: fails in templates of ours, is empty in those of libraries."""

    def __bool__(self) -> bool:
        name = rendering_template(sys._getframe(1))
        if name is None or "site-packages" in name:
            return False
        raise LookupError(f"Undefined variable in template {name}")


def rendering_template(frame: FrameType | None) -> str | None:
    """The file of the template whose node is being rendered, the innermost first."""
    while frame is not None:
        origin = getattr(frame.f_locals.get("self"), "origin", None)
        if origin is not None and frame.f_code.co_name in ("render", "render_annotated"):
            return str(origin.name)
        frame = frame.f_back
    return None


import django
from django.conf import settings

settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # the real one is slow on purpose
settings.TEMPLATES[0]["OPTIONS"]["string_if_invalid"] = UndefinedVariable()
if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file as in the demo, not memory: threads then have connections and transactions of their own.
    settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = str(VAR_DIR / "tests.sqlite3")
django.setup()
# Not for the workers: pytest-django would read the settings there before this file gives each its own Redis database.
del os.environ["DJANGO_SETTINGS_MODULE"]

import hypothesis
import pytest
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from django.contrib.auth.signals import user_logged_in
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest

from accounts.models import User
from core.counting import forget
from csp_portal.back_office import enter
from tests.emptying import quick_flush  # noqa: F401 – a fixture of the whole session

# No test fails because a machine is slow.
hypothesis.settings.register_profile("portal", deadline=None)
hypothesis.settings.load_profile("portal")


# --- services that may be absent --------------------------------------------------------------------------------------
@functools.cache
def missing_postgres() -> str:
    """Why the tests that need PostgreSQL cannot run, or nothing."""
    if connection.vendor == "postgresql":
        return ""
    return os.environ.get("POSTGRES_MISSING") or "DATABASE_URL names no PostgreSQL"


@functools.cache
def missing_redis() -> str:
    """Why the tests that need Redis cannot run, or nothing."""
    if not settings.REDIS_URL:
        return "REDIS_URL is not set"
    import redis

    try:
        redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1).ping()
    except redis.RedisError as error:
        return f"Redis does not answer: {error}"
    return ""


def chromium() -> str | None:
    """The path of the browser, or None: first the one without windows, which takes half the time."""
    given = os.environ.get("CHROMIUM")
    names = [given] if given else ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"]
    return next((path for name in names if (path := shutil.which(name))), None)


@functools.cache
def missing_browser() -> str:
    """Why the browser tests cannot run, or nothing."""
    if chromium() is None:
        return "Chromium is not installed (apt-get install chromium), or CHROMIUM names no program"
    try:
        ctypes.CDLL("libatomic.so.1")
    except OSError:
        return "Playwright's driver needs libatomic (apt-get install libatomic1)"
    return ""


SERVICES = {"postgres": missing_postgres, "redis": missing_redis, "browser": missing_browser}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose service is absent, with the reason; REQUIRE_SERVICES=1 makes it a failure."""
    for marker, missing in SERVICES.items():
        if item.get_closest_marker(marker) is None:
            continue
        if reason := missing():
            if os.environ.get("REQUIRE_SERVICES") == "1":
                pytest.fail(f"{marker} is required here: {reason}", pytrace=False)
            pytest.skip(reason)


def pytest_collection_finish() -> None:
    """Leave what was imported out of every later search for garbage, which takes a seventh of the time otherwise."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def pytest_report_header() -> str:
    """Say on what the tests run."""
    absent = [f"{marker} ({reason})" for marker, missing in SERVICES.items() if (reason := missing())]
    return f"portal: {connection.vendor}" + (f"; absent: {', '.join(absent)}" if absent else "; every service")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Take leave of what still holds the database at the end, such as a server's thread whose browser was closed."""
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


# --- the second fence -------------------------------------------------------------------------------------------------
def pytest_addoption(parser: pytest.Parser) -> None:
    """Let every page of every test stand behind the second fence."""
    parser.addoption("--fence", action="store_true", help="serve all pages behind row-level security (PostgreSQL)")


@pytest.fixture(scope="session")
def prepared_roles(django_db_setup: None, django_db_blocker: Any) -> None:
    """The roles and policies, once; roles belong to the whole server, where another run may be making them too."""
    from csp_portal.fence.roles import prepare

    with django_db_blocker.unblock():
        for attempt in range(5):
            try:
                prepare(connection)
                return
            except DatabaseError:
                if attempt == 4:
                    raise
                time.sleep(1)


@pytest.fixture(scope="session", autouse=True)
def roles_prepared_when_asked(request: pytest.FixtureRequest) -> None:
    """The same at the very start of a run with --fence: a table cannot be fenced while a module's rows wait in it."""
    if request.config.getoption("--fence") and connection.vendor == "postgresql":
        request.getfixturevalue("prepared_roles")


@pytest.fixture
def fenced(request: pytest.FixtureRequest, settings: Any) -> None:
    """Serve pages behind the second fence."""
    request.getfixturevalue("prepared_roles")
    settings.SECOND_FENCE = True


@pytest.fixture(autouse=True)
def fenced_when_asked(request: pytest.FixtureRequest) -> None:
    """The same for every test of a run with --fence."""
    if request.config.getoption("--fence") and connection.vendor == "postgresql":
        request.getfixturevalue("fenced")


# --- every test ---------------------------------------------------------------------------------------------------
USES_DATABASE = {"db", "transactional_db", "live_server", "admin_client", "admin_user"}


@pytest.fixture(autouse=True)
def empty_cache(request: pytest.FixtureRequest) -> None:
    """Start without remembered rate limits: no rollback reaches the cache."""
    marked = request.node.get_closest_marker("django_db") is not None
    if settings.REDIS_URL:
        if not missing_redis():
            cache.clear()
    elif marked or USES_DATABASE & set(request.fixturenames):
        request.getfixturevalue("_django_db_helper")
        cache.clear()


@pytest.fixture(autouse=True)
def counted_anew() -> None:
    """Remember of no other test that there was more than anybody counts."""
    forget()


@pytest.fixture(autouse=True)
def inside_the_back_office() -> Iterator[None]:
    """Let whoever `force_login` signs in stand inside already: tests/portal/test_admin_door.py is about the door."""

    def step_in(sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
        if user.is_staff and request.method is None:  # no browser asked for it
            enter(request)

    user_logged_in.connect(step_in)
    yield
    user_logged_in.disconnect(step_in)


@pytest.fixture(scope="session", autouse=True)
def forced_sign_in_is_a_sign_in() -> Iterator[None]:
    """Let `force_login` leave the trace of a password just given, as the page does: nobody is asked for it again."""
    user_logged_in.connect(note_password)
    yield
    user_logged_in.disconnect(note_password)


def note_password(sender: type, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """As the sign-in page does."""
    if not get_authentication_records(request, user):
        record_authentication(request, user, method="password")


# --- the browser --------------------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The system's Chromium, which reaches nothing but this machine."""
    return {
        **browser_type_launch_args,
        "executable_path": chromium(),
        "args": [
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
        ],
    }
