"""The provider's pages about a company that accepted from another domain."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Partner
from accounts.roles import Role
from mail.models import OutgoingEmail
from resellers.models import Partnership, PendingAcceptance
from resellers.services import accept_request, revoke_request
from tests.contracts import header_faults, html_faults
from tests.resellers.conftest import actor_of, signed_in
from tests.resellers.invitation import buttons, heading, words


@pytest.fixture
def acceptance(sent, casey) -> PendingAcceptance:
    """Casey of Contoso has accepted what was sent to Riley of Fabrikam."""
    result = accept_request(request=sent, nonce=sent.nonce, by=casey)
    assert isinstance(result, PendingAcceptance)
    return result


def address(name: str, acceptance) -> str:
    """The address of one of the two pages."""
    return reverse(f"resellers:{name}_acceptance", args=[acceptance.public_id])


def read(browser, path):
    """A page that keeps what every page promises."""
    response = browser.get(path)
    assert response.status_code == 200
    assert html_faults(response.content.decode()) == []
    assert header_faults(response) == []
    return response


def test_the_page_shows_in_full_who_accepted_and_confirms_with_one_button(acceptance, sender, casey):
    browser = signed_in(sender)
    response = read(browser, address("confirm", acceptance))
    assert heading(response) == "Is Contoso Group the company you asked?"
    for fact in (casey.partner.mpn_id, "United States", "Casey Lund", "casey@contoso.example"):
        assert fact in words(response)
    assert "riley@fabrikam.example" in words(response)
    assert buttons(response) == ["Confirm", "Do not confirm", "Decide later"]
    assert PendingAcceptance.objects.get().awaits_confirmation
    for _press in range(2):
        response = browser.post(address("confirm", acceptance))
        partnership = Partnership.objects.get()
        assert response.url == partnership.get_absolute_url()
    assert partnership.reseller == casey.partner
    response = read(browser, address("confirm", acceptance))
    assert heading(response) == "Acceptance of Contoso Group"
    assert "The partnership with Contoso Group has begun." in words(response)
    assert buttons(response) == ["Open the reseller", "Open the request"]


def test_a_company_that_is_not_enrolled_yet_goes_on_waiting(acceptance, sender, casey):
    Partner.objects.filter(pk=casey.partner.pk).update(enrolment_state="pending")
    browser = signed_in(sender)
    assert "as soon as its enrolment is approved" in words(read(browser, address("confirm", acceptance)))
    response = browser.post(address("confirm", acceptance), follow=True)
    assert "Contoso Group is confirmed. The partnership begins when its enrolment is approved." in words(response)
    assert "There is nothing to confirm." in words(response)
    assert not Partnership.objects.exists()


def test_not_confirming_asks_for_a_reason_first(acceptance, sender, sent):
    browser = signed_in(sender)
    response = read(browser, address("refuse", acceptance))
    assert heading(response) == "Do not confirm Contoso Group?"
    assert PendingAcceptance.objects.get().awaits_confirmation
    response = browser.post(address("refuse", acceptance), {"reason": "x" * 501})
    assert "Reason must be 500 characters or fewer." in words(response)
    assert html_faults(response.content.decode()) == []
    response = browser.post(address("refuse", acceptance), {"reason": "We meant Fabrikam."})
    assert response.url == sent.get_absolute_url()
    assert PendingAcceptance.objects.get().outcome == "refused"
    assert "We meant Fabrikam." in OutgoingEmail.objects.get(kind="partnership_not_confirmed").text
    assert browser.get(address("refuse", acceptance)).url == address("confirm", acceptance)
    response = browser.post(address("confirm", acceptance), follow=True)
    assert "This acceptance is no longer waiting." in words(response)
    assert "The provider did not confirm" in words(response)
    assert not Partnership.objects.exists()


def test_after_the_request_was_revoked_there_is_nothing_to_confirm(acceptance, sender, sent):
    revoke_request(request=sent, by=sender)
    browser = signed_in(sender)
    assert "There is nothing left to confirm since" in words(read(browser, address("confirm", acceptance)))
    assert "no longer waiting" in words(browser.post(address("refuse", acceptance), follow=True))


@pytest.mark.parametrize("name", ["confirm", "refuse"])
def test_who_may_open_the_pages(acceptance, helpdesk, northwind, tailwind, casey, riley, name):
    path = address(name, acceptance)
    sales = actor_of(northwind, "sal@northwind.example", Role.SALES_AGENT)
    expected = {helpdesk: 403, tailwind: 404, casey: 403, riley: 403}
    for actor, status in expected.items():
        browser = signed_in(actor)
        assert (browser.get(path).status_code, browser.post(path).status_code) == (status, status)
    assert Client().get(path).url.startswith(reverse("account_login"))
    assert PendingAcceptance.objects.get().awaits_confirmation
    assert signed_in(sales).get(path).status_code == 200


def test_the_confirm_page_takes_five_queries(acceptance, sender, django_assert_num_queries):
    browser = signed_in(sender)
    browser.get(address("confirm", acceptance))
    with django_assert_num_queries(5):
        browser.get(address("confirm", acceptance))
