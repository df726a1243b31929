"""Lines that wait are fulfilled or refused, and refused ones tried again: what follows, and who is told."""

import uuid
from typing import Any

import pytest
from django.db import DatabaseError

from accounts.access import Actor, system_actor
from accounts.models import Membership
from activity.models import ActivityRecord
from core.exceptions import InvalidTransition, NotPermitted, Refused
from customers.account_status import AccountNotActive, decide_account
from customers.models import Customer
from customers.services import PartnershipRequired
from mail.models import OutgoingEmail
from orders.fulfilment import IMPLEMENTATIONS, deciding
from orders.fulfilment.deciding import fulfil_line, refuse_line, retry_line
from orders.models import Order, OrderLine
from orders.services import choose_offers
from resellers.models import Partnership
from subscriptions.models import ResellerOfRecord, Subscription, SupportContact
from subscriptions.starting import SubscriptionIdTaken
from tests.factories import SubscriptionFactory, UserFactory
from tests.faults import fail_at_each_statement
from tests.orders.conftest import actor_of, make_price, make_sku, submitted


@pytest.fixture
def office(db: None) -> Actor:
    return Actor(user=UserFactory(back_office=True, full_name="Olga Office"))


@pytest.fixture(autouse=True)
def by_people(settings: Any) -> None:
    settings.FULFILMENT = "back_office"


@pytest.fixture
def order(ready: Any, sales: Actor, defender: Any) -> Order:
    """A new customer's order: Business Standard, its add-on, and something else; all of it waits."""
    other = make_price(make_sku("Visio"), "60.00")
    choose_offers(draft=ready, quantities={defender: 5, other: 2}, by=sales)
    placed = submitted(ready, sales)
    OutgoingEmail.objects.all().delete()
    return placed


def line(order: Order, name: str) -> OrderLine:
    """The line of this offer as it is now."""
    return order.lines.get(offer_name=name)


def status(order: Order) -> str:
    """The status of the order as it is now."""
    return Order.objects.get(pk=order.pk).status


def mails() -> list[tuple[str, str]]:
    """Kind and subject of what waits in the outbox, in order."""
    return list(OutgoingEmail.objects.order_by("created_at", "pk").values_list("kind", "subject"))


# --- fulfill ----------------------------------------------------------------------------------------------------------
def test_a_line_becomes_the_subscription_that_was_ordered(order, office, reseller):
    Order.objects.update(support_contact=reseller)
    wanted = uuid.uuid4()
    done = fulfil_line(line=line(order, "Business Standard"), subscription_id=wanted, by=office)
    kept = line(order, "Business Standard")
    assert (kept.state, kept.decided_by, kept.refusal) == ("fulfilled", office.user, "")
    assert kept.decided_at is not None
    subscription = Subscription.objects.get()
    assert done.subscription == kept.subscription == subscription
    assert (subscription.subscription_id, subscription.quantity) == (wanted, 5)
    assert (subscription.unit_price, subscription.customer) == (kept.unit_price, order.customer)
    assert ResellerOfRecord.objects.get().reseller == SupportContact.objects.get().reseller == reseller
    assert status(order) == "pending"
    assert line(order, "Visio").state == "pending"


def test_without_an_id_the_portal_makes_one(order, office):
    fulfil_line(line=line(order, "Visio"), by=office)
    assert line(order, "Visio").subscription.subscription_id


def test_an_id_that_is_taken_is_refused(order, office):
    taken = SubscriptionFactory()
    with pytest.raises(SubscriptionIdTaken):
        fulfil_line(line=line(order, "Visio"), subscription_id=taken.subscription_id, by=office)
    assert line(order, "Visio").state == "pending"
    assert order.customer.subscriptions.count() == 0
    assert Customer.objects.get(pk=order.customer_id).status == "pending"


def test_the_first_subscription_sets_up_the_account_and_the_reseller_is_told(order, office, reseller):
    fulfil_line(line=line(order, "Visio"), by=office)
    assert Customer.objects.get(pk=order.customer_id).status == "active"
    assert [record.changes for record in ActivityRecord.objects.filter(action="customer.set_up")] == [
        {"status": ["pending", "active"]}
    ]
    [mail] = OutgoingEmail.objects.filter(kind="customer_assigned")
    assert mail.recipient == reseller.contact_email
    fulfil_line(line=line(order, "Business Standard"), by=office)
    assert OutgoingEmail.objects.filter(kind="customer_assigned").count() == 1
    assert ActivityRecord.objects.filter(action="customer.set_up").count() == 1


def test_the_reseller_is_told_by_an_approval_too_and_once(order, office):
    decide_account(customer=order.customer, status="under_review", reason="Which?", by=office)
    decide_account(customer=order.customer, status="active", by=office)
    decide_account(customer=order.customer, status="under_review", reason="Again?", by=office)
    decide_account(customer=order.customer, status="active", by=office)
    fulfil_line(line=line(order, "Visio"), by=office)
    assert OutgoingEmail.objects.filter(kind="customer_assigned").count() == 1


@pytest.mark.parametrize("state", ["under_review", "not_approved"])
def test_an_account_that_may_not_buy_gets_nothing(order, office, state):
    decide_account(customer=order.customer, status=state, reason="Which?", by=office)
    with pytest.raises(AccountNotActive):
        fulfil_line(line=line(order, "Visio"), by=office)
    assert not Subscription.objects.exists()


def test_no_business_is_done_with_a_reseller_that_left(order, office):
    Partnership.objects.update(ended_at=order.placed_at, ended_side="provider")
    with pytest.raises(PartnershipRequired):
        fulfil_line(line=line(order, "Visio"), by=office)
    assert refuse_line(line=line(order, "Visio"), reason="Fabrikam left.", by=office).state == "refused"


def test_an_add_on_comes_after_its_base_and_under_it(order, office):
    with pytest.raises(Refused, match="Fulfill Business Standard first"):
        fulfil_line(line=line(order, "Defender for Business"), by=office)
    base = fulfil_line(line=line(order, "Business Standard"), by=office)
    add_on = fulfil_line(line=line(order, "Defender for Business"), by=office)
    assert add_on.subscription.parent == base.subscription


def test_an_add_on_is_not_started_under_a_suspended_base(order, office):
    fulfil_line(line=line(order, "Business Standard"), by=office)
    Subscription.objects.update(status="suspended")
    with pytest.raises(Refused, match="not active"):
        fulfil_line(line=line(order, "Defender for Business"), by=office)


def test_a_line_is_decided_once(order, office):
    fulfil_line(line=line(order, "Visio"), by=office)
    stale = OrderLine(pk=line(order, "Visio").pk, order=order, state="pending")
    with pytest.raises(InvalidTransition, match="Visio of this order is already in this state: Fulfilled"):
        fulfil_line(line=stale, by=office)
    with pytest.raises(InvalidTransition):
        refuse_line(line=stale, reason="No.", by=office)
    with pytest.raises(InvalidTransition):
        retry_line(line=stale, by=office)
    assert Subscription.objects.count() == 1


# --- refuse -----------------------------------------------------------------------------------------------------------
def test_a_refused_line_says_why_and_the_rest_waits(order, office, sales):
    refuse_line(line=line(order, "Visio"), reason="  Not sold to bakeries. ", by=office)
    kept = line(order, "Visio")
    assert (kept.state, kept.refusal, kept.decided_by) == ("refused", "Not sold to bakeries.", office.user)
    assert status(order) == "pending"
    assert mails() == [
        ("order_line_refused", f"Order {order.number} for Padaria São João: something was refused"),
    ]
    mail = OutgoingEmail.objects.get()
    assert mail.recipient == sales.user.email
    for part in ("2 x Visio: Not sold to bakeries.", "2 lines still wait", order.get_absolute_url()):
        assert part in mail.text
    record = ActivityRecord.objects.get(action="order.line_refused")
    assert (record.target_label, record.changes) == (
        order.number,
        {"offer": "Visio", "state": ["pending", "refused"], "reason": "Not sold to bakeries."},
    )


def test_add_ons_go_with_their_base(order, office, sales):
    sales.user.language = "pt-br"
    sales.user.save()
    refuse_line(line=line(order, "Business Standard"), reason="Sold out.", by=office)
    add_on = line(order, "Defender for Business")
    assert add_on.state == "refused"
    assert "Business Standard" in add_on.refusal
    assert ActivityRecord.objects.filter(action="order.line_refused").count() == 2
    assert OutgoingEmail.objects.count() == 1


def test_a_refusal_needs_a_reason(order, office):
    with pytest.raises(Refused, match="Give a reason"):
        refuse_line(line=line(order, "Visio"), reason=" ", by=office)
    assert line(order, "Visio").state == "pending"


# --- the outcome ------------------------------------------------------------------------------------------------------
def test_the_last_decision_tells_what_became_of_each_line(order, office):
    fulfil_line(line=line(order, "Visio"), by=office)
    fulfil_line(line=line(order, "Business Standard"), by=office)
    assert {kind for kind, _subject in mails()} == {"customer_assigned"}
    refuse_line(line=line(order, "Defender for Business"), reason="Sold out.", by=office)
    assert status(order) == "partial"
    mail = OutgoingEmail.objects.exclude(kind="customer_assigned").get()
    assert (mail.kind, mail.subject) == (
        "order_carried_out",
        f"Order {order.number} for Padaria São João is fulfilled in part",
    )
    assert "- 5 x Defender for Business: Refused. Sold out." in mail.text
    assert "- 2 x Visio: Fulfilled\n" in mail.text


def test_an_order_of_which_everything_is_done_is_completed(order, office):
    for name in ("Visio", "Business Standard", "Defender for Business"):
        fulfil_line(line=line(order, name), by=office)
    assert status(order) == "completed"
    assert OutgoingEmail.objects.get(kind="order_carried_out").subject == (
        f"Order {order.number} for Padaria São João is fulfilled"
    )


def test_an_order_of_which_nothing_is_done_is_refused(order, office):
    for name in ("Visio", "Business Standard"):
        refuse_line(line=line(order, name), reason="No.", by=office)
    assert status(order) == "refused"
    assert [kind for kind, _subject in mails()] == ["order_line_refused", "order_carried_out"]
    assert Customer.objects.get(pk=order.customer_id).status == "pending"


def test_nobody_writes_to_those_who_left(order, office, sales):
    Membership.objects.filter(user=sales.user).delete()
    refuse_line(line=line(order, "Visio"), reason="No.", by=office)
    assert mails() == []


# --- try again --------------------------------------------------------------------------------------------------------
@pytest.fixture
def partial(order: Order, office: Actor) -> Order:
    """All decided: Visio is there, the others were refused."""
    fulfil_line(line=line(order, "Visio"), by=office)
    refuse_line(line=line(order, "Business Standard"), reason="Sold out.", by=office)
    return order


def test_a_refused_line_waits_again(partial, sales):
    tried = retry_line(line=line(partial, "Business Standard"), by=sales)
    kept = line(partial, "Business Standard")
    assert (tried.state, kept.state) == ("pending", "pending")
    assert (kept.refusal, kept.decided_by, kept.decided_at) == ("", None, None)
    assert status(partial) == "pending"
    assert ActivityRecord.objects.filter(action="order.line_retried").count() == 1
    assert line(partial, "Defender for Business").state == "refused"


def test_a_retried_line_is_carried_out_as_the_installation_does_it(partial, sales):
    retry_line(line=line(partial, "Business Standard"), by=sales, fulfilment=IMPLEMENTATIONS["local"])
    assert line(partial, "Business Standard").state == "fulfilled"
    add_on = retry_line(line=line(partial, "Defender for Business"), by=sales, fulfilment=IMPLEMENTATIONS["local"])
    assert add_on.subscription.parent == line(partial, "Business Standard").subscription
    assert status(partial) == "completed"


def test_an_add_on_is_tried_after_its_base(partial, sales):
    with pytest.raises(Refused, match="Try Business Standard again first"):
        retry_line(line=line(partial, "Defender for Business"), by=sales)
    retry_line(line=line(partial, "Business Standard"), by=sales)
    with pytest.raises(Refused, match="Fulfill Business Standard first"):
        retry_line(line=line(partial, "Defender for Business"), by=sales, fulfilment=IMPLEMENTATIONS["local"])
    assert retry_line(line=line(partial, "Defender for Business"), by=sales).state == "pending"


def test_nothing_is_tried_for_an_account_that_may_not_buy(partial, sales, office):
    decide_account(customer=partial.customer, status="under_review", reason="Which?", by=office)
    with pytest.raises(AccountNotActive):
        retry_line(line=line(partial, "Business Standard"), by=sales)


# --- who may ----------------------------------------------------------------------------------------------------------
def test_the_back_office_alone_decides(order, sales, helpdesk, outsider, reseller):
    for actor in (sales, helpdesk, outsider, actor_of(reseller), system_actor("a task")):
        with pytest.raises(NotPermitted):
            fulfil_line(line=line(order, "Visio"), by=actor)
        with pytest.raises(NotPermitted):
            refuse_line(line=line(order, "Visio"), reason="No.", by=actor)
    assert line(order, "Visio").state == "pending"


def test_those_who_order_try_again(partial, colleague, office, helpdesk, outsider, reseller):
    for actor in (helpdesk, outsider, actor_of(reseller)):
        with pytest.raises(NotPermitted):
            retry_line(line=line(partial, "Business Standard"), by=actor)
    retry_line(line=line(partial, "Business Standard"), by=colleague)
    refuse_line(line=line(partial, "Business Standard"), reason="No.", by=office)
    retry_line(line=line(partial, "Business Standard"), by=office)


# --- all or nothing ---------------------------------------------------------------------------------------------------
def everything(order: Order) -> tuple[Any, ...]:
    """What a decision touches, counted and read."""
    return (
        list(order.lines.order_by("pk").values_list("state", "refusal", "subscription", "decided_by", "decided_at")),
        status(order),
        Customer.objects.values_list("status", "changed_at").get(pk=order.customer_id),
        Subscription.objects.count(),
        ResellerOfRecord.objects.count(),
        ActivityRecord.objects.count(),
        OutgoingEmail.objects.count(),
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", ["fulfil", "refuse", "retry"])
def test_a_decision_is_kept_whole_or_not_at_all(order, office, sales, act):
    if act == "retry":
        refuse_line(line=line(order, "Business Standard"), reason="No.", by=office)
    subject = line(order, "Business Standard")
    before = everything(order)
    calls = {
        "fulfil": lambda: fulfil_line(line=subject, by=office),
        "refuse": lambda: refuse_line(line=subject, reason="No.", by=office),
        "retry": lambda: retry_line(line=subject, by=sales, fulfilment=IMPLEMENTATIONS["local"]),
    }

    def unchanged() -> None:
        assert everything(order) == before

    assert fail_at_each_statement(calls[act], unchanged) > 5
    assert everything(order) != before


def test_nothing_is_decided_without_a_record(order, office, monkeypatch):
    def broken(*args: Any, **kwargs: Any) -> None:
        raise DatabaseError

    monkeypatch.setattr(deciding, "record", broken)
    before = everything(order)
    for call in (
        lambda: fulfil_line(line=line(order, "Visio"), by=office),
        lambda: refuse_line(line=line(order, "Visio"), reason="No.", by=office),
    ):
        with pytest.raises(DatabaseError):
            call()
        assert everything(order) == before
