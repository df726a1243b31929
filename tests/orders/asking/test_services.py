"""A reseller asks for new subscriptions: what it keeps, and what its provider is told."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from accounts.access import Actor
from accounts.models import Partner
from accounts.roles import Role
from activity.models import ActivityRecord
from catalogue.models import Price
from core import clock
from core.exceptions import InvalidTransition, NotPermitted
from customers.models import Customer, ResellerRelationship
from mail.models import OutgoingEmail
from orders.asking.services import (
    keep_typed_request,
    own_draft,
    save_order_request,
    submit_order_request,
)
from orders.asking.wanted import edition_of
from orders.models import Order
from orders.refusals import EditedMeanwhile, NotReady, OffersRefused
from subscriptions.change_requests.matters import AlreadyAsked, asked_rows, matter_of
from subscriptions.models import ChangeRequest, Subscription
from tests.factories import PartnerFactory, PartnershipFactory
from tests.orders.asking.conftest import Scope, asked, current, drafted
from tests.orders.conftest import actor_of, make_price

State = ChangeRequest.State


# --- drafts ----------------------------------------------------------------------------------------------------------
def test_a_draft_keeps_what_is_chosen_and_tells_nobody(
    customer: Customer, asker: Actor, standard: Price, defender: Price, sales: Actor
) -> None:
    first = drafted(customer, asker, {standard: 5})
    kept = drafted(customer, asker, {defender: 3})
    assert kept == first
    assert [(one["price"], one["quantity"]) for one in kept.values["lines"]] == [(standard.pk, 5), (defender.pk, 3)]
    again = drafted(customer, asker, {standard: 0, defender: 4})
    assert [(one["price"], one["quantity"]) for one in again.values["lines"]] == [(defender.pk, 4)]
    assert not OutgoingEmail.objects.exists()
    assert not ActivityRecord.objects.exists()
    assert not ChangeRequest.objects.visible_to(sales).exists()
    assert own_draft(customer, actor_of(asker.partner)) is None


def test_nothing_chosen_is_no_draft(customer: Customer, asker: Actor, standard: Price) -> None:
    assert save_order_request(customer=customer, quantities={standard: 0}, by=asker) is None
    assert not ChangeRequest.objects.exists()


def test_what_is_not_on_sale_or_too_many_is_not_kept(customer: Customer, asker: Actor, standard: Price) -> None:
    abroad = make_price("Elsewhere", market="BR", currency="BRL")
    with pytest.raises(OffersRefused) as refused:
        drafted(customer, asker, {standard: 301, abroad: 1})
    assert refused.value.errors == {
        standard.pk: "Enter the number of licenses for Business Standard, 1 to 300.",
        abroad.pk: "Elsewhere is not on sale for this customer.",
    }
    assert not ChangeRequest.objects.exists()


def test_another_tab_is_not_overwritten(customer: Customer, asker: Actor, standard: Price) -> None:
    edition = edition_of(drafted(customer, asker, {standard: 5}).values)
    drafted(customer, asker, {standard: 6})
    with pytest.raises(EditedMeanwhile):
        save_order_request(customer=customer, quantities={standard: 7}, edition=edition, by=asker)
    with pytest.raises(EditedMeanwhile):
        keep_typed_request(customer=customer, typed={"licenses-1": "x"}, edition=edition, by=asker)
    kept = own_draft(customer, asker)
    assert kept is not None
    with pytest.raises(EditedMeanwhile):
        submit_order_request(request=kept, message="", version=edition, by=asker)
    assert kept.values["lines"][0]["quantity"] == 6


def test_what_was_typed_wrong_stands_in_the_way(customer: Customer, asker: Actor, standard: Price) -> None:
    kept = drafted(customer, asker, {standard: 5})
    keep_typed_request(customer=customer, typed={f"licenses-{standard.pk}": "many"}, by=asker)
    assert current(kept).values["lines"][0]["quantity"] == 5
    with pytest.raises(NotReady, match="What you typed last in New subscription"):
        submit_order_request(request=kept, message="", version=None, by=asker)
    drafted(customer, asker, {standard: 6})
    assert submit_order_request(request=kept, message="", version=None, by=asker).state == State.SUBMITTED


# --- asking ----------------------------------------------------------------------------------------------------------
def test_a_request_orders_nothing_and_names_what_is_wanted(
    customer: Customer, asker: Actor, standard: Price, provider: Partner
) -> None:
    request = asked(customer, asker, {standard: 5})
    assert (request.state, request.kind, request.subscription) == (State.SUBMITTED, "add", None)
    assert not Order.objects.exists()
    assert not Subscription.objects.exists()
    assert asked_rows(request) == [
        ("Business Standard, 1 year, billed monthly", "", "5 licenses"),
        ("Reseller", "", "Fabrikam (MPN ID 0012345)"),
        ("Designated support contact", "", "Northwind"),
    ]
    assert matter_of(request).short(request) == "5 × Business Standard"
    mail = OutgoingEmail.objects.get()
    assert (mail.recipient, mail.subject) == (provider.contact_email, "Old Mill: new subscriptions are requested")
    assert "Fabrikam asks you to order new subscriptions for Old Mill." in mail.text
    assert "Business Standard, 1 year, billed monthly: 5 licenses" in mail.text
    assert "They grow." in mail.text
    assert "10.00" not in mail.text + mail.html


def test_the_record_names_the_customer_and_is_none_of_its_own(
    customer: Customer, asker: Actor, sales: Actor, standard: Price
) -> None:
    asked(customer, asker, {standard: 5})
    record = ActivityRecord.objects.get()
    assert (record.action, record.customer_id) == ("change_request.submitted", customer.microsoft_id)
    for reader, sees in ((sales, True), (asker, True), (Actor(user=asker.user, customer=customer), False)):
        assert ActivityRecord.objects.visible_to(reader).filter(pk=record.pk).exists() is sees


def test_pressed_twice_is_asked_once(customer: Customer, asker: Actor, standard: Price) -> None:
    kept = drafted(customer, asker, {standard: 5})
    first = submit_order_request(request=kept, message="", version=None, by=asker)
    assert submit_order_request(request=kept, message="", version=None, by=asker) == first
    assert (OutgoingEmail.objects.count(), first.entries.count()) == (1, 1)


def test_one_request_of_a_customer_is_open_at_a_time(customer: Customer, asker: Actor, standard: Price) -> None:
    first = asked(customer, asker, {standard: 5})
    second = drafted(customer, actor_of(asker.partner), {standard: 9})
    with pytest.raises(AlreadyAsked):
        submit_order_request(request=second, message="", version=None, by=Actor(
            user=second.created_by, partner=asker.partner, role=Role.GLOBAL_ADMIN
        ))  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        ChangeRequest.objects.filter(pk=second.pk).update(state=State.SUBMITTED, submitted_at=clock.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        ChangeRequest.objects.create(customer=customer, reseller=first.reseller, kind="cancel", created_by=asker.user)


def test_a_draft_that_was_discarded_is_not_asked(customer: Customer, asker: Actor, standard: Price) -> None:
    kept = drafted(customer, asker, {standard: 5})
    ChangeRequest.objects.filter(pk=kept.pk).delete()
    with pytest.raises(InvalidTransition):
        submit_order_request(request=kept, message="", version=None, by=asker)


def test_strangers_staff_and_resellers_of_others_do_not_ask(
    customer: Customer, asker: Actor, sales: Actor, provider: Partner, standard: Price
) -> None:
    sibling = PartnerFactory(reseller=True)
    PartnershipFactory(provider=provider, reseller=sibling)
    kept = drafted(customer, asker, {standard: 5})
    for by in (sales, actor_of(sibling), Actor()):
        with pytest.raises((NotPermitted, PermissionDenied)):
            save_order_request(customer=customer, quantities={standard: 5}, by=by)
        with pytest.raises((NotPermitted, PermissionDenied)):
            submit_order_request(request=kept, message="", version=None, by=by)
    with pytest.raises(NotPermitted):
        submit_order_request(request=kept, message="", version=None, by=actor_of(asker.partner))


def test_who_manages_asks_too(customer: Customer, asker: Actor, standard: Price) -> None:
    """Only the provider buys, however far the customer is delegated."""
    ResellerRelationship.objects.update(scope=Scope.MANAGE)
    assert asked(customer, asker, {standard: 5}).state == State.SUBMITTED
