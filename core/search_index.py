"""An index that finds a part of a word in a column of folded text; made by migrations where the database can."""

import logging
from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import DatabaseError, migrations, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

logger = logging.getLogger(__name__)


def search_index(name: str, table: str, column: str, *, concurrently: bool = False) -> migrations.RunPython:
    """The operation that makes a trigram index of PostgreSQL's extension pg_trgm; elsewhere it does nothing.

    Without the extension search works all the same, reading row after row. `column` is a column or an expression in
    parentheses. With `concurrently`, of a migration that is not atomic, the table is written to meanwhile.
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
        what = column if column.startswith("(") else quote(column)
        way = ""
        if concurrently:
            way = "CONCURRENTLY "
            _drop_unfinished(connection, name)
        schema_editor.execute(
            f"CREATE INDEX {way}IF NOT EXISTS {quote(name)} ON {quote(table)} "
            f"USING gin ({what} {quote(schema)}.gin_trgm_ops)",
            params=None,
        )
        schema_editor.execute(f"ANALYZE {quote(table)}")

    def remove(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"DROP INDEX IF EXISTS {schema_editor.connection.ops.quote_name(name)}")

    return migrations.RunPython(make, remove)


def _drop_unfinished(connection: BaseDatabaseWrapper, name: str) -> None:
    """Take away what an interrupted attempt has left: an index that nothing uses and every write pays for."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE relname = %s AND NOT indisvalid",
            [name],
        )
        if cursor.fetchone():
            cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {connection.ops.quote_name(name)}")


def known_together(name: str, table: str, *columns: str) -> migrations.RunPython:
    """The operation that lets PostgreSQL count which values of columns occur together, as it counts each column's.

    Else what is rare for one company and common for others is taken for common, and sought among all of its rows.
    """

    def make(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
        if schema_editor.connection.vendor != "postgresql":
            return
        quote = schema_editor.connection.ops.quote_name
        counted = ", ".join(quote(column) for column in columns)
        schema_editor.execute(f"CREATE STATISTICS IF NOT EXISTS {quote(name)} (mcv) ON {counted} FROM {quote(table)}")
        schema_editor.execute(f"ANALYZE {quote(table)}")

    def remove(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"DROP STATISTICS IF EXISTS {schema_editor.connection.ops.quote_name(name)}")

    return migrations.RunPython(make, remove)


class AddIndexWhileWritten(AddIndexConcurrently):
    """AddIndex for a large table, of a migration that is not atomic: where the database can, no write waits for it."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Concurrently on PostgreSQL, anew where an interrupted attempt has left half an index."""
        if schema_editor.connection.vendor != "postgresql":
            migrations.AddIndex.database_forwards(self, app_label, schema_editor, from_state, to_state)
            return
        _drop_unfinished(schema_editor.connection, self.index.name)
        super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """The same way back."""
        if schema_editor.connection.vendor != "postgresql":
            migrations.AddIndex.database_backwards(self, app_label, schema_editor, from_state, to_state)
            return
        super().database_backwards(app_label, schema_editor, from_state, to_state)


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
