"""Subscriptions across all customers: filters, search, rows, the file, and what outsiders never see."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import DatabaseError
from django.test import Client
from django.urls import reverse

from accounts.access import Actor
from accounts.models import Partner, User
from accounts.roles import Role
from activity.models import ActivityRecord
from catalogue.models import Price
from core import clock
from resellers.models import Partnership
from subscriptions.facts import facts_of, keep_derived
from subscriptions.full_list import search
from subscriptions.full_list.conditions import cancelable, cancelable_parts, ending, renewing
from subscriptions.models import ResellerOfRecord, Subscription, SupportContact
from subscriptions.rules import AtEnd, Cancel, judge
from tests.contracts import html_faults
from tests.customers.conftest import actor_of
from tests.factories import (
    CustomerFactory,
    PartnershipFactory,
    ResellerRelationshipFactory,
    SkuFactory,
    SubscriptionFactory,
)

Browser = Callable[[User | None], Client]
LIST = reverse("subscriptions:all")
EXPORT = reverse("subscriptions:export")
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
EVERYTHING = {"status": "all"}


def listed(browser: Client, **query: str) -> list[str]:
    """The nicknames in the list, from top to bottom."""
    response = browser.get(f"{LIST}?{urlencode(query)}")
    assert response.status_code == 200
    return [record.nickname for record in response.context["table"].records]


def sold(provider: Partner, nickname: str, **values: Any) -> Subscription:
    """A subscription of some customer of the provider."""
    customer = values.pop("customer", None) or CustomerFactory(provider=provider)
    return SubscriptionFactory(customer=customer, nickname=nickname, **values)


def earns(subscription: Subscription, who: Partner, by: Actor, **values: Any) -> None:
    ResellerOfRecord.objects.create(
        subscription=subscription, reseller=who, mpn_id=who.mpn_id, set_by=by.user, **values
    )


# --- what the rules say, said by the database -------------------------------------------------------------------------
def cases(provider: Partner) -> None:
    """Every combination of what decides whether a subscription can be canceled."""
    customer = CustomerFactory(provider=provider)
    skus = [SkuFactory(), SkuFactory(product__publisher="Contoso")]
    moments = [-SECOND, timedelta(0), SECOND]
    bought = [None, *(NOW - timedelta(days=days) + by for days in (1, 7, 14) for by in moments)]
    ends = [None, *(NOW + by for by in moments), NOW + timedelta(days=200)]
    rows = []
    for policy, status, is_extended, at, ends_at, version, sku, term in product(
        ("legacy", "new_commerce"),
        Subscription.Status.values,
        (False, True),
        bought,
        ends,
        (1, 1200, 1201),
        skus,
        ("P1M", "P1Y"),
    ):
        if policy == "legacy" and is_extended:
            # These rules know no extended service term.
            continue
        row = SubscriptionFactory.build(
            customer=customer,
            provider=provider,
            sku=sku,
            policy=policy,
            status=status,
            is_extended=is_extended,
            term_duration=term,
            term_starts_at=at or NOW - timedelta(days=100),
            batches=[{"quantity": 10, "bought_at": at.isoformat()}] if at else [],
            ends_at=ends_at,
            ended_at=NOW if status in ("expired", "disabled", "deleted") else None,
            version=version,
        )
        keep_derived(row)
        rows.append(row)
    Subscription.objects.bulk_create(rows, batch_size=1_000)


def test_can_still_be_canceled_is_what_the_rules_allow(provider: Partner) -> None:
    cases(provider)
    rows = Subscription.objects.select_related("sku__product")
    for now in (NOW, NOW - timedelta(days=3), NOW + timedelta(days=150)):
        allowed = {row.pk for row in rows if judge(facts_of(row), Cancel(), now).is_allowed}
        found = set(Subscription.objects.filter(cancelable(now)).values_list("pk", flat=True))
        assert found == allowed
        assert 0 < len(found) < len(rows)


def test_whatever_has_a_window_stands_in_the_index_of_windows(provider: Partner) -> None:
    cases(provider)
    [index] = [one for one in Subscription._meta.indexes if one.name == "subscription_live_windows"]
    found = Subscription.objects.live().filter(cancelable_parts(NOW)[0])
    assert found.filter(policy="legacy").exists()
    assert not found.exclude(index.condition).exists()


def test_renewing_and_ending_say_what_the_end_of_the_term_brings(provider: Partner) -> None:
    customer, sku = CustomerFactory(provider=provider), SkuFactory()
    month = timedelta(days=30)
    rows = [
        SubscriptionFactory(customer=customer, sku=sku, status=status, at_end=at_end, ends_at=ends_at)
        for status in Subscription.Status.values
        for at_end in AtEnd
        for ends_at in (None, NOW, NOW + SECOND, NOW + month, NOW + month + SECOND)
    ]
    soon = [row for row in rows if row.ends_at and NOW < row.ends_at <= NOW + month]
    renews = {row.pk for row in soon if row.status == "active" and row.auto_renew}
    ends = {row.pk for row in soon if row.status in ("active", "suspended")} - renews
    assert set(Subscription.objects.filter(renewing(NOW)).values_list("pk", flat=True)) == renews
    assert set(Subscription.objects.filter(ending(NOW)).values_list("pk", flat=True)) == ends
    assert (len(renews), len(ends)) == (2, 14)


# --- filters ----------------------------------------------------------------------------------------------------------
def test_what_is_over_is_shown_on_request(provider: Partner, admin: Actor, signed_in: Browser) -> None:
    for status in Subscription.Status.values:
        sold(provider, status, status=status)
    browser = signed_in(admin.user)
    assert sorted(listed(browser)) == ["active", "suspended"]
    assert sorted(listed(browser, **EVERYTHING)) == sorted(Subscription.Status.values)
    for status in Subscription.Status.values:
        assert listed(browser, status=status) == [status]
    assert listed(browser, status="anything") == []


def test_filters_by_term_and_kind(provider: Partner, admin: Actor, signed_in: Browser) -> None:
    now = clock.now()
    sold(provider, "Renews", ends_at=now + timedelta(days=3))
    sold(provider, "Ends", ends_at=now + timedelta(days=3), at_end="cancel")
    sold(provider, "New", cancellable_until=now + timedelta(hours=1))
    sold(provider, "Trial", is_trial=True)
    browser = signed_in(admin.user)
    assert listed(browser, term="renews") == ["Renews"]
    assert listed(browser, term="ends") == ["Ends"]
    assert listed(browser, term="cancelable") == ["New"]
    assert listed(browser, kind="trial") == ["Trial"]
    assert sorted(listed(browser, kind="paid")) == ["Ends", "New", "Renews"]
    assert listed(browser, kind="trial", term="renews") == []


def test_filters_by_reseller_of_record(provider: Partner, reseller: Partner, admin: Actor, signed_in: Browser) -> None:
    now = clock.now()
    over = {"provider": provider, "began_at": now - SECOND, "ended_at": now}
    former = PartnershipFactory(**over, reseller__legal_name="Former").reseller
    again = PartnershipFactory(**over, reseller__legal_name="Again").reseller
    Partnership.objects.create(provider=provider, reseller=again)
    for who in (reseller, former, again):
        earns(sold(provider, who.legal_name), who, admin)
    earns(sold(provider, "Nobody"), reseller, admin, ends_at=now + SECOND)
    browser = signed_in(admin.user)
    assert listed(browser, reseller=str(reseller.microsoft_id)) == ["Fabrikam"]
    assert listed(browser, reseller="fabri") == ["Fabrikam"]
    assert listed(browser, reseller="none") == ["Nobody"]
    assert listed(browser, reseller="ended") == ["Former"]
    assert listed(browser, reseller="Somebody else") == []


# --- search -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("most", [500, 0])
def test_search_finds_parts_of_words_of_subscription_and_customer(
    provider: Partner, admin: Actor, signed_in: Browser, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(search, "MOST_CUSTOMERS", most)
    bakery = CustomerFactory(provider=provider, company_name="Padaria São João", domain_prefix="saojoao")
    first = sold(provider, "Escritório", customer=bakery, offer_name="Business Standard")
    sold(provider, "Other", offer_name="Visio Plan")
    browser = signed_in(admin.user)
    for words in (
        "escritorio",
        "CRITÓ",
        "business",
        "standard padaria",
        "sao joao",
        "saojoao.onmicrosoft.com",
        str(bakery.microsoft_id),
        str(first.subscription_id),
        str(first.subscription_id)[:8].upper(),
        first.subscription_id.hex,
    ):
        assert listed(browser, q=words) == ["Escritório"], words
    assert listed(browser, q="padaria visio") == []
    assert listed(browser, q="nobody") == []
    assert len(listed(browser, q="i")) == 2


def test_search_counts_no_further_than_its_cap_and_each_match_once(
    provider: Partner, admin: Actor, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MOST_CUSTOMERS", 1)
    names = ("Padaria Norte", "Padaria Sul", "Padaria Leste", "Oficina")
    north, south, east, other = [CustomerFactory(provider=provider, company_name=name) for name in names]
    for customer in (north, north, south, east):
        sold(provider, "Padaria Suite", customer=customer)
    sold(provider, "Padaria Box", customer=other)
    sold(provider, "Box", customer=other)
    browser = signed_in(admin.user)

    def found(words: str) -> tuple[str, int]:
        listing = browser.get(LIST, {"q": words}).context["listing"]
        return listing.count_text, len(listing.page.rows)

    assert found("padaria") == ("5", 5)
    assert found("padaria norte") == ("2", 2)
    assert found("padaria a") == ("5", 5)
    assert found("padaria box") == ("1", 1)
    assert found("padaria oficina") == ("1", 1)
    monkeypatch.setattr("core.lists.SEARCH_CAP", 5)
    assert found("padaria") == ("4+", 5)


# --- rows -------------------------------------------------------------------------------------------------------------
def test_a_row_says_what_there_is(provider: Partner, reseller: Partner, admin: Actor, signed_in: Browser) -> None:
    bakery = CustomerFactory(provider=provider, company_name="<b>Padaria")
    one = sold(provider, "<i>Desk", customer=bakery, quantity=1200, cancellable_until=clock.now() + timedelta(days=2))
    earns(one, reseller, admin)
    page = signed_in(admin.user).get(LIST).content.decode()
    assert html_faults(page) == []
    for part in (
        "&lt;i&gt;Desk",
        "&lt;b&gt;Padaria",
        "1,200",
        "Fabrikam (MPN ID 0012345)",
        "Renews on",
        "Cancel until",
        one.get_absolute_url(),
        f'href="{bakery.get_absolute_url()}"',
    ):
        assert part in page, part


def test_sorts_by_the_end_of_the_term_both_ways(provider: Partner, admin: Actor, signed_in: Browser) -> None:
    for name, days in (("Second", 2), ("First", 1), ("Third", 3)):
        sold(provider, name, ends_at=clock.now() + timedelta(days=days))
    sold(provider, "Never", ends_at=None)
    browser = signed_in(admin.user)
    assert listed(browser, sort="ends") == ["First", "Second", "Third", "Never"]
    assert listed(browser, sort="-ends") == ["Never", "Third", "Second", "First"]
    assert listed(browser) == ["Never", "Third", "First", "Second"]


def test_pages_follow_each_other(provider: Partner, admin: Actor, signed_in: Browser) -> None:
    customer, sku = CustomerFactory(provider=provider), SkuFactory()
    for number in range(60):
        days = number // 3 if number % 5 else None
        ends_at = None if days is None else NOW + timedelta(days=days)
        SubscriptionFactory(customer=customer, sku=sku, nickname=f"{number:02}", ends_at=ends_at)
    browser = signed_in(admin.user)
    for sort in ("ends", "-ends", "changed", "-changed"):
        response, seen = browser.get(f"{LIST}?sort={sort}"), []
        while True:
            listing = response.context["listing"]
            seen += [row.nickname for row in listing.page.rows]
            if not listing.next_url:
                break
            response = browser.get(listing.next_url)
        assert len(seen) == 60
        assert len(set(seen)) == 60


def test_the_list_takes_as_many_queries_for_three_as_for_one(
    provider: Partner, reseller: Partner, admin: Actor, signed_in: Browser, django_assert_num_queries: Callable
) -> None:
    ours, theirs = signed_in(admin.user), signed_in(actor_of(reseller).user)
    for number in (1, 2):
        for _more in range(number):
            customer = CustomerFactory(provider=provider, managed_by=reseller)
            earns(sold(provider, "One", customer=customer), reseller, admin)
        for browser, queries in ((ours, 8), (theirs, 7)):
            browser.get(LIST)
            with django_assert_num_queries(queries):
                browser.get(LIST)


# --- both sides -------------------------------------------------------------------------------------------------------
def test_each_side_sees_its_own(provider: Partner, reseller: Partner, admin: Actor, signed_in: Browser) -> None:
    shared = sold(provider, "Shared", customer=CustomerFactory(provider=provider, managed_by=reseller))
    earns(sold(provider, "Earned only"), reseller, admin)
    former = CustomerFactory(provider=provider, company_name="Former company")
    ResellerRelationshipFactory(customer=former, reseller=reseller, ends_at=clock.now() + SECOND)
    sold(provider, "Former", customer=former)
    sold(provider, "Deleted", customer=shared.customer, status="deleted")
    other = PartnershipFactory(reseller=reseller, provider__legal_name="Tailwind").provider
    sold(other, "Of Tailwind", customer=CustomerFactory(provider=other, managed_by=reseller))
    sold(other, "Tailwind's own")
    theirs = signed_in(actor_of(reseller).user)
    assert sorted(listed(theirs)) == ["Of Tailwind", "Shared"]
    assert sorted(listed(theirs, **EVERYTHING)) == ["Deleted", "Of Tailwind", "Shared"]
    assert sorted(listed(signed_in(admin.user), **EVERYTHING)) == ["Deleted", "Earned only", "Former", "Shared"]
    page = theirs.get(LIST)
    assert "reseller" not in page.context["filter_form"].fields
    assert "Tailwind" in page.content.decode()
    assert listed(theirs, reseller="none", q="earned") == []
    assert listed(theirs, q="former company") == []
    assert listed(theirs, q=str(Subscription.objects.get(nickname="Former").subscription_id)) == []


def test_who_is_refused(provider: Partner, reseller: Partner, signed_in: Browser, client: Client) -> None:
    for actor in (actor_of(provider, Role.HELPDESK_AGENT), actor_of(reseller, Role.HELPDESK_AGENT)):
        assert signed_in(actor.user).get(LIST).status_code == 200
    assert client.get(LIST).status_code == 302


# --- the file ---------------------------------------------------------------------------------------------------------
def read(response: Any) -> list[list[str]]:
    text = b"".join(response.streaming_content).decode().removeprefix("\ufeff")
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("query", ["", "q=desk", "sort=ends", "kind=trial&sort=-ends", "status=all", "reseller=none"])
def test_the_file_holds_exactly_what_is_filtered(
    provider: Partner, reseller: Partner, admin: Actor, signed_in: Browser, query: str
) -> None:
    for number in range(4):
        one = sold(provider, f"Desk {number}", is_trial=number == 1, status="deleted" if number == 2 else "active")
        if number == 3:
            earns(one, reseller, admin)
    SubscriptionFactory(nickname="Desk of somebody else")
    browser = signed_in(admin.user)
    shown = browser.get(f"{LIST}?{query}").context["listing"].page.rows
    lines = read(browser.post(f"{EXPORT}?{query}&after=x&open=y"))
    assert [line[0] for line in lines[1:]] == [str(row.subscription_id) for row in shown]
    assert shown


def test_a_line_of_the_file(provider: Partner, reseller: Partner, admin: Actor, signed_in: Browser) -> None:
    bakery = CustomerFactory(provider=provider, company_name="=1+1", domain_prefix="padaria")
    one = sold(
        provider,
        "+Desk",
        customer=bakery,
        offer_name="Office",
        ends_at=NOW,
        cancellable_until=None,
        created_at=NOW,
        changed_at=NOW,
    )
    earns(one, reseller, admin)
    SupportContact.objects.create(subscription=one, reseller=reseller, set_by=admin.user)
    header, line = read(signed_in(admin.user).post(EXPORT))
    assert dict(zip(header, line, strict=True)) == {
        "Subscription ID": str(one.subscription_id),
        "Subscription nickname": "'+Desk",
        "Offer": "Office",
        "Customer": "'=1+1",
        "Microsoft ID": str(bakery.microsoft_id),
        "Primary domain name": "padaria.onmicrosoft.com",
        "Indirect provider": "Northwind",
        "Licenses": "10",
        "Status": "Active",
        "Term": "1 year · Monthly",
        "Trial": "No",
        "Term ends": "2026-06-15 12:00+00:00",
        "At the end of the term": "Renews",
        "Can be canceled until": "",
        "Reseller of record": "Fabrikam",
        "MPN ID": "0012345",
        "Designated support contact": "Fabrikam",
        "Created": "2026-06-15 12:00+00:00",
        "Changed": "2026-06-15 12:00+00:00",
    }


def test_the_file_says_what_the_end_of_a_term_brings(provider: Partner, admin: Actor, signed_in: Browser) -> None:
    tried = {"ends_at": NOW, "is_trial": True, "quantity": 25}
    sold(provider, "Trial", **tried, cancellable_until=NOW)
    sold(provider, "Old trial", **tried, cancellable_until=None, policy="legacy")
    sold(provider, "Decided", ends_at=NOW, at_end="cancel")
    sold(provider, "Over", ends_at=NOW, status="expired")
    sold(provider, "By usage", ends_at=None)
    lines = read(signed_in(admin.user).post(f"{EXPORT}?status=all"))[1:]
    assert {line[1]: line[12] for line in lines} == {
        "Trial": "Becomes paid",
        "Old trial": "Expires",
        "Decided": "Canceled at expiration",
        "Over": "",
        "By usage": "",
    }


def test_the_export_is_recorded_and_scoped(
    provider: Partner, reseller: Partner, admin: Actor, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    sold(provider, "Shared", customer=CustomerFactory(provider=provider, managed_by=reseller))
    sold(provider, "Direct")
    assert len(read(signed_in(admin.user).post(f"{EXPORT}?q=s&kind=paid"))) == 3
    assert [line[1] for line in read(signed_in(actor_of(reseller).user).post(EXPORT))[1:]] == ["Shared"]
    first, second = ActivityRecord.objects.filter(action="subscriptions.exported").order_by("pk")
    assert (first.provider_id, first.changes) == (provider.microsoft_id, {"filters": 2})
    assert (second.reseller_id, second.changes) == (reseller.microsoft_id, {"filters": 0})
    refused = signed_in(admin.user).post(f"{EXPORT}?status=wrong")
    assert (refused.status_code, refused.url) == (302, f"{LIST}?status=wrong")

    def fail(*args: object, **kwargs: object) -> None:
        raise DatabaseError

    monkeypatch.setattr("activity.services.ActivityRecord.save", fail)
    with pytest.raises(DatabaseError):
        signed_in(admin.user).post(EXPORT)


def test_a_long_file_asks_for_some_hundred_at_a_time(
    provider: Partner, admin: Actor, price: Price, signed_in: Browser, django_assert_num_queries: Callable
) -> None:
    customer = CustomerFactory(provider=provider)
    made = SubscriptionFactory.build_batch(1_100, customer=customer, provider=provider, sku=price.sku)
    Subscription.objects.bulk_create(made)
    response = signed_in(admin.user).post(EXPORT)
    with django_assert_num_queries(1 + 2 * 3):
        assert len(read(response)) == 1_101
