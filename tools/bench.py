"""Measure the portal against its goals: ./run bench [--strict] [--customers N] [names].

Makes a database portal_bench on the PostgreSQL of DATABASE_URL (or of this machine), fills it, measures, prints one
table, and removes the database. The settings are those of a production. Nothing fails unless --strict is given.
"""

import argparse
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

ROOT = Path(__file__).resolve().parent.parent
NAME = "portal_bench"
LOCAL = "postgres://postgres@127.0.0.1:5432/postgres"


def main() -> None:
    """Read the arguments; make the ground, measure on it, and remove it whatever happens."""
    parser = argparse.ArgumentParser(prog="./run bench", description="Measure the portal against its goals.")
    parser.add_argument("names", nargs="*", help="what to measure; everything unless named")
    parser.add_argument("--strict", action="store_true", help="end with an error unless every goal is reached")
    parser.add_argument("--customers", type=int, default=1_000_000, help="customers of the large provider")
    parser.add_argument("--resellers", type=int, default=10_000, help="resellers of the large provider")
    options = parser.parse_args()
    began = time.monotonic()
    # Also whoever is told to stop leaves no database behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as folder:
        try:
            prepare(folder)
            missed = measure(options)
        finally:
            drop()
    print(f"{time.monotonic() - began:.0f} seconds in all.")
    if missed and options.strict:
        raise SystemExit(f"{missed} goals are missed.")


def server() -> str:
    """The address of the PostgreSQL server's own database."""
    given = urlsplit(os.environ.get("BENCH_SERVER", LOCAL))
    return given._replace(path="/postgres").geturl()


def administer(*statements: str) -> None:
    """Execute statements outside any transaction."""
    with psycopg.connect(server(), autocommit=True, connect_timeout=3) as connection:
        for statement in statements:
            connection.execute(statement)  # type: ignore[call-overload]


def drop() -> None:
    """Remove the database with all that is still connected to it."""
    administer(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def free_port() -> int:
    """A port for the mail sink."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def prepare(folder: str) -> None:
    """A fresh database with the portal's tables, and the environment of a production on it."""
    if os.environ.get("DATABASE_URL", "").startswith("postgres"):
        os.environ["BENCH_SERVER"] = os.environ["DATABASE_URL"]
    try:
        administer(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)", f"CREATE DATABASE {NAME}")
    except psycopg.OperationalError as error:
        raise SystemExit(f"The benchmark needs PostgreSQL; set DATABASE_URL. {error}") from error
    os.environ.update(
        {
            "PORTAL_MODE": "production",
            "SECRET_KEY": secrets.token_urlsafe(64),
            "ALLOWED_HOSTS": "portal.example",
            "PORTAL_BASE_URL": "https://portal.example",
            "DATABASE_URL": urlsplit(server())._replace(path=f"/{NAME}").geturl(),
            # Pages without the second fence: what that costs is told in docs/decisions/second-fence.md.
            "WEB_DATABASE_URL": "off",
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(free_port()),
            "VAR_DIR": folder,
            "LOG_LEVEL": "ERROR",
            "DJANGO_SETTINGS_MODULE": "csp_portal.settings",
        }
    )
    os.environ.pop("REDIS_URL", None)
    for command in (["migrate"], ["createcachetable"], ["collectstatic", "--no-input"]):
        subprocess.run([sys.executable, "manage.py", *command, "--verbosity", "0"], cwd=ROOT, check=True)


def measure(options: argparse.Namespace) -> int:
    """Measure what was chosen, print the table as it grows, and return how many goals are missed."""
    import django
    from django.conf import settings

    settings.ROOT_URLCONF = "tests.benchmarks.urls"
    settings.MFA_REQUIRED = False  # The people of the benchmark have no telephones.
    django.setup()
    # They name what there is to measure.
    from tests.benchmarks import exports, imports, outbox, pages, submitting, throughput  # noqa: F401
    from tests.benchmarks.ground import make_ground
    from tests.benchmarks.measure import benchmarks

    chosen = options.names or list(benchmarks)
    if unknown := set(chosen) - set(benchmarks):
        raise SystemExit(f"Unknown: {', '.join(sorted(unknown))}. There are: {', '.join(benchmarks)}.")
    ground = make_ground(options.resellers, options.customers)
    width = min(60, shutil.get_terminal_size((140, 40)).columns - 60)
    print(f"\n{'goal':5} {'work':{width}} {'to reach':20} {'measured':30} verdict")
    missed = 0
    for name in chosen:
        for result in benchmarks[name](ground):
            missed += not result.reached
            verdict = "reached" if result.reached else "MISSED"
            line = f"{result.goal_id:5} {result.work:{width}} {result.goal:20} {result.measured:30} {verdict}"
            print(line, flush=True)
    return missed


if __name__ == "__main__":
    main()
