"""The Celery application: the broker is a hint, the rows in the database are the truth."""

import os
from pathlib import Path

from celery import Celery, Task
from celery.signals import setup_logging
from django.dispatch import receiver
from django_structlog.celery.signals import bind_extra_task_metadata
from django_structlog.celery.steps import DjangoStructLogInitStep
from structlog.contextvars import bind_contextvars, get_contextvars

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "csp_portal.settings")

app = Celery("csp_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)


@setup_logging.connect
def leave_logging_alone(**kwargs: object) -> None:
    """Keep the logging of the settings: with a receiver here Celery sets up none of its own."""


@receiver(bind_extra_task_metadata)
def number_the_task(task: Task, **kwargs: object) -> None:
    """Name the task, and number it if beat started it; what a page queued goes on under the page's number."""
    bind_contextvars(task=task.name)
    if "request_id" not in get_contextvars():
        bind_contextvars(request_id=task.request.id.replace("-", "")[:16])


@app.on_after_configure.connect
def make_broker_folders(sender: Celery, **kwargs: object) -> None:
    """Create the folders of the embedded broker, which kombu expects to find."""
    options = sender.conf.broker_transport_options or {}
    for name in ("data_folder_in", "data_folder_out", "control_folder"):
        if name in options:
            Path(options[name]).mkdir(parents=True, exist_ok=True)
