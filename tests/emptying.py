"""Empty the database after a test that commits: at once, and although it refuses to forget what was recorded."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management.commands import flush
from django.db import connection, transaction
from django.db.backends.postgresql.base import DatabaseOperations as PostgreSQL
from django.db.backends.sqlite3.base import DatabaseOperations as SQLite

# What the migrations made and no test changes; to make it anew takes longer than most tests.
KEPT = {"django_content_type", "auth_permission"}


@pytest.fixture(scope="session", autouse=True)
def quick_flush() -> Iterator[None]:
    """Delete rows instead of truncating eighty tables, and leave what belongs to the schema alone.

    Triggers rest meanwhile, in the same transaction: those of record and ledger would refuse. Every test still runs
    with the triggers of the migrations.
    """
    tables = [table for table in connection.introspection.django_table_names(include_views=False) if table not in KEPT]

    def deletions(*_args: Any, **_options: Any) -> list[str]:
        return [f"DELETE FROM {connection.ops.quote_name(table)};" for table in tables]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush, "sql_flush", deletions)
        patch.setattr(flush, "emit_post_migrate_signal", lambda *_args, **_options: None)
        patch.setattr(PostgreSQL, "execute_sql_flush", empty_postgresql)
        patch.setattr(SQLite, "execute_sql_flush", empty_sqlite)
        yield


def empty_postgresql(operations: PostgreSQL, statements: list[str]) -> None:
    """All in one go; who takes part in a replication fires no triggers, those of foreign keys included."""
    with transaction.atomic(using=operations.connection.alias), operations.connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("".join(statements))


def empty_sqlite(operations: SQLite, statements: list[str]) -> None:
    """Without the triggers, which are put back."""
    with transaction.atomic(using=operations.connection.alias), operations.connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = cursor.fetchall()
        for name, _sql in triggers:
            cursor.execute(f'DROP TRIGGER "{name}"')
        for statement in statements:
            cursor.execute(statement)
        for _name, sql in triggers:
            cursor.execute(sql)
