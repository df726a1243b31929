"""The demo data: loaded once, through the services, with a subscription in every state."""

from collections import Counter
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from accounts.models import ColleagueInvitation, Membership
from activity.models import ActivityRecord
from core import clock
from csp_portal.demo.subscriptions import CUSTOMER, NEW, OLD
from customers.models import Customer, RelationshipRequest
from subscriptions.models import Subscription


def counts() -> dict[str, int]:
    """How much there is."""
    models = (Customer, Subscription, ActivityRecord, RelationshipRequest)
    return {model.__name__: model.objects.count() for model in models}


@pytest.mark.django_db
def test_the_demo_has_subscriptions_in_every_state_and_is_loaded_once(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    call_command("load_demo", stdout=StringIO())
    before = counts()
    call_command("load_demo", stdout=StringIO())
    assert counts() == before
    rows = {one.nickname: one for one in Subscription.objects.filter(customer__company_name=CUSTOMER)}
    assert {planned.nickname for planned in (*OLD, *NEW)} <= set(rows)
    assert Counter((one.policy, one.status) for one in rows.values()) == {
        ("legacy", "active"): 5,
        ("legacy", "suspended"): 1,
        ("legacy", "expired"): 1,
        ("new_commerce", "active"): 13,
        ("new_commerce", "suspended"): 1,
        ("new_commerce", "disabled"): 1,
        ("new_commerce", "deleted"): 1,
    }
    now = clock.now()
    inside = {name for name, one in rows.items() if one.cancellable_until and one.cancellable_until > now}
    assert inside == {"New, inside its seven days", "New, renewed two days ago"}
    assert rows["New, with a scheduled change"].scheduled is not None
    assert rows["New, in an extended term"].is_extended
    assert rows["New trial"].is_trial
    assert rows["New add-on"].parent == rows["New, with an add-on"]
    assert rows["Legacy add-on"].parent == rows["Legacy base with an add-on"]
    for name in ("Legacy, with a path to upgrade", "New, with a path to upgrade"):
        assert rows[name].sku.conversions.exists()
    soon = {name for name, one in rows.items() if one.next_step_at and one.next_step_at < now + timedelta(days=7)}
    assert soon == {"Legacy, renews in a few days", "Legacy, suspended long ago", "New, ends in a few days"}
    assert not Subscription.objects.filter(next_step_at__lte=now).exists()
    assert RelationshipRequest.objects.awaiting_answer().count() == 1
    invited = ColleagueInvitation.objects.filter(partner__legal_name="Northwind Distribution Inc.").open()
    assert {one.address_key: one.is_expired for one in invited} == {
        "warehouse@northwind.example": False,
        "intern@northwind.example": True,
    }
    assert [one.user.full_name for one in Membership.objects.left()] == ["Elena Duarte"]
