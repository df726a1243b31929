"""The pages of the steps: who may open them, what they keep, what they show when something is wrong."""

import re

import pytest
from django.urls import reverse

from core import clock
from customers.models import CustomerAgreement
from orders.models import OrderDraft
from orders.services import cancel_draft, choose_offers, save_details, start_draft
from tests.contracts import header_faults, html_faults
from tests.factories import CustomerFactory, PartnershipFactory
from tests.orders.conftest import (
    actor_of,
    confirmed,
    end,
    make_details,
    make_price,
    make_sku,
    posted,
    signed_in,
    submitted,
)

STEPS = ["details", "subscriptions", "review", "confirm_cancel"]
POSTS = ["details", "subscriptions", "update_offers", "all_offers", "submit", "cancel", "done"]
PAGES = [*STEPS, "update_offers", "all_offers", "canceled", "confirmation"]


def url(name: str, draft: OrderDraft) -> str:
    """The address of a page of the draft."""
    return reverse(f"orders:{name}", args=[draft.public_id])


def page(response) -> str:
    """The text of a page that keeps the contracts."""
    assert html_faults(response.content.decode()) == []
    assert header_faults(response) == []
    return response.content.decode()


def summary(text: str) -> list[str]:
    """The messages of the error summary."""
    block = re.search(r"data-error-summary>.*?<ul>(.*?)</ul>", text, re.S)
    return re.findall(r"<li>(?:<a [^>]*>)?([^<]*)", block[1]) if block else []


# --- who may ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("whose", ["colleague", "outsider"])
def test_a_draft_of_somebody_else_is_not_found(ready, whose, request):
    client = signed_in(request.getfixturevalue(whose))
    for name in PAGES:
        assert client.get(url(name, ready)).status_code == 404, name
    for name in POSTS:
        assert client.post(url(name, ready)).status_code == 404, name
    ready.refresh_from_db()
    assert ready.state == "open"


def test_who_may_not_order_is_refused_whether_the_draft_exists_or_not(ready, helpdesk, reseller):
    missing = OrderDraft()
    for actor in (helpdesk, actor_of(reseller)):
        client = signed_in(actor)
        for draft in (ready, missing):
            assert {client.get(url(name, draft)).status_code for name in PAGES} == {403}
            assert {client.post(url(name, draft)).status_code for name in POSTS} == {403}
        assert client.get(reverse("orders:start")).status_code == 403
        assert client.post(reverse("orders:start")).status_code == 403


def test_anonymous_goes_to_sign_in(ready, client):
    for name in PAGES:
        assert client.get(url(name, ready)).url.startswith("/account/"), name


def test_verbs_that_a_page_does_not_know_are_refused(ready, sales):
    client = signed_in(sales)
    for name in {*PAGES, *POSTS}:
        for verb in ("put", "patch", "delete", "trace"):
            assert getattr(client, verb)(url(name, ready)).status_code == 405, (name, verb)
    assert client.get(url("cancel", ready)).status_code == 405
    # Who reloads a refused Submit finds the review.
    assert client.get(url("submit", ready)).url == url("review", ready)
    assert client.post(url("review", ready)).status_code == 405


def test_a_press_from_another_site_is_refused(ready, sales):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(sales.user)
    for name in POSTS:
        assert client.post(url(name, ready)).status_code == 403, name
    assert client.post(reverse("orders:start")).status_code == 403


# --- start ------------------------------------------------------------------------------------------------------------
def test_start_creates_nothing_when_it_is_opened(sales, ready):
    text = page(signed_in(sales).get(reverse("orders:start")))
    assert OrderDraft.objects.count() == 1
    assert "Padaria São João" in text
    assert f'href="{url("details", ready)}"' in text


@pytest.mark.parametrize("reseller_id", ["nonsense", "00000000-0000-4000-8000-000000000000", "\x00"])
def test_start_with_a_wrong_reseller_is_not_found(sales, reseller_id):
    assert signed_in(sales).post(reverse("orders:start"), {"reseller": reseller_id}).status_code in (400, 404)
    assert not OrderDraft.objects.exists()


def test_start_with_a_foreign_or_ended_reseller_is_not_found(sales, partnership, outsider):
    theirs = PartnershipFactory(provider=outsider.partner).reseller
    client = signed_in(sales)
    assert client.post(reverse("orders:start"), {"reseller": theirs.microsoft_id}).status_code == 404
    partnership.ended_at = clock.now()
    partnership.save(update_fields=["ended_at"])
    ended = client.post(reverse("orders:start"), {"reseller": partnership.reseller.microsoft_id})
    assert ended.status_code == 404
    assert not OrderDraft.objects.exists()


# --- details ----------------------------------------------------------------------------------------------------------
def test_details_begin_in_the_resellers_country(provider, draft, sales, reseller):
    provider.further_regions = ["brazil"]
    provider.save()
    reseller.country, reseller.language = "BR", "pt-br"
    reseller.save()
    form = signed_in(sales).get(draft.get_absolute_url()).context["form"]
    assert (form["country"].value(), form["language"].value()) == ("BR", "pt-br")
    assert form.fields["registration_id"].label == "Company registration ID (CNPJ)"
    # Where the provider cannot sell, its own country is the better beginning.
    reseller.country = "FR"
    reseller.save()
    assert signed_in(sales).get(draft.get_absolute_url()).context["form"]["country"].value() == "US"


def test_details_keep_what_was_typed_when_something_is_wrong(draft, sales, reseller):
    data = posted(make_details(company_name="Ação & Cia <b>", postal_code="wrong"), reseller)
    text = page(signed_in(sales).post(url("details", draft), data))
    assert 'value="Ação &amp; Cia &lt;b&gt;"' in text
    assert 'value="wrong"' in text
    assert "<title>Error: Customer details" in text
    draft.refresh_from_db()
    assert draft.details == {}


def test_details_refuse_a_reseller_of_another_provider(draft, sales, outsider):
    theirs = PartnershipFactory(provider=outsider.partner).reseller
    text = page(signed_in(sales).post(url("details", draft), posted(make_details(), theirs)))
    assert summary(text)
    assert theirs.legal_name not in text
    draft.refresh_from_db()
    assert draft.details == {}


def test_details_come_back_as_they_were_kept(ready, sales, reseller):
    text = page(signed_in(sales).get(url("details", ready)))
    assert 'value="Padaria São João"' in text
    assert f'value="{reseller.microsoft_id}" selected' in text
    assert summary(text) == []
    assert re.search(r"Draft saved <time [^>]*>\d\d:\d\d</time>", text)


def test_a_fresh_draft_was_not_saved_yet(draft, sales):
    assert "Draft saved" not in page(signed_in(sales).get(url("details", draft)))


# --- skipped steps ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["subscriptions", "review"])
def test_without_details_later_steps_lead_back_and_say_what_is_missing(draft, sales, name):
    client = signed_in(sales)
    answer = client.get(url(name, draft))
    assert answer.url == f"{url('details', draft)}?check=1"
    assert "Enter the company name." in summary(page(client.get(answer.url)))


def test_without_offers_review_leads_back_and_says_so(draft, sales, standard):
    save_details(draft=draft, details=make_details(), reseller=None, by=sales)
    client = signed_in(sales)
    answer = client.get(url("review", draft))
    assert answer.url == f"{url('subscriptions', draft)}?check=1"
    assert summary(page(client.get(answer.url))) == ["Enter the number of licenses for at least one offer."]


def test_submit_of_an_incomplete_draft_leads_to_the_first_incomplete_step(draft, sales):
    client = signed_in(sales)
    answer = client.post(url("submit", draft), {"reviewed": ""}, follow=True)
    assert answer.redirect_chain[-1][0] == f"{url('details', draft)}?check=1"


# --- new subscription -------------------------------------------------------------------------------------------------
def test_new_subscription_shows_chosen_offers_first_with_their_numbers(ready, sales):
    make_price("Alpha Suite")
    text = page(signed_in(sales).get(url("subscriptions", ready)))
    assert re.findall(r'class="offer-title">([^<]*)', text) == ["Business Standard", "Alpha Suite"]
    assert "1 offer · 5 licenses · USD\u00a050.00 per month" in text


@pytest.mark.parametrize("typed", ["0", "-1", "1000000000", "1e9", "abc", "10,5", "10.5", "1 000", "9" * 5000, "٣x"])
def test_a_wrong_number_is_refused_and_comes_back(ready, sales, standard, typed):
    text = page(signed_in(sales).post(url("subscriptions", ready), {f"licenses-{standard.pk}": typed}))
    [message] = summary(text)
    assert message.startswith("Enter the number of licenses for Business Standard")
    assert f'value="{typed}"' in text
    assert 'aria-invalid="true"' in text
    assert [line.quantity for line in ready.lines.all()] == [5]


def test_a_wrong_number_loses_none_of_the_others(ready, sales, standard, defender):
    data = {f"licenses-{standard.pk}": "7", f"licenses-{defender.pk}": "x", "q": "defender"}
    text = page(signed_in(sales).post(url("update_offers", ready), data))
    assert re.search(rf'name="licenses-{standard.pk}" value="7"', text)
    assert re.search(rf'name="licenses-{defender.pk}" value="x"', text)
    assert "1 offer · 7 licenses" in text


def test_spaces_around_a_number_do_not_matter(ready, sales, standard):
    answer = signed_in(sales).post(url("subscriptions", ready), {f"licenses-{standard.pk}": " 12 "})
    assert answer.url == url("review", ready)
    assert [line.quantity for line in ready.lines.all()] == [12]


def test_offers_that_are_not_on_sale_here_cannot_be_smuggled_in(ready, sales, standard):
    ended = make_price("Old Suite")
    end(ended)
    smuggled = [
        ended.pk,
        make_price(standard.sku, market="BR", currency="BRL").pk,
        make_price(make_sku("School Suite"), segment="Education").pk,
        10**15,
    ]
    client = signed_in(sales)
    for pk in smuggled:
        text = page(client.post(url("subscriptions", ready), {f"licenses-{standard.pk}": "6", f"licenses-{pk}": "3"}))
        assert summary(text) == ["An offer that you chose is not on sale for this customer."]
        assert f'name="licenses-{standard.pk}" value="6"' in text
        assert "Old Suite" not in text
        assert [line.quantity for line in ready.lines.all()] == [5]


@pytest.mark.parametrize("name", ["licenses-", "licenses-x", "licenses--1", "licenses-1e3", f"licenses-{9**30}"])
def test_fields_that_are_none_of_ours_are_ignored(ready, sales, standard, name):
    answer = signed_in(sales).post(url("subscriptions", ready), {f"licenses-{standard.pk}": "6", name: "3"})
    assert answer.url == url("review", ready)
    assert [line.quantity for line in ready.lines.all()] == [6]


def test_a_field_sent_twice_counts_once(ready, sales, standard):
    answer = signed_in(sales).post(url("subscriptions", ready), {f"licenses-{standard.pk}": ["6", "8"]})
    assert answer.url == url("review", ready)
    assert [line.quantity for line in ready.lines.all()] == [8]


def test_blank_takes_an_offer_out(ready, sales, standard, defender):
    choose_offers(draft=ready, quantities={defender: 5}, by=sales)
    data = {f"licenses-{standard.pk}": "5", f"licenses-{defender.pk}": ""}
    signed_in(sales).post(url("subscriptions", ready), data)
    assert [line.price for line in ready.lines.all()] == [standard]


def test_search_keeps_the_numbers_and_is_in_the_address(ready, sales, standard):
    other = make_price("Alpha Suite")
    make_price("Beta Suite")
    client = signed_in(sales)
    data = {f"licenses-{standard.pk}": "6", f"licenses-{other.pk}": "2", "q": "alpha", "term": "P1Y"}
    answer = client.post(url("update_offers", ready), data)
    assert answer.url == f"{url('subscriptions', ready)}?q=alpha&term=P1Y"
    text = page(client.get(answer.url))
    assert re.findall(r'class="offer-title">([^<]*)', text) == ["Business Standard", "Alpha Suite"]
    answer = client.post(url("all_offers", ready), data)
    assert answer.url == url("subscriptions", ready)


def test_filters_that_make_no_sense_filter_nothing(ready, sales):
    text = page(signed_in(sales).get(url("subscriptions", ready), {"term": "P9Y", "billing": "x", "segment": "\u202e"}))
    assert "Business Standard" in text


def test_an_empty_search_says_so(draft, sales, standard):
    save_details(draft=draft, details=make_details(), reseller=None, by=sales)
    text = page(signed_in(sales).get(url("subscriptions", draft), {"q": "zzz"}))
    assert "No offer matches" in text


def test_an_add_on_without_its_base_is_said_at_this_step_and_kept(ready, sales, standard, defender):
    data = {f"licenses-{standard.pk}": "", f"licenses-{defender.pk}": "5"}
    text = page(signed_in(sales).post(url("subscriptions", ready), data))
    assert summary(text) == ["Defender for Business is an add-on. Choose one of these with it: Business Standard."]
    assert [line.price for line in ready.lines.all()] == [defender]


def test_an_offer_that_is_gone_can_only_be_taken_out(ready, sales, standard):
    make_price("Alpha Suite")
    end(standard)
    client = signed_in(sales)
    text = page(client.get(url("subscriptions", ready)))
    assert "No longer on sale" in text
    text = page(client.post(url("subscriptions", ready), {f"licenses-{standard.pk}": "5"}))
    gone = "Business Standard is no longer on sale for this customer. Clear its number of licenses."
    assert summary(text) == [gone]
    client.post(url("subscriptions", ready), {f"licenses-{standard.pk}": ""})
    assert not ready.lines.exists()


def test_a_price_that_changed_while_the_page_was_open_keeps_the_number(ready, sales, standard):
    successor = end(standard, amount="144.00")
    client = signed_in(sales)
    assert client.post(url("subscriptions", ready), {f"licenses-{standard.pk}": "9"}).url == url("review", ready)
    assert [(line.price, line.quantity) for line in ready.lines.all()] == [(successor, 9)]


def test_a_new_country_brings_its_own_prices_for_the_chosen_offers(provider, ready, sales, standard, reseller):
    for company in (provider, reseller):
        company.further_regions = ["brazil"]
        company.save()
    in_brazil = make_price(standard.sku, "600", market="BR", currency="BRL")
    details = make_details(country="BR", state="", city="", postal_code="")
    save_details(draft=ready, details=details, reseller=reseller, by=sales)
    client = signed_in(sales)
    text = page(client.get(url("subscriptions", ready)))
    assert f'name="licenses-{in_brazil.pk}" value="5"' in text
    assert "BRL\u00a0250.00 per month" in text
    client.post(url("subscriptions", ready), {f"licenses-{in_brazil.pk}": "4"})
    assert [(line.price, line.quantity) for line in ready.lines.all()] == [(in_brazil, 4)]


@pytest.mark.parametrize("offers", [1, 3])
def test_new_subscription_costs_the_same_for_any_number_of_offers(
    ready, sales, standard, offers, django_assert_num_queries
):
    for number in range(offers - 1):
        make_price(f"Suite {number}")
        choose_offers(draft=ready, quantities={make_price(f"Chosen {number}"): 1}, by=sales)
    client = signed_in(sales)
    client.get(url("confirm_cancel", ready))  # the first page of a session also keeps when it was seen
    with django_assert_num_queries(12):
        client.get(url("subscriptions", ready))


def test_details_cost_few_queries(ready, sales, django_assert_num_queries):
    client = signed_in(sales)
    client.get(url("confirm_cancel", ready))  # the first page of a session also keeps when it was seen
    with django_assert_num_queries(8):
        client.get(url("details", ready))


# --- two tabs ---------------------------------------------------------------------------------------------------------
def test_two_tabs_never_mix(sales, reseller, provider, standard):
    other = PartnershipFactory(provider=provider).reseller
    client = signed_in(sales)
    one, two = (client.post(reverse("orders:start"), {"reseller": r.microsoft_id}).url for r in (reseller, other))
    ids = [re.search(r"new/([0-9a-f-]{36})/", address)[1] for address in (one, two)]
    first, second = (OrderDraft.objects.get(public_id=public_id) for public_id in ids)
    client.post(one, posted(make_details(company_name="Customer ONE", domain_prefix="one"), reseller))
    client.post(two, posted(make_details(company_name="Customer TWO", domain_prefix="two"), other))
    client.post(url("subscriptions", second), {f"licenses-{standard.pk}": "22"})
    client.post(url("subscriptions", first), {f"licenses-{standard.pk}": "11"})
    for draft in (first, second):
        review = client.get(url("review", draft))
        client.post(url("submit", draft), confirmed(review))
    for draft, name, seats, manager in ((first, "Customer ONE", 11, reseller), (second, "Customer TWO", 22, other)):
        draft.refresh_from_db()
        customer = draft.order.customer
        assert (customer.company_name, customer.subscriptions.get().quantity) == (name, seats)
        assert customer.managing_relationship().reseller == manager


# --- what became of the draft -----------------------------------------------------------------------------------------
def test_a_canceled_draft_answers_410_with_the_way_to_start_over(ready, sales, reseller):
    cancel_draft(draft=ready, by=sales)
    client = signed_in(sales)
    for name in [*STEPS, "confirmation"]:
        answer = client.get(url(name, ready))
        assert answer.status_code == 410, name
        assert "Start over for Fabrikam" in page(answer)
    assert client.post(url("details", ready), posted(make_details())).status_code == 410
    assert client.post(url("submit", ready), {"reviewed": ""}).status_code == 410
    ready.refresh_from_db()
    assert (ready.state, ready.details) == ("canceled", {})


def test_a_canceled_draft_does_not_start_over_with_a_reseller_that_is_gone(ready, sales, partnership):
    cancel_draft(draft=ready, by=sales)
    partnership.ended_at = clock.now()
    partnership.save(update_fields=["ended_at"])
    text = page(signed_in(sales).get(url("details", ready)))
    assert "Fabrikam" not in text
    assert 'name="reseller"' not in text


def test_a_submitted_drafts_steps_lead_to_its_confirmation(ready, sales):
    submitted(ready, sales)
    client = signed_in(sales)
    for name in STEPS:
        assert client.get(url(name, ready)).url == url("confirmation", ready), name
    for name in POSTS:
        if name != "done":
            assert client.post(url(name, ready)).url == url("confirmation", ready), name


# --- a customer that exists -------------------------------------------------------------------------------------------
def test_add_subscription_leads_through_the_same_pages_to_the_customers_list(sales, reseller, standard, provider):
    customer = CustomerFactory(provider=provider, managed_by=reseller)
    CustomerAgreement.objects.create(
        customer=customer,
        accepted_on=clock.now().date(),
        first_name="A",
        last_name="B",
        email="a@b.example",
        confirmed_by=sales.user,
    )
    client = signed_in(sales)
    answer = client.post(reverse("orders:add_subscription", args=[customer.microsoft_id]))
    draft = OrderDraft.objects.get()
    assert answer.url == url("subscriptions", draft)
    text = page(client.get(answer.url))
    assert f'name="reseller_choice" value="{reseller.microsoft_id}"' in text
    assert customer.company_name in text
    data = {f"licenses-{standard.pk}": "2", "reseller": str(reseller.microsoft_id)}
    answer = client.post(answer.url, data)
    review = client.get(answer.url)
    page(review)
    assert client.get(url("details", draft)).url == url("subscriptions", draft)
    answer = client.post(url("submit", draft), confirmed(review))
    started = customer.subscriptions.get().subscription_id
    assert answer.url == f"{customer.get_absolute_url()}?new={started}"
    assert client.get(url("confirmation", draft)).url == answer.url
    assert customer.subscriptions.get().resellers_of_record.get().reseller == reseller


def test_add_subscription_opens_with_the_search_that_it_was_sent(sales, standard, provider):
    customer = CustomerFactory(provider=provider)
    client, add = signed_in(sales), reverse("orders:add_subscription", args=[customer.microsoft_id])
    answer = client.post(add, {"q": "Teams Phone", "kind": "add_on", "next": "https://evil.example/"})
    assert answer.url == f"{url('subscriptions', OrderDraft.objects.get())}?q=Teams+Phone&kind=add_on"
    for odd in ("x" * 5000, "\x00", "\r\nLocation: x", "é"):
        answer = client.post(add, {"q": odd, "kind": odd}, follow=True)
        assert answer.status_code == 200


def test_add_subscription_refuses_foreign_customers_and_resellers(sales, outsider, provider, standard):
    theirs = CustomerFactory(provider=outsider.partner)
    client = signed_in(sales)
    assert client.post(reverse("orders:add_subscription", args=[theirs.microsoft_id])).status_code == 404
    assert client.get(reverse("orders:add_subscription", args=[theirs.microsoft_id])).status_code == 405
    draft = start_draft(reseller=None, customer=CustomerFactory(provider=provider), by=sales)
    foreign = PartnershipFactory(provider=outsider.partner).reseller
    data = {f"licenses-{standard.pk}": "2", "reseller": str(foreign.microsoft_id)}
    text = page(client.post(url("subscriptions", draft), data))
    assert summary(text)
    draft.refresh_from_db()
    assert (draft.reseller, draft.lines.count()) == (None, 0)
