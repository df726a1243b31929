"""Deliver what waits: claim one, send it outside any transaction, mark it.

A sender may die at any point: what it held is free again when the lease runs out, and is sent under the same number.
An endpoint that fails is left alone for the rest of the sweep, so that it costs each sweep one wait and not a hundred.
"""

import logging
import random
import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F

from accounts.access import system_actor
from core import clock
from notifications.models import DisabledWhy, WebhookDelivery, WebhookEndpoint
from notifications.models.webhooks import WebhookDeliveryQuerySet
from notifications.webhooks import sending, signing
from notifications.webhooks.sending import Answer
from notifications.webhooks.services import give_up_endpoint

logger = logging.getLogger(__name__)

State, Failure = WebhookDelivery.State, WebhookDelivery.Failure
# Longer than the longest attempt with the slowest resolver.
LEASE = timedelta(minutes=3)
# Minutes before the second attempt, the third …: ten attempts in about a day.
PAUSES = (1, 5, 30, 120, 180, 240, 270, 300, 300)
MAX_ATTEMPTS = len(PAUSES) + 1
SWEEP_SECONDS = 120.0
GONE = 410
AGENT = "CSP-portal-webhooks/1"


def deliver_due() -> int:
    """Send what is ready until nothing is or time is up; return how many attempts were made."""
    made, stop_at, failing = 0, time.monotonic() + SWEEP_SECONDS, set[int]()
    while time.monotonic() < stop_at:
        delivery = claim(WebhookDelivery.objects.ready().exclude(endpoint__in=failing))
        if delivery is None:
            break
        made += 1
        if not attempt(delivery):
            failing.add(delivery.endpoint_id)
    return made


def claim(candidates: WebhookDeliveryQuerySet) -> WebhookDelivery | None:
    """Take the one that waits longest for this sender alone, by one conditional UPDATE, and commit that."""
    with transaction.atomic():
        rows = candidates.order_by("due_at", "pk").select_for_update(skip_locked=True, of=("self",))
        key = rows.values_list("pk", flat=True).first()
        if key is None:
            return None
        now = clock.now()
        taken = candidates.filter(pk=key).update(
            state=State.SENDING, attempts=F("attempts") + 1, lease_until=now + LEASE, tried_at=now
        )
        return WebhookDelivery.objects.select_related("endpoint__partner").get(pk=key) if taken else None


def attempt(delivery: WebhookDelivery) -> bool:
    """Send a claimed delivery once and mark how it went; say whether the receiver took it."""
    if delivery.attempts > MAX_ATTEMPTS:
        mark(delivery, state=State.FAILED, failure=Failure.DIED, status_code=None)
        return False
    headers = signed_headers(delivery)
    if headers is None:
        put_back(delivery, Answer(failure=Failure.KEY_LOST))
        return False
    answer = sending.post(delivery.endpoint.url, delivery.body.encode(), headers)
    if not answer.is_success:
        put_back(delivery, answer)
        return False
    if mark(delivery, state=State.DELIVERED, delivered_at=clock.now(), **result(answer)):
        WebhookEndpoint.objects.filter(pk=delivery.endpoint_id, failing_since__isnull=False).update(failing_since=None)
    return True


def signed_headers(delivery: WebhookDelivery) -> dict[str, str] | None:
    """The headers of an attempt, signed with its time by each secret in force; None if none can be read."""
    endpoint = delivery.endpoint
    sealed: list[bytes | memoryview | None] = [endpoint.sealed]
    if endpoint.before_until is not None and endpoint.before_until > clock.now():
        sealed.append(endpoint.sealed_before)
    secrets = [secret for one in sealed if (secret := signing.unseal(one, endpoint=endpoint.public_id))]
    if not secrets:
        return None
    message_id, timestamp = delivery.message_id, int(clock.now().timestamp())
    signatures = [
        signing.signature(secret, message_id=message_id, timestamp=timestamp, body=delivery.body) for secret in secrets
    ]
    return {
        "Content-Type": "application/json",
        "User-Agent": AGENT,
        "Accept-Encoding": "identity",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


def result(answer: Answer) -> dict[str, Any]:
    """An answer as the row keeps it."""
    return {
        "status_code": answer.status,
        "failure": answer.failure,
        "excerpt": answer.excerpt,
        "duration_ms": answer.duration_ms,
    }


def put_back(delivery: WebhookDelivery, answer: Answer) -> None:
    """After a failed attempt, wait for the next one or give up, and see whether the endpoint is worth going on."""
    now = clock.now()
    fields = result(answer)
    if delivery.attempts >= MAX_ATTEMPTS or answer.status == GONE:
        fields["state"] = State.FAILED
    else:
        wait = max(pause(delivery.attempts), answer.rest or timedelta(0))
        fields |= {"state": State.PENDING, "due_at": now + wait}
    if not mark(delivery, **fields):
        return
    logger.info("Webhook %s, attempt %d: %s", delivery.pk, delivery.attempts, answer.status or answer.failure)
    WebhookEndpoint.objects.filter(pk=delivery.endpoint_id, failing_since=None).update(failing_since=now)
    if answer.rest is not None:
        WebhookEndpoint.objects.filter(pk=delivery.endpoint_id).update(rests_until=now + answer.rest)
    if answer.status == GONE:
        give_up_endpoint(endpoint=delivery.endpoint, why=DisabledWhy.GONE, by=system_actor("webhooks"))
    elif has_failed_for_days(delivery.endpoint_id):
        give_up_endpoint(endpoint=delivery.endpoint, why=DisabledWhy.FAILING, by=system_actor("webhooks"))


def has_failed_for_days(endpoint_id: int) -> bool:
    """Whether nothing reached the endpoint for as long as an installation has patience."""
    latest = clock.now() - timedelta(days=settings.WEBHOOK_DISABLE_AFTER_DAYS)
    return WebhookEndpoint.objects.filter(pk=endpoint_id, failing_since__lte=latest).exists()


def mark(delivery: WebhookDelivery, **fields: Any) -> bool:
    """Write how it went, unless the lease ran out meanwhile and somebody else holds the delivery."""
    held = WebhookDelivery.objects.filter(
        pk=delivery.pk, state=State.SENDING, attempts=delivery.attempts, lease_until=delivery.lease_until
    )
    if not held.update(lease_until=None, **fields):
        logger.warning("Webhook %s is no longer held by this sender", delivery.pk)
        return False
    return True


def pause(attempts: int) -> timedelta:
    """How long to wait after so many attempts, each time a little different."""
    return timedelta(minutes=PAUSES[attempts - 1] * random.uniform(0.9, 1.1))  # noqa: S311 – spreads load
