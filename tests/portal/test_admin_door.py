"""The door of the back office: who comes in, for how long, and what its first page tells them."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import quote

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Permission
from django.contrib.auth.signals import user_logged_in
from django.test import Client
from django.urls import reverse

from accounts.models import User
from core import clock
from csp_portal.back_office import SEEN_AT
from mail import heartbeat
from mail.models import OutgoingEmail
from operations.models import BackupNote
from tests.portal.routes import KINDS
from tests.world import PASSWORD, World, make_world

NOON = "2026-03-04T12:00:00Z"
ADMIN = "/admin/"
ENTER = "/admin/enter/?next=%2Fadmin%2F"
CONFIRM = f"/account/confirm/?next={quote(ENTER, safe='')}"


@pytest.fixture
def world(db: None) -> World:
    """Two of everything."""
    return make_world()


@pytest.fixture(autouse=True)
def nobody_is_inside(inside_the_back_office: None) -> Iterator[None]:
    """What other tests are spared."""
    kept, user_logged_in.receivers = user_logged_in.receivers, []
    user_logged_in.sender_receivers_cache.clear()
    yield
    user_logged_in.receivers = kept
    user_logged_in.sender_receivers_cache.clear()


@pytest.fixture
def office(world: World) -> Client:
    """A browser of the back office, signed in by password a moment ago."""
    client = Client()
    User.objects.filter(pk=world.back_office.pk).update(is_superuser=True)
    world.back_office.set_password(PASSWORD)
    world.back_office.save()
    client.post(reverse("account_login"), {"login": world.back_office.sign_in_name, "password": PASSWORD})
    assert client.session["_auth_user_id"] == str(world.back_office.pk)
    return client


def page(client: Client, path: str = ADMIN) -> str:
    """What a page says, on one line."""
    response = client.get(path)
    assert response.status_code == 200, response.headers.get("Location")
    return " ".join(response.content.decode().split())


# --- coming in and going out ------------------------------------------------------------------------------------------
def test_everything_is_behind_the_door(office: Client) -> None:
    for path in (ADMIN, "/admin/accounts/user/", "/admin/mail/outgoingemail/", "/admin/jsi18n/"):
        response = office.get(path)
        assert (response.status_code, response.headers["Location"]) == (
            302,
            f"/admin/enter/?next={quote(path, safe='')}",
        )


def test_the_door_opens_by_its_button_and_leads_on(office: Client) -> None:
    assert "Enter the back office" in page(office, ENTER)
    assert SEEN_AT not in office.session  # a link opens nothing
    response = office.post("/admin/enter/", {"next": "/admin/accounts/user/"})
    assert response.headers["Location"] == "/admin/accounts/user/"
    assert "You are in the back office" in page(office, "/admin/accounts/user/")
    assert "Leave the back office" in page(office)


def test_who_signed_in_long_ago_confirms_first(world: World) -> None:
    client = Client()
    client.force_login(world.back_office)
    assert client.get(ENTER).headers["Location"] == CONFIRM
    assert client.post("/admin/enter/", {"next": ADMIN}).headers["Location"] == CONFIRM
    assert client.get(ADMIN).status_code == 302


def test_a_password_alone_opens_nothing_for_whoever_has_a_second_factor(office: Client, world: World) -> None:
    Authenticator.objects.create(user=world.back_office, type="totp", data={"secret": "x"})
    assert office.get(ENTER).headers["Location"] == CONFIRM
    assert office.post("/admin/enter/", {"next": ADMIN}).headers["Location"] == CONFIRM
    assert office.get(ADMIN).headers["Location"] == ENTER


def test_a_confirmation_goes_stale(office: Client) -> None:
    with time_machine.travel(clock.now() + timedelta(minutes=20), tick=False):
        assert office.get(ENTER).headers["Location"] == CONFIRM


def test_leaving_closes_the_door_and_keeps_the_person_signed_in(office: Client) -> None:
    office.post("/admin/enter/", {"next": ADMIN})
    assert office.get("/admin/leave/").status_code == 405
    assert office.post("/admin/leave/").status_code == 302
    assert office.get(ADMIN).headers["Location"] == ENTER
    assert "You have left the back office." in page(office, reverse("accounts:preferences"))


def test_half_an_hour_elsewhere_closes_the_door(office: Client) -> None:
    with time_machine.travel(clock.now(), tick=False) as now:
        office.post("/admin/enter/", {"next": ADMIN})
        for _ in range(3):
            now.shift(timedelta(minutes=20))
            page(office)  # whoever works there stays there
        for _ in range(2):
            now.shift(timedelta(minutes=16))
            page(office, reverse("accounts:preferences"))
        assert office.get(ADMIN).headers["Location"] == ENTER


def test_what_is_sent_to_a_closed_door_is_not_done(office: Client) -> None:
    kept = OutgoingEmail.objects.create(
        kind="x", recipient="a@b.example", language="en", subject="s", text="t", html="h", state="failed"
    )
    data = {"action": "retry", "_selected_action": [str(kept.pk)]}
    response = office.post("/admin/mail/outgoingemail/", data)
    assert response.headers["Location"] == ENTER
    kept.refresh_from_db()
    assert kept.state == "failed"
    assert "What you just sent was not saved." in page(office, ENTER)


def test_the_door_leads_nowhere_else(office: Client) -> None:
    response = office.post("/admin/enter/", {"next": "https://evil.example/"})
    assert response.headers["Location"] == ADMIN


def test_nobody_else_has_a_door(world: World) -> None:
    for kind in ("anonymous", "owner", "reseller", "administrator", "stranger"):
        client = Client()
        if user := KINDS[kind](world):
            client.force_login(user)
        for answer in (client.get("/admin/enter/"), client.post("/admin/enter/"), client.post("/admin/leave/")):
            assert answer.status_code in (302, 403), kind
            assert not answer.headers.get("Location", "").startswith(("/admin/enter", "/account/confirm")), kind
        assert SEEN_AT not in client.session


def test_the_ribbon_says_which_installation_it_is(office: Client, settings: object) -> None:
    office.post("/admin/enter/", {"next": ADMIN})
    assert "is-production" not in page(office)
    settings.PORTAL_MODE = "production"  # type: ignore[attr-defined]
    assert '<p class="environment is-production">Production</p>' in page(office)


# --- the first page ---------------------------------------------------------------------------------------------------
def rows(client: Client) -> dict[str, tuple[str, bool]]:
    """Each row of the panel: what it says, and whether somebody must look."""
    response = client.get(ADMIN)
    return {
        row.title: (row.text, row.needs_somebody) for name in ("queues", "health") for row in response.context[name]
    }


def test_the_first_page_says_what_stands_behind_the_pages(office: Client) -> None:
    office.post("/admin/enter/", {"next": ADMIN})
    found = rows(office)
    assert found["Beat, which starts what is due"] == ("was never seen, or not for a day", True)
    assert found["Oldest mail that has not left"] == ("nothing waits", False)
    assert found["Last backup"] == ("none was noted", True)
    assert found["Second factor"][0].startswith("0 of ")

    heartbeat.note(heartbeat.BEAT)
    heartbeat.note(heartbeat.SWEEP)
    BackupNote.objects.create(kind="backup", made_at=clock.now() - timedelta(hours=30))
    BackupNote.objects.create(kind="rehearsal", made_at=clock.now() - timedelta(days=3))
    facts = {"kind": "x", "recipient": "a@b.example", "language": "en", "subject": "s", "text": "t", "html": "h"}
    OutgoingEmail.objects.create(**facts, created_at=clock.now() - timedelta(minutes=12))
    OutgoingEmail.objects.create(**facts, state="failed")
    found = rows(office)
    assert found["Beat, which starts what is due"] == ("seen a moment ago", False)
    assert found["Worker, which does it"] == ("seen a moment ago", False)
    assert found["Oldest mail that has not left"] == ("waits for 12\xa0minutes", True)
    assert found["Mail that could not be sent"] == ("1", True)
    assert found["Last backup"] == ("1\xa0day ago", True)
    assert found["Last restore on trial"] == ("3\xa0days ago", False)


def test_queues_lead_to_what_waits(office: Client) -> None:
    office.post("/admin/enter/", {"next": ADMIN})
    queues = office.get(ADMIN).context["queues"]
    assert [row.title for row in queues] == [
        "Enrolments to verify", "Profile changes to approve", "Orders to fulfill", "Imports that wait or are stuck",
        "Subscriptions that the worker could not renew or end", "Months of incentives to confirm",
    ]  # fmt: skip
    assert {row.title: row.text for row in queues}["Profile changes to approve"].startswith("2, the oldest for ")
    for row in queues:
        assert office.get(row.url).status_code == 200


def test_queues_are_shown_to_those_who_may_see_them(world: World) -> None:
    clerk = User.objects.create_user("clerk@portal.example", PASSWORD, full_name="Clerk", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_profilechange"))
    client = Client()
    client.post(reverse("account_login"), {"login": clerk.sign_in_name, "password": PASSWORD})
    client.post("/admin/enter/", {"next": ADMIN})
    assert [row.title for row in client.get(ADMIN).context["queues"]] == ["Profile changes to approve"]


def test_the_first_page_costs_a_known_number_of_queries(office: Client, django_assert_max_num_queries: object) -> None:
    office.post("/admin/enter/", {"next": ADMIN})
    page(office)
    with django_assert_max_num_queries(32):  # type: ignore[operator]
        page(office)
