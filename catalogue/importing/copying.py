"""Many new rows at once: COPY on PostgreSQL, one prepared statement on other databases."""

from collections.abc import Sequence
from typing import Any

from django.db import connection, models

# So many rows stay far below the time that one statement may take.
BATCH = 20_000


def insert_rows(model: type[models.Model], names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows of these fields; every constraint of the database holds, nothing of the model's own save() runs."""
    for start in range(0, len(rows), BATCH):
        insert_batch(model, names, rows[start : start + BATCH])


def insert_batch(model: type[models.Model], names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert these rows by one statement."""
    fields: list[Any] = [model._meta.get_field(name) for name in names]
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    columns = ", ".join(quote(str(field.column)) for field in fields)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        marks = ", ".join(["%s"] * len(fields))
        prepared: Any = (
            [field.get_db_prep_save(value, connection) for field, value in zip(fields, row, strict=True)]
            for row in rows
        )
        cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", prepared)  # noqa: S608
