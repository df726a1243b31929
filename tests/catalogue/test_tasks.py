"""The worker: one import by its id, and the sweep that finds what no message told of."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.access import system_actor
from catalogue import services, tasks
from catalogue.models import CatalogueImport
from catalogue.models.imports import MOST_RETRIES
from core import clock
from csp_portal.celery import app
from tests.catalogue.files import PRICE, price_list

pytestmark = pytest.mark.django_db
State = CatalogueImport.State


@pytest.fixture
def queued():
    """An upload whose message was lost: nothing in a test commits."""
    return services.queue_import(file=SimpleUploadedFile("list.csv", price_list(PRICE)), by=system_actor("test"))


def test_the_task_runs_the_import(queued):
    tasks.run_import(queued.pk)
    tasks.run_import(queued.pk)
    queued.refresh_from_db()
    assert (queued.state, queued.added, queued.attempts) == (State.DONE, 1, 1)


def test_the_sweep_runs_what_waits(queued):
    tasks.run_queued_imports()
    queued.refresh_from_db()
    assert queued.state == State.DONE


def test_the_sweep_takes_over_from_a_dead_worker(queued):
    CatalogueImport.objects.claim(queued.pk)
    tasks.run_queued_imports()
    queued.refresh_from_db()
    assert queued.state == State.RUNNING
    with clock.at(clock.now() + timedelta(minutes=4)):
        tasks.run_queued_imports()
    queued.refresh_from_db()
    assert queued.state == State.DONE


def test_the_sweep_gives_up_after_some_failures_and_goes_on_with_the_next(queued, monkeypatch):
    other = services.queue_import(file=SimpleUploadedFile("b.csv", price_list(PRICE)), by=system_actor("test"))
    original = services.check

    def fail(job, *args):
        if job.pk == queued.pk:
            raise OSError("disk")
        return original(job, *args)

    monkeypatch.setattr("catalogue.services.check", fail)
    for _round in range(MOST_RETRIES + 2):
        tasks.run_queued_imports()
    queued.refresh_from_db()
    other.refresh_from_db()
    assert (queued.state, queued.attempts, queued.retries_left) == (State.QUEUED, MOST_RETRIES, 0)
    assert other.state == State.DONE


def test_the_sweep_removes_files_left_behind(queued, settings):
    CatalogueImport.objects.filter(pk=queued.pk).update(state=State.DONE, finished_at=clock.now())
    tasks.run_queued_imports()
    queued.refresh_from_db()
    assert not queued.stored_file
    assert list((settings.MEDIA_ROOT / "catalogue").iterdir()) == []


def test_the_sweep_is_on_the_schedule(settings):
    app.loader.import_default_modules()
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} >= {"catalogue.tasks.run_queued_imports"}
    assert {"catalogue.tasks.run_import", "catalogue.tasks.run_queued_imports"} <= set(app.tasks)
