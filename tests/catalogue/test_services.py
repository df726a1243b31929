"""Imports all or nothing: uploads, claims, faults in the middle, two at once."""

import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.access import Actor, system_actor
from activity.models import ActivityRecord
from catalogue import services
from catalogue.models import CatalogueImport, Price, Product, Sku
from catalogue.services import ImportRefused, import_file, import_offer_matrix, import_price_list
from core import clock
from core.exceptions import InvalidTransition
from tests.catalogue.files import OFFER, PRICE, offer_matrix, price, price_list
from tests.factories import UserFactory
from tests.faults import fail_at_each_statement
from tests.races import at_once

BY = system_actor("test")
State = CatalogueImport.State


def upload(data=None, name="list.csv"):
    return SimpleUploadedFile(name, price_list(PRICE) if data is None else data)


@pytest.fixture
def sent(monkeypatch):
    """What would have gone to the broker."""
    messages = []
    monkeypatch.setattr(
        "catalogue.services.current_app.send_task", lambda name, args, **rest: messages.append((name, args))
    )
    return messages


@pytest.fixture
def queue(db, sent, django_capture_on_commit_callbacks):
    """Upload a file as a person of the back office."""

    def queue_now(data=None, **fields):
        with django_capture_on_commit_callbacks(execute=True):
            job = services.queue_import(file=upload(data), by=Actor(user=UserFactory(full_name="Ana Lima")), **fields)
        return CatalogueImport.objects.get(pk=job.pk)

    return queue_now


def stored_files(settings):
    folder = settings.MEDIA_ROOT / "catalogue"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


# --- at once ----------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_a_path_an_open_file_and_bytes_are_imported(tmp_path):
    path = tmp_path / "prices.csv"
    path.write_bytes(price_list(PRICE))
    assert import_price_list(file=path, by=BY).file_name == "prices.csv"
    with path.open("rb") as file:
        assert import_price_list(file=file, by=BY).unchanged == 1
    assert import_price_list(file=io.BytesIO(path.read_bytes()), by=BY).unchanged == 1
    assert (
        import_offer_matrix(file=offer_matrix(OFFER), by=BY, file_name="C:\\files\\matrix.csv").file_name
        == "matrix.csv"
    )


@pytest.mark.django_db
def test_an_import_is_recorded_with_what_it_brought():
    job = import_file(file=price_list(PRICE), by=BY, file_name="prices.csv")
    [entry] = ActivityRecord.objects.filter(action="catalogue.imported")
    assert (entry.actor_label, entry.target_label) == ("test", "prices.csv")
    assert entry.changes == {
        "kind": "price_list", "file": "prices.csv", "sha256": job.sha256, "markets": "US", "rows": 1,
        "added": 1, "changed": 0, "unchanged": 0, "ended": 0,
    }  # fmt: skip


@pytest.mark.django_db
def test_the_wrong_kind_is_refused_by_the_columns_it_lacks():
    with pytest.raises(ImportRefused, match="was refused for 1 problem") as refusal:
        import_offer_matrix(file=price_list(PRICE), by=BY)
    assert "Missing column: ProvisioningId, ProvisioningString" in refusal.value.report.problems[0]["reason"]
    assert ActivityRecord.objects.filter(action="catalogue.import_refused").count() == 1
    assert not Product.objects.exists()


@pytest.mark.django_db
def test_nothing_is_stored_when_the_record_fails(monkeypatch):
    monkeypatch.setattr("catalogue.services.record", lambda *args, **kwargs: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        import_file(file=price_list(PRICE), by=BY)
    assert not Price.objects.exists()
    assert not Product.objects.exists()
    assert not CatalogueImport.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_failure_at_any_statement_stores_nothing():
    import_file(file=price_list(PRICE, price(SkuId="2")), by=BY)
    before = list(Price.objects.order_by("pk").values()), list(Sku.objects.order_by("pk").values())
    changed = price_list(price(UnitPrice="160.00", SkuTitle="New"), price(SkuId="3"))

    def check():
        assert (list(Price.objects.order_by("pk").values()), list(Sku.objects.order_by("pk").values())) == before
        assert CatalogueImport.objects.count() == 1

    assert fail_at_each_statement(lambda: import_file(file=changed, by=BY), check) > 8
    assert Price.objects.filter(is_listed=True).count() == 2


@pytest.mark.django_db
def test_reasons_are_told_in_the_language_of_who_asked():
    user = UserFactory(language="pt-br")
    with pytest.raises(ImportRefused) as refusal:
        import_file(file=b"", by=Actor(user=user))
    assert refusal.value.report.language == "pt-br"


# --- uploads ----------------------------------------------------------------------------------------------------------
def test_an_upload_waits_under_a_name_of_the_portals_making(queue, sent, settings):
    job = queue(kind="price_list")
    assert (job.state, job.file_name, job.started_by_label) == (State.QUEUED, "list.csv", job.started_by_label)
    assert "Ana Lima" in job.started_by_label
    assert stored_files(settings) == [f"{job.public_id}.upload"]
    assert sent == [("catalogue.tasks.run_import", [job.pk])]
    assert job.sent_at is not None
    assert ActivityRecord.objects.filter(action="catalogue.import_requested").count() == 1


def test_an_upload_survives_a_broker_that_is_down(db, monkeypatch, django_capture_on_commit_callbacks):
    def refuse(*args, **kwargs):
        raise ConnectionError("redis is down")

    monkeypatch.setattr("catalogue.services.current_app.send_task", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        job = services.queue_import(file=upload(), by=BY)
    job.refresh_from_db()
    assert (job.state, job.sent_at, job.is_stalled) == (State.QUEUED, None, True)


def test_a_queued_import_is_run_once_and_its_file_removed(queue, settings):
    job = queue()
    assert services.run_queued_import(job_id=job.pk).state == State.DONE
    assert services.run_queued_import(job_id=job.pk) is None
    job.refresh_from_db()
    assert (job.state, job.kind, job.added, job.rows_read, job.rows_total) == (State.DONE, "price_list", 1, 1, 1)
    assert job.finished_at is not None
    assert stored_files(settings) == []
    assert ActivityRecord.objects.get(action="catalogue.imported").actor_user_id == job.started_by_id


def test_a_refused_upload_keeps_its_report_and_not_its_file(queue, settings):
    job = queue(price_list(price(Market="Mars")))
    assert services.run_queued_import(job_id=job.pk).state == State.REFUSED
    job.refresh_from_db()
    assert job.problems == [
        {
            "row": 2,
            "column": "Market",
            "value": "Mars",
            "reason": "This is not the two-letter code of a country, like US.",
        }
    ]
    assert stored_files(settings) == []


def test_a_failed_run_leaves_the_import_waiting_with_its_file(queue, settings, monkeypatch):
    job = queue()
    with monkeypatch.context() as patch:
        patch.setattr("catalogue.services.record", lambda *args, **kwargs: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            services.run_queued_import(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.failure, job.retries_left) == (State.QUEUED, "ZeroDivisionError: division by zero", 4)
    assert not Price.objects.exists()
    assert services.run_queued_import(job_id=job.pk).state == State.DONE
    job.refresh_from_db()
    assert (job.failure, job.attempts) == ("", 2)
    assert stored_files(settings) == []


def test_a_run_whose_worker_died_is_taken_over_after_its_lease(queue):
    job = queue()
    assert CatalogueImport.objects.claim(job.pk)
    assert not CatalogueImport.objects.claim(job.pk)
    with clock.at(clock.now() + timedelta(minutes=4)):
        assert services.run_queued_import(job_id=job.pk).state == State.DONE


def test_a_worker_that_lost_its_lease_stores_nothing(queue, monkeypatch):
    job = queue()
    original = services.hold_merge_lock

    def overtaken():
        original()
        CatalogueImport.objects.filter(pk=job.pk).update(attempts=7)

    monkeypatch.setattr("catalogue.services.hold_merge_lock", overtaken)
    assert services.run_queued_import(job_id=job.pk) is None
    assert not Price.objects.exists()


def test_only_a_stalled_import_is_run_again(queue, sent, settings):
    job = queue()
    with pytest.raises(InvalidTransition, match="already under way"):
        services.requeue_import(job=job, by=BY)
    later = clock.now() + timedelta(minutes=5)
    with clock.at(later):
        services.requeue_import(job=job, by=BY)
    assert ActivityRecord.objects.filter(action="catalogue.import_requeued").count() == 1
    services.run_queued_import(job_id=job.pk)
    with clock.at(later), pytest.raises(InvalidTransition, match="finished"):
        services.requeue_import(job=job, by=BY)


@pytest.mark.django_db(transaction=True)
def test_two_files_imported_at_once_list_each_price_once():
    first = price_list(*(price(SkuId=number) for number in range(1, 60)))
    second = price_list(*(price(SkuId=number, UnitPrice="160.00") for number in range(30, 90)))
    results = at_once(lambda: import_file(file=first, by=BY), lambda: import_file(file=second, by=BY))
    assert [result.state for result in results] == [State.DONE, State.DONE]
    listed = Price.objects.filter(is_listed=True)
    assert listed.count() == len(set(listed.values_list("sku_id", flat=True)))
    assert {59: 59, 60: 60}[listed.count()] == listed.count()
    assert Sku.objects.count() == 89


@pytest.mark.django_db(transaction=True)
def test_two_workers_run_an_upload_once(sent):
    job = services.queue_import(file=upload(), by=BY)
    results = at_once(*[lambda: services.run_queued_import(job_id=job.pk)] * 4)
    assert sorted(result is None for result in results) == [False, True, True, True]
    assert CatalogueImport.objects.get().attempts == 1
