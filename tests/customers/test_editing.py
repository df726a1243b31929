"""Changing an account section by section: what is kept, recorded and refused, and two people at once."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest
from django.db import DatabaseError

from accounts.access import Actor
from accounts.models import Partner
from accounts.roles import Role
from activity.models import ActivityRecord
from core.exceptions import NotPermitted
from customers.account.words import ACCOUNT_FIELDS
from customers.details import DetailsRejected
from customers.editing import BILL_TO as BILL_TO_NAMES
from customers.editing import (
    OWN_BILL_TO,
    BillToInfo,
    CompanyInfo,
    ContactInfo,
    EditedMeanwhile,
    change_bill_to,
    change_company,
    change_contact,
)
from customers.models import BillTo, Customer
from tests.customers.conftest import actor_of
from tests.factories import CustomerAdministratorFactory, CustomerFactory, PartnerFactory
from tests.faults import fail_at_each_statement
from tests.races import at_once, run_parallel

BILL_TO = BillToInfo(
    company_name="Holding",
    first_name="Bia",
    last_name="Souza",
    email="Bia@Holding.example",
    phone="(408) 555-0199",
    country="US",
    address_line_1="2 Loop",
    city="Cupertino",
    state="california",
    postal_code="95014",
)


@pytest.fixture
def customer(provider: Partner, reseller: Partner) -> Customer:
    return CustomerFactory(
        provider=provider, managed_by=reseller, company_name="Padaria", domain_prefix="padaria", language="en"
    )


@pytest.fixture
def helpdesk(provider: Partner) -> Actor:
    """The lesser colleague, who edits customers too."""
    return actor_of(provider, Role.HELPDESK_AGENT)


def company(customer: Customer, **changes: str) -> CompanyInfo:
    return replace(CompanyInfo.of(customer), **changes)


def contact(customer: Customer, **changes: str) -> ContactInfo:
    return replace(ContactInfo.of(customer), **changes)


def changes() -> list[dict[str, Any]]:
    """What was recorded, oldest first."""
    return list(ActivityRecord.objects.order_by("pk").values_list("changes", flat=True))


# --- what is kept -----------------------------------------------------------------------------------------------------
def test_change_company_keeps_what_differs_in_its_normal_form(customer: Customer, helpdesk: Actor) -> None:
    before = customer.changed_at
    wanted = company(customer, company_name=" Padaria  São João ", postal_code="95014 1234", state="california")
    saved = change_company(customer=customer, version=1, company=wanted, by=helpdesk)
    customer.refresh_from_db()
    assert (customer.company_name, customer.postal_code, customer.state) == ("Padaria São João", "95014-1234", "CA")
    assert customer.version == saved.version == 2
    assert customer.changed_at == saved.changed_at > before
    assert customer.search_text.startswith("padaria sao joao padaria.onmicrosoft.com")
    record = ActivityRecord.objects.get()
    assert (record.action, record.actor_user_id, record.customer_id) == (
        "customer.changed", helpdesk.user.pk, customer.microsoft_id,
    )  # fmt: skip
    assert record.changes == {
        "version": 2,
        "company_name": ["Padaria", "Padaria São João"],
        "postal_code": ["95014", "95014-1234"],
    }


def test_change_contact_keeps_what_differs(customer: Customer, helpdesk: Actor) -> None:
    wanted = contact(customer, contact_email="Bia@Padaria.example", contact_phone="(408) 555-0199", language="pt-br")
    change_contact(customer=customer, version=1, contact=wanted, by=helpdesk)
    customer.refresh_from_db()
    assert "bia@padaria.example" in customer.search_text
    assert changes() == [
        {
            "version": 2,
            "contact_email": ["ana@padaria.example", "bia@padaria.example"],
            "contact_phone": ["", "+14085550199"],
            "language": ["en", "pt-br"],
        }
    ]


def test_change_bill_to_makes_changes_and_removes_it(customer: Customer, helpdesk: Actor) -> None:
    change_bill_to(customer=customer, version=1, bill_to=BILL_TO, by=helpdesk)
    kept = BillTo.objects.get(customer=customer)
    assert (kept.email, kept.phone, kept.state, str(kept.country)) == (
        "bia@holding.example", "+14085550199", "CA", "US",
    )  # fmt: skip
    change_bill_to(customer=customer, version=2, bill_to=replace(BILL_TO, city="San Jose"), by=helpdesk)
    change_bill_to(customer=customer, version=3, bill_to=None, by=helpdesk)
    assert not BillTo.objects.exists()
    assert Customer.objects.get(pk=customer.pk).version == 4
    made, changed, removed = changes()
    assert made["bill_to_own"] == [False, True]
    assert made["bill_to_company_name"] == ["", "Holding"]
    assert changed == {"version": 3, "bill_to_city": ["Cupertino", "San Jose"]}
    assert removed["bill_to_own"] == [True, False]
    assert removed["bill_to_city"] == ["San Jose", ""]


def test_bill_to_leaves_the_company_alone(customer: Customer, helpdesk: Actor) -> None:
    change_bill_to(customer=customer, version=1, bill_to=BILL_TO, by=helpdesk)
    customer.refresh_from_db()
    assert (customer.company_name, customer.address_line_1) == ("Padaria", "1 Infinite Loop")


def test_nothing_is_recorded_when_nothing_changed(customer: Customer, helpdesk: Actor) -> None:
    change_bill_to(customer=customer, version=1, bill_to=None, by=helpdesk)
    change_company(customer=customer, version=1, company=company(customer, company_name="Padaria "), by=helpdesk)
    change_contact(customer=customer, version=1, contact=contact(customer), by=helpdesk)
    same = customer.changed_at
    customer.refresh_from_db()
    assert (customer.version, customer.changed_at) == (1, same)
    change_bill_to(customer=customer, version=1, bill_to=BILL_TO, by=helpdesk)
    change_bill_to(customer=customer, version=2, bill_to=BILL_TO, by=helpdesk)
    assert len(changes()) == 1


def test_every_recorded_field_has_a_name_for_people() -> None:
    names = {field.name for info in (CompanyInfo, ContactInfo) for field in fields(info)}
    names |= {OWN_BILL_TO, *(f"{BILL_TO_NAMES}{field.name}" for field in fields(BillToInfo))}
    assert names <= set(ACCOUNT_FIELDS)


# --- what is refused --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"company_name": "x"}, "company_name", "one character is too short"),
        ({"company_name": "GmbH"}, "company_name", "is only its legal form"),
        ({"company_name": "Pada\u202eria"}, "company_name", "Remove the invisible control characters"),
        ({"address_line_1": ""}, "address_line_1", "Enter the address line 1."),
        ({"address_line_2": "x" * 201}, "address_line_2", "Use 200 characters or fewer"),
        ({"state": "Narnia"}, "state", "Select the state."),
        ({"postal_code": "1"}, "postal_code", "Enter the ZIP code, like"),
        ({"registration_id": "!"}, "registration_id", "Use only letters and digits"),
    ],
)
def test_change_company_names_what_is_wrong(
    customer: Customer, helpdesk: Actor, change: dict[str, str], field: str, words: str
) -> None:
    with pytest.raises(DetailsRejected) as refusal:
        change_company(customer=customer, version=1, company=company(customer, **change), by=helpdesk)
    assert set(refusal.value.errors) == {field}
    assert words in refusal.value.errors[field][0]
    assert Customer.objects.get(pk=customer.pk).version == 1


def test_change_company_follows_the_customers_country(provider: Partner, helpdesk: Actor) -> None:
    customer = CustomerFactory(
        provider=provider, country="BR", city="São Paulo", state="SP", postal_code="01310-100",
        registration_id="12345678000195",
    )  # fmt: skip
    for number, words in (("", "Enter the CNPJ"), ("12345678000196", "last two digits do not match")):
        with pytest.raises(DetailsRejected, match=words):
            change_company(customer=customer, version=1, company=company(customer, registration_id=number), by=helpdesk)
    with pytest.raises(DetailsRejected) as refusal:
        change_contact(customer=customer, version=1, contact=contact(customer, contact_phone=""), by=helpdesk)
    assert set(refusal.value.errors) == {"contact_phone"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"contact_first_name": ""}, "contact_first_name"),
        ({"contact_last_name": "L" * 51}, "contact_last_name"),
        ({"contact_email": "sam@northwind.example"}, "contact_email"),
        ({"contact_email": "a@microsoft.com"}, "contact_email"),
        ({"contact_phone": "12"}, "contact_phone"),
        ({"language": "xx"}, "language"),
    ],
)
def test_change_contact_names_what_is_wrong(
    customer: Customer, helpdesk: Actor, change: dict[str, str], field: str
) -> None:
    with pytest.raises(DetailsRejected) as refusal:
        change_contact(customer=customer, version=1, contact=contact(customer, **change), by=helpdesk)
    assert set(refusal.value.errors) == {field}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"company_name": ""}, "company_name"),
        ({"first_name": ""}, "first_name"),
        ({"last_name": " "}, "last_name"),
        ({"email": ""}, "email"),
        ({"phone": "12"}, "phone"),
        ({"country": "XX"}, "country"),
        ({"country": "BR"}, "country"),
        ({"address_line_1": ""}, "address_line_1"),
    ],
)
def test_change_bill_to_names_what_is_wrong(
    customer: Customer, helpdesk: Actor, change: dict[str, str], field: str
) -> None:
    with pytest.raises(DetailsRejected) as refusal:
        change_bill_to(customer=customer, version=1, bill_to=replace(BILL_TO, **change), by=helpdesk)
    assert field in refusal.value.errors
    assert not BillTo.objects.exists()


EDITS: dict[str, Callable[[Customer, int, Actor], Customer]] = {
    "company": lambda customer, version, by: change_company(
        customer=customer, version=version, company=company(customer, company_name=f"Bakery {by.user.pk}"), by=by
    ),
    "contact": lambda customer, version, by: change_contact(
        customer=customer, version=version, contact=contact(customer, contact_first_name=f"Bia {by.user.pk}"), by=by
    ),
    "bill-to": lambda customer, version, by: change_bill_to(
        customer=customer, version=version, bill_to=replace(BILL_TO, first_name=f"Bia {by.user.pk}"), by=by
    ),
}  # fmt: skip


@pytest.mark.parametrize("section", EDITS)
def test_editing_is_for_the_providers_people_and_the_managing_reseller(
    customer: Customer, provider: Partner, reseller: Partner, section: str
) -> None:
    administrator = CustomerAdministratorFactory(customer=customer)
    theirs = CustomerFactory(company_name="Theirs")
    refused = [
        actor_of(PartnerFactory(reseller=True)),
        actor_of(theirs.provider),
        Actor(user=administrator.user, customer=customer),
        Actor(),
    ]
    for actor in refused:
        with pytest.raises(NotPermitted):
            change_company(customer=customer, version=1, company=company(customer, company_name="Taken"), by=actor)
    for version, role in enumerate(Role, 1):
        EDITS[section](customer, version, actor_of(provider, role))
    EDITS[section](customer, len(Role) + 1, actor_of(reseller))
    assert Customer.objects.get(pk=customer.pk).version == len(Role) + 2


@pytest.mark.parametrize("section", EDITS)
def test_an_edit_of_an_older_version_is_refused(
    customer: Customer, helpdesk: Actor, admin: Actor, section: str
) -> None:
    EDITS[section](customer, 1, helpdesk)
    before = Customer.objects.get(pk=customer.pk)
    for version in (1, 3, 0):
        with pytest.raises(EditedMeanwhile):
            EDITS[section](customer, version, admin)
    after = Customer.objects.get(pk=customer.pk)
    assert (after.version, after.changed_at, after.company_name) == (2, before.changed_at, before.company_name)
    assert len(changes()) == 1
    EDITS[section](customer, 2, admin)


@pytest.mark.parametrize("section", EDITS)
def test_an_edit_is_kept_whole_or_not_at_all(customer: Customer, helpdesk: Actor, section: str) -> None:
    def nothing_kept() -> None:
        assert Customer.objects.get(pk=customer.pk).version == 1
        assert not BillTo.objects.exists()
        assert not ActivityRecord.objects.exists()

    fail_at_each_statement(lambda: EDITS[section](customer, 1, helpdesk), nothing_kept)
    assert len(changes()) == 1


def test_an_edit_is_not_kept_when_the_record_fails(
    customer: Customer, helpdesk: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise DatabaseError("no record")

    monkeypatch.setattr("customers.editing.record", fail)
    for edit in EDITS.values():
        with pytest.raises(DatabaseError):
            edit(customer, 1, helpdesk)
    assert Customer.objects.get(pk=customer.pk).version == 1
    assert not BillTo.objects.exists()


# --- at once ----------------------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("section", EDITS)
def test_of_many_edits_at_once_one_is_kept(section: str) -> None:
    def before() -> tuple[Customer, list[Actor]]:
        customer = CustomerFactory()
        return customer, [actor_of(customer.provider) for _n in range(4)]

    def press(subject: tuple[Customer, list[Actor]], number: int) -> Customer:
        return EDITS[section](subject[0], 1, subject[1][number])

    def after(subject: tuple[Customer, list[Actor]], results: list[Any]) -> None:
        names = sorted(type(result).__name__ for result in results)
        assert names == ["Customer", "EditedMeanwhile", "EditedMeanwhile", "EditedMeanwhile"]
        customer = Customer.objects.get(pk=subject[0].pk)
        assert customer.version == 2
        assert ActivityRecord.objects.about(customer).count() == 1

    run_parallel(press, n=4, rounds=4, before=before, after=after)


@pytest.mark.django_db(transaction=True)
def test_an_edit_undoes_nothing_that_others_write() -> None:
    """An edit writes its own columns alone: what others write about the customer at the same time stays."""
    customer = CustomerFactory()
    by = actor_of(customer.provider)
    stale = Customer.objects.get(pk=customer.pk)

    def decide() -> int:
        return Customer.objects.filter(pk=customer.pk).update(status="under_review")

    at_once(lambda: EDITS["company"](stale, 1, by), decide)
    customer.refresh_from_db()
    assert (customer.status, customer.version) == ("under_review", 2)
