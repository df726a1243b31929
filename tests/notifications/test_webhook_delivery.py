"""From what was done to what arrives: signed, once under one number, again until it is taken, and not for ever."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from pytest_django import Settings
from pytest_httpserver import HTTPServer
from standardwebhooks import WebhookVerificationError
from werkzeug import Request, Response

from accounts.access import Actor
from core import clock
from mail.models import OutgoingEmail
from notifications.models import WebhookDelivery, WebhookEndpoint
from notifications.webhooks import delivery as delivering
from notifications.webhooks import services, signing
from notifications.webhooks.delivery import LEASE, MAX_ATTEMPTS, attempt, claim, deliver_due
from tests.notifications.conftest import PATH, answering, make_due, verified
from tests.races import at_once

State = WebhookDelivery.State


@pytest.fixture(autouse=True)
def no_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses of exactly their length."""
    monkeypatch.setattr(random, "uniform", lambda low, high: 1.0)


def test_delivery_is_signed_as_the_standard_says(delivery: WebhookDelivery, receiver: HTTPServer, secret: str) -> None:
    receiver.expect_request(PATH).respond_with_data("thanks")
    assert deliver_due() == 1
    (request, _response) = receiver.log[0]
    message = verified(secret, request)
    assert message == {
        "id": delivery.message_id,
        "type": "webhook.test",
        "version": "1",
        "occurred_at": message["occurred_at"],
        "data": {"object": {"type": "webhookendpoint", "id": str(delivery.endpoint.public_id)}},
    }
    assert request.headers["webhook-id"] == delivery.message_id
    assert request.content_type == "application/json"
    with pytest.raises(WebhookVerificationError):
        verified(signing.new_secret(), request)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.status_code) == (State.DELIVERED, 1, 200)
    assert delivery.excerpt == "thanks"
    assert delivery.delivered_at is not None
    assert delivery.duration_ms is not None


def test_what_arrived_is_not_sent_again(delivery: WebhookDelivery, receiver: HTTPServer) -> None:
    receiver.expect_request(PATH).respond_with_data("")
    assert (deliver_due(), deliver_due()) == (1, 0)
    assert len(receiver.log) == 1


def test_refused_delivery_is_tried_again_later_under_its_number(
    delivery: WebhookDelivery, receiver: HTTPServer, secret: str
) -> None:
    receiver.expect_request(PATH).respond_with_handler(answering(500, 200))
    before = clock.now()
    assert (deliver_due(), deliver_due()) == (1, 0)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.status_code, delivery.failure) == (State.PENDING, 500, "status")
    assert timedelta(seconds=60) <= delivery.due_at - before < timedelta(seconds=75)
    delivery.endpoint.refresh_from_db()
    assert delivery.endpoint.failing_since is not None
    make_due(delivery)
    assert deliver_due() == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.status_code) == (State.DELIVERED, 2, 200)
    assert len({request.headers["webhook-id"] for request, _response in receiver.log}) == 1
    assert all(verified(secret, request)["id"] == delivery.message_id for request, _response in receiver.log)
    delivery.endpoint.refresh_from_db()
    assert delivery.endpoint.failing_since is None


def test_pauses_grow_and_end_after_a_day(delivery: WebhookDelivery, receiver: HTTPServer) -> None:
    receiver.expect_request(PATH).respond_with_data("no", 500)
    waits = []
    for _number in range(MAX_ATTEMPTS):
        make_due(delivery)
        before = clock.now()
        assert deliver_due() == 1
        delivery.refresh_from_db()
        waits.append(round((delivery.due_at - before).total_seconds() / 60))
    assert waits[:-1] == [1, 5, 30, 120, 180, 240, 270, 300, 300]
    assert 23 * 60 < sum(waits[:-1]) < 25 * 60
    assert (delivery.state, delivery.attempts) == (State.FAILED, MAX_ATTEMPTS)
    assert deliver_due() == 0


def test_endpoint_that_fails_costs_a_sweep_one_attempt(
    endpoint: WebhookEndpoint, owner: Actor, receiver: HTTPServer
) -> None:
    receiver.expect_request("/dead").respond_with_data("", 503)
    receiver.expect_request(PATH).respond_with_data("")
    dead = services.register_endpoint(name="Dead", url=receiver.url_for("/dead"), categories=["orders"], by=owner)
    for _number in range(3):
        services.send_test_event(endpoint=dead, by=owner)
    for _number in range(3):
        services.send_test_event(endpoint=endpoint, by=owner)
    assert deliver_due() == 4
    paths = [request.path for request, _response in receiver.log]
    assert (paths.count("/dead"), paths.count(PATH)) == (1, 3)


def busy(status: int, retry_after: str) -> Callable[[Request], Response]:
    """A receiver that asks to be left alone."""
    return lambda request: Response("busy", status, {"Retry-After": retry_after})


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_receiver_is_left_alone_for_as_long_as_it_asks(
    status: int, delivery: WebhookDelivery, owner: Actor, receiver: HTTPServer
) -> None:
    receiver.expect_ordered_request(PATH).respond_with_handler(busy(status, "1200"))
    receiver.expect_ordered_request(PATH).respond_with_data("")
    receiver.expect_ordered_request(PATH).respond_with_data("")
    before = clock.now()
    assert deliver_due() == 1
    other = services.send_test_event(endpoint=delivery.endpoint, by=owner)
    with time_machine.travel(before + timedelta(minutes=19), tick=False):
        assert deliver_due() == 0, "neither this delivery nor another"
    with time_machine.travel(before + timedelta(minutes=22), tick=False):
        assert deliver_due() == 2
    states = WebhookDelivery.objects.filter(pk__in=[delivery.pk, other.pk]).values_list("state", flat=True)
    assert set(states) == {State.DELIVERED}


def test_one_busy_receiver_keeps_no_other_waiting(
    endpoint: WebhookEndpoint, delivery: WebhookDelivery, owner: Actor, receiver: HTTPServer
) -> None:
    receiver.expect_request(PATH).respond_with_handler(busy(429, "600"))
    receiver.expect_request("/other").respond_with_data("")
    other = services.register_endpoint(name="Other", url=receiver.url_for("/other"), categories=["orders"], by=owner)
    deliver_due()
    services.send_test_event(endpoint=other, by=owner)
    assert deliver_due() == 1


WAITS = [
    ("Mon, 30 Nov 2026 12:20:00 GMT", 1200),
    ("Mon, 30 Nov 2026 12:20:00 -0000", 1200),
    ("Mon, 30 Nov 2026 11:00:00 GMT", 60),
    ("2", 60),
    ("18001", 18000),
    ("9" * 5000, 18000),
    ("Fri, 31 Dec 9999 23:59:59 GMT", 18000),
    ("-5", 60), ("", 60), ("soon", 60), ("1.5", 60), ("²", 60), ("Mon, 99 Nov 2026 12:20:00 +9999", 60),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "seconds"), WAITS)
def test_what_a_busy_receiver_asks_is_bounded_and_nonsense_is_passed_over(
    asked: str, seconds: int, delivery: WebhookDelivery, receiver: HTTPServer
) -> None:
    receiver.expect_request(PATH).respond_with_handler(busy(503, asked.encode().decode("latin-1")))
    noon = datetime(2026, 11, 30, 12, tzinfo=UTC)
    WebhookDelivery.objects.update(due_at=noon)
    with time_machine.travel(noon, tick=False):
        assert deliver_due() == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.status_code, delivery.failure) == (State.PENDING, 503, "status")
    assert (delivery.due_at - noon).total_seconds() == seconds


def test_only_a_busy_receiver_is_asked_when_to_come_again(delivery: WebhookDelivery, receiver: HTTPServer) -> None:
    receiver.expect_request(PATH).respond_with_handler(busy(500, "1200"))
    deliver_due()
    delivery.endpoint.refresh_from_db()
    assert delivery.endpoint.rests_until is None


def test_another_address_and_enabling_end_the_wait(
    delivery: WebhookDelivery, owner: Actor, receiver: HTTPServer
) -> None:
    endpoint = delivery.endpoint
    rest = clock.now() + timedelta(hours=1)
    WebhookEndpoint.objects.update(rests_until=rest)
    services.change_endpoint(endpoint=endpoint, name="Other", url=endpoint.url, categories=["orders"], by=owner)
    endpoint.refresh_from_db()
    assert endpoint.rests_until == rest
    services.change_endpoint(
        endpoint=endpoint, name="Other", url=receiver.url_for("/new"), categories=["orders"], by=owner
    )
    endpoint.refresh_from_db()
    assert endpoint.rests_until is None
    WebhookEndpoint.objects.update(rests_until=rest)
    services.disable_endpoint(endpoint=endpoint, by=owner)
    assert services.enable_endpoint(endpoint=endpoint, by=owner).rests_until is None


def test_what_a_dead_worker_held_is_sent_by_another_under_its_number(
    delivery: WebhookDelivery, receiver: HTTPServer
) -> None:
    receiver.expect_request(PATH).respond_with_data("")
    held = claim(WebhookDelivery.objects.ready())
    assert held is not None
    assert deliver_due() == 0
    with time_machine.travel(clock.now() + LEASE + timedelta(seconds=1)):
        assert deliver_due() == 1
        delivery.refresh_from_db()
        assert (delivery.state, delivery.attempts) == (State.DELIVERED, 2)
        # The first one was only slow: what it has to say counts no more.
        assert delivering.mark(held, state=State.FAILED) is False
    delivery.refresh_from_db()
    assert delivery.state == State.DELIVERED


def test_delivery_that_kills_its_senders_is_given_up(delivery: WebhookDelivery, receiver: HTTPServer) -> None:
    WebhookDelivery.objects.update(attempts=MAX_ATTEMPTS)
    held = claim(WebhookDelivery.objects.ready())
    assert held is not None
    assert attempt(held) is False
    delivery.refresh_from_db()
    assert (delivery.state, delivery.failure) == (State.FAILED, "died")
    assert receiver.log == []


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_each_once(endpoint: WebhookEndpoint, owner: Actor, receiver: HTTPServer) -> None:
    receiver.expect_request(PATH).respond_with_data("")
    for _number in range(12):
        services.send_test_event(endpoint=endpoint, by=owner)
    assert sum(at_once(*[deliver_due] * 4)) == 12
    numbers = [request.headers["webhook-id"] for request, _response in receiver.log]
    assert len(numbers) == len(set(numbers)) == 12


def test_both_secrets_sign_for_a_day(
    delivery: WebhookDelivery, owner: Actor, receiver: HTTPServer, secret: str
) -> None:
    receiver.expect_request(PATH).respond_with_data("")
    endpoint = services.rotate_secret(endpoint=delivery.endpoint, by=owner)
    new = signing.unseal(endpoint.sealed, endpoint=endpoint.public_id)
    assert new not in (None, secret)
    deliver_due()
    assert verified(secret, receiver.log[0][0]) == verified(new, receiver.log[0][0])
    later = clock.now() + services.OVERLAP + timedelta(minutes=1)
    services.replay_delivery(delivery=delivery, by=owner)
    with time_machine.travel(later):
        deliver_due()
        assert verified(new, receiver.log[1][0])
        with pytest.raises(WebhookVerificationError):
            verified(secret, receiver.log[1][0])


def test_secret_that_cannot_be_read_is_said(
    delivery: WebhookDelivery, receiver: HTTPServer, settings: Settings
) -> None:
    settings.ENVELOPE_KEYS = ["another key than before"]
    assert deliver_due() == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.failure) == (State.PENDING, "key_lost")
    assert receiver.log == []


def test_older_key_of_the_installation_still_opens_secrets(
    delivery: WebhookDelivery, receiver: HTTPServer, settings: Settings, secret: str
) -> None:
    receiver.expect_request(PATH).respond_with_data("")
    settings.ENVELOPE_KEYS = ["another key than before", settings.SECRET_KEY]
    deliver_due()
    assert verified(secret, receiver.log[0][0])


# --- giving up --------------------------------------------------------------------------------------------------------
def fail_for(days: float, delivery: WebhookDelivery) -> None:
    """One more failed attempt after nothing arrived for so long."""
    WebhookEndpoint.objects.update(failing_since=clock.now() - timedelta(days=days))
    make_due(delivery)
    deliver_due()
    delivery.refresh_from_db()
    delivery.endpoint.refresh_from_db()


def test_endpoint_that_fails_for_days_is_disabled_and_its_company_told(
    delivery: WebhookDelivery, owner: Actor, receiver: HTTPServer
) -> None:
    receiver.expect_request(PATH).respond_with_data("", 500)
    fail_for(4.9, delivery)
    assert delivery.endpoint.is_enabled
    assert not OutgoingEmail.objects.filter(kind="webhook_disabled").exists()
    fail_for(5.1, delivery)
    assert delivery.endpoint.disabled_why == "failing"
    assert (delivery.state, delivery.failure) == (State.FAILED, "disabled")
    letter = OutgoingEmail.objects.get(kind="webhook_disabled")
    assert letter.recipient == owner.user.email
    assert "Billing" in letter.subject
    assert PATH not in letter.text.replace(delivery.endpoint.get_absolute_url(), "")
    make_due(delivery)
    assert deliver_due() == 0
    assert OutgoingEmail.objects.filter(kind="webhook_disabled").count() == 1


def test_address_that_is_gone_is_disabled_at_once(delivery: WebhookDelivery, receiver: HTTPServer) -> None:
    receiver.expect_request(PATH).respond_with_data("", 410)
    deliver_due()
    delivery.refresh_from_db()
    delivery.endpoint.refresh_from_db()
    assert (delivery.state, delivery.status_code) == (State.FAILED, 410)
    assert delivery.endpoint.disabled_why == "gone"


@pytest.mark.parametrize("stop", ["disabled", "removed", "suspended"])
def test_nothing_is_sent_to_whom_it_should_not(
    stop: str, delivery: WebhookDelivery, owner: Actor, receiver: HTTPServer
) -> None:
    endpoint = delivery.endpoint
    if stop == "disabled":
        services.disable_endpoint(endpoint=endpoint, by=owner)
    elif stop == "removed":
        services.remove_endpoint(endpoint=endpoint, by=owner)
    else:
        type(endpoint.partner).objects.update(enrolment_state="suspended")
    assert deliver_due() == 0
    assert receiver.log == []


# --- again ------------------------------------------------------------------------------------------------------------
def test_replay_keeps_the_number_and_the_body(delivery: WebhookDelivery, owner: Actor, receiver: HTTPServer) -> None:
    receiver.expect_request(PATH).respond_with_data("")
    deliver_due()
    services.replay_delivery(delivery=delivery, by=owner)
    assert deliver_due() == 1
    first, second = (request for request, _response in receiver.log)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.get_data() == second.get_data()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (State.DELIVERED, 1)


def test_replay_of_what_failed_leaves_the_rest(endpoint: WebhookEndpoint, owner: Actor) -> None:
    made = [services.send_test_event(endpoint=endpoint, by=owner) for _number in range(4)]
    now = clock.now()

    def became(number: int, state: str, age: timedelta) -> None:
        delivered_at = now if state == State.DELIVERED else None
        WebhookDelivery.objects.filter(pk=made[number].pk).update(
            state=state, attempts=MAX_ATTEMPTS, created_at=now - age, delivered_at=delivered_at
        )

    became(0, State.FAILED, timedelta(hours=1))
    became(1, State.FAILED, timedelta(days=3))
    became(2, State.DELIVERED, timedelta(hours=1))
    assert services.replay_failed(endpoint=endpoint, since=now - timedelta(days=1), by=owner) == 1
    states = {one.pk: (one.state, one.attempts) for one in WebhookDelivery.objects.all()}
    assert states == {
        made[0].pk: (State.PENDING, 0),
        made[1].pk: (State.FAILED, MAX_ATTEMPTS),
        made[2].pk: (State.DELIVERED, MAX_ATTEMPTS),
        made[3].pk: (State.PENDING, 0),
    }


def test_log_is_forgotten_after_ninety_days(delivery: WebhookDelivery) -> None:
    with time_machine.travel(clock.now() + timedelta(days=89)):
        assert services.purge_deliveries() == 0
    with time_machine.travel(clock.now() + timedelta(days=91)):
        assert services.purge_deliveries() == 1


def test_sweep_asks_little(
    endpoint: WebhookEndpoint, owner: Actor, receiver: HTTPServer, django_assert_num_queries: Callable
) -> None:
    with django_assert_num_queries(3):  # savepoint and what is ready
        deliver_due()


def test_slow_sender_does_not_mark_what_another_holds(delivery: WebhookDelivery) -> None:
    slow = claim(WebhookDelivery.objects.ready())
    with time_machine.travel(clock.now() + LEASE + timedelta(seconds=1)):
        second = claim(WebhookDelivery.objects.ready())
        assert slow is not None
        assert second is not None
        assert delivering.mark(slow, state=State.FAILED) is False
        assert delivering.mark(second, state=State.DELIVERED, delivered_at=clock.now()) is True
