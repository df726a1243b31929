"""The chain over the record: each record gets a position and a digest that covers everything before it.

Sealing is apart from recording, for a chain has one end and everybody would have to wait for it. The queue of what is
not sealed yet is filled by the database in the transaction of each record, so no record is missed however late its
transaction ends.
"""

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from activity.models import ActivityRecord, ActivitySeal, UnsealedRecord

BATCH = 1_000
LONGEST_SECONDS = 120.0
# The digest before the first.
GENESIS = "0" * 64
# Any number that nobody else locks.
LOCK = 8_014_226_301


def content(record: ActivityRecord) -> bytes:
    """Everything a record says, in one spelling; columns without a value are left out, so a new one changes nothing."""
    values: dict[str, Any] = {}
    for field in ActivityRecord._meta.concrete_fields:
        value = getattr(record, field.attname)
        if value is None or value == "":
            continue
        values[field.attname] = value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
    return json.dumps(values, sort_keys=True, separators=(",", ":"), default=str).encode()


def digest_after(previous: str, record: ActivityRecord) -> str:
    """The digest of a record that follows on another digest."""
    return hashlib.sha256(previous.encode() + b"\n" + content(record)).hexdigest()


def seal_waiting() -> int:
    """Seal what waits, a thousand in a transaction; return how many. Whoever finds another at it leaves it to him."""
    sealed, until = 0, time.monotonic() + LONGEST_SECONDS
    while count := _seal_batch():
        sealed += count
        if count < BATCH or time.monotonic() > until:
            break
    return sealed


@transaction.atomic
def _seal_batch() -> int:
    if not _alone():
        return 0
    waiting = UnsealedRecord.objects.select_related("record").order_by("pk")[:BATCH]
    records = [one.record for one in waiting]
    if not records:
        return 0
    last = ActivitySeal.objects.order_by("-position").first()
    position, digest = (last.position, last.digest) if last else (0, GENESIS)
    seals = []
    for number, record in enumerate(records, position + 1):
        digest = digest_after(digest, record)
        seals.append(ActivitySeal(position=number, record=record, digest=digest))
    ActivitySeal.objects.bulk_create(seals)
    UnsealedRecord.objects.filter(pk__in=[record.pk for record in records]).delete()
    return len(seals)


def _alone() -> bool:
    """Hold the end of the chain until the transaction ends; on SQLite every transaction that writes does."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


@dataclass(frozen=True)
class Finding:
    """What a walk over the chain found: how far it holds, what waits, and the first thing that is wrong."""

    sealed: int
    head: str
    waiting: int
    fault: str = ""


def verify(expected: tuple[int, str] | None = None) -> Finding:
    """Walk the whole chain, a thousand records at a time; `expected` is a position and digest noted earlier."""
    sealed, head, fault = 0, GENESIS, ""
    for seal, record in _links():
        fault = _fault_of(seal, record, sealed + 1, head)
        if not fault and expected is not None and seal.position == expected[0] and seal.digest != expected[1]:
            fault = f"Seal {seal.position} is not the one that was noted: the chain up to it was made anew."
        if fault:
            break
        sealed, head = seal.position, seal.digest
    if not fault and expected is not None and sealed < expected[0]:
        fault = f"The chain ends at seal {sealed}, before the noted seal {expected[0]}: its end was cut off."
    return Finding(sealed, head, UnsealedRecord.objects.count(), fault or _fault_outside())


def _links() -> Iterator[tuple[ActivitySeal, ActivityRecord | None]]:
    """Each seal in its order, with its record or None."""
    position = 0
    while seals := list(ActivitySeal.objects.filter(position__gt=position).order_by("position")[:BATCH]):
        records = ActivityRecord.objects.in_bulk([seal.record_id for seal in seals])
        for seal in seals:
            yield seal, records.get(seal.record_id)
        position = seals[-1].position


def _fault_of(seal: ActivitySeal, record: ActivityRecord | None, position: int, previous: str) -> str:
    if seal.position != position:
        return f"Seal {position} is missing."
    if record is None:
        return f"Record {seal.record_id} (seal {position}) is missing."
    if seal.digest != digest_after(previous, record):
        return f"Record {record.pk} (seal {position}) was changed or put in between, or its seal was: “{record}”."
    return ""


def _fault_outside() -> str:
    """A record that nobody queued, or one that went before it was sealed; each statement sees a single moment."""
    known = (ActivitySeal.objects.filter(record=OuterRef("pk")), UnsealedRecord.objects.filter(pk=OuterRef("pk")))
    stranger = ActivityRecord.objects.exclude(Exists(known[0])).exclude(Exists(known[1])).order_by("pk").first()
    if stranger is not None:
        return f"Record {stranger.pk} was put in past the portal, neither sealed nor waiting: “{stranger}”."
    gone = UnsealedRecord.objects.exclude(Exists(ActivityRecord.objects.filter(pk=OuterRef("pk")))).order_by("pk")
    key = gone.values_list("pk", flat=True).first()
    return f"Record {key}, which waited for its seal, is missing." if key is not None else ""
