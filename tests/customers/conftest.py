"""A provider with a partnered reseller, the people who act for them, and details that pass every rule."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from accounts.access import Actor
from accounts.models import Partner, User
from accounts.roles import Role
from activity.models import ActivityRecord
from core import clock
from customers.details import CustomerDetails
from customers.models import Customer, CustomerAgreement, ResellerRelationship, TemporaryPassword
from mail.models import OutgoingEmail
from tests.factories import MembershipFactory, PartnerFactory, PartnershipFactory

ActorOf = Callable[..., Actor]


def actor_of(partner: Partner, role: Role = Role.GLOBAL_ADMIN) -> Actor:
    """Somebody with the role, acting for the company."""
    membership = MembershipFactory(partner=partner, role=role)
    return Actor(user=membership.user, partner=partner, role=role)


def details(**changes: object) -> CustomerDetails:
    """A bakery in California."""
    values: dict[str, object] = {
        "company_name": "Padaria São João",
        "domain_prefix": "padaria",
        "country": "US",
        "address_line_1": "1 Infinite Loop",
        "city": "Cupertino",
        "state": "CA",
        "postal_code": "95014",
        "contact_first_name": "Ana",
        "contact_last_name": "Lima",
        "contact_email": "ana@padaria.example",
        "contact_phone": "+14085550123",
        "agreement_accepted_on": (clock.now() - timedelta(days=2)).date(),
        "agreement_first_name": "Ana",
        "agreement_last_name": "Lima",
        "agreement_email": "ana@padaria.example",
    }
    return CustomerDetails(**{**values, **changes})  # type: ignore[arg-type]


def everything() -> dict[str, int]:
    """How much there is of all that adding a customer makes."""
    models = (Customer, ResellerRelationship, CustomerAgreement, TemporaryPassword, ActivityRecord, OutgoingEmail, User)
    return {model.__name__: model.objects.count() for model in models}


@pytest.fixture
def provider(db: None) -> Partner:
    return PartnerFactory(legal_name="Northwind", contact_email="contact@northwind.example")


@pytest.fixture
def reseller(provider: Partner) -> Partner:
    """Partnered with the provider."""
    partner = PartnerFactory(
        reseller=True, legal_name="Fabrikam", mpn_id="0012345", contact_email="hello@fabrikam.example"
    )
    PartnershipFactory(provider=provider, reseller=partner)
    return partner


@pytest.fixture
def sales(provider: Partner) -> Actor:
    """May add customers, not issue credentials again."""
    return actor_of(provider, Role.SALES_AGENT)


@pytest.fixture
def admin(provider: Partner) -> Actor:
    """May do everything of the provider."""
    return actor_of(provider, Role.ADMIN_AGENT)


@pytest.fixture
def signed_in() -> Callable[[User | None], Client]:
    """A browser of its own for each person."""

    def browser(user: User | None) -> Client:
        assert user is not None
        client = Client()
        client.force_login(user)
        return client

    return browser
