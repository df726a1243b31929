"""The page behind a link, in every variant."""

import re
from datetime import timedelta
from html import unescape

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.access import ANONYMOUS
from accounts.models import Partner
from accounts.roles import Role
from core import clock
from mail.models import OutgoingEmail
from resellers.landing import PENDING
from resellers.models import Partnership, PartnershipRequest
from resellers.services import accept_request, decline_request, revoke_request, share_request
from resellers.tokens import link_token, request_link
from tests.contracts import header_faults, html_faults
from tests.factories import PASSWORD, MembershipFactory, PartnerFactory, PartnershipFactory, UserFactory
from tests.resellers.conftest import actor_of, make_draft, make_sent, signed_in
from tests.resellers.test_wording import bad_tokens

State = PartnershipRequest.State


def landing(request) -> str:
    """The address in the mail, without the host."""
    return reverse("resellers:landing", args=[request.public_id, link_token(request)])


def clean(request) -> str:
    """The address without the token."""
    return reverse("resellers:invitation", args=[request.public_id])


def press(name, request) -> str:
    """The address of a button."""
    return reverse(f"resellers:{name}", args=[request.public_id])


def opened(request, actor=None) -> Client:
    """A browser in which the link was opened, and somebody is signed in."""
    browser = signed_in(actor) if actor else Client()
    assert browser.get(landing(request)).url == clean(request)
    return browser


def words(response) -> str:
    """The page without entities, with single spaces."""
    return " ".join(unescape(response.content.decode()).split())


def heading(response) -> str:
    """The h1."""
    return " ".join(re.sub(r"<[^>]+>", "", re.search(r"<h1[^>]*>(.*?)</h1>", words(response))[1]).split())


def without_token(response) -> str:
    """The page but for the token of its forms, which is another each time."""
    return re.sub(r'(name="csrfmiddlewaretoken" value=")[^"]+', r"\1", response.content.decode())


def state_of(request) -> str:
    """The state now."""
    return PartnershipRequest.objects.get(pk=request.pk).state


def page(request, actor=None, status=200):
    """The page as this person sees it, checked against what every page promises."""
    response = opened(request, actor).get(clean(request))
    assert response.status_code == status
    check_page(response, request)
    return response


def check_page(response, request) -> None:
    """No token, no foreign address, no way to pass one on."""
    assert html_faults(response.content.decode()) == []
    assert header_faults(response) == []
    # Under no-referrer a browser posts with `Origin: null`, and no answer would ever be taken.
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in response.headers["Cache-Control"]
    assert link_token(request) not in response.content.decode()
    assert not re.findall(r'(?:href|src|action)="(?:https?:)?//', response.content.decode())


# --- landing ----------------------------------------------------------------------------------------------------------
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


SCANNERS = ["Mozilla/5.0 (compatible; SafeLinks)", "Barracuda", "Proofpoint", "Googlebot", ""]


def test_mail_scanners_change_nothing(sent, riley):
    before = PartnershipRequest.objects.values().get()
    for agent in SCANNERS:
        scanner = Client(headers={"user-agent": agent})
        for method in (scanner.get, scanner.head, scanner.options):
            assert method(landing(sent), follow=True).status_code == 200
            assert method(clean(sent)).status_code in (200, 404)
            for name in ("accept", "decline", "switch_account"):
                assert method(press(name, sent)).status_code in (200, 405)
    assert PartnershipRequest.objects.values().get() == before
    browser = opened(sent, riley)
    assert browser.post(press("accept", sent)).url == clean(sent)
    assert state_of(sent) == State.ACCEPTED


def test_posts_without_the_pages_token_do_nothing(sent, riley):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(riley.user)
    browser.get(landing(sent))
    for name in ("accept", "decline", "switch_account"):
        response = browser.post(press(name, sent), {"email": "evil@evil.example", "provider": "x"})
        assert response.status_code == 403
    assert state_of(sent) == State.SENT


def test_unknown_malformed_and_guessed_links_give_one_page(sent, client, sender, monkeypatch):
    monkeypatch.setattr("resellers.limits.TRIES", 10_000)
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
    bodies = {client.get(address).content for address in addresses}
    assert len(bodies) == 1
    assert {client.get(address).status_code for address in addresses} == {404}
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


# --- a: not signed in -------------------------------------------------------------------------------------------------
def test_a_stranger_reads_who_asks_and_what_it_grants(sent):
    response = page(sent)
    text = words(response)
    assert heading(response) == "Partnership request from Northwind Distribution"
    assert "Northwind Distribution asks your company to become its indirect reseller." in text
    assert "Sasha Berg" in text
    assert "r•••@fabrikam.example" in text
    assert "riley@fabrikam.example" not in text
    for grant in (
        "Add new customers on your behalf",
        "Submit orders on behalf of your customers",
        "Associate you with a subscription",
        "Designate you as the customer’s support contact",
    ):
        assert grant in text
    assert f'href="{reverse("account_login")}?next=%2Fi%2F{sent.public_id}%2F"' in text
    assert "Accept and connect" not in text
    assert text.index("Sent to") < text.index("Sign in and continue")


def test_the_page_is_the_same_whether_or_not_the_address_is_known(sent, riley):
    known = without_token(page(sent))
    riley.user.memberships.all().delete()
    riley.user.delete()
    assert without_token(page(sent)) == known


def test_accepting_without_signing_in_does_nothing(sent):
    response = opened(sent).post(press("accept", sent))
    assert response.url == clean(sent)
    assert state_of(sent) == State.SENT


def test_signing_in_keeps_the_request_and_changes_the_session(sent, riley):
    browser = opened(sent)
    before = browser.session.session_key
    sign_in = browser.get(f"{reverse('account_login')}?next={clean(sent)}")
    assert "Northwind Distribution" in words(sign_in)
    entered = {"login": "riley@fabrikam.example", "password": PASSWORD, "next": clean(sent)}
    response = browser.post(reverse("account_login"), entered)
    assert response.url == clean(sent)
    assert browser.session.session_key != before
    assert "Accept and connect" in words(browser.get(clean(sent)))


# --- b: accept --------------------------------------------------------------------------------------------------------
def test_the_right_person_accepts(sent, riley, fabrikam, northwind):
    response = page(sent, riley)
    assert "<strong>Fabrikam Services</strong> becomes an indirect reseller of <strong>Northwind" in words(response)
    browser = opened(sent, riley)
    response = browser.post(press("accept", sent), {"company": str(fabrikam.microsoft_id)}, follow=True)
    assert response.redirect_chain == [(clean(sent), 302)]
    assert heading(response) == "You are now connected with Northwind Distribution"
    check_page(response, sent)
    partnership = Partnership.objects.get()
    assert (partnership.provider, partnership.reseller) == (northwind, fabrikam)
    assert PENDING not in browser.session
    again = browser.post(press("accept", sent), follow=True)
    assert heading(again) == heading(response)
    assert Partnership.objects.count() == 1
    assert OutgoingEmail.objects.filter(kind="partnership_welcome").count() == 1


def test_the_success_page_is_there_when_the_person_comes_back(sent, riley):
    accept_request(request=sent, nonce=sent.nonce, by=riley)
    assert heading(signed_in(riley).get(clean(sent))).startswith("You are now connected")


def test_what_the_browser_sends_chooses_no_provider(sent, riley, tailwind, northwind):
    browser = opened(sent, riley)
    browser.post(
        f"{press('accept', sent)}?provider={tailwind.partner.microsoft_id}",
        {"provider": str(tailwind.partner.microsoft_id), "provider_id": tailwind.partner.pk, "email": "x@y.example"},
    )
    assert Partnership.objects.get().provider == northwind


def test_a_person_with_two_companies_chooses_one(sent, riley, fabrikam):
    other = PartnerFactory(reseller=True, legal_name="Adatum Cloud")
    MembershipFactory(user=riley.user, partner=other, role=Role.ADMIN_AGENT)
    MembershipFactory(
        user=riley.user, partner=PartnerFactory(reseller=True, legal_name="Sales only"), role="sales_agent"
    )
    response = page(sent, riley)
    text = words(response)
    assert "Accept for" in text
    assert re.findall(r'<input type="radio"[^>]*value="([^"]+)"', text) == [
        str(other.microsoft_id),
        str(fabrikam.microsoft_id),
    ]
    assert text.count(" checked") == 1
    browser = opened(sent, riley)
    response = browser.post(press("accept", sent), {"company": str(other.microsoft_id)}, follow=True)
    assert "Adatum Cloud is an indirect reseller of Northwind Distribution from now on." in words(response)
    assert Partnership.objects.get().reseller == other
    assert browser.get(reverse("resellers:providers")).wsgi_request.actor.partner == other


def test_without_a_choice_between_two_companies_nothing_is_accepted(sent, riley, casey):
    MembershipFactory(user=riley.user, partner=PartnerFactory(reseller=True))
    browser = opened(sent, riley)
    for company in ("", "x", str(casey.partner.microsoft_id)):
        browser.post(press("accept", sent), {"company": company})
    assert state_of(sent) == State.SENT


def test_a_company_of_somebody_else_is_not_connected(sent, riley, casey):
    browser = opened(sent, riley)
    browser.post(press("accept", sent), {"company": str(casey.partner.microsoft_id)})
    assert state_of(sent) == State.SENT


# --- c: another account -----------------------------------------------------------------------------------------------
def test_another_companys_account_may_switch_and_not_accept(sent, casey):
    response = page(sent, casey, 409)
    text = words(response)
    assert heading(response) == "This request is for another account"
    assert "You are signed in as casey@contoso.example; the request was sent to r•••@fabrikam.example." in text
    assert "Accept and connect" not in text
    assert "Switch account" in text
    assert "ask Sasha Berg of Northwind Distribution" in text
    opened(sent, casey).post(press("accept", sent))
    assert state_of(sent) == State.SENT


def test_switching_accounts_keeps_the_request(sent, casey, riley):
    browser = opened(sent, casey)
    response = browser.post(press("switch_account", sent))
    assert response.url == f"{reverse('account_login')}?next=%2Fi%2F{sent.public_id}%2F"
    assert "_auth_user_id" not in browser.session
    assert browser.session[PENDING]["public_id"] == str(sent.public_id)
    entered = {"login": "riley@fabrikam.example", "password": PASSWORD, "next": clean(sent)}
    response = browser.post(reverse("account_login"), entered, follow=True)
    assert response.redirect_chain[-1][0] == clean(sent)
    assert "Accept and connect" in words(response)


def test_two_links_opened_in_one_browser_do_not_mix(sent, tailwind, riley):
    other = make_sent(tailwind)
    browser = opened(sent, riley)
    browser.get(landing(other))
    assert "from Northwind Distribution" in heading(browser.get(clean(sent)))
    assert "from Tailwind Supply" in heading(browser.get(clean(other)))
    browser.post(press("accept", sent))
    assert (state_of(sent), state_of(other)) == (State.ACCEPTED, State.SENT)


# --- f: whose company or role stands in the way -----------------------------------------------------------------------
def test_a_lesser_role_learns_who_may(sent, fabrikam, riley, robin):
    sales = actor_of(fabrikam, "sam@fabrikam.example", Role.SALES_AGENT)
    actor_of(PartnerFactory(reseller=True), "outsider@contoso.example", name="Outsider")
    response = page(sent, sales, 403)
    text = words(response)
    assert heading(response) == "Somebody else in your company must accept"
    assert "Riley Stone" in text
    assert "Robin Ahlers" in text
    assert "Outsider" not in text
    assert "Accept and connect" not in text
    opened(sent, sales).post(press("accept", sent))
    assert state_of(sent) == State.SENT


@pytest.mark.parametrize(
    ("state", "words_of_state"),
    [("pending", "is being verified"), ("suspended", "is suspended"), ("rejected", "was rejected")],
)
def test_a_company_that_is_not_enrolled_reads_what_to_do(sent, riley, fabrikam, state, words_of_state):
    Partner.objects.filter(pk=fabrikam.pk).update(enrolment_state=state)
    response = page(sent, riley, 409)
    assert heading(response) == "Fabrikam Services cannot accept yet"
    assert words_of_state in words(response)
    assert "stays valid" in words(response)
    opened(sent, riley).post(press("accept", sent))
    assert state_of(sent) == State.SENT
    Partner.objects.filter(pk=fabrikam.pk).update(enrolment_state="active")
    assert "Accept and connect" in words(page(sent, riley))


def test_people_without_a_reseller(sender, tailwind, client):
    shared = share_request(request=make_draft(sender, ""), channel="clipboard", by=sender)
    assert heading(page(shared, sender, 409)) == "This is a request of your own company"
    assert heading(page(shared, tailwind, 409)) == "Only an indirect reseller can accept"
    nobody = UserFactory()
    browser = Client()
    browser.force_login(nobody)
    browser.get(landing(shared))
    response = browser.get(clean(shared))
    assert response.status_code == 409
    assert heading(response) == "Only an indirect reseller can accept"


def test_who_is_connected_already(sent, riley, northwind):
    PartnershipFactory(provider=northwind, reseller=riley.partner)
    response = page(sent, riley)
    assert heading(response) == "You are already connected with Northwind Distribution"
    assert "Accept and connect" not in words(response)


def test_a_provider_that_is_not_active(sent, riley, northwind):
    Partner.objects.filter(pk=northwind.pk).update(enrolment_state="suspended")
    assert heading(page(sent, riley, 409)) == "This request cannot be accepted at present"


# --- g to j: what became of the request -------------------------------------------------------------------------------
def test_an_expired_request(sent, riley):
    browser = opened(sent, riley)
    PartnershipRequest.objects.update(expires_at=clock.now())
    response = browser.post(press("accept", sent), follow=True)
    assert response.status_code == 410
    assert heading(response) == "This request has expired"
    check_page(response, sent)
    assert not Partnership.objects.exists()
    assert heading(page(sent, None, 410)) == "This request has expired"


def test_a_revoked_request_is_an_unknown_link(sent, sender, riley):
    browser = opened(sent, riley)
    before = browser.get("/i/unknown/").content
    revoke_request(request=sent, by=sender)
    assert (browser.get(clean(sent)).status_code, browser.get(clean(sent)).content) == (404, before)
    assert browser.get(landing(sent)).content == before
    response = browser.post(press("accept", sent), follow=True)
    assert (response.status_code, response.content) == (404, before)
    assert not Partnership.objects.exists()


def test_a_replaced_request(sent, riley):
    PartnershipRequest.objects.update(state=State.SUPERSEDED)
    response = page(sent, riley, 410)
    assert heading(response) == "This request was replaced"


def test_what_others_see_of_an_accepted_request(sent, riley, robin, casey):
    accept_request(request=sent, nonce=sent.nonce, by=riley)
    for actor in (casey, None):
        response = page(sent, actor, 410)
        assert heading(response) == "This request has already been used"
        for secret in ("Riley", "riley@", "Fabrikam Services"):
            assert secret not in words(response)
    response = page(sent, robin, 410)
    assert "Fabrikam Services and Northwind Distribution are partners now." in words(response)
    assert "Riley" not in words(response)
    assert heading(opened(sent, casey).post(press("accept", sent), follow=True)) == "This request has already been used"


def test_the_link_of_a_draft(draft, riley):
    response = page(draft, riley, 409)
    assert heading(response) == "This request has not been sent yet"
    opened(draft, riley).post(press("accept", draft))
    assert state_of(draft) == State.DRAFT


# --- k: decline -------------------------------------------------------------------------------------------------------
def test_declining_can_be_regretted(sent, riley):
    stranger = opened(sent)
    assert stranger.get(press("decline", sent)).status_code == 405
    response = stranger.post(press("decline", sent), follow=True)
    assert "You have declined the request." in words(response)
    assert "You can still accept it until it expires." in words(response)
    assert "Decline</button>" not in words(response)
    assert state_of(sent) == State.DECLINED
    stranger.post(press("decline", sent))
    assert OutgoingEmail.objects.filter(kind="partnership_declined").count() == 1
    assert "You can still accept it" in words(page(sent, riley))
    opened(sent, riley).post(press("accept", sent))
    assert state_of(sent) == State.ACCEPTED


def test_declining_takes_the_link(sent, riley):
    for browser in (Client(), signed_in(riley)):
        assert browser.post(press("decline", sent), follow=True).status_code == 404
        assert browser.post(press("accept", sent), follow=True).status_code == 404
    assert state_of(sent) == State.SENT


def test_an_accepted_request_is_not_declined(sent, riley):
    browser = opened(sent)
    accept_request(request=sent, nonce=sent.nonce, by=riley)
    browser.post(press("decline", sent))
    assert state_of(sent) == State.ACCEPTED


def test_a_declined_request_expires_as_well(sent):
    decline_request(request=sent, nonce=sent.nonce, by=ANONYMOUS)
    PartnershipRequest.objects.update(expires_at=clock.now())
    assert heading(page(sent, None, 410)) == "This request has expired"


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
