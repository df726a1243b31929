"""What the worker does for sign-in."""

from datetime import timedelta

import pytest
from celery import current_app
from django.conf import settings
from django.contrib.sessions.models import Session

from accounts.tasks import forget_ended_sessions
from core import clock


@pytest.mark.django_db
def test_sessions_that_ran_out_are_forgotten() -> None:
    now = clock.now()
    Session.objects.create(session_key="ended", session_data="", expire_date=now - timedelta(minutes=1))
    Session.objects.create(session_key="going-on", session_data="", expire_date=now + timedelta(minutes=1))
    forget_ended_sessions()
    assert list(Session.objects.values_list("session_key", flat=True)) == ["going-on"]


def test_every_scheduled_task_exists() -> None:
    current_app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert scheduled - set(current_app.tasks) == set()
