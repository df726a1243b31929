"""A kind of mail that exists only here, a registry that is put back, and a mail server that does as it is told."""

import asyncio
import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP
from django.db import transaction

from core import cache as core_cache
from mail import registry
from mail.models import OutgoingEmail
from mail.services import queue_email

from .processes import Fleet, own_redis
from .smtp_server import ScriptedServer

LINK = "https://portal.example/requests/1f0c?answer=a&key=canary-f00d"


def give_link(email: OutgoingEmail) -> dict[str, str]:
    """The late value of the sample."""
    return {"link": LINK}


@pytest.fixture(autouse=True)
def sample_templates(settings) -> None:
    """Find emails/sample.* beside the portal's own."""
    backend = settings.TEMPLATES[0]
    settings.TEMPLATES = [{**backend, "DIRS": [*backend["DIRS"], Path(__file__).parent / "templates"]}]


@pytest.fixture(autouse=True)
def owners() -> Iterator[dict[str, registry.BeforeSend]]:
    """The registry with one more owner: the sample's link."""
    known = dict(registry.before_send)
    registry.register("sample", give_link)
    yield registry.before_send
    registry.before_send.clear()
    registry.before_send.update(known)


@pytest.fixture(autouse=True)
def fresh_broker(monkeypatch) -> None:
    """Forget that a broker refused in an earlier test."""
    monkeypatch.setattr(core_cache, "_rests_until", 0.0)


@pytest.fixture
def queue(db):
    """Queue one sample mail in a transaction of its own."""

    @transaction.atomic
    def queue_sample(to: str = "rui@fabrikam.com", **fields) -> OutgoingEmail:
        context = {"company": "Contoso Distribution", "message": "Hello", **fields.pop("context", {})}
        return queue_email("sample", to=to, language=fields.pop("language", "en"), context=context, **fields)

    return queue_sample


class Script:
    """Answers of the mail server by recipient, and what it accepted."""

    def __init__(self) -> None:
        self.accepted: list[bytes] = []
        self.recipients: list[str] = []
        self.refuse_recipient: dict[str, str] = {}
        self.refuse_data: dict[str, str] = {}
        self.refuse_sender = ""
        self.hang_up_after_data: set[str] = set()
        self.silent_after_data: set[str] = set()
        self.sessions = 0

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        self.sessions += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        if self.refuse_sender:
            return self.refuse_sender
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refuse_recipient:
            return self.refuse_recipient[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session, envelope):
        address = envelope.rcpt_tos[0]
        if address in self.refuse_data:
            return self.refuse_data[address]
        self.accepted.append(envelope.original_content)
        self.recipients.append(address)
        if address in self.hang_up_after_data:
            server.transport.abort()
        if address in self.silent_after_data:
            await asyncio.sleep(3)
        return "250 OK"


def free_port() -> int:
    """A port on which nobody listens at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def mail_server(settings) -> Iterator[Script]:
    """A scripted mail server to which the portal's mail goes."""
    script = Script()
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd's own: it repeats what it is told
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    settings.EMAIL_TIMEOUT = 5
    controller = Controller(script, hostname="127.0.0.1", port=settings.EMAIL_PORT)
    controller.start()
    yield script
    controller.stop(no_assert=True)


@pytest.fixture
def smtp() -> Iterator[ScriptedServer]:
    """A mail server for processes of their own."""
    server = ScriptedServer()
    yield server
    server.stop()


@pytest.fixture
def fleet(django_db_setup, smtp, tmp_path) -> Iterator[Fleet]:
    """An installation without any process but its Redis; the test starts and kills what it needs."""
    with own_redis(tmp_path) as broker:
        installation = Fleet(tmp_path, broker, smtp.port)
        yield installation
        installation.stop()


@pytest.fixture
def no_mail_server(settings) -> None:
    """A mail server that is down."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
