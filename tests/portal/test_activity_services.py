"""What a service did stands in the record: once, by whom, for whom, from where, and with the values of before."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.utils import timezone

from accounts.access import Actor
from accounts.models import Membership, Partner, ProviderProfile
from accounts.roles import Role
from accounts.saved_views.services import delete_view
from accounts.services.companies import end_membership, set_enrolment_state
from accounts.services.people import set_user_active, update_preferences
from accounts.services.profiles import reject_profile_change, unpublish_profile, withdraw_profile_change
from accounts.services.support import Support, change_support_profile
from activity.models import ActivityRecord, Source
from customers.relationship_requests.answers import decline_relationship_request
from customers.relationship_requests.services import revoke_relationship_request
from customers.relationships import change_scope
from orders.handing_over import hand_over_draft
from resellers.services.answers import decline_request
from resellers.services.requests import revoke_request
from subscriptions.changing import change_subscription, rename_subscription
from subscriptions.rules import Suspend
from subscriptions.services import set_reseller_of_record, set_support_contact
from tests.world import World, make_member, make_world

pytestmark = pytest.mark.django_db
FROM_WHERE = {"ip": "192.0.2.7", "request_id": "abc123", "source": Source.PAGE}


@pytest.fixture
def world() -> World:
    """Two of everything."""
    return make_world()


def membership(world: World) -> Membership:
    return Membership.objects.get(user=world.helpdesk.user)


def hand_over(world: World, by: Actor) -> None:
    colleague = make_member(world.ours.provider, "seller", Role.SALES_AGENT)
    hand_over_draft(draft=world.ours.draft, to=Membership.objects.get(user=colleague.user), by=by)


def prefer(world: World, by: Actor) -> None:
    assert by.user is not None
    facts = {"full_name": by.user.full_name, "language": by.user.language, "time_zone": by.user.time_zone}
    update_preferences(user=by.user, **facts, theme="dark", by=by)


# What is done, by whom of our side, what it is called, and what it says of before and after.
Service = Callable[[World, Actor], Any]
TABLE: dict[str, tuple[str, Service, str, dict[str, Any]]] = {
    "rename": (
        "provider",
        lambda w, by: rename_subscription(subscription=w.ours.subscription, nickname="New", version=1, by=by),
        "subscription.renamed",
        {"nickname": ["Ourssubscription", "New"]},
    ),
    "suspend": (
        "provider",
        lambda w, by: change_subscription(subscription=w.ours.subscription, intent=Suspend(), by=by),
        "subscription.suspended",
        {"status": ["active", "suspended"]},
    ),
    "no reseller of record": (
        "provider",
        lambda w, by: set_reseller_of_record(subscription=w.ours.subscription, reseller=None, by=by),
        "subscription.reseller_of_record_changed",
        {"old": "Oursreseller Inc. (MPN ID 200001)", "new": None},
    ),
    "no support contact": (
        "provider",
        lambda w, by: set_support_contact(subscription=w.ours.subscription, reseller=None, by=by),
        "subscription.support_contact_changed",
        {"old": "Oursreseller Inc. (MPN ID 200001)", "new": None},
    ),
    "narrow the access": (
        "provider",
        lambda w, by: change_scope(
            relationship=w.ours.customer.reseller_relationships.get(), scope="view_and_request", reason="Quiet", by=by
        ),
        "customer.scope_changed",
        {"old": "manage", "new": "view_and_request", "reason": "Quiet"},
    ),
    "hand over a draft": ("provider", hand_over, "order_draft.handed_over", {}),
    "revoke a request": (
        "provider",
        lambda w, by: revoke_request(request=w.ours.request, by=by),
        "partnership_request.revoked",
        {"state": ["sent", "revoked"]},
    ),
    "decline a request": (
        "reseller",
        lambda w, by: decline_request(request=w.ours.request, nonce=w.ours.request.nonce, reason="not_now", by=by),
        "partnership_request.declined",
        {"state": ["sent", "declined"], "reason": "not_now"},
    ),
    "revoke a relationship request": (
        "provider",
        lambda w, by: revoke_relationship_request(request=w.ours.relationship_request, by=by),
        "relationship_request.revoked",
        {"state": ["sent", "revoked"]},
    ),
    "decline a relationship request": (
        "customer",
        lambda w, by: decline_relationship_request(request=w.ours.relationship_request, by=by),
        "relationship_request.declined",
        {"state": ["sent", "declined"]},
    ),
    "withdraw a profile change": (
        "provider",
        lambda w, by: withdraw_profile_change(change=w.ours.profile_change, by=by),
        "profile_change.withdrawn",
        {},
    ),
    "support profile": (
        "provider",
        lambda w, by: change_support_profile(support=Support("help@ours.example", "+12065550199", ""), by=by),
        "partner.support_profile_changed",
        {"email": [None, "help@ours.example"]},
    ),
    "preferences": ("provider", prefer, "user.preferences_changed", {"theme": ["auto", "dark"]}),
    "delete a view": (
        "provider",
        lambda w, by: delete_view(view=w.ours.saved_view, by=by),
        "saved_view.deleted",
        {},
    ),
    "reject a profile change": (
        "office",
        lambda w, by: reject_profile_change(change=w.ours.profile_change, reason="Vague", by=by),
        "profile_change.rejected",
        {"reason": "Vague"},
    ),
    "unpublish a profile": (
        "office",
        lambda w, by: unpublish_profile(
            profile=ProviderProfile.objects.get(partner=w.ours.provider), reason="Old", by=by
        ),
        "profile.unpublished",
        {"reason": "Old"},
    ),
    "suspend a company": (
        "office",
        lambda w, by: set_enrolment_state(
            partner=w.ours.reseller, state=Partner.EnrolmentState.SUSPENDED, reason="Unpaid", by=by
        ),
        "partner.suspended",
        {"enrolment_state": ["active", "suspended"], "reason": "Unpaid"},
    ),
    "deactivate a person": (
        "office",
        lambda w, by: set_user_active(user=w.helpdesk.user, active=False, by=by),
        "user.deactivated",
        {"is_active": [True, False]},
    ),
    "end a membership": (
        "office",
        lambda w, by: end_membership(membership=membership(w), by=by),
        "membership.ended",
        {"role": "helpdesk_agent"},
    ),
}


def actors(world: World) -> dict[str, Actor]:
    ours = world.ours
    customer = Actor(user=ours.administrator.user, customer=ours.customer)
    office = Actor(user=world.back_office)
    return {"provider": ours.provider_admin, "reseller": ours.reseller_admin, "customer": customer, "office": office}


@pytest.mark.parametrize("name", TABLE)
def test_what_a_service_did_is_recorded_once_and_completely(world: World, name: str) -> None:
    who, service, action, changes = TABLE[name]
    by = replace(actors(world)[who], **FROM_WHERE)
    began = timezone.now()
    known = set(ActivityRecord.objects.values_list("pk", flat=True))
    service(world, by)
    (kept,) = ActivityRecord.objects.exclude(pk__in=known)
    assert by.user is not None
    company = by.acting_for
    found = {
        "action": kept.action,
        "person": (kept.actor_user_id, kept.actor_label),
        "company": (kept.acting_for_id, kept.acting_for_label),
        "from": (kept.ip, kept.request_id, kept.source),
        "in time": began <= kept.at <= timezone.now(),
        "changes": {field: kept.changes.get(field) for field in changes},
    }
    assert found == {
        "action": action,
        "person": (by.user.pk, f"{by.user.full_name} ({by.user.sign_in_name})"),
        "company": (company.microsoft_id, str(company)) if company else (None, ""),
        "from": ("192.0.2.7", "abc123", "page"),
        "in time": True,
        "changes": changes,
    }
