"""One of the senders that are compared: python -m tests.benchmarks.senders raw|outbox NUMBER OF.

It says when it is ready, waits for a line, sends, and says how many mails it sent.
"""
# ruff: noqa: E402 – Django is set up before its models are imported

import json
import os
import smtplib
import sys
from collections.abc import Callable
from email.message import EmailMessage

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "csp_portal.settings")
django.setup()

from django.conf import settings

from mail import delivery
from mail.models import OutgoingEmail


def raw(number: int, of: int) -> Callable[[], int]:
    """Only smtplib: the mails are in memory, and one connection is kept."""
    rows = list(OutgoingEmail.objects.order_by("pk"))[number::of]
    server = smtplib.SMTP(settings.EMAIL_HOST, settings.EMAIL_PORT)
    server.ehlo()

    def send() -> int:
        for row in rows:
            message = EmailMessage()
            message["Subject"], message["To"] = row.subject, row.recipient
            message["From"], message["Message-ID"] = settings.DEFAULT_FROM_EMAIL, row.message_id
            message.set_content(row.text)
            message.add_alternative(row.html, subtype="html")
            server.send_message(message)
        return len(rows)

    return send


def outbox(number: int, of: int) -> Callable[[], int]:
    """The portal's own sweep."""
    OutgoingEmail.objects.due().exists()  # the connection to the database is open
    return delivery.send_due


def main() -> None:
    """Get ready, wait, send, tell."""
    send = {"raw": raw, "outbox": outbox}[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3]))
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(send()), flush=True)


main()
