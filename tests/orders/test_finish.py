"""Review, Submit, Cancel, Confirmation and Done over HTTP."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from activity.models import ActivityRecord
from core import clock
from customers.credentials.services import reissue_credentials
from customers.models import Customer, TemporaryPassword
from orders.models import Order, OrderDraft
from orders.services import choose_offers, save_details, start_draft
from tests.contracts import header_faults, html_faults
from tests.factories import CustomerFactory
from tests.orders.conftest import actor_of, confirmed, end, make_details, make_price, signed_in, submitted

SHOWN = re.compile(r'id="setup-password" value="([^"]+)"')


def url(name: str, draft: OrderDraft) -> str:
    """The address of a page of the draft."""
    return reverse(f"orders:{name}", args=[draft.public_id])


def page(response) -> str:
    """The text of a page that keeps the contracts."""
    assert html_faults(response.content.decode()) == []
    assert header_faults(response) == []
    return response.content.decode()


def submit(client, draft: OrderDraft):
    """Review and press Submit."""
    return client.post(url("submit", draft), confirmed(client.get(url("review", draft))))


# --- review -----------------------------------------------------------------------------------------------------------
def test_review_says_what_happened_meanwhile_beside_links_to_repair_it(ready, sales, partnership, standard):
    CustomerFactory(domain_prefix="padaria")
    end(standard)
    partnership.ended_at = clock.now()
    partnership.save(update_fields=["ended_at"])
    client = signed_in(sales)
    text = page(client.get(url("review", ready)))
    summary = text.partition("data-error-summary")[2].partition("</ul>")[0]
    found = re.findall(r'<li><a href="([^"]+)">([^<]+)', summary)
    assert [(address, words.split(".")[0]) for address, words in found] == [
        (f"{url('details', ready)}?check=1", "padaria"),
        (f"{url('details', ready)}?check=1", "You have no partnership with Fabrikam"),
        (
            f"{url('subscriptions', ready)}?check=1",
            "Business Standard, 1 year, billed monthly is no longer on sale for this customer",
        ),
    ]
    assert "<title>Error:" in text
    assert 'name="reviewed"' not in text
    details = page(client.get(found[0][0]))
    assert "padaria.onmicrosoft.com is taken" in details
    assert 'value="Padaria São João"' in details
    assert "no longer on sale" in page(client.get(found[2][0]))


def test_review_says_that_a_price_changed_since_it_was_chosen(ready, sales, standard):
    end(standard, amount="144.00")
    text = page(signed_in(sales).get(url("review", ready)))
    assert "was USD\u00a010.00 per month when you chose it" in text
    assert "USD\u00a060.00 per month" in text


# --- submit -----------------------------------------------------------------------------------------------------------
def test_submit_again_asks_for_the_draft_and_no_more(ready, sales, django_assert_num_queries):
    client = signed_in(sales)
    first = submit(client, ready)
    with django_assert_num_queries(4):  # session, person, memberships, draft
        assert client.post(url("submit", ready), {"reviewed": ""}).url == first.url


def test_submit_twice_leads_to_the_same_confirmation(ready, sales):
    client = signed_in(sales)
    first, second = submit(client, ready), client.post(url("submit", ready), {"reviewed": ""})
    assert first.status_code == second.status_code == 302
    assert first.url == second.url == url("confirmation", ready)
    assert (Order.objects.count(), Customer.objects.count(), TemporaryPassword.objects.count()) == (1, 1, 1)


# --- cancel -----------------------------------------------------------------------------------------------------------
def test_cancel_asks_first_and_changes_nothing_by_asking(ready, sales):
    text = page(signed_in(sales).get(url("confirm_cancel", ready)))
    assert "Cancel the entire operation and start over?" in text
    assert f'href="{url("review", ready)}"' in text
    ready.refresh_from_db()
    assert ready.state == "open"


def test_cancel_removes_the_draft_and_offers_to_start_over(ready, sales, reseller):
    client = signed_in(sales)
    answer = client.post(url("cancel", ready))
    assert answer.url == url("canceled", ready)
    text = page(client.get(answer.url))
    assert f'name="reseller" value="{reseller.microsoft_id}"' in text
    assert client.post(url("cancel", ready)).url == answer.url
    started = client.post(reverse("orders:start"), {"reseller": reseller.microsoft_id}).url
    assert "Padaria" not in page(client.get(started))


def test_the_canceled_page_is_only_for_a_canceled_draft(ready, sales):
    assert signed_in(sales).get(url("canceled", ready)).url == url("details", ready)


# --- confirmation and its one-time secret -----------------------------------------------------------------------------
def test_confirmation_shows_the_password_once(ready, sales):
    client = signed_in(sales)
    confirmation = submit(client, ready).url
    first = page(client.get(confirmation))
    [password] = SHOWN.findall(first)
    person = Customer.objects.get().administrators.get().user
    assert person.check_password(password)
    assert "admin@padaria.onmicrosoft.com" in first
    assert "Copy these now" in first
    for _time in range(2):
        later = page(client.get(confirmation))
        assert password not in later
        assert "Shown once at" in later
        assert "Sam Sales" in later


def test_head_and_prefetch_do_not_use_the_password_up(ready, sales):
    client = signed_in(sales)
    confirmation = submit(client, ready).url
    assert client.head(confirmation).status_code == 200
    for header in ({"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}, {"X-Moz": "prefetch"}):
        answer = client.get(confirmation, headers=header)
        assert (answer.status_code, answer.content) == (503, b"")
    assert TemporaryPassword.objects.get().revealed_at is None
    assert SHOWN.search(page(client.get(confirmation)))


def test_another_session_of_the_same_person_does_not_see_it(ready, sales):
    first, second = signed_in(sales), signed_in(sales)
    confirmation = submit(first, ready).url
    assert not SHOWN.search(page(second.get(confirmation)))
    assert SHOWN.search(page(first.get(confirmation)))


def test_nobody_else_opens_the_confirmation(ready, sales, colleague, outsider, provider):
    confirmation = submit(signed_in(sales), ready).url
    for actor in (colleague, outsider, actor_of(provider)):
        assert signed_in(actor).get(confirmation).status_code == 404
    assert TemporaryPassword.objects.get().revealed_at is None


def test_the_password_is_not_shown_after_a_quarter_of_an_hour(ready, sales):
    client = signed_in(sales)
    confirmation = submit(client, ready).url
    with time_machine.travel(clock.now() + timedelta(minutes=16)):
        text = page(client.get(confirmation))
    assert not SHOWN.search(text)
    assert "It was not looked at in time" in text


def test_confirmation_of_a_later_password_tells_only_of_its_own(ready, sales, provider):
    client = signed_in(sales)
    confirmation = submit(client, ready).url
    client.get(confirmation)
    admin = actor_of(provider)
    reissue_credentials(
        customer=Customer.objects.get(),
        replaces=TemporaryPassword.objects.get(),
        reason="lost",
        session_key="another",
        by=admin,
    )
    text = page(client.get(confirmation))
    assert "Sam Sales" in text
    assert not SHOWN.search(text)


def test_the_way_to_a_new_password_is_for_those_who_may(ready, sales, provider):
    for actor, may in ((sales, False), (actor_of(provider), True)):
        draft = ready
        if may:
            draft = start_draft(reseller=None, by=actor)
            save_details(draft=draft, details=make_details(domain_prefix="another"), reseller=None, by=actor)
            choose_offers(draft=draft, quantities={make_price("Suite"): 1}, by=actor)
        client = signed_in(actor)
        confirmation = submit(client, draft).url
        client.get(confirmation)
        customer = Customer.objects.get(orders__draft=draft)
        link = reverse("customers:issue_credentials", args=[customer.microsoft_id])
        text = page(client.get(confirmation))
        assert (f'href="{link}"' in text) == may
        assert ("Ask a Global admin or an Admin agent" in text) != may


def test_confirmation_leads_on(ready, sales, reseller):
    client = signed_in(sales)
    text = page(client.get(submit(client, ready).url))
    assert f'name="reseller" value="{reseller.microsoft_id}"' in text
    assert "Add another customer for Fabrikam" in text
    assert Customer.objects.get().get_absolute_url() in text
    assert Order.objects.get().number in text


def test_confirmation_before_submit_leads_to_review(ready, sales):
    assert signed_in(sales).get(url("confirmation", ready)).url == url("review", ready)


@pytest.mark.parametrize("offers", [1, 3])
def test_confirmation_costs_the_same_for_any_number_of_offers(ready, sales, offers, django_assert_max_num_queries):
    for number in range(offers - 1):
        choose_offers(draft=ready, quantities={make_price(f"Suite {number}"): 1}, by=sales)
    client = signed_in(sales)
    confirmation = submit(client, ready).url
    client.get(confirmation)
    with django_assert_max_num_queries(15):
        client.get(confirmation)


# --- done -------------------------------------------------------------------------------------------------------------
def test_done_leads_to_the_list_with_the_new_customer(ready, sales):
    client = signed_in(sales)
    client.get(submit(client, ready).url)
    answer = client.post(url("done", ready), {"stored": "on"})
    assert answer.url == f"{reverse('customers:list')}?new={Customer.objects.get().microsoft_id}"
    assert TemporaryPassword.objects.get().stored_at is not None
    assert ActivityRecord.objects.filter(action="customer.credentials_stored").count() == 1
    text = page(client.get(url("confirmation", ready)))
    assert ">Stored</dt>" in text
    assert 'name="stored"' not in text


def test_done_before_the_password_was_shown_leads_to_it(ready, sales):
    client = signed_in(sales)
    confirmation = submit(client, ready).url
    assert client.post(url("done", ready), {"stored": "on"}).url == confirmation
    text = page(client.get(confirmation))
    assert SHOWN.search(text)
    assert "has not been shown yet" in text
    assert TemporaryPassword.objects.get().stored_at is None


def test_whoever_forgot_done_may_say_it_on_another_day(ready, sales):
    client = signed_in(sales)
    confirmation = submit(client, ready).url
    client.get(confirmation)
    text = page(client.get(confirmation))
    assert 'name="stored"' in text
    client.post(url("done", ready), {"stored": "on"})
    assert TemporaryPassword.objects.get().stored_at is not None


def test_done_without_the_tick_says_what_to_do_and_shows_nothing_twice(ready, sales):
    client = signed_in(sales)
    [password] = SHOWN.findall(page(client.get(submit(client, ready).url)))
    text = page(client.post(url("done", ready)))
    assert password not in text
    assert "Tick “I have stored the user name and password”" in text
    assert "a new temporary password has to be issued" in text
    assert "<title>Error: Confirmation" in text


def test_done_does_not_use_the_password_up(ready, sales):
    client = signed_in(sales)
    confirmation = submit(client, ready).url
    assert not SHOWN.search(page(client.post(url("done", ready))))
    assert TemporaryPassword.objects.get().revealed_at is None
    assert SHOWN.search(page(client.get(confirmation)))


def test_the_browser_itself_insists_on_the_tick(ready, sales):
    client = signed_in(sales)
    text = page(client.get(submit(client, ready).url))
    [form] = re.findall(r"<form[^>]*data-done[^>]*>.*?</form>", text, re.S)
    assert "novalidate" not in form
    assert re.search(r"<input[^>]*name=\"stored\"[^>]* required", form)


def test_done_before_submit_leads_to_review(ready, sales):
    assert signed_in(sales).post(url("done", ready), {"stored": "on"}).url == url("review", ready)


def test_a_submitted_draft_of_another_person_cannot_be_finished(ready, sales, colleague):
    submitted(ready, sales)
    assert signed_in(colleague).post(url("done", ready), {"stored": "on"}).status_code == 404
