"""An index that finds a part of a word in a column of folded text; made by migrations where the database can."""

import logging
from typing import Any

from django.db import DatabaseError, migrations, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

logger = logging.getLogger(__name__)


def search_index(name: str, table: str, column: str) -> migrations.RunPython:
    """The operation that makes a trigram index of PostgreSQL's extension pg_trgm; elsewhere it does nothing.

    Without the extension search works all the same, reading row after row.
    """

    def make(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
        connection = schema_editor.connection
        if connection.vendor != "postgresql":
            return
        schema = extension_schema(connection)
        if schema is None:
            logger.warning("PostgreSQL's extension pg_trgm is missing: search in %s reads row after row.", table)
            return
        quote = connection.ops.quote_name
        classes = f"{quote(schema)}.gin_trgm_ops"
        schema_editor.execute(
            f"CREATE INDEX IF NOT EXISTS {quote(name)} ON {quote(table)} USING gin ({quote(column)} {classes})"
        )
        schema_editor.execute(f"ANALYZE {quote(table)}")

    def remove(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"DROP INDEX IF EXISTS {schema_editor.connection.ops.quote_name(name)}")

    return migrations.RunPython(make, remove)


def extension_schema(connection: BaseDatabaseWrapper) -> str | None:
    """Where pg_trgm is installed; installed now, if it is there and we may; else None."""
    found = _schema(connection)
    if found is not None or not _is_available(connection):
        return found
    try:
        # A savepoint of its own: being refused must not end the migration's transaction.
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DatabaseError:
        return None
    return _schema(connection)


def _schema(connection: BaseDatabaseWrapper) -> str | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nspname FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace "
            "WHERE extname = 'pg_trgm'"
        )
        row = cursor.fetchone()
    return str(row[0]) if row else None


def _is_available(connection: BaseDatabaseWrapper) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'")
        return cursor.fetchone() is not None
