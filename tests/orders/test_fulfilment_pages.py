"""Lines that wait, as the back office and the provider see them."""

import re
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.access import Actor
from accounts.models import User
from orders.fulfilment.deciding import fulfil_line, refuse_line
from orders.models import Order, OrderDraft, OrderLine
from orders.services import choose_offers
from tests.contracts import header_faults, html_faults
from tests.factories import SubscriptionFactory, UserFactory
from tests.orders.conftest import actor_of, signed_in, submitted

QUEUE = reverse("admin:orders_orderline_changelist")


@pytest.fixture(autouse=True)
def by_people(settings: Any) -> None:
    settings.FULFILMENT = "back_office"


@pytest.fixture
def olga(db: None) -> User:
    return UserFactory(back_office=True, full_name="Olga Office")


@pytest.fixture
def office(olga: User) -> Client:
    """Somebody of the back office, signed in."""
    client = Client()
    client.force_login(olga)
    return client


@pytest.fixture
def order(ready: Any, sales: Actor, defender: Any) -> Order:
    """Business Standard and its add-on for a new customer."""
    choose_offers(draft=ready, quantities={defender: 5}, by=sales)
    return submitted(ready, sales)


def lines(order: Order) -> list[OrderLine]:
    """The lines as they are now, the base first."""
    return list(order.lines.order_by("pk"))


def decide(office: Client, line: OrderLine, name: str, **data: str) -> Any:
    """Press a button of the page of a line."""
    return office.post(reverse("admin:orders_orderline_decide", args=[line.pk, name]), data)


def act(office: Client, action: str, *chosen: OrderLine, **data: str) -> str:
    """Do an action of the queue, and return the page that follows."""
    sent = {"action": action, "_selected_action": [line.pk for line in chosen], **data}
    return office.post(f"{QUEUE}?state=all", sent, follow=True).content.decode()


# --- the queue --------------------------------------------------------------------------------------------------------
def test_the_queue_holds_what_waits(office, order):
    page = office.get(QUEUE)
    assert header_faults(page) == []
    text = page.content.decode()
    for words in ("Orders to fulfill", order.number, "Padaria São João", "Defender for Business", "Northwind"):
        assert words in text
    assert text.count(f'<a href="{reverse("admin:orders_orderline_change", args=[lines(order)[0].pk])}') == 1
    order.lines.update(state="refused")
    assert "Defender for Business" not in office.get(QUEUE).content.decode()
    assert "Defender for Business" in office.get(f"{QUEUE}?state=refused").content.decode()


@pytest.mark.parametrize(
    ("typed", "found"), [("padaria", True), ("cinema", False), ("NUMBER", True), ("2026-9", False)]
)
def test_the_queue_is_searched(office, order, typed, found):
    page = office.get(QUEUE, {"q": typed.replace("NUMBER", order.number)}).content.decode()
    assert ("Defender for Business" in page) == found


def test_the_queue_costs_the_same_with_more_lines(office, order, django_assert_num_queries):
    office.get(QUEUE)
    for _extra in range(2):
        with django_assert_num_queries(6):
            office.get(QUEUE)
        base = lines(order)[0]
        base.pk = None
        base.save()


def test_nothing_is_edited_or_deleted_by_hand(office, order):
    line = lines(order)[0]
    page = office.get(reverse("admin:orders_orderline_change", args=[line.pk])).content.decode()
    assert 'name="state"' not in page
    assert office.post(reverse("admin:orders_orderline_delete", args=[line.pk])).status_code == 403
    assert office.get(reverse("admin:orders_orderline_add")).status_code == 403


# --- the page of a line -----------------------------------------------------------------------------------------------
def test_a_line_is_fulfilled_with_its_id(office, order, olga):
    wanted = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
    answer = decide(office, lines(order)[0], "fulfil", subscription_id=wanted)
    assert (answer.status_code, answer.url) == (302, QUEUE)
    line = lines(order)[0]
    assert (str(line.subscription.subscription_id), line.decided_by) == (wanted, olga)


@pytest.mark.parametrize(
    "wrong", ["12", "3fa85f64-5717-4562-b3fc-2c963f66afa", "3fa85f64\0-5717", "0" * 32, str(UUID(int=0)), "g" * 36]
)
def test_a_wrong_id_is_said_beside_the_field_and_kept(office, order, wrong):
    response = decide(office, lines(order)[0], "fulfil", subscription_id=wrong)
    assert list(response.context["form"].errors) == ["subscription_id"]
    page = response.content.decode()
    assert "Enter an ID like" in page
    assert f'value="{wrong}"' in page
    assert lines(order)[0].state == "pending"


def test_an_id_that_another_subscription_has_is_said_beside_the_field(office, order):
    taken = str(SubscriptionFactory().subscription_id)
    for typed in (taken, taken.upper(), f"{{{taken}}}", taken.replace("-", "")):
        response = decide(office, lines(order)[0], "fulfil", subscription_id=typed)
        assert response.context["form"].errors == {"subscription_id": [f"Another subscription has the ID {taken}."]}
        assert f'value="{typed}"' in response.content.decode()
    assert lines(order)[0].state == "pending"


def test_an_add_on_before_its_base_is_refused_in_words(office, order):
    assert "Fulfill Business Standard first" in decide(office, lines(order)[1], "fulfil").content.decode()


def test_a_line_is_refused_with_a_reason(office, order):
    assert "Give a reason" in decide(office, lines(order)[0], "refuse", reason=" ").content.decode()
    decide(office, lines(order)[0], "refuse", reason="Sold\nout.")
    assert [line.refusal for line in lines(order)] == ["Sold out.", "Its base Business Standard was refused."]


def test_a_page_offers_what_the_state_allows(office, order):
    address = reverse("admin:orders_orderline_change", args=[lines(order)[0].pk])
    waiting = office.get(address).content.decode()
    assert ["Fulfill the line" in waiting, "Refuse the line" in waiting, "Let the line wait again" in waiting] == [
        True,
        True,
        False,
    ]
    decide(office, lines(order)[0], "refuse", reason="No.")
    assert "Let the line wait again" in office.get(address).content.decode()
    decide(office, lines(order)[0], "retry")
    assert lines(order)[0].state == "pending"
    decide(office, lines(order)[0], "fulfil")
    done = office.get(address).content.decode()
    assert 'class="module decision"' not in done


def test_a_line_that_somebody_else_decided_shows_what_was_done(office, order, olga):
    first, second = lines(order)[:2]
    decide(office, first, "refuse", reason="No licenses left")
    decide(office, second, "refuse", reason="Something else")
    for page in (
        decide(office, first, "fulfil"),
        decide(office, first, "refuse", reason="Once more"),
        office.get(reverse("admin:orders_orderline_decide", args=[first.pk, "refuse"])),
    ):
        text = page.content.decode()
        assert page.status_code == 200
        assert ("This can no longer be decided" in text, "No licenses left" in text) == (True, True)
        assert (str(olga) in text, "Something else" in text) == (True, False)
        assert f'action="{reverse("admin:orders_orderline_decide", args=[first.pk, "refuse"])}"' not in text
    assert "Once more" in decide(office, first, "refuse", reason="Once more").content.decode()


def test_an_unknown_decision_is_not_found(office, order):
    assert decide(office, lines(order)[0], "delete").status_code == 404
    assert office.get(reverse("admin:orders_orderline_decide", args=[lines(order)[0].pk, "fulfil"])).status_code == 200


def test_who_may_only_look_decides_nothing(order):
    looker = UserFactory(is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_orderline"))
    client = Client()
    client.force_login(looker)
    assert client.get(QUEUE).status_code == 200
    assert decide(client, lines(order)[0], "fulfil").status_code == 403
    act(client, "fulfil", *lines(order))
    assert lines(order)[0].state == "pending"


# --- actions ----------------------------------------------------------------------------------------------------------
def test_selected_lines_are_fulfilled_bases_first(office, order):
    assert "Done for 2 rows." in act(office, "fulfil", *reversed(lines(order)))
    assert [line.state for line in lines(order)] == ["fulfilled", "fulfilled"]
    assert Order.objects.get().status == "completed"


def test_selected_lines_are_refused_with_one_reason(office, order):
    act(office, "refuse", lines(order)[1])
    assert lines(order)[1].state == "pending"
    act(office, "refuse", lines(order)[1], reason="No.")
    assert [line.state for line in lines(order)] == ["pending", "refused"]
    act(office, "retry", lines(order)[1])
    assert lines(order)[1].state == "pending"


# --- what the provider sees -------------------------------------------------------------------------------------------
def decided(order: Order, olga: User) -> None:
    """The base is there, its add-on was refused."""
    by = Actor(user=olga)
    fulfil_line(line=lines(order)[0], by=by)
    refuse_line(line=lines(order)[1], reason="Sold out.", by=by)


def test_the_customers_page_says_what_waits_and_what_was_refused(order, sales, olga, reseller):
    address = order.customer.get_absolute_url()
    browser = signed_in(sales)
    page = browser.get(address).content.decode()
    assert html_faults(page) == []
    assert f"Order {order.number} is being carried out." in page
    assert f'href="{order.get_absolute_url()}"' in page
    decided(order, olga)
    assert f"Order {order.number} was carried out in part" in browser.get(address).content.decode()
    assert order.number in signed_in(actor_of(reseller)).get(address).content.decode()
    administrator = Client()
    administrator.force_login(order.customer.administrators.get().user)
    assert order.number not in administrator.get(address, follow=True).content.decode()
    Order.objects.update(status="completed")
    assert order.number not in browser.get(address).content.decode()


def test_confirmation_says_what_became_of_each_line(order, sales, olga):
    address = reverse("orders:confirmation", args=[OrderDraft.objects.get().public_id])
    browser = signed_in(sales)
    assert browser.get(address).content.decode().count("Pending</span>") == 2
    decided(order, olga)
    page = browser.get(address).content.decode()
    assert html_faults(page) == []
    for words in ("Fulfilled</span>", "Refused</span>", "Sold out.", order.get_absolute_url()):
        assert words in page


def test_home_says_how_many_orders_wait(order, sales, olga):
    link = f"{reverse('orders:list')}?status=pending"
    browser = signed_in(sales)
    page = browser.get("/").content.decode()
    assert f'href="{link}"' in page
    assert "Order being carried out" in page
    decided(order, olga)
    assert link not in browser.get("/").content.decode()


def test_a_refused_line_is_tried_again_from_the_order(order, sales, helpdesk, olga):
    decided(order, olga)
    line = lines(order)[1]
    address = reverse("orders:retry_line", args=[order.public_id, line.pk])
    assert f'action="{address}"' in signed_in(sales).get(order.get_absolute_url()).content.decode()
    assert "Try again" not in signed_in(helpdesk).get(order.get_absolute_url()).content.decode()
    page = signed_in(sales).post(address, follow=True).content.decode()
    assert "Defender for Business is tried again: Pending." in page
    again = signed_in(sales).post(address, follow=True).content.decode()
    assert "Defender for Business of this order is already in this state: Pending." in again


def test_a_line_of_another_order_is_not_found(order, sales, outsider):
    other = Order.objects.create(
        customer=order.customer, provider=order.provider, placed_by=order.placed_by, currency="USD"
    )
    line = lines(order)[0]
    assert signed_in(sales).post(reverse("orders:retry_line", args=[other.public_id, line.pk])).status_code == 404
    address = reverse("orders:retry_line", args=[order.public_id, line.pk])
    assert signed_in(outsider).post(address).status_code == 404


def test_the_back_office_reads_term_and_billing_in_words(office: Client, order: Order) -> None:
    line = lines(order)[0]
    page = office.get(reverse("admin:orders_orderline_change", args=[line.pk])).content.decode()
    shown = re.findall(r'<div class="readonly">(.*?)</div>', page)
    assert {"1 year", "Monthly"} <= set(shown)
    assert "P1Y" not in shown
