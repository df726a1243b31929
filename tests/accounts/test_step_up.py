"""What does lasting harm asks again for password and second factor, unless they were given a short while ago."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from activity.models import ActivityRecord
from tests.accounts.conftest import totp_code
from tests.contracts import header_faults, html_faults
from tests.factories import PASSWORD, UserFactory
from tests.portal.routes import KINDS, ROUTES, SIMPLE
from tests.world import World, make_world

# The address, who may press there, and whether it answers a GET of its own.
GUARDED = [
    ("customers:issue_credentials", "owner", True),
    ("customers:grant_tenant_owner", "administrator", True),
    ("resellers:end_check", "owner", True),
    ("resellers:end_provider", "reseller", True),
    ("customers:export", "owner", True),
    ("orders:export", "owner", False),
    ("subscriptions:export", "owner", False),
    ("resellers:export", "owner", False),
    ("incentives:export", "owner", False),
    ("activity:export", "owner", False),
    ("webhooks:register", "owner", True),
    ("webhooks:rotate", "owner", True),
    ("account_change_password", "owner", True),
    ("mfa_activate_totp", "owner", True),
    ("mfa_add_webauthn", "owner", True),
    ("mfa_edit_webauthn", "owner", True),
    ("mfa_remove_webauthn", "owner", True),
    ("mfa_deactivate_totp", "owner", True),
    ("mfa_view_recovery_codes", "owner", True),
    ("mfa_generate_recovery_codes", "owner", True),
]
QUARTER = timedelta(minutes=16)


@pytest.fixture
def world(db: None) -> World:
    """Two of everything."""
    return make_world()


def address_of(world: World, route: str) -> str:
    """Where it is, for what is ours."""
    return reverse(route, kwargs=ROUTES.get(route, SIMPLE).arguments(world))


def long_signed_in(world: World, kind: str) -> Client:
    """Somebody who signed in a while ago; to be used sixteen minutes later."""
    client = Client()
    client.force_login(KINDS[kind](world))  # type: ignore[arg-type]
    return client


@pytest.mark.parametrize(("route", "kind", "has_page"), GUARDED)
def test_after_a_quarter_of_an_hour_it_asks_first(world: World, route: str, kind: str, has_page: bool) -> None:
    client, address = long_signed_in(world, kind), address_of(world, route)
    records = ActivityRecord.objects.count()
    with time_machine.travel(timezone.now() + QUARTER, tick=False):
        if has_page:
            held = client.get(address)
            assert (held.status_code, held["Location"].partition("?")[0]) == (302, reverse("account_reauthenticate"))
        pressed = client.post(address, ROUTES.get(route, SIMPLE).data(world), headers={"referer": "http://testserver/"})
        assert is_question(pressed), pressed.status_code
        assert header_faults(pressed) == []
    assert ActivityRecord.objects.count() == records


def is_question(response: Any) -> bool:
    """Whether the answer asks, in place or on a page of its own."""
    if response.status_code == 302:
        return bool(response["Location"].startswith(reverse("account_reauthenticate")))
    return not response.streaming and 'name="step-up-asked"' in response.content.decode()


@pytest.mark.parametrize(("route", "kind", "has_page"), GUARDED)
def test_who_has_just_signed_in_is_not_asked(world: World, route: str, kind: str, has_page: bool) -> None:
    client = long_signed_in(world, kind)
    assert not is_question(client.post(address_of(world, route), ROUTES.get(route, SIMPLE).data(world)))


@pytest.mark.parametrize(
    ("route", "kind", "status"),
    [("customers:issue_credentials", "helpdesk", 403), ("customers:issue_credentials", "rival", 404),
     ("resellers:end_check", "helpdesk", 403), ("customers:grant_tenant_owner", "rival", 404)],
)  # fmt: skip
def test_who_may_not_is_refused_and_not_asked(world: World, route: str, kind: str, status: int) -> None:
    client = long_signed_in(world, kind)
    with time_machine.travel(timezone.now() + QUARTER, tick=False):
        assert client.get(address_of(world, route)).status_code == status
        assert client.post(address_of(world, route)).status_code == status


def test_what_was_typed_goes_on_from_the_question(world: World) -> None:
    client, address = long_signed_in(world, "owner"), address_of(world, "customers:issue_credentials")
    sent = {**ROUTES["customers:issue_credentials"].data(world), "note": 'He said "it\'s <gone>"'}
    with time_machine.travel(timezone.now() + QUARTER, tick=False):
        page = client.post(address, sent)
        html = page.content.decode()
        assert html_faults(html) == []
        assert "What you entered waits here" in html
        waiting = dict(page.context["carried"])
        assert waiting == sent
        assert not any("gone" in str(value) for value in client.session.values())
        wrong = client.post(address, {**waiting, "step-up-asked": "1", "step-up-password": "not the password"})
        assert dict(wrong.context["carried"]) == sent
        assert wrong.context["form"].errors == {"password": ["Check your password."]}
        assert "not the password" not in wrong.content.decode()
        done = client.post(address, {**waiting, "step-up-asked": "1", "step-up-password": PASSWORD})
        assert done.status_code == 302
        assert re.fullmatch(r"/customers/[-0-9a-f]+/credentials/[-0-9a-f]+/", done["Location"])
        assert client.get(done["Location"]).context["setup"].password is not None


def test_a_password_is_not_shown_to_an_open_session(world: World) -> None:
    client, address = long_signed_in(world, "owner"), address_of(world, "customers:issue_credentials")
    with time_machine.travel(timezone.now() + timedelta(minutes=14), tick=False):
        page = client.post(address, ROUTES["customers:issue_credentials"].data(world))["Location"]
    with time_machine.travel(timezone.now() + QUARTER, tick=False):
        held = client.get(page)
        assert held["Location"].startswith(reverse("account_reauthenticate"))
        back = client.post(held["Location"], {"step-up-password": PASSWORD})
        assert back["Location"] == page
        assert client.get(page).context["setup"].password is not None
        assert client.get(page).context["setup"].password is None


def test_a_file_is_asked_for_once_more(world: World) -> None:
    client = long_signed_in(world, "owner")
    with time_machine.travel(timezone.now() + QUARTER, tick=False):
        held = client.post(reverse("orders:export"), headers={"referer": "http://testserver/orders/?q=x"})
        page = client.get(held["Location"])
        assert "press Export once more" in page.content.decode()
        assert client.post(held["Location"], {"step-up-password": PASSWORD})["Location"] == "/orders/?q=x"
        assert client.post(reverse("orders:export"))["Content-Type"].startswith("text/csv")


def test_the_password_alone_does_not_do_for_who_has_a_second_factor(client: Client, user: User, secret: str) -> None:
    client.force_login(user)  # Leaves the trace of a password, and none of a code.
    held = client.get(reverse("mfa_deactivate_totp"))
    assert held["Location"].startswith(reverse("account_reauthenticate"))
    answer = client.post(held["Location"], {"step-up-password": PASSWORD, "step-up-code": totp_code(secret)})
    assert answer["Location"] == reverse("mfa_deactivate_totp")
    assert client.get(reverse("mfa_deactivate_totp")).status_code == 200


def test_a_wrong_password_uses_up_no_recovery_code(client: Client, user: User, secret: str) -> None:
    code = Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES).wrap().get_unused_codes()[0]
    client.force_login(user)
    address = reverse("account_reauthenticate")
    client.post(address, {"step-up-password": "not the password", "step-up-code": code})
    assert client.post(address, {"step-up-password": PASSWORD, "step-up-code": code}).status_code == 302


def test_guessing_from_an_open_session_is_limited(client: Client, user: User) -> None:
    client.force_login(user)
    data = {"step-up-password": "not the password"}
    statuses = [client.post(reverse("account_reauthenticate"), data).status_code for _try in range(12)]
    assert statuses == [200] * 10 + [429] * 2


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example/", "javascript:alert(1)", r"/\evil.example"]
)
def test_the_question_leads_nowhere_else(client: Client, user: User, target: str) -> None:
    client.force_login(user)
    answer = client.post(reverse("account_reauthenticate") + f"?next={target}", {"step-up-password": PASSWORD})
    assert answer["Location"] == "/"


@pytest.mark.parametrize("step", ["", "password-link", "second-factor"])
def test_the_back_office_is_asked_before_it_gives_access(db: None, user: User, secret: str, step: str) -> None:
    staff = UserFactory(is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(staff)
    address = reverse("admin:accounts_user_changelist")
    sent = {"action": "send_password_link", "_selected_action": [str(user.pk)], "reason": "asked for by telephone"}
    if step:
        address = reverse("admin:accounts_user_step", args=[user.pk, step])
        sent = {"typed": user.sign_in_name, "reason": "asked for by telephone"}
    records = ActivityRecord.objects.filter(target_id=str(user.pk))
    before = records.count()
    with time_machine.travel(timezone.now() + QUARTER, tick=False):
        assert is_question(client.post(address, sent))
        assert records.count() == before
        done = client.post(address, {**sent, "step-up-asked": "1", "step-up-password": PASSWORD})
        assert done.status_code == 302
    assert records.count() == before + 1
