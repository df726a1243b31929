"""The record is written once: the model, the queryset and the database refuse the rest."""

import uuid
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.access import ANONYMOUS
from activity.models import ActivityRecord, AppendOnlyError

pytestmark = pytest.mark.django_db


def a_record(**fields):
    return ActivityRecord.objects.create(
        **{
            "action": "customer.created",
            "actor_label": "Ana",
            "target_type": "customers.customer",
            "target_id": "1",
            "target_label": "Fabrikam",
            **fields,
        }
    )


def test_saving_a_record_again_is_refused():
    kept = a_record()
    kept.actor_label = "Somebody else"
    with pytest.raises(AppendOnlyError):
        kept.save()
    assert ActivityRecord.objects.get().actor_label == "Ana"


def test_a_record_made_anew_under_an_old_number_does_not_overwrite_it():
    kept = a_record()
    forged = ActivityRecord(pk=kept.pk, action="x", actor_label="Somebody else")
    with pytest.raises(IntegrityError), transaction.atomic():
        forged.save()
    assert ActivityRecord.objects.get().actor_label == "Ana"


def test_deleting_a_record_is_refused():
    with pytest.raises(AppendOnlyError):
        a_record().delete()
    assert ActivityRecord.objects.count() == 1


@pytest.mark.parametrize(
    "write",
    [
        lambda: ActivityRecord.objects.update(actor_label="Somebody else"),
        lambda: ActivityRecord.objects.filter(actor_label="Ana").delete(),
        lambda: ActivityRecord.objects.bulk_update(list(ActivityRecord.objects.all()), ["actor_label"]),
        lambda: ActivityRecord.objects.update_or_create(action="customer.created", defaults={"actor_label": "Bo"}),
    ],
)
def test_the_queryset_refuses_to_change_records(write):
    a_record()
    with pytest.raises(AppendOnlyError):
        write()
    assert [row.actor_label for row in ActivityRecord.objects.all()] == ["Ana"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE activity_activityrecord SET actor_label = 'Somebody else'",
        "DELETE FROM activity_activityrecord",
        "DELETE FROM activity_activityrecord WHERE actor_label = 'Ana'",
    ],
)
def test_the_database_refuses_to_change_records(statement):
    a_record()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert [row.actor_label for row in ActivityRecord.objects.all()] == ["Ana"]


def test_the_database_refuses_an_insert_that_would_overwrite():
    kept = a_record()
    other = ActivityRecord.objects.get()
    other.actor_label = "Somebody else"
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        ActivityRecord.objects.bulk_create(
            [other], update_conflicts=True, unique_fields=["id"], update_fields=["actor_label"]
        )
    assert ActivityRecord.objects.get(pk=kept.pk).actor_label == "Ana"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_the_guard_survives_the_flush_between_tests(turn):
    assert ActivityRecord.objects.count() == 0
    a_record()
    with pytest.raises(IntegrityError, match="append-only"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM activity_activityrecord")


def test_about_finds_the_rows_of_one_object_newest_first():
    class Thing:
        class _meta:
            label_lower = "customers.customer"

        microsoft_id = uuid.uuid4()
        pk = 7

    first = a_record(target_id=str(Thing.microsoft_id))
    second = a_record(target_id=str(Thing.microsoft_id))
    a_record(target_id="7")
    a_record(target_id=str(Thing.microsoft_id), target_type="accounts.partner")
    assert list(ActivityRecord.objects.about(Thing())) == [second, first]


def an_actor(**fields):
    return SimpleNamespace(
        **{
            "is_customer": False,
            "is_provider": False,
            "is_reseller": False,
            "partner": None,
            "customer": None,
            **fields,
        }
    )


def test_each_tenant_sees_only_what_concerned_it():
    provider, reseller, customer, outsider = (SimpleNamespace(microsoft_id=uuid.uuid4()) for _ in range(4))
    shared = a_record(
        provider_id=provider.microsoft_id, reseller_id=reseller.microsoft_id, customer_id=customer.microsoft_id
    )
    own = a_record(provider_id=provider.microsoft_id)
    a_record()  # the installation's own: no tenant's
    visible = {
        name: set(ActivityRecord.objects.visible_to(actor))
        for name, actor in {
            "provider": an_actor(is_provider=True, partner=provider),
            "reseller": an_actor(is_reseller=True, partner=reseller),
            "customer": an_actor(is_customer=True, customer=customer),
            "other provider": an_actor(is_provider=True, partner=outsider),
            # A provider's GUID in the hands of a reseller opens nothing.
            "reseller with the provider's GUID": an_actor(is_reseller=True, partner=provider),
        }.items()
    }
    assert visible == {
        "provider": {shared, own},
        "reseller": {shared},
        "customer": {shared},
        "other provider": set(),
        "reseller with the provider's GUID": set(),
    }


def test_an_actor_without_a_company_sees_no_rows():
    a_record()
    assert list(ActivityRecord.objects.visible_to(ANONYMOUS)) == []
