"""The cast: Northwind asks, Fabrikam is asked; colleagues with lesser roles, and outsiders who must see nothing."""

import pytest
from django.db import connections
from django.test import Client

from accounts.access import Actor
from accounts.models import Partner
from accounts.roles import Role
from resellers.models import PartnershipRequest
from resellers.services import change_draft, draft_request, send_request
from tests.factories import MembershipFactory, PartnerFactory, UserFactory


def actor_of(partner: Partner, address: str, role: Role = Role.GLOBAL_ADMIN, name: str = "") -> Actor:
    """A person of a company as its requests' actor."""
    user = UserFactory(sign_in_name=address, full_name=name or address.partition("@")[0].title())
    MembershipFactory(user=user, partner=partner, role=role)
    return Actor(user=user, partner=partner, role=role)


def signed_in(actor: Actor) -> Client:
    """A browser in which this person is signed in."""
    client = Client()
    client.force_login(actor.user)
    return client


@pytest.fixture
def northwind(db) -> Partner:
    """An indirect provider."""
    return PartnerFactory(legal_name="Northwind Distribution", contact_email="office@northwind.example")


@pytest.fixture
def sender(northwind) -> Actor:
    """Its Admin agent, who asks."""
    return actor_of(northwind, "sasha@northwind.example", Role.ADMIN_AGENT, "Sasha Berg")


@pytest.fixture
def helpdesk(northwind) -> Actor:
    """A colleague who may not."""
    return actor_of(northwind, "hal@northwind.example", Role.HELPDESK_AGENT)


@pytest.fixture
def tailwind(db) -> Actor:
    """Somebody who may, for another provider."""
    provider = PartnerFactory(legal_name="Tailwind Supply", contact_email="office@tailwind.example")
    return actor_of(provider, "toni@tailwind.example", name="Toni Marsh")


@pytest.fixture
def fabrikam(db) -> Partner:
    """An indirect reseller."""
    return PartnerFactory(reseller=True, legal_name="Fabrikam Services", contact_email="info@fabrikam.example")


@pytest.fixture
def riley(fabrikam) -> Actor:
    """Its Global admin, who is asked."""
    return actor_of(fabrikam, "riley@fabrikam.example", name="Riley Stone")


@pytest.fixture
def robin(fabrikam) -> Actor:
    """Riley's colleague with the same rights."""
    return actor_of(fabrikam, "robin@fabrikam.example", Role.ADMIN_AGENT, "Robin Ahlers")


@pytest.fixture
def casey(db) -> Actor:
    """The Global admin of another reseller."""
    return actor_of(
        PartnerFactory(reseller=True, legal_name="Contoso Group"), "casey@contoso.example", name="Casey Lund"
    )


def make_draft(by: Actor, recipient: str = "riley@fabrikam.example", **changes) -> PartnershipRequest:
    """A draft to this address."""
    draft = draft_request(by=by)
    entered = {"language": draft.language, "message": draft.message, "valid_days": 14, **changes}
    return change_draft(request=draft, recipient=recipient, by=by, **entered)


def make_sent(by: Actor, recipient: str = "riley@fabrikam.example", **changes) -> PartnershipRequest:
    """A request that was sent to this address."""
    return send_request(request=make_draft(by, recipient, **changes), by=by)


@pytest.fixture
def draft(sender) -> PartnershipRequest:
    """A draft to Riley."""
    return make_draft(sender)


@pytest.fixture
def sent(sender) -> PartnershipRequest:
    """A request that was sent to Riley."""
    return make_sent(sender)


@pytest.fixture
def patient_locks(monkeypatch) -> None:
    """Let the connections of this test wait for each other's locks: a machine that is slow is no deadlock."""
    monkeypatch.setitem(connections.settings["default"]["OPTIONS"], "options", "-c lock_timeout=60000")
