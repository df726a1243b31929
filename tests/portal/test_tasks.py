"""Every task can be queued: Celery refuses one whose hard time limit is below the soft limit that applies to it."""

import pytest
from celery import Task, current_app
from django.conf import settings

current_app.loader.import_default_modules()
OURS = sorted(name for name in current_app.tasks if not name.startswith("celery."))


def limits(task: Task) -> tuple[float | None, float | None]:
    """The soft and the hard limit that apply to the task, in seconds."""
    soft = task.soft_time_limit or current_app.conf.task_soft_time_limit
    return soft, task.time_limit or current_app.conf.task_time_limit


@pytest.mark.parametrize("name", OURS)
def test_limits_of_a_task_fit_together(name: str) -> None:
    soft, hard = limits(current_app.tasks[name])

    assert hard is not None
    assert soft is None or soft < hard


def test_what_beat_starts_exists() -> None:
    started = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}

    assert started
    assert started <= set(OURS)
