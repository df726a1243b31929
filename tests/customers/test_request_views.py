"""Request a reseller relationship: the pages of the provider, and those on which the customer answers."""

from datetime import timedelta
from urllib.parse import unquote

import pytest
from django.urls import reverse

from accounts.models import Partner
from core import clock
from customers.models import Customer, RelationshipRequest, ResellerRelationship
from customers.relationship_requests.services import draft_relationship_request, share_relationship_request
from customers.relationship_requests.wording import answer_link, full_text, mailto
from customers.relationships import establish_relationship
from mail.models import OutgoingEmail
from tests.customers.asking import bakery, draft, expire, owner, sent  # noqa: F401 - fixtures
from tests.customers.test_relationships import contoso  # noqa: F401 - a fixture
from tests.factories import CustomerFactory, PartnerFactory
from tests.reading import checked, rows, words

# ruff: noqa: F811 - fixtures of the modules above


def url(name: str, request: RelationshipRequest) -> str:
    """A page or a button of a request."""
    return reverse(f"customers:{name}", args=[request.public_id])


def answer_url(request: RelationshipRequest, name: str = "answer_request") -> str:
    """Where the customer answers."""
    return reverse(f"customers:{name}", args=[request.customer.microsoft_id, request.public_id])


def entered(draft: RelationshipRequest, **changes) -> dict[str, object]:
    """The draft's form as it is, with changes."""
    values = {
        "reseller": draft.reseller.microsoft_id,
        "delegated": "on",
        "language": draft.language,
        "message": draft.message,
    }
    return {name: value for name, value in {**values, **changes}.items() if value is not None}


def account(customer: Customer) -> str:
    """The customer's Account."""
    return reverse("customers:detail", args=[customer.microsoft_id])


# --- whom it is about -------------------------------------------------------------------------------------------------
def test_from_account_a_draft_begins(bakery, reseller, sales, signed_in):
    browser = signed_in(sales.user)
    assert "requests/new" in browser.get(account(bakery)).content.decode()
    start = reverse("customers:request_for_customer", args=[bakery.microsoft_id])
    checked(browser.get(start))
    assert not RelationshipRequest.objects.exists()
    answer = browser.post(start, {"reseller": reseller.microsoft_id})
    draft = RelationshipRequest.objects.get()
    assert (answer.url, draft.customer, draft.scope) == (draft.get_absolute_url(), bakery, "view_and_request")
    browser.post(start, {"reseller": reseller.microsoft_id, "delegated": "on"})
    assert RelationshipRequest.objects.get().scope == "manage"


@pytest.mark.parametrize("typed", ["Bakery", "bakery.onmicrosoft.com", "microsoft_id", "  bäkery "])
def test_from_the_list_the_customer_is_named(bakery, reseller, sales, signed_in, typed):
    browser, start = signed_in(sales.user), reverse("customers:request_relationship")
    assert start in browser.get(reverse("customers:list")).content.decode()
    named = str(bakery.microsoft_id) if typed == "microsoft_id" else typed
    browser.post(start, {"whom": named, "reseller": reseller.microsoft_id})
    assert RelationshipRequest.objects.get().customer == bakery


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Select the customer."),
        ("Choose a customer", "Select the customer."),
        ("Nobody", "Nothing matches “Nobody”."),
        ("Theirs", "Nothing matches “Theirs”."),
        ("theirs.onmicrosoft.com", "Nothing matches “theirs.onmicrosoft.com”."),
        ("bake", "Several match “bake”."),
    ],
)
def test_a_customer_that_is_not_one_of_ours_is_refused(bakery, provider, reseller, sales, signed_in, typed, said):
    CustomerFactory(company_name="Theirs", domain_prefix="theirs")
    CustomerFactory(provider=provider, company_name="Bake two", domain_prefix="baketwo")
    browser, start = signed_in(sales.user), reverse("customers:request_relationship")
    response = checked(browser.post(start, {"whom": typed, "reseller": reseller.microsoft_id}))
    assert said in words(response)
    assert not RelationshipRequest.objects.exists()


def test_an_unready_reseller_is_refused_beside_the_choice(bakery, reseller, sales, signed_in):
    Partner.objects.filter(pk=reseller.pk).update(enrolment_state="suspended")
    start = reverse("customers:request_for_customer", args=[bakery.microsoft_id])
    response = checked(signed_in(sales.user).post(start, {"reseller": reseller.microsoft_id}))
    assert "The enrolment of Fabrikam is not active: Suspended." in words(response)
    stranger = PartnerFactory(reseller=True, legal_name="Elsewhere")
    response = checked(signed_in(sales.user).post(start, {"reseller": stranger.microsoft_id}))
    assert "Elsewhere" not in words(response)
    assert not RelationshipRequest.objects.exists()


# --- the draft --------------------------------------------------------------------------------------------------------
def test_the_draft_page_shows_what_they_receive(draft, sales, signed_in):
    page = words(checked(signed_in(sales.user).get(draft.get_absolute_url())))
    assert "Subject:</span> <bdi>Reseller relationship with Northwind</bdi>" in page
    assert page.count(answer_link(draft)) == 2
    assert "If you accept, Fabrikam can:" in page
    draft.refresh_from_db()
    assert draft.state == "draft"


def test_update_preview_saves_and_nothing_more(draft, contoso, sales, signed_in):
    browser = signed_in(sales.user)
    answer = browser.post(
        draft.get_absolute_url(),
        entered(draft, reseller=contoso.microsoft_id, delegated=None, message="Olá", language="pt-br"),
        follow=True,
    )
    draft.refresh_from_db()
    assert (draft.reseller, draft.scope, draft.message, draft.language) == (
        contoso,
        "view_and_request",
        "Olá",
        "pt-br",
    )
    assert (draft.state, OutgoingEmail.objects.count()) == ("draft", 0)
    assert "your own words stay as you wrote them" in words(answer)


def test_a_mistake_keeps_what_was_typed(draft, sales, signed_in):
    response = checked(signed_in(sales.user).post(url("send_relationship_request", draft), {"message": "x" * 1001}))
    page = words(response)
    assert "Select the indirect reseller." in page
    assert "Message must be 1000 characters or fewer." in page
    assert "x" * 1001 in page
    assert RelationshipRequest.objects.get().message == draft.message


def test_send_mails_it_and_shows_it_on_account(draft, sales, signed_in):
    browser = signed_in(sales.user)
    answer = browser.post(url("send_relationship_request", draft), entered(draft, message="Please."), follow=True)
    assert answer.redirect_chain[-1][0] == account(draft.customer)
    assert "The request to ana@bakery.example is queued." in words(answer)
    assert "Awaiting the customer" in words(answer)
    browser.post(url("send_relationship_request", draft), entered(draft, message="Again."))
    mail = OutgoingEmail.objects.get()
    assert "Please." in mail.text
    page = words(checked(browser.get(draft.get_absolute_url())))
    assert "Sent by the portal to ana@bakery.example" in page
    assert "Send to ana@bakery.example" not in page


def test_copy_and_open_in_email_lead_to_the_text(draft, sales, signed_in):
    browser = signed_in(sales.user)
    answer = browser.post(url("copy_relationship_request", draft), entered(draft, message="Mine."))
    assert answer.url == draft.get_absolute_url()
    sent = RelationshipRequest.objects.get()
    page = checked(browser.get(sent.get_absolute_url()))
    assert full_text(sent) in page.content.decode().replace("&#x27;", "'").replace("\r\n", "\n")
    assert mailto(sent).replace("&", "&amp;") in page.content.decode()
    assert "Copied, or opened in a mail program" in words(page)
    again = browser.post(url("mail_relationship_request", draft), entered(draft, message="Other."))
    assert again.url == draft.get_absolute_url()
    assert RelationshipRequest.objects.get().message == "Mine."
    assert not OutgoingEmail.objects.exists()


def test_the_mailto_is_encoded_and_short(draft):
    address = mailto(draft)
    assert address.startswith("mailto:ana@bakery.example?subject=Reseller%20relationship%20with%20Northwind&body=")
    assert ("+" in address, "%0D%0A" in address, len(address) <= 1900) == (False, True, True)
    assert answer_link(draft) in unquote(address)
    draft.message = "é" * 1000
    assert mailto(draft) == ""


def test_a_message_too_long_for_mail_programs_says_so(draft, sales, signed_in):
    response = signed_in(sales.user).post(url("mail_relationship_request", draft), entered(draft, message="é" * 1000))
    assert "This message is too long for mail programs to open." in words(checked(response))
    assert RelationshipRequest.objects.get().state == "draft"


def test_done_asks_when_nothing_was_sent(draft, sales, signed_in):
    browser = signed_in(sales.user)
    answer = browser.post(url("finish_relationship_request", draft), entered(draft))
    assert answer.url == url("unsent_relationship_request", draft)
    page = checked(browser.get(answer.url)).content.decode()
    assert f'name="reseller" value="{draft.reseller.microsoft_id}"' in page
    assert 'name="delegated" value="on"' in page
    browser.post(url("discard_relationship_request", draft))
    assert not RelationshipRequest.objects.exists()
    assert browser.get(answer.url).status_code == 404


def test_done_after_sharing_leads_to_account(sent, sales, signed_in):
    browser = signed_in(sales.user)
    assert browser.post(url("finish_relationship_request", sent)).url == account(sent.customer)
    assert browser.get(url("unsent_relationship_request", sent)).url == sent.get_absolute_url()
    answer = browser.post(url("discard_relationship_request", sent), follow=True)
    assert "Revoke it if it should not be answered." in words(answer)


def test_a_second_request_is_refused_with_a_way_to_the_first(sent, contoso, admin, signed_in):
    second = draft_relationship_request(customer=sent.customer, reseller=contoso, scope="manage", by=admin)
    browser = signed_in(admin.user)
    response = checked(browser.post(url("copy_relationship_request", second), entered(second)))
    assert "The customer has to answer another request first: the one for Fabrikam." in words(response)
    assert f'href="{sent.get_absolute_url()}"' in response.content.decode()
    start = reverse("customers:request_for_customer", args=[sent.customer.microsoft_id])
    assert f'href="{sent.get_absolute_url()}"' in checked(browser.get(start)).content.decode()


def test_what_is_so_already_is_refused_beside_the_reseller(draft, admin, sales, signed_in):
    establish_relationship(customer=draft.customer, reseller=draft.reseller, by=admin)
    response = checked(signed_in(sales.user).post(url("send_relationship_request", draft), entered(draft)))
    assert 'id="id_reseller_error"' in response.content.decode()
    assert "Fabrikam has this access to the customer already." in words(response)


# --- under way --------------------------------------------------------------------------------------------------------
def test_revoking_asks_first(sent, sales, signed_in):
    browser, revoke = signed_in(sales.user), url("revoke_relationship_request", sent)
    assert "The request for Fabrikam will be withdrawn." in words(checked(browser.get(revoke)))
    assert RelationshipRequest.objects.get().state == "sent"
    assert browser.post(revoke).url == account(sent.customer)
    assert RelationshipRequest.objects.get().state == "revoked"
    assert browser.get(revoke).url == sent.get_absolute_url()
    page = words(checked(browser.get(sent.get_absolute_url())))
    assert "Revoked" in page
    assert answer_link(sent) not in page


def test_what_was_answered_meanwhile_is_not_revoked(sent, sales, signed_in):
    RelationshipRequest.objects.update(state="accepted", answered_at=clock.now())
    answer = signed_in(sales.user).post(url("revoke_relationship_request", sent), follow=True)
    assert "This request has changed in the meantime." in words(answer)


def test_a_reseller_that_is_no_longer_ready_is_told_of(sent, reseller, sales, signed_in):
    Partner.objects.filter(pk=reseller.pk).update(mpn_id="")
    page = words(checked(signed_in(sales.user).get(sent.get_absolute_url())))
    assert "The customer could not accept this today" in page


def test_an_expired_request_is_shown_so(sent, sales, signed_in):
    expire(sent)
    page = words(checked(signed_in(sales.user).get(sent.get_absolute_url())))
    assert ("Expired" in page, answer_link(sent) in page) == (True, False)


@pytest.mark.parametrize(
    ("state", "found"),
    [("open", ["Bakery"]), ("expired", ["Old"]), ("draft", []), ("", ["Old", "Bakery"]), ("nonsense", None)],
)
def test_the_list_narrows_by_where_it_stands(sent, provider, reseller, sales, signed_in, state, found):
    old = CustomerFactory(provider=provider, company_name="Old")
    draft = draft_relationship_request(customer=old, reseller=reseller, scope="manage", by=sales)
    expire(share_relationship_request(request=draft, by=sales))
    response = checked(signed_in(sales.user).get(reverse("customers:relationship_requests"), {"state": state}))
    names = [row[0] for row in rows(response)]
    assert names == (found if found is not None else [])


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_costs_the_same_however_many(provider, reseller, sales, signed_in, number, django_assert_num_queries):
    for _one in range(number):
        customer = CustomerFactory(provider=provider)
        draft_relationship_request(customer=customer, reseller=reseller, scope="manage", by=sales)
    browser, address = signed_in(sales.user), reverse("customers:relationship_requests")
    browser.get(address)
    with django_assert_num_queries(5):
        assert len(rows(browser.get(address))) == number


def test_home_counts_what_awaits_the_customer(draft, sales, signed_in):
    browser, listed = signed_in(sales.user), f"{reverse('customers:relationship_requests')}?state=open"
    assert listed not in browser.get("/").content.decode()
    share_relationship_request(request=draft, by=sales)
    page = browser.get("/")
    assert listed in page.content.decode()
    assert "Relationship request awaiting the customer" in words(page)
    RelationshipRequest.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    assert listed not in browser.get("/").content.decode()


# --- the customer answers ---------------------------------------------------------------------------------------------
def test_the_page_says_who_asks_and_what_it_grants(sent, owner, signed_in):
    page = words(checked(signed_in(owner.user).get(answer_url(sent))))
    for part in (
        "Reseller relationship with <bdi>Fabrikam</bdi>",
        "Awaiting your answer",
        "Northwind (MPN ID",
        "Manage your account and administer your subscriptions and services on your behalf, as an administrator",
        "Your subscriptions and prices stay as they are.",
    ):
        assert part in page, part
    assert RelationshipRequest.objects.get().state == "sent"


def test_accept_begins_it(sent, owner, signed_in):
    browser = signed_in(owner.user)
    assert browser.get(answer_url(sent, "accept_request")).url == answer_url(sent)
    assert ResellerRelationship.objects.count() == 0
    answer = browser.post(answer_url(sent, "accept_request"), {"replaces": ""}, follow=True)
    assert "You accepted. Fabrikam has access to your account from now on." in words(answer)
    assert ResellerRelationship.objects.get().set_by == owner.user
    page = words(checked(browser.get(answer_url(sent))))
    assert "This request was accepted." in page
    assert ">Decline<" not in page
    assert browser.post(answer_url(sent, "accept_request")).status_code == 302
    assert ResellerRelationship.objects.count() == 1


def test_accepting_says_before_whom_it_replaces(sent, owner, contoso, admin, signed_in):
    browser = signed_in(owner.user)
    stale = {"replaces": ""}
    establish_relationship(customer=sent.customer, reseller=contoso, by=admin)
    answer = browser.post(answer_url(sent, "accept_request"), stale, follow=True)
    assert "Another reseller manages your account than this page said." in words(answer)
    assert "Fabrikam takes the place of Contoso, which loses its access to your account at once." in words(answer)
    assert f'name="replaces" value="{contoso.microsoft_id}"' in answer.content.decode()
    browser.post(answer_url(sent, "accept_request"), {"replaces": str(contoso.microsoft_id)})
    assert ResellerRelationship.objects.current().get().reseller == sent.reseller


def test_decline_takes_a_reason(sent, owner, signed_in):
    browser = signed_in(owner.user)
    response = checked(browser.post(answer_url(sent, "decline_request"), {"reason": "x" * 501}))
    assert "Reason must be 500 characters or fewer." in words(response)
    answer = browser.post(answer_url(sent, "decline_request"), {"reason": "No need"}, follow=True)
    assert "You declined. Nothing was changed, and Northwind is told." in words(answer)
    assert RelationshipRequest.objects.get().reason == "No need"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"state": "revoked", "answered_at": clock.now()}, "Northwind withdrew this request. Nothing was changed."),
        ({"expires_at": clock.now() - timedelta(days=1)}, "The time to answer this request is over."),
        ({"state": "declined", "answered_at": clock.now()}, "This request was declined"),
    ],
)
def test_what_is_over_says_so_and_cannot_be_accepted(sent, owner, signed_in, changes, said):
    RelationshipRequest.objects.update(**changes)
    browser = signed_in(owner.user)
    page = words(checked(browser.get(answer_url(sent))))
    assert (said in page, ">Accept<" in page) == (True, False)
    assert said in words(browser.post(answer_url(sent, "accept_request"), follow=True))
    assert not ResellerRelationship.objects.exists()


def test_readiness_lost_meanwhile_is_said_without_reasons(sent, owner, reseller, signed_in):
    Partner.objects.filter(pk=reseller.pk).update(enrolment_state="suspended")
    answer = signed_in(owner.user).post(answer_url(sent, "accept_request"), {"replaces": ""}, follow=True)
    assert "Fabrikam cannot be given access to your account at the moment. Nothing was changed." in words(answer)
    assert "uspended" not in words(answer)


def test_the_link_leads_through_the_sign_in(sent, client):
    answer = client.get(answer_url(sent))
    assert (answer.status_code, answer_url(sent) in unquote(answer.url)) == (302, True)


def test_a_draft_and_anothers_request_are_not_found(draft, owner, provider, reseller, sales, signed_in):
    other = draft_relationship_request(
        customer=CustomerFactory(provider=provider), reseller=reseller, scope="manage", by=sales
    )
    share_relationship_request(request=other, by=sales)
    browser = signed_in(owner.user)
    assert browser.get(answer_url(draft)).status_code == 404
    mine = reverse("customers:answer_request", args=[draft.customer.microsoft_id, other.public_id])
    assert browser.get(mine).status_code == 404
    for name in ("accept_request", "decline_request"):
        address = reverse(f"customers:{name}", args=[draft.customer.microsoft_id, other.public_id])
        assert browser.post(address).status_code == 404
    assert browser.get(answer_url(other)).status_code == 404
