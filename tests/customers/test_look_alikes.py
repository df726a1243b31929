"""Customers that may be the one that is being added: warned of, whatever the spelling, and only one's own."""

import pytest
from django.db import connection

from accounts.access import Actor
from accounts.roles import Role
from customers.look_alikes import look_alikes
from customers.models import Customer
from tests.factories import CustomerFactory, MembershipFactory, PartnerFactory


@pytest.fixture
def provider(db):
    return PartnerFactory(legal_name="Northwind", contact_email="a@northwind.example")


@pytest.fixture
def actor(provider):
    membership = MembershipFactory(partner=provider, role=Role.SALES_AGENT)
    return Actor(user=membership.user, partner=provider, role=Role.SALES_AGENT)


def typed(**changes: str) -> dict[str, str]:
    """What nobody else has."""
    values = {
        "company_name": "Zephyr Quarry",
        "domain_prefix": "zephyrquarry",
        "country": "US",
        "registration_id": "",
        "contact_email": "z@zephyr.example",
    }
    return {**values, **changes}


def found(actor: Actor, **changes: str) -> list[tuple[str, list[str]]]:
    """Names and reasons."""
    return [(one.customer.company_name, one.reasons) for one in look_alikes(typed(**changes), actor)]


@pytest.mark.parametrize(
    ("saved", "entered", "alike"),
    [
        ("Padaria São João Ltda", "padaria sao joao", True),
        ("Padaria São João", "PADARIA SÃO JOÃO S.A.", True),
        ("São João Padaria", "Padaria São João", False),
        ("Padaria São João", "Padaria Sao Joaoo", True),
        ("Fabrikam Inc.", "Fabrikam LLC", True),
        ("Fabrikam Services", "Fabricam Services", True),
        ("Fabrikamer", "Fabricamer", True),
        ("Fabrikam", "Fаbrikаm", True),  # the second with Cyrillic letters
        ("Fabrikam Services", "Fabrikam Holding", False),
        ("Contoso", "Contosa", True),
        ("Contoso", "Fabrikam", False),
        ("ABC Software", "ABC Plumbing", False),
        ("100% Natural", "Natural 100%", False),
        ("Under_score Works", "Underscore Works", True),
        ("株式会社青空商事", "株式会社青空商事", True),
    ],
)
def test_names_are_alike_whatever_their_spelling(provider, actor, saved, entered, alike):
    CustomerFactory(provider=provider, company_name=saved, contact_email="x@elsewhere.example")
    assert found(actor, company_name=entered) == ([(saved, ["similar name"])] if alike else [])


def test_what_is_the_same_is_said_the_most_alike_first(provider, actor):
    CustomerFactory(
        provider=provider, company_name="Mail Only", domain_prefix="other1", contact_email="b@padaria.example"
    )
    CustomerFactory(provider=provider, company_name="Number Only", registration_id="AB123", contact_email="n@x.example")
    CustomerFactory(
        provider=provider,
        company_name="Padaria Ltda",
        domain_prefix="padaria",
        registration_id="AB123",
        contact_email="c@padaria.example",
    )
    assert found(
        actor,
        company_name="Padaria",
        domain_prefix=" Padaria.onmicrosoft.com",
        registration_id="ab.123",
        contact_email="new@padaria.example",
    ) == [
        ("Padaria Ltda", ["same primary domain", "same registration ID", "similar name", "same e-mail domain"]),
        ("Mail Only", ["same e-mail domain"]),
        ("Number Only", ["same registration ID"]),
    ]


def test_the_number_of_another_country_is_another_number(provider, actor):
    CustomerFactory(provider=provider, company_name="Abroad", registration_id="12345678", contact_email="n@x.example")
    assert found(actor, registration_id="12345678", country="AM") == []
    assert found(actor, registration_id="12345678", country="US") == [("Abroad", ["same registration ID"])]


def test_public_mailboxes_say_nothing(provider, actor):
    CustomerFactory(provider=provider, company_name="Other", contact_email="a@gmail.com")
    assert found(actor, contact_email="b@gmail.com") == []


def test_another_providers_customers_are_never_told_of(actor):
    CustomerFactory(
        provider=PartnerFactory(),
        company_name="Zephyr Quarry",
        domain_prefix="zephyrquarry",
        registration_id="AB123",
        contact_email="z@zephyr.example",
    )
    assert found(actor, registration_id="AB123") == []


def test_a_reseller_and_a_stranger_learn_nothing(provider, actor):
    CustomerFactory(provider=provider, company_name="Zephyr Quarry")
    reseller = PartnerFactory(reseller=True)
    member = MembershipFactory(partner=reseller, role=Role.GLOBAL_ADMIN)
    assert found(actor) != []
    assert found(Actor(user=member.user, partner=reseller, role=Role.GLOBAL_ADMIN)) == []
    assert found(Actor()) == []


@pytest.mark.parametrize("name", ["company_name", "domain_prefix", "country", "registration_id", "contact_email"])
@pytest.mark.parametrize("text", ["", "\x00", "a\x00b@c\x00d", "%", "_", "'", "\u202e", "\ud83d", "…" * 5000, None])
def test_no_text_breaks_it(provider, actor, name, text):
    CustomerFactory(provider=provider)
    assert look_alikes(typed(**{name: text}), actor) == []


def test_there_are_never_more_than_ten(provider, actor):
    for number in range(12):
        CustomerFactory(provider=provider, company_name="Zephyr Quarry", contact_email=f"a@x{number}.example")
    assert len(found(actor)) == 10


def test_it_takes_three_queries(provider, actor, django_assert_num_queries):
    for number in range(3):
        CustomerFactory(provider=provider, company_name=f"Zephyr Quarry {number}")
    with django_assert_num_queries(3):
        assert len(found(actor)) == 3


@pytest.mark.postgres
def test_the_number_is_found_by_its_index(provider, actor):
    rows = Customer.objects.visible_to(actor).filter(registration_id="AB123", country="US")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        assert "customer_registration_id" in rows.explain()
