"""The rules under which a SKU is sold, chosen in the back office."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.access import Actor
from activity.models import ActivityRecord
from catalogue.models import Sku
from catalogue.services import set_policy
from core.exceptions import InvalidTransition, NotPermitted, Refused
from tests.factories import MembershipFactory, SkuFactory, UserFactory
from tests.faults import fail_at_each_statement

LIST = "admin:catalogue_sku_changelist"


@pytest.fixture
def sku(db: None) -> Sku:
    return SkuFactory()


@pytest.fixture
def office(db: None) -> Actor:
    return Actor(user=UserFactory(back_office=True))


def policy(sku: Sku) -> str:
    sku.refresh_from_db()
    return sku.policy


def test_the_rules_change_with_a_reason_and_a_record(sku: Sku, office: Actor) -> None:
    with pytest.raises(Refused, match="Give a reason"):
        set_policy(sku=sku, policy="legacy", reason=" ", by=office)
    set_policy(sku=sku, policy="legacy", reason="Sold by seat", by=office)
    assert policy(sku) == "legacy"
    record = ActivityRecord.objects.get()
    assert (record.action, record.changes) == (
        "sku.policy_changed",
        {"policy": ["new_commerce", "legacy"], "reason": "Sold by seat"},
    )
    with pytest.raises(InvalidTransition, match="already"):
        set_policy(sku=sku, policy="legacy", reason="Again", by=office)


def test_only_the_back_office_chooses(sku: Sku) -> None:
    member = MembershipFactory()
    actor = Actor(user=member.user, partner=member.partner, role=member.role)
    with pytest.raises(NotPermitted):
        set_policy(sku=sku, policy="legacy", reason="Mine", by=actor)
    assert policy(sku) == "new_commerce"


def test_all_or_nothing(sku: Sku, office: Actor) -> None:
    def untouched() -> None:
        assert policy(sku) == "new_commerce"

    fail_at_each_statement(lambda: set_policy(sku=sku, policy="legacy", reason="Sold by seat", by=office), untouched)


def test_the_action_needs_the_reason(client: Client, sku: Sku, office: Actor) -> None:
    assert office.user is not None
    client.force_login(office.user)
    form = {"action": "sell_under_legacy", "_selected_action": [sku.pk]}
    page = client.post(reverse(LIST), form, follow=True)
    assert "Give a reason" in page.content.decode()
    assert policy(sku) == "new_commerce"
    client.post(reverse(LIST), {**form, "reason": "Sold by seat"})
    assert policy(sku) == "legacy"
