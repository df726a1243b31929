"""A customer answers while its provider withdraws, a colleague asks too, or the reseller's partnership ends."""

import pytest

from accounts.models import Partner
from core.exceptions import InvalidTransition
from customers.models import RelationshipRequest, ResellerRelationship
from customers.relationship_requests.answers import (
    RequestOver,
    accept_relationship_request,
    decline_relationship_request,
)
from customers.relationship_requests.services import (
    draft_relationship_request,
    revoke_relationship_request,
    share_relationship_request,
)
from customers.relationships import AlreadyManaged, change_scope, establish_relationship
from tests.customers.asking import administrator_of
from tests.customers.conftest import actor_of
from tests.factories import CustomerFactory, PartnerFactory, PartnershipFactory
from tests.races import run_parallel

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


class Asked:
    """A customer with a request under way, and the people around it."""

    def __init__(self, provider: Partner, reseller: Partner, admin) -> None:
        self.customer, self.admin = CustomerFactory(provider=provider), admin
        self.owner = administrator_of(self.customer)
        draft = draft_relationship_request(customer=self.customer, reseller=reseller, scope="manage", by=admin)
        self.request = share_relationship_request(request=draft, by=admin)

    def accept(self) -> RelationshipRequest:
        return accept_relationship_request(request=self.request, replaces="", by=self.owner)

    def decline(self) -> RelationshipRequest:
        return decline_relationship_request(request=self.request, by=self.owner)

    def revoke(self) -> RelationshipRequest:
        return revoke_relationship_request(request=self.request, by=self.admin)

    @property
    def outcome(self) -> tuple[str, int]:
        """Where the request stands, and how many relationships there are."""
        self.request.refresh_from_db()
        return self.request.state, ResellerRelationship.objects.filter(customer=self.customer).count()


def test_of_accepting_and_revoking_one_holds(provider, reseller, admin):
    def check(asked: Asked, results: list) -> None:
        accepted, revoked = results
        if isinstance(accepted, RequestOver):
            assert (asked.outcome, type(revoked)) == (("revoked", 0), RelationshipRequest)
        else:
            assert (asked.outcome, type(revoked)) == (("accepted", 1), InvalidTransition)

    run_parallel(
        lambda asked, number: (asked.accept, asked.revoke)[number](),
        n=2,
        before=lambda: Asked(provider, reseller, admin),
        after=check,
    )


def test_of_accepting_and_declining_one_holds(provider, reseller, admin):
    def check(asked: Asked, results: list) -> None:
        assert sorted(type(one).__name__ for one in results) == ["RelationshipRequest", "RequestOver"]
        (answered,) = [one for one in results if isinstance(one, RelationshipRequest)]
        assert asked.outcome == (answered.state, int(answered.state == "accepted"))

    run_parallel(
        lambda asked, number: (asked.accept, asked.decline)[number](),
        n=2,
        before=lambda: Asked(provider, reseller, admin),
        after=check,
    )


def test_accepting_many_times_at_once_begins_one_relationship(provider, reseller, admin):
    def check(asked: Asked, results: list) -> None:
        assert {type(one) for one in results} == {RelationshipRequest}
        assert asked.outcome == ("accepted", 1)

    run_parallel(
        lambda asked, number: asked.accept(),
        n=4,
        rounds=8,
        before=lambda: Asked(provider, reseller, admin),
        after=check,
    )


def test_two_colleagues_ask_one_customer_one_question(provider, reseller, admin):
    colleagues = [admin, actor_of(provider)]

    def before() -> list[RelationshipRequest]:
        customer = CustomerFactory(provider=provider)
        return [
            draft_relationship_request(customer=customer, reseller=reseller, scope="manage", by=colleague)
            for colleague in colleagues
        ]

    def check(drafts: list[RelationshipRequest], results: list) -> None:
        assert sorted(type(one).__name__ for one in results) == ["RelationshipRequest", "RequestAlreadyOpen"]
        states = RelationshipRequest.objects.filter(pk__in=[one.pk for one in drafts]).values_list("state", flat=True)
        assert sorted(states) == ["draft", "sent"]

    run_parallel(
        lambda drafts, number: share_relationship_request(request=drafts[number], by=colleagues[number]),
        n=2,
        before=before,
        after=check,
    )


def test_a_customer_gets_one_managing_reseller_of_two(provider, reseller, admin):
    others = [reseller, PartnershipFactory(provider=provider, reseller=PartnerFactory(reseller=True)).reseller]

    def check(customer, results: list) -> None:
        assert sorted(type(one).__name__ for one in results) == ["AlreadyManaged", "ResellerRelationship"]
        (refused,) = [one for one in results if isinstance(one, AlreadyManaged)]
        assert refused.relationship == customer.reseller_relationships.get()

    run_parallel(
        lambda customer, number: establish_relationship(customer=customer, reseller=others[number], by=admin),
        n=2,
        before=lambda: CustomerFactory(provider=provider),
        after=check,
    )


def test_narrowing_from_both_sides_narrows_once(provider, reseller, admin):
    person = actor_of(reseller)

    def check(relationship: ResellerRelationship, results: list) -> None:
        assert sorted(type(one).__name__ for one in results) == ["InvalidTransition", "ResellerRelationship"]
        rows = ResellerRelationship.objects.filter(customer=relationship.customer)
        assert sorted(rows.values_list("scope", flat=True)) == ["manage", "view_and_request"]

    run_parallel(
        lambda relationship, number: change_scope(
            relationship=relationship, scope="view_and_request", by=(admin, person)[number]
        ),
        n=2,
        before=lambda: CustomerFactory(provider=provider, managed_by=reseller).reseller_relationships.get(),
        after=check,
    )
