"""Who manages, earns and supports: on Account for the provider and a reseller, and on the customer's Partners."""

import re

import pytest
from django.urls import reverse

from accounts.access import Actor
from accounts.roles import Role
from activity.models import ActivityRecord
from customers.models import Customer, RelationshipRequest, ResellerRelationship, TenantOwner
from customers.relationship_requests.services import draft_relationship_request, share_relationship_request
from customers.relationships import change_scope, end_reseller_relationship, hand_over_customer
from mail.models import OutgoingEmail
from subscriptions.models import ResellerOfRecord, SupportContact
from subscriptions.services import set_reseller_of_record, set_support_contact
from tests.customers.conftest import actor_of
from tests.factories import (
    CustomerAdministratorFactory,
    CustomerFactory,
    PartnerFactory,
    PartnershipFactory,
    SubscriptionFactory,
)
from tests.reading import checked, text, words

# What must never be read by another reseller: names and MPN IDs that occur nowhere else.
CANARIES = ("Litware", "7777001", "Contoso", "7777002")


def page_of(customer: Customer, name: str = "detail") -> str:
    """A page of the customer."""
    return reverse(f"customers:{name}", args=[customer.microsoft_id])


def section(response, heading: str = "indirect-resellers") -> str:
    """The words of one section."""
    found = re.search(rf'<section[^>]*aria-labelledby="{heading}".*?</section>', response.content.decode(), re.S)
    assert found, heading
    return text(found[0])


@pytest.fixture
def litware(provider):
    """Another partnered reseller."""
    reseller = PartnerFactory(
        reseller=True, legal_name="Litware", mpn_id="7777001", contact_email="desk@litware.example"
    )
    PartnershipFactory(provider=provider, reseller=reseller)
    return reseller


@pytest.fixture
def contoso(provider):
    """One that managed the customer before."""
    reseller = PartnerFactory(reseller=True, legal_name="Contoso", mpn_id="7777002")
    PartnershipFactory(provider=provider, reseller=reseller)
    return reseller


@pytest.fixture
def bakery(provider, reseller, litware, contoso, admin) -> Customer:
    """Managed by Fabrikam after Contoso; of five subscriptions Litware earns for three and supports two."""
    customer = CustomerFactory(provider=provider, managed_by=contoso, company_name="Bakery", domain_prefix="bakery")
    hand_over_customer(relationship=customer.reseller_relationships.get(), to=reseller, by=admin)
    subscriptions = [SubscriptionFactory(customer=customer) for _number in range(5)]
    SubscriptionFactory(customer=customer, status="deleted")
    for subscription in subscriptions[:3]:
        set_reseller_of_record(subscription=subscription, reseller=litware, by=admin)
    set_reseller_of_record(subscription=subscriptions[3], reseller=reseller, by=admin)
    for subscription in subscriptions[:2]:
        set_support_contact(subscription=subscription, reseller=litware, by=admin)
    return customer


@pytest.fixture
def owner(bakery) -> Actor:
    """The bakery's administrator."""
    return Actor(user=CustomerAdministratorFactory(customer=bakery).user, customer=bakery)


# --- Account ----------------------------------------------------------------------------------------------------------
def test_account_keeps_the_three_relations_apart(bakery, admin, signed_in):
    read = section(checked(signed_in(admin.user).get(page_of(bakery))))
    for part in (
        "Fabrikam manages the account; Litware earns the incentives of 3 subscriptions.",
        "Fabrikam manages the account; Litware answers the support requests of 2 subscriptions.",
        "Managing reseller Fabrikam (MPN ID 0012345) · Manage · since",
        "Fabrikam has administrator access to the customer’s account information and subscriptions",
        "Earlier Contoso (MPN ID 7777002) · Manage ·",
        "Litware · MPN ID 7777001 · 3 subscriptions",
        "Fabrikam · MPN ID 0012345 · 1 subscription",
        "No reseller · 1 subscription",
        "Litware · 2 subscriptions",
        "Northwind · provider · 3 subscriptions",
    ):
        assert part in read, part


def test_account_of_a_direct_customer_offers_to_establish(provider, admin, signed_in):
    customer = CustomerFactory(provider=provider)
    read = section(checked(signed_in(admin.user).get(page_of(customer))))
    assert "No reseller manages this customer." in read
    assert "Establish a reseller relationship" in read
    assert read.count("The customer has no subscriptions.") == 2
    for gone in ("Change", "Narrow", "End"):
        assert gone not in read


def test_one_relation_changes_alone(bakery, admin, reseller, signed_in):
    end_reseller_relationship(relationship=bakery.reseller_relationships.current().get(), by=admin)
    read = section(signed_in(admin.user).get(page_of(bakery)))
    assert "No reseller manages it; Litware earns the incentives of 3 subscriptions." in read
    assert "Litware · MPN ID 7777001 · 3 subscriptions" in read


@pytest.mark.parametrize("scope", ["manage", "view_and_request"])
def test_a_reseller_reads_only_its_own_part(bakery, reseller, admin, signed_in, scope):
    if scope != "manage":
        change_scope(relationship=bakery.reseller_relationships.current().get(), scope=scope, by=admin)
    person = signed_in(actor_of(reseller).user)
    response = checked(person.get(page_of(bakery)))
    read = section(response)
    assert "Fabrikam · MPN ID 0012345 · 1 subscription" in read
    assert "You are support contact of none of the subscriptions." in read
    assert not [one for one in CANARIES if one in words(response)]
    for number in ("3 subscriptions", "2 subscriptions", "5 subscriptions"):
        assert number not in read
    for name in ("activity", "end_relationship", *(["narrow_relationship"] if scope == "manage" else [])):
        page = words(checked(person.get(page_of(bakery, name))))
        assert not [one for one in CANARIES if one in page], name


def test_who_may_not_sees_no_buttons(bakery, provider, reseller, signed_in):
    for person in (actor_of(provider, Role.HELPDESK_AGENT), actor_of(reseller, Role.SALES_AGENT)):
        page = signed_in(person.user).get(page_of(bakery)).content.decode()
        assert "/reseller/" not in page
        assert "requests/new" not in page
    page = signed_in(actor_of(provider, Role.SALES_AGENT).user).get(page_of(bakery)).content.decode()
    assert ("/reseller/" in page, "requests/new" in page) == (False, True)


@pytest.mark.parametrize("number", [1, 3])
def test_account_takes_as_many_queries_for_more_relations(
    provider, litware, reseller, admin, signed_in, number, django_assert_num_queries
):
    customer = CustomerFactory(provider=provider, managed_by=reseller)
    for _one in range(number):
        subscription = SubscriptionFactory(customer=customer)
        set_reseller_of_record(subscription=subscription, reseller=litware, by=admin)
        set_support_contact(subscription=subscription, reseller=litware, by=admin)
    browser = signed_in(admin.user)
    browser.get(page_of(customer))
    with django_assert_num_queries(11):
        browser.get(page_of(customer))


# --- changing who manages ---------------------------------------------------------------------------------------------
def establish(browser, customer, reseller, **data):
    """Fill the page in."""
    return browser.post(
        page_of(customer, "establish_relationship"), {"reseller": reseller.microsoft_id, "scope": "manage", **data}
    )


def test_establishing_says_what_happens_and_does_it(provider, litware, admin, signed_in):
    customer, browser = CustomerFactory(provider=provider, company_name="Mill"), signed_in(admin.user)
    SubscriptionFactory(customer=customer)
    page = words(checked(browser.get(page_of(customer, "establish_relationship"))))
    assert "The reseller you choose gets access to the account of Mill and 1 subscription at once" in page
    answer = establish(browser, customer, litware)
    assert (answer.status_code, answer.url) == (302, page_of(customer))
    assert customer.reseller_relationships.get().reseller == litware
    assert not ResellerOfRecord.objects.exists()
    again = establish(browser, customer, litware)
    assert again.status_code == 302
    assert ResellerRelationship.objects.count() == 1


def test_it_can_be_named_on_all_subscriptions_at_once(provider, litware, reseller, admin, signed_in):
    customer = CustomerFactory(provider=provider)
    subscriptions = [SubscriptionFactory(customer=customer) for _number in range(2)]
    set_reseller_of_record(subscription=subscriptions[0], reseller=reseller, by=admin)
    establish(signed_in(admin.user), customer, litware, of_record="on", support="on")
    for model in (ResellerOfRecord, SupportContact):
        assert set(model.objects.filter(ends_at=None).values_list("reseller", flat=True)) == {litware.pk}
    assert ResellerOfRecord.objects.count() == 3


def test_an_unready_reseller_is_refused_beside_the_choice(provider, litware, admin, signed_in):
    customer = CustomerFactory(provider=provider)
    litware.mpn_id = ""
    litware.save()
    response = checked(establish(signed_in(admin.user), customer, litware, scope="view_and_request"))
    assert "Litware has no MPN ID, so no incentive could be paid to it." in words(response)
    assert 'value="view_and_request"' in response.content.decode().split("checked")[0].rsplit("<input", 1)[1]
    assert not ResellerRelationship.objects.exists()
    assert (
        "Select a valid choice" in words(establish(signed_in(admin.user), customer, PartnerFactory(reseller=True)))
        or not ResellerRelationship.objects.exists()
    )


def test_changing_the_reseller(bakery, litware, admin, signed_in):
    browser, url = signed_in(admin.user), page_of(bakery, "change_reseller")
    page = checked(browser.get(url))
    assert "Fabrikam loses its access to the account of Bakery and 5 subscriptions at once." in words(page)
    same = checked(browser.post(url, {"reseller": bakery.managing_relationship().reseller.microsoft_id}))
    assert "Fabrikam manages this customer already." in words(same)
    data = {"reseller": litware.microsoft_id, "scope": "view_and_request", "reason": "Closer to you"}
    assert browser.post(url, data).status_code == 302
    present = bakery.reseller_relationships.current().get()
    assert (present.reseller, present.scope) == (litware, "view_and_request")
    ended = OutgoingEmail.objects.get(kind="customer_access_ended", recipient="hello@fabrikam.example")
    assert "Reason: Closer to you" in ended.text
    assert "Litware" not in ended.text


def test_narrowing_and_widening(bakery, admin, signed_in):
    browser = signed_in(admin.user)
    assert browser.get(page_of(bakery, "widen_relationship")).status_code == 302
    page = words(checked(browser.get(page_of(bakery, "narrow_relationship"))))
    assert "Fabrikam sees the account information and subscriptions and asks you for changes" in page
    assert browser.post(page_of(bakery, "narrow_relationship"), {"reason": "Less"}).url == page_of(bakery)
    assert browser.post(page_of(bakery, "narrow_relationship")).status_code == 302
    assert bakery.reseller_relationships.current().get().scope == "view_and_request"
    assert "Widen to manage" in section(browser.get(page_of(bakery)))
    assert "administrator access" in words(checked(browser.get(page_of(bakery, "widen_relationship"))))
    browser.post(page_of(bakery, "widen_relationship"))
    assert bakery.reseller_relationships.current().get().scope == "manage"
    assert list(bakery.reseller_relationships.order_by("pk").values_list("scope", flat=True)) == [
        "manage",
        "manage",
        "view_and_request",
        "manage",
    ]


def test_ending_asks_and_tells_what_else_ends(bakery, reseller, admin, signed_in):
    TenantOwner.objects.create(customer=bakery, reseller=reseller, set_by=admin.user)
    browser, url = signed_in(admin.user), page_of(bakery, "end_relationship")
    page = words(checked(browser.get(url)))
    assert "Fabrikam is no longer tenant owner either." in page
    assert browser.post(url, {"reason": "Over"}).url == page_of(bakery)
    assert not bakery.reseller_relationships.current().exists()
    assert browser.post(url).status_code == browser.get(url).status_code == 302
    assert ActivityRecord.objects.filter(action="customer.access_removed").count() == 2


def test_a_reseller_gives_the_customer_up(bakery, reseller, signed_in):
    browser, url = signed_in(actor_of(reseller, Role.ADMIN_AGENT).user), page_of(bakery, "end_relationship")
    page = words(checked(browser.get(url)))
    assert "Give up Bakery?" in page
    assert "You lose your access to the account of Bakery and 5 subscriptions at once." in page
    answer = browser.post(url, {"reason": "Too far"}, follow=True)
    assert answer.redirect_chain == [(reverse("customers:list"), 302)]
    assert "You no longer manage Bakery." in words(answer)
    assert browser.get(page_of(bakery)).status_code == 404
    assert browser.post(url).status_code == 404


# --- Partners ---------------------------------------------------------------------------------------------------------
def test_partners_says_who_may_do_what(bakery, owner, signed_in):
    response = checked(signed_in(owner.user).get(page_of(bakery, "partners")))
    assert "Northwind" in section(response, "provider")
    managing = section(response, "managing")
    assert "Fabrikam has administrator access to your account information and subscriptions" in managing
    assert "Contoso (MPN ID 7777002)" in managing
    support = section(response, "support")
    assert ("Litware · 2 subscriptions" in support, "Northwind · provider · 3 subscriptions" in support) == (True, True)
    assert f'href="{page_of(bakery, "partners")}" aria-current="page"' in response.content.decode()


def test_a_customer_removes_delegated_administration_then_the_reseller(bakery, owner, signed_in):
    browser, partners = signed_in(owner.user), page_of(bakery, "partners")
    page = words(checked(browser.get(page_of(bakery, "narrow_relationship"))))
    assert "Remove the delegated administration of Fabrikam?" in page
    assert browser.post(page_of(bakery, "narrow_relationship"), {"reason": "Ours"}).url == partners
    assert bakery.reseller_relationships.current().get().scope == "view_and_request"
    assert "Remove delegated administration" not in words(browser.get(partners))
    page = words(checked(browser.get(page_of(bakery, "end_relationship"))))
    assert "Fabrikam loses its access to your account and 5 subscriptions at once." in page
    assert browser.post(page_of(bakery, "end_relationship")).url == partners
    assert "No reseller has access to your account." in words(checked(browser.get(partners)))
    for name in ("establish_relationship", "change_reseller", "widen_relationship"):
        assert browser.post(page_of(bakery, name)).status_code == 403


def test_partners_shows_what_is_asked_first_and_no_draft(bakery, owner, litware, sales, signed_in):
    draft = draft_relationship_request(customer=bakery, reseller=litware, scope="manage", by=sales)
    browser, partners = signed_in(owner.user), page_of(bakery, "partners")
    assert "Request for a relationship" not in words(browser.get(partners))
    share_relationship_request(request=draft, by=sales)
    page = words(checked(browser.get(partners)))
    assert "Request for a relationship with <bdi>Litware</bdi>" in page
    assert page.index("Request for a relationship") < page.index("Indirect provider")
    RelationshipRequest.objects.update(state="revoked", answered_at=draft.created_at)
    assert "Earlier requests" in words(checked(browser.get(partners)))
