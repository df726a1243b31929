"""User settings: who is tenant owner of a customer with an Azure plan."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.access import Actor
from accounts.models import Partner
from accounts.roles import Role
from activity.models import ActivityRecord
from core.exceptions import NotPermitted
from customers.models import Customer, TenantOwner
from customers.relationships import end_reseller_relationship
from customers.services import PartnershipRequired
from customers.tenant_owners import remove_tenant_owner
from mail.models import OutgoingEmail
from resellers.models import Partnership
from subscriptions.azure import (
    AZURE_PLAN_PRODUCTS,
    NoAzurePlan,
    NotAReseller,
    candidates,
    grant_tenant_owner,
    lacking_tenant_owner,
)
from subscriptions.models import Subscription
from tests.customers.conftest import actor_of
from tests.factories import (
    CustomerAdministratorFactory,
    CustomerFactory,
    PartnerFactory,
    PartnershipFactory,
    ProductFactory,
    SkuFactory,
    SubscriptionFactory,
)
from tests.races import run_parallel


def with_azure(provider: Partner, reseller: Partner | None = None, **values: object) -> Customer:
    """A customer with an Azure plan."""
    customer = CustomerFactory(provider=provider, managed_by=reseller, **values)
    product = ProductFactory._meta.model.objects.filter(product_id=AZURE_PLAN_PRODUCTS[0]).first()
    product = product or ProductFactory(product_id=AZURE_PLAN_PRODUCTS[0], title="Azure plan")
    sku = product.skus.first() or SkuFactory(product=product, is_usage_based=True)
    SubscriptionFactory(customer=customer, sku=sku, quantity=1)
    return customer


def owners(customer: Customer) -> list[Partner]:
    return [grant.reseller for grant in TenantOwner.objects.current().filter(customer=customer)]


@pytest.fixture
def browser_of_admin(admin: Actor) -> Client:
    """A Global admin of the provider, signed in."""
    client = Client()
    client.force_login(admin.user)
    return client


def test_the_customer_and_its_provider_may_grant_it(provider: Partner, reseller: Partner, admin: Actor) -> None:
    for kind in ("provider", "customer"):
        customer = with_azure(provider, reseller)
        administrator = CustomerAdministratorFactory(customer=customer)
        by = admin if kind == "provider" else Actor(user=administrator.user, customer=customer)
        grant = grant_tenant_owner(customer=customer, reseller=reseller, by=by)
        assert (grant.set_by, owners(customer)) == (by.user, [reseller])
        record = ActivityRecord.objects.get(action="customer.tenant_owner_granted", customer_id=customer.microsoft_id)
        assert (record.reseller_id, record.changes) == (reseller.microsoft_id, {"reseller": reseller.name_and_mpn})


def test_both_are_told(provider: Partner, reseller: Partner, admin: Actor) -> None:
    customer = with_azure(provider, reseller)
    grant = grant_tenant_owner(customer=customer, reseller=reseller, by=admin)
    remove_tenant_owner(grant=grant, by=admin)
    mails = OutgoingEmail.objects.filter(kind__startswith="tenant_owner").values_list("kind", "recipient")
    assert set(mails) == {
        (kind, address)
        for kind in ("tenant_owner_granted", "tenant_owner_removed")
        for address in (customer.contact_email, reseller.contact_email)
    }
    assert len(mails) == 4


def test_a_second_grant_and_a_second_removal_change_nothing(provider: Partner, reseller: Partner, admin: Actor) -> None:
    customer = with_azure(provider, reseller)
    first = grant_tenant_owner(customer=customer, reseller=reseller, by=admin)
    assert grant_tenant_owner(customer=customer, reseller=reseller, by=admin) == first
    ended = remove_tenant_owner(grant=first, by=admin).ends_at
    assert remove_tenant_owner(grant=first, by=admin).ends_at == ended
    assert ActivityRecord.objects.filter(action__startswith="customer.tenant_owner").count() == 2


def test_without_azure_there_is_nothing_to_own(provider: Partner, reseller: Partner, admin: Actor) -> None:
    customer = CustomerFactory(provider=provider, managed_by=reseller)
    with pytest.raises(NoAzurePlan):
        grant_tenant_owner(customer=customer, reseller=reseller, by=admin)
    customer = with_azure(provider, reseller)
    Subscription.objects.filter(customer=customer).update(status="deleted")
    with pytest.raises(NoAzurePlan):
        grant_tenant_owner(customer=customer, reseller=reseller, by=admin)


def test_only_a_reseller_of_the_customer(provider: Partner, reseller: Partner, admin: Actor) -> None:
    customer = with_azure(provider, reseller)
    other = PartnerFactory(reseller=True)
    with pytest.raises(PartnershipRequired):
        grant_tenant_owner(customer=customer, reseller=other, by=admin)
    PartnershipFactory(provider=provider, reseller=other)
    with pytest.raises(NotAReseller):
        grant_tenant_owner(customer=customer, reseller=other, by=admin)
    assert candidates(customer) == [reseller]


def test_who_may_not(provider: Partner, reseller: Partner) -> None:
    customer = with_azure(provider, reseller)
    actors = [
        actor_of(provider, Role.SALES_AGENT),
        actor_of(provider, Role.HELPDESK_AGENT),
        actor_of(reseller),
        actor_of(PartnerFactory()),
        Actor(user=actor_of(reseller).user, customer=CustomerFactory()),
    ]
    for actor in actors:
        with pytest.raises(NotPermitted):
            grant_tenant_owner(customer=customer, reseller=reseller, by=actor)
    assert owners(customer) == []
    grant = grant_tenant_owner(customer=customer, reseller=reseller, by=actor_of(provider))
    for actor in actors:
        with pytest.raises(NotPermitted):
            remove_tenant_owner(grant=grant, by=actor)
    assert owners(customer) == [reseller]


def test_who_manages_no_longer_owns_no_longer(provider: Partner, reseller: Partner, admin: Actor) -> None:
    customer = with_azure(provider, reseller)
    grant_tenant_owner(customer=customer, reseller=reseller, by=admin)
    end_reseller_relationship(relationship=customer.reseller_relationships.get(), by=admin)
    assert owners(customer) == []


def test_what_is_to_do(provider: Partner, reseller: Partner, admin: Actor) -> None:
    waiting, served = with_azure(provider, reseller), with_azure(provider, reseller)
    with_azure(provider)
    CustomerFactory(provider=provider, managed_by=reseller)
    elsewhere = PartnershipFactory()
    with_azure(elsewhere.provider, elsewhere.reseller)
    grant_tenant_owner(customer=served, reseller=reseller, by=admin)
    assert list(lacking_tenant_owner(Customer.objects.visible_to(admin))) == [waiting]


def test_the_to_do_stands_on_home_and_in_the_list(
    browser_of_admin: Client, provider: Partner, reseller: Partner, admin: Actor
) -> None:
    waiting, served = with_azure(provider, reseller), with_azure(provider, reseller)
    grant_tenant_owner(customer=served, reseller=reseller, by=admin)
    home = browser_of_admin.get(reverse("home")).content.decode()
    assert "Customer with Azure whose reseller is not tenant owner" in home
    rows = browser_of_admin.get(reverse("customers:list"), {"azure": "todo"}).content.decode()
    assert (waiting.company_name in rows, served.company_name in rows) == (True, False)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_granted_at_once_it_is_granted_once(provider: Partner, reseller: Partner, admin: Actor) -> None:
    def check(customer: Customer, results: list[object]) -> None:
        assert {type(result).__name__ for result in results} == {"TenantOwner"}
        assert owners(customer) == [reseller]

    run_parallel(
        lambda customer, _number: grant_tenant_owner(customer=customer, reseller=reseller, by=admin),
        n=4,
        rounds=8,
        before=lambda: with_azure(provider, reseller),
        after=check,
    )


# --- pages ------------------------------------------------------------------------------------------------------------
def test_the_page_asks_first(browser_of_admin: Client, provider: Partner, reseller: Partner) -> None:
    customer = with_azure(provider, reseller)
    arguments = {"microsoft_id": customer.microsoft_id, "reseller": reseller.microsoft_id}
    settings_page = reverse("customers:user_settings", args=[customer.microsoft_id])
    grant, remove = (reverse(f"customers:{name}_tenant_owner", kwargs=arguments) for name in ("grant", "remove"))
    assert grant in browser_of_admin.get(settings_page).content.decode()
    assert "Azure resource" in browser_of_admin.get(grant).content.decode()
    assert owners(customer) == []
    for _press in range(2):
        assert browser_of_admin.post(grant).headers["Location"] == settings_page
        assert owners(customer) == [reseller]
    assert browser_of_admin.get(grant).status_code == 302
    assert "is tenant owner now" in browser_of_admin.get(settings_page).content.decode()
    for _press in range(2):
        browser_of_admin.post(remove)
        assert owners(customer) == []


def test_another_reseller_is_never_named(provider: Partner, reseller: Partner, admin: Actor) -> None:
    customer = with_azure(provider, reseller)
    rival = PartnerFactory(reseller=True, legal_name="Canary Reseller")
    TenantOwner.objects.create(customer=customer, reseller=rival, set_by=admin.user)
    client = Client()
    client.force_login(actor_of(reseller).user)
    page = client.get(reverse("customers:user_settings", args=[customer.microsoft_id])).content.decode()
    assert "Canary" not in page
    assert "Make tenant owner" not in page


def test_the_other_provider_s_reseller_is_not_found(
    browser_of_admin: Client, provider: Partner, reseller: Partner
) -> None:
    customer, foreign = with_azure(provider, reseller), PartnershipFactory().reseller
    answers = [
        browser_of_admin.post(
            reverse("customers:grant_tenant_owner", args=[customer.microsoft_id, one]),
        )
        for one in (foreign.microsoft_id, "00000000-0000-4000-8000-000000000000")
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    assert Partnership.objects.count() == 2
