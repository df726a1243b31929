"""*Add subscription* for a reseller: the offers without prices, a draft, a request, and the order on both sides."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.access import Actor
from accounts.models import Partner
from catalogue.models import Price
from customers.models import Customer, CustomerAgreement
from orders.asking.services import submit_order_request
from orders.models import Order
from subscriptions.models import ChangeRequest, Subscription
from tests.factories import CustomerAdministratorFactory, PartnerFactory, PartnershipFactory, SubscriptionFactory
from tests.orders.asking.conftest import approve, asked, current, drafted
from tests.orders.conftest import actor_of, end, make_price, make_sku, signed_in
from tests.reading import checked, rows, text

State = ChangeRequest.State


@pytest.fixture
def client(asker: Actor) -> Client:
    return signed_in(asker)


def address(customer: Customer, name: str = "ask_subscription") -> str:
    return reverse(f"orders:{name}", args=[customer.microsoft_id])


def step(request: ChangeRequest, name: str) -> str:
    return reverse(f"subscriptions:{name}_change", args=[request.public_id])


def edition(client: Client, customer: Customer) -> str:
    """What the page sends back."""
    return str(client.get(address(customer)).context["edition"])


def licenses(price: Price, number: object) -> dict[str, str]:
    return {f"licenses-{price.pk}": str(number)}


def order(client: Client, customer: Customer, name: str = "ask_subscription", **fields: Any) -> Any:
    """Open the page, then send it."""
    return client.post(address(customer, name), {"version": edition(client, customer), **fields})


# --- the way to it ---------------------------------------------------------------------------------------------------
def test_the_control_leads_whoever_asks_to_the_offers(
    customer: Customer, client: Client, sales: Actor, helpdesk: Actor
) -> None:
    row = f"{reverse('customers:list')}?row={customer.microsoft_id}"
    for url in (customer.get_absolute_url(), row):
        page = client.get(url).content.decode()
        assert f'href="{address(customer)}"' in page, url
        assert reverse("orders:add_subscription", args=[customer.microsoft_id]) not in page
        for staff in (sales, helpdesk):
            assert address(customer) not in signed_in(staff).get(url).content.decode()
    administrator = Client()
    assert administrator.get(address(customer)).status_code == 302


def test_staff_and_strangers_do_not_ask(customer: Customer, sales: Actor, outsider: Actor, provider: Partner) -> None:
    sibling = PartnerFactory(reseller=True)
    PartnershipFactory(provider=provider, reseller=sibling)
    for by, status in ((sales, 403), (outsider, 404), (actor_of(sibling), 404)):
        for name in ("ask_subscription", "update_asked", "all_asked"):
            assert signed_in(by).get(address(customer, name)).status_code == status
            assert signed_in(by).post(address(customer, name), {}).status_code == status
    assert not ChangeRequest.objects.exists()


# --- the page --------------------------------------------------------------------------------------------------------
def test_offers_are_those_of_staff_without_prices(
    customer: Customer, client: Client, standard: Price, defender: Price
) -> None:
    make_price(standard.sku, "108.00", term_duration="P1Y", billing_plan="Annual")
    many = make_sku("Tiers", max_licenses=500)
    make_price(many, "150.00", pricing_tier_max=99)
    make_price(many, "140.00", pricing_tier_min=100)
    make_price("Elsewhere", market="BR", currency="BRL")
    response = checked(client.get(address(customer)))
    found = rows(response)
    assert [row[0].split(" Add-on")[0] for row in found] == [
        "Business Standard", "Business Standard", "Defender for Business", "Tiers",
    ]  # fmt: skip
    assert "Add-on: needs Business Standard" in found[2][0]
    assert "Up to 300 licenses" in found[0][-1]
    page = response.content.decode()
    for secret in ("USD", "10.00", "9.00", "108", "150.", "140.", "data-tiers", "data-currency", "Price per license"):
        assert secret not in page, secret
    assert "You ask Northwind for these subscriptions." in text(page)


def test_search_filters_and_pages_keep_what_was_typed(
    customer: Customer, client: Client, standard: Price, defender: Price
) -> None:
    for number in range(60):
        make_price(f"Offer {number:02}")
    assert "Page 1 of 2" in text(client.get(address(customer)).content.decode())
    moved = order(client, customer, "update_asked", **licenses(standard, 5), page="2")
    assert moved.url == f"{address(customer)}?page=2"
    page = client.get(moved.url)
    assert 'value="5"' in page.content.decode()
    assert page.context["summary"] == "1 offer · 5 licenses"
    searched = order(client, customer, "update_asked", q="defender", kind="add_on")
    assert searched.url == f"{address(customer)}?q=defender&kind=add_on"
    assert [row[0].split(" Add-on")[0] for row in rows(client.get(searched.url))] == [
        "Business Standard", "Defender for Business",
    ]  # fmt: skip
    assert order(client, customer, "all_asked", q="defender").url == address(customer)
    assert client.get(address(customer, "update_asked")).url == address(customer)
    kept = ChangeRequest.objects.get()
    assert (kept.state, kept.values["lines"][0]["quantity"]) == (State.DRAFT, 5)


@pytest.mark.parametrize(
    ("number", "problem"),
    [
        ("many", "in whole digits, like 10"),
        ("301", "1 to 300"),
        ("-1", "in whole digits, like 10"),
        ("1.5", "in whole digits, like 10"),
        ("9" * 40, "1 to 300"),
        ("٣", "in whole digits, like 10"),
    ],
)
def test_a_bad_number_is_said_and_kept_as_typed(
    customer: Customer, client: Client, standard: Price, number: str, problem: str
) -> None:
    answer = order(client, customer, **licenses(standard, number))
    assert answer.status_code == 200
    assert problem in text(answer.content.decode())
    assert "<title>Error:" in answer.content.decode()
    again = client.get(address(customer))
    assert problem in text(again.content.decode())
    assert ChangeRequest.objects.get().values["lines"] == []
    good = order(client, customer, **licenses(standard, 5))
    assert good.url == ChangeRequest.objects.get().get_absolute_url()
    assert "typed" not in ChangeRequest.objects.get().values


def test_nothing_typed_is_asked_for(customer: Customer, client: Client, standard: Price) -> None:
    answer = order(client, customer, **licenses(standard, ""))
    assert "Enter the number of licenses for at least one offer." in text(answer.content.decode())
    assert order(client, customer, "update_asked").status_code == 302
    assert not ChangeRequest.objects.exists()


@pytest.mark.parametrize("field", ["licenses-999999999", "licenses-0", f"licenses-{10**17}"])
def test_an_offer_that_is_none_is_refused(customer: Customer, client: Client, standard: Price, field: str) -> None:
    answer = order(client, customer, **{field: "5"})
    assert "An offer that you chose is not on sale for this customer." in text(answer.content.decode())


def test_what_the_customer_has_is_said_and_asked_again(customer: Customer, client: Client, standard: Price) -> None:
    own = SubscriptionFactory(customer=customer, sku=standard.sku, quantity=25)
    page = client.get(address(customer)).content.decode()
    assert "The customer has 25 licenses of it already." in text(page)
    assert reverse("subscriptions:change", args=[customer.microsoft_id, own.subscription_id, "licenses"]) in page
    refused = order(client, customer, **licenses(standard, 5))
    assert "Change its licenses instead, or confirm" in text(refused.content.decode())
    done = order(client, customer, **licenses(standard, 5), **{f"again-{standard.pk}": "1"})
    assert done.status_code == 302
    own.status = Subscription.Status.SUSPENDED
    own.save()
    page = text(client.get(address(customer)).content.decode())
    assert "is suspended. Reactivate it instead of ordering it again. Reactivate" in page


def test_another_tab_is_compared(customer: Customer, client: Client, standard: Price) -> None:
    opened = edition(client, customer)
    order(client, customer, **licenses(standard, 5))
    answer = client.post(address(customer), {"version": opened, **licenses(standard, 7)})
    assert answer.status_code == 409
    shown = text(answer.content.decode())
    assert "The draft was changed after you opened this page" in shown
    assert ChangeRequest.objects.get().values["lines"][0]["quantity"] == 5
    [on_top] = re.findall(r'name="version" value="(\d+)"', answer.content.decode())[:1]
    assert client.post(address(customer), {"version": on_top, **licenses(standard, 7)}).status_code == 302
    assert ChangeRequest.objects.get().values["lines"][0]["quantity"] == 7
    for wrong in ("", "x", "-1", "9" * 30):
        assert client.post(address(customer), {"version": wrong, **licenses(standard, 7)}).status_code == 302


def test_what_stands_in_the_way_is_said_at_once(customer: Customer, client: Client, standard: Price) -> None:
    CustomerAgreement.objects.all().delete()
    page = text(client.get(address(customer)).content.decode())
    assert "Nothing can be asked for now" in page
    assert "Ask your provider to confirm it first." in page
    kept = order(client, customer, **licenses(standard, 5), follow=True)
    draft = client.get(kept.url).content.decode()
    assert "The rules forbid this now" in text(draft)
    assert "Ask for these subscriptions" not in draft
    answer = client.post(step(ChangeRequest.objects.get(), "submit"), {"message": ""}, follow=True)
    assert "Ask your provider to confirm it first." in text(answer.content.decode())
    assert ChangeRequest.objects.get().state == State.DRAFT


# --- from the draft to the order -------------------------------------------------------------------------------------
def test_the_whole_way(
    customer: Customer, client: Client, sales: Actor, standard: Price, defender: Price, provider: Partner
) -> None:
    chosen = order(client, customer, **licenses(standard, 5), **licenses(defender, 2))
    request = ChangeRequest.objects.get()
    assert chosen.url == request.get_absolute_url()
    page = checked(client.get(chosen.url)).content.decode()
    shown = text(page)
    assert "Business Standard, 1 year, billed monthly 5 licenses" in shown
    assert "The order for Old Mill is placed." in shown
    assert "→" not in shown.split("What is asked")[1].split("What would happen")[0]
    assert address(customer) in page
    assert "USD" not in page
    data = {"message": "For the new crew.", "version": client.get(chosen.url).context["version"]}
    done = client.post(step(request, "submit"), data, follow=True)
    assert "The provider was asked." in text(done.content.decode())
    staff = signed_in(sales)
    assert "New subscriptions are asked for." in text(staff.get(customer.get_absolute_url()).content.decode())
    assert rows(staff.get(reverse("subscriptions:change_requests")))[0][:2] == [
        "Add subscription 5 × Business Standard, 2 × Defender for Business", "Old Mill",
    ]  # fmt: skip
    page = checked(staff.get(request.get_absolute_url()))
    shown = text(page.content.decode())
    assert "USD 50.00 per month" in shown.replace("\u00a0", " ")
    assert "I confirm that Northwind acts as Indirect Partner and Fabrikam as the indirect reseller." in shown
    reviewed = page.context["approval_form"]["reviewed"].value()
    unsaid = staff.post(step(request, "approve"), {"reviewed": reviewed})
    assert "Confirm that your company acts as Indirect Partner." in text(unsaid.content.decode())
    assert "<title>Error:" in unsaid.content.decode()
    assert not Order.objects.exists()
    approved = staff.post(step(request, "approve"), {"reviewed": reviewed, "attestation": "indirect"}, follow=True)
    placed = Order.objects.get()
    shown = text(approved.content.decode())
    assert f"Approved. Order {placed.number} was placed, and the reseller is told." in shown
    for one in (staff, client):
        assert placed.get_absolute_url() in one.get(request.get_absolute_url()).content.decode()
        document = checked(one.get(placed.get_absolute_url())).content.decode()
        assert request.get_absolute_url() in document
        assert "Asked for by" in document
    assert "USD" not in client.get(request.get_absolute_url()).content.decode()
    document = client.get(placed.get_absolute_url()).content.decode()
    assert not {"10.00", "50.00", "120.00"} & set(re.findall(r"[0-9.]+", text(document)))
    listed = client.get(customer.get_absolute_url())
    assert [row[0] for row in rows(listed)] == ["Defender for Business", "Business Standard"]
    assert "New subscriptions are asked for." not in text(listed.content.decode())
    assert rows(client.get(reverse("orders:list")))[0][0].startswith(placed.number)


def test_a_draft_is_gone_on_with_or_left(customer: Customer, asker: Actor, client: Client, standard: Price) -> None:
    kept = drafted(customer, asker, {standard: 5})
    assert 'value="5"' in client.get(address(customer)).content.decode()
    assert 'value="5"' not in signed_in(actor_of(asker.partner)).get(address(customer)).content.decode()
    assert signed_in(actor_of(asker.partner)).get(kept.get_absolute_url()).status_code == 404
    client.post(step(kept, "save"), {"message": "Soon."})
    order(client, customer, **licenses(standard, 6))
    assert (current(kept).message, current(kept).values["lines"][0]["quantity"]) == ("Soon.", 6)
    stale = client.post(step(kept, "submit"), {"message": "", "version": "1"}, follow=True)
    assert "This draft was changed after you opened it." in text(stale.content.decode())
    gone = client.post(step(kept, "discard"))
    assert gone.url == customer.get_absolute_url()
    assert client.post(step(kept, "submit"), {"message": ""}).status_code == 404


def test_an_open_request_is_shown_first(customer: Customer, asker: Actor, client: Client, standard: Price) -> None:
    request = asked(customer, asker, {standard: 5})
    page = client.get(address(customer)).content.decode()
    assert "Another request for this is open already." in text(page)
    assert request.get_absolute_url() in page
    order(client, customer, **licenses(standard, 9))
    second = ChangeRequest.objects.get(state=State.DRAFT)
    answer = client.post(step(second, "submit"), {"message": ""}, follow=True)
    assert "Another request for this is open already." in text(answer.content.decode())
    of_account = ChangeRequest.objects.create(
        customer=customer,
        reseller=request.reseller,
        kind="company",
        values={"city": "San Jose"},
        state=State.SUBMITTED,
        submitted_at=request.submitted_at,
        created_by=asker.user,
    )
    account = client.get(reverse("customers:detail", args=[customer.microsoft_id])).content.decode()
    assert of_account.get_absolute_url() in account
    assert request.get_absolute_url() not in account


def test_an_approval_of_what_changed_says_what(customer: Customer, asker: Actor, sales: Actor, standard: Price) -> None:
    request, staff = asked(customer, asker, {standard: 5}), signed_in(sales)
    reviewed = staff.get(request.get_absolute_url()).context["approval_form"]["reviewed"].value()
    end(standard, amount="144.00")
    answer = staff.post(step(request, "approve"), {"reviewed": reviewed, "attestation": "indirect"}, follow=True)
    assert "Something changed after you opened this page." in text(answer.content.decode())
    for junk in ("", "x", reviewed[:-1], "\0"):
        answer = staff.post(step(request, "approve"), {"reviewed": junk, "attestation": "indirect"}, follow=True)
        assert "this page was opened before something changed" in text(answer.content.decode())
    assert not Order.objects.exists()


def test_helpdesk_reads_and_does_not_decide(
    customer: Customer, asker: Actor, helpdesk: Actor, sales: Actor, standard: Price
) -> None:
    request, staff = asked(customer, asker, {standard: 5}), signed_in(helpdesk)
    page = staff.get(request.get_absolute_url()).content.decode()
    assert "Approve and place the order" not in page
    assert "Your role does not let you decide about this request." in text(page)
    for browser, state in ((staff, "Awaiting a decision"), (signed_in(sales), "Awaiting your decision")):
        assert rows(browser.get(reverse("subscriptions:change_requests")))[0][-1] == state
    assert "Your role does not let you" not in signed_in(sales).get(request.get_absolute_url()).content.decode()
    assert "USD" not in page
    assert staff.post(step(request, "approve"), {"attestation": "indirect"}).status_code == 403
    words = "1 request for a change waits for your decision"
    assert words not in staff.get("/").content.decode()
    assert words in signed_in(sales).get("/").content.decode()


def test_the_customer_reads_nothing_of_it(customer: Customer, asker: Actor, sales: Actor, standard: Price) -> None:
    """What its partners say to each other is theirs; what is ordered is the customer's."""
    request = asked(customer, asker, {standard: 5})
    approve(request, sales)
    administrator = Client()
    administrator.force_login(CustomerAdministratorFactory(customer=customer).user)
    for url in (
        customer.get_absolute_url(),
        reverse("customers:activity", args=[customer.microsoft_id]),
    ):
        page = administrator.get(url).content.decode()
        assert "Change requested" not in page
        assert "asked for" not in page
    assert administrator.get(request.get_absolute_url()).status_code == 404


def test_the_page_takes_as_many_queries_for_three_offers_as_for_one(
    customer: Customer, client: Client, standard: Price, django_assert_num_queries: Callable
) -> None:
    order(client, customer, "update_asked", **licenses(standard, 5))
    client.get(address(customer))
    with django_assert_num_queries(20):
        client.get(address(customer))
    for number in range(2):
        order(client, customer, "update_asked", **licenses(make_price(f"Offer {number}"), 5))
    with django_assert_num_queries(20):
        assert client.get(address(customer)).content.decode().count('value="5"') == 3


def test_a_request_is_read_in_as_many_queries_for_three_offers_as_for_one(
    customer: Customer, client: Client, asker: Actor, sales: Actor, standard: Price, django_assert_num_queries: Callable
) -> None:
    """What is asked, what changed and what would happen are said of offers that are read once."""
    staff = signed_in(sales)
    for quantities in ({standard: 5}, {make_price(f"Offer {number}"): 5 for number in range(2)}):
        kept = drafted(customer, asker, quantities)
        for browser, queries in ((client, 13), (staff, 15)):
            browser.get(kept.get_absolute_url())
            with django_assert_num_queries(queries):
                assert browser.get(kept.get_absolute_url()).status_code == 200
            kept = submit_order_request(request=kept, message="", version=None, by=asker)
        ChangeRequest.objects.update(state=State.DRAFT, submitted_at=None)
