"""A customer answers while its provider withdraws, a colleague asks too, or the reseller's partnership ends."""

import pytest
from django.db import transaction

from accounts.models import Partner
from activity.models import ActivityRecord
from core import clock
from core.exceptions import InvalidTransition
from customers.models import RelationshipRequest, ResellerRelationship
from customers.relationship_requests.answers import (
    RequestOver,
    accept_relationship_request,
    decline_relationship_request,
)
from customers.relationship_requests.services import (
    discard_request_draft,
    draft_relationship_request,
    revoke_relationship_request,
    revoke_requests_for,
    share_relationship_request,
)
from customers.relationships import AlreadyManaged, change_scope, establish_relationship
from resellers.models import Partnership
from tests.customers.asking import administrator_of
from tests.customers.conftest import actor_of
from tests.factories import CustomerFactory, PartnerFactory, PartnershipFactory
from tests.races import run_parallel, while_undecided

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


@pytest.fixture
def draft(provider, reseller, admin) -> RelationshipRequest:
    """What somebody is about to ask."""
    customer = CustomerFactory(provider=provider)
    return draft_relationship_request(customer=customer, reseller=reseller, scope="manage", by=admin)


def discarding(draft, by):
    """The press of the button, by a page that has seen the draft."""
    return lambda: discard_request_draft(request=RelationshipRequest.objects.with_people().get(pk=draft.pk), by=by)


def test_a_draft_that_is_discarded_while_it_leaves_says_so(draft, admin):
    discarded, left = while_undecided(
        discarding(draft, admin), lambda: share_relationship_request(request=draft, by=admin)
    )
    assert discarded is None
    assert isinstance(left, InvalidTransition)
    assert not RelationshipRequest.objects.exists()


def test_a_draft_is_discarded_once_however_often_it_is_pressed(draft, admin):
    assert while_undecided(discarding(draft, admin), discarding(draft, admin)) == [None, None]


def test_a_draft_that_is_discarded_while_it_is_taken_up_is_begun_again(draft, provider, reseller, admin):
    def take_up():
        return draft_relationship_request(customer=draft.customer, reseller=reseller, scope="manage", by=admin)

    _discarded, taken_up = while_undecided(discarding(draft, admin), take_up)
    assert RelationshipRequest.objects.get() == taken_up
    assert taken_up.pk != draft.pk


def test_what_is_declined_as_the_partnership_ends_is_not_withdrawn(provider, reseller, admin):
    asked, partnership = Asked(provider, reseller, admin), Partnership.objects.get(reseller=reseller)

    def end() -> int:
        with transaction.atomic():
            return revoke_requests_for(partnership, by=admin, at=clock.now())

    _declined, withdrawn = while_undecided(asked.decline, end)
    assert (withdrawn, asked.outcome) == (0, ("declined", 0))
    assert not ActivityRecord.objects.filter(action="relationship_request.revoked").exists()
