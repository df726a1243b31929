"""Registering and keeping endpoints: who may, what is refused, what is recorded, and that no secret gets out."""

import logging
from collections.abc import Callable

import pytest
from django.test import Client
from pytest_httpserver import HTTPServer

from accounts.access import Actor
from accounts.models import Partner
from accounts.roles import Role
from activity.models import ActivityRecord
from core.exceptions import InvalidTransition, NotPermitted, Refused
from notifications.models import WebhookDelivery, WebhookEndpoint
from notifications.webhooks import services, signing
from notifications.webhooks.delivery import deliver_due
from tests.customers.conftest import actor_of
from tests.factories import PartnerFactory, UserFactory
from tests.faults import fail_at_each_statement
from tests.notifications.conftest import PATH
from tests.portal.canary import places_that_hold

FACTS = {"name": "Orders", "url": "https://hooks.example/in", "categories": ["orders"]}


def actions() -> list[str]:
    """What was recorded, oldest first."""
    return list(ActivityRecord.objects.order_by("pk").values_list("action", flat=True))


def test_endpoint_is_registered_and_recorded_by_its_host_alone(owner: Actor) -> None:
    endpoint = services.register_endpoint(**FACTS, by=owner)
    assert (endpoint.partner, endpoint.is_enabled, endpoint.shown_at) == (owner.partner, True, None)
    record = ActivityRecord.objects.get(action="webhook.registered")
    assert record.changes == {"host": "hooks.example", "categories": ["orders"]}
    assert record.provider_id == owner.partner.microsoft_id


@pytest.mark.parametrize("role", [Role.ADMIN_AGENT, Role.SALES_AGENT, Role.HELPDESK_AGENT])
def test_only_a_global_admin_may(provider: Partner, endpoint: WebhookEndpoint, role: Role) -> None:
    by = actor_of(provider, role)
    acts: list[Callable[[], object]] = [
        lambda: services.register_endpoint(**FACTS, by=by),
        lambda: services.change_endpoint(endpoint=endpoint, **FACTS, by=by),
        lambda: services.reveal_secret(endpoint=endpoint, by=by),
        lambda: services.rotate_secret(endpoint=endpoint, by=by),
        lambda: services.disable_endpoint(endpoint=endpoint, by=by),
        lambda: services.remove_endpoint(endpoint=endpoint, by=by),
        lambda: services.send_test_event(endpoint=endpoint, by=by),
    ]
    for act in acts:
        with pytest.raises(NotPermitted):
            act()


def test_another_company_may_do_nothing_with_it(endpoint: WebhookEndpoint, delivery: WebhookDelivery) -> None:
    stranger = actor_of(PartnerFactory(reseller=True))
    for act in (services.reveal_secret, services.rotate_secret, services.enable_endpoint, services.send_test_event):
        with pytest.raises(NotPermitted):
            act(endpoint=endpoint, by=stranger)
    with pytest.raises(NotPermitted):
        services.replay_delivery(delivery=delivery, by=stranger)
    assert not WebhookDelivery.objects.visible_to(stranger).exists()


def test_reseller_registers_its_own(endpoint: WebhookEndpoint) -> None:
    by = actor_of(PartnerFactory(reseller=True))
    own = services.register_endpoint(**FACTS, by=by)
    assert list(WebhookEndpoint.objects.visible_to(by)) == [own]


@pytest.mark.parametrize(
    "wrong", [{"url": "https://10.0.0.1/"}, {"categories": []}, {"categories": ["orders", "secrets"]}]
)
def test_what_cannot_be_is_refused(owner: Actor, wrong: dict) -> None:
    with pytest.raises(Refused):
        services.register_endpoint(**{**FACTS, **wrong}, by=owner)
    assert not WebhookEndpoint.objects.exists()


def test_name_is_taken_once_and_free_again_after_removal(owner: Actor) -> None:
    first = services.register_endpoint(**FACTS, by=owner)
    with pytest.raises(services.NameTaken):
        services.register_endpoint(**FACTS, by=owner)
    services.remove_endpoint(endpoint=first, by=owner)
    assert services.register_endpoint(**FACTS, by=owner).pk != first.pk


def test_company_has_ten_at_most(owner: Actor) -> None:
    for number in range(services.MOST_ENDPOINTS):
        services.register_endpoint(**{**FACTS, "name": f"No. {number}"}, by=owner)
    with pytest.raises(Refused, match="10 endpoints"):
        services.register_endpoint(**FACTS, by=owner)


def test_change_is_recorded_and_nothing_when_nothing_changed(endpoint: WebhookEndpoint, owner: Actor) -> None:
    same = {"name": endpoint.name, "url": endpoint.url, "categories": endpoint.categories}
    services.change_endpoint(endpoint=endpoint, **same, by=owner)
    assert "webhook.changed" not in actions()
    services.change_endpoint(endpoint=endpoint, **{**same, **FACTS}, by=owner)
    record = ActivityRecord.objects.get(action="webhook.changed")
    assert record.changes["name"] == ["Billing", "Orders"]
    assert record.changes["host"] == ["localhost", "hooks.example"]


def test_secret_is_shown_once_until_it_is_rotated(endpoint: WebhookEndpoint, owner: Actor, secret: str) -> None:
    assert services.reveal_secret(endpoint=endpoint, by=owner) == secret
    assert services.reveal_secret(endpoint=endpoint, by=owner) is None
    services.rotate_secret(endpoint=endpoint, by=owner)
    second = services.reveal_secret(endpoint=endpoint, by=owner)
    assert second not in (None, secret)
    assert actions().count("webhook.key_shown") == 2


def test_secret_of_one_endpoint_opens_for_no_other(endpoint: WebhookEndpoint, owner: Actor) -> None:
    other = services.register_endpoint(**FACTS, by=owner)
    assert signing.unseal(endpoint.sealed, endpoint=other.public_id) is None
    assert signing.unseal(b"nonsense", endpoint=other.public_id) is None


def test_secret_lies_nowhere_in_the_clear(
    endpoint: WebhookEndpoint,
    delivery: WebhookDelivery,
    owner: Actor,
    receiver: HTTPServer,
    secret: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    office = Client()
    office.force_login(UserFactory(back_office=True))
    receiver.expect_request(PATH).respond_with_data("no", 500)
    services.reveal_secret(endpoint=endpoint, by=owner)
    services.rotate_secret(endpoint=endpoint, by=owner)
    deliver_due()
    bare = secret.removeprefix(signing.PREFIX)
    assert places_that_hold(bare) == []
    # But for the receiver, which writes a log of its own.
    logged = "\n".join(one.getMessage() for one in caplog.records if one.name != "werkzeug")
    assert "attempt 1: 500" in logged
    assert bare not in logged
    assert PATH not in logged
    for page in (f"webhookendpoint/{endpoint.pk}/change/", f"webhookdelivery/{delivery.pk}/change/"):
        text = office.get(f"/admin/notifications/{page}").content.decode()
        assert "Billing" in text
        assert bare not in text
        assert PATH not in text


def test_disabled_endpoint_takes_no_test_and_no_replay(
    endpoint: WebhookEndpoint, delivery: WebhookDelivery, owner: Actor
) -> None:
    services.disable_endpoint(endpoint=endpoint, by=owner)
    services.disable_endpoint(endpoint=endpoint, by=owner)
    assert actions().count("webhook.disabled") == 1
    with pytest.raises(InvalidTransition):
        services.send_test_event(endpoint=endpoint, by=owner)
    with pytest.raises(InvalidTransition):
        services.replay_delivery(delivery=delivery, by=owner)
    services.enable_endpoint(endpoint=endpoint, by=owner)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.failure) == ("failed", "disabled")
    assert services.replay_delivery(delivery=delivery, by=owner).state == "pending"


def test_removed_endpoint_keeps_no_secret(endpoint: WebhookEndpoint, owner: Actor) -> None:
    services.rotate_secret(endpoint=endpoint, by=owner)
    services.remove_endpoint(endpoint=endpoint, by=owner)
    endpoint.refresh_from_db()
    assert (bytes(endpoint.sealed), endpoint.sealed_before) == (b"", None)
    assert not WebhookEndpoint.objects.visible_to(owner).exists()


def test_nothing_is_kept_when_a_statement_fails(owner: Actor) -> None:
    def nothing() -> None:
        assert not WebhookEndpoint.objects.exists()
        assert "webhook.registered" not in actions()

    fail_at_each_statement(lambda: services.register_endpoint(**FACTS, by=owner), nothing)
    assert WebhookEndpoint.objects.count() == 1
