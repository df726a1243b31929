"""The second factor: asked of everybody where the installation asks for it, and skipped by nobody."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.access import Actor, system_actor
from accounts.links import password_path
from accounts.models import User
from accounts.services import issue_temporary_password, reset_second_factor
from activity.models import ActivityRecord
from core.exceptions import InvalidTransition
from mail.models import OutgoingEmail
from tests.accounts.conftest import SignIn, totp_code
from tests.contracts import html_faults
from tests.factories import PASSWORD, UserFactory

SET_UP = "/account/two-step/set-up/"
INSIDE = [
    "/", "/account/preferences/", "/account/password/change/", "/account/two-step/", "/account/two-step/remove/",
    "/account/two-step/recovery-codes/", "/account/two-step/recovery-codes/new/",
    "/admin/", "/admin/accounts/user/", "/admin/password_change/",
]  # fmt: skip


@pytest.fixture
def required(settings: Any) -> None:
    """An installation that asks everybody for a second factor."""
    settings.MFA_REQUIRED = True


def set_up(client: Client) -> str:
    """Set up an app as the page asks, and return its key."""
    page = client.get(reverse("mfa_activate_totp"))
    key: str = page.context["form"].secret
    response = client.post(reverse("mfa_activate_totp"), {"code": totp_code(key)})
    assert (response.status_code, response["Location"]) == (302, reverse("mfa_view_recovery_codes"))
    return key


# --- who must have one -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", INSIDE)
def test_without_an_app_everything_leads_to_the_set_up(
    client: Client, sign_in: SignIn, user: User, required: None, path: str
) -> None:
    User.objects.update(is_staff=True, is_superuser=True)
    sign_in(user.sign_in_name)
    held = client.get(path)
    assert (held.status_code, held["Location"]) == (302, SET_UP)
    posted = client.post(path)
    assert (posted.status_code, posted["Location"]) == (302, SET_UP)


def test_without_an_app_one_may_leave(client: Client, sign_in: SignIn, user: User, required: None) -> None:
    sign_in(user.sign_in_name)
    client.post(reverse("account_logout"))
    assert "_auth_user_id" not in client.session


def test_set_up_lets_one_in_and_shows_recovery_codes_once(
    client: Client, sign_in: SignIn, user: User, required: None
) -> None:
    sign_in(user.sign_in_name, next_url="/account/preferences/")
    client.get("/account/preferences/")
    set_up(client)
    address = reverse("mfa_view_recovery_codes")
    assert client.get(address).context["codes"] == []
    shown = client.post(address)
    codes = shown.context["codes"]
    assert len(codes) == 10
    assert shown.context["next_url"] == "/account/preferences/"
    assert client.get("/account/preferences/").status_code == 200
    again = client.post(address, follow=True)
    assert not any(code in again.content.decode() for code in codes)
    assert not any(code in client.get(address).content.decode() for code in codes)
    assert ActivityRecord.objects.get(action="user.second_factor_added").actor_user_id == user.pk
    assert OutgoingEmail.objects.get(kind="security_changed").recipient == user.email


def test_set_up_refuses_a_wrong_code_and_keeps_its_key(client: Client, sign_in: SignIn, user: User) -> None:
    sign_in(user.sign_in_name)
    key = client.get(reverse("mfa_activate_totp")).context["form"].secret
    page = client.post(reverse("mfa_activate_totp"), {"code": "000000"})
    assert page.context["form"].errors["code"] == [
        "Check the code. The app shows a new one every 30 seconds, and each works once."
    ]
    assert page.context["form"].secret == key
    assert not Authenticator.objects.exists()


def test_set_up_saves_nothing_when_the_record_fails(
    client: Client, sign_in: SignIn, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError

    sign_in(user.sign_in_name)
    key = client.get(reverse("mfa_activate_totp")).context["form"].secret
    monkeypatch.setattr("accounts.services.people.record", fail)
    with pytest.raises(RuntimeError):
        client.post(reverse("mfa_activate_totp"), {"code": totp_code(key)})
    assert not Authenticator.objects.exists()


def test_temporary_password_comes_before_the_second_factor(
    client: Client, sign_in: SignIn, user: User, required: None
) -> None:
    temporary = issue_temporary_password(user=user, valid_days=7, by=system_actor("tests"))
    sign_in(user.sign_in_name, temporary)
    assert client.get("/")["Location"] == reverse("accounts:own_password")
    new = "a new bicycle in the sun"
    response = client.post(reverse("accounts:own_password"), {"password1": new, "password2": new}, follow=True)
    assert response.redirect_chain[-1][0] == SET_UP


def test_session_from_before_the_set_up_does_not_get_in(client: Client, user: User, required: None) -> None:
    thief = Client()
    for one in (thief, client):
        one.post(reverse("account_login"), {"login": user.sign_in_name, "password": PASSWORD})
    set_up(client)
    refused = thief.get("/account/preferences/")
    assert (refused.status_code, refused["Location"]) == (302, reverse("account_login"))
    assert "_auth_user_id" not in thief.session
    assert client.get("/account/preferences/").status_code == 200


# --- the second step -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", INSIDE)
def test_password_alone_is_nobody(client: Client, sign_in: SignIn, user: User, secret: str, path: str) -> None:
    User.objects.update(is_staff=True, is_superuser=True)
    response = sign_in(user.sign_in_name)
    assert response["Location"] == reverse("mfa_authenticate")
    assert "_auth_user_id" not in client.session
    held = client.get(path, follow=True)
    assert held.redirect_chain[-1][0] == reverse("mfa_authenticate")


def test_code_completes_sign_in_and_changes_the_session_key(
    client: Client, sign_in: SignIn, user: User, secret: str
) -> None:
    sign_in(user.sign_in_name, next_url="/account/preferences/")
    before = client.session.session_key
    response = client.post(reverse("mfa_authenticate"), {"code": totp_code(secret)})
    assert (response.status_code, response["Location"]) == (302, "/account/preferences/")
    assert client.session.session_key != before
    assert client.session["_auth_user_id"] == str(user.pk)


def test_code_works_once(client: Client, sign_in: SignIn, user: User, secret: str) -> None:
    with time_machine.travel(timezone.now(), tick=False):
        code = totp_code(secret)
        for expected in (302, 200):
            other = Client()
            other.post(reverse("account_login"), {"login": user.sign_in_name, "password": PASSWORD})
            assert other.post(reverse("mfa_authenticate"), {"code": code}).status_code == expected


def test_code_field_can_be_pasted_into(client: Client, sign_in: SignIn, user: User, secret: str) -> None:
    sign_in(user.sign_in_name)
    attrs = client.get(reverse("mfa_authenticate")).context["form"].fields["code"].widget.attrs
    assert (attrs["autocomplete"], attrs["inputmode"]) == ("one-time-code", "numeric")


def test_too_many_codes_lead_back_to_the_password(client: Client, sign_in: SignIn, user: User, secret: str) -> None:
    sign_in(user.sign_in_name)
    for _try in range(5):
        assert client.post(reverse("mfa_authenticate"), {"code": "000000"}).status_code == 200
    refused = client.post(reverse("mfa_authenticate"), {"code": totp_code(secret)})
    assert (refused.status_code, refused["Location"]) == (302, reverse("account_login"))
    assert "Too many attempts. Sign in again in a few minutes." in client.get(reverse("account_login")).content.decode()
    assert "_auth_user_id" not in client.session
    sign_in(user.sign_in_name)
    assert client.post(reverse("mfa_authenticate"), {"code": totp_code(secret)})["Location"] == reverse("account_login")
    with time_machine.travel(timezone.now() + timedelta(minutes=6), tick=False):
        sign_in(user.sign_in_name)
        assert client.post(reverse("mfa_authenticate"), {"code": totp_code(secret)})["Location"] == "/"


def test_recovery_code_works_once(client: Client, user: User, secret: str) -> None:
    codes = Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES).wrap()
    code = codes.get_unused_codes()[3]
    for expected in (302, 200):
        other = Client()
        other.post(reverse("account_login"), {"login": user.sign_in_name, "password": PASSWORD})
        assert other.post(reverse("mfa_authenticate"), {"code": code}).status_code == expected


def test_database_holds_neither_key_nor_recovery_codes(user: User, secret: str) -> None:
    rows = str(list(Authenticator.objects.values_list("data", flat=True)))
    codes = Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES).wrap().get_unused_codes()
    assert secret not in rows
    assert not any(code in rows for code in codes)
    assert "seed" in rows
    assert len(Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES).data["seed"]) > 120


def test_older_keys_still_open_stored_secrets(user: User, secret: str, settings: Any) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a new key"
    with time_machine.travel(timezone.now(), tick=False):
        assert Authenticator.objects.get(type=Authenticator.Type.TOTP).wrap().validate_code(totp_code(secret))


def test_password_reset_still_asks_for_the_code(client: Client, user: User, secret: str) -> None:
    address = client.get(password_path(user))["Location"]
    new = "a new bicycle in the sun"
    response = client.post(address, {"password1": new, "password2": new}, follow=True)
    assert response.redirect_chain == [(reverse("account_login"), 302)]
    assert "_auth_user_id" not in client.session
    response = client.post(reverse("account_login"), {"login": user.sign_in_name, "password": new})
    assert response["Location"] == reverse("mfa_authenticate")


def test_half_signed_in_person_can_start_again(client: Client, sign_in: SignIn, user: User, secret: str) -> None:
    sign_in(user.sign_in_name)
    client.post(reverse("account_logout"))
    assert client.get(reverse("account_login")).status_code == 200


def test_half_sign_in_does_not_last(client: Client, sign_in: SignIn, user: User, secret: str) -> None:
    sign_in(user.sign_in_name)
    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=False):
        response = client.post(reverse("mfa_authenticate"), {"code": totp_code(secret)})
    assert response["Location"] == reverse("account_login")


# --- changing it -----------------------------------------------------------------------------------------------------
def signed_in(client: Client, user: User, secret: str) -> None:
    """Sign in with both steps."""
    client.post(reverse("account_login"), {"login": user.sign_in_name, "password": PASSWORD})
    client.post(reverse("mfa_authenticate"), {"code": totp_code(secret)})


def test_the_only_app_stays_where_a_second_factor_is_a_must(
    client: Client, user: User, secret: str, required: None
) -> None:
    signed_in(client, user, secret)
    for answer in (client.get(reverse("mfa_deactivate_totp")), client.post(reverse("mfa_deactivate_totp"))):
        assert answer.status_code == 409
        assert html_faults(answer.content.decode()) == []
    assert Authenticator.objects.filter(user=user).count() == 2
    assert not ActivityRecord.objects.filter(action="user.second_factor_removed").exists()


def test_the_app_can_be_removed_where_none_is_asked_for(client: Client, user: User, secret: str) -> None:
    signed_in(client, user, secret)
    assert client.post(reverse("mfa_deactivate_totp"))["Location"] == reverse("mfa_index")
    assert not Authenticator.objects.exists()
    assert ActivityRecord.objects.filter(action="user.second_factor_removed").count() == 1


def test_an_app_that_is_removed_twice_is_removed_once(client: Client, user: User, secret: str) -> None:
    signed_in(client, user, secret)
    address = reverse("mfa_deactivate_totp")
    client.post(address)
    assert "That is removed already." in client.post(address, follow=True).content.decode()
    assert client.get(address).status_code == 404
    assert ActivityRecord.objects.filter(action="user.second_factor_removed").count() == 1


def test_a_new_phone_takes_the_place_of_the_old_one(client: Client, user: User, secret: str, required: None) -> None:
    signed_in(client, user, secret)
    elsewhere = Client()
    with time_machine.travel(timezone.now() + timedelta(seconds=60), tick=False):
        signed_in(elsewhere, user, secret)
    page = client.get(reverse("mfa_activate_totp"))
    response = client.post(reverse("mfa_activate_totp"), {"code": totp_code(page.context["form"].secret)})
    assert response["Location"] == reverse("mfa_index")
    assert client.get("/account/preferences/").status_code == 200
    assert elsewhere.get("/account/preferences/")["Location"] == reverse("account_login")
    assert not Authenticator.objects.get(type=Authenticator.Type.TOTP).wrap().validate_code(totp_code(secret))
    assert ActivityRecord.objects.filter(action="user.second_factor_replaced").count() == 1


def test_changes_need_password_and_code_again_after_a_while(client: Client, user: User, secret: str) -> None:
    signed_in(client, user, secret)
    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=False):
        for name in (
            "deactivate_totp",
            "generate_recovery_codes",
            "view_recovery_codes",
            "activate_totp",
            "add_webauthn",
        ):
            response = client.post(reverse(f"mfa_{name}"))
            assert response["Location"].startswith(reverse("account_reauthenticate"))
        assert Authenticator.objects.count() == 2
        address = reverse("account_reauthenticate") + "?next=/account/two-step/remove/"
        wrong = client.post(address, {"step-up-password": "not the password", "step-up-code": totp_code(secret)})
        assert wrong.context["form"].errors == {"password": ["Check your password."]}
        alone = client.post(address, {"step-up-password": PASSWORD})
        assert alone.context["form"].errors == {"code": ["Enter the code."]}
        confirmed = client.post(address, {"step-up-password": PASSWORD, "step-up-code": totp_code(secret)})
        assert confirmed["Location"] == "/account/two-step/remove/"
        assert client.get(confirmed["Location"]).status_code == 200


def test_new_recovery_codes_replace_the_old_ones(client: Client, user: User, secret: str) -> None:
    signed_in(client, user, secret)
    old = Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES).wrap().get_unused_codes()
    response = client.post(reverse("mfa_generate_recovery_codes"))
    assert response["Location"] == reverse("mfa_view_recovery_codes")
    new = client.post(reverse("mfa_view_recovery_codes")).context["codes"]
    assert set(new).isdisjoint(old)
    assert ActivityRecord.objects.filter(action="user.second_factor_recovery_renewed").count() == 1


def test_back_office_forgets_a_lost_app(user: User, secret: str) -> None:
    back_office = Actor(user=UserFactory(back_office=True))
    reset_second_factor(user=user, by=back_office)
    assert not Authenticator.objects.exists()
    assert ActivityRecord.objects.get(action="user.second_factor_reset").actor_user_id == back_office.user.pk
    with pytest.raises(InvalidTransition):
        reset_second_factor(user=user, by=back_office)


def test_session_from_before_a_reset_does_not_get_in(client: Client, user: User, secret: str, required: None) -> None:
    thief = Client()
    with time_machine.travel(timezone.now() - timedelta(minutes=5), tick=False):
        Authenticator.objects.update(created_at=timezone.now())
        signed_in(thief, user, secret)
    assert thief.get("/account/preferences/").status_code == 200
    reset_second_factor(user=user, by=system_actor("tests"))
    client.post(reverse("account_login"), {"login": user.sign_in_name, "password": PASSWORD})
    set_up(client)
    assert thief.get("/account/preferences/")["Location"] == reverse("account_login")
    assert client.get("/account/preferences/").status_code == 200


def test_no_session_keeps_the_key_after_the_set_up(client: Client, sign_in: SignIn, user: User) -> None:
    sign_in(user.sign_in_name)
    key = set_up(client)
    assert not any(key in str(session.get_decoded()) for session in Session.objects.all())
