"""Triggers that SQLite must not see while a migration changes the tables they speak of."""

from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

ASIDE = "triggers_set_aside"


def set_aside(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop every trigger of an SQLite database and remember it; other databases change tables in place.

    Django changes an SQLite table by making it anew under its old name. While it is gone, SQLite refuses to rename the
    new one as long as a trigger of any table mentions it.
    """
    connection = schema_editor.connection
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        found = cursor.fetchall()
        for name, _sql in found:
            cursor.execute(f"DROP TRIGGER {connection.ops.quote_name(name)}")
    setattr(connection, ASIDE, [sql for _name, sql in found])


def put_back(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make the triggers that were set aside again, as they were."""
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        for sql in getattr(connection, ASIDE, []):
            cursor.execute(sql)
    setattr(connection, ASIDE, [])


def set_triggers_aside() -> migrations.RunPython:
    """The first operation of a migration that changes a table of which a trigger speaks."""
    return migrations.RunPython(set_aside, put_back)


def put_triggers_back() -> migrations.RunPython:
    """The last operation of the same migration."""
    return migrations.RunPython(put_back, set_aside)
