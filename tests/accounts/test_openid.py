"""Sign-in at an OpenID Connect provider: who gets in, with what, and what is left behind."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import time_machine
from allauth.mfa.models import Authenticator
from django.contrib.messages import get_messages
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_httpserver import HTTPServer

from accounts.access import Actor
from accounts.models import OpenIDLink, User
from accounts.openid import provider as asking
from accounts.services import end_membership
from activity.models import ActivityRecord
from mail.models import OutgoingEmail
from tests.accounts.conftest import SignIn, totp_code
from tests.accounts.openid_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    EC_KEY,
    RSA_KEY,
    STRANGERS_KEY,
    FakeProvider,
    public_jwk,
)
from tests.contracts import html_faults
from tests.factories import MembershipFactory, UserFactory

ADDRESS = "robin@northwind.example"
START = "/account/openid/start/"
CALLBACK = "/account/openid/callback/"
FAILED = (
    "Signing in with Contoso did not work. Try again, or sign in with your user name and password or with a passkey. "
    "If it goes on, tell whoever runs this portal."
)
DOWN = (
    "Contoso does not answer at the moment. Sign in with your user name and password or with a passkey, or try again "
    "in a few minutes. If you have no password yet, choose one under Forgotten password."
)
SIGN_IN = "/account/sign-in/"


@pytest.fixture
def provider(httpserver: HTTPServer, settings: Any) -> FakeProvider:
    """A provider, and a portal that knows it."""
    fake = FakeProvider(httpserver)
    settings.OIDC_SERVER_URL = fake.issuer
    settings.OIDC_CLIENT_ID = CLIENT_ID
    settings.OIDC_CLIENT_SECRET = CLIENT_SECRET
    settings.OIDC_NAME = "Contoso"
    return fake


@pytest.fixture
def person(db: None) -> User:
    """Somebody of a provider whose address the OpenID Connect provider knows."""
    user: User = MembershipFactory(user__sign_in_name=ADDRESS, user__full_name="Robin Silva").user
    return user


def answer_of(client: Client, next_page: str = "") -> str:
    """Press the button and let the provider do its part; the address to which it sends the browser back."""
    pressed = client.post(START + (f"?next={next_page}" if next_page else ""))
    assert pressed.status_code == 302
    answer = requests.get(pressed["Location"], allow_redirects=False, timeout=5)
    assert answer.headers["Location"].startswith("http://localhost:8000" + CALLBACK + "?")
    return answer.headers["Location"].removeprefix("http://localhost:8000")


def through(client: Client, next_page: str = "") -> HttpResponse:
    """The whole way, as a browser goes it."""
    return client.get(answer_of(client, next_page))


def is_in(client: Client) -> bool:
    """Whether somebody is signed in."""
    return "_auth_user_id" in client.session


def form_action(response: HttpResponse) -> str:
    """Where the page's forms may lead."""
    found = [one for one in response["Content-Security-Policy"].split("; ") if one.startswith("form-action")]
    return " ".join(found)


def said(response: HttpResponse) -> list[str]:
    """What the next page will say."""
    return [str(message) for message in get_messages(response.wsgi_request)]


def refused(client: Client, response: HttpResponse, text: str = FAILED) -> None:
    """Back at the sign-in page, with a sentence, and nobody signed in or linked."""
    assert (response.status_code, response["Location"].partition("?")[0]) == (302, SIGN_IN)
    assert set(said(response)) == {text}
    assert not is_in(client)
    assert not OpenIDLink.objects.exists()


# --- without settings nothing of it exists ---------------------------------------------------------------------------
def test_without_a_provider_there_is_no_page_and_no_button(client: Client, sign_in: SignIn, person: User) -> None:
    page = client.get(SIGN_IN)
    assert "openid" not in page.content.decode()
    assert form_action(page) == "form-action 'self'"
    assert [client.post(START).status_code, client.get(START).status_code, client.get(CALLBACK).status_code] == [
        404
    ] * 3
    link = OpenIDLink.objects.create(user=person, issuer="https://id.example", subject="a", address=ADDRESS)
    sign_in(ADDRESS)
    assert client.get(reverse("accounts:openid_remove", args=[link.pk])).status_code == 404
    assert client.post(reverse("accounts:openid_remove", args=[link.pk])).status_code == 404
    html = client.get(reverse("mfa_index")).content.decode().replace("<wbr>", "")
    assert "openid" not in html
    assert OpenIDLink.objects.count() == 1


# --- the way in ------------------------------------------------------------------------------------------------------
def test_the_button_leads_to_the_provider(client: Client, provider: FakeProvider, db: None) -> None:
    page = client.get(SIGN_IN + "?next=/customers/")
    html = page.content.decode()
    assert html_faults(html) == []
    assert "Sign in with Contoso" in html
    assert f'action="{START}?next=%2Fcustomers%2F"' in html
    assert form_action(page) == f"form-action 'self' http://localhost:{provider.server.port}"
    assert form_action(client.get(reverse("account_reset_password"))) == "form-action 'self'"

    where = urlsplit(client.post(START)["Location"])
    asked = {name: values[0] for name, values in parse_qs(where.query).items()}
    assert where.path == "/authorize"
    assert {name: asked[name] for name in ("response_type", "client_id", "scope", "code_challenge_method")} == {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "scope": "openid email",
        "code_challenge_method": "S256",
    }
    assert asked["redirect_uri"] == "http://localhost:8000" + CALLBACK
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3


def test_the_first_time_links_the_person_and_says_so(client: Client, provider: FakeProvider, person: User) -> None:
    answer = through(client)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.session["_auth_user_id"] == str(person.pk)
    link = OpenIDLink.objects.get()
    assert (link.user, link.issuer, link.subject, link.address) == (person, provider.issuer, "a-person", ADDRESS)
    record = ActivityRecord.objects.get(action="user.openid_linked")
    assert (record.actor_user_id, record.ip) == (person.pk, "127.0.0.1")
    mail = OutgoingEmail.objects.get()
    assert (mail.kind, mail.recipient) == ("security_changed", ADDRESS)
    assert "was linked to one at your organization’s sign-in service" in " ".join(mail.text.split())


def test_the_link_signs_in_whatever_the_address_is_by_then(
    client: Client, provider: FakeProvider, person: User
) -> None:
    through(client)
    provider.claims |= {"email": "another@elsewhere.example", "email_verified": False}
    again = Client()
    assert through(again)["Location"] == "/"
    assert again.session["_auth_user_id"] == str(person.pk)
    assert (OpenIDLink.objects.count(), OutgoingEmail.objects.filter(kind="security_changed").count()) == (1, 1)


def test_any_spelling_of_the_address_is_the_person(client: Client, provider: FakeProvider, person: User) -> None:
    provider.claims["email"] = " Robin@NORTHWIND.example"
    through(client)
    assert is_in(client)


def test_es256_and_the_secret_in_the_body_are_fine(client: Client, provider: FakeProvider, person: User) -> None:
    provider.basic = False
    provider.jwks.append(public_jwk(EC_KEY, "curve"))
    provider.signing = {"key": EC_KEY, "algorithm": "ES256", "headers": {"kid": "curve"}}
    through(client)
    assert is_in(client)


def test_the_session_gets_a_new_key(client: Client, provider: FakeProvider, person: User) -> None:
    address = answer_of(client)
    before = client.session.session_key
    client.get(address)
    assert is_in(client)
    assert client.session.session_key != before
    assert "openid_attempt" not in client.session
    assert client.session["signed_in_at"]


def test_a_new_browser_is_told_by_mail(provider: FakeProvider, person: User) -> None:
    User.objects.filter(pk=person.pk).update(date_joined=timezone.now() - timedelta(days=30))
    for _browser in range(2):
        through(Client(headers={"user-agent": "Firefox Windows"}))
    assert OutgoingEmail.objects.filter(kind="new_device").count() == 1


def test_sign_out_stays_here(client: Client, provider: FakeProvider, person: User) -> None:
    through(client)
    assert client.post(reverse("account_logout"))["Location"] == SIGN_IN
    assert not is_in(client)


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/account/preferences/", "/account/preferences/"),
        ("//evil.example", "/"),
        ("https://evil.example/", "/"),
        (r"/\evil.example", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_the_way_leads_on_inside_the_portal_only(
    client: Client, provider: FakeProvider, person: User, wanted: str, reached: str
) -> None:
    assert through(client, wanted)["Location"] == reached


def test_the_answer_does_not_say_where_to_go(client: Client, provider: FakeProvider, person: User) -> None:
    assert client.get(answer_of(client) + "&next=/account/preferences/")["Location"] == "/"


# --- the second step -------------------------------------------------------------------------------------------------
def give_app(person: User) -> str:
    """An authenticator app; its key."""
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    key = str(generate_totp_secret())
    TOTP.activate(person, key)
    return key


@pytest.mark.parametrize("counts", [False, True])
@pytest.mark.parametrize("methods", [["pwd"], ["pwd", "mfa"], "mfa", None])
def test_our_own_second_step_is_asked_unless_the_providers_counts(
    client: Client, provider: FakeProvider, person: User, settings: Any, counts: bool, methods: Any
) -> None:
    settings.OIDC_MFA = counts
    settings.MFA_REQUIRED = True
    secret = give_app(person)
    provider.claims["amr"] = methods
    answer = through(client, "/account/preferences/")
    if counts and methods == ["pwd", "mfa"]:
        assert answer["Location"] == "/account/preferences/"
        assert client.get("/account/preferences/").status_code == 200
        return
    assert answer["Location"] == reverse("mfa_authenticate")
    assert not is_in(client)
    assert client.post(answer["Location"], {"code": totp_code(secret)})["Location"] == "/account/preferences/"
    assert client.get("/account/preferences/").status_code == 200


@pytest.mark.parametrize(("counts", "owes"), [(False, True), (True, False)])
def test_whoever_has_no_second_factor_sets_one_up_unless_the_providers_counts(
    client: Client, provider: FakeProvider, person: User, settings: Any, counts: bool, owes: bool
) -> None:
    settings.OIDC_MFA, settings.MFA_REQUIRED = counts, True
    provider.claims["amr"] = ["mfa"]
    through(client)
    page = client.get("/account/preferences/")
    assert page.status_code == (302 if owes else 200)
    assert not owes or page["Location"] == reverse("mfa_activate_totp")
    settings.OIDC_MFA = False
    assert client.get("/account/preferences/")["Location"] == reverse("mfa_activate_totp")


def test_the_providers_second_step_confirms_nothing_here(
    client: Client, provider: FakeProvider, person: User, settings: Any
) -> None:
    settings.OIDC_MFA = True
    give_app(person)
    provider.claims["amr"] = ["mfa"]
    through(client)
    assert client.get(reverse("mfa_deactivate_totp"))["Location"].startswith(reverse("account_reauthenticate"))
    assert Authenticator.objects.count() == 1


# --- who does not get in ---------------------------------------------------------------------------------------------
def nobody(client: Client, response: HttpResponse) -> str:
    """The page for whoever has no account here."""
    assert response.status_code == 403
    assert not is_in(client)
    assert not OutgoingEmail.objects.exists()
    html = response.content.decode()
    assert html_faults(html) == []
    return re.sub(r'value="[A-Za-z0-9]{64}"|nonce-\S+', "", html)


def test_unknown_inactive_and_unproved_read_the_same(provider: FakeProvider, person: User) -> None:
    pages = []
    deactivated = MembershipFactory(user__sign_in_name="gone@northwind.example", user__is_active=False).user
    administrator = UserFactory(customer_administrator=True)
    with_mailbox = UserFactory(sign_in_name="admin@tailwind.example")
    left = MembershipFactory(user__sign_in_name="left@northwind.example")
    end_membership(membership=left, by=Actor(user=UserFactory(back_office=True)))
    OutgoingEmail.objects.all().delete()
    clerk = UserFactory(sign_in_name="clerk@northwind.example", back_office=True, is_active=False)
    names = [deactivated, clerk, administrator, with_mailbox, left.user]
    changes = [{"email": one.sign_in_name} for one in names]
    changes += [
        {"email": "nobody@northwind.example"},
        {"email": "no address"},
        {"email": None},
        {"email": ["robin@northwind.example"]},
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "true"},
        {"email": "robín@northwind.example"},
    ]
    for changed in changes:
        provider.changed = changed
        client = Client()
        pages.append(nobody(client, through(client)))
    assert len(set(pages)) == 1
    assert not OpenIDLink.objects.exists()
    assert User.objects.count() == 7


def test_a_linked_person_who_is_deactivated_stays_out(client: Client, provider: FakeProvider, person: User) -> None:
    through(client)
    User.objects.update(is_active=False)
    OutgoingEmail.objects.all().delete()
    again = Client()
    nobody(again, through(again))


def test_an_address_that_passed_to_another_account_takes_nobody_along(
    client: Client, provider: FakeProvider, person: User
) -> None:
    through(client)
    OutgoingEmail.objects.all().delete()
    provider.claims["sub"] = "somebody-else"
    again = Client()
    nobody(again, through(again))
    assert OpenIDLink.objects.get().subject == "a-person"


def test_the_operators_own_tenant_vouches_for_addresses(
    client: Client, provider: FakeProvider, person: User, settings: Any
) -> None:
    settings.OIDC_TRUST_EMAIL = True
    provider.changed = {"email_verified": None}
    through(client)
    assert is_in(client)


def test_the_back_office_gets_in(client: Client, provider: FakeProvider, db: None) -> None:
    UserFactory(sign_in_name=ADDRESS, back_office=True)
    through(client)
    assert is_in(client)


# --- tokens that are not believed ------------------------------------------------------------------------------------
HOUR = 3600
WRONG: dict[str, Callable[[float], dict[str, Any]]] = {
    "nonce": lambda now: {"nonce": "another"},
    "no nonce": lambda now: {"nonce": None},
    "issuer": lambda now: {"iss": "https://evil.example"},
    "no issuer": lambda now: {"iss": None},
    "audience": lambda now: {"aud": "another-client"},
    "no audience": lambda now: {"aud": None},
    "two audiences": lambda now: {"aud": [CLIENT_ID, "another-client"]},
    "for another of two": lambda now: {"aud": [CLIENT_ID, "another-client"], "azp": "another-client"},
    "for another": lambda now: {"azp": "another-client"},
    "expired": lambda now: {"iat": now - 200, "exp": now - 90},
    "no expiry": lambda now: {"exp": None},
    "old": lambda now: {"iat": now - HOUR, "exp": now + HOUR},
    "of tomorrow": lambda now: {"iat": now + HOUR, "exp": now + 2 * HOUR},
    "no time": lambda now: {"iat": None},
    "nobody": lambda now: {"sub": None},
    "empty": lambda now: {"sub": ""},
    "long": lambda now: {"sub": "a" * 256},
}


@pytest.mark.parametrize("what", WRONG)
def test_a_claim_that_is_wrong_signs_nobody_in(client: Client, provider: FakeProvider, person: User, what: str) -> None:
    provider.changed = WRONG[what](int(timezone.now().timestamp()))
    refused(client, through(client))


def test_a_clock_half_a_minute_off_is_fine(client: Client, provider: FakeProvider, person: User) -> None:
    now = int(timezone.now().timestamp())
    provider.changed = {"iat": now + 30, "exp": now + 300, "aud": [CLIENT_ID, "another-client"], "azp": CLIENT_ID}
    through(client)
    assert is_in(client)


PUBLIC = b"the public key, which everybody has, taken for a secret"
SIGNED: dict[str, dict[str, Any]] = {
    "by a stranger": {"key": STRANGERS_KEY, "algorithm": "RS256", "headers": {"kid": "first"}},
    "by nobody": {"key": None, "algorithm": "none", "headers": {"kid": "first"}},
    "with a shared secret": {"key": PUBLIC, "algorithm": "HS256", "headers": {"kid": "first"}},
    "with the client's secret": {"key": CLIENT_SECRET * 2, "algorithm": "HS256", "headers": {"kid": "first"}},
    "in another way": {"key": RSA_KEY, "algorithm": "PS256", "headers": {"kid": "first"}},
    "with an unknown key": {"key": RSA_KEY, "algorithm": "RS256", "headers": {"kid": "second"}},
    "without naming a key": {"key": RSA_KEY, "algorithm": "RS256"},
    "with a key of the other kind": {"key": EC_KEY, "algorithm": "ES256", "headers": {"kid": "first"}},
}


@pytest.mark.parametrize("how", SIGNED)
def test_a_token_signed_otherwise_signs_nobody_in(
    client: Client, provider: FakeProvider, person: User, how: str
) -> None:
    provider.signing = SIGNED[how]
    provider.jwks.append({"kty": "oct", "kid": "shared", "k": "c2VjcmV0"})
    refused(client, through(client))


def test_a_shared_key_that_the_provider_publishes_is_none(client: Client, provider: FakeProvider, person: User) -> None:
    provider.jwks = [{"kty": "oct", "kid": "first", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U"}]
    provider.signing = {"key": b"secretsecretsecretsecretsecretse", "algorithm": "HS256", "headers": {"kid": "first"}}
    refused(client, through(client))


def test_keys_are_fetched_again_once_for_one_that_is_new(client: Client, provider: FakeProvider, person: User) -> None:
    through(client)
    assert provider.asked == ["discovery", "token", "keys"]
    provider.jwks = [public_jwk(STRANGERS_KEY, "second")]
    provider.signing = {"key": STRANGERS_KEY, "algorithm": "RS256", "headers": {"kid": "second"}}
    again = Client()
    through(again)
    assert is_in(again)
    assert provider.asked[3:] == ["token", "keys"]
    provider.signing["headers"] = {"kid": "third"}
    third = Client()
    assert said(through(third)) == [FAILED]
    assert provider.asked[5:] == ["token", "keys"]


# --- answers that answer nothing -------------------------------------------------------------------------------------
def test_an_answer_counts_once(client: Client, provider: FakeProvider, person: User) -> None:
    address = answer_of(client)
    provider.changed = {"email": "nobody@northwind.example"}
    assert client.get(address).status_code == 403
    refused(client, client.get(address))
    assert provider.asked.count("token") == 1


def test_whoever_is_in_stays_who_they_are(client: Client, provider: FakeProvider, person: User) -> None:
    other = MembershipFactory().user
    address = answer_of(client)
    client.force_login(other)
    assert client.get(address)["Location"] == "/"
    assert client.post(START)["Location"] == "/"
    assert client.session["_auth_user_id"] == str(other.pk)


def test_anothers_answer_signs_nobody_in(client: Client, provider: FakeProvider, person: User) -> None:
    theirs = answer_of(Client())
    refused(client, client.get(theirs))
    mine = answer_of(client)
    refused(client, client.get(theirs))
    refused(client, client.get(CALLBACK))
    refused(client, client.get(re.sub("state=[^&]+", "state=", mine)))
    assert client.get(mine)["Location"] == "/", "a stranger's answer has not ended the attempt"


def test_another_code_in_ones_own_answer_fails_at_the_challenge(
    client: Client, provider: FakeProvider, person: User
) -> None:
    theirs, mine = answer_of(Client()), answer_of(client)
    code = re.search("code=[^&]+", theirs)
    assert code
    refused(client, client.get(re.sub("code=[^&]+", code[0], mine)))


def test_ten_minutes_are_enough(client: Client, provider: FakeProvider, person: User) -> None:
    address = answer_of(client)
    with time_machine.travel(timezone.now() + timedelta(minutes=10, seconds=5), tick=True):
        refused(client, client.get(address))
    assert "token" not in provider.asked


def test_an_answer_in_anothers_name_is_refused(client: Client, provider: FakeProvider, person: User) -> None:
    refused(client, client.get(answer_of(client) + "&iss=https://evil.example"))


def test_looking_at_the_answer_does_nothing(client: Client, provider: FakeProvider, person: User) -> None:
    address = answer_of(client)
    assert [client.head(address).status_code, client.post(address).status_code] == [405, 405]
    assert client.get(START).status_code == 405
    client.get(address)
    assert is_in(client)


def test_the_button_needs_a_token_of_the_page(provider: FakeProvider, db: None) -> None:
    assert Client(enforce_csrf_checks=True).post(START).status_code == 403


def test_whoever_cancels_is_back_at_sign_in(client: Client, provider: FakeProvider, person: User) -> None:
    provider.cancels = True
    answer = through(client, "/customers/")
    assert answer["Location"] == SIGN_IN + "?next=%2Fcustomers%2F"
    refused(client, answer, "You did not sign in with Contoso. Try again, or use another way.")


def test_tries_are_limited(client: Client, provider: FakeProvider, db: None) -> None:
    answers = [client.get(CALLBACK).status_code for _try in range(101)]
    assert answers == [302] * 100 + [429]
    assert client.post(START).status_code == 429


# --- a provider that is down -----------------------------------------------------------------------------------------
def test_a_provider_that_is_down_leaves_the_password(
    client: Client, provider: FakeProvider, person: User, sign_in: SignIn, settings: Any
) -> None:
    settings.OIDC_SERVER_URL = "http://localhost:9/tenant"
    refused(client, client.post(START), DOWN)
    assert client.get(SIGN_IN).status_code == 200
    assert sign_in(ADDRESS)["Location"] == "/"


def test_a_provider_that_is_slow_is_given_up(
    client: Client, provider: FakeProvider, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (asking.CONNECT_SECONDS, asking.READ_SECONDS) == (3, 5)
    monkeypatch.setattr(asking, "READ_SECONDS", 0.05)
    import time

    provider.server.clear()
    provider.server.expect_request("/tenant/v2.0/.well-known/openid-configuration").respond_with_handler(
        lambda request: time.sleep(0.3)  # type: ignore[arg-type,return-value]
    )
    refused(client, client.post(START), DOWN)


def test_after_an_outage_nobody_waits_for_half_a_minute(
    client: Client, provider: FakeProvider, person: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, asked, ask = settings.OIDC_SERVER_URL, [], asking._ask
    monkeypatch.setattr(asking, "_ask", lambda *args, **sent: asked.append(args) or ask(*args, **sent))
    settings.OIDC_SERVER_URL = "http://localhost:9/tenant"
    for _try in range(3):
        refused(client, client.post(START), DOWN)
    assert len(asked) == 1
    settings.OIDC_SERVER_URL = right
    assert client.post(START)["Location"].startswith(right.removesuffix("/tenant/v2.0")), "another provider is asked"
    settings.OIDC_SERVER_URL = "http://localhost:9/tenant"
    asking.cache.delete(asking._cache_name("outage"))
    refused(client, client.post(START), DOWN)
    assert len(asked) == 3


def test_an_answer_that_says_no_is_no_outage(client: Client, provider: FakeProvider, person: User) -> None:
    provider.token_status = 503
    refused(client, through(client), DOWN)
    provider.token_status = 200
    assert through(client)["Location"] == "/"


def test_a_token_endpoint_that_is_down_says_so(client: Client, provider: FakeProvider, person: User) -> None:
    provider.token_status = 503
    refused(client, through(client), DOWN)


def test_a_wrong_secret_is_refused_and_logged(
    client: Client, provider: FakeProvider, person: User, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.OIDC_CLIENT_SECRET = "expired"
    refused(client, through(client))
    assert "401 invalid_client" in caplog.text


UNUSABLE: dict[str, dict[str, Any]] = {
    "another issuer": {"issuer": "https://evil.example"},
    "no issuer": {"issuer": None},
    "a sign-in page elsewhere": {"authorization_endpoint": "https://evil.example/authorize"},
    "tokens without TLS": {"token_endpoint": "http://id.example/token"},
    "keys without TLS": {"jwks_uri": "http://id.example/keys"},
    "no keys": {"jwks_uri": 7},
    "too long": {"padding": "x" * 600_000},
}


@pytest.mark.parametrize("what", UNUSABLE)
def test_a_provider_that_describes_itself_wrongly_is_not_used(
    client: Client, provider: FakeProvider, person: User, what: str
) -> None:
    provider.document = UNUSABLE[what]
    refused(client, client.post(START), DOWN)


@pytest.mark.parametrize("body", ["", "no JSON", "[]", "7"])
def test_an_answer_that_is_none_is_an_outage(client: Client, provider: FakeProvider, person: User, body: str) -> None:
    provider.server.clear()
    provider.server.expect_request("/tenant/v2.0/.well-known/openid-configuration").respond_with_data(body)
    refused(client, client.post(START), DOWN)


def test_redirects_are_not_followed(client: Client, provider: FakeProvider, person: User) -> None:
    elsewhere = {"Location": provider.server.url_for("/elsewhere")}
    provider.server.clear()
    provider.server.expect_request("/tenant/v2.0/.well-known/openid-configuration").respond_with_data(
        "{}", 302, headers=elsewhere
    )
    refused(client, client.post(START), DOWN)
    assert [request.path for request, _answer in provider.server.log] == [
        "/tenant/v2.0/.well-known/openid-configuration"
    ]


# --- the link, as its owner sees it ----------------------------------------------------------------------------------
def test_the_link_is_listed_and_removed(client: Client, provider: FakeProvider, person: User) -> None:
    through(client)
    elsewhere = Client()
    through(elsewhere)
    link = OpenIDLink.objects.get()
    html = client.get(reverse("mfa_index")).content.decode().replace("<wbr>", "")
    assert html_faults(html) == []
    assert (html.count(f"<bdi>{ADDRESS}</bdi></strong>"), "Contoso signs you in without the password" in html) == (
        1,
        True,
    )
    address = reverse("accounts:openid_remove", args=[link.pk])
    page = client.get(address)
    assert html_faults(page.content.decode()) == []
    assert OpenIDLink.objects.exists()
    assert client.post(address)["Location"] == reverse("mfa_index")
    assert not OpenIDLink.objects.exists()
    assert [client.get("/account/preferences/").status_code, elsewhere.get("/account/preferences/").status_code] == [
        200,
        302,
    ]
    assert ActivityRecord.objects.filter(action="user.openid_unlinked", actor_user_id=person.pk).count() == 1
    newest = OutgoingEmail.objects.latest("created_at")
    assert "sign-in service was removed" in " ".join(newest.text.split())
    assert "That is removed already." in client.post(address, follow=True).content.decode()
    assert "Not linked yet" in client.get(reverse("mfa_index")).content.decode()


def test_anothers_link_is_not_found(client: Client, provider: FakeProvider, person: User) -> None:
    through(client)
    other = OpenIDLink.objects.create(user=UserFactory(), issuer=provider.issuer, subject="other")
    address = reverse("accounts:openid_remove", args=[other.pk])
    assert client.get(address).status_code == 404
    # As of one that was removed before.
    assert "That is removed already." in client.post(address, follow=True).content.decode()
    assert OpenIDLink.objects.count() == 2


def test_a_removal_asks_first(client: Client, provider: FakeProvider, person: User) -> None:
    through(client)
    address = reverse("accounts:openid_remove", args=[OpenIDLink.objects.get().pk])
    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=True):
        assert client.get(address)["Location"].startswith(reverse("account_reauthenticate"))
        assert client.post(address).status_code == 200
    assert OpenIDLink.objects.exists()
