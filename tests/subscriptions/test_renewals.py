"""The renewal calendar: what comes to a decision in a month, and what happens if nobody acts."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import translation

from accounts.access import Actor
from accounts.models import Partner
from accounts.roles import Role
from catalogue.models import Price
from core import clock
from csp_portal.home import queues
from customers.models import Customer
from resellers.models import Partnership
from subscriptions.changing import change_subscription
from subscriptions.clockwork import run_due
from subscriptions.decisions import views
from subscriptions.decisions.months import Month
from subscriptions.decisions.outlook import outlook_words, outlooks
from subscriptions.models import Subscription
from subscriptions.rules import AtEnd, DecideEnd, ScheduleChange, Scheduled, Suspend
from subscriptions.services import start_subscription
from tests.customers.conftest import actor_of
from tests.factories import CustomerAdministratorFactory, PartnerFactory, PartnershipFactory
from tests.reading import checked, rows, words
from tests.subscriptions.living import also_sold, bought, offer, path, ready_customer

NOW = datetime(2026, 12, 10, 12, tzinfo=UTC)
BOUGHT = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)
URL = "/renewals/"


@pytest.fixture(autouse=True)
def december():
    """It is 10 December 2026."""
    with time_machine.travel(NOW):
        yield


def said(subscription: Subscription) -> str:
    """What happens with it if nobody acts."""
    fresh = Subscription.objects.select_related("customer__provider", "sku__product").get(pk=subscription.pk)
    outlook = outlooks([fresh])[fresh.pk]
    return f"{outlook_words(outlook)} / {outlook.cost}"


# --- what happens if nobody acts --------------------------------------------------------------------------------------
def test_it_renews_at_todays_price(customer: Customer, sales: Actor) -> None:
    price = offer()
    subscription = bought(customer, price, sales, at=BOUGHT)
    Price.objects.filter(pk=price.pk).update(is_listed=False, sold_until=clock.now() - timedelta(days=30))
    also_sold(price, unit_price=Decimal(132), effective_from=clock.now() - timedelta(days=30))
    assert said(subscription) == "Renews: 1 year · Monthly, 10 licenses / 1320.00"


def test_a_legacy_add_on_ends_with_a_base_that_is_left_to_end(customer: Customer, sales: Actor) -> None:
    sold = {"policy": "legacy", "product__publisher": "Contoso"}
    base = bought(customer, offer(**sold), sales, at=BOUGHT)
    with clock.at(BOUGHT + timedelta(days=40)):
        add_on = start_subscription(
            customer=customer, price=offer(**sold), quantity=10, reseller_of_record=None, by=sales, parent=base
        )
    assert said(add_on) == "Renews: 1 year · Monthly, 10 licenses / 1200.00"
    change_subscription(subscription=base, intent=DecideEnd(AtEnd.CANCEL), by=sales)
    assert said(add_on) == said(base)
    assert said(base).endswith(" / None")
    with clock.at(base.ends_at + timedelta(minutes=1)):  # type: ignore[operator]
        assert run_due() == 2
    assert set(Subscription.objects.values_list("status", flat=True)) == {"deleted"}


def test_what_was_scheduled_counts(customer: Customer, sales: Actor) -> None:
    price, better = offer(), offer(price="240", product__title="Office Premium")
    subscription = bought(customer, price, sales, at=BOUGHT)
    wanted = Scheduled(quantity=4, offer=better.sku.code)
    change_subscription(subscription=subscription, intent=ScheduleChange(wanted), by=sales)
    assert said(subscription) == "Renews as Office Premium: 1 year · Monthly, 4 licenses / 960.00"


def test_what_is_canceled_withdrawn_or_undecided_ends_or_goes_on_dearer(customer: Customer, sales: Actor) -> None:
    canceled = bought(customer, offer(), sales, at=BOUGHT)
    change_subscription(subscription=canceled, intent=DecideEnd(AtEnd.CANCEL), by=sales)
    assert said(canceled) == "Ends, as was decided / None"
    price = offer()
    gone = bought(customer, price, sales, at=BOUGHT)
    Price.objects.filter(pk=price.pk).update(is_listed=False, sold_until=clock.now() - timedelta(days=30))
    assert said(gone) == "Ends: the offer is no longer sold like that / None"
    price = offer()
    also_sold(price, term_duration="P1M", unit_price=Decimal(11))
    extended = bought(customer, price, sales, at=BOUGHT)
    change_subscription(subscription=extended, intent=DecideEnd(AtEnd.EXTEND), by=sales)
    assert said(extended) == "Goes on month by month at a higher price: 10 licenses / 113.30"


def test_what_is_suspended_is_disabled_or_deleted(customer: Customer, sales: Actor) -> None:
    kept = bought(customer, offer(), sales, at=BOUGHT)
    change_subscription(subscription=kept, intent=Suspend(), by=sales)
    assert said(kept) == "Is disabled: it is suspended when its term ends / None"
    old = bought(customer, offer(policy="legacy"), sales, at=NOW - timedelta(days=60))
    change_subscription(subscription=old, intent=Suspend(), by=sales)
    assert said(old) == "Is deleted with all its data / None"
    later = bought(customer, offer(policy="legacy"), sales, at=BOUGHT)
    change_subscription(subscription=later, intent=Suspend(), by=sales)
    assert said(later) == "Renews, still suspended and without a bill / None"


def test_a_trial_becomes_paid_or_expires(customer: Customer, sales: Actor) -> None:
    trial = offer(price="0", is_trial=True, min_licenses=25, max_licenses=25)
    paid = offer(price="240", product__title="Office Premium")
    path(trial.sku, paid.sku)
    monthly = also_sold(trial, term_duration="P1M", unit_price=Decimal(0))
    subscription = bought(customer, monthly, sales, quantity=25)
    assert said(subscription) == "Becomes Office Premium: 1 year · Monthly, 25 licenses / 6000.00"
    legacy = offer(policy="legacy", price="0", is_trial=True, min_licenses=25, max_licenses=25)
    subscription = bought(customer, also_sold(legacy, term_duration="P1M"), sales, quantity=25)
    assert said(subscription) == "Expires / None"


def test_the_outlook_is_what_the_clock_then_does(customer: Customer, sales: Actor) -> None:
    better = offer(price="240", product__title="Office Premium")
    made = [bought(customer, offer(), sales, at=BOUGHT) for _number in range(3)]
    wanted = Scheduled(quantity=4, offer=better.sku.code)
    change_subscription(subscription=made[1], intent=ScheduleChange(wanted), by=sales)
    change_subscription(subscription=made[2], intent=DecideEnd(AtEnd.CANCEL), by=sales)
    rows = Subscription.objects.select_related("customer__provider", "sku__product").order_by("pk")
    foreseen = [found.step.after for found in outlooks(rows).values() if found.step]
    with time_machine.travel(BOUGHT + timedelta(days=365, minutes=5)):
        run_due()
        for subscription, after in zip(rows.all(), foreseen, strict=True):
            assert subscription.status == after.status.value
            assert (subscription.quantity, subscription.unit_price) == (after.quantity, after.unit_price)
            assert subscription.ends_at == after.ends_at


# --- the page ---------------------------------------------------------------------------------------------------------
def test_a_month_shows_its_decisions_and_adds_them_up(
    customer: Customer, sales: Actor, signed_in: Callable[..., Client]
) -> None:
    renewing = bought(customer, offer(), sales, at=BOUGHT)
    ending = bought(customer, offer(), sales, at=BOUGHT + timedelta(days=3))
    change_subscription(subscription=ending, intent=DecideEnd(AtEnd.CANCEL), by=sales)
    bought(customer, offer(), sales, at=BOUGHT + timedelta(days=30))
    page = checked(signed_in(sales.user).get(URL, {"month": "2027-01"}))
    assert rows(page) == [
        [
            "15 Jan 2027",
            renewing.nickname,
            "Padaria",
            "— No reseller",
            "10",
            "Renews: 1 year · Monthly, 10 licenses",
            "USD 1,200.00",
        ],
        ["18 Jan 2027", ending.nickname, "Padaria", "— No reseller", "10", "Ends, as was decided", "— Nothing"],
    ]
    assert page.context["added_up"] == [
        ("Renew or go on", "1"),
        ("Come to an end", "1"),
        ("Next terms in USD", "USD\u00a01,200.00"),
    ]
    assert page.context["previous"] == ("December 2026", f"{URL}?month=2026-12")
    assert page.context["following"] == ("February 2027", f"{URL}?month=2027-02")
    assert len(rows(signed_in(sales.user).get(URL, {"month": "2027-02"}))) == 1


def test_amounts_are_added_up_by_currency(
    customer: Customer, provider: Partner, sales: Actor, signed_in: Callable[..., Client]
) -> None:
    abroad = ready_customer(provider, country="BR", company_name="Café")
    bought(customer, offer(), sales, at=BOUGHT)
    bought(abroad, also_sold(offer(), market="BR", currency="BRL", unit_price=Decimal("600.50")), sales, at=BOUGHT)
    page = signed_in(sales.user).get(URL, {"month": "2027-01"})
    assert page.context["added_up"][2:] == [
        ("Next terms in BRL", "BRL\u00a06,005.00"),
        ("Next terms in USD", "USD\u00a01,200.00"),
    ]


@pytest.mark.parametrize("asked", ["", "2026-11", "2026-13", "1999-01", "9999-12", "0000-00", "x", "２０２７-０１"])
def test_whatever_is_no_month_of_the_calendar_is_the_present_one(
    sales: Actor, signed_in: Callable[..., Client], asked: str
) -> None:
    page = signed_in(sales.user).get(URL, {"month": asked})
    assert (page.context["month_words"], page.context["previous"]) == ("December 2026", None)


def test_the_last_month_leads_no_further(sales: Actor, signed_in: Callable[..., Client]) -> None:
    page = signed_in(sales.user).get(URL, {"month": "2030-01"})
    assert (page.context["month_words"], page.context["following"]) == ("January 2030", None)


def test_a_month_is_the_reader_s_own(customer: Customer, sales: Actor, signed_in: Callable[..., Client]) -> None:
    bought(customer, offer(), sales, at=datetime(2026, 2, 1, 2, tzinfo=UTC))
    assert sales.user is not None
    assert len(rows(signed_in(sales.user).get(URL, {"month": "2027-02"}))) == 1
    sales.user.time_zone = "America/Sao_Paulo"
    sales.user.save()
    page = signed_in(sales.user).get(URL, {"month": "2027-01"})
    assert [row[0] for row in rows(page)] == ["31 Jan 2027"]


def test_an_empty_month_leads_to_the_next_decision(
    customer: Customer, sales: Actor, signed_in: Callable[..., Client]
) -> None:
    browser = signed_in(sales.user)
    assert "Next decision" not in browser.get(URL).content.decode()
    # It ends at the first midnight of February: January's last day is the last one on which it can be decided.
    bought(customer, offer(), sales, at=datetime(2026, 2, 1, tzinfo=UTC))
    page = checked(browser.get(URL))
    assert page.context["month_words"] == "December 2026"
    link = f'<a class="btn btn-secondary" href="{URL}?month=2027-01">Next decision: January 2027</a>'
    assert link in page.content.decode()
    assert len(rows(browser.get(URL, {"month": "2027-01"}))) == 1
    for elsewhere in ({"month": "2027-02"}, {"month": "2027-01"}, {"month": "30-days"}, {"q": "nothing like it"}):
        assert "Next decision" not in browser.get(URL, elsewhere).content.decode(), elsewhere


def test_what_ends_at_a_month_s_first_midnight_is_decided_in_the_month_before(
    customer: Customer, sales: Actor, signed_in: Callable[..., Client]
) -> None:
    bought(customer, offer(), sales, at=datetime(2026, 2, 1, tzinfo=UTC))
    page = signed_in(sales.user).get(URL, {"month": "2027-01"})
    assert [row[0] for row in rows(page)] == ["31 Jan 2027"]
    assert rows(signed_in(sales.user).get(URL, {"month": "2027-02"})) == []


def test_a_search_finds_subscription_or_customer(
    customer: Customer, provider: Partner, sales: Actor, signed_in: Callable[..., Client]
) -> None:
    other = ready_customer(provider, company_name="Zoológico")
    bought(customer, offer(product__title="Visio"), sales, at=BOUGHT)
    bought(other, offer(product__title="Project"), sales, at=BOUGHT)
    for query, expected in (("visio", ["Visio"]), ("zoologico", ["Project"]), ("zoologico visio", [])):
        page = signed_in(sales.user).get(URL, {"month": "2027-01", "q": query})
        assert [row[1] for row in rows(page)] == expected
        assert 'name="month" value="2027-01"' in page.content.decode()


def test_staff_see_the_reseller_of_record_and_filter_by_it(
    customer: Customer, provider: Partner, reseller: Partner, sales: Actor, signed_in: Callable[..., Client]
) -> None:
    other = PartnershipFactory(provider=provider, reseller__legal_name="Tailspin").reseller
    for company in (reseller, other, None):
        bought(customer, offer(), sales, at=BOUGHT, reseller=company)
    Partnership.objects.filter(reseller=other).update(ended_at=clock.now())
    asked = {
        str(reseller.microsoft_id): [f"Fabrikam MPN ID {reseller.mpn_id}"],
        "tailsp": [f"Tailspin MPN ID {other.mpn_id}"],
        "none": ["— No reseller"],
        "ended": [f"Tailspin MPN ID {other.mpn_id}"],
        "": [f"Fabrikam MPN ID {reseller.mpn_id}", f"Tailspin MPN ID {other.mpn_id}", "— No reseller"],
    }
    helpdesk = actor_of(provider, Role.HELPDESK_AGENT)
    for actor in (sales, helpdesk):
        for value, expected in asked.items():
            page = checked(signed_in(actor.user).get(URL, {"month": "2027-01", "reseller": value}))
            assert [row[3] for row in rows(page)] == expected, value
            assert page.context["added_up"][0] == ("Renew or go on", str(len(expected)))
            assert "Reseller of record" in words(page)
    assert page.context["previous"] == ("December 2026", f"{URL}?month=2026-12&reseller=")


def test_a_filter_stays_with_the_month_and_a_wrong_one_is_told(
    customer: Customer, reseller: Partner, sales: Actor, signed_in: Callable[..., Client]
) -> None:
    bought(customer, offer(), sales, at=BOUGHT, reseller=reseller)
    page = checked(signed_in(sales.user).get(URL, {"month": "2027-01", "reseller": "none"}))
    assert rows(page) == []
    assert page.context["following"] == ("February 2027", f"{URL}?month=2027-02&reseller=none")
    assert page.context["added_up"] == [("Renew or go on", "0"), ("Come to an end", "0")]
    page = checked(signed_in(sales.user).get(URL, {"month": "2027-01", "reseller": "nobody"}))
    assert "reseller" in page.context["filter_form"].errors
    assert page.context["added_up"][0] == ("Renew or go on", "0")


def test_the_tabs_keep_what_is_searched_for(customer: Customer, sales: Actor, signed_in: Callable[..., Client]) -> None:
    bought(customer, offer(), sales, at=BOUGHT)
    kept = "q=padaria&reseller=none&sort=-quantity&per_page=50"
    for time in ("month=2027-01", "month=30-days", "month=nonsense"):
        page = checked(signed_in(sales.user).get(f"{URL}?{time}&{kept}&after=abc&open=x"))
        assert [tab["url"] for tab in page.context["tabs"]] == [f"{URL}?{kept}", f"{URL}?month=30-days&{kept}"]
    page = checked(signed_in(sales.user).get(URL))
    assert [tab["url"] for tab in page.context["tabs"]] == [URL, f"{URL}?month=30-days"]


def test_a_reseller_reads_of_no_other_and_cannot_ask(
    customer: Customer, provider: Partner, reseller: Partner, sales: Actor, signed_in: Callable[..., Client]
) -> None:
    other = PartnershipFactory(provider=provider, reseller__legal_name="Tailspin").reseller
    bought(customer, offer(), sales, at=BOUGHT, reseller=other)
    for value in ("", "none", str(other.microsoft_id)):
        page = checked(signed_in(actor_of(reseller).user).get(URL, {"month": "2027-01", "reseller": value}))
        assert len(rows(page)) == 1
        assert "reseller" not in page.context["filter_form"].fields
        assert "Tailspin" not in words(page)
        assert "Reseller of record" not in words(page)


def test_a_reseller_sees_what_it_manages_without_prices(
    customer: Customer, provider: Partner, reseller: Partner, sales: Actor, signed_in: Callable[..., Client]
) -> None:
    mine = bought(customer, offer(), sales, at=BOUGHT)
    bought(ready_customer(provider, company_name="Zoo"), offer(), sales, at=BOUGHT)
    page = checked(signed_in(actor_of(reseller).user).get(URL, {"month": "2027-01"}))
    expected = ["15 Jan 2027", mine.nickname, "Padaria", "Northwind", "10", "Renews: 1 year · Monthly, 10 licenses"]
    assert rows(page) == [expected]
    assert "USD" not in words(page)
    assert page.context["added_up"] == [("Renew or go on", "1"), ("Come to an end", "0")]
    helpdesk = signed_in(actor_of(provider, Role.HELPDESK_AGENT).user).get(URL, {"month": "2027-01"})
    assert len(rows(helpdesk)) == 2
    assert "USD" not in words(helpdesk)


def test_others_see_nothing_of_it(
    customer: Customer, sales: Actor, signed_in: Callable[..., Client], reseller: Partner
) -> None:
    bought(customer, offer(), sales, at=BOUGHT)
    for company in (PartnerFactory(), PartnerFactory(reseller=True)):
        page = checked(signed_in(actor_of(company).user).get(URL, {"month": "2027-01"}))
        assert rows(page) == []
        assert "Padaria" not in words(page)
    administrator = CustomerAdministratorFactory(customer=customer)
    assert signed_in(administrator.user).get(URL).status_code == 403
    relationship = customer.reseller_relationships.get()
    relationship.ends_at = clock.now()
    relationship.save()
    assert rows(signed_in(actor_of(reseller).user).get(URL, {"month": "2027-01"})) == []


def test_too_many_are_not_added_up(
    customer: Customer, sales: Actor, signed_in: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "MOST_ADDED_UP", 1)
    for _number in range(2):
        bought(customer, offer(), sales, at=BOUGHT)
    page = checked(signed_in(sales.user).get(URL, {"month": "2027-01"}))
    assert page.context["added_up"] is None
    assert "too many to add up" in words(page)


def test_it_takes_as_many_queries_for_three_as_for_one(
    customer: Customer,
    provider: Partner,
    reseller: Partner,
    sales: Actor,
    signed_in: Callable[..., Client],
    django_assert_num_queries: Callable,
) -> None:
    bought(customer, offer(), sales, at=BOUGHT, reseller=reseller)
    client = signed_in(sales.user)
    client.get(URL)
    with django_assert_num_queries(10):
        assert len(rows(client.get(URL, {"month": "2027-01"}))) == 1
    for number in range(2):
        other = ready_customer(provider, company_name=f"Other {number}", country="BR" if number else "US")
        price = also_sold(offer(), market="BR", currency="BRL") if number else offer()
        bought(other, price, sales, at=BOUGHT, reseller=None if number else reseller)
    with django_assert_num_queries(10):
        assert len(rows(client.get(URL, {"month": "2027-01"}))) == 3


def test_home_counts_the_decisions_of_thirty_days_as_the_page_does(
    customer: Customer, provider: Partner, reseller: Partner, sales: Actor, signed_in: Callable[..., Client]
) -> None:
    near = bought(customer, offer(), sales, at=BOUGHT - timedelta(days=20))
    bought(customer, offer(), sales, at=BOUGHT)
    for actor in (sales, actor_of(reseller)):
        (queue,) = [one for one in queues(actor) if one.url.startswith(URL)]
        assert (queue.count, queue.label) == (1, "Decision in the next 30 days")
        page = checked(signed_in(actor.user).get(queue.url))
        assert [row[1] for row in rows(page)] == [near.nickname]
    assert not [one for one in queues(actor_of(PartnerFactory())) if one.url.startswith(URL)]


def test_the_navigation_leads_there(sales: Actor, signed_in: Callable[..., Client]) -> None:
    entries = {
        entry["url"]: entry["current"] for entry in signed_in(sales.user).get(URL).context["shell"]["navigation"]
    }
    assert entries[reverse("subscriptions:renewals")] == "page"


def test_a_month_is_written_as_the_language_does() -> None:
    month = Month(2026, 12)
    with translation.override("en"):
        assert month.words == "December 2026"
    with translation.override("pt-br"):
        assert month.words == "Dezembro de 2026"
