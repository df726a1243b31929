"""One's own account: preferences and the company one acts for."""

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, User
from core import clock
from tests.factories import MembershipFactory, PartnerFactory

PREFERENCES = "/account/preferences/"


@pytest.fixture
def second(membership: Membership) -> Membership:
    """The same person's work for another company, later by name."""
    return MembershipFactory(user=membership.user, partner=PartnerFactory(reseller=True, legal_name="Zeta Services"))


def acting_for(client: Client) -> str:
    """For whom the next request acts."""
    return str(client.get(PREFERENCES).wsgi_request.actor.partner)


# --- the switcher ---
def test_switch_acts_for_another_of_ones_companies(client: Client, membership: Membership, second: Membership) -> None:
    client.force_login(membership.user)
    assert acting_for(client) == str(membership.partner)
    response = client.post(reverse("accounts:switch"), {"membership": second.pk})
    assert (response.status_code, response["Location"]) == (302, reverse("home"))
    assert acting_for(client) == "Zeta Services"
    client.post(reverse("accounts:switch"), {"membership": membership.pk})
    assert acting_for(client) == str(membership.partner)


def test_switch_to_another_persons_membership_is_unknown(client: Client, membership: Membership) -> None:
    foreign = MembershipFactory()
    client.force_login(membership.user)
    answers = [client.post(reverse("accounts:switch"), {"membership": wanted}) for wanted in (foreign.pk, 999_999_999)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    assert acting_for(client) == str(membership.partner)


@pytest.mark.parametrize("wanted", ["", "x", "-1", "1.5", "1 OR 1=1", "9" * 30, "²", "٣"])
def test_switch_takes_numbers_only(client: Client, membership: Membership, wanted: str) -> None:
    client.force_login(membership.user)
    assert client.post(reverse("accounts:switch"), {"membership": wanted}).status_code == 404


def test_switch_to_an_ended_membership_is_unknown(client: Client, membership: Membership, second: Membership) -> None:
    Membership.objects.filter(pk=second.pk).update(ended_at=clock.now())
    client.force_login(membership.user)
    assert client.post(reverse("accounts:switch"), {"membership": second.pk}).status_code == 404


def test_switch_is_forgotten_when_the_membership_ends(
    client: Client, membership: Membership, second: Membership
) -> None:
    client.force_login(membership.user)
    client.post(reverse("accounts:switch"), {"membership": second.pk})
    Membership.objects.filter(pk=second.pk).update(ended_at=clock.now())
    assert acting_for(client) == str(membership.partner)


def test_switch_needs_a_post(client: Client, membership: Membership) -> None:
    client.force_login(membership.user)
    assert client.get(reverse("accounts:switch")).status_code == 405


def test_posts_need_the_token(membership: Membership) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(membership.user)
    names = [
        "accounts:switch", "accounts:preferences", "account_logout", "account_change_password",
        "account_reset_password", "mfa_activate_totp",
    ]  # fmt: skip
    assert [client.post(reverse(name)).status_code for name in names] == [403] * len(names)
    assert Client(enforce_csrf_checks=True).post(reverse("account_login")).status_code == 403


# --- preferences ---
def test_preferences_save_and_answer_in_the_new_language(client: Client, user: User) -> None:
    client.force_login(user)
    data = {"full_name": "Robin  Silva", "language": "pt-br", "time_zone": "America/Sao_Paulo", "theme": "dark"}
    response = client.post(PREFERENCES, data)
    assert (response.status_code, response["Location"]) == (302, PREFERENCES)
    user.refresh_from_db()
    assert (user.full_name, user.language, user.time_zone, user.theme) == (
        "Robin Silva", "pt-br", "America/Sao_Paulo", "dark",
    )  # fmt: skip
    page = client.get(PREFERENCES)
    assert page["Content-Language"] == "pt-br"
    assert 'data-bs-theme="dark"' in page.content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("full_name", ""), ("full_name", "x" * 151), ("full_name", "Robin\u202eSilva"), ("full_name", "Robin\x00"),
        ("language", "xx"), ("time_zone", "Mars/Base"), ("time_zone", "../../etc/passwd"), ("theme", "pink"),
    ],
)  # fmt: skip
def test_preferences_refuse(client: Client, user: User, field: str, value: str) -> None:
    client.force_login(user)
    data = {"full_name": "Robin Silva", "language": "en", "time_zone": "UTC", "theme": "auto", field: value}
    page = client.post(PREFERENCES, data)
    assert page.status_code == 200
    assert list(page.context["form"].errors) == [field]
    assert page.content.decode().count("There is a problem") == 1
    before = user.full_name
    user.refresh_from_db()
    assert user.full_name == before


def test_preferences_change_nothing_else(client: Client, user: User) -> None:
    client.force_login(user)
    data = {"full_name": "Robin", "language": "en", "time_zone": "UTC", "theme": "auto"}
    client.post(PREFERENCES, {**data, "is_staff": "on", "is_superuser": "on", "sign_in_name": "boss@company.example"})
    before = user.sign_in_name
    user.refresh_from_db()
    assert (user.is_staff, user.is_superuser, user.sign_in_name) == (False, False, before)


def test_preferences_that_are_refused_do_not_reach_the_shell(client: Client, user: User) -> None:
    client.force_login(user)
    data = {"full_name": "Not Saved", "language": "en", "time_zone": "Mars/Base", "theme": "dark"}
    page = client.post(PREFERENCES, data)
    assert page.context["shell"]["person"] == user.full_name
    assert page.context["shell"]["theme"] == "auto"


@pytest.mark.parametrize("count", [1, 3])
def test_preferences_cost_the_same_with_more_companies(
    client: Client, user: User, count: int, django_assert_num_queries: object
) -> None:
    for _n in range(count - 1):
        MembershipFactory(user=user)
    client.force_login(user)
    client.get(PREFERENCES)
    with django_assert_num_queries(3):  # type: ignore[operator]
        client.get(PREFERENCES)
    assert Session.objects.count() == 1
