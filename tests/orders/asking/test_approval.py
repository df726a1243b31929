"""A provider decides about new subscriptions that a reseller asked for: one order, or none."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from accounts.access import Actor
from accounts.models import Partner
from accounts.roles import Role
from activity.models import ActivityRecord
from catalogue.models import Price, Sku
from core import clock
from core.exceptions import InvalidTransition, NotPermitted
from customers.models import Customer, CustomerAgreement, ResellerRelationship
from customers.relationships import end_reseller_relationship
from mail.models import OutgoingEmail
from orders.asking.services import (
    place_requested_order,
    submit_order_request,
)
from orders.models import Order, OrderDraft
from orders.refusals import NotReady
from subscriptions.change_requests.matters import NotConfirmed, NotReadable, asked_rows, matter_of
from subscriptions.change_requests.services import (
    answer_change_request,
    approve_change_request,
    ask_about_change_request,
    close_impossible_requests,
    reject_change_request,
    withdraw_change_request,
)
from subscriptions.models import ChangeRequest, ResellerOfRecord, Subscription
from tests.factories import MembershipFactory, PartnerFactory, PartnershipFactory, SubscriptionFactory
from tests.orders.asking.conftest import approve, asked, current, drafted, said
from tests.orders.conftest import actor_of, end, make_price, make_sku

State = ChangeRequest.State


def refusal(request: ChangeRequest, reader: Actor) -> str:
    """Why the rules forbid it now, as its page says it to this person."""
    return matter_of(request).outlook(current(request), reader).refusal


def test_an_approval_places_the_order_by_the_usual_service(
    customer: Customer, asker: Actor, sales: Actor, standard: Price, defender: Price, either_fulfilment: str
) -> None:
    request = approve(asked(customer, asker, {standard: 5, defender: 2}), sales)
    order = Order.objects.get()
    assert (request.state, order.requested_in, order.placed_by) == (State.APPROVED, request, sales.user)
    assert (order.reseller, order.attestation, order.customer) == (asker.partner, "indirect", customer)
    assert [(line.sku, line.quantity) for line in order.lines.all()] == [(standard.sku, 5), (defender.sku, 2)]
    assert OrderDraft.objects.get().order == order
    if either_fulfilment == "local":
        assert [one.quantity for one in Subscription.objects.order_by("pk")] == [5, 2]
        assert {one.reseller for one in ResellerOfRecord.objects.all()} == {asker.partner}
    else:
        assert order.status == Order.Status.PENDING
    actions = set(ActivityRecord.objects.values_list("action", flat=True))
    assert {"order.placed", "change_request.approved"} <= actions
    placed = ActivityRecord.objects.get(action="order.placed")
    assert (placed.actor_user_id, placed.customer_id) == (sales.user.pk, customer.microsoft_id)
    mail = OutgoingEmail.objects.get(recipient=asker.user.email)
    told = " ".join(mail.text.split())
    assert f"Northwind approved your request for Old Mill and placed order {order.number}." in told
    assert "10.00" not in mail.text + mail.html
    assert OutgoingEmail.objects.filter(kind="order_placed", recipient=sales.user.email).count() == 1


def test_a_second_approval_is_the_same_one(
    customer: Customer, asker: Actor, sales: Actor, colleague: Actor, standard: Price
) -> None:
    request = asked(customer, asker, {standard: 5})
    words = said(request)
    for by in (sales, sales, colleague):
        assert approve_change_request(request=request, version=None, said=words, by=by).state == State.APPROVED
    assert (Order.objects.count(), Subscription.objects.count(), OrderDraft.objects.count()) == (1, 1, 1)
    # Even where the request were open again, its number is taken.
    with pytest.raises(IntegrityError), transaction.atomic():
        place_requested_order(request=current(request), **words, by=colleague)


def test_nobody_approves_its_own(customer: Customer, asker: Actor, provider: Partner, standard: Price) -> None:
    request = asked(customer, asker, {standard: 5})
    MembershipFactory(user=asker.user, partner=provider, role=Role.GLOBAL_ADMIN)
    with pytest.raises(NotPermitted, match="You took part"):
        approve(request, Actor(user=asker.user, partner=provider, role=Role.GLOBAL_ADMIN))
    assert not Order.objects.exists()


def test_only_staff_that_may_order_decides(
    customer: Customer, asker: Actor, helpdesk: Actor, outsider: Actor, standard: Price
) -> None:
    request = asked(customer, asker, {standard: 5})
    for by in (helpdesk, outsider, asker, actor_of(asker.partner)):
        for step in (lambda by=by: approve(request, by), lambda by=by: reject_change_request(
            request=request, reason="No", by=by
        )):  # fmt: skip
            with pytest.raises((NotPermitted, PermissionDenied)):
                step()
    assert (current(request).state, Order.objects.count()) == (State.SUBMITTED, 0)


def test_the_part_of_the_provider_is_said_for_each_order(
    customer: Customer, asker: Actor, sales: Actor, standard: Price
) -> None:
    request = asked(customer, asker, {standard: 5})
    for attestation in ("", "direct"):
        with pytest.raises(NotConfirmed, match="Confirm that your company acts as Indirect Partner"):
            approve(request, sales, attestation=attestation)
    assert (current(request).state, Order.objects.count(), OrderDraft.objects.count()) == (State.SUBMITTED, 0, 0)


def test_another_price_than_the_approver_saw_is_said(
    customer: Customer, asker: Actor, sales: Actor, standard: Price
) -> None:
    request = asked(customer, asker, {standard: 5})
    words = said(request)
    end(standard, amount="144.00")
    with pytest.raises(NotReadable) as refused:
        approve_change_request(request=request, version=None, said=words, by=sales)
    assert "Price per license of Business Standard" in str(refused.value)
    assert "12.00" in str(refused.value)
    with pytest.raises(NotReadable):
        approve_change_request(request=request, version=None, said={"attestation": "indirect"}, by=sales)
    assert not Order.objects.exists()
    approve(request, sales)
    assert Order.objects.get().lines.get().unit_price == 144


@pytest.mark.parametrize(
    ("what", "for_staff", "for_reseller"),
    [
        ("offer", "no longer on sale", "no longer on sale"),
        ("row", "is not on sale for this customer", "is not on sale for this customer"),
        ("agreement", "Confirm it first", "Ask your provider to confirm it first"),
        ("account", "is under review", "Ask your provider what it can do about it"),
        ("mpn", "Ask the reseller to give its MPN ID", "Your company has no MPN ID. Give it to the back office."),
        ("owned", "Change its licenses instead", "Change its licenses instead"),
        ("suspended", "Reactivate it instead", "Reactivate it instead"),
        ("base", "is an add-on. Choose one of these", "is an add-on. Choose one of these"),
        ("of record", "Contoso has no MPN ID", "Your provider has to settle something first."),
    ],
)
def test_the_rules_are_asked_again_at_approval(
    customer: Customer, asker: Actor, sales: Actor, standard: Price, defender: Price,
    what: str, for_staff: str, for_reseller: str,
) -> None:  # fmt: skip
    """Whatever became of it since it was asked, it is not ordered, and both sides read why."""
    if what in ("base", "of record"):
        Sku.objects.update(policy="legacy")
        base = SubscriptionFactory(customer=customer, sku=standard.sku, policy="legacy")
        request = asked(customer, asker, {defender: 2})
        if what == "base":
            Subscription.objects.filter(pk=base.pk).update(status=Subscription.Status.EXPIRED)
        else:
            contoso = PartnerFactory(reseller=True, legal_name="Contoso", mpn_id="")
            ResellerOfRecord.objects.create(subscription=base, reseller=contoso, mpn_id="7", set_by=sales.user)
    else:
        request = asked(customer, asker, {standard: 5})
    words = said(request)
    if what == "offer":
        end(standard)
    elif what == "row":
        lines = [*request.values["lines"], {**request.values["lines"][0], "price": 987654321}]
        ChangeRequest.objects.filter(pk=request.pk).update(values={"lines": lines})
    elif what == "agreement":
        CustomerAgreement.objects.all().delete()
    elif what == "account":
        Customer.objects.update(status=Customer.Status.UNDER_REVIEW)
    elif what == "mpn":
        Partner.objects.filter(pk=asker.partner.pk).update(mpn_id="")
    elif what == "owned":
        SubscriptionFactory(customer=customer, sku=standard.sku)
    elif what == "suspended":
        SubscriptionFactory(customer=customer, sku=standard.sku, status=Subscription.Status.SUSPENDED)
    with pytest.raises(NotReady):
        approve_change_request(request=current(request), version=None, said=words, by=sales)
    assert (current(request).state, Order.objects.count(), OrderDraft.objects.count()) == (State.SUBMITTED, 0, 0)
    assert for_staff in refusal(request, sales)
    assert for_reseller in refusal(request, asker)


def test_once_more_beside_what_the_customer_has_is_asked_knowingly(
    customer: Customer, asker: Actor, sales: Actor, standard: Price
) -> None:
    SubscriptionFactory(customer=customer, sku=standard.sku, quantity=25)
    kept = drafted(customer, asker, {standard: 5})
    with pytest.raises(NotReady, match="25 licenses of Business Standard already"):
        submit_order_request(request=kept, message="", version=None, by=asker)
    request = asked(customer, asker, {standard: 5}, confirmed={standard: 1})
    assert asked_rows(request)[0][2] == "5 licenses, beside what the customer has"
    SubscriptionFactory(customer=customer, sku=standard.sku, quantity=1)
    assert matter_of(request).changed(current(request)) == [
        ("What the customer has of Business Standard", "25 licenses", "26 licenses")
    ]
    with pytest.raises(NotReady):
        approve(current(request), sales)


def test_a_limit_of_the_offer_holds(customer: Customer, asker: Actor, sales: Actor) -> None:
    once = make_price(make_sku("Azure", asset_ownership_limit=1, asset_ownership_limit_type="concurrent"))
    request = asked(customer, asker, {once: 1})
    SubscriptionFactory(customer=customer, sku=once.sku)
    assert "only once" in refusal(request, sales)


def test_question_answer_and_rejection(customer: Customer, asker: Actor, sales: Actor, standard: Price) -> None:
    request = ask_about_change_request(request=asked(customer, asker, {standard: 5}), text="For whom?", by=sales)
    request = answer_change_request(request=request, text="The new crew.", by=asker)
    request = reject_change_request(request=request, reason="Two invoices are open.", by=sales)
    assert (current(request).state, Order.objects.count()) == (State.REJECTED, 0)
    with pytest.raises(InvalidTransition, match="was rejected in the meantime"):
        approve(request, sales)
    assert set(OutgoingEmail.objects.values_list("recipient", "subject")) == {
        ("contact@northwind.example", "Old Mill: new subscriptions are requested"),
        (asker.user.email, "Old Mill: a question about your request"),
        (sales.user.email, "Old Mill: your question is answered"),
        (asker.user.email, "Old Mill: your request is rejected"),
    }
    assert "Two invoices are open." in OutgoingEmail.objects.get(subject="Old Mill: your request is rejected").text


def test_what_was_withdrawn_is_not_ordered(customer: Customer, asker: Actor, sales: Actor, standard: Price) -> None:
    request = withdraw_change_request(request=asked(customer, asker, {standard: 5}), by=asker)
    with pytest.raises(InvalidTransition):
        approve(request, sales)
    assert asked(customer, asker, {standard: 5}) != request


def test_a_reseller_that_lost_the_customer_gets_nothing(
    customer: Customer, asker: Actor, sales: Actor, provider: Partner, standard: Price
) -> None:
    request = asked(customer, asker, {standard: 5})
    kept = drafted(customer, asker, {standard: 9})
    admin = actor_of(provider)
    end_reseller_relationship(relationship=ResellerRelationship.objects.get(customer=customer), by=admin)
    assert approve(request, sales).state == State.CLOSED
    assert close_impossible_requests() == 0
    assert not Order.objects.exists()
    assert not ChangeRequest.objects.filter(pk=kept.pk).exists()


def test_nothing_is_ordered_when_the_record_fails(
    customer: Customer, asker: Actor, sales: Actor, standard: Price, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = asked(customer, asker, {standard: 5})

    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("subscriptions.change_requests.services.record", fail)
    with pytest.raises(RuntimeError), transaction.atomic():
        approve(request, sales)
    assert (current(request).state, Order.objects.count(), OrderDraft.objects.count()) == (State.SUBMITTED, 0, 0)
    assert not Subscription.objects.exists()


def test_what_others_ordered_is_not_read_by_the_reseller(
    customer: Customer, asker: Actor, sales: Actor, provider: Partner, standard: Price, settings: Any
) -> None:
    """What waits in the order of another reseller keeps the provider from ordering it twice, and stays its own."""
    settings.FULFILMENT = "back_office"
    sibling = PartnershipFactory(provider=provider, reseller__legal_name="Litware").reseller
    request = asked(customer, asker, {standard: 5})
    approve(request, sales)
    Order.objects.update(reseller=sibling)
    second = asked(customer, asker, {standard: 5})
    assert refusal(second, asker) == ""
    assert "5 licenses of Business Standard already" in refusal(second, sales)


def test_old_requests_of_orders_are_forgotten_by_nobody(customer: Customer, asker: Actor, standard: Price) -> None:
    """A request commits nobody and has no last day."""
    with clock.at(clock.now() - timedelta(days=300)):
        request = asked(customer, asker, {standard: 5})
    assert (close_impossible_requests(), current(request).state) == (0, State.SUBMITTED)
