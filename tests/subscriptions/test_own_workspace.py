"""What a customer's administrator sees of its own account, and what it must never see."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.access import Actor
from accounts.models import Partner, SupportProfile
from activity.services import record
from core import clock
from customers.models import Customer, CustomerAdministrator, TenantOwner
from subscriptions.changing import change_subscription
from subscriptions.models import Subscription, SupportContact
from subscriptions.rules import Suspend
from subscriptions.tables import renewal
from tests.customers.conftest import actor_of
from tests.factories import CustomerAdministratorFactory, PartnerFactory
from tests.reading import checked, rows, text, words
from tests.subscriptions.living import bought, offer
from tests.world import World, make_world

Browser = Callable[..., Client]


@pytest.fixture
def administrator(customer: Customer) -> CustomerAdministrator:
    return CustomerAdministratorFactory(customer=customer)


@pytest.fixture
def window(administrator: CustomerAdministrator, signed_in: Browser) -> Client:
    return signed_in(administrator.user)


def page_of(customer: Customer, name: str) -> str:
    return reverse(f"customers:{name}", args=[customer.microsoft_id])


# --- support ----------------------------------------------------------------------------------------------------------
def test_each_subscription_says_who_supports_it_and_how_they_are_reached(
    customer: Customer, provider: Partner, reseller: Partner, sales: Actor, window: Client
) -> None:
    SupportProfile.objects.create(
        partner=reseller, email="help@fabrikam.example", phone="+12065550142", website="https://help.fabrikam.example"
    )
    Partner.objects.filter(pk=provider.pk).update(contact_phone="+12065550100")
    own, other = bought(customer, offer(), sales), bought(customer, offer(), sales)
    SupportContact.objects.create(subscription=other, reseller=reseller, set_by=sales.user)
    facts = dict(checked(window.get(own.get_absolute_url())).context["relations"])
    assert 'href="tel:+12065550100"' in facts["Telephone"]
    assert 'href="mailto:contact@northwind.example"' in facts["E-mail"]
    assert "Site" not in facts
    facts = dict(checked(window.get(other.get_absolute_url())).context["relations"])
    assert "Fabrikam" in facts["Designated support contact"]
    assert '<a href="tel:+12065550142">+1 206-555-0142</a>' in facts["Telephone"]
    assert "help@fabrikam.example" in facts["E-mail"]
    assert 'href="https://help.fabrikam.example"' in facts["Site"]
    page = words(checked(window.get(page_of(customer, "partners"))))
    assert "contact@northwind.example" in page
    assert "help@fabrikam.example" in page
    assert "hello@fabrikam.example" not in page


def test_a_subscription_says_what_comes_and_no_price(customer: Customer, sales: Actor, window: Client) -> None:
    subscription = bought(customer, offer(price="987.65"), sales)
    page = checked(window.get(subscription.get_absolute_url()))
    assert dict(page.context["facts"])["If nobody acts"] == "Renews: 1 year · Monthly, 10 licenses"
    # Whole numbers: an ID of the page may hold these digits among others.
    assert not re.search(r"\b(987|9,876)\b", words(page))
    assert not page.context["manage"]


# --- partners ---------------------------------------------------------------------------------------------------------
def test_partners_says_what_each_may_do(customer: Customer, reseller: Partner, sales: Actor, window: Client) -> None:
    bought(customer, offer(), sales, reseller=reseller)
    TenantOwner.objects.create(customer=customer, reseller=reseller, set_by=sales.user)
    page = words(checked(window.get(page_of(customer, "partners"))))
    for expected in (
        "It manages your account, places orders for you",
        "Fabrikam has administrator access to your account information and subscriptions",
        "Manages every Azure resource of yours, and who may use it.",
        "Named with the programme as the one that sold them. That alone gives it no access to your account.",
    ):
        assert expected in page


def test_partners_takes_as_many_queries_for_three_supporters_as_for_one(
    customer: Customer,
    provider: Partner,
    sales: Actor,
    window: Client,
    reseller: Partner,
    django_assert_num_queries: Callable,
) -> None:
    def supported_by(company: Partner) -> None:
        SupportContact.objects.create(
            subscription=bought(customer, offer(), sales), reseller=company, set_by=sales.user
        )

    supported_by(reseller)
    window.get(page_of(customer, "partners"))
    with django_assert_num_queries(14):
        window.get(page_of(customer, "partners"))
    for _number in range(2):
        supported_by(PartnerFactory(reseller=True))
    with django_assert_num_queries(14):
        assert len(window.get(page_of(customer, "partners")).context["support"]) == 3


def test_a_request_to_answer_is_said_where_the_customer_arrives(signed_in: Browser, db: None) -> None:
    world = make_world()
    client, url = signed_in(world.ours.administrator.user), world.ours.customer.get_absolute_url()
    page = checked(client.get(url))
    assert "1 request for a reseller relationship waits for your answer" in words(page)
    assert page_of(world.ours.customer, "partners") in page.content.decode()
    one = world.ours.relationship_request
    type(one).objects.filter(pk=one.pk).update(state="revoked")
    assert "waits for your answer" not in words(client.get(url))
    staff = signed_in(world.ours.provider_admin.user).get(url)
    assert "waits for your answer" not in words(staff)


# --- nothing of the provider's ----------------------------------------------------------------------------------------
def test_what_staff_noted_for_themselves_stays_theirs(
    customer: Customer, sales: Actor, administrator: CustomerAdministrator, window: Client, signed_in: Browser
) -> None:
    subscription = bought(customer, offer(), sales)
    change_subscription(subscription=subscription, intent=Suspend(), by=sales, reason="They never pay in time")
    own = Actor(user=administrator.user, customer=customer)
    record("customer.scope_changed", customer, by=own, reason="We like it better so")
    for url in (subscription.get_absolute_url(), page_of(customer, "activity")):
        assert "Suspended" in words(window.get(url))
        assert "never pay" not in words(window.get(url))
        assert "They never pay in time" in words(signed_in(sales.user).get(url))
    assert "We like it better so" in words(window.get(page_of(customer, "activity")))


def test_the_back_office_s_reason_is_told(customer: Customer, window: Client) -> None:
    office = Actor(system="back office")
    record("customer.put_under_review", customer, by=office, reason="The address does not exist")
    assert "The address does not exist" in words(window.get(page_of(customer, "activity")))


def test_people_of_the_provider_are_not_named(
    customer: Customer, reseller: Partner, sales: Actor, window: Client, signed_in: Browser
) -> None:
    assert sales.user is not None
    sales.user.full_name = "Priya Raman"
    sales.user.save()
    bought(customer, offer(), sales, reseller=reseller)
    TenantOwner.objects.create(customer=customer, reseller=reseller, set_by=sales.user)
    for name in ("user_settings", "partners", "activity"):
        assert "Priya" not in words(window.get(page_of(customer, name)))
    assert "granted by Northwind" in words(window.get(page_of(customer, "user_settings")))
    assert "granted by Northwind" in words(signed_in(actor_of(reseller).user).get(page_of(customer, "user_settings")))
    assert "granted by Priya Raman" in words(signed_in(sales.user).get(page_of(customer, "user_settings")))


def test_its_own_grants_are_told_by_person_to_itself_and_by_name_to_the_reseller(
    customer: Customer, reseller: Partner, administrator: CustomerAdministrator, window: Client, signed_in: Browser
) -> None:
    TenantOwner.objects.create(customer=customer, reseller=reseller, set_by=administrator.user)
    url = page_of(customer, "user_settings")
    assert f"granted by {administrator.user}" in words(window.get(url))
    assert "granted by Padaria" in words(signed_in(actor_of(reseller).user).get(url))


def pages_of_an_administrator(world: World) -> list[str]:
    """Where the navigation leads, and what those pages lead to."""
    keys = [world.ours.customer.microsoft_id]
    names = "subscriptions:list customers:partners customers:user_settings customers:activity".split()
    return [
        *(reverse(name, args=keys) for name in names),
        world.ours.subscription.get_absolute_url(),
        reverse("customers:answer_request", args=[*keys, world.ours.relationship_request.public_id]),
    ]


def test_no_page_tells_of_another_customer_company_or_price(signed_in: Browser, db: None) -> None:
    world = make_world()
    record("subscription.suspended", world.theirs.subscription, by=world.theirs.provider_admin)
    client = signed_in(world.ours.administrator.user)
    for url in pages_of_an_administrator(world):
        page = words(checked(client.get(url)))
        assert "Theirs" not in page, url
        assert not re.search(r"\bUSD\b", page), url
        assert "150.00" not in page, url


def test_every_page_of_another_s_account_is_as_missing_as_none(signed_in: Browser, db: None) -> None:
    world = make_world()
    client = signed_in(world.theirs.administrator.user)
    for url in pages_of_an_administrator(world):
        assert client.get(url).status_code == 404, url


def test_what_belongs_to_partners_is_not_for_administrators(signed_in: Browser, db: None) -> None:
    world = make_world()
    client = signed_in(world.ours.administrator.user)
    for name in "customers:list subscriptions:renewals resellers:list resellers:providers support_profile".split():
        assert client.get(reverse(name)).status_code == 403, name


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "Renews on 1 Feb 2027"),
        ({"at_end": "cancel"}, "Expires on 1 Feb 2027"),
        ({"at_end": "extend"}, "Goes on monthly from 1 Feb 2027"),
        # Nobody said what comes instead of a renewal: then it goes on too, where there is an extended service term.
        ({"at_end": "undecided", "term_duration": "P1Y"}, "Goes on monthly from 1 Feb 2027"),
        ({"at_end": "undecided", "term_duration": "P3Y"}, "Expires on 1 Feb 2027"),
        ({"at_end": "undecided", "is_trial": True}, "Expires on 1 Feb 2027"),
        ({"at_end": "undecided", "status": "suspended"}, "Expires on 1 Feb 2027"),
        ({"at_end": "extend", "status": "suspended"}, "Expires on 1 Feb 2027"),
        ({"status": "expired"}, "Ended on 1 Feb 2027"),
        ({"status": "deleted", "ended_at": datetime(2026, 3, 1, 12, tzinfo=UTC)}, "Ended on 1 Mar 2026"),
        ({"status": "deleted", "ended_at": datetime(2027, 3, 1, 12, tzinfo=UTC)}, "Ended on 1 Feb 2027"),
        ({"status": "suspended", "next_step_at": datetime(2026, 5, 1, 12, tzinfo=UTC)}, "Is deleted on 1 May 2026"),
        ({"ends_at": None}, "—No term"),
    ],
)
def test_a_list_says_what_becomes_of_a_term(values: dict, expected: str) -> None:
    one = Subscription(**{"status": "active", "ends_at": datetime(2027, 2, 1, 12, tzinfo=UTC), **values})
    assert text(renewal(one)).replace("— ", "—") == expected


def test_an_ended_subscription_stays_readable(customer: Customer, sales: Actor, window: Client) -> None:
    subscription = bought(customer, offer(), sales, at=clock.now() - timedelta(days=400))
    Subscription.objects.filter(pk=subscription.pk).update(status="disabled", next_step_at=None)
    page = checked(window.get(subscription.get_absolute_url()))
    assert "If nobody acts" not in dict(page.context["facts"])
    assert [row[2] for row in rows(window.get(customer.get_absolute_url()))] == ["Disabled"]
