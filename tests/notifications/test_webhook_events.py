"""Who is told of which event, and in how few words."""

import json
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.utils import translation

from accounts.access import Actor, system_actor
from activity.models import ActivityRecord
from activity.sealing import seal_waiting
from core import clock
from notifications.following import follow
from notifications.models import FollowerPosition, WebhookDelivery, WebhookEndpoint
from notifications.webhooks import services
from notifications.webhooks.events import CATEGORY_OF, EVENTS, category_of
from notifications.webhooks.payloads import TOLD_FIELDS
from notifications.webhooks.queueing import queue_deliveries
from tests.races import while_undecided
from tests.world import World, make_world

CANARY = "canary-5f3a"


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def hook(by: Actor, categories: list[str] | None = None) -> WebhookEndpoint:
    """An endpoint of the actor's company."""
    return services.register_endpoint(
        name="All", url="https://hooks.example/", categories=categories or list(EVENTS), by=by
    )


def happened(action: str, world: World, **fields: Any) -> ActivityRecord:
    """A record as a service writes it."""
    ours = world.ours
    facts: dict[str, Any] = {
        "action": action,
        "actor_user_id": ours.provider_admin.user.pk,
        "actor_label": f"{CANARY} of Northwind",
        "acting_for_id": ours.provider.microsoft_id,
        "acting_for_label": CANARY,
        "target_type": "subscriptions.subscription",
        "target_id": str(ours.subscription.subscription_id),
        "target_label": CANARY,
        "provider_id": ours.provider.microsoft_id,
        "reseller_id": ours.reseller.microsoft_id,
        "customer_id": ours.customer.microsoft_id,
        "changes": {"quantity": [7, 9], "reseller": [CANARY, CANARY], "reason": CANARY, "unit_price": ["1", CANARY]},
    }
    return ActivityRecord.objects.create(**{**facts, **fields})


def told() -> int:
    """Seal what was recorded and let the follower see it."""
    seal_waiting()
    return follow("webhooks", queue_deliveries)


def bodies(endpoint: WebhookEndpoint) -> list[dict[str, Any]]:
    """What the endpoint is told, oldest first."""
    return [json.loads(one.body) for one in endpoint.deliveries.order_by("pk")]


def test_parties_are_told_and_nobody_else(world: World) -> None:
    ours, reseller = hook(world.ours.provider_admin), hook(world.ours.reseller_admin)
    others = [hook(world.theirs.provider_admin), hook(world.theirs.reseller_admin)]
    record = happened("subscription.licenses_changed", world)
    told()
    assert [len(bodies(one)) for one in (ours, reseller, *others)] == [1, 1, 0, 0]
    message = bodies(ours)[0]
    assert message == {
        "id": f"msg_{uuid.uuid5(ours.public_id, str(record.pk)).hex}",
        "type": "subscription.licenses_changed",
        "version": "1",
        "occurred_at": message["occurred_at"],
        "data": {
            "object": {"type": "subscription", "id": str(world.ours.subscription.subscription_id)},
            "provider_id": str(world.ours.provider.microsoft_id),
            "reseller_id": str(world.ours.reseller.microsoft_id),
            "customer_id": str(world.ours.customer.microsoft_id),
            "by": {"kind": "person", "organization_id": str(world.ours.provider.microsoft_id)},
            "changes": {"quantity": {"old": 7, "new": 9}},
        },
    }
    assert bodies(reseller)[0]["id"] != message["id"]


def test_no_name_price_or_free_text_leaves_the_house(world: World) -> None:
    endpoint = hook(world.ours.provider_admin)
    known = {action for actions in EVENTS.values() for action in actions}
    for action in sorted(known):
        every = dict.fromkeys(["name", "note", "reason", "reseller", "old", "new", "email", "unit_price"], CANARY)
        happened(action, world, changes=every)
    told()
    sent = list(endpoint.deliveries.values_list("body", flat=True))
    assert len(sent) == len(known)
    assert [body for body in sent if CANARY in body] == []


def test_number_of_a_row_and_a_stranger_stay_unnamed(world: World) -> None:
    endpoint = hook(world.ours.reseller_admin)
    happened("order.line_fulfilled", world, target_id="4711", acting_for_id=world.theirs.provider.microsoft_id)
    told()
    data = bodies(endpoint)[0]["data"]
    assert data["object"]["id"] is None
    assert data["by"] == {"kind": "person", "organization_id": None}


def test_portal_itself_is_no_person(world: World) -> None:
    endpoint = hook(world.ours.provider_admin)
    happened("subscription.renewed", world, actor_user_id=None, acting_for_id=None, actor_label=str(system_actor("x")))
    told()
    assert bodies(endpoint)[0]["data"]["by"] == {"kind": "portal", "organization_id": None}


@pytest.mark.parametrize("action", ["user.password_changed", "email.retried", "customers.exported", "webhook.tested"])
def test_what_is_no_event_stays_inside(action: str, world: World) -> None:
    endpoint = hook(world.ours.provider_admin)
    happened(action, world)
    told()
    assert bodies(endpoint) == []


def test_endpoint_is_told_of_what_it_asked_for(world: World) -> None:
    endpoint = hook(world.ours.provider_admin, ["orders", "change_requests"])
    for action in ("order.placed", "subscription.renewed", "change_request.approved"):
        happened(action, world)
    told()
    assert [one["type"] for one in bodies(endpoint)] == ["order.placed", "change_request.approved"]


def test_what_happened_before_or_while_disabled_is_not_told(world: World) -> None:
    owner = world.ours.provider_admin
    happened("order.placed", world, at=clock.now() - timedelta(minutes=1))
    endpoint = hook(owner)
    told()
    services.disable_endpoint(endpoint=endpoint, by=owner)
    happened("order.placed", world)
    told()
    services.enable_endpoint(endpoint=endpoint, by=owner)
    happened("subscription.renewed", world)
    told()
    assert [one["type"] for one in bodies(endpoint)] == ["subscription.renewed"]


def test_following_twice_or_from_the_start_tells_once(world: World) -> None:
    endpoint = hook(world.ours.provider_admin)
    happened("order.placed", world)
    assert told() > 0
    assert told() == 0
    FollowerPosition.objects.update(position=0)
    assert told() > 0
    assert WebhookDelivery.objects.filter(endpoint=endpoint).count() == 1


def test_failing_batch_is_seen_again(world: World) -> None:
    happened("order.placed", world)
    seal_waiting()

    def fail(records: object) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        follow("webhooks", fail)
    seen: list[str] = []
    follow("webhooks", lambda records: seen.extend(record.action for record in records))
    assert "order.placed" in seen


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_what_one_worker_is_at_a_second_one_leaves_to_it() -> None:
    world, seen = make_world(), []

    def look() -> int:
        return follow("webhooks", lambda records: seen.extend(record.action for record in records))

    seal_waiting()
    look()
    happened("order.placed", world)
    seal_waiting()

    def look_later() -> int:
        happened("subscription.renewed", world)
        seal_waiting()
        return look()

    assert while_undecided(look, look_later) == [1, 0]
    assert look() == 1
    assert (seen.count("order.placed"), seen[-1]) == (1, "subscription.renewed")


def test_follower_looks_back_a_week_and_no_further(world: World) -> None:
    happened("order.placed", world, at=clock.now() - timedelta(days=8))
    happened("subscription.renewed", world, at=clock.now() - timedelta(days=6))
    seal_waiting()
    seen: list[str] = []
    follow("new", lambda records: seen.extend(record.action for record in records))
    assert "order.placed" not in seen
    assert seen[-1] == "subscription.renewed"


def test_each_event_has_one_category(world: World) -> None:
    names = [action for actions in EVENTS.values() for action in actions]
    assert len(names) == len(set(names)) == len(CATEGORY_OF)
    assert category_of("change_request.approved") == "change_requests"
    assert category_of("change_requested.x") is None
    assert not {"reseller", "reason", "unit_price", "amount", "nickname", "name"} & TOLD_FIELDS


def test_time_of_the_event_is_that_of_the_record(world: World) -> None:
    endpoint = hook(world.ours.provider_admin)
    with time_machine.travel("2031-03-04T05:06:07Z", tick=False):
        happened("order.placed", world)
        told()
    assert bodies(endpoint)[0]["occurred_at"] == "2031-03-04T05:06:07.000Z"


def test_events_of_a_provider_do_not_reach_its_former_reseller(world: World) -> None:
    endpoint = hook(world.ours.reseller_admin)
    happened("subscription.renewed", world, reseller_id=None)
    told()
    assert bodies(endpoint) == []


def test_integrators_read_of_each_event() -> None:
    page = (Path(settings.BASE_DIR) / "docs" / "webhooks.md").read_text()
    with translation.override("en"):
        missing = [a for group in EVENTS.values() for a, label in group.items() if f"* `{a}` – {label}\n" not in page]
    assert missing == []
