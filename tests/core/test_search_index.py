"""The index for parts of words: made where PostgreSQL has the extension, and missed by nobody where it has not."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import ProgrammingError, connection

from core import search_index as module
from core.search_index import extension_schema, search_index

TABLE, COLUMN, NAME = "customers_customer", "search_text", "test_words"
pytestmark = pytest.mark.django_db


def indexes() -> list[str]:
    """The definitions of the indexes of that name."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [NAME])
        return [row[0] for row in cursor.fetchall()]


@contextmanager
def editor() -> Iterator[object]:
    """A schema editor inside the test's transaction."""
    with connection.schema_editor(atomic=False) as schema_editor:
        yield schema_editor


@pytest.mark.postgres
def test_the_migration_has_made_the_index_of_customers_where_it_could() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'customer_search_words'")
        found = [row[0] for row in cursor.fetchall()]
    assert len(found) == (1 if extension_schema(connection) else 0)
    assert all("USING gin (search_text" in definition for definition in found)


@pytest.mark.postgres
def test_the_index_is_made_once_and_removed() -> None:
    if extension_schema(connection) is None:
        pytest.skip("pg_trgm is not available here")
    operation = search_index(NAME, TABLE, COLUMN)
    with editor() as schema_editor:
        operation.code(None, schema_editor)
        operation.code(None, schema_editor)
        assert len(indexes()) == 1
        operation.reverse_code(None, schema_editor)
        operation.reverse_code(None, schema_editor)
        assert indexes() == []


@pytest.mark.postgres
@pytest.mark.parametrize("available", [False, True])
def test_without_the_extension_search_is_slow_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, available: bool
) -> None:
    """It is not there at all, or this role may not install it."""

    def refuse(execute, sql, params, many, context):
        if "CREATE EXTENSION" in sql:
            raise ProgrammingError("permission denied to create extension")
        return execute(sql, params, many, context)

    monkeypatch.setattr(module, "_schema", lambda connection: None)
    monkeypatch.setattr(module, "_is_available", lambda connection: available)
    with editor() as schema_editor, connection.execute_wrapper(refuse), caplog.at_level(logging.WARNING):
        search_index(NAME, TABLE, COLUMN).code(None, schema_editor)
    assert indexes() == []
    assert "pg_trgm is missing" in caplog.text
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")  # the transaction goes on


def test_other_databases_are_left_as_they_are() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("for SQLite")
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE name = 'customer_search_words'")
        assert cursor.fetchall() == []
