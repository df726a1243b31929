"""The forms of changes: what cannot be chosen is not offered, and what was typed wrongly is said beside its field."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from accounts.access import Actor
from accounts.models import Partner
from activity.sentences import value_words
from catalogue.models import Price
from core import clock, html
from customers.models import Customer
from subscriptions.changing import change_subscription
from subscriptions.clockwork import run_due
from subscriptions.intents import Kind, Priced
from subscriptions.models import Subscription
from subscriptions.rules import ChangeLicenses, ScheduleChange, Scheduled
from tests.customers.conftest import actor_of
from tests.factories import PartnershipFactory, SubscriptionFactory
from tests.subscriptions.asking import ask, asking_customer
from tests.subscriptions.living import also_sold, bought, offer, path


def page_of(client: Client, subscription: Subscription, kind: str, **query: object) -> str:
    arguments = [subscription.customer.microsoft_id, subscription.subscription_id, kind]
    return client.get(reverse("subscriptions:change", args=arguments), query).content.decode()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Enter the number of licenses."),
        ("many", "Enter the number of licenses in digits."),
        ("0", "Enter 1 license or more."),
        ("9" * 20, "Enter a smaller number of licenses."),
        ("301", "Enter a number of licenses from 1 to 300."),
    ],
)
def test_a_wrong_number_is_an_error_of_its_field(browser: Client, new: Subscription, typed: str, words: str) -> None:
    page = page_of(browser, new, "licenses", quantity=typed)
    assert "There is a problem" in page
    assert page.count(words) == 2
    assert "This is not possible" not in page
    assert f'value="{typed}"' in page or not typed


def test_no_choice_at_the_end_of_the_term_is_said_in_words(browser: Client, new: Subscription) -> None:
    assert page_of(browser, new, "end", at_end="never").count("Choose what happens at the end of the term.") == 2


@pytest.mark.parametrize("kind", ["term", "billing", "upgrade"])
def test_a_form_with_nothing_to_choose_is_a_refusal(browser: Client, new: Subscription, kind: str) -> None:
    page = page_of(browser, new, kind)
    assert "Nothing of this kind is offered for this subscription today." in page
    assert "Back to the subscription" in page
    assert "Next: what will happen" not in page


def test_what_is_no_trial_is_upgraded_instead(browser: Client, new: Subscription) -> None:
    assert "Only a trial can be converted." in page_of(browser, new, "convert")


def test_a_legacy_upgrade_asks_for_no_number(browser: Client, customer: Customer, sales: Actor) -> None:
    old, better = offer(policy="legacy"), offer(policy="legacy", price="240")
    path(old.sku, better.sku)
    owned = bought(customer, old, sales)
    assert "Licenses to upgrade" not in page_of(browser, owned, "upgrade")
    assert "What will happen" in page_of(browser, owned, "upgrade", price=better.pk)
    arguments = [owned.customer.microsoft_id, owned.subscription_id, "upgrade"]
    browser.post(reverse("subscriptions:change", args=arguments), {"price": better.pk, "version": "1"})
    owned.refresh_from_db()
    assert (owned.sku, owned.quantity) == (better.sku, 10)


def test_what_was_scheduled_is_kept_when_only_the_number_is_changed(
    browser: Client, new: Subscription, sales: Actor
) -> None:
    monthly = also_sold(new.sku.prices.get(), term_duration="P1M", unit_price=Decimal(12))
    arguments = [new.customer.microsoft_id, new.subscription_id, "schedule"]
    address = reverse("subscriptions:change", args=arguments)
    browser.post(address, {"quantity": "4", "price": monthly.pk, "version": "1"})
    page = browser.get(new.get_absolute_url()).content.decode()
    assert "Scheduled for the renewal: 4 licenses, 1 month · Monthly" in page
    form = page_of(browser, new, "schedule")
    assert f'<option value="{monthly.pk}" selected>' in form
    assert 'value="4"' in form


def test_the_next_term_as_it_is_now_is_no_change(browser: Client, new: Subscription) -> None:
    present = new.sku.prices.get()
    assert f'value="{present.pk}"' not in page_of(browser, new, "schedule")
    page = page_of(browser, new, "schedule", quantity="10", price=present.pk)
    assert "What will happen" not in page


def test_a_schedule_says_what_the_next_term_costs(browser: Client, new: Subscription) -> None:
    monthly = also_sold(new.sku.prices.get(), term_duration="P1M", unit_price=Decimal("12.3456"))
    page = page_of(browser, new, "schedule", quantity="7", price=monthly.pk)
    assert "The next term costs USD\xa086.42 at today’s price." in page
    assert "The next term costs USD\xa0360.00 at today’s price." in page_of(
        browser, new, "schedule", quantity="3", price=""
    )


def test_everything_as_now_drops_what_was_scheduled(browser: Client, new: Subscription) -> None:
    address = reverse("subscriptions:change", args=[new.customer.microsoft_id, new.subscription_id, "schedule"])
    browser.post(address, {"quantity": "4", "price": "", "version": "1"})
    assert "What will happen" in page_of(browser, new, "schedule", quantity="10", price="")
    browser.post(address, {"quantity": "10", "price": "", "version": "2"})
    new.refresh_from_db()
    assert (new.scheduled, new.version) == (None, 3)


def test_a_new_term_says_what_its_amount_is_made_of(browser: Client, new: Subscription) -> None:
    longer = also_sold(new.sku.prices.get(), term_duration="P3Y", unit_price=Decimal(330))
    page = page_of(browser, new, "term", price=longer.pk)
    assert "are charged: the new term, less what 365 of 365 days of the present one cost." in page


def test_a_trial_is_told_apart_from_a_renewal(browser: Client, customer: Customer, sales: Actor) -> None:
    paid, tried = offer(), offer(price="0", is_trial=True, min_licenses=25, max_licenses=25)
    path(tried.sku, paid.sku)
    trial = bought(customer, tried, sales, quantity=25)
    page = browser.get(trial.get_absolute_url()).content.decode()
    assert "Becomes paid on" in page
    assert "Renews on" not in page
    assert f"Becomes {paid.sku.title}: 1 year" in page
    assert "Become a paid subscription" in page
    for address in (reverse("subscriptions:all"), reverse("subscriptions:list", args=[customer.microsoft_id])):
        assert "Becomes paid on" in browser.get(address).content.decode()


def test_a_trial_of_the_legacy_rules_expires(browser: Client, customer: Customer, sales: Actor) -> None:
    tried = offer(policy="legacy", price="0", is_trial=True, min_licenses=25, max_licenses=25)
    page = browser.get(bought(customer, tried, sales, quantity=25).get_absolute_url()).content.decode()
    assert ("Expires on" in page, "Renews on" in page) == (True, False)


def test_each_purchase_says_until_when_it_can_be_given_back(browser: Client, customer: Customer, sales: Actor) -> None:
    now = clock.now()
    owned = bought(customer, offer(), sales, at=now - timedelta(days=3))
    with clock.at(now - timedelta(days=1)):
        change_subscription(subscription=owned, intent=ChangeLicenses(14), by=sales)
    page = browser.get(owned.get_absolute_url()).content.decode()
    listed = [" ".join(line.split()) for line in re.findall(r"<li>(\d+ licenses? until <time.*?)</li>", page, re.S)]
    moments = [now + timedelta(days=6), now + timedelta(days=4)]
    assert listed == [
        f"{number} licenses until {html.time_tag(moment)}" for number, moment in zip((4, 9), moments, strict=True)
    ]


def test_amounts_are_to_the_cent(browser: Client, customer: Customer, sales: Actor) -> None:
    owned = bought(customer, offer(price="6.9216"), sales, quantity=4)
    page = browser.get(owned.get_absolute_url()).content.decode()
    assert ("USD\xa027.69" in page, "27.6864" in page) == (True, False)
    assert "USD\xa034.61 at today’s price" in page_of(browser, owned, "licenses", quantity="5")


def test_what_is_billed_by_usage_has_neither_licenses_nor_a_price(
    browser: Client, customer: Customer, sales: Actor
) -> None:
    azure = offer(price="0", is_usage_based=True, max_licenses=1)
    page = browser.get(bought(customer, azure, sales, quantity=1).get_absolute_url()).content.decode()
    assert ("None: billed by usage" in page, "Price of the term" in page) == (True, False)


def test_an_extended_term_is_called_so_and_can_be_canceled_any_day(browser: Client, new: Subscription) -> None:
    Subscription.objects.filter(pk=new.pk).update(is_extended=True, cancellable_until=None)
    page = browser.get(new.get_absolute_url()).content.decode()
    assert "Monthly · extended service term" in page
    assert "At any time" in page
    assert " license until" not in page


def test_an_add_on_says_how_many_licenses_and_in_which_state(browser: Client, new: Subscription) -> None:
    SubscriptionFactory(customer=new.customer, sku=new.sku, parent=new, nickname="Archive", quantity=1)
    page = browser.get(new.get_absolute_url()).content.decode()
    assert re.search(r"Archive</bdi></a> <span class=\"muted\">· 1 license · Active</span>", page)


def test_the_panel_says_what_is_replaced(browser: Client, new: Subscription) -> None:
    assert "10 → 12" in page_of(browser, new, "licenses", quantity="12")
    assert "Renew → Cancel at expiration" in page_of(browser, new, "end", at_end="cancel")
    monthly = also_sold(new.sku.prices.get(), term_duration="P1M", unit_price=Decimal(12))
    page = page_of(browser, new, "schedule", quantity="10", price=monthly.pk)
    assert (f"As now → {new.sku.title} · 1 month, Monthly" in page, "10 → 10" in page) == (True, False)


@pytest.mark.parametrize(("kind", "typed"), [("licenses", {"quantity": "12"}), ("suspend", {})])
def test_mine_on_top_says_again_what_it_would_do(
    browser: Client, new: Subscription, sales: Actor, kind: str, typed: dict[str, str]
) -> None:
    change_subscription(subscription=new, intent=ChangeLicenses(11), by=sales)
    arguments = [new.customer.microsoft_id, new.subscription_id, kind]
    address = reverse("subscriptions:change", args=arguments)
    page = browser.post(address, {**typed, "version": "1"})
    again = re.search(r'<form method="(\w+)" action="(.*?)".*?</form>', page.content.decode(), re.S)
    assert again is not None
    assert (page.status_code, again[1], again[2]) == (409, "get", address)
    assert "Apply mine on top" in again[0]
    names = dict(re.findall(r'name="(\w+)" value="(.*?)"', again[0]))
    assert names == typed
    preview = page_of(browser, new, kind, **names)
    assert ("What will happen" in preview, 'name="version" value="2"' in preview) == (True, True)
    new.refresh_from_db()
    assert (new.quantity, new.status) == (11, "active")


@pytest.mark.parametrize("by_itself", [False, True])
def test_what_a_trial_becomes_can_be_chosen_with_fewer_licenses(
    browser: Client, customer: Customer, sales: Actor, by_itself: bool
) -> None:
    free = offer(price="0", is_trial=True, min_licenses=25, max_licenses=25)
    paid = offer(price="240")
    path(free.sku, paid.sku)
    trial = bought(customer, also_sold(free, term_duration="P1M", billing_plan="None"), sales, quantity=25)
    assert "Choose what the trial becomes" in browser.get(trial.get_absolute_url()).content.decode()
    chosen = "" if by_itself else paid.pk
    page = page_of(browser, trial, "schedule", price=chosen, quantity="10")
    assert "It becomes a paid subscription on" in page
    assert "USD\u00a02,400.00" in page
    address = reverse("subscriptions:change", args=[customer.microsoft_id, trial.subscription_id, "schedule"])
    browser.post(address, {"price": chosen, "quantity": "10", "version": "1"})
    with clock.at(clock.now() + timedelta(days=32)):
        run_due()
    trial.refresh_from_db()
    assert (trial.is_trial, trial.sku, trial.quantity, trial.unit_price) == (False, paid.sku, 10, 240)


def test_a_trial_becomes_no_number_of_licenses_that_is_not_sold(
    browser: Client, customer: Customer, sales: Actor
) -> None:
    free = offer(price="0", is_trial=True, min_licenses=25, max_licenses=25)
    trial = bought(customer, also_sold(free, term_duration="P1M", billing_plan="None"), sales, quantity=25)
    # Nothing is known that it could become.
    Price.objects.filter(sku=free.sku).update(is_listed=False, sold_until=clock.now())
    assert "This offer comes with 25 licenses." in page_of(browser, trial, "schedule", quantity="10")
    path(free.sku, offer(price="240", min_licenses=5).sku)
    assert "Enter a number of licenses from 5 to 300." in page_of(browser, trial, "schedule", quantity="4")
    assert "It becomes a paid subscription on" in page_of(browser, trial, "schedule", quantity="5")


def test_an_upgrade_joins_what_it_can_join_and_names_it(
    browser: Client, customer: Customer, new: Subscription, sales: Actor
) -> None:
    better = offer(price="240")
    path(new.sku, better.sku)
    early = bought(customer, better, sales, at=clock.now() - timedelta(days=30))
    page = page_of(browser, new, "upgrade", price=better.pk, quantity="4")
    assert ("become a subscription of their own" in page, "This is not possible" in page) == (True, False)
    later = bought(customer, better, sales, at=clock.now() - timedelta(days=20))
    Subscription.objects.filter(pk=later.pk).update(nickname="Later", ends_at=new.ends_at)
    page = page_of(browser, new, "upgrade", price=better.pk, quantity="4")
    assert f'<a href="{later.get_absolute_url()}"><bdi>Later</bdi></a>' in page
    address = reverse("subscriptions:change", args=[customer.microsoft_id, new.subscription_id, "upgrade"])
    browser.post(address, {"price": better.pk, "quantity": "4", "version": "1"})
    numbers = [Subscription.objects.get(pk=one.pk).quantity for one in (new, early, later)]
    assert numbers == [6, 10, 14]


def test_a_request_says_some_of_the_licenses_and_who_has_to_decide(
    browser: Client, provider: Partner, sales: Actor
) -> None:
    asker = actor_of(PartnershipFactory(provider=provider).reseller)
    assert asker.partner is not None
    made = bought(asking_customer(provider, asker.partner), offer(), sales)
    better = offer(price="240")
    path(made.sku, better.sku)
    request = ask(made, asker, "upgrade", price=better.pk, quantity=4)
    shown = browser.get(request.get_absolute_url()).content.decode()
    assert ("4 of 10" in shown, "<bdi>10</bdi> → " in shown) == (True, False)
    theirs = Client()
    theirs.force_login(asker.user)
    for client, words in ((browser, "Awaiting your decision"), (theirs, "Awaiting the provider")):
        assert words in client.get(made.get_absolute_url()).content.decode()


def test_the_same_nickname_is_no_change(browser: Client, new: Subscription) -> None:
    address = reverse("subscriptions:rename", args=[new.customer.microsoft_id, new.subscription_id])
    page = browser.post(address, {"nickname": new.nickname, "version": "1"}, follow=True).content.decode()
    assert ("Nothing was changed." in page, "The nickname was changed." in page) == (True, False)


def test_a_history_speaks_in_words_and_leads_to_where_licenses_went(
    browser: Client, new: Subscription, sales: Actor
) -> None:
    monthly = also_sold(new.sku.prices.get(), term_duration="P1M", unit_price=Decimal(12))
    wanted = ScheduleChange(Scheduled(quantity=8, term_months=1, billing_months=1))
    change_subscription(subscription=new, intent=wanted, by=sales)
    change_subscription(subscription=new, intent=ChangeLicenses(50), by=sales)
    better = offer(price="240")
    path(new.sku, better.sku)
    change_subscription(subscription=new, intent=Priced(Kind.UPGRADE, better, 4), by=sales)
    made = Subscription.objects.get(sku=better.sku)
    page = browser.get(new.get_absolute_url()).content.decode()
    assert monthly.term_duration == "P1M"
    assert "Licenses: 8; Term: <bdi>1 month</bdi>; Billing: <bdi>Monthly</bdi>" in page
    assert "Amount: USD\xa04,800.00" in page
    assert f'Licenses moved to: <a href="{made.get_absolute_url()}">{made.subscription_id}</a>' in page
    with translation.override("pt-br"):
        assert value_words("amount", "USD -1173.80") == "USD\xa0-1.173,80"


def test_a_long_history_says_that_there_is_more(
    browser: Client, new: Subscription, sales: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("subscriptions.details.sections.MOST_EVENTS", 2)
    said = "The latest 2 are shown."
    change_subscription(subscription=new, intent=ChangeLicenses(11), by=sales)
    assert said not in browser.get(new.get_absolute_url()).content.decode()
    change_subscription(subscription=new, intent=ChangeLicenses(12), by=sales)
    page = browser.get(new.get_absolute_url()).content.decode()
    assert (said in page, "11 → 12" in page, "Subscription started" in page) == (True, True, False)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"policy": "legacy", "cancellable_until": None}, "Not canceled, but suspended"),
        ({"cancellable_until": None}, "Not before the term ends"),
        ({"cancellable_until": None, "is_extended": True}, "At any time"),
        ({"status": "deleted", "cancellable_until": None}, None),
    ],
)
def test_until_when_it_can_be_canceled_is_said_in_words(
    browser: Client, new: Subscription, values: dict, words: str | None
) -> None:
    Subscription.objects.filter(pk=new.pk).update(**values)
    page = browser.get(new.get_absolute_url()).content.decode()
    assert ("Can be canceled until" in page) == (words is not None)
    assert words is None or words in page
    assert "No date" not in page
