"""Who is told of what, what a bell counts, and that whoever loses a right loses the rows."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.access import Actor
from accounts.models import Membership, User
from accounts.roles import Permission, Role
from activity.models import ActivityRecord
from activity.sealing import seal_waiting
from core import clock
from customers.models import ResellerRelationship
from notifications.feed import services
from notifications.feed.counting import count_everybody, unread_of
from notifications.feed.reading import page_of
from notifications.feed.rules import FAMILIES, RULES, Concerned
from notifications.feed.telling import FOLLOWER, notify
from notifications.feed.wording import sentence
from notifications.following import follow
from notifications.models import FollowerPosition, Notification, NotificationPreference
from notifications.models.feed import Category
from subscriptions.changing import ACTIONS
from subscriptions.models import Subscription
from tests.reading import checked, text, words
from tests.world import World, make_member, make_world


@pytest.fixture
def world(db: None) -> World:
    """Two of everything, and nobody was told of anything yet."""
    made = make_world()
    Notification.objects.all().delete()
    seal_waiting()
    follow(FOLLOWER, lambda records: None)
    return made


def happened(world: World, action: str = "subscription.licenses_changed", **fields: Any) -> ActivityRecord:
    """A record of what our reseller did with our customer's subscription."""
    ours = world.ours
    facts: dict[str, Any] = {
        "action": action,
        "actor_user_id": ours.reseller_admin.user.pk,
        "actor_label": "Somebody",
        "acting_for_id": ours.reseller.microsoft_id,
        "acting_for_label": str(ours.reseller),
        "target_type": "subscriptions.subscription",
        "target_id": str(ours.subscription.subscription_id),
        "target_label": "Oursubscription",
        "provider_id": ours.provider.microsoft_id,
        "reseller_id": ours.reseller.microsoft_id,
        "customer_id": ours.customer.microsoft_id,
    }
    return ActivityRecord.objects.create(**{**facts, **fields})


def told() -> None:
    """Seal what was recorded and let the follower see it."""
    seal_waiting()
    follow(FOLLOWER, notify)


def fresh(actor: Actor) -> Actor:
    """The actor of the person's next request."""
    user = User.objects.get(pk=actor.user.pk)
    return Actor(user=user, partner=actor.partner, role=actor.role, customer=actor.customer)


def administrator(world: World) -> Actor:
    """Our customer's administrator."""
    return Actor(user=world.ours.administrator.user, customer=world.ours.customer)


def everybody(world: World) -> dict[str, Actor]:
    """All who might be told."""
    return {
        "provider": world.ours.provider_admin,
        "helpdesk": world.helpdesk,
        "reseller": world.ours.reseller_admin,
        "customer": administrator(world),
        "rival": world.theirs.provider_admin,
        "other_reseller": world.theirs.reseller_admin,
    }


def told_people(world: World) -> set[str]:
    """Who reads something on the page and sees it counted in the bell."""
    found = set()
    for name, actor in everybody(world).items():
        lines, count = page_of(fresh(actor)).lines, unread_of(fresh(actor))
        assert len(lines) == count
        if lines:
            found.add(name)
    return found


def test_all_sides_but_the_doers_are_told(world: World) -> None:
    happened(world)
    told()
    assert told_people(world) == {"provider", "helpdesk", "customer"}


def test_portal_itself_is_nobodys_own_doing(world: World) -> None:
    happened(world, "subscription.renewed", actor_user_id=None, acting_for_id=None, acting_for_label="")
    told()
    assert told_people(world) == {"provider", "helpdesk", "reseller", "customer"}


@pytest.mark.parametrize(
    ("action", "people"),
    [
        ("order.placed", {"provider", "helpdesk"}),
        ("customer.credentials_issued", {"provider", "customer"}),
        ("customer.reseller_changed", {"customer"}),
        ("subscription.renamed", set()),
        ("customers.exported", set()),
        ("change_request.submitted", {"provider", "helpdesk"}),
    ],
)
def test_role_and_side_decide_who_is_told(world: World, action: str, people: set[str]) -> None:
    facts = {"target_type": "customers.customer", "target_id": str(world.ours.customer.microsoft_id)}
    happened(world, action, **(facts if action.startswith("customer") else {}))
    told()
    assert told_people(world) == people


@pytest.mark.parametrize(
    ("kind", "people"),
    [
        ("licenses", {"provider", "helpdesk"}),
        ("cancel", {"provider", "helpdesk"}),
        ("company", {"provider", "helpdesk"}),
        ("add", {"provider"}),
        ("", {"provider", "helpdesk"}),
    ],
)
@pytest.mark.parametrize("step", ["submitted", "answered", "withdrawn"])
def test_only_who_decides_about_a_request_is_told_of_it(world: World, step: str, kind: str, people: set[str]) -> None:
    happened(world, f"change_request.{step}", changes={"kind": kind} if kind else {})
    told()
    assert told_people(world) == people


def test_the_reseller_is_told_of_each_request_alike(world: World) -> None:
    facts = {"actor_user_id": world.ours.provider_admin.user.pk, "acting_for_id": world.ours.provider.microsoft_id}
    for kind in ("licenses", "add"):
        happened(world, "change_request.questioned", changes={"kind": kind}, **facts)
    told()
    assert told_people(world) == {"reseller"}
    assert unread_of(fresh(world.ours.reseller_admin)) == 2


def test_own_doings_are_not_told_where_colleagues_are(world: World) -> None:
    other = make_member(world.ours.provider, "second", Role.GLOBAL_ADMIN)
    facts = {
        "actor_user_id": world.ours.provider_admin.user.pk,
        "acting_for_id": world.ours.provider.microsoft_id,
        "target_type": "accounts.partner",
        "target_id": str(world.ours.provider.microsoft_id),
        "reseller_id": None,
        "customer_id": None,
    }
    happened(world, "webhook.disabled", **facts)
    told()
    assert unread_of(fresh(other)) == 1
    assert unread_of(fresh(world.ours.provider_admin)) == 0


def test_following_again_tells_nobody_twice(world: World) -> None:
    place = FollowerPosition.objects.get(name=FOLLOWER).position
    happened(world)
    told()
    FollowerPosition.objects.update(position=place)
    told()
    assert Notification.objects.count() == 3


# --- rights lost ------------------------------------------------------------------------------------------------------
def test_relation_that_ends_takes_the_rows_with_it(world: World) -> None:
    happened(world, "subscription.renewed", actor_user_id=None, acting_for_id=None)
    told()
    assert unread_of(fresh(world.ours.reseller_admin)) == 1
    ResellerRelationship.objects.update(ends_at=clock.now())
    assert page_of(fresh(world.ours.reseller_admin)).lines == []
    count_everybody()
    assert unread_of(fresh(world.ours.reseller_admin)) == 0
    assert len(page_of(fresh(world.ours.provider_admin)).lines) == 1


def test_record_that_names_the_organization_counts_its_bells_anew(world: World) -> None:
    happened(world, "subscription.renewed", actor_user_id=None, acting_for_id=None)
    told()
    ResellerRelationship.objects.update(ends_at=clock.now())
    happened(world, "customer.access_removed", acting_for_id=world.ours.customer.microsoft_id)
    told()
    assert unread_of(fresh(world.ours.reseller_admin)) == 0


def test_role_that_shrinks_takes_the_rows_with_it(world: World) -> None:
    happened(
        world,
        "customer.credentials_issued",
        target_type="customers.customer",
        target_id=str(world.ours.customer.microsoft_id),
    )
    told()
    owner = world.ours.provider_admin
    assert len(page_of(owner).lines) == 1
    Membership.objects.filter(user=owner.user).update(role=Role.HELPDESK_AGENT)
    assert page_of(Actor(user=owner.user, partner=owner.partner, role=Role.HELPDESK_AGENT)).lines == []
    count_everybody()
    assert unread_of(fresh(owner)) == 0


def test_person_of_two_companies_reads_each_for_itself(world: World) -> None:
    owner = world.ours.provider_admin
    Membership.objects.create(user=owner.user, partner=world.theirs.provider, role=Role.GLOBAL_ADMIN)
    happened(world)
    told()
    there = Actor(user=fresh(owner).user, partner=world.theirs.provider, role=Role.GLOBAL_ADMIN)
    assert (page_of(there).lines, unread_of(there)) == ([], 0)
    assert unread_of(fresh(owner)) == 1


# --- the person concerned ---------------------------------------------------------------------------------------------
def test_security_of_the_account_is_told_to_its_person_everywhere_and_cannot_be_turned_off(world: World) -> None:
    person = world.helpdesk
    services.choose_notifications(in_bell=[], by_mail=[], by=person)
    facts = {
        "target_type": "accounts.user",
        "target_id": str(person.user.pk),
        "target_label": "Helpdesk",
        "provider_id": None,
        "reseller_id": None,
        "customer_id": None,
    }
    happened(world, "user.second_factor_reset", **facts)
    happened(world, "user.second_factor_reset", **{**facts, "actor_user_id": person.user.pk})
    told()
    assert told_people(world) == {"helpdesk"}
    assert unread_of(fresh(person)) == 1
    assert NotificationPreference.objects.get(user=person.user, category=Category.SECURITY).in_bell


def test_finished_bulk_change_is_told_to_whoever_started_it(world: World) -> None:
    owner, change = world.ours.provider_admin, world.ours.bulk_change
    facts = {
        "actor_user_id": owner.user.pk,
        "acting_for_id": world.ours.provider.microsoft_id,
        "target_type": "subscriptions.bulkchange",
        "target_id": str(change.public_id),
        "reseller_id": None,
        "customer_id": None,
    }
    happened(world, "bulk_change.finished", changes={"at_once": True}, **facts)
    told()
    assert told_people(world) == set()
    happened(world, "bulk_change.finished", **facts)
    told()
    assert told_people(world) == {"provider"}
    assert page_of(fresh(owner)).lines[0].address == change.get_absolute_url()


def test_draft_that_is_handed_over_is_told_to_its_new_owner(world: World) -> None:
    facts = {
        "actor_user_id": world.helpdesk.user.pk,
        "acting_for_id": world.ours.provider.microsoft_id,
        "target_type": "orders.orderdraft",
        "target_id": str(world.ours.draft.public_id),
        "customer_id": None,
    }
    happened(world, "order_draft.handed_over", **facts)
    told()
    assert told_people(world) == {"provider"}


# --- wishes -----------------------------------------------------------------------------------------------------------
def test_kind_that_is_turned_off_is_not_told(world: World) -> None:
    owner = world.ours.provider_admin
    kept = [one for one in services.categories_for(owner) if one != Category.SUBSCRIPTIONS]
    services.choose_notifications(in_bell=kept, by_mail=[], by=owner)
    happened(world)
    happened(world, "order.placed", target_type="orders.order", target_id=str(world.ours.order.public_id))
    told()
    assert [line.notification.category for line in page_of(fresh(owner)).lines] == ["orders"]


def test_kinds_offered_are_those_of_the_role(world: World) -> None:
    assert Category.ORDERS in services.categories_for(world.helpdesk)
    assert Category.ORDERS not in services.categories_for(administrator(world))
    assert services.categories_for(Actor(user=world.stranger)) == [Category.SECURITY, Category.WORK, Category.COMPANY]


# --- reading ----------------------------------------------------------------------------------------------------------
def sign_in(actor: Actor) -> Client:
    """A browser of the person."""
    client = Client()
    client.force_login(actor.user)
    return client


def test_bell_counts_on_every_page_and_stops_at_nine(world: World) -> None:
    window = sign_in(world.ours.provider_admin)
    assert "unread" not in words(window.get("/customers/"))
    for _number in range(9):
        happened(world)
    told()
    assert "Notifications 9 unread" in text(window.get("/customers/").content.decode())
    for _number in range(9):
        happened(world)
    told()
    assert "Notifications 9+ unread" in text(window.get("/customers/").content.decode())


def test_one_and_all_are_marked_as_read(world: World) -> None:
    window = sign_in(world.ours.provider_admin)
    happened(world)
    happened(world, "subscription.suspended")
    told()
    page = checked(window.get("/notifications/"))
    assert words(page).count("Mark as read<") == 2
    first = Notification.objects.of(world.ours.provider_admin.user, world.ours.provider.microsoft_id).first()
    window.post(f"/notifications/{first.pk}/read/")
    assert unread_of(fresh(world.ours.provider_admin)) == 1
    after = words(checked(window.post("/notifications/read/", follow=True)))
    assert "1 notification is marked as read." in after
    assert "Mark as read<" not in after
    assert unread_of(fresh(world.ours.provider_admin)) == 0
    assert "Nothing unread" in words(checked(window.get("/notifications/?show=unread")))
    assert unread_of(fresh(world.helpdesk)) == 2


def test_another_persons_is_not_found(world: World) -> None:
    happened(world)
    told()
    theirs = Notification.objects.get(user=world.helpdesk.user)
    assert sign_in(world.ours.provider_admin).post(f"/notifications/{theirs.pk}/read/").status_code == 404
    theirs.refresh_from_db()
    assert theirs.read_at is None


def test_reading_the_page_marks_nothing(world: World) -> None:
    happened(world)
    told()
    sign_in(world.ours.provider_admin).get("/notifications/")
    assert unread_of(fresh(world.ours.provider_admin)) == 1


def test_pages_go_back_to_the_oldest_without_a_gap(world: World) -> None:
    moment = clock.now()
    for number in range(60):
        happened(world, at=moment - timedelta(minutes=number // 2))
    told()
    owner, seen, place = world.ours.provider_admin, [], ""
    for _page in range(3):
        page = page_of(owner, place)
        seen += [line.record.pk for line in page.lines]
        place = page.older
    assert place == ""
    assert len(seen) == len(set(seen)) == 60


@pytest.mark.parametrize("place", ["x", "1-", "-1", "9" * 30 + "-1", "1-" + "9" * 30, "²-1", "9999999999999999999-5"])
def test_place_that_is_none_is_the_beginning_or_the_end(world: World, place: str) -> None:
    happened(world)
    told()
    assert sign_in(world.ours.provider_admin).get("/notifications/", {"after": place}).status_code == 200


@pytest.mark.parametrize("count", [1, 3])
def test_page_costs_the_same_for_one_and_three(world: World, count: int, django_assert_num_queries: Callable) -> None:
    for _number in range(count):
        happened(world)
    told()
    window = sign_in(world.ours.provider_admin)
    window.get("/notifications/")
    with django_assert_num_queries(5):  # session, person, memberships, rows, their subscriptions
        checked(window.get("/notifications/"))


def test_page_is_empty_at_first(world: World) -> None:
    for actor in (*everybody(world).values(), Actor(user=world.stranger)):
        assert "No notifications yet" in words(checked(sign_in(actor).get("/notifications/")))


def test_preferences_are_kept(world: World) -> None:
    window = sign_in(world.ours.provider_admin)
    page = checked(window.get("/notifications/preferences/"))
    assert "cannot be turned off" in words(page)
    window.post("/notifications/preferences/", {"in_bell": ["orders"], "by_mail": ["security", "subscriptions"]})
    assert services.preferences_of(world.ours.provider_admin) == (["security", "orders"], ["security", "subscriptions"])
    wrong = checked(window.post("/notifications/preferences/", {"in_bell": ["everything"]}))
    assert list(wrong.context["form"].errors) == ["in_bell"]


def test_who_has_no_mailbox_is_offered_no_mail(world: World) -> None:
    page = words(checked(sign_in(administrator(world)).get("/notifications/preferences/")))
    assert "Send once a day by e-mail" not in page


def test_ninety_days_are_kept(world: World) -> None:
    happened(world)
    told()
    with time_machine.travel(clock.now() + timedelta(days=89)):
        assert services.forget_old_notifications() == 0
    with time_machine.travel(clock.now() + timedelta(days=91)):
        assert services.forget_old_notifications() == 3
        count_everybody()
    assert unread_of(fresh(world.ours.provider_admin)) == 0


def test_rules_are_whole() -> None:
    for name, rule in {**RULES, **FAMILIES}.items():
        sides = {rule.provider, rule.reseller, rule.customer} - {None}
        assert sides or rule.person is not None, name
        assert rule.tells_sides == bool(sides), name
        assert rule.person in (None, *Concerned)
        assert all(isinstance(one, Permission) for one in sides)
    assert Subscription._meta.label_lower == "subscriptions.subscription"


def test_every_change_that_the_rules_know_is_told_but_what_only_the_next_term_brings() -> None:
    untold = {action for action in ACTIONS.values() if action not in RULES}
    assert untold == {"subscription.change_scheduled", "subscription.schedule_dropped"}


def test_everything_that_is_told_has_words() -> None:
    wordless = [action for action in RULES if sentence(ActivityRecord(action=action)) == action]
    assert wordless == []


def test_colleagues_of_whoever_did_it_are_not_told(world: World) -> None:
    colleague = make_member(world.ours.reseller, "second", Role.GLOBAL_ADMIN)
    happened(world)
    happened(world, "subscription.renewed", actor_user_id=None, acting_for_id=None)
    told()
    assert [line.record.action for line in page_of(fresh(colleague)).lines] == ["subscription.renewed"]
