"""How fast the outbox is emptied, against a script that only sends (P9)."""

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from django.conf import settings
from django.db import transaction

from mail.models import OutgoingEmail
from mail.services import queue_email
from tests.benchmarks.ground import Ground, copy_rows
from tests.benchmarks.measure import Result, at_least, benchmark

ROOT = Path(__file__).resolve().parent.parent.parent
MAILS, SENDERS, ROUNDS = 1000, 2, 7


@benchmark
def outbox(ground: Ground) -> Iterator[Result]:
    """Two senders and the outbox, against two scripts with a kept connection each; in turns."""
    with ExitStack() as stack:
        sink = stack.enter_context(process("sink", str(settings.EMAIL_PORT)))
        assert sink.stdout
        sink.stdout.readline()
        raw, ours = [], []
        for _ in range(ROUNDS + 1):  # the first one warms up
            raw.append(rate("raw", ground))
            ours.append(rate("outbox", ground))
        sink.kill()
    best = [sorted(rates[1:])[ROUNDS // 2] for rates in (raw, ours)]
    note = f"{best[1]:.0f}/s against {best[0]:.0f}/s"
    yield at_least("P9", "Outbox to a local sink, against raw smtplib", best[1] / best[0], 1.0, "×", note)


def rate(kind: str, ground: Ground) -> float:
    """Mails a second, from the moment that all senders are ready."""
    OutgoingEmail.objects.all().delete()
    fill(ground)
    with ExitStack() as stack:
        senders = [
            stack.enter_context(process("senders", kind, str(number), str(SENDERS))) for number in range(SENDERS)
        ]
        for sender in senders:
            assert sender.stdout
            sender.stdout.readline()
        began = time.perf_counter()
        for sender in senders:
            assert sender.stdin
            sender.stdin.write("go\n")
            sender.stdin.flush()
        sent = sum(json.loads(sender.stdout.readline()) for sender in senders if sender.stdout)
        took = time.perf_counter() - began
    assert sent == MAILS, f"{kind}: {sent} mails of {MAILS} were sent."
    if kind == "outbox":
        assert OutgoingEmail.objects.filter(state=OutgoingEmail.State.SENT).count() == MAILS
    return MAILS / took


def fill(ground: Ground) -> None:
    """Put that many mails into the outbox, each as large as the one that is sent most, with a link to fill in."""
    request = ground.world.ours.request
    context = {"name": str(request.created_by)}
    with transaction.atomic():
        prototype = queue_email(
            "account_opened", to="p@fabrikam.example", language="en", context=context, about=request.created_by
        )

    def vary(number: int) -> dict[str, object]:
        key = uuid.uuid4()
        return {
            "id": key,
            "recipient": f"p{number}@fabrikam.example",
            "message_id": f"<{key.hex}@portal.example>",
            "text": prototype.text.replace(prototype.pk.hex, key.hex),
            "html": prototype.html.replace(prototype.pk.hex, key.hex),
        }

    copy_rows(prototype, MAILS, vary)
    prototype.delete()


def process(module: str, *arguments: str) -> subprocess.Popen[str]:
    """A process of this benchmark that talks by lines."""
    command = [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
