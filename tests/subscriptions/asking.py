"""What tests about requests for changes begin with: a customer that a reseller sees and asks about."""

from typing import Any

from accounts.access import Actor
from accounts.models import Partner
from customers.models import Customer, ResellerRelationship
from subscriptions.change_requests.asking import submit_change_request
from subscriptions.models import ChangeRequest, Subscription
from tests.factories import ResellerRelationshipFactory
from tests.subscriptions.living import ready_customer

Scope = ResellerRelationship.Scope


def asking_customer(provider: Partner, reseller: Partner, **values: Any) -> Customer:
    """A customer that may buy, and whose reseller may view and request."""
    customer = ready_customer(provider, **values)
    ResellerRelationshipFactory(customer=customer, reseller=reseller, scope=Scope.VIEW_AND_REQUEST)
    return customer


def ask(subscription: Subscription, by: Actor, kind: str = "licenses", **values: Any) -> ChangeRequest:
    """Ask for a change of it: fifteen licenses, if nothing else is said."""
    wanted = {name: str(value) for name, value in values.items()} or ({"quantity": "15"} if kind == "licenses" else {})
    return submit_change_request(
        subscription=subscription, kind=kind, values=wanted, message="They grow.", version=subscription.version, by=by
    )


def current(request: ChangeRequest) -> ChangeRequest:
    """As it stands in the database."""
    return ChangeRequest.objects.with_people().get(pk=request.pk)
