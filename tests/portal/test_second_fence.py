"""Row-level security: with the scope of the queries turned off, the database still shows nobody what is another's."""

import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import reverse

from accounts.access import Actor, system_actor
from accounts.models import ColleagueInvitation, Membership, ProviderProfile
from accounts.people.account_history import accounts_of_people
from activity.models import ActivityRecord
from activity.services import record
from core import clock, fence
from csp_portal.fence.middleware import stand_of_actor
from csp_portal.fence.policies import POLICIES
from csp_portal.fence.roles import prepare
from customers.models import Customer
from customers.models.customers import CustomerQuerySet
from orders.models import Order
from subscriptions.change_requests.counting import count_everywhere
from subscriptions.models import ChangeRequest, Subscription
from tests.factories import MembershipFactory, UserFactory
from tests.world import Holdings, World, make_world

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]

# Published profiles are everybody's; who works where, or is invited to, is asked before it is known who acts.
UNFENCED = {ProviderProfile, Membership, ColleagueInvitation}
SCOPED = [
    model for model in apps.get_models() if hasattr(model._default_manager, "visible_to") and model not in UNFENCED
]
LISTS = ("customers:list", "subscriptions:all", "orders:list")
EXPORTS = ("customers:export", "subscriptions:export", "orders:export")
committed = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(prepared_roles: None, db: None) -> World:
    """Two of everything."""
    return make_world()


@pytest.fixture
def as_web(fenced: None, world: World) -> Iterator[None]:
    """The connection signs in as the account of the pages, for whole requests and all that surrounds them."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET SESSION AUTHORIZATION {fence.WEB}")
        yield
        cursor.execute("RESET SESSION AUTHORIZATION")


@pytest.fixture
def unscoped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mistake: the queries of pages ask for everybody's rows."""
    for model in SCOPED:
        queryset = type(model._default_manager.all())
        monkeypatch.setattr(queryset, "visible_to", lambda rows, actor: rows.all())


def administrator(one: Holdings) -> Actor:
    """The customer's administrator as the actor that its requests have."""
    return Actor(user=one.administrator.user, customer=one.customer)


def actors_of(world: World) -> dict[str, Actor]:
    """One of each kind."""
    ours = world.ours
    return {"provider": ours.provider_admin, "reseller": ours.reseller_admin, "customer": administrator(ours)}


def both(world: World) -> list[Holdings]:
    """What is ours, what is theirs."""
    return [world.ours, world.theirs]


def opened(actor: Actor, address: str, method: str = "get", **data: Any) -> HttpResponseBase:
    """The answer to somebody signed in."""
    client = Client()
    assert actor.user is not None
    client.force_login(actor.user)
    return getattr(client, method)(address, data)  # type: ignore[no-any-return]


def text_of(response: HttpResponseBase) -> str:
    """All that it says."""
    whole = b"".join(response) if response.streaming else response.content  # type: ignore[attr-defined]
    return whole.decode()  # type: ignore[no-any-return]


def suspending(subscription: Subscription) -> str:
    """The address of the button."""
    arguments = [subscription.customer.microsoft_id, subscription.subscription_id, "suspend"]
    return reverse("subscriptions:change", args=arguments)


# --- pages that forgot their scope ------------------------------------------------------------------------------------
def test_lists_without_scope_leak_where_there_is_no_fence(
    world: World, unscoped: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the next tests stand on: there is something to leak, and it would."""
    monkeypatch.setattr(settings, "SECOND_FENCE", False)
    for kind in ("provider", "reseller"):
        for route in LISTS:
            page = text_of(opened(actors_of(world)[kind], reverse(route)))
            assert ("Ourscustomer" in page, "Theirscustomer" in page) == (True, True), (kind, route)


def test_lists_without_scope_show_ones_own(world: World, as_web: None, unscoped: None) -> None:
    """The page works, for its own rows alone."""
    for kind in ("provider", "reseller"):
        for route in LISTS:
            response = opened(actors_of(world)[kind], reverse(route))
            page = text_of(response)
            assert response.status_code == 200
            assert ("Ourscustomer" in page, "Theirs" in page) == (True, False), (kind, route)


@committed
def test_exports_without_scope_hold_ones_own(world: World, as_web: None, unscoped: None) -> None:
    """A file is still being read when its page is done: the same fence stands around it."""
    for kind in ("provider", "reseller"):
        for route in EXPORTS:
            response = opened(actors_of(world)[kind], reverse(route), "post", columns=["company_name"])
            text = text_of(response)
            assert response.streaming
            assert ("Ourscustomer" in text, "Theirs" in text) == (True, False), (kind, route)


def test_pages_without_scope_do_not_know_what_is_anothers(world: World, as_web: None, unscoped: None) -> None:
    """One's own is there; another's is not found, as if there were no such thing."""
    for kind, actor in actors_of(world).items():
        assert opened(actor, world.ours.customer.get_absolute_url()).status_code == 200
        strangers = [world.theirs.customer, world.theirs.subscription]
        if kind != "customer":  # has no part in orders at all
            strangers.append(world.theirs.order)
        for stranger in strangers:
            assert opened(actor, stranger.get_absolute_url()).status_code == 404, (kind, stranger)


@committed
def test_a_button_without_scope_changes_nothing_of_anothers(world: World, as_web: None, unscoped: None) -> None:
    """A form that is sent finds its object inside the fence too."""
    own, other = (suspending(one.subscription) for one in both(world))
    actor = world.ours.provider_admin
    assert opened(actor, other, "post", version=1).status_code == 404
    assert opened(actor, own, "post", version=1).status_code == 302
    with fence.beyond_the_fence("The test looks at both."):
        statuses = [Subscription.objects.get(pk=one.subscription.pk).status for one in both(world)]
    assert statuses == [Subscription.Status.SUSPENDED, Subscription.Status.ACTIVE]


@committed
def test_what_waits_is_counted_for_both_sides_by_whoever_moves_it(world: World, as_web: None) -> None:
    """The reseller's button counts for its provider too, whose row of the queue it may not read."""
    request, home = world.ours.change_request, reverse("home")
    with fence.beyond_the_fence("The test lets it wait for the reseller."):
        ChangeRequest.objects.filter(pk=request.pk).update(state="question", submitted_at=clock.now())
        count_everywhere()
    seen = []
    for text in ("", "They grow."):
        if text:
            address = reverse("subscriptions:answer_change", args=[request.public_id])
            assert opened(world.ours.reseller_admin, address, "post", text=text).status_code == 302
        pages = [text_of(opened(actor, home)) for actor in (world.ours.provider_admin, world.ours.reseller_admin)]
        seen.append(["waiting for your answer" in page for page in pages])
    assert seen == [[False, True], [True, False]]


# --- what each role sees ----------------------------------------------------------------------------------------------
def test_each_role_sees_what_is_visible_to_it_and_nothing_of_others(world: World, as_web: None) -> None:
    """The policies are no narrower than the queries of the pages, and shut out the other company's rows."""
    theirs = (world.theirs.provider_admin, world.theirs.reseller_admin, administrator(world.theirs))
    for kind, actor in actors_of(world).items():
        for model in SCOPED:
            rows: Any = model._default_manager
            with fence.standing(stand_of_actor(actor), reads_only=True):
                behind = set(rows.values_list("pk", flat=True))
            with fence.beyond_the_fence("The test compares with what pages ask for."):
                visible = set(rows.visible_to(actor).values_list("pk", flat=True))
                others = {pk for one in theirs for pk in rows.visible_to(one).values_list("pk", flat=True)}
            assert visible <= behind, (kind, model)
            assert not behind & others, (kind, model)
            empty = {"activity.ActivityRecord", "notifications.WebhookDelivery"}
            assert others or model._meta.label in empty, model


def test_every_model_with_a_scope_has_policies() -> None:
    """A new table that belongs to companies is fenced, or named above with its reason."""
    assert {model._meta.db_table for model in SCOPED} <= set(POLICIES)


@pytest.fixture
def password_changes(world: World) -> dict[int, int]:
    """Somebody who came to our provider ten days ago, and was theirs for two of them: by days ago, the records."""
    person, today = UserFactory(), clock.now()
    ago = [today - timedelta(days=days) for days in range(13)]
    MembershipFactory(user=person, partner=world.ours.provider, began_at=ago[10])
    MembershipFactory(user=person, partner=world.theirs.reseller, began_at=ago[9], ended_at=ago[7])
    rows = {}
    for days in (12, 8, 3):
        with clock.at(ago[days]):
            rows[days] = record("user.password_changed", person, by=system_actor("test")).pk
    return rows


def test_of_an_account_each_company_sees_its_own_time(
    world: World, password_changes: dict[int, int], as_web: None
) -> None:
    readers = (world.ours.provider_admin, world.ours.reseller_admin, world.theirs.reseller_admin)
    seen = []
    for actor in readers:
        with fence.standing(stand_of_actor(actor), reads_only=True):
            behind = set(ActivityRecord.objects.values_list("pk", flat=True))
            assert set(accounts_of_people(actor).values_list("pk", flat=True)) <= behind
        seen.append({days for days, key in password_changes.items() if key in behind})
    assert seen == [{8, 3}, set(), {8}]


def test_whoever_named_nobody_sees_no_row(world: World, as_web: None) -> None:
    """A query outside a request, or one that nobody put behind the fence, finds nothing; the pages own nothing."""
    with connection.cursor() as cursor:
        for table in POLICIES:
            cursor.execute(f"SELECT count(*), row_security_active(%s) FROM {table}", [table])
            assert cursor.fetchone() == (0, True), table
            cursor.execute(
                "SELECT pg_has_role(session_user, relowner, 'USAGE') FROM pg_class WHERE oid = %s::regclass", [table]
            )
            assert cursor.fetchone() == (False,), table


def test_pages_and_workers_may_not_change_the_record(world: World) -> None:
    """Beside the trigger: none of their roles has the right, nor that of emptying the table."""
    with connection.cursor() as cursor:
        for role in (fence.WORKER, *fence.ROLES):
            for right in ("UPDATE", "DELETE", "TRUNCATE"):
                cursor.execute("SELECT has_table_privilege(%s, 'activity_activityrecord', %s)", [role, right])
                assert cursor.fetchone() == (False,), (role, right)


def test_workers_see_everything_and_own_nothing(world: World) -> None:
    """They serve all companies."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET SESSION AUTHORIZATION {fence.WORKER}")
        seen = set(Customer.objects.values_list("pk", flat=True))
        cursor.execute("SELECT row_security_active('customers_customer')")
        active = cursor.fetchone()
        cursor.execute("RESET SESSION AUTHORIZATION")
    assert seen == {one.customer.pk for one in both(world)}
    assert active == (True,)


# --- nothing stays behind ---------------------------------------------------------------------------------------------
def left_on_connection() -> tuple[Any, ...]:
    """Who the connection is, and for whom, outside any transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user::text, coalesce(current_setting('portal.actor', true), ''), "
            "coalesce(current_setting('portal.actor_guid', true), '')"
        )
        return cursor.fetchone()  # type: ignore[no-any-return]


@committed
def test_what_a_request_named_does_not_reach_the_next(
    world: World, as_web: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not after a page, a form, a page that is missing, and one that fails."""
    nobody = (fence.WEB, "", "")
    actor, client = world.ours.provider_admin, Client(raise_request_exception=False)
    assert actor.user is not None
    client.force_login(actor.user)
    for method, address in (
        ("get", reverse("customers:list")),
        ("post", suspending(world.ours.subscription)),
        ("get", reverse("customers:detail", args=[uuid.uuid4()])),
        ("post", reverse("customers:export")),
    ):
        response = getattr(client, method)(address)
        assert left_on_connection() == nobody, address
        text_of(response)
        assert left_on_connection() == nobody, address
    monkeypatch.setattr(CustomerQuerySet, "visible_to", lambda rows, actor: 1 / 0)
    assert client.get(reverse("customers:list")).status_code == 500
    assert left_on_connection() == nobody
    assert not connection.execute_wrappers


@committed
def test_what_is_named_ends_with_its_transaction(world: World, as_web: None) -> None:
    """Whether it is kept or not, and for savepoints within it."""
    stand = stand_of_actor(world.ours.provider_admin)
    with fence.standing(stand, reads_only=True):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            assert 1 / (Order.objects.count() - 1)
        assert connection.connection.execute("SELECT current_user").fetchone() == (fence.WEB,)
        with transaction.atomic():
            with pytest.raises(ZeroDivisionError), transaction.atomic():
                raise ZeroDivisionError
            assert Order.objects.count() == 1
        assert connection.connection.execute("SELECT current_user").fetchone() == (fence.WEB,)
    assert left_on_connection() == (fence.WEB, "", "")


@committed
def test_beyond_the_fence_ends_where_it_is_said_to_end(world: World, as_web: None) -> None:
    """In a page that reads, in a form between two services, and before anybody is known."""
    stand = stand_of_actor(world.ours.provider_admin)
    with fence.beyond_the_fence("Before anybody is known."):
        assert Customer.objects.count() == 2
    assert Customer.objects.count() == 0
    with fence.standing(stand, reads_only=False):
        assert Customer.objects.count() == 1
        with fence.beyond_the_fence("Between two services."):
            assert Customer.objects.count() == 2
            assert not connection.in_atomic_block
        assert Customer.objects.count() == 1
    with fence.standing(stand, reads_only=True), fence.taking(connection, stand):
        with pytest.raises(ZeroDivisionError), fence.beyond_the_fence("In a page."):
            assert 1 / (Customer.objects.count() - 2)
        assert Customer.objects.count() == 1
    assert left_on_connection() == (fence.WEB, "", "")


# --- preparing --------------------------------------------------------------------------------------------------------
def test_preparing_again_changes_nothing(prepared_roles: None, db: None) -> None:
    """Policies that stand as wanted are not made anew, so nobody waits for a lock; one that was bent is set right."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT oid, polname FROM pg_policy ORDER BY oid")
        before = cursor.fetchall()
        prepare(connection)
        cursor.execute("SELECT oid, polname FROM pg_policy ORDER BY oid")
        assert cursor.fetchall() == before
        cursor.execute("COMMENT ON POLICY portal_provider ON orders_order IS 'another condition'")
        cursor.execute("CREATE POLICY left_over ON orders_order TO portal_reseller USING (true)")
        prepare(connection)
        cursor.execute("SELECT count(*) FROM pg_policy")
        assert cursor.fetchone() == (len(before),)


def test_the_back_office_is_told_what_people_of_a_company_see(world: World, as_web: None) -> None:
    client = Client()
    client.force_login(world.back_office)
    person = world.ours.provider_admin.user.sign_in_name
    query = {"person": person, "object": str(world.ours.customer.microsoft_id)}
    answer = client.get(reverse("why"), query)
    assert [one.sees for one in answer.context["explanations"]] == [True]


# --- the ways out -----------------------------------------------------------------------------------------------------
WAYS_OUT = {
    "customers/access.py": 1,
    "customers/services.py": 1,
    "csp_portal/demo/webhooks.py": 1,
    "csp_portal/why/views.py": 1,
    "resellers/incoming.py": 2,
    "resellers/views/landing.py": 1,
}


def test_the_ways_beyond_the_fence_are_known() -> None:
    """Each new one is looked at by whoever changes this list."""
    root = Path(settings.BASE_DIR)
    found = {}
    for app in apps.get_app_configs():
        folder = Path(app.path)
        if folder.parent != root:
            continue
        for path in folder.rglob("*.py"):
            if number := len(re.findall(r"\bbeyond_the_fence\(|\bTHE_OFFICE\b", path.read_text())):
                found[str(path.relative_to(root))] = number
    mechanism = {"core/fence.py", "csp_portal/fence/middleware.py"}
    assert {path: number for path, number in found.items() if path not in mechanism} == WAYS_OUT
