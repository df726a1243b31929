"""How long one stays signed in, and what ends it."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.access import system_actor
from accounts.models import Membership, User
from accounts.services import end_membership, set_user_active
from tests.accounts.conftest import SignIn
from tests.contracts import header_faults
from tests.world import PASSWORD, make_world

PAGE = "/account/preferences/"


@pytest.fixture
def client(client: Client, user: User) -> Client:
    """The person, just signed in."""
    client.force_login(user)
    assert client.get(PAGE).status_code == 200
    return client


def later(**length: int) -> time_machine.travel:
    """So much later."""
    return time_machine.travel(timezone.now() + timedelta(**length), tick=False)


def test_thirty_minutes_without_activity_sign_out(client: Client, user: User) -> None:
    with later(minutes=29):
        assert client.get(PAGE).status_code == 200
    with later(minutes=58):
        assert client.get(PAGE).status_code == 200
    with later(minutes=89):
        response = client.get(f"{PAGE}?tab=1")
        assert (response.status_code, response["Location"]) == (
            302,
            "/account/sign-in/?next=/account/preferences/%3Ftab%3D1",
        )
        assert "_auth_user_id" not in client.session
        assert header_faults(response) == []
        page = client.get(response["Location"])
    assert "You were signed out after 30 minutes without activity." in page.content.decode()


def test_after_the_next_sign_in_one_is_back_on_the_page(client: Client, sign_in: SignIn, user: User) -> None:
    with later(minutes=31):
        address = client.get(PAGE)["Location"]
        response = client.post(address, {"login": user.sign_in_name, "password": "an old bicycle in the rain"})
    assert response["Location"] == PAGE


def test_a_form_sent_too_late_saves_nothing_and_returns_to_its_page(client: Client, user: User) -> None:
    data = {"full_name": "Changed", "language": "en", "time_zone": "UTC", "theme": "auto"}
    with later(minutes=31):
        response = client.post(PAGE, data, headers={"referer": f"http://testserver{PAGE}?tab=1"})
        assert response["Location"] == "/account/sign-in/?next=/account/preferences/%3Ftab%3D1"
        assert "What you just sent was not saved." in client.get(response["Location"]).content.decode()
    user.refresh_from_db()
    assert user.full_name != "Changed"


@pytest.mark.parametrize("referer", ["", "https://evil.example/x", "//evil.example/"])
def test_a_form_from_elsewhere_leads_nowhere_else(client: Client, user: User, referer: str) -> None:
    with later(minutes=31):
        response = client.post(PAGE, {}, headers={"referer": referer})
    assert response["Location"] == reverse("account_login")


def test_twelve_hours_are_the_end_however_busy(client: Client, user: User) -> None:
    start = timezone.now()
    for minutes in range(25, 12 * 60, 25):
        with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
            assert client.get(PAGE).status_code == 200
    with time_machine.travel(start + timedelta(hours=12, minutes=1), tick=False):
        response = client.get(PAGE)
        assert response.status_code == 302
        page = client.get(response["Location"])
    assert "You were signed out 12 hours after you signed in." in page.content.decode()


def test_a_person_deactivated_elsewhere_is_out_at_the_next_request(client: Client, user: User) -> None:
    set_user_active(user=user, active=False, by=system_actor("tests"))
    assert client.get(PAGE)["Location"] == f"/account/sign-in/?next={PAGE}"


def test_being_used_writes_the_session_once_a_minute_at_most(client: Client, user: User) -> None:
    stored = client.session["last_seen_at"]
    with later(seconds=30):
        client.get(PAGE)
        assert client.session["last_seen_at"] == stored
    with later(seconds=90):
        client.get(PAGE)
        assert client.session["last_seen_at"] > stored


def test_pages_of_an_account_are_not_kept(client: Client, user: User) -> None:
    assert client.get(PAGE)["Cache-Control"] == "no-store"


def test_a_page_knows_how_long_the_session_lasts(client: Client, user: User) -> None:
    with later(minutes=10):
        left = client.get(PAGE).context["shell"]["session_end"]
        assert (left["idle"], left["end"] // 60) == (1800, 709)


def test_staying_signed_in_moves_the_end_without_activity_and_no_other(client: Client, user: User) -> None:
    with later(minutes=29):
        answer = client.post(reverse("accounts:keep_session"))
        assert (answer.json()["idle"], answer.json()["end"] // 60) == (1800, 690)
    with later(minutes=58):
        assert client.get(PAGE).status_code == 200


def test_an_ended_session_cannot_be_kept(client: Client, user: User) -> None:
    with later(minutes=31):
        assert client.post(reverse("accounts:keep_session")).status_code == 302
    assert "_auth_user_id" not in client.session


def test_a_role_taken_away_is_gone_at_the_next_request(client: Client, membership: Membership) -> None:
    assert client.get(reverse("customers:list")).status_code == 200
    end_membership(membership=membership, by=system_actor("tests"))
    assert client.get(reverse("customers:list")).status_code == 403


def test_a_step_of_a_draft_sent_too_late_is_open_again_after_sign_in(db: None) -> None:
    world = make_world()
    person, draft = world.ours.provider_admin.user, world.ours.draft
    assert person is not None
    browser = Client()
    browser.force_login(person)
    step = reverse("orders:details", args=[draft.public_id])
    before = browser.get(step).content
    with later(minutes=31):
        held = browser.post(step, {"company_name": "Late"}, headers={"referer": f"http://testserver{step}"})
        assert held["Location"] == f"/account/sign-in/?next={step}"
        back = browser.post(held["Location"], {"login": person.sign_in_name, "password": PASSWORD})
        assert back["Location"] == step
        after = browser.get(step)
    draft.refresh_from_db()
    assert (after.status_code, b"Late" in after.content, b'name="company_name"' in before) == (200, False, True)
