"""The second fence: roles and row-level security of the database."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from core.fence import WEB, WORKER
from csp_portal.fence.roles import let_searches_use_indexes, prepare


class Command(BaseCommand):
    """Make the roles under which pages and workers use the database, and what each may see; safe to repeat."""

    help = "Makes the roles of PostgreSQL for pages and workers, and their row-level security. Run it after migrate."

    def handle(self, *args: Any, **options: Any) -> None:
        """Needs the account that owns the tables, and for the first time one that may make roles."""
        if connection.vendor != "postgresql":
            raise CommandError("Only PostgreSQL has row-level security; DATABASE_URL names another database.")
        prepare(connection)
        with connection.cursor() as cursor:
            indexed = let_searches_use_indexes(cursor)
        self.stdout.write(f"Pages sign in as {WEB}, workers as {WORKER}; give each a password of its own.")
        if not indexed:
            self.stdout.write(
                "Searches read row after row: a superuser may run, in this database, "
                "ALTER FUNCTION pg_catalog.textlike(text, text) LEAKPROOF;"
            )
