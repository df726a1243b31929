"""Registering and keeping endpoints, and sending again what failed."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from accounts.access import Actor, require
from accounts.models import Partner
from accounts.roles import Permission
from activity.services import record
from core import clock
from core.exceptions import InvalidTransition, NotPermitted, Refused
from notifications.models import DisabledWhy, WebhookDelivery, WebhookEndpoint
from notifications.models.webhooks import DELIVERIES_KEPT
from notifications.webhooks import signing
from notifications.webhooks.addresses import check_url
from notifications.webhooks.events import TEST_EVENT, EventCategory
from notifications.webhooks.letters import tell_of_disabling
from notifications.webhooks.payloads import test_payload

MOST_ENDPOINTS = 10
# Both secrets sign for so long, so that a receiver can take over the new one without losing a message.
OVERLAP = timedelta(hours=24)

State = WebhookDelivery.State


class NameTaken(Refused):
    """The company has an endpoint of this name."""

    def __init__(self) -> None:
        super().__init__(_("Your company already has an endpoint with this name. Choose another name."))


@transaction.atomic
def register_endpoint(*, name: str, url: str, categories: Sequence[str], by: Actor) -> WebhookEndpoint:
    """Register an address for events of the actor's company; its secret is made here and can be shown once."""
    require(by, Permission.MANAGE_WEBHOOKS)
    if by.partner is None or by.user is None:
        raise NotPermitted("An endpoint belongs to a company.")
    # Two at once count one after the other.
    partner = Partner.objects.select_for_update(no_key=True).get(pk=by.partner.pk)
    if WebhookEndpoint.objects.visible_to(by).count() >= MOST_ENDPOINTS:
        text = _("Your company has %(number)d endpoints. Remove one that you no longer need.")
        raise Refused(text % {"number": MOST_ENDPOINTS})
    number = uuid.uuid4()
    endpoint = WebhookEndpoint(
        public_id=number,
        partner=partner,
        name=name,
        url=check_url(url),
        categories=_known(categories),
        sealed=signing.seal(signing.new_secret(), endpoint=number),
        created_by=by.user,
    )
    _keep(endpoint)
    record("webhook.registered", endpoint, by=by, host=endpoint.host, categories=endpoint.categories)
    return endpoint


@transaction.atomic
def change_endpoint(
    *, endpoint: WebhookEndpoint, name: str, url: str, categories: Sequence[str], by: Actor
) -> WebhookEndpoint:
    """Give it another name, address or choice of events; what waits goes to the new address."""
    endpoint = _own(endpoint, by)
    before = (endpoint.name, endpoint.host, endpoint.categories, endpoint.url)
    endpoint.name, endpoint.url, endpoint.categories = name, check_url(url), _known(categories)
    now = (endpoint.name, endpoint.host, endpoint.categories, endpoint.url)
    if now == before:
        return endpoint
    if endpoint.url != before[3]:
        endpoint.rests_until = None
    _keep(endpoint)
    changes = {
        field: [old, new]
        for field, old, new in zip(("name", "host", "categories"), before[:3], now[:3], strict=True)
        if old != new
    }
    record("webhook.changed", endpoint, by=by, **changes)
    return endpoint


@transaction.atomic
def reveal_secret(*, endpoint: WebhookEndpoint, by: Actor) -> str | None:
    """Take the secret out once; None when somebody has seen it, or when the key it was encrypted with is gone."""
    endpoint = _own(endpoint, by)
    secret = signing.unseal(endpoint.sealed, endpoint=endpoint.public_id)
    if endpoint.shown_at is not None or secret is None:
        return None
    endpoint.shown_at, endpoint.shown_to = clock.now(), by.user
    endpoint.save(update_fields=["shown_at", "shown_to"])
    record("webhook.key_shown", endpoint, by=by)
    return secret


@transaction.atomic
def rotate_secret(*, endpoint: WebhookEndpoint, by: Actor) -> WebhookEndpoint:
    """Make a new secret, which can be shown once; the one before signs along for a day."""
    endpoint = _own(endpoint, by)
    endpoint.sealed_before, endpoint.before_until = endpoint.sealed, clock.now() + OVERLAP
    endpoint.sealed = signing.seal(signing.new_secret(), endpoint=endpoint.public_id)
    endpoint.shown_at, endpoint.shown_to = None, None
    endpoint.save(update_fields=["sealed", "sealed_before", "before_until", "shown_at", "shown_to"])
    record("webhook.key_rotated", endpoint, by=by, before_until=endpoint.before_until)
    return endpoint


@transaction.atomic
def disable_endpoint(*, endpoint: WebhookEndpoint, by: Actor) -> WebhookEndpoint:
    """Send nothing more to it: events of the meantime are not kept, and what waits counts as failed."""
    endpoint = _own(endpoint, by)
    if endpoint.is_enabled:
        _disable(endpoint, DisabledWhy.PERSON, by)
    return endpoint


@transaction.atomic
def enable_endpoint(*, endpoint: WebhookEndpoint, by: Actor) -> WebhookEndpoint:
    """Send events to it from now on."""
    endpoint = _own(endpoint, by)
    if not endpoint.is_enabled:
        endpoint.disabled_why, endpoint.failing_since, endpoint.rests_until = "", None, None
        endpoint.save(update_fields=["disabled_why", "failing_since", "rests_until"])
        record("webhook.enabled", endpoint, by=by)
    return endpoint


@transaction.atomic
def give_up_endpoint(*, endpoint: WebhookEndpoint, why: DisabledWhy, by: Actor) -> None:
    """Disable an endpoint that does not answer, and tell by mail whoever can mend it; the second call does nothing."""
    endpoint = WebhookEndpoint.objects.select_for_update(of=("self",)).select_related("partner").get(pk=endpoint.pk)
    if not endpoint.is_enabled or endpoint.removed_at is not None:
        return
    _disable(endpoint, why, by)
    tell_of_disabling(endpoint)


@transaction.atomic
def remove_endpoint(*, endpoint: WebhookEndpoint, by: Actor) -> None:
    """Take it away for good, and its secrets with it; the log of what it was sent is forgotten in its time."""
    endpoint = _own(endpoint, by)
    _fail_waiting(endpoint)
    endpoint.removed_at, endpoint.sealed, endpoint.sealed_before, endpoint.before_until = clock.now(), b"", None, None
    endpoint.save(update_fields=["removed_at", "sealed", "sealed_before", "before_until"])
    record("webhook.removed", endpoint, by=by, host=endpoint.host)


@transaction.atomic
def send_test_event(*, endpoint: WebhookEndpoint, by: Actor) -> WebhookDelivery:
    """Queue an event that tells of nothing, so that somebody sees whether the other side works."""
    endpoint = _own(endpoint, by)
    _require_enabled(endpoint)
    number, now = uuid.uuid4(), clock.now()
    delivery = WebhookDelivery.objects.create(
        public_id=number,
        endpoint=endpoint,
        event=TEST_EVENT,
        occurred_at=now,
        body=test_payload(endpoint, number, now),
    )
    record("webhook.tested", endpoint, by=by)
    return delivery


@transaction.atomic
def replay_delivery(*, delivery: WebhookDelivery, by: Actor) -> WebhookDelivery:
    """Send one again under its old number, with a full set of attempts."""
    endpoint = _own(delivery.endpoint, by)
    _require_enabled(endpoint)
    delivery = WebhookDelivery.objects.select_for_update().get(pk=delivery.pk)
    if delivery.state == State.SENDING:
        raise InvalidTransition(_("This delivery is being sent at this moment."))
    _queue_again(WebhookDelivery.objects.filter(pk=delivery.pk))
    record("webhook.replayed", endpoint, by=by, delivery=delivery.message_id, count=1)
    delivery.refresh_from_db()
    return delivery


@transaction.atomic
def replay_failed(*, endpoint: WebhookEndpoint, since: datetime, by: Actor) -> int:
    """Send everything again that failed since then; return how many."""
    endpoint = _own(endpoint, by)
    _require_enabled(endpoint)
    failed = WebhookDelivery.objects.filter(endpoint=endpoint, state=State.FAILED, created_at__gte=since)
    count = _queue_again(failed)
    if count:
        record("webhook.replayed", endpoint, by=by, since=since, count=count)
    return count


def purge_deliveries() -> int:
    """Forget deliveries of more than ninety days ago."""
    count, _each = WebhookDelivery.objects.filter(created_at__lt=clock.now() - DELIVERIES_KEPT).delete()
    return count


# --- parts ------------------------------------------------------------------------------------------------------------
def _own(endpoint: WebhookEndpoint, by: Actor) -> WebhookEndpoint:
    """The endpoint, locked, if the actor may manage it."""
    require(by, Permission.MANAGE_WEBHOOKS, endpoint)
    rows = WebhookEndpoint.objects.visible_to(by).select_for_update(of=("self",)).select_related("partner")
    return rows.get(pk=endpoint.pk)


def _keep(endpoint: WebhookEndpoint) -> None:
    try:
        with transaction.atomic():
            endpoint.save()
    except IntegrityError as error:
        raise NameTaken from error


def _known(categories: Sequence[str]) -> list[str]:
    """The chosen categories in their order; at least one."""
    chosen = [value for value in EventCategory.values if value in categories]
    if not chosen or set(categories) - set(chosen):
        raise Refused(_("Choose at least one kind of event."))
    return chosen


def _require_enabled(endpoint: WebhookEndpoint) -> None:
    if not endpoint.is_enabled:
        raise InvalidTransition(_("This endpoint is disabled. Enable it first."))


def _disable(endpoint: WebhookEndpoint, why: DisabledWhy, by: Actor) -> None:
    endpoint.disabled_why = why
    endpoint.save(update_fields=["disabled_why"])
    _fail_waiting(endpoint)
    days = settings.WEBHOOK_DISABLE_AFTER_DAYS if why == DisabledWhy.FAILING else None
    record("webhook.disabled", endpoint, by=by, why=why, **({"days": days} if days else {}))


def _fail_waiting(endpoint: WebhookEndpoint) -> None:
    """What waits will not be sent; *replay* finds it among what failed."""
    waiting = WebhookDelivery.objects.filter(endpoint=endpoint, state=State.PENDING)
    waiting.update(state=State.FAILED, failure=WebhookDelivery.Failure.DISABLED)


def _queue_again(deliveries: models.QuerySet[WebhookDelivery]) -> int:
    return deliveries.update(state=State.PENDING, attempts=0, due_at=clock.now(), delivered_at=None)
