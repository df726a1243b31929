"""The customer agreement: who confirms or accepts it, what is refused, and what it is asked for."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError
from django.utils import timezone

from accounts.access import Actor
from accounts.models import Partner
from accounts.roles import Role
from activity.models import ActivityRecord
from core import clock
from core.exceptions import NotPermitted
from customers.agreements import (
    Acceptance,
    AgreementRequired,
    AlreadyConfirmed,
    accept_agreement,
    agreement_in_force,
    attest_agreement,
    require_agreement,
)
from customers.details import DetailsRejected
from customers.models import Customer, CustomerAgreement
from mail.models import OutgoingEmail
from tests.customers.conftest import actor_of
from tests.factories import CustomerAdministratorFactory, CustomerAgreementFactory, CustomerFactory
from tests.races import run_parallel

ANA = Acceptance(
    accepted_on=(clock.now() - timedelta(days=3)).date(),
    first_name=" Ana ",
    last_name="Lima",
    email="Ana@Padaria.example",
    phone="(408) 555-0123",
)


@pytest.fixture
def customer(provider: Partner, reseller: Partner) -> Customer:
    """Without an agreement."""
    return CustomerFactory(provider=provider, managed_by=reseller, company_name="Padaria", domain_prefix="padaria")


def administrator_of(customer: Customer) -> Actor:
    """Who signs in for it the first time."""
    person = CustomerAdministratorFactory(customer=customer, agreement=False, user__full_name="Ana Maria de Lima").user
    return Actor(user=person, customer=customer)


# --- confirmed by the provider ----------------------------------------------------------------------------------------
def test_attest_keeps_the_acceptance_in_its_normal_form(customer: Customer, sales: Actor) -> None:
    before = customer.changed_at
    attest_agreement(customer=customer, acceptance=ANA, by=sales)
    kept = customer.agreements.get()
    assert (kept.accepted_on, kept.first_name, kept.last_name, kept.email, kept.phone) == (
        ANA.accepted_on, "Ana", "Lima", "ana@padaria.example", "+14085550123",
    )  # fmt: skip
    assert (kept.accepted_directly, kept.confirmed_by) == (False, sales.user)
    customer.refresh_from_db()
    assert customer.has_agreement
    assert customer.changed_at > before
    record = ActivityRecord.objects.get(action="customer.agreement_attested")
    assert record.changes == {
        "agreement": "Microsoft Customer Agreement",
        "accepted_on": ANA.accepted_on.isoformat(),
        "first_name": "Ana",
        "last_name": "Lima",
        "email": "ana@padaria.example",
        "phone": "+14085550123",
    }
    assert record.customer_id == customer.microsoft_id


def test_attest_tells_the_person_in_the_customers_language(customer: Customer, sales: Actor) -> None:
    Customer.objects.filter(pk=customer.pk).update(language="pt-br")
    attest_agreement(customer=customer, acceptance=replace(ANA, accepted_on=clock.now().date()), by=sales)
    mail = OutgoingEmail.objects.get()
    assert (mail.kind, mail.recipient, mail.language, mail.reply_to) == (
        "agreement_confirmed", "ana@padaria.example", "pt-br", sales.user.email,
    )  # fmt: skip
    for body in (mail.text, mail.html):
        assert "Northwind" in body
        assert "Padaria" in body
        assert f"{clock.now():%d/%m/%Y}" in body
        assert "https://www.microsoft.com/licensing/docs/customeragreement" in body


def test_attest_refuses_the_same_again_and_says_who_confirmed_it(customer: Customer, sales: Actor) -> None:
    attest_agreement(customer=customer, acceptance=ANA, by=sales)
    with pytest.raises(AlreadyConfirmed, match=f"{sales.user} confirmed exactly this on"):
        attest_agreement(customer=customer, acceptance=ANA, by=sales)
    assert (customer.agreements.count(), OutgoingEmail.objects.count()) == (1, 1)
    assert ActivityRecord.objects.filter(action="customer.agreement_attested").count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"first_name": "Bia"},
        {"last_name": "Souza"},
        {"email": "bia@padaria.example"},
        {"phone": ""},
        {"accepted_on": (clock.now() - timedelta(days=1)).date()},
    ],
)
def test_attest_takes_a_change_and_keeps_the_former(customer: Customer, sales: Actor, change: dict[str, Any]) -> None:
    first = attest_agreement(customer=customer, acceptance=ANA, by=sales)
    second = attest_agreement(customer=customer, acceptance=replace(ANA, **change), by=sales)
    assert list(customer.agreements.order_by("pk")) == [first, second]
    assert agreement_in_force(customer) == second
    # Back to the former: it is not the one in force, so it is news again.
    attest_agreement(customer=customer, acceptance=ANA, by=sales)
    assert customer.agreements.count() == 3


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"accepted_on": None}, "agreement_accepted_on", "Enter the day on which the customer accepted"),
        (
            {"accepted_on": (clock.now() + timedelta(days=2)).date()},
            "agreement_accepted_on",
            "it cannot be in the future",
        ),
        ({"first_name": " "}, "agreement_first_name", "Enter the first name of who accepted."),
        ({"last_name": "\u202eamiL"}, "agreement_last_name", "Remove the invisible control characters"),
        ({"last_name": "L" * 51}, "agreement_last_name", "Use 50 characters or fewer"),
        ({"email": "ana"}, "agreement_email", "Enter an e-mail address like"),
        ({"email": "a@x.example, b@x.example"}, "agreement_email", "Enter an e-mail address like"),
        ({"phone": "12"}, "agreement_phone", "Enter the telephone number, like"),
    ],
)
def test_attest_names_what_is_wrong(
    customer: Customer, sales: Actor, change: dict[str, Any], field: str, words: str
) -> None:
    with pytest.raises(DetailsRejected) as refusal:
        attest_agreement(customer=customer, acceptance=replace(ANA, **change), by=sales)
    assert set(refusal.value.errors) == {field}
    assert words in refusal.value.errors[field][0]
    assert not CustomerAgreement.objects.exists()


def test_attest_takes_today_where_the_person_is(customer: Customer, sales: Actor) -> None:
    with timezone.override("Pacific/Kiritimati"):
        today = timezone.localdate()
        attest_agreement(customer=customer, acceptance=replace(ANA, accepted_on=today), by=sales)
    assert customer.agreements.get().accepted_on == today


def test_attest_is_for_the_providers_people(customer: Customer, provider: Partner, reseller: Partner) -> None:
    theirs = CustomerFactory()
    refused = [
        actor_of(provider, Role.HELPDESK_AGENT),
        actor_of(reseller),
        actor_of(theirs.provider),
        administrator_of(customer),
        Actor(),
    ]
    for actor in refused:
        with pytest.raises(NotPermitted):
            attest_agreement(customer=customer, acceptance=ANA, by=actor)
    for role in (Role.GLOBAL_ADMIN, Role.ADMIN_AGENT):
        attest_agreement(customer=customer, acceptance=replace(ANA, first_name=role), by=actor_of(provider, role))
    assert customer.agreements.count() == 2


def test_attest_keeps_nothing_when_the_record_fails(
    customer: Customer, sales: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise DatabaseError("no record")

    monkeypatch.setattr("customers.agreements.record", fail)
    with pytest.raises(DatabaseError):
        attest_agreement(customer=customer, acceptance=ANA, by=sales)
    assert not CustomerAgreement.objects.exists()
    assert not OutgoingEmail.objects.exists()
    assert not Customer.objects.get(pk=customer.pk).has_agreement


@pytest.mark.django_db(transaction=True)
def test_the_same_confirmation_at_once_is_kept_once() -> None:
    def before() -> tuple[Customer, Actor]:
        customer = CustomerFactory()
        return customer, actor_of(customer.provider)

    def press(subject: tuple[Customer, Actor], number: int) -> CustomerAgreement:
        return attest_agreement(customer=subject[0], acceptance=ANA, by=subject[1])

    def after(subject: tuple[Customer, Actor], results: list[Any]) -> None:
        assert subject[0].agreements.count() == 1
        assert sorted(type(result).__name__ for result in results) == ["AlreadyConfirmed"] * 3 + ["CustomerAgreement"]

    run_parallel(press, n=4, rounds=5, before=before, after=after)


# --- accepted by the customer itself ----------------------------------------------------------------------------------
def test_accept_is_the_administrators_own_word(customer: Customer) -> None:
    administrator = administrator_of(customer)
    accept_agreement(customer=customer, by=administrator)
    kept = customer.agreements.get()
    assert (kept.first_name, kept.last_name, kept.email) == ("Ana", "Maria de Lima", "admin@padaria.onmicrosoft.com")
    assert (kept.accepted_directly, kept.accepted_on, kept.confirmed_by) == (
        True, timezone.localdate(), administrator.user,
    )  # fmt: skip
    record = ActivityRecord.objects.get(action="customer.agreement_accepted")
    assert (record.actor_user_id, record.customer_id) == (administrator.user.pk, customer.microsoft_id)
    assert not OutgoingEmail.objects.exists()


def test_accept_a_second_time_changes_nothing(customer: Customer) -> None:
    administrator = administrator_of(customer)
    first = accept_agreement(customer=customer, by=administrator)
    assert accept_agreement(customer=customer, by=administrator) == first
    assert customer.agreements.count() == ActivityRecord.objects.count() == 1


def test_accept_leaves_what_the_provider_confirmed(customer: Customer, sales: Actor) -> None:
    confirmed = attest_agreement(customer=customer, acceptance=ANA, by=sales)
    assert accept_agreement(customer=customer, by=administrator_of(customer)) == confirmed


def test_accept_is_for_the_customers_own_administrator(customer: Customer, sales: Actor, reseller: Partner) -> None:
    other = CustomerFactory(provider=sales.partner)
    for actor in (sales, actor_of(reseller), administrator_of(other), Actor()):
        with pytest.raises(NotPermitted):
            accept_agreement(customer=customer, by=actor)
    assert not CustomerAgreement.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_accepting_in_two_windows_is_one_acceptance() -> None:
    def before() -> tuple[Customer, Actor]:
        customer = CustomerFactory()
        return customer, administrator_of(customer)

    def press(subject: tuple[Customer, Actor], number: int) -> CustomerAgreement:
        return accept_agreement(customer=subject[0], by=subject[1])

    def after(subject: tuple[Customer, Actor], results: list[Any]) -> None:
        assert set(results) == {subject[0].agreements.get()}

    run_parallel(press, n=4, rounds=5, before=before, after=after)


# --- asked for --------------------------------------------------------------------------------------------------------
def test_require_agreement_asks_for_one_of_this_customer(customer: Customer) -> None:
    CustomerAgreementFactory()
    with pytest.raises(AgreementRequired, match="Padaria has not accepted the Microsoft Customer Agreement yet"):
        require_agreement(customer)
    CustomerAgreementFactory(customer=customer)
    require_agreement(customer)


def test_require_agreement_costs_one_query(customer: Customer, django_assert_num_queries: Callable) -> None:
    CustomerAgreementFactory(customer=customer)
    with django_assert_num_queries(1):
        require_agreement(customer)
