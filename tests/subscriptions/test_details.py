"""Subscription details: each change is said before it is made, made once, and refused with a reason."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from accounts.access import Actor
from accounts.models import Partner
from accounts.roles import Role
from catalogue.models import Price
from core import clock
from customers.models import Customer, ResellerRelationship
from resellers.models import Partnership
from subscriptions.changing import change_subscription
from subscriptions.models import ResellerOfRecord, Subscription, SupportContact
from subscriptions.rules import ChangeLicenses, Suspend
from subscriptions.services import set_reseller_of_record
from tests.customers.conftest import actor_of
from tests.factories import PartnerFactory, PartnershipFactory, PriceFactory, SkuFactory, SubscriptionFactory
from tests.subscriptions.living import also_sold, bought, offer, path, ready_customer

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def address(subscription: Subscription, name: str = "detail", **more: str) -> str:
    arguments = {
        "microsoft_id": subscription.customer.microsoft_id,
        "subscription_id": subscription.subscription_id,
        **more,
    }
    return reverse(f"subscriptions:{name}", kwargs=arguments)


def change(subscription: Subscription, kind: str) -> str:
    return address(subscription, "change", kind=kind)


def text(client: Client, url: str, **query: object) -> str:
    return client.get(url, query).content.decode()


def test_the_page_offers_what_the_rules_allow(browser: Client, new: Subscription) -> None:
    page = text(browser, address(new))
    for words in ("Suspend", "Cancel subscription", "Cancel at expiration", "Schedule a change for the renewal"):
        assert words in page
    assert "9 licenses can still be given back" in page
    assert "Upgrade now" not in page


def test_the_page_asks_little_where_one_types_the_reseller(
    browser: Client, new: Subscription, reseller: Partner, sales: Actor, monkeypatch, django_assert_num_queries
) -> None:
    monkeypatch.setattr("core.typeahead.LONGEST_SELECT", 0)
    set_reseller_of_record(subscription=new, reseller=reseller, by=sales)
    field = f'value="{reseller.name_and_mpn}"'
    assert field in text(browser, address(new))
    with django_assert_num_queries(10):
        text(browser, address(new))
    SubscriptionFactory(customer=new.customer, sku=new.sku, parent=new, nickname="Added")
    with django_assert_num_queries(11):
        assert "Added" in text(browser, address(new))
    typed = browser.post(address(new, "reseller"), {"reseller": "nobody at all", "mpn_id": ""}).content.decode()
    assert (field in typed, 'value="nobody at all"' in typed) == (False, True)


def add_on(base: Subscription, title: str) -> Price:
    """An offer that goes with what the subscription is of."""
    made = offer(title=title, is_add_on=True)
    made.sku.prerequisites.create(required_code=base.sku.code)
    return made


def test_the_page_leads_to_the_add_ons_on_sale_for_it(browser: Client, new: Subscription, reseller: Partner) -> None:
    theirs = Client()
    theirs.force_login(actor_of(reseller).user)
    order, ask = (reverse(f"orders:{name}_subscription", args=[new.customer.microsoft_id]) for name in ("add", "ask"))
    for client in (browser, theirs):
        page = text(client, address(new))
        assert (order in page, ask in page) == (False, False)
    add_on(new, "Teams Phone")
    offer(title="Visio")
    page = text(browser, address(new))
    assert (f'action="{order}"' in page, 'name="q" value="Teams Phone"' in page) == (True, True)
    assert ("Add Teams Phone" in page, "Add Visio" in page, ask in page) == (True, False, False)
    page = text(theirs, address(new))
    assert (f'<form method="get" action="{ask}"' in page, order in page) == (True, False)
    for number in range(3):
        add_on(new, f"Archiving {number}")
    page = text(browser, address(new))
    assert ('name="kind" value="add_on"' in page, "Add Teams Phone" in page) == (True, False)


def test_whoever_cannot_order_reads_of_no_add_on(browser: Client, new: Subscription, provider: Partner) -> None:
    add_on(new, "Teams Phone")
    helpdesk = Client()
    helpdesk.force_login(actor_of(provider, Role.HELPDESK_AGENT).user)
    assert "Teams Phone" not in text(helpdesk, address(new))
    Subscription.objects.filter(pk=new.pk).update(status="suspended")
    assert "Teams Phone" not in text(browser, address(new))
    under = SubscriptionFactory(customer=new.customer, sku=new.sku, parent=new)
    assert "Teams Phone" not in text(browser, address(under))


@pytest.mark.parametrize("facts", [{"market": "BR"}, {"segment": "Government"}, {"sold_until": LONG_AGO}])
def test_an_add_on_that_the_customer_cannot_buy_is_not_offered(
    browser: Client, new: Subscription, facts: dict[str, object]
) -> None:
    sku = SkuFactory(title="Teams Phone", is_add_on=True)
    sku.prerequisites.create(required_code=new.sku.code)
    PriceFactory(sku=sku, **facts)
    assert "Teams Phone" not in text(browser, address(new))
    PriceFactory(sku=sku, term_duration="P1M")
    assert "Add Teams Phone" in text(browser, address(new))


def test_a_late_page_offers_no_cancellation(browser: Client, customer: Customer, sales: Actor) -> None:
    late = bought(customer, offer(), sales, at=clock.now() - timedelta(days=30))
    page = text(browser, address(late))
    assert "Cancel subscription" not in page
    assert "can still be given back" not in page


def test_looking_changes_nothing(browser: Client, new: Subscription) -> None:
    page = text(browser, change(new, "licenses"), quantity="15")
    assert "What will happen" in page
    assert "are charged for the rest of the term" in page
    assert "It can be undone until" in page
    new.refresh_from_db()
    assert (new.quantity, new.version) == (10, 1)


def test_submit_changes_it_once(browser: Client, new: Subscription) -> None:
    data = {"quantity": "15", "version": "1"}
    first = browser.post(change(new, "licenses"), data)
    assert first.headers["Location"] == new.get_absolute_url()
    new.refresh_from_db()
    assert new.quantity == 15
    second = browser.post(change(new, "licenses"), data)
    assert second.status_code == 409
    new.refresh_from_db()
    assert (new.quantity, new.version) == (15, 2)


def test_a_refusal_says_why_and_what_instead(browser: Client, customer: Customer, sales: Actor) -> None:
    late = bought(customer, offer(), sales, at=clock.now() - timedelta(days=30))
    page = text(browser, change(late, "licenses"), quantity="5")
    assert "The seven days in which licenses can be given back have passed" in page
    assert change(late, "schedule") in page
    posted = browser.post(change(late, "licenses"), {"quantity": "5", "version": "1"})
    assert (posted.status_code, Subscription.objects.get(pk=late.pk).quantity) == (200, 10)


def test_who_changes_hears_before_of_a_reseller_of_record_that_is_not_ready(
    browser: Client, new: Subscription, reseller: Partner, sales: Actor
) -> None:
    set_reseller_of_record(subscription=new, reseller=reseller, by=sales)
    Partner.objects.filter(pk=reseller.pk).update(enrolment_state=Partner.EnrolmentState.SUSPENDED)
    page = text(browser, change(new, "licenses"), quantity="12")
    assert "Name another reseller of record, or none, first." in page


@pytest.mark.parametrize("typed", ["", "0", "-3", "many", "9" * 40, "1.5"])
def test_bad_numbers_get_an_error_beside_their_field(browser: Client, new: Subscription, typed: str) -> None:
    response = browser.get(change(new, "licenses"), {"quantity": typed})
    assert response.status_code == 200
    assert "There is a problem" in response.content.decode() or "This is not possible" in response.content.decode()
    posted = browser.post(change(new, "licenses"), {"quantity": typed, "version": "1"})
    assert posted.status_code == 200
    new.refresh_from_db()
    assert new.quantity == 10


def test_somebody_else_was_faster(browser: Client, new: Subscription, sales: Actor) -> None:
    change_subscription(subscription=new, intent=ChangeLicenses(20), by=sales)
    answer = browser.post(change(new, "licenses"), {"quantity": "12", "version": "1"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert ">12<" in page
    assert ">20<" in page
    again = browser.post(change(new, "licenses"), {"quantity": "12", "version": "2"})
    assert again.headers["Location"] == new.get_absolute_url()
    new.refresh_from_db()
    assert new.quantity == 12


def test_where_licenses_cannot_be_changed_the_page_says_why(
    browser: Client, new: Subscription, customer: Customer, sales: Actor
) -> None:
    change_subscription(subscription=new, intent=Suspend(), by=sales)
    trial = bought(customer, offer(), sales, at=clock.now() - timedelta(hours=1))
    Subscription.objects.filter(pk=trial.pk).update(is_trial=True, quantity=25)
    for subscription, words in (
        (new, "The subscription is suspended. Reactivate it first."),
        (trial, "A trial has 25 licenses that cannot be changed."),
    ):
        page = text(browser, address(subscription))
        assert words in page
        assert change(subscription, "licenses") not in page
    Subscription.objects.filter(pk=new.pk).update(status="expired")
    assert "Reactivate it first" not in text(browser, address(new))


def test_suspended_and_back(browser: Client, new: Subscription) -> None:
    assert "The bills go on all the same" in text(browser, change(new, "suspend"))
    browser.post(change(new, "suspend"), {"version": "1"})
    page = text(browser, address(new))
    assert change(new, "reactivate") in page
    browser.post(change(new, "reactivate"), {"version": "2"})
    new.refresh_from_db()
    assert new.status == "active"


def test_a_suspended_add_on_returns_where_its_base_runs(browser: Client, customer: Customer, sales: Actor) -> None:
    base = bought(customer, offer(policy="legacy"), sales, at=clock.now() - timedelta(days=20))
    add_on = SubscriptionFactory(customer=customer, sku=base.sku, parent=base, policy="legacy", nickname="Archiving")
    change_subscription(subscription=add_on, intent=Suspend(), by=sales)
    assert change(add_on, "reactivate") in text(browser, address(add_on))
    change_subscription(subscription=base, intent=Suspend(), by=sales)
    page = text(browser, address(add_on))
    assert change(add_on, "reactivate") not in page
    assert "The subscription that this add-on belongs to is not active." in page


def test_canceled(browser: Client, new: Subscription) -> None:
    confirmation = browser.get(change(new, "cancel")).content.decode()
    assert "This cannot be undone." in confirmation
    # "Cancel" beside "Cancel subscription" could mean either.
    assert re.findall(r'btn-quiet" href="[^"]*">([^<]*)<', confirmation) == ["Back to the subscription"]
    browser.post(change(new, "cancel"), {"version": "1"})
    new.refresh_from_db()
    assert new.status == "deleted"
    assert "This subscription is deleted" in text(browser, change(new, "suspend"))


def test_the_end_of_the_term(browser: Client, new: Subscription) -> None:
    page = text(browser, change(new, "end"), at_end="cancel")
    assert "What will happen" in page
    browser.post(change(new, "end"), {"at_end": "cancel", "version": "1"})
    new.refresh_from_db()
    assert new.at_end == "cancel"


def test_scheduled_for_the_renewal(browser: Client, new: Subscription) -> None:
    browser.post(change(new, "schedule"), {"quantity": "4", "price": "", "version": "1"})
    assert "Scheduled for the renewal: 4 licenses" in text(browser, address(new))
    browser.post(change(new, "drop-schedule"), {"version": "2"})
    new.refresh_from_db()
    assert new.scheduled is None


def test_an_upgrade_of_some_licenses(browser: Client, new: Subscription) -> None:
    better = offer(price="240")
    path(new.sku, better.sku)
    assert "Upgrade now" in text(browser, address(new))
    page = text(browser, change(new, "upgrade"), price=str(better.pk), quantity="4")
    assert "become a subscription of their own" in page
    browser.post(change(new, "upgrade"), {"price": str(better.pk), "quantity": "4", "version": "1"})
    assert sorted(Subscription.objects.filter(customer=new.customer).values_list("quantity", flat=True)) == [4, 6]


def test_a_longer_term_and_a_price_that_is_not_offered(browser: Client, new: Subscription) -> None:
    longer = also_sold(new.sku.prices.get(), term_duration="P3Y", unit_price=Decimal(330))
    foreign = offer(price="1")
    wrong = browser.post(change(new, "term"), {"price": str(foreign.pk), "version": "1"})
    assert "Choose again" in wrong.content.decode()
    browser.post(change(new, "term"), {"price": str(longer.pk), "version": "1"})
    new.refresh_from_db()
    assert new.term_duration == "P3Y"


def test_an_unknown_change_is_not_found(browser: Client, new: Subscription) -> None:
    assert browser.get(change(new, "explode")).status_code == 404


def test_a_nickname(browser: Client, new: Subscription) -> None:
    empty = browser.post(address(new, "rename"), {"nickname": "", "version": "1"})
    assert "Enter the subscription nickname" in empty.content.decode()
    browser.post(address(new, "rename"), {"nickname": "Ovens", "version": "1"})
    late = browser.post(address(new, "rename"), {"nickname": "Stoves", "version": "1"})
    assert late.status_code == 409
    new.refresh_from_db()
    assert new.nickname == "Ovens"


# --- resellers --------------------------------------------------------------------------------------------------------
def test_the_reseller_of_record_from_the_list_and_by_number(
    browser: Client, new: Subscription, provider: Partner, reseller: Partner
) -> None:
    other = PartnershipFactory(provider=provider, reseller=PartnerFactory(reseller=True, mpn_id="0055555")).reseller
    browser.post(address(new, "reseller"), {"reseller": str(reseller.microsoft_id), "mpn_id": ""})
    browser.post(address(new, "reseller"), {"reseller": "", "mpn_id": "55555"})
    browser.post(address(new, "reseller"), {"reseller": "", "mpn_id": ""})
    history = ResellerOfRecord.objects.filter(subscription=new).order_by("pk")
    assert [one.reseller for one in history] == [reseller, other]
    assert all(one.ends_at for one in history)
    assert "No indirect reseller" in text(browser, address(new))


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("abc", "Enter the MPN ID in digits"),
        ("99999", "No indirect reseller has this MPN ID"),
        ("own", "This is your own MPN ID"),
        ("foreign", "partnership"),
    ],
)
def test_an_mpn_id_is_verified(browser: Client, new: Subscription, provider: Partner, typed: str, words: str) -> None:
    foreign = PartnerFactory(reseller=True, mpn_id="0077777")
    number = {"own": provider.mpn_id, "foreign": foreign.mpn_id}.get(typed, typed)
    answer = browser.post(address(new, "reseller"), {"reseller": "", "mpn_id": number})
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert not ResellerOfRecord.objects.filter(subscription=new).exists()


def test_the_support_contact_is_a_reseller_that_manages_the_customer(
    browser: Client, new: Subscription, provider: Partner, reseller: Partner
) -> None:
    stranger = PartnershipFactory(provider=provider, reseller=PartnerFactory(reseller=True)).reseller
    refused = browser.post(address(new, "support_contact"), {"reseller": str(stranger.microsoft_id)})
    assert refused.status_code == 200
    assert not SupportContact.objects.exists()
    browser.post(address(new, "support_contact"), {"reseller": str(reseller.microsoft_id)})
    assert SupportContact.objects.get(subscription=new, ends_at=None).reseller == reseller
    browser.post(address(new, "support_contact"), {"reseller": ""})
    assert not SupportContact.objects.filter(subscription=new, ends_at=None).exists()


# --- who sees what ----------------------------------------------------------------------------------------------------
def test_a_reseller_that_views_and_requests_changes_nothing(new: Subscription, reseller: Partner) -> None:
    ResellerRelationship.objects.update(scope=ResellerRelationship.Scope.VIEW_AND_REQUEST)
    client = Client()
    client.force_login(actor_of(reseller).user)
    page = text(client, address(new))
    assert "History" in page
    assert "Submit" not in page
    for name in ("rename", "reseller", "support_contact"):
        assert client.post(address(new, name)).status_code == 403
    assert client.post(change(new, "suspend"), {"version": "1"}).status_code == 403


def test_a_helpdesk_agent_changes_without_prices(new: Subscription, provider: Partner) -> None:
    client = Client()
    client.force_login(actor_of(provider, Role.HELPDESK_AGENT).user)
    page = text(client, change(new, "licenses"), quantity="12")
    assert "What will happen" in page
    assert "USD" not in page


def test_a_subscription_of_another_customer_is_not_found(browser: Client, new: Subscription, sales: Actor) -> None:
    elsewhere = bought(ready_customer(new.customer.provider), offer(), sales)
    wrong = reverse("subscriptions:change", args=[new.customer.microsoft_id, elsewhere.subscription_id, "suspend"])
    assert browser.get(wrong).status_code == 404
    assert browser.post(wrong, {"version": "1"}).status_code == 404


def test_the_timeline_tells_old_and_new(browser: Client, new: Subscription, sales: Actor) -> None:
    change_subscription(subscription=new, intent=ChangeLicenses(12), by=sales)
    change_subscription(subscription=new, intent=Suspend(), by=sales)
    page = text(browser, address(new))
    assert "Licenses: 10 → 12" in page
    assert page.index("Suspended") < page.index("Number of licenses changed") < page.rindex("Subscription started")
    assert ResellerRelationship.objects.count() == Partnership.objects.count() == 1
