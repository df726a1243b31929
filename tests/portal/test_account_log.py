"""Activity of accounts: what was done to one's own people's passwords, second factors and sessions; nobody else's."""

import csv
import io
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.access import Actor, system_actor
from accounts.models import Membership, User
from accounts.people.account_history import accounts_of_people
from accounts.roles import Role
from activity.models import ActivityRecord, Source
from activity.sealing import seal_waiting
from activity.services import record
from core import clock
from tests.factories import MembershipFactory, UserFactory
from tests.world import World, make_member, make_world

pytestmark = pytest.mark.django_db
LIST, EXPORT = reverse("activity:accounts"), reverse("activity:export_accounts")


@pytest.fixture
def world() -> World:
    """Two of everything."""
    return make_world()


@pytest.fixture
def colleague(world: World) -> User:
    """Somebody who has worked for our provider for ten days."""
    user = UserFactory(full_name="Robin Reyes")
    MembershipFactory(
        user=user, partner=world.ours.provider, role=Role.SALES_AGENT, began_at=clock.now() - timedelta(days=10)
    )
    return user


def desk(actor: Actor) -> Client:
    client = Client()
    client.force_login(actor.user)
    return client


def did(actor: Actor, action: str, target: Any, *, days: float = 0, **changes: Any) -> ActivityRecord:
    """Something that was recorded some days ago."""
    with transaction.atomic(), clock.at(clock.now() - timedelta(days=days)):
        return record(action, target, by=actor, **changes)


def acting(user: User, partner: Any = None, **fields: Any) -> Actor:
    """The person, from a page."""
    return Actor(user=user, partner=partner, source=Source.PAGE, ip="192.0.2.7", **fields)


def listed(actor: Actor, **query: str) -> list[ActivityRecord]:
    response = desk(actor).get(f"{LIST}?{urlencode(query)}")
    assert response.status_code == 200
    return list(response.context["table"].records)


def words_of(actor: Actor) -> str:
    """The page with every row open."""
    keys = list(ActivityRecord.objects.values_list("pk", flat=True))
    return desk(actor).get(LIST, {"open": keys}).content.decode()


# --- who reads what ---------------------------------------------------------------------------------------------------
def test_admins_find_what_was_done_to_their_peoples_accounts(world: World, colleague: User) -> None:
    done = [
        did(acting(colleague, world.ours.provider), action, colleague)
        for action in ("user.password_changed", "user.second_factor_added", "user.sessions_ended")
    ]
    did(acting(colleague, world.ours.provider), "user.preferences_changed", colleague, theme=["light", "dark"])
    ours, theirs = world.ours, world.theirs
    readers = (ours.provider_admin, ours.reseller_admin, theirs.provider_admin, theirs.reseller_admin)
    assert [listed(reader) for reader in readers] == [done[::-1], [], [], []]
    assert ours.provider_admin.role == Role.GLOBAL_ADMIN
    assert "Robin Reyes" in words_of(ours.provider_admin)


def test_who_does_not_manage_people_finds_nothing(world: World, colleague: User) -> None:
    did(acting(colleague), "user.password_changed", colleague)
    helper = make_member(world.ours.provider, "helper", Role.SALES_AGENT)
    assert not accounts_of_people(helper).exists()
    assert accounts_of_people(world.ours.provider_admin).count() == 1
    assert desk(helper).get(LIST).status_code == 403
    assert desk(helper).post(EXPORT).status_code == 403


def test_both_companies_of_a_person_read_it_and_nothing_of_each_other(world: World, colleague: User) -> None:
    ours, theirs = world.ours, world.theirs
    MembershipFactory(user=colleague, partner=theirs.provider, role=Role.SALES_AGENT, began_at=clock.now())
    changed = did(acting(colleague, theirs.provider), "user.password_changed", colleague)
    link = did(theirs.provider_admin, "user.password_link_sent", colleague, reason="Theirs called us")
    office = did(acting(world.back_office), "user.second_factor_reset", colleague, reason="Asked for by Theirs")
    ended = did(acting(colleague, theirs.provider), "user.session_ended", colleague, device_ip="203.0.113.5")
    for reader in (ours.provider_admin, theirs.provider_admin):
        assert listed(reader) == [ended, office, link, changed]
    page, own_page = words_of(ours.provider_admin), words_of(theirs.provider_admin)
    canaries = (str(theirs.provider), theirs.provider_admin.user.full_name, "Theirs called us", "Asked for by Theirs")
    assert [word in page for word in (*canaries, "192.0.2.7", "203.0.113.5")] == [False] * 6
    assert [word in page for word in ("Somebody outside your company", "Back office", "Robin Reyes")] == [True] * 3
    assert [word in own_page for word in ("Theirs called us", "192.0.2.7", "203.0.113.5")] == [True] * 3
    assert "Asked for by Theirs" not in own_page


def test_only_the_time_at_the_company_is_its_business(world: World, colleague: User) -> None:
    place = Membership.objects.get(user=colleague)
    did(acting(colleague), "user.password_changed", colleague, days=12)
    during = did(acting(colleague), "user.password_changed", colleague, days=8)
    did(acting(colleague), "user.password_changed", colleague, days=3)
    Membership.objects.filter(pk=place.pk).update(ended_at=clock.now() - timedelta(days=5))
    assert listed(world.ours.provider_admin, since="") == [during]
    MembershipFactory(user=colleague, partner=place.partner, began_at=clock.now() - timedelta(days=1))
    again = did(acting(colleague), "user.password_changed", colleague)
    assert listed(world.ours.provider_admin, since="") == [again, during]


def test_what_others_read_changes_nothing_of_the_chain(world: World, colleague: User) -> None:
    did(acting(colleague), "user.password_changed", colleague)
    seal_waiting()
    assert len(listed(world.ours.provider_admin)) == 1
    out = io.StringIO()
    call_command("verify_activity", stdout=out)
    assert f"sealed   {ActivityRecord.objects.count()}" in out.getvalue()


# --- the list and the file --------------------------------------------------------------------------------------------
def test_it_is_narrowed_by_person_action_way_and_period(world: World, colleague: User) -> None:
    admin = world.ours.provider_admin
    Membership.objects.filter(user=admin.user).update(began_at=clock.now() - timedelta(days=90))
    own = did(admin, "user.password_changed", admin.user)
    added = did(acting(colleague), "user.second_factor_added", colleague)
    reset = did(system_actor("clock"), "user.second_factor_reset", colleague, days=1)
    old = did(admin, "user.password_changed", admin.user, days=60)
    found = {
        "all": listed(admin),
        "whole time": listed(admin, since=""),
        "person": listed(admin, person=str(colleague.pk)),
        "action": listed(admin, action="user.password_changed"),
        "source": listed(admin, source="task"),
    }
    assert found == {
        "all": [added, own, reset],
        "whole time": [added, own, reset, old],
        "person": [added, reset],
        "action": [own],
        "source": [reset],
    }
    form = desk(admin).get(LIST).context["filter_form"]
    assert list(form.fields) == ["person", "action", "source", "since", "until"]
    assert "user.preferences_changed" not in dict(form.fields["action"].choices)


def test_tabs_lead_from_one_to_the_other_for_those_who_may(world: World) -> None:
    tabs = desk(world.ours.provider_admin).get(reverse("activity:list")).context["tabs"]
    assert [(tab["url"], tab["current"]) for tab in tabs] == [(reverse("activity:list"), True), (LIST, False)]


def test_the_file_holds_no_more_than_the_page(world: World, colleague: User) -> None:
    MembershipFactory(user=colleague, partner=world.theirs.provider)
    did(acting(colleague, world.theirs.provider), "user.password_changed", colleague)
    did(acting(colleague, world.ours.provider), "user.second_factor_added", colleague)
    response = desk(world.ours.provider_admin).post(EXPORT)
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    header, own, other = csv.reader(io.StringIO(text))
    columns = [header.index(name) for name in ("Who", "Acting for", "Action", "Network address")]
    assert [own[column] for column in columns] == [
        "Robin Reyes", str(world.ours.provider), "Two-step sign-in turned on", "192.0.2.7",
    ]  # fmt: skip
    assert [other[column] for column in columns] == ["Robin Reyes", "", "Password changed", ""]
    assert ActivityRecord.objects.get(action="activity.exported").target_id == str(world.ours.provider.microsoft_id)


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_costs_the_same_whatever_it_shows(
    world: World, colleague: User, number: int, django_assert_num_queries: Any
) -> None:
    for _turn in range(number):
        one = UserFactory()
        MembershipFactory(user=one, partner=world.ours.provider)
        did(acting(one), "user.password_changed", one)
    client = desk(world.ours.provider_admin)
    client.get(LIST)
    with django_assert_num_queries(10):
        client.get(LIST)


# --- a person's own page ----------------------------------------------------------------------------------------------
def test_a_persons_page_tells_of_the_account_too(world: World, colleague: User) -> None:
    place = Membership.objects.get(user=colleague)
    other = UserFactory(full_name="Somebody Else")
    MembershipFactory(user=other, partner=world.ours.provider)
    did(acting(colleague), "user.password_changed", colleague, days=2)
    did(acting(colleague), "user.second_factor_added", colleague, days=20)
    did(acting(other), "user.sessions_ended", other)
    did(world.ours.provider_admin, "membership.role_changed", place, role=["sales_agent", "admin_agent"])
    response = desk(world.ours.provider_admin).get(reverse("people:detail", args=[place.pk]))
    html = response.content.decode()
    words = ("Role of a person changed", "Password changed", "Two-step sign-in turned on", "All other sessions ended")
    assert [word in html for word in words] == [True, True, False, False]
