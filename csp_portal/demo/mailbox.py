"""The demo's mailbox: mails become files in one directory, and files become mails again."""

import os
import re
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage as OutgoingMessage
from django.core.mail.backends.base import BaseEmailBackend

# The moment in nanoseconds, so that names sort by time, and something unguessable, so that two never meet.
KEY = re.compile(r"[0-9]{20}-[0-9a-f]{32}")


class MailboxBackend(BaseEmailBackend):
    """Write each mail to a file of its own under DEMO_MAILBOX_DIR; a reader never sees half a mail."""

    def send_messages(self, email_messages: Sequence[OutgoingMessage]) -> int:
        """Store the mails and say how many; raise what the disk says unless told to be silent."""
        directory = Path(settings.DEMO_MAILBOX_DIR)
        stored = 0
        for message in email_messages:
            key = f"{time.time_ns():020d}-{uuid.uuid4().hex}"
            part = directory / f"{key}.part"
            try:
                directory.mkdir(parents=True, exist_ok=True)
                part.write_bytes(message.message().as_bytes())
                part.rename(directory / f"{key}.eml")
            except OSError:
                if not self.fail_silently:
                    raise
            else:
                stored += 1
        return stored


@dataclass(frozen=True)
class Piece:
    """A stretch of a mail's text: a link to the portal when `url` is set."""

    text: str
    url: str = ""


@dataclass(frozen=True)
class ReceivedMail:
    """A mail of the demo, as far as its page shows it."""

    key: str
    at: datetime
    subject: str
    sender: str
    recipient: str
    text: str
    html: str

    @property
    def pieces(self) -> list[Piece]:
        """The text, its addresses within this portal as links; every other address stays text."""
        return split_links(self.text, settings.PORTAL_BASE_URL)


def split_links(text: str, base: str) -> list[Piece]:
    """Cut text at the addresses that lie under `base`; the full stop after an address does not belong to it."""
    pieces = []
    end = 0
    for match in re.finditer(re.escape(base) + r"(?![\w.:@-])[^\s<>\"']*", text):
        url = match.group().rstrip(".,;:!?)]")
        pieces += [Piece(text[end : match.start()]), Piece(url, url)]
        end = match.start() + len(url)
    return [piece for piece in [*pieces, Piece(text[end:])] if piece.text]


def newest_mails(limit: int) -> list[ReceivedMail]:
    """The latest mails, the newest first."""
    try:
        names = os.listdir(settings.DEMO_MAILBOX_DIR)
    except FileNotFoundError:
        return []
    keys = [name.removesuffix(".eml") for name in names if name.endswith(".eml")]
    newest = sorted((key for key in keys if KEY.fullmatch(key)), reverse=True)[:limit]
    return [mail for key in newest if (mail := read_mail(key))]


def read_mail(key: str) -> ReceivedMail | None:
    """The mail of this key, or None; a key is never a path."""
    if not KEY.fullmatch(key):
        return None
    try:
        content = (Path(settings.DEMO_MAILBOX_DIR) / f"{key}.eml").read_bytes()
    except FileNotFoundError:
        return None
    message = message_from_bytes(content, policy=policy.default)
    return ReceivedMail(
        key=key,
        at=datetime.fromtimestamp(int(key[:20]) / 1_000_000_000, tz=UTC),
        subject=str(message["subject"] or ""),
        sender=str(message["from"] or ""),
        recipient=str(message["to"] or ""),
        text=_body(message, "plain"),
        html=_body(message, "html"),
    )


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()).replace("\r\n", "\n").strip() if part is not None else ""
