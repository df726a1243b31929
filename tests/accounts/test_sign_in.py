"""The way in and the way out."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, resolve, reverse
from django.urls.exceptions import Resolver404
from django.utils import timezone

from accounts.access import Actor
from accounts.adapter import PortalAccountAdapter
from accounts.links import password_path
from accounts.models import User
from accounts.services import set_own_password
from tests.accounts.conftest import SignIn, totp_code
from tests.contracts import html_faults
from tests.factories import UserFactory

WRONG = "Check your user name and password."


def test_sign_in_page_has_the_fields_password_managers_know(client: Client, db: None) -> None:
    page = client.get(reverse("account_login"))
    form = page.context["form"]
    assert form["login"].label == "E-mail address or user name"
    assert form.fields["login"].widget.attrs["autocomplete"] == "username"
    assert form.fields["password"].widget.attrs["autocomplete"] == "current-password"
    assert list(form.fields) == ["login", "password"]


@pytest.mark.parametrize(
    "spelling", ["robin@northwind.example", " Robin@NORTHWIND.example ", "ROBIN@northwind.EXAMPLE"]
)
def test_sign_in_accepts_any_spelling_of_the_address(sign_in: SignIn, db: None, spelling: str) -> None:
    UserFactory(sign_in_name="robin@northwind.example")
    response = sign_in(spelling)
    assert (response.status_code, response["Location"]) == (302, reverse("home"))


def test_sign_in_accepts_a_customer_administrators_user_name(sign_in: SignIn, client: Client, db: None) -> None:
    administrator = UserFactory(customer_administrator=True)
    assert sign_in(administrator.sign_in_name).status_code == 302
    assert client.session["_auth_user_id"] == str(administrator.pk)


@pytest.mark.parametrize(
    "name", ["robin@northwind.example", "nobody@northwind.example", "mıke@northwind.example", "robin"]
)
def test_wrong_sign_in_reads_the_same_for_every_name(sign_in: SignIn, db: None, name: str) -> None:
    UserFactory(sign_in_name="robin@northwind.example")
    UserFactory(sign_in_name="mike@northwind.example")
    page = sign_in(name, "not the password")
    assert page.status_code == 200
    assert page.context["form"].non_field_errors() == [WRONG]
    html = page.content.decode()
    assert html.count("There is a problem") == 1
    assert f'value="{name}"' in html
    assert "not the password" not in html


def test_wrong_sign_in_of_a_deactivated_person_reads_the_same(sign_in: SignIn, client: Client, db: None) -> None:
    gone = UserFactory(is_active=False)
    page = sign_in(gone.sign_in_name)
    assert page.context["form"].non_field_errors() == [WRONG]
    assert "_auth_user_id" not in client.session


def test_wrong_sign_in_costs_the_same_for_unknown_names(
    sign_in: SignIn, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = count_hashing(monkeypatch)
    costs = []
    for name in (user.sign_in_name, "nobody@company.example"):
        hashed.clear()
        with CaptureQueriesContext(connection) as queries:
            sign_in(name, "not the password")
        costs.append((len(queries), len(hashed)))
    assert costs[0] == costs[1]
    assert costs[0][1] == 1


def count_hashing(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every password that is hashed from now on."""
    hashed: list[str] = []
    original = MD5PasswordHasher.encode

    def encode(self: MD5PasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return original(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", encode)
    return hashed


def test_guessing_is_refused_before_anything_is_hashed(
    sign_in: SignIn, client: Client, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = count_hashing(monkeypatch)
    for _try in range(200):
        page = sign_in(user.sign_in_name, "not the password")
    assert len(hashed) == 10
    assert page.context["form"].non_field_errors() == ["Too many attempts. Try again in 15 minutes."]
    assert sign_in(user.sign_in_name).status_code == 200, "the right password has to wait as well"
    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=False):
        assert sign_in(user.sign_in_name).status_code == 302


def test_guessing_at_an_unknown_name_is_refused_in_the_same_words(sign_in: SignIn, user: User) -> None:
    answers = []
    for name in (user.sign_in_name, "nobody@company.example"):
        for _try in range(11):
            page = sign_in(name, "not the password")
        answers.append(page.context["form"].non_field_errors())
    assert answers[0] == answers[1] == ["Too many attempts. Try again in 15 minutes."]


def test_a_stranger_elsewhere_locks_nobody_out(sign_in: SignIn, user: User) -> None:
    for _try in range(30):
        refused = sign_in(user.sign_in_name, "not the password", REMOTE_ADDR="198.51.100.7")
    assert refused.status_code == 200
    assert sign_in(user.sign_in_name, REMOTE_ADDR="203.0.113.9").status_code == 302


def test_a_forged_forwarding_header_dodges_no_limit(sign_in: SignIn, user: User) -> None:
    for number in range(11):
        page = sign_in(user.sign_in_name, "not the password", HTTP_X_FORWARDED_FOR=f"198.51.100.{number}")
    assert page.context["form"].has_error("__all__", "too_many_login_attempts")


def test_one_address_may_not_try_a_hundred_names(sign_in: SignIn, user: User) -> None:
    for number in range(100):
        sign_in(f"person{number}@elsewhere.example", "not the password", REMOTE_ADDR="198.51.100.7")
    page = sign_in(user.sign_in_name, REMOTE_ADDR="198.51.100.7")
    assert page.context["form"].has_error("__all__", "too_many_login_attempts")


def test_a_hundred_failures_from_everywhere_stop_until_a_new_password(
    sign_in: SignIn, user: User, django_capture_on_commit_callbacks: Any
) -> None:
    for number in range(100):
        sign_in(user.sign_in_name, "not the password", REMOTE_ADDR=f"198.51.100.{number}")
    assert sign_in(user.sign_in_name, REMOTE_ADDR="203.0.113.9").status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        set_own_password(user=user, password="a new bicycle in the sun", by=Actor(user=user))
    assert sign_in(user.sign_in_name, "a new bicycle in the sun", REMOTE_ADDR="203.0.113.9").status_code == 302


def test_right_passwords_do_not_count(sign_in: SignIn, client: Client, user: User) -> None:
    for _try in range(25):
        assert sign_in(user.sign_in_name).status_code == 302
        client.post(reverse("account_logout"))


ELSEWHERE = [
    "//evil.example", r"/\evil.example", "https:evil.example", "https://evil.example/", "javascript:alert(1)",
    "http:///evil.example", "https://testserver@evil.example/", "///evil.example", r"\\evil.example",
    "ftp://testserver/", "%2f%2fevil.example/", "data:text/html,evil",
]  # fmt: skip


@pytest.mark.parametrize("target", ELSEWHERE)
def test_sign_in_goes_nowhere_else(sign_in: SignIn, user: User, target: str) -> None:
    response = sign_in(user.sign_in_name, next_url=quote(target, safe=""))
    host = urlsplit(urljoin("http://testserver/account/sign-in/", response["Location"])).netloc
    assert (response.status_code, host) == (302, "testserver")


def test_sign_in_returns_to_the_page_that_was_wanted(sign_in: SignIn, user: User) -> None:
    assert sign_in(user.sign_in_name, next_url="/account/preferences/")["Location"] == "/account/preferences/"


def test_sign_in_says_who_invites(client: Client, db: None) -> None:
    session = client.session
    session["pending_invitation"] = {"provider_name": "Northwind <Distribution>"}
    session.save()
    html = client.get(reverse("account_login")).content.decode()
    assert "Sign in to accept the partnership request from Northwind &lt;Distribution&gt;." in html


def test_sign_in_changes_the_session_key(client: Client, sign_in: SignIn, user: User) -> None:
    client.get(reverse("account_login"))
    session = client.session
    session["something"] = "kept"
    session.save()
    before = client.session.session_key
    client.cookies[settings.SESSION_COOKIE_NAME] = before
    sign_in(user.sign_in_name)
    assert client.session.session_key != before
    assert client.session["something"] == "kept"


def test_sign_out_takes_a_post_and_clears_the_cache(client: Client, user: User) -> None:
    client.force_login(user)
    assert client.get(reverse("account_logout")).status_code == 405
    assert "_auth_user_id" in client.session
    response = client.post(reverse("account_logout"))
    assert response["Clear-Site-Data"] == '"cache"'
    assert response["Location"] == reverse("account_login")
    assert "_auth_user_id" not in client.session


def test_sign_out_forgets_everything(client: Client, user: User) -> None:
    client.force_login(user)
    session = client.session
    session["pending_invitation"] = {"provider_name": "Northwind"}
    session.save()
    client.post(reverse("account_logout"))
    assert "pending_invitation" not in client.session


UNNEEDED = [
    "account_signup", "account_email", "account_inactive", "account_set_password", "account_confirm_email",
    "mfa_download_recovery_codes", "account_reset_password_from_key_done", "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn", "mfa_list_webauthn", "mfa_signup_webauthn", "mfa_trust",
]  # fmt: skip


@pytest.mark.parametrize("name", UNNEEDED)
def test_library_pages_nobody_needs_do_not_exist(name: str) -> None:
    with pytest.raises(NoReverseMatch):
        reverse(name)


@pytest.mark.parametrize(
    "path",
    [
        "signup/",
        "email/",
        "login/",
        "logout/",
        "inactive/",
        "confirm-email/",
        "password/set/",
        "social/signup/",
        "2fa/",
    ],
)
def test_library_addresses_do_not_answer(client: Client, user: User, path: str) -> None:
    client.force_login(user)
    with pytest.raises(Resolver404):
        resolve(f"/account/{path}")
    assert client.get(f"/account/{path}").status_code == 404


def test_nobody_signs_up(rf: Any) -> None:
    assert PortalAccountAdapter().is_open_for_signup(rf.get("/")) is False


def test_sign_in_answers_no_json(sign_in: SignIn, user: User) -> None:
    page = sign_in(
        user.sign_in_name, "not the password", HTTP_X_REQUESTED_WITH="XMLHttpRequest", HTTP_ACCEPT="application/json"
    )
    assert page["Content-Type"] == "text/html; charset=utf-8"


def test_every_page_of_sign_in_is_ours(client: Client, sign_in: SignIn, user: User, secret: str) -> None:
    public = ["account_login", "account_reset_password", "account_reset_password_done"]
    own = [
        "account_reauthenticate", "account_change_password", "mfa_index", "mfa_activate_totp", "mfa_deactivate_totp",
        "mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_add_webauthn", "accounts:preferences",
    ]  # fmt: skip
    pages = [client.get(reverse(name)) for name in public]
    sign_in(user.sign_in_name)
    pages.append(client.get(reverse("mfa_authenticate")))
    client.post(reverse("mfa_authenticate"), {"code": totp_code(secret)})
    pages += [client.get(reverse(name)) for name in own]
    assert [page.status_code for page in pages] == [200] * len(pages)
    for page in pages:
        ours = [
            one.name for one in page.templates if one.name and one.name.startswith(("account/", "mfa/", "allauth/"))
        ]
        files = [one.origin.name for one in page.templates if one.name in ours]
        assert all(file.startswith(str(settings.BASE_DIR / "templates")) for file in files)
        assert html_faults(page.content.decode()) == []


def test_every_page_keeps_its_contract_when_something_is_wrong(client: Client, sign_in: SignIn, user: User) -> None:
    pages = [sign_in(user.sign_in_name, "not the password"), sign_in("", "")]
    pages.append(client.post(reverse("account_reset_password"), {"email": "robin"}))
    pages.append(client.get("/account/password/reset/1-wrong/"))
    link = client.get(password_path(user))["Location"]
    pages += [client.get(link), client.post(link, {"password1": "short", "password2": ""})]
    sign_in(user.sign_in_name)
    for name in ("account_change_password", "accounts:preferences", "mfa_activate_totp", "account_reauthenticate"):
        pages.append(client.post(reverse(name), {}))
    pages.append(client.get(reverse("mfa_index")))
    User.objects.update(must_change_password=True)
    pages += [client.get(reverse("accounts:own_password")), client.post(reverse("accounts:own_password"), {})]
    assert [page.status_code for page in pages] == [200] * len(pages)
    assert [html_faults(page.content.decode()) for page in pages] == [[]] * len(pages)
    for page in pages:
        form = page.context.get("form")
        if form is not None and form.errors:
            assert "<title>Error: " in page.content.decode()
