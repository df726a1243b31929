"""What the back office searches among a million rows: found whole and in part, by an index wherever there is one."""

from typing import Any

import pytest
from django.contrib import admin
from django.db import connection, transaction
from django.db.models import Model, QuerySet

from accounts.access import Actor
from activity.models import ActivityRecord
from activity.services import record
from core.search_index import _drop_unfinished, extension_schema
from mail.models import OutgoingEmail
from mail.services import queue_email
from tests.factories import PartnerFactory, UserFactory

pytestmark = pytest.mark.django_db


def found(model: type[Model], words: str) -> QuerySet:
    """What the list of the back office finds."""
    request: Any = None
    rows, _duplicates = admin.site._registry[model].get_search_results(request, model._default_manager.all(), words)
    return rows.order_by("pk")


@pytest.fixture
def records() -> tuple[ActivityRecord, ActivityRecord]:
    """One of a person about a company, and one of another."""
    northwind, tailspin = PartnerFactory(legal_name="Northwind"), PartnerFactory(legal_name="Tailspin")
    robin, kim = UserFactory(full_name="Robin 100% Reyes"), UserFactory(full_name="Kim Araújo")
    with transaction.atomic():
        first = record("partner.approved", northwind, by=Actor(user=robin, request_id="5f0c2a6f0d3b5a60"))
        return first, record("partner.suspended", tailspin, by=Actor(user=kim))


def test_the_record_is_searched_by_person_object_action_and_numbers(
    records: tuple[ActivityRecord, ActivityRecord],
) -> None:
    first, second = records
    both = [first, second]
    expected = {
        "reyes": [first], "ROBIN north": [first], "araújo": [second], "robin tail": [], "partner.": both,
        "suspended": [second], "100%": [first], "%": [first], "_": [],
        "5f0c2a6f0d3b5a60": [first], "5f0c2a6f": [], first.target_id: [first], first.target_id[:8]: [],
    }  # fmt: skip
    assert {words: list(found(ActivityRecord, words)) for words in expected} == expected


def test_mail_is_searched_by_recipient_kind_and_object() -> None:
    person = UserFactory(email="robin@northwind.example")
    with transaction.atomic():
        context = {"name": "Robin"}
        mail = queue_email("account_opened", to=person.email, language="en", context=context, about=person)
        queue_email("account_opened", to="kim@tailspin.example", language="en", context=context)
    searches = ("ROBIN@north", "northwind account_", str(person.pk), str(mail.pk))
    assert [list(found(OutgoingEmail, words)) for words in searches] == [[mail]] * 4
    assert found(OutgoingEmail, "account_opened").count() == 2


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("model", "indexes"),
    [
        (ActivityRecord, ("activity_search_words", "activity_target_latest", "activity_request")),
        (OutgoingEmail, ("email_search_words", "email_about")),
    ],
)
def test_a_search_reads_indexes_alone(model: type[Model], indexes: tuple[str, ...]) -> None:
    if extension_schema(connection) is None:
        pytest.skip("pg_trgm is not available here")
    with connection.cursor() as cursor:
        # Among a handful of rows no plan would use one.
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = found(model, "robin").order_by().explain()
    assert [name in plan for name in indexes] == [True] * len(indexes), plan
    assert "Seq Scan" not in plan


@pytest.mark.postgres
def test_what_each_company_does_is_counted_together() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT stxname FROM pg_statistic_ext WHERE stxname LIKE 'activity%' ORDER BY stxname")
        names = [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'activity_reseller_action'")
        (definition,) = cursor.fetchone()
    assert names == ["activity_provider_actions", "activity_reseller_actions"]
    assert "(reseller_id, action, at DESC, id DESC)" in definition


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_half_an_index_is_made_anew() -> None:
    def left() -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT indexname FROM pg_indexes WHERE indexname LIKE 'test_half%' ORDER BY indexname")
            return [row[0] for row in cursor.fetchall()]

    with connection.cursor() as cursor:
        for name in ("test_half", "test_half_whole"):
            cursor.execute(f"CREATE INDEX {name} ON mail_outgoingemail (kind)")
        try:
            cursor.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'test_half'::regclass")
            _drop_unfinished(connection, "test_half")
            _drop_unfinished(connection, "test_half_whole")
            assert left() == ["test_half_whole"]
        finally:
            cursor.execute("DROP INDEX IF EXISTS test_half, test_half_whole")
