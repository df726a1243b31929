"""Bring the demo's database and static files up to date in one process, so that a second start is quick."""

import hashlib
from io import StringIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from csp_portal.demo.load import is_loaded, sign_ins


def static_sources() -> str:
    """A digest of the names, sizes and times of every static file there is to collect."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            status = Path(storage.path(path)).stat()
            digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


class Command(BaseCommand):
    """Migrate, collect what changed, load the demo data once; print how to sign in on standard output."""

    help = "Prepare the demo: migrations, cache table, static files, demo data (demo mode only)."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This prepares the demo only: set PORTAL_MODE=demo.")
        # Progress goes to standard error, so that standard output holds the sign-ins alone.
        call_command("migrate", interactive=False, verbosity=0)
        call_command("createcachetable", verbosity=0)
        collected = Path(settings.STATIC_ROOT) / ".collected"
        digest = static_sources()
        if not collected.exists() or collected.read_text() != digest:
            self.stderr.write("Collecting static files ...", str)
            call_command("collectstatic", interactive=False, verbosity=0)
            collected.write_text(digest)
        if not is_loaded():
            self.stderr.write("Loading the demo data ...", str)
            call_command("load_demo", stdout=StringIO())
        self.stdout.write(sign_ins())
