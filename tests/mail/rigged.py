"""The portal's Celery application as in production, but in a hurry, and able to die at a chosen point.

Processes of the fault tests run it: celery --app tests.mail.rigged. Nothing of it is known to the portal.
"""
# ruff: noqa: E402 – Django is set up, and in a hurry, before the portal is imported

import os
import signal
from datetime import timedelta
from typing import Any

import django
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "csp_portal.settings")
SWEEP_EVERY = 0.3

settings.EMAIL_TIMEOUT = 0.6
settings.CELERY_BEAT_SCHEDULE = {"send-due-emails": {"task": "mail.tasks.send_due_emails", "schedule": SWEEP_EVERY}}
django.setup()

from django.core.mail.backends.smtp import EmailBackend

from csp_portal.celery import app
from mail import delivery
from mail.models import OutgoingEmail
from mail.registry import register

__all__ = ["app"]

LINK = "https://portal.example/requests/1f0c?answer=a&key=canary-f00d"
CRASH_AT = os.environ.get("CRASH_AT", "")
# With a number: at the how manieth mail. With an address: at that mail, each time, and only the process that sends it.
CRASH_ON = os.environ.get("CRASH_ON", "1")

delivery.LEASE = timedelta(seconds=float(os.environ.get("LEASE_SECONDS", "1")))
delivery.SHORTEST_WAIT = delivery.LONGEST_WAIT = timedelta(seconds=0.3)
delivery.pause = lambda attempts: timedelta(seconds=0.3)
delivery.MAX_ATTEMPTS = int(os.environ.get("MAX_ATTEMPTS", "30"))
app.conf.beat_max_loop_interval = SWEEP_EVERY
register("sample", lambda email: {"link": LINK})

_seen = 0


def die(point: str, recipient: str) -> None:
    """SIGKILL the worker with all its processes here, or for one address only the process that sends."""
    global _seen
    if point != CRASH_AT:
        return
    if not CRASH_ON.isdecimal():
        if recipient == CRASH_ON:
            os.kill(os.getpid(), signal.SIGKILL)
        return
    _seen += 1
    if _seen == int(CRASH_ON):
        os.killpg(0, signal.SIGKILL)


_send, _mark = EmailBackend.send_messages, delivery.mark


def send_messages(self: EmailBackend, messages: Any) -> int:
    """Send, with a cliff on either side."""
    die("before_send", messages[0].to[0])
    sent = _send(self, messages)
    die("after_send", messages[0].to[0])
    return sent


def mark(email: OutgoingEmail, **fields: Any) -> bool:
    """Mark, with a cliff behind it."""
    marked = _mark(email, **fields)
    if fields.get("state") == OutgoingEmail.State.SENT:
        die("after_mark", email.recipient)
    return marked


EmailBackend.send_messages = send_messages
delivery.mark = mark
