"""One of the senders that are compared: python -m tests.benchmarks.senders raw|script|outbox NUMBER OF.

It gets ready at a line and sends at the next one, as often as it is told to.
"""
# ruff: noqa: E402 – Django is set up before its models are imported

import os
import smtplib
import sys
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "csp_portal.settings")
django.setup()

from django.conf import settings

from mail import delivery
from mail.models import OutgoingEmail
from mail.registry import register
from resellers.models import PartnershipRequest
from resellers.tokens import request_link


class Raw:
    """Only smtplib: the mails are in memory, and connections are kept; with two of them, two threads send."""

    connections = 1

    def __init__(self) -> None:
        self.servers = [smtplib.SMTP(settings.EMAIL_HOST, settings.EMAIL_PORT) for _ in range(self.connections)]
        for server in self.servers:
            server.ehlo()

    def prepare(self, number: int, of: int) -> None:
        """Read this sender's share."""
        self.rows = list(OutgoingEmail.objects.order_by("pk"))[number::of]

    def send(self) -> int:
        """Send it."""
        with ThreadPoolExecutor(len(self.servers)) as pool:
            shares = [self.rows[number :: len(self.servers)] for number in range(len(self.servers))]
            list(pool.map(self.send_share, self.servers, shares))
        return len(self.rows)

    def send_share(self, server: smtplib.SMTP, rows: list[OutgoingEmail]) -> None:
        """One after the other over one connection."""
        for row in rows:
            message = EmailMessage()
            message["Subject"], message["To"] = row.subject, row.recipient
            message["From"], message["Message-ID"] = settings.DEFAULT_FROM_EMAIL, row.message_id
            message.set_content(row.text)
            message.add_alternative(row.html, subtype="html")
            server.send_message(message)


class Script(Raw):
    """One program with two kept connections."""

    connections = 2


class Outbox:
    """The portal's own sweep."""

    def __init__(self) -> None:
        register("benchmark", link)

    def prepare(self, number: int, of: int) -> None:
        """Open the connection to the database; who sends what is decided by who is faster."""
        OutgoingEmail.objects.due().exists()

    def send(self) -> int:
        """Sweep."""
        return delivery.send_due()


def link(email: OutgoingEmail) -> dict[str, str] | None:
    """What the owner of requests does before a mail of theirs leaves: look whether it may, and make the link."""
    request = PartnershipRequest.objects.awaiting_answer().filter(pk=email.about_id).first()
    return {"link": request_link(request)} if request else None


def main() -> None:
    """Round after round: prepare at the first line, send at the second; answer each with a line."""
    sender = {"raw": Raw, "script": Script, "outbox": Outbox}[sys.argv[1]]()
    while sys.stdin.readline():
        sender.prepare(int(sys.argv[2]), int(sys.argv[3]))
        print("ready", flush=True)
        sys.stdin.readline()
        print(sender.send(), flush=True)


main()
