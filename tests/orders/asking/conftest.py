"""The cast of asking: a customer that Fabrikam may not change, its agent who asks, and the steps of a request."""

from collections.abc import Mapping
from typing import Any

import pytest

from accounts.access import Actor
from accounts.models import Partner
from accounts.roles import Role
from catalogue.models import Price
from customers.models import Customer, ResellerRelationship
from orders.asking.services import save_order_request, submit_order_request
from orders.asking.wanted import Wanted
from orders.attesting import attestation_of
from orders.reviewed import fingerprint
from resellers.models import Partnership
from subscriptions.change_requests.services import approve_change_request
from subscriptions.models import ChangeRequest
from tests.orders.conftest import actor_of, agreed

Scope = ResellerRelationship.Scope


@pytest.fixture
def customer(provider: Partner, reseller: Partner, partnership: Partnership) -> Customer:
    """Old Mill, which may buy."""
    return asking_customer(provider, reseller, company_name="Old Mill")


@pytest.fixture
def asker(reseller: Partner) -> Actor:
    """Who asks for Fabrikam."""
    return actor_of(reseller, Role.SALES_AGENT, sign_in_name="ava@fabrikam.example", full_name="Ava Asks")


def asking_customer(provider: Partner, reseller: Partner, **facts: Any) -> Customer:
    """A customer that may buy, and whose reseller may view and request."""
    customer = agreed(provider=provider, managed_by=reseller, **facts)
    ResellerRelationship.objects.filter(customer=customer).update(scope=Scope.VIEW_AND_REQUEST)
    return customer


def drafted(customer: Customer, by: Actor, quantities: Mapping[Price, int], **more: Any) -> ChangeRequest:
    """What somebody is about to ask."""
    kept = save_order_request(customer=customer, quantities=quantities, by=by, **more)
    assert kept is not None
    return current(kept)


def asked(customer: Customer, by: Actor, quantities: Mapping[Price, int], **more: Any) -> ChangeRequest:
    """Asked for, with a word."""
    kept = drafted(customer, by, quantities, **more)
    return submit_order_request(request=kept, message="They grow.", version=None, by=by)


def said(request: ChangeRequest, reader: Actor | None = None) -> dict[str, str]:
    """What an approver sends that has read the page now and ticked the box."""
    wanted = Wanted.by(request, reader or Actor())
    return {"reviewed": fingerprint(wanted.draft, wanted.lines), "attestation": attestation_of(wanted.draft)}


def approve(request: ChangeRequest, by: Actor, **changes: str) -> ChangeRequest:
    """Read it and approve it."""
    return approve_change_request(request=request, version=None, said={**said(request), **changes}, by=by)


def current(request: ChangeRequest) -> ChangeRequest:
    """As it stands in the database."""
    return ChangeRequest.objects.with_people().get(pk=request.pk)
