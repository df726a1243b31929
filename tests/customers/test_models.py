"""What the database itself keeps true, and who sees which customer."""

import pytest
from django.db import IntegrityError, transaction

from accounts.access import ANONYMOUS, Actor, can
from accounts.models import Partner
from accounts.roles import STATES, ObjectState, Permission, Program, Role
from core import clock
from customers.models import Customer, ResellerRelationship
from tests.customers.conftest import actor_of
from tests.factories import (
    CustomerAdministratorFactory,
    CustomerFactory,
    PartnerFactory,
    PartnershipFactory,
    ResellerRelationshipFactory,
)


def test_a_reseller_of_another_provider_cannot_manage_a_customer(provider: Partner, reseller: Partner) -> None:
    foreign = PartnershipFactory(reseller=reseller)
    customer = CustomerFactory(provider=provider)
    with pytest.raises(IntegrityError), transaction.atomic():
        ResellerRelationshipFactory(customer=customer, reseller=reseller, partnership=foreign)
    with pytest.raises(IntegrityError), transaction.atomic():
        ResellerRelationship.objects.bulk_create(
            [
                ResellerRelationship(
                    customer=customer, reseller=reseller, partnership=foreign, set_by=customer.created_by
                )
            ]
        )
    assert not ResellerRelationship.objects.exists()


def test_a_partnership_of_another_reseller_does_not_carry_a_relation(provider: Partner, reseller: Partner) -> None:
    other = PartnershipFactory(provider=provider)
    customer = CustomerFactory(provider=provider)
    with pytest.raises(IntegrityError), transaction.atomic():
        ResellerRelationshipFactory(customer=customer, reseller=reseller, partnership=other)


def test_a_relation_cannot_be_moved_out_of_its_partnership(provider: Partner, reseller: Partner) -> None:
    relation = ResellerRelationshipFactory(customer=CustomerFactory(provider=provider), reseller=reseller)
    foreign = PartnershipFactory()
    for change in (
        {"partnership": foreign},
        {"reseller": foreign.reseller},
        {"customer": CustomerFactory(provider=foreign.provider)},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            ResellerRelationship.objects.filter(pk=relation.pk).update(**change)
    ResellerRelationship.objects.filter(pk=relation.pk).update(ends_at=clock.now(), scope="view_and_request")


def test_a_customer_has_one_managing_reseller_at_a_time(provider: Partner, reseller: Partner) -> None:
    customer = CustomerFactory(provider=provider, managed_by=reseller)
    second = PartnershipFactory(provider=provider).reseller
    with pytest.raises(IntegrityError), transaction.atomic():
        ResellerRelationshipFactory(customer=customer, reseller=second)


def test_customers_are_seen_by_their_provider_their_reseller_and_their_administrator(
    provider: Partner, reseller: Partner
) -> None:
    managed, direct = CustomerFactory(provider=provider, managed_by=reseller), CustomerFactory(provider=provider)
    foreign = CustomerFactory(managed_by=PartnerFactory(reseller=True))
    administrator = CustomerAdministratorFactory(customer=direct)
    seen = {
        "provider": actor_of(provider),
        "reseller": actor_of(reseller),
        "administrator": Actor(user=administrator.user, customer=direct),
        "suspended": actor_of(PartnerFactory(suspended=True)),
        "nobody": ANONYMOUS,
    }
    assert {name: set(Customer.objects.visible_to(actor)) for name, actor in seen.items()} == {
        "provider": {managed, direct},
        "reseller": {managed},
        "administrator": {direct},
        "suspended": set(),
        "nobody": set(),
    }
    assert foreign not in Customer.objects.without_reseller()


def test_a_reseller_stops_seeing_a_customer_when_the_relation_ends(provider: Partner, reseller: Partner) -> None:
    customer = CustomerFactory(provider=provider, managed_by=reseller)
    actor = actor_of(reseller)
    assert customer in Customer.objects.visible_to(actor)
    customer.reseller_relationships.update(ends_at=clock.now())
    assert customer not in Customer.objects.visible_to(actor)
    assert customer in Customer.objects.without_reseller()


def test_a_narrowed_delegation_only_looks(
    provider: Partner, reseller: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = (Program.INDIRECT_RESELLER, Permission.EDIT_CUSTOMER)
    monkeypatch.setitem(STATES, key, {ObjectState.MANAGE: frozenset(Role)})
    customer = CustomerFactory(provider=provider)
    ResellerRelationshipFactory(customer=customer, reseller=reseller, scope=ResellerRelationship.Scope.VIEW_AND_REQUEST)
    actor = actor_of(reseller, Role.ADMIN_AGENT)
    assert can(actor, Permission.VIEW_CUSTOMERS, customer)
    assert not customer.permits(actor, Permission.EDIT_CUSTOMER)
    customer.reseller_relationships.update(scope=ResellerRelationship.Scope.MANAGE)
    assert customer.permits(actor, Permission.EDIT_CUSTOMER)


def test_search_text_follows_the_customer(provider: Partner) -> None:
    customer = CustomerFactory(provider=provider, company_name="Padaria São João", registration_id="11222333000181")
    assert customer.search_text.startswith("padaria sao joao ")
    assert "11222333000181" in customer.search_text
    customer.company_name = "Ærø Bageri"
    customer.save(update_fields=["company_name"])
    customer.refresh_from_db()
    assert customer.search_text.startswith("ærø bageri")
