"""A customer that is asked for a relationship, its administrator, and the requests in each state."""

from datetime import timedelta

import pytest

from accounts.access import Actor
from accounts.models import Partner
from core import clock
from customers.models import Customer, RelationshipRequest
from customers.relationship_requests.services import draft_relationship_request, share_relationship_request
from tests.factories import CustomerAdministratorFactory, CustomerFactory

MANAGE, VIEW = "manage", "view_and_request"


@pytest.fixture
def bakery(provider: Partner) -> Customer:
    """A customer that no reseller manages."""
    return CustomerFactory(provider=provider, company_name="Bakery", domain_prefix="bakery")


@pytest.fixture
def owner(bakery: Customer) -> Actor:
    """Its administrator."""
    return administrator_of(bakery)


@pytest.fixture
def draft(bakery: Customer, reseller: Partner, sales: Actor) -> RelationshipRequest:
    """What a sales agent is about to ask the bakery for Fabrikam."""
    return draft_relationship_request(customer=bakery, reseller=reseller, scope=MANAGE, by=sales)


@pytest.fixture
def sent(draft: RelationshipRequest, sales: Actor) -> RelationshipRequest:
    """The same, copied and so under way."""
    return share_relationship_request(request=draft, by=sales)


def administrator_of(customer: Customer) -> Actor:
    """An administrator of the customer."""
    return Actor(user=CustomerAdministratorFactory(customer=customer).user, customer=customer)


def expire(request: RelationshipRequest) -> None:
    """Let its time run out."""
    past = clock.now() - timedelta(seconds=1)
    RelationshipRequest.objects.filter(pk=request.pk).update(expires_at=past)
    request.refresh_from_db()
