"""What a webhook says: public identifiers, and of what changed only what is listed here."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

from activity.models import ActivityRecord
from notifications.models import WebhookEndpoint
from notifications.webhooks.events import TEST_EVENT

VERSION = "1"
# Fields whose old and new values leave the house: states and figures of the object itself. No name, no free text, no
# price, and no other company's identifier is among them.
TOLD_FIELDS = frozenset(
    "status state quantity term_duration billing_plan at_end is_trial scope segment further_regions".split()
)
PARTIES = ("provider_id", "reseller_id", "customer_id")


def instant(moment: datetime) -> str:
    """A moment in UTC as JSON has it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def message_number(endpoint: WebhookEndpoint, record: ActivityRecord) -> uuid.UUID:
    """The number of the message about a record for an endpoint: the same whoever asks, and however late."""
    return uuid.uuid5(endpoint.public_id, str(record.pk))


def public_or_none(value: Any) -> str | None:
    """The identifier if it is a public one (a GUID), and nothing of a row's number."""
    try:
        return str(uuid.UUID(str(value))) if value else None
    except ValueError:
        return None


def told_changes(changes: Any) -> dict[str, dict[str, Any]]:
    """Old and new of each field that may be told."""
    if not isinstance(changes, dict):
        return {}
    told = {}
    for name in sorted(TOLD_FIELDS & changes.keys()):
        value = changes[name]
        if isinstance(value, list) and len(value) == 2:
            told[name] = {"old": value[0], "new": value[1]}
        elif not isinstance(value, list | dict):
            told[name] = {"new": value}
    return told


def payload_of(record: ActivityRecord, number: uuid.UUID) -> str:
    """The body that tells of a record."""
    parties = {name: public_or_none(getattr(record, name)) for name in PARTIES}
    doer = public_or_none(record.acting_for_id)
    data = {
        "object": {"type": record.target_type.partition(".")[2], "id": public_or_none(record.target_id)},
        **parties,
        # Who is no party to what was done stays unnamed.
        "by": {
            "kind": "person" if record.actor_user_id else "portal",
            "organization_id": doer if doer in parties.values() else None,
        },
        "changes": told_changes(record.changes),
    }
    return body(number, record.action, record.at, data)


def test_payload(endpoint: WebhookEndpoint, number: uuid.UUID, moment: datetime) -> str:
    """The body of a test, which tells of nothing but the endpoint."""
    return body(number, TEST_EVENT, moment, {"object": {"type": "webhookendpoint", "id": str(endpoint.public_id)}})


def body(number: uuid.UUID, event: str, moment: datetime, data: dict[str, Any]) -> str:
    """The frame that every message has."""
    message = {
        "id": f"msg_{number.hex}",
        "type": event,
        "version": VERSION,
        "occurred_at": instant(moment),
        "data": data,
    }
    return json.dumps(message, separators=(",", ":"), ensure_ascii=True)
