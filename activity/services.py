"""Write the record of what was done, in the transaction that does it."""

import ipaddress
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from django.db import models, transaction
from django.utils.functional import Promise

from activity.models import ActivityRecord, public_id
from core.secret_names import refuse_secrets

PARTIES = ("provider", "reseller", "customer")
BATCH = 1_000


def record(action: str, target: models.Model, *, by: Any, **changes: Any) -> ActivityRecord:
    """Record that `by` did `action` (dotted, past tense) to `target`; if this fails, so does the action.

    `by` has user, label, acting_for, ip, request_id and source. A target that belongs to tenants says which in
    `activity_parties()`, a dict with the keys provider, reseller and customer and their Microsoft IDs.
    """
    _require_transaction()
    kept = composed(action, target, by=by, **changes)
    kept.save(force_insert=True)
    return kept


def record_all(records: Sequence[ActivityRecord]) -> None:
    """Write composed records in their order: for a change of so many things that a query for each is too many."""
    _require_transaction()
    ActivityRecord.objects.bulk_create(records, batch_size=BATCH)


def composed(action: str, target: models.Model, *, by: Any, **changes: Any) -> ActivityRecord:
    """What record() would write, not yet written."""
    describe_parties = getattr(target, "activity_parties", None)
    parties = describe_parties() if describe_parties else {}
    if unknown := set(parties) - set(PARTIES):
        raise ValueError(f"activity_parties() of {target._meta.label} names {sorted(unknown)}.")
    return ActivityRecord(
        action=action,
        actor_user_id=by.user.pk if by.user else None,
        actor_label=str(by.label)[:500],
        acting_for_id=by.acting_for.microsoft_id if by.acting_for else None,
        acting_for_label=str(by.acting_for)[:255] if by.acting_for else "",
        target_type=target._meta.label_lower,
        target_id=public_id(target),
        target_label=str(target)[:255],
        provider_id=parties.get("provider"),
        reseller_id=parties.get("reseller"),
        customer_id=parties.get("customer"),
        changes=plain(changes),
        ip=known_ip(by.ip),
        request_id=str(by.request_id or "")[:64],
        source=by.source,
    )


def _require_transaction() -> None:
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("record() belongs in the transaction of the change it records.")


def plain(value: Any) -> Any:
    """Return the value as JSON can hold it; dates, decimals, identifiers, objects and lazy strings become text."""
    if isinstance(value, Mapping):
        refuse_secrets(value)
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, bytes | bytearray | memoryview):
        raise TypeError("Bytes are no words for a record.")
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, Promise | str):
        return str(value)
    if isinstance(value, list | tuple | set | frozenset | models.QuerySet):
        return [plain(item) for item in value]
    return str(value)


def known_ip(value: str | None) -> str | None:
    """The address if it is one: what a proxy forwards can be any text, and must not fail the action."""
    try:
        return str(ipaddress.ip_address(value)) if value else None
    except ValueError:
        return None
