"""The chain over the record: everything gets its seal; what is changed, removed or put in between is found."""

import io
import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from activity import sealing
from activity.models import ActivityRecord, ActivitySeal, AppendOnlyError, UnsealedRecord
from activity.tasks import seal_activity
from tests.races import run_parallel

pytestmark = pytest.mark.django_db


def write(number=1, **fields):
    """Records as bulk changes write them."""
    kept = {"action": "customer.created", "actor_label": "Ana", "target_type": "customers.customer", "target_id": "1"}
    rows = [ActivityRecord(**{**kept, "target_label": f"Customer {n}", **fields}) for n in range(number)]
    return ActivityRecord.objects.bulk_create(rows)


@pytest.fixture
def chain():
    """Five sealed records."""
    records = write(5)
    seal_activity()
    return records


def tamper(*statements):
    """What somebody with the database's password can do: past the triggers."""
    tables = ("activity_activityrecord", "activity_activityseal")
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        else:
            cursor.execute(f"SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN {tables}")
            for (name,) in cursor.fetchall():
                cursor.execute(f"DROP TRIGGER {name}")
        for statement, *values in statements:
            cursor.execute(statement, values)


def verify(*arguments):
    out = io.StringIO()
    call_command("verify_activity", *arguments, stdout=out)
    return out.getvalue()


# --- sealing ------------------------------------------------------------------------------------------------------
def test_what_is_recorded_waits_and_is_sealed_in_its_order():
    records = write(3)
    assert list(UnsealedRecord.objects.order_by("pk").values_list("pk", flat=True)) == [one.pk for one in records]
    assert sealing.seal_waiting() == 3
    assert list(ActivitySeal.objects.order_by("position").values_list("position", "record_id")) == [
        (place, one.pk) for place, one in enumerate(records, 1)
    ]
    assert UnsealedRecord.objects.count() == 0


def test_each_digest_follows_on_the_one_before(chain):
    first, second = ActivitySeal.objects.order_by("position")[:2]
    assert first.digest == sealing.digest_after("0" * 64, ActivityRecord.objects.get(pk=first.record_id))
    assert second.digest == sealing.digest_after(first.digest, ActivityRecord.objects.get(pk=second.record_id))


def test_sealing_again_does_nothing(chain):
    assert sealing.seal_waiting() == 0
    assert ActivitySeal.objects.count() == 5


def test_a_record_with_a_lower_number_that_comes_late_gets_a_later_position(chain):
    """Numbers are given when a record is written, and a long transaction shows its records after shorter ones."""
    late = ActivityRecord.objects.bulk_create([ActivityRecord(pk=-1, action="a.b", actor_label="x", target_id="1")])
    sealing.seal_waiting()
    assert ActivitySeal.objects.get(record=late[0]).position == 6
    assert [seal.record for seal in ActivitySeal.objects.after(5)] == late


def test_more_than_a_batch_is_sealed_in_one_run(monkeypatch):
    monkeypatch.setattr(sealing, "BATCH", 2)
    write(5)
    assert sealing.seal_waiting() == 5
    assert "sealed   5" in verify()


def test_a_rolled_back_record_leaves_nothing_to_seal():
    with transaction.atomic():
        write()
        transaction.set_rollback(True)
    assert UnsealedRecord.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_several_who_seal_at_once_make_one_chain():
    def once(_subject, _number):
        return sealing.seal_waiting()

    def whole(_subject, results):
        assert not [one for one in results if isinstance(one, Exception)]
        sealing.seal_waiting()
        assert UnsealedRecord.objects.count() == 0
        verify()

    run_parallel(once, n=4, rounds=3, before=lambda: write(20), after=whole)
    assert ActivitySeal.objects.count() == 60


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_sealing_makes_no_transaction_wait_that_records():
    """Whoever holds the end of the chain stops another sealer, and nobody who records."""
    write(2)
    held, done = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            assert sealing._alone()
            held.set()
            done.wait(10)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert held.wait(10)
        write(1)
        assert sealing.seal_waiting() == 0
    finally:
        done.set()
        holder.join()
    assert sealing.seal_waiting() == 3


# --- append-only ----------------------------------------------------------------------------------------------------
def test_model_and_queryset_refuse_to_change_a_seal(chain):
    seal = ActivitySeal.objects.get(position=1)
    for attempt in (
        seal.save,
        seal.delete,
        ActivitySeal.objects.all().delete,
        lambda: ActivitySeal.objects.update(digest="x"),
    ):
        with pytest.raises(AppendOnlyError):
            attempt()


@pytest.mark.parametrize(
    "statement", ["UPDATE activity_activityseal SET digest = 'x'", "DELETE FROM activity_activityseal"]
)
def test_the_database_refuses_to_change_a_seal(chain, statement):
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert ActivitySeal.objects.count() == 5


# --- verifying ------------------------------------------------------------------------------------------------------
def test_an_untouched_record_is_verified_and_says_its_head(chain):
    write(2)
    head = ActivitySeal.objects.get(position=5)
    assert verify() == f"sealed   5\nwaiting  2\nhead     {head}\n"
    assert verify("--head", str(head)) == verify()


def test_an_empty_record_is_verified():
    assert verify() == f"sealed   0\nwaiting  0\nhead     0:{'0' * 64}\n"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("actor_label", "Somebody else"),
        ("at", "2020-01-01 00:00:00"),
        ("changes", '{"quantity": [1, 2]}'),
        ("ip", "192.0.2.1"),
        ("customer_id", "11111111222233334444555555555555"),
        ("request_id", "other"),
    ],
)
def test_a_changed_record_is_named(chain, column, value):
    tamper((f"UPDATE activity_activityrecord SET {column} = %s WHERE id = %s", value, chain[2].pk))
    with pytest.raises(CommandError, match=rf"Record {chain[2].pk} \(seal 3\) was changed"):
        verify()


def test_a_removed_record_is_named(chain):
    tamper(("DELETE FROM activity_activityrecord WHERE id = %s", chain[1].pk))
    with pytest.raises(CommandError, match=rf"Record {chain[1].pk} \(seal 2\) is missing"):
        verify()


def test_a_record_removed_with_its_seal_is_found(chain):
    tamper(
        ("DELETE FROM activity_activityrecord WHERE id = %s", chain[1].pk),
        ("DELETE FROM activity_activityseal WHERE record_id = %s", chain[1].pk),
    )
    with pytest.raises(CommandError, match="Seal 2 is missing"):
        verify()


def test_a_record_removed_and_the_rest_moved_up_is_found(chain):
    tamper(
        ("DELETE FROM activity_activityrecord WHERE id = %s", chain[1].pk),
        ("DELETE FROM activity_activityseal WHERE record_id = %s", chain[1].pk),
        *[("UPDATE activity_activityseal SET position = %s WHERE position = %s", n - 1, n) for n in (3, 4, 5)],
    )
    with pytest.raises(CommandError, match=rf"Record {chain[2].pk} \(seal 2\) was changed or put in between"):
        verify()


INSERT = (
    "INSERT INTO activity_activityrecord (id, at, action, actor_label, acting_for_label, target_type, target_id, "
    "target_label, changes, request_id, source) "
    "VALUES (%s, '2026-01-01 00:00:00', 'a.b', 'x', '', 't', '1', 'l', '{}', '', 'page')"
)


def test_a_record_put_in_past_the_triggers_is_named(chain):
    tamper((INSERT, -7))
    with pytest.raises(CommandError, match="Record -7 was put in past the portal"):
        verify()


def test_a_record_put_in_between_with_a_seal_is_named(chain):
    tamper(
        (INSERT, -7),
        *[("UPDATE activity_activityseal SET position = %s WHERE position = %s", n + 1, n) for n in (5, 4, 3)],
        ("INSERT INTO activity_activityseal (position, record_id, digest) VALUES (3, -7, %s)", "a" * 64),
    )
    with pytest.raises(CommandError, match=r"Record -7 \(seal 3\) was changed or put in between"):
        verify()


def test_a_record_removed_while_it_waits_is_named():
    (record,) = write()
    tamper(("DELETE FROM activity_activityrecord WHERE id = %s", record.pk))
    with pytest.raises(CommandError, match=rf"Record {record.pk}, which waited for its seal, is missing"):
        verify()


def test_a_tail_cut_off_is_found_by_the_head_noted_before(chain):
    head = str(ActivitySeal.objects.get(position=5))
    tamper(
        ("DELETE FROM activity_activityrecord WHERE id = %s", chain[4].pk),
        ("DELETE FROM activity_activityseal WHERE position = 5",),
    )
    assert "sealed   4" in verify()
    with pytest.raises(CommandError, match="ends at seal 4, before the noted seal 5"):
        verify("--head", head)


def test_a_chain_made_anew_is_found_by_the_head_noted_before(chain):
    head = str(ActivitySeal.objects.get(position=5))
    tamper(
        ("DELETE FROM activity_activityseal",),
        ("UPDATE activity_activityrecord SET actor_label = 'Somebody else'",),
        ("INSERT INTO activity_unsealedrecord (record_id) SELECT id FROM activity_activityrecord",),
    )
    sealing.seal_waiting()
    assert "sealed   5" in verify()
    with pytest.raises(CommandError, match="Seal 5 is not the one that was noted"):
        verify("--head", head)


def test_a_head_that_is_none_is_refused():
    with pytest.raises(CommandError, match="a head looks like"):
        verify("--head", "5")


def test_a_column_added_later_changes_no_digest(chain):
    record = ActivityRecord.objects.get(pk=chain[0].pk)
    before = sealing.content(record)
    record.acting_for_label, record.ip = "", None
    assert sealing.content(record) == before
