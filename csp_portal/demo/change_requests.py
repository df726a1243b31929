"""Requests for changes in every state: a reseller that may view and request asks, and its provider answers."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from accounts.access import Actor
from core import clock
from customers.models import Customer, ResellerRelationship
from customers.relationships import change_scope, end_reseller_relationship, establish_relationship
from orders.asking.services import save_order_request, submit_order_request
from orders.catalogue import BASE, OfferFilters, page_of_offers
from orders.checks import quantity_problem
from orders.offers import Market
from subscriptions.change_requests.asking import save_change_request, submit_change_request
from subscriptions.change_requests.services import (
    answer_change_request,
    approve_change_request,
    ask_about_change_request,
    close_impossible_requests,
    reject_change_request,
    withdraw_change_request,
)
from subscriptions.models import ChangeRequest, Subscription

Scope = ResellerRelationship.Scope
Step = Callable[[ChangeRequest, Actor, Actor], object]
PROVIDER, RESELLER = "northwind.example", "contoso.example"
LICENSES = 10


class DemoWish(NamedTuple):
    """What is asked for a customer's first subscription, and what became of it."""

    customer: str
    kind: str
    message: str
    steps: tuple[Step, ...] = ()
    more: int = 0
    is_draft: bool = False


def questioned(request: ChangeRequest, staff: Actor, asker: Actor) -> None:
    """The provider wants to know more."""
    ask_about_change_request(request=request, text="Do they keep their mailboxes elsewhere meanwhile?", by=staff)


def answered(request: ChangeRequest, staff: Actor, asker: Actor) -> None:
    """The reseller says it."""
    answer_change_request(request=request, text="Yes, until the end of the quarter.", by=asker)


def approved(request: ChangeRequest, staff: Actor, asker: Actor) -> None:
    """The provider agrees."""
    approve_change_request(request=request, version=None, by=staff)


def rejected(request: ChangeRequest, staff: Actor, asker: Actor) -> None:
    """The provider does not."""
    reject_change_request(request=request, reason="Two invoices are open. Please settle them first.", by=staff)


def withdrawn(request: ChangeRequest, staff: Actor, asker: Actor) -> None:
    """The reseller no longer wants it."""
    withdraw_change_request(request=request, by=asker)


def taken_away(request: ChangeRequest, staff: Actor, asker: Actor) -> None:
    """The reseller loses the customer for a while, and with it the request."""
    customer = request.customer
    current = ResellerRelationship.objects.current().get(customer=customer)
    end_reseller_relationship(relationship=current, by=staff)
    close_impossible_requests()
    establish_relationship(customer=customer, reseller=request.reseller, scope=Scope.VIEW_AND_REQUEST, by=staff)


WISHES = (
    DemoWish("Blue Yonder Airlines", "licenses", "A new crew base opens next month.", more=15),
    DemoWish("Fincher Architects", "suspend", "The office is being rebuilt.", (questioned,)),
    DemoWish("First Up Consultants", "licenses", "Five people join.", (questioned, answered, approved), more=5),
    DemoWish("School of Fine Art", "licenses", "For the evening classes.", (rejected,), more=20),
    DemoWish("Southridge Video", "suspend", "They want to leave.", (withdrawn,)),
    DemoWish("The Phone Company", "licenses", "To be checked with the customer.", more=2, is_draft=True),
    DemoWish("VanArsdel Motors", "licenses", "A second garage.", (taken_away,), more=3),
)


def load_change_requests(actors: dict[str, Actor], now: datetime) -> None:
    """Narrow the customers' delegations some days ago, then ask, a few hours between the steps."""
    staff, asker = actors[PROVIDER], actors[RESELLER]
    for days, wish in enumerate(WISHES, start=1):
        subscriptions = Subscription.objects.live().filter(customer__company_name=wish.customer)
        subscription = subscriptions.select_related("customer__provider").order_by("pk")[0]
        with clock.at(now - timedelta(days=12)):
            current = ResellerRelationship.objects.current().get(customer=subscription.customer)
            change_scope(relationship=current, scope=Scope.VIEW_AND_REQUEST, by=staff)
        with clock.at(now - timedelta(days=days)):
            request = _ask(subscription, wish, asker)
        for hours, step in enumerate(wish.steps, start=2):
            with clock.at(now - timedelta(days=days) + timedelta(hours=hours)):
                step(request, staff, asker)
    with clock.at(now - timedelta(hours=5)):
        _ask_for_more("Blue Yonder Airlines", asker)


def _ask_for_more(name: str, asker: Actor) -> None:
    """Ask for ten licenses of the first offer that the customer does not have."""
    customer = Customer.objects.select_related("provider").get(company_name=name)
    market = Market.of(customer.country_code, customer.qualification)
    owned = {one.sku_id for one in Subscription.objects.filter(customer=customer)}
    offers = page_of_offers(market, OfferFilters(kind=BASE)).offers
    chosen = next(one for one in offers if one.sku.pk not in owned and not quantity_problem(one, LICENSES))
    draft = save_order_request(customer=customer, quantities={chosen.price: LICENSES}, by=asker)
    if draft is not None:
        submit_order_request(request=draft, message="For the new crew base.", version=None, by=asker)


def _ask(subscription: Subscription, wish: DemoWish, asker: Actor) -> ChangeRequest:
    values = {"quantity": str(subscription.quantity + wish.more)} if wish.more else {}
    if wish.is_draft:
        return save_change_request(
            subscription=subscription, kind=wish.kind, values=values, message=wish.message, by=asker
        )
    return submit_change_request(
        subscription=subscription, kind=wish.kind, values=values, message=wish.message, version=None, by=asker
    )
