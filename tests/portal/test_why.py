"""*Why can this person see this?* says what the judges say, because of what, and to nobody whose business it is not."""

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.access import Actor, can
from accounts.models import Membership, Partner
from accounts.roles import Permission, Role
from accounts.services.colleagues import change_role
from core import clock
from csp_portal.why.explaining import Explanation, Fact, asked_permissions, explain, is_seen
from customers.models import Customer, ResellerRelationship
from resellers.models import Partnership
from tests.factories import (
    CustomerAdministratorFactory,
    CustomerFactory,
    MembershipFactory,
    PartnerFactory,
    PartnershipFactory,
    SubscriptionFactory,
    UserFactory,
)


@pytest.fixture
def provider(db: None) -> Partner:
    return PartnerFactory(legal_name="Northwind")


@pytest.fixture
def reseller(provider: Partner) -> Partner:
    reseller = PartnerFactory(legal_name="Fabrikam", reseller=True)
    PartnershipFactory(provider=provider, reseller=reseller)
    return reseller


@pytest.fixture
def customer(provider: Partner, reseller: Partner) -> Customer:
    return CustomerFactory(provider=provider, company_name="Bakery", managed_by=reseller)


def member(company: Partner, role: Role = Role.GLOBAL_ADMIN, **person: Any) -> Membership:
    return MembershipFactory(partner=company, role=role, user=UserFactory(**person))


def why(membership: Membership, thing: Any) -> Explanation:
    """The explanation of one membership."""
    (found,) = explain(membership.user, thing, [membership])
    return found


def texts(explanation: Explanation) -> list[str]:
    return [fact.text for fact in explanation.facts]


def browser(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def ask(asker: Any, person: str, thing: object) -> str:
    """The page as text."""
    answer = browser(asker).get(reverse("why"), {"person": person, "object": str(thing)})
    assert answer.status_code == 200
    return answer.content.decode()


# --- the same answers as every page gives -----------------------------------------------------------------------------
@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("company", ["provider", "reseller", "stranger"])
@pytest.mark.parametrize("state", ["active", "suspended"])
@pytest.mark.parametrize("scope", ResellerRelationship.Scope)
def test_each_answer_is_that_of_the_judge(
    provider: Partner, reseller: Partner, customer: Customer, role: Role, company: str, state: str, scope: str
) -> None:
    ResellerRelationship.objects.update(scope=scope)
    partner = {"provider": provider, "reseller": reseller, "stranger": PartnerFactory()}[company]
    partner.enrolment_state = state
    partner.save()
    person = member(partner, role)
    actor = Actor(user=person.user, partner=partner, role=role)
    for thing in (customer, SubscriptionFactory(customer=customer), Partnership.objects.get(provider=provider)):
        found = why(person, thing)
        wanted = {
            one: can(actor, one, thing) and (not hasattr(thing, "customer") or thing.customer.permits(actor, one))
            for one in asked_permissions(thing)
        }
        assert {one.permission: one.allowed for one in found.answers} == {
            one.permission: wanted[one.permission] for one in found.answers
        }
        assert found.sees is (is_seen(actor, thing) and any(wanted.values()))
        assert all(one.because.startswith("The matrix gives it to the role") is one.allowed for one in found.answers)


# --- the sentences ----------------------------------------------------------------------------------------------------
def test_a_resellers_person_sees_by_the_delegation(customer: Customer, reseller: Partner) -> None:
    person = member(reseller, Role.SALES_AGENT, full_name="Rui Silva")
    relation = customer.reseller_relationships.get()
    found = why(person, customer)
    assert found.sees
    assert texts(found) == [
        "Rui Silva works for Fabrikam.",
        "The role of Rui Silva there is Sales agent.",
        "The enrolment of Fabrikam is: Active.",
        f"Fabrikam manages the customer (Manage), as {relation.set_by} decided.",
        "The partnership of Northwind and Fabrikam lasts.",
    ]
    assert found.facts[3].since == relation.begins_at
    refused = {one.permission: one.because for one in found.answers if not one.allowed}
    assert refused[Permission.END_RELATIONSHIP] == "The matrix gives it only to: Global admin, Admin agent."


def test_an_ended_delegation_says_when_it_ended(customer: Customer, reseller: Partner) -> None:
    ended = clock.now() - timedelta(days=3)
    customer.reseller_relationships.update(begins_at=ended - timedelta(days=9), ends_at=ended)
    found = why(member(reseller), customer)
    assert not found.sees
    fact = found.facts[3]
    assert (fact.text, fact.speaks_for, fact.since) == (
        "Fabrikam managed the customer (Manage) until then.", False, ended,
    )  # fmt: skip
    assert {one.because for one in found.answers} == {"The object is not among what Fabrikam sees."}


def test_somebody_who_left_or_may_not_sign_in_sees_nothing(customer: Customer, provider: Partner) -> None:
    left, blocked = member(provider), member(provider, is_active=False)
    Membership.objects.filter(pk=left.pk).update(ended_at=clock.now())
    left.refresh_from_db()
    for person, words in ((left, "no longer works for"), (blocked, "may not sign in")):
        found = why(person, customer)
        assert not found.sees
        assert any(words in text for text in texts(found))
        assert {one.because for one in found.answers} == {"The person does not act for Northwind now."}


def test_a_name_with_a_period_ends_no_sentence_twice() -> None:
    assert Fact("Ana works for Northwind Inc..").sentence == "Ana works for Northwind Inc."


def test_a_changed_role_says_since_when(customer: Customer, provider: Partner) -> None:
    admin, other = member(provider), member(provider, Role.HELPDESK_AGENT)
    Membership.objects.update(began_at=clock.now() - timedelta(days=90))
    change_role(
        membership=other,
        role=Role.SALES_AGENT,
        by=Actor(user=admin.user, partner=provider, role=Role.GLOBAL_ADMIN),
    )
    other.refresh_from_db()
    role = why(other, customer).facts[1]
    assert "Sales agent" in role.text
    assert role.since is not None
    assert clock.now() - role.since < timedelta(minutes=5)


# --- who may ask ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("role", [Role.ADMIN_AGENT, Role.SALES_AGENT, Role.HELPDESK_AGENT])
def test_of_a_company_only_its_global_admins_ask(provider: Partner, role: Role) -> None:
    assert browser(member(provider, role).user).get(reverse("why")).status_code == 403
    assert browser(member(provider).user).get(reverse("why")).status_code == 200


def test_a_company_asks_about_its_own_people_and_objects_alone(customer: Customer, provider: Partner) -> None:
    admin = member(provider, full_name="Ana Lima")
    foreign, outsider = CustomerFactory(company_name="Secret Ltd"), MembershipFactory().user
    page = ask(admin.user, admin.user.sign_in_name, customer.microsoft_id)
    assert "Ana Lima can see Bakery" in page
    missing = ask(admin.user, admin.user.sign_in_name, uuid.UUID(int=1))
    hidden = ask(admin.user, admin.user.sign_in_name, foreign.microsoft_id)
    assert "Nothing that you may ask about has this ID." in hidden
    pages = [hidden.replace(str(foreign.microsoft_id), "x"), missing.replace(str(uuid.UUID(int=1)), "x")]
    bare = [re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page) for page in pages]
    assert bare[0] == bare[1]
    page = ask(admin.user, outsider.sign_in_name, customer.microsoft_id)
    assert "Select a choice of the list for the person." in page
    assert outsider.full_name not in page


def test_what_a_person_is_elsewhere_is_not_told(customer: Customer, provider: Partner) -> None:
    admin = member(provider)
    elsewhere = MembershipFactory(user=admin.user, partner=PartnerFactory(legal_name="Elsewhere Inc"))
    client = browser(admin.user)
    client.post(reverse("accounts:switch"), {"membership": admin.pk})
    query = {"person": admin.user.sign_in_name, "object": str(customer.microsoft_id)}
    shown = client.get(reverse("why"), query).context["explanations"]
    assert [one.acting_for for one in shown] == ["Northwind"]
    assert elsewhere.partner.legal_name not in str(shown)


def test_a_reseller_may_ask_about_what_it_lost(customer: Customer, reseller: Partner) -> None:
    customer.reseller_relationships.update(ends_at=clock.now())
    admin = member(reseller)
    page = ask(admin.user, admin.user.sign_in_name, customer.microsoft_id)
    assert "cannot see" in page
    assert "Fabrikam managed the customer" in page
    other = member(PartnerFactory(reseller=True))
    assert "Nothing that you may ask about" in ask(other.user, other.user.sign_in_name, customer.microsoft_id)


def test_the_back_office_asks_about_everybody(customer: Customer, provider: Partner, reseller: Partner) -> None:
    person = member(provider)
    MembershipFactory(user=person.user, partner=reseller)
    clerk = UserFactory(back_office=True)
    answer = browser(clerk).get(
        reverse("why"), {"person": person.user.sign_in_name, "object": str(customer.microsoft_id)}
    )
    assert [one.acting_for for one in answer.context["explanations"]] == ["Northwind", "Fabrikam"]
    administrator = CustomerAdministratorFactory(customer=customer)
    page = ask(clerk, administrator.user.sign_in_name, customer.microsoft_id)
    assert "administers this customer" in page
    assert "Nobody signs in with this address." in ask(clerk, "nobody@x.example", customer.microsoft_id)
    assert browser(UserFactory(is_staff=True)).get(reverse("why")).status_code == 403


@pytest.mark.parametrize("value", ["%00", "x", "9" * 400, "'\"><script>"])
def test_nonsense_is_answered(provider: Partner, value: str) -> None:
    admin = member(provider)
    page = ask(admin.user, value, value)
    assert "<script>'" not in page
