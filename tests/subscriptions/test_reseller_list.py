"""Indirect resellers: the lists of partnerships that last and of those that are over."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.models import Partner
from accounts.roles import Role
from core import clock
from resellers.models import Partnership
from subscriptions.models import ResellerOfRecord
from subscriptions.services import set_reseller_of_record
from tests.factories import CustomerFactory, PartnerFactory, PartnershipFactory, SubscriptionFactory
from tests.reading import checked, rows, words
from tests.resellers.conftest import actor_of, signed_in

LIST, ENDED = reverse("resellers:list"), reverse("resellers:ended")
# From the second request of a session on: who asks (session, person, memberships), count and rows, the number of
# waiting requests; then for the visible rows their numbers, or on the tab of ended ones who is a
# partner again.
QUERIES = {LIST: 8, ENDED: 8}
SORTS = ("reseller", "country", "customers", "subscriptions", "since", "status")


@pytest.fixture
def cast(northwind, tailwind):
    """Northwind's resellers: one ready, one of Brazil whose region is missing, one suspended, one ended; a stranger."""
    now = clock.now()
    make = PartnerFactory
    ready = PartnershipFactory(
        provider=northwind,
        reseller=make(reseller=True, legal_name="Fabrikam", mpn_id="777", contact_email="info@fabrikam.example"),
        began_at=now - timedelta(days=1),
    )
    brazilian = PartnershipFactory(
        provider=northwind,
        reseller=make(reseller=True, legal_name="São Paulo Nuvem", mpn_id="0012345", country="BR"),
        began_at=now - timedelta(days=2),
    )
    suspended = PartnershipFactory(
        provider=northwind,
        reseller=make(reseller=True, suspended=True, legal_name="Wide World", mpn_id="88123459", country="US"),
        began_at=now - timedelta(days=3),
    )
    ended = PartnershipFactory(
        provider=northwind,
        reseller=make(reseller=True, legal_name="Ended Partner", country="FR", mpn_id="4242"),
        began_at=now - timedelta(days=9),
        ended_at=now,
    )
    secret = PartnershipFactory(
        provider=tailwind.partner, reseller=make(reseller=True, legal_name="Secret Partner", country="DE", mpn_id="1")
    )
    return {"ready": ready, "brazilian": brazilian, "suspended": suspended, "ended": ended, "secret": secret}


def test_the_columns_of_an_active_partnership(sender, northwind, cast):
    reseller = cast["ready"].reseller
    for customer in CustomerFactory.create_batch(2, provider=northwind, managed_by=reseller):
        subscription = SubscriptionFactory(customer=customer)
        ResellerOfRecord.objects.create(subscription=subscription, reseller=reseller, mpn_id="777", set_by=sender.user)
    # Neither another provider's customers nor what is over or deleted counts.
    other = CustomerFactory(provider=cast["secret"].provider, managed_by=reseller)
    foreign = SubscriptionFactory(customer=other)
    ResellerOfRecord.objects.create(subscription=foreign, reseller=reseller, mpn_id="777", set_by=sender.user)
    past = SubscriptionFactory(customer=customer)
    ResellerOfRecord.objects.create(
        subscription=past,
        reseller=reseller,
        mpn_id="777",
        set_by=sender.user,
        begins_at=clock.now() - timedelta(days=1),
        ends_at=clock.now(),
    )
    deleted = SubscriptionFactory(customer=customer, status="deleted")
    ResellerOfRecord.objects.create(subscription=deleted, reseller=reseller, mpn_id="777", set_by=sender.user)
    response = checked(signed_in(sender).get(f"{LIST}?per_page=50"))
    listed = rows(response)
    assert [row[1] for row in listed] == ["Fabrikam", "São Paulo Nuvem", "Wide World"]
    assert listed[0][2:6] == ["777 Copy MPN ID", "United States", "2 customers of Fabrikam", "2"]
    assert listed[1][2:6] == ["0012345 Copy MPN ID", "Brazil", "0", "0"]
    assert [row[7] for row in listed] == [
        "Active",
        "Active Would be refused today",
        "Suspended Would be refused today",
    ]
    page = response.content.decode()
    assert f'href="{reverse("customers:list")}?reseller={reseller.microsoft_id}"' in page
    assert f'href="{cast["ready"].get_absolute_url()}"' in page
    for hidden in ("Secret Partner", "Ended Partner", "Germany", "France"):
        assert hidden not in words(response)


def test_what_may_be_done_with_each_row(sender, cast):
    page = signed_in(sender).get(f"{LIST}?per_page=50").content.decode()
    assert page.count('id="add-customer"') == 1
    buttons = re.findall(r'form="add-customer" name="reseller" value="([^"]+)"', page)
    assert buttons == [str(cast["ready"].reseller.microsoft_id)]
    assert page.count("View customers") == 3
    started = signed_in(sender).post(reverse("orders:start"), {"reseller": buttons[0]})
    assert started.status_code == 302


def test_an_opened_row_says_who_what_and_why_not(sender, northwind, cast):
    reseller = cast["ready"].reseller
    customers = [
        CustomerFactory(provider=northwind, managed_by=reseller, company_name=f"Bakery {number}") for number in range(7)
    ]
    customers[0].reseller_relationships.update(scope="view_and_request")
    opened = [cast["ready"].public_id, cast["brazilian"].public_id]
    text = words(checked(signed_in(sender).get(LIST, {"open": opened})))
    assert "info@fabrikam.example" in text
    assert "Can manage accounts and subscriptions of 6 customers" in text
    assert "Can view 1 customer and request changes" in text
    assert [f"Bakery {n}" in text for n in range(7)] == [False, False, True, True, True, True, True]
    assert "and 2 more" in text
    assert (
        "São Paulo Nuvem is enrolled for Brazil, and your company for United States. "
        "Choose a reseller of the same region, or ask the back office to authorize the company for it." in text
    )


def test_a_row_opens_on_the_page_for_who_sees_it(sender, tailwind, helpdesk, cast):
    for partnership in cast.values():
        address = f"{LIST}?row={partnership.public_id}"
        whole = signed_in(sender).get(f"{LIST}?open={partnership.public_id}").content.decode()
        for actor in (sender, tailwind, helpdesk):
            response = signed_in(actor).get(address)
            owner = partnership.provider == actor.partner and partnership.ended_at is None
            expected = 403 if actor == helpdesk else 200 if owner else 404
            assert (response.status_code, actor) == (expected, actor)
            assert (partnership.reseller.contact_email in response.content.decode()) == (expected == 200)
            assert (response.content.decode() in whole) == (expected == 200 and actor == sender)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=sao paulo", ["São Paulo Nuvem"]),
        ("q=SÃO", ["São Paulo Nuvem"]),
        ("q=0012345", ["São Paulo Nuvem"]),
        ("q=12345", ["São Paulo Nuvem", "Wide World"]),
        ("q=00012345", ["São Paulo Nuvem"]),
        ("q=00777", ["Fabrikam"]),
        ("q=0077", ["Fabrikam"]),
        ("q=0000", []),
        ("q=INFO@fabrikam", ["Fabrikam"]),
        ("q=fabrikam 777", ["Fabrikam"]),
        ("q=secret", []),
        ("q=ended", []),
        ("q=%25", []),
        ("country=US", ["Fabrikam", "Wide World"]),
        ("country=elsewhere", ["São Paulo Nuvem"]),
        ("country=elsewhere&q=fabrikam", []),
        ("country=BR", []),
        ("country=ZZ", []),
        ("customers=none", ["São Paulo Nuvem", "Wide World"]),
        ("customers=some", ["Fabrikam"]),
        ("customers=all", []),
        ("today=refused", ["São Paulo Nuvem", "Wide World"]),
        ("today=possible", ["Fabrikam"]),
        ("today=refused&customers=some", []),
        ("today=refused&country=elsewhere&q=nuvem&customers=none", ["São Paulo Nuvem"]),
        ("sort=reseller", ["Fabrikam", "São Paulo Nuvem", "Wide World"]),
        ("sort=-reseller", ["Wide World", "São Paulo Nuvem", "Fabrikam"]),
        ("sort=-country", ["Wide World", "Fabrikam", "São Paulo Nuvem"]),
        ("sort=since", ["Wide World", "São Paulo Nuvem", "Fabrikam"]),
        ("sort=-status", ["Wide World", "São Paulo Nuvem", "Fabrikam"]),
        ("sort=provider__pk", ["Fabrikam", "São Paulo Nuvem", "Wide World"]),
    ],
)
def test_searching_filtering_sorting(sender, northwind, cast, query, found):
    CustomerFactory(provider=northwind, managed_by=cast["ready"].reseller)
    # Of another provider: Wide World manages a customer, but none of Northwind's.
    CustomerFactory(provider=cast["secret"].provider, managed_by=cast["suspended"].reseller)
    response = checked(signed_in(sender).get(f"{LIST}?{query}&per_page=50"))
    assert [row[1] for row in rows(response)] == found
    if not found:
        assert "Clear filters" in words(response) or "Select a choice" in words(response)


def test_the_countries_of_the_providers_regions_are_offered(sender, northwind):
    Partner.objects.filter(pk=northwind.pk).update(further_regions=["brazil"])
    PartnershipFactory(provider=northwind, reseller__country="BR", reseller__legal_name="Nuvem")
    response = checked(signed_in(sender).get(f"{LIST}?country=BR"))
    choices = [str(label) for _code, label in response.context["filter_form"].fields["country"].choices]
    assert choices == ["All", "Brazil", "United States", "Another country"]
    assert [row[1] for row in rows(response)] == ["Nuvem"]


def test_who_has_most_customers_or_subscriptions_comes_first(sender, northwind, cast):
    ready, brazilian = cast["ready"].reseller, cast["brazilian"].reseller
    CustomerFactory.create_batch(2, provider=northwind, managed_by=brazilian)
    customer = CustomerFactory(provider=northwind, managed_by=ready)
    set_reseller_of_record(subscription=SubscriptionFactory(customer=customer), reseller=ready, by=sender)
    # What it does elsewhere does not count.
    CustomerFactory.create_batch(3, provider=cast["secret"].provider, managed_by=ready)
    desk = signed_in(sender)
    for query, found in {
        "sort=-customers": ["São Paulo Nuvem", "Fabrikam", "Wide World"],
        "sort=customers": ["Wide World", "Fabrikam", "São Paulo Nuvem"],
        "sort=-subscriptions": ["Fabrikam", "Wide World", "São Paulo Nuvem"],
    }.items():
        page = desk.get(f"{LIST}?{query}").context["listing"].page
        assert [row.reseller.legal_name for row in page.rows] == found, query


def test_paging_by_each_sort_shows_every_row_once(sender, northwind):
    for number in range(27):
        made = PartnershipFactory(
            provider=northwind,
            reseller__legal_name=f"Reseller {number % 5}",
            reseller__country="US" if number % 2 else "BR",
            began_at=clock.now() - timedelta(days=number % 3),
        )
        CustomerFactory.create_batch(number % 3, provider=northwind, managed_by=made.reseller)
    desk = signed_in(sender)
    for sort in (way + name for name in SORTS for way in ("", "-")):
        first = desk.get(f"{LIST}?sort={sort}")
        listing = first.context["listing"]
        second = desk.get(listing.next_url)
        shown = [row.pk for page in (first, second) for row in page.context["listing"].page.rows]
        assert len(shown) == len(set(shown)) == 27, sort


def test_an_empty_list_says_how_to_begin(sender):
    response = checked(signed_in(sender).get(LIST))
    assert "No resellers yet" in words(response)
    assert "Partnerships start with a request e-mail." in words(response)
    assert f'action="{reverse("resellers:start_request")}"' in words(response)
    assert reverse("resellers:export") not in words(response)


def test_who_sees_the_lists(sender, helpdesk, riley, tailwind, northwind, client):
    sales = actor_of(northwind, "sam@northwind.example", Role.SALES_AGENT)
    for address in (LIST, ENDED):
        for actor, status in {sender: 200, sales: 200, tailwind: 200, helpdesk: 403, riley: 403}.items():
            assert (signed_in(actor).get(address).status_code, address, actor) == (status, address, actor)
        assert client.get(address).url == f"{reverse('account_login')}?next={address}"


def test_only_who_may_end_a_partnership_is_offered_it(sender, northwind, cast):
    sales = actor_of(northwind, "sam@northwind.example", Role.SALES_AGENT)
    assert "End partnership" not in words(signed_in(sales).get(LIST))
    assert "Add new customer" in words(signed_in(sales).get(LIST))
    assert words(signed_in(sender).get(LIST)).count("End partnership") == 3


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("address", [LIST, ENDED])
def test_the_lists_cost_the_same_with_more_rows(sender, northwind, django_assert_num_queries, address, count):
    for partnership in PartnershipFactory.create_batch(count, provider=northwind):
        CustomerFactory.create_batch(2, provider=northwind, managed_by=partnership.reseller)
    if address == ENDED:
        Partnership.objects.update(ended_at=clock.now(), ended_side="provider", ended_by=sender.user)
    desk = signed_in(sender)
    desk.get(address)
    with django_assert_num_queries(QUERIES[address]):
        assert len(desk.get(f"{address}?sort=reseller").context["listing"].page.rows) == count


# --- those that are over ----------------------------------------------------------------------------------------------
def test_the_ended_say_when_by_whom_and_why(sender, riley, northwind, cast):
    now = clock.now()
    Partnership.objects.filter(pk=cast["ended"].pk).update(
        ended_side="provider", ended_by=sender.user, end_reason="<b>No more</b>"
    )
    theirs = PartnershipFactory(
        provider=northwind,
        reseller=riley.partner,
        began_at=now,
        ended_at=now,
        ended_side="reseller",
        ended_by=riley.user,
    )
    PartnershipFactory(provider=northwind, reseller=riley.partner)
    response = checked(signed_in(sender).get(ENDED))
    listed = rows(response)
    assert [row[0] for row in listed] == ["Fabrikam Services", "Ended Partner"]
    assert [row[4:] for row in listed] == [
        ["Indirect reseller Riley Stone", "— None", "View Fabrikam Services"],
        ["Indirect provider Sasha Berg", "<b>No more</b>", "Request a partnership again Ended Partner"],
    ]
    assert f'href="{theirs.get_absolute_url()}"' in response.content.decode()
    assert "<b>No more" not in response.content.decode()
    assert "Secret Partner" not in words(response)


def test_requesting_again_begins_a_request(sender, cast):
    desk = signed_in(sender)
    page = desk.get(ENDED).content.decode()
    assert re.search(rf'<form method="post" id="request-again" action="{reverse("resellers:start_request")}"', page)
    assert 'form="request-again"' in page
    answer = desk.post(reverse("resellers:start_request"), {"reseller": str(cast["ended"].reseller.microsoft_id)})
    assert (answer.status_code, "/resellers/requests/" in answer.url) == (302, True)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=004242", ["Ended Partner"]),
        ("q=fabrikam", []),
        ("country=elsewhere", ["Ended Partner"]),
        ("country=US", []),
        ("sort=-since", ["Ended Partner"]),
        ("sort=nothing", ["Ended Partner"]),
        ("today=refused&customers=none", ["Ended Partner"]),
    ],
)
def test_searching_the_ended(sender, cast, query, found):
    assert [row[0] for row in rows(checked(signed_in(sender).get(f"{ENDED}?{query}")))] == found


def test_none_has_ended(sender):
    assert "No partnership has ended" in words(checked(signed_in(sender).get(ENDED)))


@pytest.mark.parametrize("junk", ["%00", "%ED%A0%80", "%FF", "'", "🤷" * 60, "9" * 400, "٠١٢"])
@pytest.mark.parametrize("name", ["q", "country", "customers", "today", "sort", "after", "open", "per_page"])
def test_no_address_breaks_the_list(sender, cast, name, junk):
    desk = signed_in(sender)
    for address in (LIST, ENDED):
        assert desk.get(f"{address}?{name}={junk}").status_code in (200, 400)
