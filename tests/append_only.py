"""Empty the database between tests although it refuses to forget what was recorded."""

from collections.abc import Iterator

import pytest
from django.db import transaction
from django.db.backends.sqlite3.base import DatabaseOperations


@pytest.fixture(scope="session", autouse=True)
def flush_past_the_record() -> Iterator[None]:
    """Take the triggers of record and ledger away while SQLite is flushed, and put them back in the same transaction.

    SQLite is flushed by DELETE, which they refuse; PostgreSQL by TRUNCATE, which row triggers do not see. Every test
    still runs with the triggers of the migrations.
    """
    flush = DatabaseOperations.execute_sql_flush

    def flush_without_triggers(self: DatabaseOperations, sql_list: list[str]) -> None:
        with transaction.atomic(using=self.connection.alias), self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' "
                "AND tbl_name IN ('activity_activityrecord', 'activity_activityseal', 'subscriptions_incentiveentry')"
            )
            triggers = cursor.fetchall()
            for name, _sql in triggers:
                cursor.execute(f'DROP TRIGGER "{name}"')
            flush(self, sql_list)
            for _name, sql in triggers:
                cursor.execute(sql)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "execute_sql_flush", flush_without_triggers)
        yield
