"""Temporary passwords, passwords of one's own, and what is refused as one."""

import ast
import hashlib
import re
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.auth.hashers import identify_hasher, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.access import Actor, system_actor
from accounts.models import Membership, User
from accounts.passwords import ALPHABET, new_temporary_password
from accounts.services import issue_temporary_password, set_own_password
from activity.models import ActivityRecord
from core.exceptions import Refused
from mail.models import OutgoingEmail
from tests.accounts.conftest import SignIn
from tests.factories import PASSWORD, UserFactory

NEW = "a new bicycle in the sun"
BY = system_actor("tests")


# --- random ones -----------------------------------------------------------------------------------------------------
def test_temporary_passwords_are_random_unambiguous_and_pass_the_policy(db: None) -> None:
    administrator = UserFactory(customer_administrator=True)
    samples = [new_temporary_password() for _n in range(10_000)]
    assert len(set(samples)) == 10_000
    assert all(re.fullmatch(f"[{ALPHABET}]{{4}}(-[{ALPHABET}]{{4}}){{3}}", sample) for sample in samples)
    assert (len(ALPHABET), len(set(ALPHABET)), set(ALPHABET) & set("0Oo1lIiL")) == (54, 54, set())
    for sample in samples[:500]:
        validate_password(sample, administrator)
    seen = Counter("".join(samples).replace("-", ""))
    expected = 160_000 / 54
    chi_squared = sum((seen[symbol] - expected) ** 2 / expected for symbol in ALPHABET)
    assert chi_squared < 112  # 53 degrees of freedom: exceeded once in 300,000 runs


def test_issuing_replaces_the_password_and_keeps_no_copy(user: User) -> None:
    with time_machine.travel(timezone.now(), tick=False):
        password = issue_temporary_password(user=user, valid_days=7, by=BY)
        user.refresh_from_db()
        assert user.password_expires_at == timezone.now() + timedelta(days=7)
    assert user.check_password(password)
    assert not user.check_password(PASSWORD)
    assert user.must_change_password
    row = ActivityRecord.objects.get(action="user.temporary_password_issued")
    assert password not in str(row.changes)
    assert not OutgoingEmail.objects.exists()


def test_issuing_again_invalidates_the_first(user: User) -> None:
    first = issue_temporary_password(user=user, valid_days=7, by=BY)
    second = issue_temporary_password(user=user, valid_days=7, by=BY)
    user.refresh_from_db()
    assert first != second
    assert (user.check_password(first), user.check_password(second)) == (False, True)


def test_issuing_saves_nothing_when_the_record_fails(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.services.people.record", fail)
    with pytest.raises(RuntimeError):
        issue_temporary_password(user=user, valid_days=7, by=BY)
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert not user.must_change_password


def fail(*args: object, **kwargs: object) -> None:
    """Stands for a record that cannot be written."""
    raise RuntimeError


# --- the first sign-in -----------------------------------------------------------------------------------------------
@pytest.fixture
def temporary(user: User) -> str:
    """The person's temporary password."""
    return issue_temporary_password(user=user, valid_days=7, by=BY)


@pytest.mark.parametrize(
    "path", ["/", "/account/preferences/", "/account/two-step/", "/account/password/change/", "/admin/"]
)
def test_temporary_password_opens_nothing_but_the_change(
    client: Client, sign_in: SignIn, user: User, temporary: str, path: str
) -> None:
    User.objects.update(is_staff=True, is_superuser=True)
    sign_in(user.sign_in_name, temporary)
    held = client.get(path)
    assert (held.status_code, held["Location"]) == (302, reverse("accounts:own_password"))
    posted = client.post(reverse("accounts:switch"), {"membership": "1"})
    assert (posted.status_code, posted["Location"]) == (302, reverse("accounts:own_password"))


def test_own_password_ends_the_hold_and_leads_where_one_was_heading(
    client: Client, sign_in: SignIn, user: User, temporary: str
) -> None:
    sign_in(user.sign_in_name, temporary, next_url="/account/preferences/")
    client.get("/account/preferences/")
    key = client.session.session_key
    response = client.post(reverse("accounts:own_password"), {"password1": NEW, "password2": NEW})
    assert (response.status_code, response["Location"]) == (302, "/account/preferences/")
    user.refresh_from_db()
    assert user.check_password(NEW)
    assert (user.must_change_password, user.password_expires_at) == (False, None)
    assert client.get("/account/preferences/").status_code == 200
    assert client.session.session_key != key
    row = ActivityRecord.objects.get(action="user.password_changed")
    assert (row.actor_user_id, row.changes) == (user.pk, {"was_temporary": True})
    assert OutgoingEmail.objects.get(kind="security_changed").recipient == user.email


def test_own_password_leads_nowhere_else(client: Client, sign_in: SignIn, user: User, temporary: str) -> None:
    sign_in(user.sign_in_name, temporary)
    # The page that the form was on names itself, and a path may look like another host.
    client.post(reverse("accounts:switch"), headers={"referer": "http://testserver//evil.example/"})
    assert client.session["after_sign_in_steps"] == "//evil.example/"
    response = client.post(reverse("accounts:own_password"), {"password1": NEW, "password2": NEW})
    assert (response.status_code, response["Location"]) == (302, reverse("home"))


def test_own_password_may_not_be_the_temporary_one(client: Client, sign_in: SignIn, user: User, temporary: str) -> None:
    sign_in(user.sign_in_name, temporary)
    page = client.post(reverse("accounts:own_password"), {"password1": temporary, "password2": temporary})
    assert page.context["form"].errors["password1"] == ["Choose a password that differs from the one you have now."]
    user.refresh_from_db()
    assert user.must_change_password


def test_own_password_must_be_typed_twice_the_same(client: Client, sign_in: SignIn, user: User, temporary: str) -> None:
    sign_in(user.sign_in_name, temporary)
    page = client.post(reverse("accounts:own_password"), {"password1": NEW, "password2": NEW + "!"})
    assert list(page.context["form"].errors) == ["password2"]


def test_expired_temporary_password_signs_nobody_in(
    client: Client, sign_in: SignIn, user: User, temporary: str
) -> None:
    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1), tick=False):
        page = sign_in(user.sign_in_name, temporary)
        assert page.context["form"].non_field_errors() == [
            "Your temporary password has expired. Ask your reseller or provider for a new one."
        ]
        assert "_auth_user_id" not in client.session
        guessed = sign_in(user.sign_in_name, "not the password")
        assert guessed.context["form"].non_field_errors() == ["Check your user name and password."]


def test_session_ends_when_its_temporary_password_does(client: Client, user: User, temporary: str) -> None:
    user.refresh_from_db()
    client.force_login(user)
    with time_machine.travel(timezone.now() + timedelta(minutes=5), tick=False):
        User.objects.update(password_expires_at=timezone.now() - timedelta(seconds=1))
        refused = client.post(reverse("accounts:own_password"), {"password1": NEW, "password2": NEW})
    assert (refused.status_code, refused["Location"]) == (302, reverse("account_login"))
    user.refresh_from_db()
    assert user.check_password(temporary)


def test_own_password_page_is_not_for_those_who_have_one(client: Client, user: User) -> None:
    client.force_login(user)
    response = client.get(reverse("accounts:own_password"))
    assert response["Location"] == reverse("account_change_password")


# --- the service -----------------------------------------------------------------------------------------------------
def test_set_own_password_refuses_the_present_one(user: User) -> None:
    with pytest.raises(Refused, match="differs"):
        set_own_password(user=user, password=PASSWORD, by=Actor(user=user))


def test_set_own_password_refuses_the_deactivated(db: None) -> None:
    gone = UserFactory(is_active=False)
    with pytest.raises(Refused):
        set_own_password(user=gone, password=NEW, by=Actor(user=gone))


def test_set_own_password_saves_nothing_when_the_record_fails(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.services.people.record", fail)
    with pytest.raises(RuntimeError):
        set_own_password(user=user, password=NEW, by=Actor(user=user))
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_set_own_password_writes_no_mail_to_a_name_without_mailbox(db: None) -> None:
    administrator = UserFactory(customer_administrator=True)
    set_own_password(user=administrator, password=NEW, by=Actor(user=administrator))
    assert not OutgoingEmail.objects.exists()


# --- changing it -----------------------------------------------------------------------------------------------------
def test_change_password_ends_every_other_session(client: Client, user: User) -> None:
    elsewhere = Client()
    elsewhere.force_login(user)
    client.force_login(user)
    response = client.post(
        reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    )
    assert response["Location"] == reverse("accounts:preferences")
    assert client.get(reverse("accounts:preferences")).status_code == 200
    assert elsewhere.get(reverse("accounts:preferences")).status_code == 302


def test_change_password_asks_for_the_present_one(client: Client, user: User) -> None:
    client.force_login(user)
    page = client.post(
        reverse("account_change_password"), {"oldpassword": "not the password", "password1": NEW, "password2": NEW}
    )
    assert page.context["form"].errors["oldpassword"] == ["Check your password."]
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_change_password_cannot_be_guessed_from_an_open_session(client: Client, user: User) -> None:
    client.force_login(user)
    data = {"oldpassword": "not the password", "password1": NEW, "password2": NEW}
    statuses = [client.post(reverse("account_change_password"), data).status_code for _try in range(12)]
    assert statuses == [200] * 10 + [429] * 2


# --- what is refused -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "password",
    [
        "short", "password1234", "qwerty123456", "CSP-Portal-2026", "partnerpartner", "Northwind-Traders-1",
        "Senha-Portal-123", "nórthwind northwind", "microsoft-csp-2026", "robin.oliveira", "Oliveira-Robin-77",
    ],
)  # fmt: skip
def test_policy_refuses(membership: Membership, password: str) -> None:
    membership.partner.legal_name = "Northwind Traders Inc."
    membership.partner.save()
    membership.user.full_name = "Robin Oliveira"
    with pytest.raises(ValidationError):
        validate_password(password, membership.user)


@pytest.mark.parametrize(
    "password", ["an old bicycle in the rain", "my partner likes purple tea", "5€ für alte Fahrräder", NEW]
)
def test_policy_accepts_phrases(membership: Membership, password: str) -> None:
    validate_password(password, membership.user)


def test_policy_knows_the_customers_prefix(db: None) -> None:
    administrator = UserFactory(sign_in_name="admin@woodgrove.onmicrosoft.com", email="")
    with pytest.raises(ValidationError):
        validate_password("Woodgrove-2026!", administrator)


def test_passwords_are_kept_as_typed(sign_in: SignIn, user: User) -> None:
    set_own_password(user=user, password=f"  {NEW}  ", by=Actor(user=user))
    assert sign_in(user.sign_in_name, NEW).status_code == 200
    assert sign_in(user.sign_in_name, f"  {NEW}  ").status_code == 302


def test_pages_never_show_a_password(client: Client, sign_in: SignIn, user: User, temporary: str) -> None:
    pages: list[Any] = [sign_in(user.sign_in_name, temporary + "x")]
    sign_in(user.sign_in_name, temporary)
    pages.append(
        client.post(reverse("accounts:own_password"), {"password1": "short-canary", "password2": "short-canary"})
    )
    for page in pages:
        assert temporary not in page.content.decode()
        assert "short-canary" not in page.content.decode()


def test_the_demos_password_opens_nothing_in_production(sign_in: SignIn, user: User, settings: Any) -> None:
    user.set_password(settings.DEMO_PASSWORD)
    user.save()
    assert sign_in(user.sign_in_name, settings.DEMO_PASSWORD).status_code == 302
    sign_in_page = Client()
    settings.PRODUCTION = True
    page = sign_in_page.post(reverse("account_login"), {"login": user.sign_in_name, "password": settings.DEMO_PASSWORD})
    assert page.context["form"].non_field_errors() == ["Check your user name and password."]
    with pytest.raises(ValidationError):
        validate_password(settings.DEMO_PASSWORD, user)


def test_own_password_shows_what_the_service_refuses(
    client: Client, sign_in: SignIn, user: User, temporary: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**kwargs: object) -> None:
        raise Refused("Not now.")

    sign_in(user.sign_in_name, temporary)
    monkeypatch.setattr("accounts.views.set_own_password", refuse)
    page = client.post(reverse("accounts:own_password"), {"password1": NEW, "password2": NEW})
    assert page.context["form"].non_field_errors() == ["Not now."]


@pytest.mark.parametrize(
    "password",
    ["Football!2026", "iloveyou-2026!", "pr1nc3ss-2026", "sunshine....", "2026*Baseball*", "monkeymonkey"],
)
def test_policy_refuses_common_passwords_in_any_dress(user: User, password: str) -> None:
    with pytest.raises(ValidationError) as caught:
        validate_password(password, user)
    assert [error.code for error in caught.value.error_list] == ["password_too_common"]


def test_policy_accepts_a_common_word_with_enough_of_its_owners_own(user: User) -> None:
    validate_password("football 7731 9042 66", user)


@pytest.fixture
def breached(tmp_path: Path, settings: Any) -> list[str]:
    """An installation with a file of breached passwords, ordered by their hashes; returned in that order."""
    known = sorted((f"breached bicycle {number}" for number in range(500)), key=sha1)
    (tmp_path / "hashes.txt").write_text("".join(f"{sha1(one)}:{index + 1}\r\n" for index, one in enumerate(known)))
    settings.BREACHED_PASSWORDS_FILE = str(tmp_path / "hashes.txt")
    return known


def sha1(password: str) -> str:
    """As the file writes it."""
    return hashlib.sha1(password.encode()).hexdigest().upper()


def test_policy_refuses_every_breached_password_of_the_file(user: User, breached: list[str]) -> None:
    for password in breached:
        with pytest.raises(ValidationError, match="known from a break-in elsewhere"):
            validate_password(password, user)
    for number in range(500):
        validate_password(f"unbroken bicycle {number}", user)


def test_policy_looks_up_nothing_without_a_file(user: User) -> None:
    validate_password("breached bicycle 7", user)


# --- how they are kept -----------------------------------------------------------------------------------------------
def test_passwords_are_kept_as_argon2_and_older_ones_replaced_at_sign_in(user: User, settings: Any) -> None:
    settings.PASSWORD_HASHERS = installed_hashers()
    User.objects.filter(pk=user.pk).update(password=make_password(PASSWORD, hasher="pbkdf2_sha256"))
    client = Client()
    assert client.post(reverse("account_login"), {"login": user.sign_in_name, "password": PASSWORD}).status_code == 302
    user.refresh_from_db()
    assert identify_hasher(user.password).algorithm == "argon2"
    assert user.check_password(PASSWORD)


def installed_hashers() -> list[str]:
    """The hashers of the settings file, which the tests replace by a fast one."""
    source = (Path(__file__).parents[2] / "csp_portal" / "settings.py").read_text()
    tree = ast.parse(source)
    return next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "PASSWORD_HASHERS"
    )
