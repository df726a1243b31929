"""Django's `migrate`, with all the time that a large table needs."""

from typing import Any

from django.core.management.commands import migrate
from django.db import connections


class Command(migrate.Command):
    """Migrate without the ten seconds after which a statement is canceled; locks are still given up after three."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Lift the limit of this connection alone."""
        connection = connections[options["database"]]
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET statement_timeout = 0")
        super().handle(*args, **options)
