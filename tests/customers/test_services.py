"""Making customers."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.access import Actor
from accounts.models import Partner, User
from accounts.roles import Role
from activity.models import ActivityRecord
from core import clock
from core.exceptions import NotPermitted
from customers import services
from customers.models import Customer
from customers.services import (
    DetailsRejected,
    DomainTaken,
    PartnershipRequired,
    create_customer,
    domain_is_free,
)
from mail.models import OutgoingEmail
from resellers.models import Partnership
from tests.customers.conftest import actor_of, details, everything
from tests.factories import PartnerFactory, PartnershipFactory
from tests.faults import fail_at_each_statement
from tests.races import at_once, run_parallel


# --- create_customer --------------------------------------------------------------------------------------------------
def test_create_customer_makes_everything_at_once(provider: Partner, reseller: Partner, sales: Actor) -> None:
    customer = create_customer(
        provider=provider,
        details=details(postal_code="95014 1234", state="california", contact_phone="(408) 555-0123"),
        reseller=reseller,
        by=sales,
    )
    assert (customer.provider, customer.company_name, customer.domain) == (
        provider,
        "Padaria São João",
        "padaria.onmicrosoft.com",
    )
    assert (customer.state, customer.postal_code, customer.contact_phone) == ("CA", "95014-1234", "+14085550123")
    relation = customer.reseller_relationships.get()
    assert (relation.reseller, relation.scope, relation.ends_at, relation.set_by) == (
        reseller,
        "manage",
        None,
        sales.user,
    )
    agreement = customer.agreements.get()
    assert (agreement.first_name, agreement.email, agreement.confirmed_by) == ("Ana", "ana@padaria.example", sales.user)
    administrator = customer.administrators.get().user
    assert administrator.sign_in_name == "admin@padaria.onmicrosoft.com"
    assert (administrator.email, administrator.has_usable_password()) == ("", False)
    record = ActivityRecord.objects.get(action="customer.created")
    assert (record.provider_id, record.reseller_id, record.customer_id) == (
        provider.microsoft_id,
        reseller.microsoft_id,
        customer.microsoft_id,
    )
    email = OutgoingEmail.objects.get(kind="customer_assigned")
    assert email.recipient == "hello@fabrikam.example"
    assert "Padaria São João" in email.subject
    assert str(customer.microsoft_id) in email.text
    assert str(customer.microsoft_id) in email.html


def test_create_customer_without_reseller_makes_a_direct_one(provider: Partner, sales: Actor) -> None:
    customer = create_customer(provider=provider, details=details(), reseller=None, by=sales)
    assert not customer.reseller_relationships.exists()
    assert OutgoingEmail.objects.get().kind == "agreement_confirmed"
    assert Customer.objects.without_reseller().get() == customer


def test_create_customer_writes_to_the_reseller_in_its_language(
    provider: Partner, reseller: Partner, sales: Actor
) -> None:
    reseller.language = "pt-br"
    reseller.save()
    create_customer(provider=provider, details=details(), reseller=reseller, by=sales)
    assert OutgoingEmail.objects.get(kind="customer_assigned").language == "pt-br"


def test_create_customer_refuses_a_taken_domain_and_keeps_the_transaction(provider: Partner, sales: Actor) -> None:
    create_customer(provider=provider, details=details(), reseller=None, by=sales)
    with transaction.atomic():
        with pytest.raises(DomainTaken, match=r"padaria\.onmicrosoft\.com is taken"):
            create_customer(provider=provider, details=details(company_name="Another"), reseller=None, by=sales)
        create_customer(provider=provider, details=details(domain_prefix="padaria2"), reseller=None, by=sales)
    assert Customer.objects.count() == 2


def test_create_customer_that_loses_the_race_refuses_alike(
    provider: Partner, sales: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_customer(provider=provider, details=details(), reseller=None, by=sales)
    answers = iter([True, False])  # free when asked first; when the row did not go in, what the database says then
    monkeypatch.setattr(services, "domain_is_free", lambda prefix: next(answers) or domain_is_free(prefix))
    with transaction.atomic():
        with pytest.raises(DomainTaken):
            create_customer(provider=provider, details=details(), reseller=None, by=sales)
        assert Customer.objects.count() == 1


def test_create_customer_knows_the_administrators_name_as_taken(provider: Partner, sales: Actor) -> None:
    User.objects.create_user("admin@padaria.onmicrosoft.com", full_name="Somebody")
    assert not domain_is_free("padaria")
    with pytest.raises(DomainTaken):
        create_customer(provider=provider, details=details(), reseller=None, by=sales)


@pytest.mark.parametrize("case", ["stranger", "ended", "suspended", "other provider's"])
def test_create_customer_requires_an_open_partnership(
    provider: Partner, reseller: Partner, sales: Actor, case: str
) -> None:
    if case == "stranger":
        reseller = PartnerFactory(reseller=True)
    elif case == "other provider's":
        reseller = PartnershipFactory().reseller
    elif case == "ended":
        Partnership.objects.update(ended_at=clock.now())
    else:
        Partner.objects.filter(pk=reseller.pk).update(enrolment_state=Partner.EnrolmentState.SUSPENDED)
    before = everything()
    with pytest.raises(PartnershipRequired):
        create_customer(provider=provider, details=details(), reseller=reseller, by=sales)
    assert everything() == before


def test_create_customer_is_for_those_who_may(provider: Partner, reseller: Partner) -> None:
    for actor in (actor_of(provider, Role.HELPDESK_AGENT), actor_of(reseller), actor_of(PartnerFactory())):
        with pytest.raises(NotPermitted):
            create_customer(provider=provider, details=details(), reseller=None, by=actor)
    assert not Customer.objects.exists()


def test_create_customer_checks_the_details_again(provider: Partner, sales: Actor) -> None:
    tomorrow = timezone.localdate() + timedelta(days=1)
    with pytest.raises(DetailsRejected) as refused:
        create_customer(
            provider=provider,
            details=details(country="BR", agreement_accepted_on=tomorrow, contact_email="a@northwind.example"),
            reseller=None,
            by=sales,
        )
    assert {"country", "agreement_accepted_on", "contact_email"} <= set(refused.value.errors)
    assert not Customer.objects.exists()


def test_create_customer_keeps_nothing_when_a_statement_fails(
    provider: Partner, reseller: Partner, sales: Actor
) -> None:
    before = everything()
    statements = fail_at_each_statement(
        lambda: create_customer(provider=provider, details=details(), reseller=reseller, by=sales),
        lambda: pytest.fail(str(everything())) if everything() != before else None,
    )
    assert Customer.objects.count() == 1
    assert statements <= 18


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_who_create_one_domain_at_once_make_one_customer() -> None:
    provider = PartnerFactory(contact_email="contact@northwind.example")
    PartnershipFactory(provider=provider)
    actor = actor_of(provider, Role.SALES_AGENT)

    def check(prefix: str, results: list[object]) -> None:
        assert Customer.objects.filter(domain_prefix=prefix).count() == 1
        assert sorted(type(result).__name__ for result in results) == ["Customer"] + ["DomainTaken"] * 3

    numbers = iter(range(100))
    run_parallel(
        lambda prefix, _n: create_customer(
            provider=provider, details=details(domain_prefix=prefix), reseller=None, by=actor
        ),
        n=4,
        rounds=5,
        before=lambda: f"race{next(numbers)}",
        after=check,
    )


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_partnership_that_ends_meanwhile_leaves_no_new_customer() -> None:
    provider = PartnerFactory(contact_email="contact@northwind.example")
    actor = actor_of(provider, Role.SALES_AGENT)

    def end(partnership: Partnership) -> bool:
        """Refuse while the reseller manages customers, as ending does."""
        with transaction.atomic():
            locked = Partnership.objects.select_for_update().get(pk=partnership.pk)
            if locked.customer_relationships.filter(ends_at=None).exists():
                return False
            locked.ended_at = clock.now()
            locked.save(update_fields=["ended_at"])
            return True

    for number in range(10):
        partnership = PartnershipFactory(provider=provider)
        wanted = details(domain_prefix=f"race{number}")
        created, ended = at_once(
            lambda wanted=wanted, partnership=partnership: create_customer(
                provider=provider, details=wanted, reseller=partnership.reseller, by=actor
            ),
            lambda partnership=partnership: end(partnership),
        )
        assert isinstance(created, PartnershipRequired if ended is True else Customer)
