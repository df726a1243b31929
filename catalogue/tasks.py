"""Imports in the background; the rows in the database are the truth, a message only says that there is work."""

import logging

from celery import shared_task

from catalogue import services
from catalogue.models import CatalogueImport

logger = logging.getLogger(__name__)

MOST_PER_SWEEP = 10


@shared_task(soft_time_limit=840, time_limit=900)
def run_import(job_id: int) -> None:
    """Run one uploaded import."""
    services.run_queued_import(job_id=job_id)


@shared_task(soft_time_limit=840, time_limit=900)
def run_queued_imports() -> None:
    """Run what waits or was left by a dead worker, and remove files whose import is finished."""
    for job in CatalogueImport.objects.filter(finished_at__isnull=False).exclude(stored_file=""):
        services.remove_file(job)
    waiting = CatalogueImport.objects.claimable().filter(retries_left__gt=0).order_by("pk")
    for job_id in waiting.values_list("pk", flat=True)[:MOST_PER_SWEEP]:
        try:
            services.run_queued_import(job_id=job_id)
        except Exception as error:
            # The service has kept and logged it; the next import still gets its turn.
            logger.warning("Import %s will be tried again: %s", job_id, type(error).__name__)
