"""How fast the outbox is emptied, against a script that only sends (P9)."""

import statistics
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from django.conf import settings

from mail.models import OutgoingEmail
from resellers.services import change_draft, draft_request, send_request
from tests.benchmarks.ground import Ground, copy_rows
from tests.benchmarks.measure import Result, at_least, benchmark

ROOT = Path(__file__).resolve().parent.parent.parent
MAILS, ROUNDS = 500, 7
# How many processes of each kind send at once.
SENDERS = {"script": 1, "raw": 2, "outbox": 2}


@benchmark
def outbox(ground: Ground) -> Iterator[Result]:
    """A worker's two senders, against one script with two kept connections, and for comparison against two scripts."""
    prototype = request_mail(ground)
    rates: dict[str, list[float]] = {kind: [] for kind in SENDERS}
    with ExitStack() as stack:
        sink = stack.enter_context(process("sink", str(settings.EMAIL_PORT)))
        answer(sink)
        senders = {
            kind: [stack.enter_context(process("senders", kind, str(one), str(count))) for one in range(count)]
            for kind, count in SENDERS.items()
        }
        for _ in range(ROUNDS + 1):  # the first one warms up
            for kind, pair in senders.items():
                rates[kind].append(rate(pair, prototype))
                ends = Counter(OutgoingEmail.objects.values_list("state", "last_error"))
                wanted = OutgoingEmail.State.SENT if kind == "outbox" else OutgoingEmail.State.QUEUED
                assert ends == {(wanted, ""): MAILS}, ends
    script, raw, ours = (statistics.median(own[1:]) for own in rates.values())
    note = f"{ours:.0f}/s, {script:.0f}/s; {ours / raw:.2f} × two scripts"
    yield at_least("P9", "Outbox, against raw smtplib with two connections", ours / script, 1.0, "×", note)


def rate(senders: list[subprocess.Popen[str]], prototype: OutgoingEmail) -> float:
    """Mails a second, from the moment that all senders are ready."""
    fill(prototype)
    for sender in senders:
        tell(sender)
    for sender in senders:
        answer(sender)
    began = time.perf_counter()
    for sender in senders:
        tell(sender)
    sent = sum(int(answer(sender)) for sender in senders)
    took = time.perf_counter() - began
    assert sent == MAILS, f"{sent} mails of {MAILS} were sent."
    return MAILS / took


def tell(running: subprocess.Popen[str]) -> None:
    """Go on."""
    assert running.stdin
    running.stdin.write("\n")
    running.stdin.flush()


def answer(running: subprocess.Popen[str]) -> str:
    """What it says; a process that ended says nothing."""
    assert running.stdout
    line = running.stdout.readline()
    assert line, "A process of the benchmark has ended."
    return line


def fill(prototype: OutgoingEmail) -> None:
    """Put that many mails into the outbox that are like this one, each with its own placeholder."""

    def vary(number: int) -> dict[str, object]:
        key = uuid.uuid4()
        return {
            "id": key,
            "kind": "benchmark",  # its owner, in senders.py, gives each mail a link; that of requests mails each once
            "recipient": f"p{number}@fabrikam.example",
            "message_id": f"<{key.hex}@portal.example>",
            "dedupe_key": None,
            "text": prototype.text.replace(prototype.pk.hex, key.hex),
            "html": prototype.html.replace(prototype.pk.hex, key.hex),
        }

    OutgoingEmail.objects.all().delete()
    copy_rows(prototype, [vary(number) for number in range(MAILS)])


def request_mail(ground: Ground) -> OutgoingEmail:
    """The mail that is sent most and costs most: a request, whose link is made while it is being sent."""
    by = ground.world.ours.provider_admin
    draft = draft_request(by=by)
    draft = change_draft(
        request=draft,
        recipient="riley@fabrikam.example",
        language="en",
        message=draft.message or "We would like to work with you.",
        valid_days=14,
        by=by,
    )
    return OutgoingEmail.objects.about(send_request(request=draft, by=by)).get()


@contextmanager
def process(module: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process of this benchmark that talks by lines, for as long as the block lasts."""
    command = [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        try:
            yield running
        finally:
            running.kill()
