"""The page behind a link, by who reads it: a stranger, the right person, another, one whose company is not ready."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.access import Actor
from accounts.models import Partner, User
from accounts.roles import Role
from activity.models import ActivityRecord
from core import clock
from mail.models import OutgoingEmail
from resellers.landing import PENDING
from resellers.models import Partnership, PartnershipRequest, PendingAcceptance
from resellers.services import (
    accept_request,
    share_request,
)
from tests.accounts.conftest import totp_code
from tests.factories import (
    PASSWORD,
    CustomerAdministratorFactory,
    MembershipFactory,
    PartnerFactory,
    PartnershipFactory,
    UserFactory,
)
from tests.resellers.conftest import actor_of, make_draft, make_sent, signed_in
from tests.resellers.invitation import (
    buttons,
    check_page,
    clean,
    heading,
    landing,
    opened,
    page,
    press,
    state_of,
    without_token,
    words,
)

State = PartnershipRequest.State


def opened_with_password(request, actor) -> Client:
    """A browser in which the link was opened and somebody signed in as people do."""
    browser = opened(request)
    entered = {"login": actor.user.sign_in_name, "password": PASSWORD, "next": clean(request)}
    browser.post(reverse("account_login"), entered)
    return browser


# --- a: not signed in -------------------------------------------------------------------------------------------------
def test_a_stranger_reads_who_asks_and_what_it_grants(sent):
    response = page(sent)
    text = words(response)
    assert heading(response) == "Partnership request from Northwind Distribution"
    assert "Northwind Distribution asks your company to become its <strong>indirect reseller</strong>." in text
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
    assert buttons(response) == ["Sign in and continue", "Create an account", "Decline"]
    assert text.index("Sent to") < text.index("Sign in and continue")


def test_the_page_is_the_same_whether_or_not_the_address_is_known(sent, riley):
    known = without_token(page(sent))
    riley.user.memberships.all().delete()
    riley.user.delete()
    assert without_token(page(sent)) == known


@pytest.mark.parametrize(("button", "target"), [("continue", "account_login"), ("create_account", "enrolment:start")])
def test_going_on_is_what_shows_that_a_person_opened_it(sent, button, target):
    browser = opened(sent)
    browser.get(clean(sent))
    browser.get(press("decline", sent))
    sent.refresh_from_db()
    assert sent.opened_at is None
    assert browser.get(press(button, sent)).status_code == 405
    for _press in range(2):
        response = browser.post(press(button, sent))
        assert response.url == f"{reverse(target)}?next=%2Fi%2F{sent.public_id}%2F"
    first = PartnershipRequest.objects.get(pk=sent.pk).opened_at
    assert first is not None
    assert ActivityRecord.objects.filter(action="partnership_request.opened").count() == 1
    with time_machine.travel(clock.now() + timedelta(hours=1)):
        opened(sent).post(press("continue", sent))
    assert PartnershipRequest.objects.get(pk=sent.pk).opened_at == first


def test_going_on_takes_the_link(sent):
    for button in ("continue", "create_account"):
        response = Client().post(press(button, sent), follow=True)
        assert response.status_code == 404
    sent.refresh_from_db()
    assert sent.opened_at is None


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
    role = "<strong>Fabrikam Services</strong> becomes an <strong>indirect reseller</strong> of <strong>Northwind"
    assert role in words(response)
    assert buttons(response) == ["Accept and connect", "Decline", "Not now"]
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
def test_an_account_that_acts_for_no_reseller_may_switch_and_not_accept(sent, tailwind):
    response = page(sent, tailwind, 409)
    text = words(response)
    assert heading(response) == "This request is for another account"
    assert "You are signed in as toni@tailwind.example; the request was sent to r•••@fabrikam.example." in text
    assert "riley@" not in text
    assert buttons(response) == [
        "Switch account",
        "Ask Northwind Distribution to send it to toni@tailwind.example",
        "Home",
    ]
    opened(sent, tailwind).post(press("accept", sent))
    assert (state_of(sent), PendingAcceptance.objects.count()) == (State.SENT, 0)


@pytest.mark.parametrize(
    ("recipient", "title"),
    [("", "Only an indirect reseller can accept"), ("riley@fabrikam.example", "This request is for another account")],
)
def test_a_customers_administrator_learns_that_the_link_makes_resellers(sender, recipient, title):
    shared = share_request(request=make_draft(sender, recipient), channel="clipboard", by=sender)
    administrator = CustomerAdministratorFactory().user
    browser = opened(shared, Actor(user=administrator))
    response = browser.get(clean(shared))
    assert (response.status_code, heading(response)) == (409, title)
    assert "This link makes a company a reseller, not a customer" in words(response)
    assert buttons(response) == ["Switch account", "Home"]


def test_a_reseller_of_another_domain_may_accept_and_then_waits(sent, casey):
    response = page(sent, casey)
    text = words(response)
    assert heading(response) == "Partnership request from Northwind Distribution"
    assert "It was sent to r•••@fabrikam.example; you are casey@contoso.example." in text
    assert "Northwind Distribution then confirms that your company is the one it asked." in text
    assert "riley@" not in text
    assert buttons(response) == [
        "Accept",
        "Decline",
        "Switch account",
        "Not now",
        "Ask Northwind Distribution to send it to casey@contoso.example",
    ]
    browser = opened(sent, casey)
    response = browser.post(press("accept", sent), {"company": str(casey.partner.microsoft_id)}, follow=True)
    assert response.redirect_chain == [(clean(sent), 302)]
    assert heading(response) == "Accepted, and waiting"
    assert (state_of(sent), Partnership.objects.count()) == (State.SENT, 0)
    assert PENDING not in browser.session


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


# --- d: a mailbox that nobody has seen read ---------------------------------------------------------------------------
def test_who_has_not_proved_the_mailbox_is_asked_for_a_code_and_cannot_accept(sent, riley):
    User.objects.filter(pk=riley.user.pk).update(email_proved_at=None)
    response = page(sent, riley, 409)
    assert heading(response) == "Confirm your e-mail address to accept"
    assert buttons(response) == ["Confirm your e-mail address", "Switch account", "Decline"]
    assert f'href="{reverse("enrolment:prove_email")}?next=%2Fi%2F{sent.public_id}%2F"' in words(response)
    opened(sent, riley).post(press("accept", sent))
    assert (state_of(sent), Partnership.objects.count(), PendingAcceptance.objects.count()) == (State.SENT, 0, 0)
    User.objects.filter(pk=riley.user.pk).update(email_proved_at=clock.now())
    assert "Accept and connect" in buttons(page(sent, riley))


# --- e: a second factor that is missing -------------------------------------------------------------------------------
def test_who_owes_a_second_factor_sets_it_up_and_comes_back(sent, riley, settings):
    settings.MFA_REQUIRED = True
    browser = opened_with_password(sent, riley)
    browser.get(reverse("mfa_activate_totp"))
    response = browser.post(press("accept", sent), headers={"referer": f"http://testserver{clean(sent)}"})
    assert (response.url, state_of(sent)) == (reverse("mfa_activate_totp"), State.SENT)
    setting_up = browser.get(reverse("mfa_activate_totp"))
    assert "accept the partnership request from Northwind Distribution. You come back to it" in words(setting_up)
    code = totp_code(setting_up.context["form"].secret)
    browser.post(reverse("mfa_activate_totp"), {"code": code})
    recovery = browser.get(reverse("mfa_view_recovery_codes"))
    assert f'href="{clean(sent)}">Later' in words(recovery)
    shown = browser.post(reverse("mfa_view_recovery_codes"))
    assert f'href="{clean(sent)}">I have stored them' in words(shown)
    assert "Accept and connect" in buttons(browser.get(clean(sent)))


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


@pytest.mark.parametrize(("state", "words_of_state"), [("suspended", "is suspended"), ("rejected", "was rejected")])
def test_a_company_that_is_not_enrolled_reads_what_to_do(sent, riley, fabrikam, state, words_of_state):
    Partner.objects.filter(pk=fabrikam.pk).update(enrolment_state=state)
    response = page(sent, riley, 409)
    assert heading(response) == "Fabrikam Services cannot accept yet"
    assert words_of_state in words(response)
    assert "stays valid" in words(response)
    assert buttons(response) == ["See the enrolment", "Switch account", "Home"]
    opened(sent, riley).post(press("accept", sent))
    assert (state_of(sent), PendingAcceptance.objects.count()) == (State.SENT, 0)
    Partner.objects.filter(pk=fabrikam.pk).update(enrolment_state="active")
    assert "Accept and connect" in words(page(sent, riley))


def test_a_company_whose_enrolment_is_not_decided_accepts_and_waits(sent, riley, fabrikam):
    Partner.objects.filter(pk=fabrikam.pk).update(enrolment_state="pending")
    response = page(sent, riley)
    assert "the partnership begins by itself when the enrolment is approved" in words(response)
    assert buttons(response) == ["Accept", "Decline", "Not now"]
    response = opened(sent, riley).post(press("accept", sent), follow=True)
    assert heading(response) == "Accepted, and waiting"
    assert "The enrolment of Fabrikam Services as an indirect reseller is approved." in words(response)
    check_page(response, sent)


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
    assert buttons(response) == ["Enroll your company", "Switch account", "Home"]


def test_who_is_connected_already(sent, riley, northwind):
    PartnershipFactory(provider=northwind, reseller=riley.partner)
    response = page(sent, riley)
    assert heading(response) == "You are already connected with Northwind Distribution"
    assert buttons(response) == ["Indirect providers", "Home"]


def test_a_provider_that_is_not_active(sent, riley, northwind):
    Partner.objects.filter(pk=northwind.pk).update(enrolment_state="suspended")
    assert heading(page(sent, riley, 409)) == "This request cannot be accepted at present"
