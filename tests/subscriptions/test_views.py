"""The Customers list, a customer's Subscriptions page and the Subscription details page."""

import uuid
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from accounts.access import Actor
from accounts.models import Partner, User
from accounts.roles import Role
from catalogue.models import Price
from core import clock
from customers.models import Customer
from resellers.models import Partnership
from subscriptions.models import ResellerOfRecord, Subscription, SupportContact
from tests.contracts import header_faults, html_faults
from tests.customers.conftest import actor_of
from tests.factories import (
    CustomerAdministratorFactory,
    CustomerFactory,
    PartnerFactory,
    PartnershipFactory,
    ResellerRelationshipFactory,
    SubscriptionFactory,
    UserFactory,
)

Browser = Callable[[User | None], Client]
LIST = reverse("customers:list")


def listed(browser: Client, **query: str) -> list[str]:
    """The names in the list, from top to bottom."""
    response = browser.get(f"{LIST}?{urlencode(query)}")
    assert response.status_code == 200
    return [record.company_name for record in response.context["table"].records]


def full_customer(provider: Partner, reseller: Partner, price: Price, **facts: object) -> Customer:
    customer = CustomerFactory(provider=provider, managed_by=reseller, **facts)
    CustomerAdministratorFactory(customer=customer)
    for quantity in (10, 5):
        SubscriptionFactory(customer=customer, sku=price.sku, quantity=quantity)
    return customer


# --- Customers --------------------------------------------------------------------------------------------------------
def test_customers_show_the_founding_documents_columns(
    provider: Partner, reseller: Partner, admin: Actor, price: Price, signed_in: Browser
) -> None:
    customer = full_customer(provider, reseller, price, company_name="Padaria")
    SubscriptionFactory(customer=customer, sku=price.sku, quantity=700, status=Subscription.Status.DELETED)
    response = signed_in(admin.user).get(f"{LIST}?open={customer.microsoft_id}")
    page = response.content.decode().replace("<wbr>", "")
    heads = [cell["label"] for cell in response.context["table"].head()]
    assert heads == [
        "Company name",
        "Primary domain name",
        "Indirect reseller",
        "Subscriptions",
        "Licenses",
        "Status",
        "Changed",
    ]
    record = response.context["table"].records[0]
    assert (record.subscription_count, record.license_count) == (2, 15)
    for words in (
        "Fabrikam",
        f"admin@{customer.domain}",
        str(customer.microsoft_id),
        "View subscriptions",
        "10 licenses",
    ):
        assert words in page, words
    assert "Add customer" in page
    assert "Add subscription" in page
    assert html_faults(page) == []
    assert header_faults(response) == []


def test_customers_of_a_reseller_are_those_it_manages(
    provider: Partner, reseller: Partner, price: Price, signed_in: Browser
) -> None:
    full_customer(provider, reseller, price, company_name="Ours")
    CustomerFactory(provider=provider, company_name="Theirs direct")
    full_customer(provider, PartnershipFactory(provider=provider).reseller, price, company_name="Theirs managed")
    former = CustomerFactory(provider=provider, company_name="Theirs former", managed_by=reseller)
    former.reseller_relationships.update(ends_at=clock.now())
    browser = signed_in(actor_of(reseller).user)
    page = browser.get(LIST).content.decode()
    assert listed(browser) == ["Ours"]
    assert "Theirs" not in page
    assert "Northwind" in page
    assert "Indirect provider" in page
    assert "Filter by indirect reseller" not in page
    assert "Add customer" not in page
    assert "/subscriptions/new/" not in page


def test_customers_of_another_provider_leak_nowhere(
    provider: Partner, reseller: Partner, admin: Actor, price: Price, signed_in: Browser
) -> None:
    theirs = full_customer(PartnerFactory(), reseller, price, company_name="Theirs")
    Subscription.objects.update(nickname="Theirs too")
    browser = signed_in(admin.user)
    for query in (
        {},
        {"q": "theirs"},
        {"reseller": str(reseller.microsoft_id)},
        {"new": str(theirs.microsoft_id)},
        {"open": str(theirs.microsoft_id)},
    ):
        page = browser.get(f"{LIST}?{urlencode(query)}").content.decode()
        assert "Theirs" not in page
        assert theirs.domain not in page


@pytest.mark.parametrize(
    "words",
    ["padaria", "PADÁRIA", "joao sao", "padaria1.onmicrosoft", "11222333", "ana@padaria1", "  padaria  "],
)
def test_customers_are_found_by_any_of_their_words(
    provider: Partner, admin: Actor, signed_in: Browser, words: str
) -> None:
    CustomerFactory(
        provider=provider, company_name="Padaria São João", domain_prefix="padaria1", registration_id="11222333000181"
    )
    CustomerFactory(provider=provider, company_name="Another")
    assert listed(signed_in(admin.user), q=words) == ["Padaria São João"]


def test_customers_are_found_by_their_microsoft_id(provider: Partner, admin: Actor, signed_in: Browser) -> None:
    wanted = CustomerFactory(provider=provider)
    CustomerFactory(provider=provider)
    assert listed(signed_in(admin.user), q=str(wanted.microsoft_id).upper()) == [wanted.company_name]


def test_customers_are_filtered_by_reseller(
    provider: Partner, reseller: Partner, admin: Actor, signed_in: Browser
) -> None:
    other = PartnershipFactory(provider=provider, reseller__legal_name="Contoso").reseller
    foreign = PartnershipFactory(reseller__legal_name="Foreign services").reseller
    CustomerFactory(provider=provider, company_name="One", managed_by=reseller)
    CustomerFactory(provider=provider, company_name="Two", managed_by=other)
    CustomerFactory(provider=provider, company_name="Three")
    moved = CustomerFactory(provider=provider, company_name="Moved", managed_by=reseller)
    moved.reseller_relationships.update(ends_at=clock.now())
    ResellerRelationshipFactory(customer=moved, reseller=other)
    browser = signed_in(admin.user)
    page = browser.get(LIST).content.decode()
    assert "Filter by indirect reseller" in page
    assert "No reseller (direct)" in page
    assert "Contoso" in page
    assert "Foreign services" not in page
    assert listed(browser, reseller=str(reseller.microsoft_id)) == ["One"]
    assert sorted(listed(browser, reseller=str(other.microsoft_id))) == ["Moved", "Two"]
    assert listed(browser, reseller="none") == ["Three"]
    assert listed(browser, reseller=str(foreign.microsoft_id)) == []
    assert listed(browser, reseller="' OR 1=1") == []


def test_a_reseller_filters_by_provider(provider: Partner, reseller: Partner, signed_in: Browser) -> None:
    CustomerFactory(provider=provider, company_name="One", managed_by=reseller)
    browser = signed_in(actor_of(reseller).user)
    assert "Filter by indirect provider" not in browser.get(LIST).content.decode()
    assert listed(browser, provider=str(provider.microsoft_id)) == ["One"]
    second = PartnershipFactory(reseller=reseller, provider__legal_name="Tailwind").provider
    CustomerFactory(provider=second, company_name="Two", managed_by=reseller)
    CustomerFactory(provider=second, company_name="Another reseller's")
    foreign = PartnerFactory(legal_name="Foreign provider")
    page = browser.get(LIST).content.decode()
    assert "Filter by indirect provider" in page
    assert "Foreign provider" not in page
    assert listed(browser, provider=str(second.microsoft_id)) == ["Two"]
    assert sorted(listed(browser)) == ["One", "Two"]
    assert listed(browser, provider=str(foreign.microsoft_id)) == []


def test_many_resellers_are_typed(provider: Partner, admin: Actor, signed_in: Browser) -> None:
    resellers = [PartnershipFactory(provider=provider).reseller for _number in range(16)]
    CustomerFactory(provider=provider, company_name="One", managed_by=resellers[3])
    CustomerFactory(provider=provider, company_name="Two", managed_by=resellers[4])
    CustomerFactory(provider=provider, company_name="Three")
    browser = signed_in(admin.user)
    page = browser.get(LIST).content.decode()
    assert '<input type="text" name="reseller"' in page
    assert html_faults(page) == []
    assert listed(browser, reseller=resellers[3].mpn_id) == ["One"]
    assert listed(browser, reseller=resellers[4].legal_name.upper()) == ["Two"]
    assert listed(browser, reseller="none") == ["Three"]
    assert listed(browser, reseller=str(resellers[3].microsoft_id)) == ["One"]
    assert listed(browser, reseller=str(uuid.uuid4())) == []


@pytest.mark.django_db
def test_customers_are_filtered_by_country(signed_in: Browser) -> None:
    provider = PartnerFactory(country="DE")
    CustomerFactory(provider=provider, company_name="Bäckerei", country="DE")
    CustomerFactory(provider=provider, company_name="Panetteria", country="IT")
    browser = signed_in(actor_of(provider).user)
    assert listed(browser, country="IT") == ["Panetteria"]
    assert listed(browser, country="US") == []


def test_customers_come_latest_first_and_sort_by_name(provider: Partner, admin: Actor, signed_in: Browser) -> None:
    for name in ("beta", "Álfa", "Gamma"):
        CustomerFactory(provider=provider, company_name=name)
    browser = signed_in(admin.user)
    assert listed(browser) == ["Gamma", "Álfa", "beta"]
    assert listed(browser, sort="company_name") == ["Álfa", "beta", "Gamma"]
    assert listed(browser, sort="-company_name") == ["Gamma", "beta", "Álfa"]
    assert listed(browser, sort="provider__legal_name") == ["Gamma", "Álfa", "beta"]


def test_a_new_customer_is_marked(provider: Partner, admin: Actor, signed_in: Browser) -> None:
    CustomerFactory(provider=provider)
    new = CustomerFactory(provider=provider)
    page = signed_in(admin.user).get(f"{LIST}?new={new.microsoft_id}").content.decode()
    assert page.count("new-mark") == 1
    assert f'id="row-{new.microsoft_id}" class="is-new"' in page


def test_customers_say_why_there_are_none(admin: Actor, reseller: Partner, signed_in: Browser) -> None:
    browser = signed_in(admin.user)
    assert "No customers yet" in browser.get(LIST).content.decode()
    assert "Nothing matches" in browser.get(f"{LIST}?q=nobody").content.decode()
    assert "assigns it to you" in signed_in(actor_of(reseller).user).get(LIST).content.decode()


def test_helpdesk_reads_and_starts_nothing(
    provider: Partner, reseller: Partner, price: Price, signed_in: Browser
) -> None:
    full_customer(provider, reseller, price)
    page = signed_in(actor_of(provider, Role.HELPDESK_AGENT).user).get(LIST).content.decode()
    assert "Add customer" not in page
    assert "/subscriptions/new/" not in page


@pytest.mark.parametrize(("side", "queries"), [("provider", 8), ("reseller", 8)])
def test_customers_take_as_many_queries_for_three_as_for_one(
    provider: Partner,
    reseller: Partner,
    admin: Actor,
    price: Price,
    signed_in: Browser,
    side: str,
    queries: int,
    django_assert_num_queries: Callable,
) -> None:
    browser = signed_in(admin.user if side == "provider" else actor_of(reseller).user)
    full_customer(provider, reseller, price)
    browser.get(LIST)
    with django_assert_num_queries(queries):
        browser.get(LIST)
    for _more in range(2):
        full_customer(provider, reseller, price)
    with django_assert_num_queries(queries):
        assert len(browser.get(LIST).context["table"].records) == 3


# --- Subscriptions ----------------------------------------------------------------------------------------------------
@pytest.fixture
def subscription(provider: Partner, reseller: Partner, price: Price) -> Subscription:
    """Ten licenses, credited to Fabrikam, with a support contact of its own."""
    customer = CustomerFactory(provider=provider, managed_by=reseller, company_name="Padaria")
    made = SubscriptionFactory(customer=customer, sku=price.sku, nickname="Front desk")
    user = customer.created_by
    helper = PartnershipFactory(provider=provider, reseller__legal_name="Contoso").reseller
    ResellerOfRecord.objects.create(subscription=made, reseller=reseller, mpn_id="0054321", set_by=user)
    SupportContact.objects.create(subscription=made, reseller=helper, set_by=user)
    return made


def test_subscriptions_of_a_customer(subscription: Subscription, admin: Actor, signed_in: Browser) -> None:
    gone = SubscriptionFactory(customer=subscription.customer, sku=subscription.sku, nickname="Gone", status="deleted")
    response = signed_in(admin.user).get(subscription.customer.get_absolute_url())
    page = response.content.decode()
    for words in (
        "Front desk",
        "Active",
        "1 year",
        "Renews on",
        '<bdi>Fabrikam</bdi><br><span class="muted text-nowrap">MPN ID 0054321</span>',
        "Contoso",
        "Designated support contact",
        "Account",
        "Add subscription",
    ):
        assert words in page, words
    assert gone.nickname not in page
    assert html_faults(page) == []
    assert header_faults(response) == []


def test_support_without_a_contact_is_the_providers(
    subscription: Subscription, admin: Actor, signed_in: Browser
) -> None:
    SupportContact.objects.update(ends_at=clock.now())
    browser = signed_in(admin.user)
    for url in (subscription.customer.get_absolute_url(), subscription.get_absolute_url()):
        page = browser.get(url).content.decode()
        assert "<bdi>Contoso" not in page
        assert "Northwind" in page


def test_subscription_details(subscription: Subscription, admin: Actor, signed_in: Browser) -> None:
    response = signed_in(admin.user).get(subscription.get_absolute_url())
    page = response.content.decode()
    for words in (
        "Front desk",
        "Microsoft 365 Business Standard",
        "Reseller (MPN ID)",
        '<bdi>Fabrikam</bdi><br><span class="muted text-nowrap">MPN ID 0054321</span>',
        "Designated support contact",
        "Contoso",
        "USD\u00a0150.00",
        "USD\u00a01,500.00",
        str(subscription.subscription_id),
    ):
        assert words in page, words
    assert html_faults(page) == []
    assert header_faults(response) == []


def test_prices_are_for_those_who_may_see_them(
    subscription: Subscription, provider: Partner, reseller: Partner, signed_in: Browser
) -> None:
    administrator = CustomerAdministratorFactory(customer=subscription.customer)
    people = [actor_of(provider, Role.HELPDESK_AGENT).user, actor_of(reseller).user, administrator.user]
    for user in people:
        page = signed_in(user).get(subscription.get_absolute_url()).content.decode()
        assert "Front desk" in page
        assert "USD" not in page
        assert "150.00" not in page
        assert "1,500.00" not in page


def test_add_ons_and_bases_lead_to_each_other(subscription: Subscription, admin: Actor, signed_in: Browser) -> None:
    add_on = SubscriptionFactory(
        customer=subscription.customer, sku=subscription.sku, nickname="Calling plan", parent=subscription
    )
    browser = signed_in(admin.user)
    assert "Calling plan" in browser.get(subscription.get_absolute_url()).content.decode()
    assert "Front desk" in browser.get(add_on.get_absolute_url()).content.decode()


def test_subscriptions_of_others_are_not_found(subscription: Subscription, price: Price, signed_in: Browser) -> None:
    theirs = SubscriptionFactory(sku=price.sku, customer=CustomerFactory(managed_by=PartnerFactory(reseller=True)))
    mixed = reverse("subscriptions:detail", args=[theirs.customer.microsoft_id, subscription.subscription_id])
    administrator = CustomerAdministratorFactory(customer=theirs.customer)
    outsiders = [
        actor_of(theirs.customer.provider).user,
        actor_of(theirs.customer.managing_relationship().reseller).user,
        administrator.user,
    ]
    for user in outsiders:
        browser = signed_in(user)
        for url in (subscription.get_absolute_url(), subscription.customer.get_absolute_url(), mixed):
            response = browser.get(url)
            assert response.status_code == 404
            assert "Front desk" not in response.content.decode()
        assert browser.get(theirs.get_absolute_url()).status_code == 200


def test_a_customer_sees_its_own_subscriptions_and_no_more(
    subscription: Subscription, provider: Partner, price: Price, signed_in: Browser
) -> None:
    SubscriptionFactory(sku=price.sku, customer=CustomerFactory(provider=provider), nickname="Theirs")
    administrator = CustomerAdministratorFactory(customer=subscription.customer)
    browser = signed_in(administrator.user)
    home = browser.get("/")
    assert (home.status_code, home.url) == (302, subscription.customer.get_absolute_url())
    page = browser.get(home.url).content.decode()
    assert "Front desk" in page
    assert "Theirs" not in page
    assert "Add subscription" not in page
    assert reverse("customers:detail", args=[subscription.customer.microsoft_id]) not in page
    assert html_faults(page) == []


def test_a_right_that_ends_ends_at_the_next_request(
    subscription: Subscription, reseller: Partner, signed_in: Browser
) -> None:
    browser = signed_in(actor_of(reseller).user)
    assert browser.get(subscription.get_absolute_url()).status_code == 200
    subscription.customer.reseller_relationships.update(ends_at=clock.now())
    Partnership.objects.update(ended_at=clock.now())
    assert browser.get(subscription.get_absolute_url()).status_code == 404
    assert listed(browser) == []


def test_two_people_never_get_each_others_page(
    provider: Partner, reseller: Partner, admin: Actor, price: Price, signed_in: Browser
) -> None:
    full_customer(provider, reseller, price, company_name="Ours")
    other = actor_of(PartnerFactory())
    CustomerFactory(provider=other.partner, company_name="Theirs")
    first, second = signed_in(admin.user), signed_in(other.user)
    for _again in range(2):
        assert listed(first) == ["Ours"]
        assert listed(second) == ["Theirs"]


def test_subscriptions_take_as_many_queries_for_three_as_for_one(
    subscription: Subscription, admin: Actor, price: Price, signed_in: Browser, django_assert_num_queries: Callable
) -> None:
    browser, url = signed_in(admin.user), subscription.customer.get_absolute_url()
    browser.get(url)
    with django_assert_num_queries(11):
        browser.get(url)
    for _more in range(2):
        SubscriptionFactory(customer=subscription.customer, sku=price.sku)
    with django_assert_num_queries(11):
        assert len(browser.get(url).context["table"].records) == 3


def test_subscription_details_take_few_queries(
    subscription: Subscription, admin: Actor, signed_in: Browser, django_assert_max_num_queries: Callable
) -> None:
    browser = signed_in(admin.user)
    browser.get(subscription.get_absolute_url())
    with django_assert_max_num_queries(12):
        browser.get(subscription.get_absolute_url())


def test_the_back_office_reads_subscriptions(subscription: Subscription, signed_in: Browser) -> None:
    browser = signed_in(UserFactory(back_office=True))
    for url in (
        reverse("admin:subscriptions_subscription_changelist"),
        reverse("admin:subscriptions_subscription_change", args=[subscription.pk]),
    ):
        response = browser.get(url)
        assert response.status_code == 200
        assert "deletelink" not in response.content.decode()
    url = reverse("admin:subscriptions_subscription_delete", args=[subscription.pk])
    assert browser.post(url).status_code == 403
