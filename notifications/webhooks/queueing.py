"""From the record to deliveries: a row for each endpoint that asked for the event, before anything is sent."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from activity.models import ActivityRecord
from notifications.models import WebhookDelivery, WebhookEndpoint
from notifications.webhooks.events import EventCategory, category_of
from notifications.webhooks.payloads import message_number, payload_of

FOLLOWER = "webhooks"


def queue_deliveries(records: Sequence[ActivityRecord]) -> None:
    """Queue what endpoints want to know of these records; what is queued already stays as it is."""
    events = [(record, category) for record in records if (category := category_of(record.action)) is not None]
    if not events:
        return
    endpoints = endpoints_of(company for record, _category in events for company in companies_of(record))
    deliveries = [
        delivery_of(record, endpoint)
        for record, category in events
        for company in companies_of(record)
        for endpoint in endpoints.get(company, ())
        if wants(endpoint, record, category)
    ]
    WebhookDelivery.objects.bulk_create(deliveries, ignore_conflicts=True)


def companies_of(record: ActivityRecord) -> set[UUID]:
    """The companies in whose record it stands: they and nobody else are told."""
    return {company for company in (record.provider_id, record.reseller_id) if company}


def endpoints_of(companies: Iterable[UUID]) -> dict[UUID, list[WebhookEndpoint]]:
    """The endpoints that work, by company."""
    rows = WebhookEndpoint.objects.working().filter(partner__microsoft_id__in=set(companies)).select_related("partner")
    found = defaultdict(list)
    for endpoint in rows:
        found[endpoint.partner.microsoft_id].append(endpoint)
    return found


def wants(endpoint: WebhookEndpoint, record: ActivityRecord, category: EventCategory) -> bool:
    """Whether it asked for such events, and existed when this one happened."""
    return category.value in endpoint.categories and record.at >= endpoint.created_at


def delivery_of(record: ActivityRecord, endpoint: WebhookEndpoint) -> WebhookDelivery:
    """The delivery, not yet written."""
    number = message_number(endpoint, record)
    return WebhookDelivery(
        public_id=number,
        endpoint=endpoint,
        record_id=record.pk,
        event=record.action,
        occurred_at=record.at,
        body=payload_of(record, number),
    )
