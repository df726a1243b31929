"""Repeat order: a draft with the same lines for the same customer, and in words what is not in it."""

from typing import Any

import pytest
from django.urls import reverse

from accounts.access import Actor
from core import clock
from core.exceptions import NotPermitted
from customers.account_status import AccountNotActive
from customers.models import Customer
from orders.models import Order, OrderDraft
from orders.repeating import repeat_order
from resellers.models import Partnership
from tests.contracts import html_faults
from tests.factories import SubscriptionFactory
from tests.faults import fail_at_each_statement
from tests.orders.conftest import actor_of, agreed, end, make_price, make_sku, signed_in
from tests.orders.test_order_list import make_order


@pytest.fixture
def customer(provider: Any, reseller: Any, partnership: Any) -> Customer:
    """Exists, and accepted the agreement."""
    return agreed(provider=provider, company_name="Padaria", managed_by=reseller)


@pytest.fixture
def order(customer: Customer, sales: Actor, reseller: Any, standard: Any, defender: Any) -> Order:
    """Of Business Standard with its add-on."""
    return make_order(sales, standard, defender, customer=customer, reseller=reseller, status="refused")


@pytest.fixture(autouse=True)
def all_refused(order: Order) -> None:
    """What waits would count as bought."""
    order.lines.update(state="refused", refusal="No.")


def chosen(draft: OrderDraft) -> list[tuple[str, int]]:
    """The offers and their numbers of licenses."""
    return [(one.price.sku.title, one.quantity) for one in draft.lines.select_related("price__sku")]


def test_the_draft_has_customer_reseller_and_lines(order, customer, colleague, reseller):
    repeated = repeat_order(order=order, by=colleague)
    draft = OrderDraft.objects.get()
    assert repeated.draft == draft
    assert (draft.customer, draft.reseller, draft.owner, draft.provider) == (
        customer,
        reseller,
        colleague.user,
        order.provider,
    )
    assert chosen(draft) == [("Business Standard", 5), ("Defender for Business", 5)]
    assert draft.reseller_is_suggested
    assert repeated.left_out == []
    assert Order.objects.count() == 1


def test_lines_cost_what_they_cost_today(order, sales, standard):
    dearer = end(standard, amount="144.00")
    draft = repeat_order(order=order, by=sales).draft
    assert draft.lines.earliest("pk").price == dearer


def test_what_is_no_longer_sold_is_named(order, sales, standard):
    end(standard)
    repeated = repeat_order(order=order, by=sales)
    assert chosen(repeated.draft) == []
    assert repeated.left_out == [
        "Business Standard is no longer on sale for this customer.",
        "Defender for Business is an add-on. Choose one of these with it: Business Standard.",
    ]


def test_an_add_on_stays_where_the_customer_has_the_base(order, sales, standard, customer):
    SubscriptionFactory(customer=customer, sku=standard.sku)
    end(standard)
    assert chosen(repeat_order(order=order, by=sales).draft) == [("Defender for Business", 5)]


def test_what_a_customer_may_have_once_is_named(sales, customer):
    facts = {"asset_ownership_limit": 1, "asset_ownership_limit_type": "concurrent"}
    trial = make_price(make_sku("Trial", **facts))
    waiting = make_order(sales, trial, customer=customer)
    repeated = repeat_order(order=waiting, by=sales)
    assert repeated.left_out == ["A customer may have Trial only once, and this one already has it."]
    waiting.lines.update(state="refused")
    assert repeat_order(order=waiting, by=sales).left_out == []


def test_what_the_customer_has_is_chosen_again_and_asked_about_later(order, sales, customer, standard):
    SubscriptionFactory(customer=customer, sku=standard.sku)
    repeated = repeat_order(order=order, by=sales)
    assert (repeated.left_out, len(chosen(repeated.draft))) == ([], 2)


def test_what_is_suspended_is_not_ordered_again(order, sales, customer, standard):
    SubscriptionFactory(customer=customer, sku=standard.sku, status="suspended")
    [first, _second] = repeat_order(order=order, by=sales).left_out
    assert "is suspended. Reactivate it instead" in first


def test_numbers_that_are_no_longer_sold_are_named(order, sales, standard):
    standard.sku.max_licenses = 3
    standard.sku.save(update_fields=["max_licenses"])
    [first, _second] = repeat_order(order=order, by=sales).left_out
    assert first == "Enter the number of licenses for Business Standard, 1 to 3."


def test_a_reseller_that_left_is_named_and_not_taken_over(order, sales):
    Partnership.objects.update(ended_at=clock.now(), ended_side="provider")
    repeated = repeat_order(order=order, by=sales)
    assert repeated.draft.reseller is None
    [reason] = repeated.left_out
    assert "Fabrikam" in reason
    assert len(chosen(repeated.draft)) == 2


def test_an_account_that_may_not_buy_gets_no_draft(order, sales, customer):
    Customer.objects.update(status="under_review")
    with pytest.raises(AccountNotActive):
        repeat_order(order=order, by=sales)
    assert not OrderDraft.objects.exists()


def test_only_who_may_order_repeats(order, helpdesk, outsider, reseller):
    for actor in (helpdesk, outsider, actor_of(reseller)):
        with pytest.raises(NotPermitted):
            repeat_order(order=order, by=actor)
    assert not OrderDraft.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_draft_is_made_whole_or_not_at_all(order, sales):
    def nothing() -> None:
        assert not OrderDraft.objects.exists()

    assert fail_at_each_statement(lambda: repeat_order(order=order, by=sales), nothing) > 5
    assert len(chosen(OrderDraft.objects.get())) == 2


# --- the button -------------------------------------------------------------------------------------------------------
def repeat(actor: Actor, order: Order) -> Any:
    """Press the button of the order's page."""
    return signed_in(actor).post(reverse("orders:repeat", args=[order.public_id]), follow=True)


def test_the_button_leads_to_the_offers(order, sales):
    address = reverse("orders:repeat", args=[order.public_id])
    assert f'action="{address}"' in signed_in(sales).get(order.get_absolute_url()).content.decode()
    answer = repeat(sales, order)
    draft = OrderDraft.objects.get()
    assert answer.redirect_chain == [(reverse("orders:subscriptions", args=[draft.public_id]), 302)]
    text = answer.content.decode()
    assert html_faults(text) == []
    assert f"The lines of order {order.number} are chosen below, at today’s prices." in text
    assert "2 offers · 10 licenses" in text


def test_the_page_says_what_was_left_out(order, sales, standard):
    end(standard)
    text = repeat(sales, order).content.decode()
    assert f"Not everything of order {order.number} could be taken over: Business Standard is no longer on sale" in text


def test_an_account_that_may_not_buy_leads_back_to_the_order(order, sales):
    Customer.objects.update(status="not_approved")
    answer = repeat(sales, order)
    assert answer.redirect_chain == [(order.get_absolute_url(), 302)]
    assert "was not approved" in answer.content.decode()


def test_others_have_no_button(order, helpdesk, reseller):
    for actor in (helpdesk, actor_of(reseller)):
        browser = signed_in(actor)
        assert "Repeat order" not in browser.get(order.get_absolute_url()).content.decode()
        assert browser.post(reverse("orders:repeat", args=[order.public_id])).status_code == 403
