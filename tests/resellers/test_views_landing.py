"""Where links land: what they prove, what they never tell, and how long a session keeps them."""

import hmac
from datetime import timedelta
from unittest import mock

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core import clock
from resellers.landing import OPENED, PENDING
from resellers.models import PartnershipRequest
from resellers.services import revoke_request, share_request
from resellers.tokens import link_token, request_link
from tests.factories import PASSWORD
from tests.reading import steady
from tests.resellers.conftest import make_draft, make_sent, signed_in
from tests.resellers.invitation import (
    buttons,
    check_page,
    clean,
    landing,
    opened,
    page,
    press,
    state_of,
    without_token,
    words,
)
from tests.resellers.test_wording import bad_tokens


def test_the_link_takes_the_token_out_of_the_address(sent, client):
    response = client.get(landing(sent))
    assert (response.status_code, response.url) == (302, clean(sent))
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert client.session[PENDING] == {
        "public_id": str(sent.public_id),
        "nonce": sent.nonce,
        "provider_name": "Northwind Distribution",
    }


def test_a_link_without_its_last_slash_works_as_well(sent, client):
    assert client.get(landing(sent).rstrip("/")).url == clean(sent)


State = PartnershipRequest.State
BUTTONS = (
    "accept",
    "decline",
    "switch_account",
    "continue",
    "create_account",
    "ask_for_new_link",
    "withdraw_acceptance",
)
SCANNERS = ["Mozilla/5.0 (compatible; SafeLinks)", "Barracuda", "Proofpoint", "Googlebot", ""]


def test_mail_scanners_change_nothing(sent, riley):
    before = PartnershipRequest.objects.values().get()
    for agent in SCANNERS:
        scanner = Client(headers={"user-agent": agent})
        for method in (scanner.get, scanner.head, scanner.options):
            assert method(landing(sent), follow=True).status_code == 200
            assert method(clean(sent)).status_code in (200, 404)
            for name in BUTTONS:
                assert method(press(name, sent)).status_code in (200, 405)
    assert PartnershipRequest.objects.values().get() == before
    browser = opened(sent, riley)
    assert browser.post(press("accept", sent)).url == clean(sent)
    assert state_of(sent) == State.ACCEPTED


def test_posts_without_the_pages_token_do_nothing(sent, riley):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(riley.user)
    browser.get(landing(sent))
    for name in BUTTONS:
        response = browser.post(press(name, sent), {"email": "evil@evil.example", "provider": "x"})
        assert response.status_code == 403
    assert state_of(sent) == State.SENT


def test_unknown_malformed_and_guessed_links_give_one_page(sent, client, sender, monkeypatch):
    monkeypatch.setattr("core.bad_links.TRIES", 10_000)
    token = link_token(sent)
    gone = revoke_request(request=make_sent(sender, "x@fabrikam.example"), by=sender)
    addresses = [
        reverse("resellers:landing", args=["00000000-0000-4000-8000-000000000000", token]),
        reverse("resellers:landing", args=[gone.public_id, token]),
        reverse("resellers:invitation", args=["00000000-0000-4000-8000-000000000000"]),
        clean(sent),
        clean(gone),
        "/i/not-a-guid/",
        f"/i/not-a-guid/{token}/",
        f"/i/{sent.public_id}/{token}/more/",
        f"/i/{str(sent.public_id).upper()}/{token}/",
        *(reverse("resellers:landing", args=[sent.public_id, bad]) for bad in bad_tokens(token) if bad),
    ]
    answers = [client.get(address) for address in addresses]
    bodies = {answer.content for answer in answers}
    assert len(bodies) == 1
    assert {answer.status_code for answer in answers} == {404}
    assert "northwind" not in bodies.pop().decode().lower()
    assert PENDING not in client.session


def test_a_nul_in_a_link_is_refused(sent, client):
    assert client.get(f"{landing(sent)[:-1]}%00/").status_code in (400, 404)


def test_after_twenty_bad_links_in_ten_minutes_there_is_a_pause(sent, client, settings):
    # The database's cache believes the moved clock; Redis has one of its own.
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}}
    bad = reverse("resellers:landing", args=[sent.public_id, "A" * 43])
    assert [client.get(bad).status_code for _try in range(20)] == [404] * 20
    response = client.get(bad)
    assert (response.status_code, response.headers["Retry-After"]) == (429, "600")
    assert client.get("/i/whatever/").status_code == 429
    assert client.get(landing(sent)).status_code == 302
    assert Client(REMOTE_ADDR="192.0.2.7").get(bad).status_code == 404
    assert client.get(bad, headers={"x-forwarded-for": "192.0.2.8"}).status_code == 429
    with time_machine.travel(clock.now() + timedelta(minutes=11)):
        assert client.get(bad).status_code == 404


def test_without_the_cache_links_still_work_and_bad_ones_are_still_unknown(sent, client, monkeypatch):
    def fail(*_args, **_options):
        raise OSError

    monkeypatch.setattr(cache, "get_many", fail)
    assert client.get(landing(sent)).status_code == 302
    assert client.get(reverse("resellers:landing", args=[sent.public_id, "A" * 43])).status_code == 404


def test_links_signed_with_an_older_key_work_until_it_is_dropped(sent, client, settings):
    settings.INVITE_KEYS = ["old"]
    address = landing(sent)
    settings.INVITE_KEYS = ["new", "old"]
    assert client.get(address).status_code == 302
    settings.INVITE_KEYS = ["new"]
    assert client.get(address).status_code == 404


# --- a wrong link costs the same, whatever is wrong with it -----------------------------------------------------------
def cost(browser, address) -> tuple[int, int, bytes, int, int]:
    """Status, length, body, queries and keyed hashes of opening an address."""
    with CaptureQueriesContext(connection) as queries, mock.patch.object(hmac, "digest", wraps=hmac.digest) as hashes:
        response = browser.get(address)
    page = steady(response.content)
    return response.status_code, len(page), page, len(queries), hashes.call_count


@pytest.mark.parametrize("who", ["stranger", "riley", "casey"])
def test_a_wrong_link_costs_the_same_whether_or_not_the_request_exists(sent, sender, riley, casey, who):
    browser = Client() if who == "stranger" else signed_in({"riley": riley, "casey": casey}[who])
    revoked = revoke_request(request=make_sent(sender, "x@fabrikam.example"), by=sender)
    nowhere = "00000000-0000-4000-8000-000000000000"
    wrong = "A" * 43
    browser.get(reverse("resellers:landing", args=[nowhere, wrong]))
    asked = [
        cost(browser, reverse("resellers:landing", args=[public_id, wrong]))
        for public_id in (nowhere, sent.public_id, revoked.public_id)
    ]
    assert {one[:4] for one in asked} == {asked[0][:4]}
    assert {one[4] for one in asked} == {1}
    clean_pages = [
        cost(browser, reverse("resellers:invitation", args=[public_id]))
        for public_id in (nowhere, sent.public_id, revoked.public_id)
    ]
    assert set(clean_pages) == {clean_pages[0]}
    assert clean_pages[0][0] == 404


def test_the_page_costs_the_same_whether_or_not_the_address_is_known(sent, riley):
    def look():
        browser = opened(sent)
        with CaptureQueriesContext(connection) as queries:
            response = browser.get(clean(sent))
        return response.status_code, without_token(response), sorted(response.cookies), len(queries)

    known = look()
    riley.user.memberships.all().delete()
    riley.user.delete()
    assert look() == known


# --- sessions that end by themselves ----------------------------------------------------------------------------------
def test_an_opened_request_outlives_a_session_that_ends_by_itself(sent, riley):
    browser = opened(sent, riley)
    browser.get(clean(sent))
    with time_machine.travel(clock.now() + timedelta(minutes=31)):
        response = browser.get(clean(sent))
        assert "You were signed out after 30 minutes without activity." in words(response)
        assert "Sign in and continue" in buttons(response)
        check_page(response, sent)
        assert "_auth_user_id" not in browser.session
        assert browser.session[PENDING]["public_id"] == str(sent.public_id)
        entered = {"login": "riley@fabrikam.example", "password": PASSWORD, "next": clean(sent)}
        assert "Accept and connect" in buttons(browser.post(reverse("account_login"), entered, follow=True))


def test_a_link_opened_after_the_session_ended_is_not_put_into_another_address(sent, riley):
    browser = signed_in(riley)
    browser.get(reverse("home"))
    with time_machine.travel(clock.now() + timedelta(minutes=31)):
        response = browser.get(landing(sent))
    assert (response.status_code, response.url) == (302, clean(sent))


def test_an_answer_sent_after_the_session_ended_is_not_taken(sent, riley):
    browser = opened(sent, riley)
    browser.get(clean(sent))
    with time_machine.travel(clock.now() + timedelta(minutes=31)):
        response = browser.post(press("accept", sent), follow=True)
        assert "What you just sent was not saved." in words(response)
        assert "Sign in and continue" in buttons(response)
    assert state_of(sent) == State.SENT


def test_signing_out_by_choice_leaves_nothing_behind(sent, riley):
    browser = opened(sent, riley)
    browser.post(reverse("account_logout"))
    assert (PENDING in browser.session, OPENED in browser.session) == (False, False)
    assert browser.get(clean(sent)).status_code == 404


# --- whatever the variant ---------------------------------------------------------------------------------------------
def test_names_and_words_that_people_typed_are_text(sender, northwind):
    northwind.legal_name = "<b>Bold</b> & Sons"
    northwind.save()
    sender.user.full_name = "<script>alert(1)</script>"
    sender.user.save()
    shared = share_request(request=make_draft(sender, ""), channel="clipboard", by=sender)
    response = page(shared)
    assert "<b>Bold" not in response.content.decode()
    assert "<script>alert" not in response.content.decode()


def test_the_pages_speak_the_browsers_language(sent):
    response = opened(sent).get(clean(sent), headers={"accept-language": "pt-BR"})
    assert '<html lang="pt-br"' in words(response).lower()


def test_a_host_of_another_makes_no_link(sent, client, settings):
    settings.PORTAL_BASE_URL = "https://portal.example"
    response = client.get(landing(sent), headers={"x-forwarded-host": "evil.example"})
    assert response.url == clean(sent)
    assert "evil.example" not in request_link(sent)


def test_switching_accounts_without_the_link_opens_nothing(sent, riley):
    signed_in(riley).post(press("switch_account", sent))
    sent.refresh_from_db()
    assert sent.opened_at is None
    opened(sent, riley).post(press("switch_account", sent))
    sent.refresh_from_db()
    assert sent.opened_at is not None
