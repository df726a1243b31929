"""What the tables themselves promise, and who sees orders."""

import pytest
from django.contrib import admin
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from orders.models import Order, OrderDraft, OrderDraftLine, OrderLine
from orders.services import cancel_draft
from tests.factories import CustomerAdministratorFactory, UserFactory
from tests.orders.conftest import actor_of, submitted


def test_orders_are_seen_by_their_provider_and_their_reseller_alone(ready, sales, reseller, outsider, colleague):
    from accounts.access import ANONYMOUS, Actor
    from tests.factories import PartnerFactory

    order = submitted(ready, sales)
    administrator = CustomerAdministratorFactory(customer=order.customer, user__sign_in_name="x@y.onmicrosoft.com")
    seeing = [sales, colleague, actor_of(reseller)]
    blind = [outsider, actor_of(PartnerFactory(reseller=True)), ANONYMOUS]
    blind.append(Actor(user=administrator.user, customer=order.customer))
    assert [list(Order.objects.visible_to(actor)) for actor in seeing] == [[order]] * 3
    assert [list(Order.objects.visible_to(actor)) for actor in blind] == [[]] * 4


@pytest.mark.parametrize("broken", [{"state": "submitted"}, {"state": "lost"}])
def test_a_draft_is_submitted_exactly_when_it_has_an_order(draft, broken):
    with pytest.raises(IntegrityError), transaction.atomic():
        OrderDraft.objects.filter(pk=draft.pk).update(**broken)


def test_an_open_draft_has_no_order(ready, sales):
    order = submitted(ready, sales)
    with pytest.raises(IntegrityError), transaction.atomic():
        OrderDraft.objects.filter(order=order).update(state="open")


def test_lines_have_licenses_and_an_offer_once(ready, sales, standard):
    with pytest.raises(IntegrityError), transaction.atomic():
        OrderDraftLine.objects.create(draft=ready, price=standard, quantity=2)
    with pytest.raises(IntegrityError), transaction.atomic():
        OrderDraftLine.objects.update(quantity=0)
    submitted(ready, sales)
    with pytest.raises(IntegrityError), transaction.atomic():
        OrderLine.objects.update(quantity=0)


def test_what_things_are_called(ready, sales, draft):
    assert str(OrderDraft()) == "New customer"
    assert str(OrderDraft.objects.get()) == "Padaria São João"
    line = ready.lines.get()
    assert str(line).startswith("5 × Business Standard")
    order = submitted(ready, sales)
    assert (str(order), str(order.lines.get())) == (order.number, "5 × Business Standard")


# --- the back office --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("model", [Order, OrderDraft])
def test_the_back_office_reads_and_changes_nothing(ready, sales, model):
    order = submitted(ready, sales)
    client = Client()
    client.force_login(UserFactory(back_office=True))
    one = model.objects.get()
    name = f"admin:orders_{model._meta.model_name}"
    for address in (reverse(f"{name}_changelist"), reverse(f"{name}_change", args=[one.pk])):
        assert client.get(address).status_code == 200
    assert client.get(reverse(f"{name}_changelist"), {"q": "padaria"}).status_code == 200
    assert client.get(reverse(f"{name}_add")).status_code == 403
    assert client.post(reverse(f"{name}_change", args=[one.pk]), {"currency": "EUR"}).status_code == 403
    assert client.post(reverse(f"{name}_delete", args=[one.pk]), {"post": "yes"}).status_code == 403
    order.refresh_from_db()
    assert order.currency == "USD"


def test_the_back_office_does_not_see_the_details_of_a_draft(ready, sales):
    client = Client()
    client.force_login(UserFactory(back_office=True))
    text = client.get(reverse("admin:orders_orderdraft_change", args=[ready.pk])).content.decode()
    assert "ana@padaria.example" not in text
    assert admin.site.is_registered(OrderDraft)
    cancel_draft(draft=ready, by=sales)
