"""Passkeys: a second factor, a way in, and a way to confirm; the device is in software, the checks are real."""

import json
from base64 import urlsafe_b64encode
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
from mail.models import OutgoingEmail
from tests.accounts.conftest import SignIn, totp_code
from tests.accounts.soft_passkey import SoftPasskey, challenge, set_up_passkey
from tests.contracts import html_faults
from tests.factories import PASSWORD, UserFactory

PAGE = "/account/preferences/"
FAILED = "The passkey was not accepted. Try again, or use another way."
# Deeper, and with more digits, than Python reads.
TOO_MUCH = ("[" * 100_000, '{"a":' * 50_000, "9" * 5_000, f'{{"id": {"9" * 5_000}}}')


def answered_by(handle: bytes) -> str:
    """What looks like an answer of the person with this number."""
    parts = {"clientDataJSON": "e30", "authenticatorData": "A" * 50, "signature": "YQ"}
    named = urlsafe_b64encode(handle).decode().rstrip("=")
    return json.dumps({"id": "YQ", "rawId": "YQ", "type": "public-key", "response": {**parts, "userHandle": named}})


HANDLES = [answered_by(handle) for handle in (b"0", b"9" * 400, b"-1", b"\x00", b"\xff", b"", "٣".encode())]


def short(value: str) -> str:
    """The beginning, for the name of a test."""
    return value[:20]


CONFIRM = "/account/confirm/"
WRONG_RECOVERY_CODE = "Check the code. It is one of your recovery codes, and each works once."


@pytest.fixture
def required(settings: Any) -> None:
    """An installation that asks everybody for a second factor."""
    settings.MFA_REQUIRED = True


@pytest.fixture
def passkey(client: Client, user: User) -> SoftPasskey:
    """The person has this passkey; the client is signed out again."""
    client.post(reverse("account_login"), {"login": user.sign_in_name, "password": PASSWORD})
    key = set_up_passkey(client)
    client.post(reverse("account_logout"))
    return key


def sign_in_with(client: Client, passkey: SoftPasskey, **extra: Any) -> Any:
    """Press *Use a passkey* on the sign-in page."""
    credential = passkey.get(challenge(client))
    return client.post(reverse("mfa_login_webauthn") + extra.get("query", ""), {"credential": credential})


# --- setting one up --------------------------------------------------------------------------------------------------
def test_a_passkey_is_second_factor_enough(client: Client, sign_in: SignIn, user: User, required: None) -> None:
    sign_in(user.sign_in_name)
    held = client.get(PAGE)
    assert held["Location"] == reverse("mfa_activate_totp")
    assert reverse("mfa_add_webauthn") in client.get(held["Location"]).content.decode()
    set_up_passkey(client, name="Work laptop")
    assert client.get(PAGE).status_code == 200
    assert ActivityRecord.objects.get(action="user.second_factor_passkey_added").actor_user_id == user.pk
    mail = OutgoingEmail.objects.get(kind="security_changed")
    assert "a passkey was set up for your account" in mail.text
    page = client.get(reverse("mfa_index")).content.decode()
    assert "Work laptop" in page
    assert html_faults(page) == []
    assert Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).count() == 1


@pytest.mark.parametrize(
    "passkey",
    [SoftPasskey(verified=False), SoftPasskey(origin="https://evil.example")],
    ids=["unverified", "elsewhere"],
)
def test_a_passkey_of_another_kind_or_origin_is_refused(
    client: Client, sign_in: SignIn, user: User, passkey: SoftPasskey
) -> None:
    sign_in(user.sign_in_name)
    credential = passkey.create(challenge(client, new=True))
    page = client.post(reverse("mfa_add_webauthn"), {"name": "Blue key", "credential": credential})
    assert page.context["form"].non_field_errors() == [FAILED]
    assert html_faults(page.content.decode()) == []
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize("credential", ["", "{}", "[]", "null", "1", '{"id": "x"}', "not json", *TOO_MUCH], ids=short)
def test_what_no_browser_sends_is_refused(client: Client, sign_in: SignIn, user: User, credential: str) -> None:
    sign_in(user.sign_in_name)
    challenge(client, new=True)
    page = client.post(reverse("mfa_add_webauthn"), {"name": "Blue key", "credential": credential})
    assert (page.status_code, bool(page.context["form"].errors)) == (200, True)
    assert not Authenticator.objects.exists()


def test_an_answer_is_good_once(client: Client, sign_in: SignIn, user: User) -> None:
    sign_in(user.sign_in_name)
    credential = SoftPasskey().create(challenge(client, new=True))
    data = {"name": "Blue key", "credential": credential}
    assert client.post(reverse("mfa_add_webauthn"), data).status_code == 302
    assert client.post(reverse("mfa_add_webauthn"), data).status_code == 200
    assert Authenticator.objects.filter(type=Authenticator.Type.WEBAUTHN).count() == 1


def test_set_up_saves_nothing_when_the_record_fails(
    client: Client, sign_in: SignIn, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError

    sign_in(user.sign_in_name)
    credential = SoftPasskey().create(challenge(client, new=True))
    monkeypatch.setattr("accounts.services.people.record", fail)
    with pytest.raises(RuntimeError):
        client.post(reverse("mfa_add_webauthn"), {"name": "Blue key", "credential": credential})
    assert not Authenticator.objects.exists()


# --- the way in ------------------------------------------------------------------------------------------------------
def test_a_passkey_signs_in_alone_and_returns_to_the_page(
    client: Client, user: User, passkey: SoftPasskey, required: None
) -> None:
    before = client.session.session_key
    response = sign_in_with(client, passkey, query=f"?next={PAGE}")
    assert (response.status_code, response["Location"]) == (302, PAGE)
    assert client.session["_auth_user_id"] == str(user.pk)
    assert client.session.session_key != before
    assert client.get(PAGE).status_code == 200


def test_a_passkey_is_the_second_step_after_the_password(client: Client, user: User, passkey: SoftPasskey) -> None:
    answer = client.post(reverse("account_login"), {"login": user.sign_in_name, "password": PASSWORD})
    assert answer["Location"] == reverse("mfa_authenticate")
    page = client.get(reverse("mfa_authenticate"))
    assert (page.context["has_passkey"], page.context["has_app"]) == (True, False)
    assert html_faults(page.content.decode()) == []
    options = challenge(client)
    assert len(options["publicKey"]["allowCredentials"]) == 1
    response = client.post(reverse("mfa_authenticate"), {"credential": passkey.get(options)})
    assert (response.status_code, response["Location"]) == (302, "/")


@pytest.mark.parametrize(
    "wrong", ["challenge", "key", "origin", "unverified", "person", "gone", "deactivated", "again"]
)
def test_a_wrong_passkey_signs_nobody_in(client: Client, user: User, passkey: SoftPasskey, wrong: str) -> None:
    options = challenge(client)
    if wrong == "challenge":
        options["publicKey"]["challenge"] = "AAAA"
    elif wrong == "key":
        passkey.key = SoftPasskey().key
    elif wrong == "origin":
        passkey.origin = "https://evil.example"
    elif wrong == "unverified":
        passkey.flags = 1
    elif wrong == "person":
        passkey.user_handle = str(UserFactory().pk).encode()
    elif wrong == "gone":
        Authenticator.objects.all().delete()
    elif wrong == "deactivated":
        User.objects.filter(pk=user.pk).update(is_active=False)
    credential = passkey.get(options)
    if wrong == "again":
        assert client.post(reverse("mfa_login_webauthn"), {"credential": credential}).status_code == 302
        client.post(reverse("account_logout"))
    response = client.post(reverse("mfa_login_webauthn"), {"credential": credential})
    assert (response.status_code, response["Location"]) == (302, reverse("account_login"))
    assert "_auth_user_id" not in client.session
    if wrong != "deactivated":
        assert FAILED in client.get(reverse("account_login")).content.decode()


@pytest.mark.parametrize(
    "credential",
    ["", "{}", "[]", "null", '{"response": {"userHandle": 1}}', '{"response": 7}', "not json", *TOO_MUCH, *HANDLES],
    ids=short,
)
def test_nonsense_signs_nobody_in(client: Client, user: User, passkey: SoftPasskey, credential: str) -> None:
    challenge(client)
    response = client.post(reverse("mfa_login_webauthn"), {"credential": credential})
    assert response["Location"] == reverse("account_login")
    assert "_auth_user_id" not in client.session


def test_a_strangers_challenge_names_nobodys_passkeys(client: Client, passkey: SoftPasskey) -> None:
    options = challenge(client)["publicKey"]
    assert not options.get("allowCredentials")
    assert options["userVerification"] == "required"
    assert options["rpId"] == "localhost"


def test_challenges_are_limited(client: Client, db: None) -> None:
    address = reverse("accounts:passkey_challenge")
    assert [client.post(address).status_code for _try in range(31)] == [200] * 30 + [429]


# --- afterwards ------------------------------------------------------------------------------------------------------
def test_a_passkey_confirms_that_it_is_the_person(client: Client, user: User, passkey: SoftPasskey) -> None:
    sign_in_with(client, passkey)
    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=False):
        held = client.get(reverse("mfa_add_webauthn"))
        assert held["Location"] == "/account/confirm/?next=%2Faccount%2Ftwo-step%2Fpasskeys%2Fnew%2F"
        assert client.get(held["Location"]).context["form"].has_passkey
        data = {"step-up-credential": passkey.get(challenge(client))}
        wrong = client.post(held["Location"], {"step-up-credential": SoftPasskey().get(challenge(client))})
        assert wrong.context["form"].non_field_errors() == [FAILED]
        data = {"step-up-credential": passkey.get(challenge(client)), "step-up-password": ""}
        assert client.post(held["Location"], data)["Location"] == reverse("mfa_add_webauthn")
        assert client.get(reverse("mfa_add_webauthn")).status_code == 200


def test_without_an_app_nobody_is_told_of_one(client: Client, user: User, passkey: SoftPasskey) -> None:
    client.post(reverse("account_login"), {"login": user.sign_in_name, "password": PASSWORD})
    wrong = client.post(reverse("mfa_authenticate"), {"code": "00000000"})
    assert wrong.context["form"].errors["code"] == [WRONG_RECOVERY_CODE]
    code = Authenticator.objects.get(user=user, type="recovery_codes").wrap().get_unused_codes()[0]
    client.post(reverse("mfa_authenticate"), {"code": code})
    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=False):
        page = client.get(CONFIRM)
        assert page.context["form"].fields["code"].help_text == "One of your recovery codes."
        wrong = client.post(CONFIRM, {"step-up-password": PASSWORD, "step-up-code": code})
        assert wrong.context["form"].errors["code"] == [WRONG_RECOVERY_CODE]


@pytest.mark.parametrize("name", ["mfa_add_webauthn", "mfa_activate_totp"])
@pytest.mark.parametrize("must", [True, False])
def test_who_need_not_have_one_can_go_back(
    client: Client, sign_in: SignIn, user: User, settings: Any, name: str, must: bool
) -> None:
    settings.MFA_REQUIRED = must
    sign_in(user.sign_in_name)
    session = client.session
    session["pending_invitation"] = {"provider_name": "Northwind"}
    session.save()
    page = client.get(reverse(name)).content.decode().partition("<main")[2].partition("</main>")[0]
    assert (f'<a href="{reverse("mfa_index")}">Cancel</a>' in page) != must
    assert (">Sign out</button>" in page) == must
    # Nothing needs to be set up to accept where none is asked for.
    assert ("to accept the partnership request" in page) == (must and name == "mfa_activate_totp")


def test_a_passkey_has_a_name_of_its_owners_choice(client: Client, user: User, passkey: SoftPasskey) -> None:
    sign_in_with(client, passkey)
    row = Authenticator.objects.get(type=Authenticator.Type.WEBAUTHN)
    address = reverse("mfa_edit_webauthn", args=[row.pk])
    assert client.get(address).context["form"].initial == {"name": "Blue key"}
    assert client.post(address, {"name": ""}).context["form"].errors
    assert client.post(address, {"name": "<b>Green</b> key"})["Location"] == reverse("mfa_index")
    page = client.get(reverse("mfa_index")).content.decode()
    assert "&lt;b&gt;Green&lt;/b&gt; key" in page


def test_the_only_passkey_stays_where_a_second_factor_is_a_must(
    client: Client, user: User, passkey: SoftPasskey, required: None
) -> None:
    sign_in_with(client, passkey)
    first = Authenticator.objects.get(type=Authenticator.Type.WEBAUTHN)
    address = reverse("mfa_remove_webauthn", args=[first.pk])
    assert [client.get(address).status_code, client.post(address).status_code] == [409, 409]
    second = set_up_passkey(client, name="Second")
    assert client.get(address).status_code == 200
    assert client.post(address)["Location"] == reverse("mfa_index")
    assert not Authenticator.objects.filter(pk=first.pk).exists()
    assert "That is removed already." in client.post(address, follow=True).content.decode()
    assert ActivityRecord.objects.get(action="user.second_factor_passkey_removed").actor_user_id == user.pk
    client.post(reverse("account_logout"))
    assert sign_in_with(client, passkey)["Location"] == reverse("account_login")
    assert sign_in_with(client, second)["Location"] == "/"


def test_sessions_of_a_removed_passkey_have_to_sign_in_again(
    client: Client, user: User, passkey: SoftPasskey, secret: str, required: None
) -> None:
    thief = Client()
    sign_in_with(thief, passkey)
    assert thief.get(PAGE).status_code == 200
    client.post(reverse("account_login"), {"login": user.sign_in_name, "password": PASSWORD})
    client.post(reverse("mfa_authenticate"), {"code": totp_code(secret)})
    row = Authenticator.objects.get(type=Authenticator.Type.WEBAUTHN)
    client.post(reverse("mfa_remove_webauthn", args=[row.pk]))
    assert thief.get(PAGE)["Location"] == reverse("account_login")
    assert client.get(PAGE).status_code == 200


@pytest.mark.parametrize("name", ["mfa_edit_webauthn", "mfa_remove_webauthn"])
def test_anothers_passkey_is_not_found(client: Client, user: User, passkey: SoftPasskey, name: str) -> None:
    row = Authenticator.objects.get(type=Authenticator.Type.WEBAUTHN)
    other = Client()
    other.force_login(UserFactory())
    address = reverse(name, args=[row.pk])
    assert other.get(address).status_code == 404
    answer = other.post(address, {"name": "Mine"})
    if name == "mfa_edit_webauthn":
        assert answer.status_code == 404
    else:
        # As of one that was removed before, and of none.
        none = other.post(reverse(name, args=[0]))
        assert (answer["Location"], none["Location"]) == (reverse("mfa_index"), reverse("mfa_index"))
    assert json.loads(json.dumps(Authenticator.objects.get(pk=row.pk).data))["name"] == "Blue key"


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example/", r"/\evil.example", "javascript:alert(1)"]
)
def test_a_passkey_leads_nowhere_else(client: Client, user: User, passkey: SoftPasskey, target: str) -> None:
    assert sign_in_with(client, passkey, query=f"?next={target}")["Location"] == "/"
