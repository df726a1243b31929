"""The pages of webhooks, as a Global admin goes through them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from pytest_httpserver import HTTPServer

from accounts.access import Actor
from core import clock
from notifications.models import WebhookDelivery, WebhookEndpoint
from notifications.webhooks import services
from notifications.webhooks.delivery import deliver_due
from tests.notifications.conftest import PATH
from tests.reading import checked, rows, words

FACTS = {"name": "Orders", "url": "https://hooks.example/in", "categories": ["orders", "subscriptions"]}


def url(name: str, endpoint: WebhookEndpoint, *more: object) -> str:
    """An address below an endpoint."""
    return reverse(f"webhooks:{name}", args=[endpoint.public_id, *more])


def test_from_nothing_to_a_delivery(window: Client, receiver: HTTPServer) -> None:
    assert "No webhooks yet" in words(checked(window.get("/webhooks/")))
    answer = window.post("/webhooks/add/", {**FACTS, "url": receiver.url_for(PATH)}, follow=True)
    page = words(checked(answer))
    assert "The endpoint is registered." in page
    assert "Nothing was sent to this endpoint yet." in page
    endpoint = WebhookEndpoint.objects.get()
    shown = words(checked(window.get(url("secret", endpoint))))
    assert "whsec_" not in shown
    assert "whsec_" in words(checked(window.post(url("secret", endpoint))))
    again = words(checked(window.post(url("secret", endpoint), follow=True)))
    assert "The secret cannot be shown." in again
    assert "whsec_" not in again
    assert "Shown once, to" in again
    receiver.expect_request(PATH).respond_with_data("thanks a lot")
    assert "A test event is on its way." in words(checked(window.post(url("test", endpoint), follow=True)))
    deliver_due()
    assert rows(checked(window.get(endpoint.get_absolute_url())))[0][2:5] == ["Delivered", "1", "200"]
    one = words(checked(window.get(endpoint.deliveries.get().get_absolute_url())))
    assert "thanks a lot" in one
    assert "webhook.test" in one


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"url": ""}, "url"),
        ({"url": "https://10.0.0.1/"}, "url"),
        ({"url": "ftp://hooks.example/"}, "url"),
        ({"categories": []}, "categories"),
        ({"categories": ["everything"]}, "categories"),
    ],
)
def test_wrong_entry_is_said_at_its_field(window: Client, wrong: dict, field: str) -> None:
    page = checked(window.post("/webhooks/add/", {**FACTS, **wrong}))
    assert list(page.context["form"].errors) == [field]
    assert not WebhookEndpoint.objects.exists()


def test_production_wants_https(window: Client, settings: Settings) -> None:
    settings.PRODUCTION = True
    page = checked(window.post("/webhooks/add/", {**FACTS, "url": "http://hooks.example/"}))
    assert "Enter an address that starts with https://." in words(page)


def test_taken_name_is_said_at_its_field(window: Client, endpoint: WebhookEndpoint) -> None:
    page = checked(window.post("/webhooks/add/", {**FACTS, "name": endpoint.name}))
    assert list(page.context["form"].errors) == ["name"]


def test_change_shows_what_is_and_keeps_what_is_entered(window: Client, endpoint: WebhookEndpoint) -> None:
    page = checked(window.get(url("change", endpoint)))
    assert f'value="{endpoint.url}"' in page.content.decode()
    window.post(url("change", endpoint), FACTS)
    endpoint.refresh_from_db()
    assert (endpoint.name, endpoint.url, endpoint.categories) == (FACTS["name"], FACTS["url"], FACTS["categories"])


def test_disabled_and_enabled_again(window: Client, endpoint: WebhookEndpoint) -> None:
    page = words(checked(window.post(url("disable", endpoint), follow=True)))
    assert "Nothing more is sent to this endpoint." in page
    assert "Send test event" not in page
    page = words(checked(window.post(url("test", endpoint), follow=True)))
    assert "This endpoint is disabled. Enable it first." in page
    window.post(url("enable", endpoint))
    endpoint.refresh_from_db()
    assert endpoint.is_enabled


@pytest.mark.parametrize(("why", "said"), [("failing", "Nothing arrived here for days"), ("gone", "gone for good")])
def test_page_says_why_it_was_disabled(window: Client, endpoint: WebhookEndpoint, why: str, said: str) -> None:
    WebhookEndpoint.objects.update(disabled_why=why, failing_since=clock.now() - timedelta(days=6))
    assert said in words(checked(window.get(endpoint.get_absolute_url())))


def test_page_says_how_long_the_receiver_asked_to_wait(window: Client, endpoint: WebhookEndpoint) -> None:
    asked = "Asked to wait until"
    assert asked not in words(checked(window.get(endpoint.get_absolute_url())))
    WebhookEndpoint.objects.update(rests_until=clock.now() + timedelta(hours=1))
    assert asked in words(checked(window.get(endpoint.get_absolute_url())))
    WebhookEndpoint.objects.update(rests_until=clock.now() - timedelta(hours=1))
    assert asked not in words(checked(window.get(endpoint.get_absolute_url())))


def test_rotated_and_removed_after_being_asked(window: Client, endpoint: WebhookEndpoint) -> None:
    assert "For 24 hours each delivery is signed with both" in words(checked(window.get(url("rotate", endpoint))))
    page = words(checked(window.post(url("rotate", endpoint), follow=True)))
    assert "The secret of before signs along until:" in page
    checked(window.get(url("remove", endpoint)))
    assert "The endpoint is removed." in words(checked(window.post(url("remove", endpoint), follow=True)))
    assert window.get(endpoint.get_absolute_url()).status_code == 404
    assert window.post(url("remove", endpoint)).status_code == 404


def make_log(endpoint: WebhookEndpoint, count: int) -> None:
    """So many deliveries that failed, and one test that waits."""
    for number in range(count):
        WebhookDelivery.objects.create(
            endpoint=endpoint,
            record_id=number,
            event="order.placed",
            occurred_at=clock.now(),
            body="{}",
            state="failed",
            attempts=10,
            status_code=500,
            duration_ms=1234,
            failure="status",
        )
    WebhookDelivery.objects.create(endpoint=endpoint, event="webhook.test", occurred_at=clock.now(), body="{}")


@pytest.mark.parametrize("count", [1, 3])
def test_log_costs_the_same_for_one_and_three(
    window: Client, endpoint: WebhookEndpoint, count: int, django_assert_num_queries: Callable
) -> None:
    make_log(endpoint, count)
    window.get("/webhooks/")  # the first page of a session writes its clocks
    with django_assert_num_queries(6):  # session, person, memberships, endpoint, count, rows
        page = checked(window.get(url("deliveries", endpoint)))
    assert len(rows(page)) == count + 1
    assert rows(page)[-1][2:6] == ["Failed", "10", "500", "1,234 ms"]


@pytest.mark.parametrize(
    ("query", "events"),
    [
        ("state=failed", ["Order placed"] * 2),
        ("state=pending", ["Test event"]),
        ("category=orders", ["Order placed"] * 2),
        ("category=tests", ["Test event"]),
        ("category=subscriptions", []),
        ("category=change_requests", []),
    ],
)
def test_log_is_filtered(window: Client, endpoint: WebhookEndpoint, query: str, events: list[str]) -> None:
    make_log(endpoint, 2)
    page = checked(window.get(f"{url('deliveries', endpoint)}?{query}"))
    assert [row[0] for row in rows(page)] == events


def test_failed_ones_are_sent_again(window: Client, endpoint: WebhookEndpoint) -> None:
    make_log(endpoint, 2)
    checked(window.get(url("replay_failed", endpoint)))
    page = words(checked(window.post(url("replay_failed", endpoint), {"period": "1"}, follow=True)))
    assert "2 deliveries are sent again." in page
    again = words(checked(window.post(url("replay_failed", endpoint), {"period": "1"}, follow=True)))
    assert "Nothing has failed in that time." in again
    assert checked(window.post(url("replay_failed", endpoint), {"period": "400"})).context["form"].errors


def test_one_is_sent_again_and_another_endpoints_is_not_found(
    window: Client, endpoint: WebhookEndpoint, owner: Actor
) -> None:
    other = services.register_endpoint(**FACTS, by=owner)
    make_log(endpoint, 1)
    failed = endpoint.deliveries.get(state="failed")
    assert window.post(url("replay", other, failed.public_id)).status_code == 404
    assert window.get(url("delivery", other, failed.public_id)).status_code == 404
    assert "It is sent again." in words(checked(window.post(url("replay", endpoint, failed.public_id), follow=True)))
    failed.refresh_from_db()
    assert (failed.state, failed.attempts) == ("pending", 0)


def test_tests_are_limited(window: Client, endpoint: WebhookEndpoint, settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "send_webhook": "2/1h/key"}
    for _number in range(2):
        window.post(url("test", endpoint))
    page = words(checked(window.post(url("test", endpoint), follow=True)))
    assert "Too many attempts. Try again in 60 minutes." in page
    assert endpoint.deliveries.count() == 2
