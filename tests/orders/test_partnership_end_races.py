"""A partnership ends while somebody works with it: one of the two comes first, and the other knows."""

import os
import time
from collections import Counter

import pytest

from activity.models import ActivityRecord
from core import clock
from core.exceptions import Refused
from customers.models import ResellerRelationship
from customers.relationships import hand_over_customer
from mail.models import OutgoingEmail
from orders.attesting import attestation_of
from orders.checks import draft_problems
from orders.models import Order, OrderDraft
from orders.partnerships.choices import MANAGER, NOBODY, OWNER, let_go
from orders.partnerships.consequences import Consequences
from orders.partnerships.reviewing import SomethingChanged, fingerprint
from orders.partnerships.services import end_partnership, leave_partnership
from orders.reviewed import fingerprint as order_fingerprint
from orders.services import NotReady, choose_offers, save_details, start_draft, submit_draft
from orders.services import SomethingChanged as OrderChanged
from resellers.models import Partnership
from resellers.refusals import AlreadyPartners, LinkWithdrawn
from resellers.services import accept_request
from subscriptions.models import ResellerOfRecord
from subscriptions.services import set_reseller_of_record
from tests.factories import CustomerFactory, PartnershipFactory
from tests.orders.conftest import make_details
from tests.orders.test_partnership_end_service import choose, open_request, seen
from tests.races import run_parallel

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
ROUNDS = int(os.environ.get("RACE_ROUNDS", "12"))


class Starts:
    """Who begins first, and by how much: in turn each side, a little more from round to round."""

    def __init__(self) -> None:
        self.round = 0

    def next(self) -> None:
        self.round += 1

    def wait(self, number: int) -> None:
        if number == self.round % 2:
            time.sleep(self.round // 2 % 6 * 0.02)


@pytest.fixture
def starts() -> Starts:
    return Starts()


def renew(shared) -> Partnership:
    """An active partnership with the reseller again, with one customer."""
    Partnership.objects.active().filter(pk=shared.partnership.pk).update(ended_at=clock.now())
    ResellerRelationship.objects.filter(reseller=shared.reseller, ends_at=None).update(ends_at=clock.now())
    ResellerOfRecord.objects.filter(reseller=shared.reseller, ends_at=None).update(ends_at=clock.now())
    shared.partnership = PartnershipFactory(provider=shared.provider, reseller=shared.reseller)
    CustomerFactory(provider=shared.provider, managed_by=shared.reseller)
    return shared.partnership


def press_end(shared, choices, reviewed):
    """The provider presses the last button."""
    partnership = Partnership.objects.get(pk=shared.partnership.pk)
    return end_partnership(partnership=partnership, choices=choices, reason="", reviewed=reviewed, by=shared.admin)


def nothing_rests_on_what_has_ended() -> None:
    """No customer is managed, and no subscription named, under a partnership that is over."""
    managed = ResellerRelationship.objects.current().filter(partnership__ended_at__isnull=False)
    assert list(managed) == []
    for relation in ResellerOfRecord.objects.filter(ends_at=None):
        provider = relation.subscription.customer.provider
        assert Partnership.objects.active().filter(provider=provider, reseller=relation.reseller).exists()


@pytest.fixture(autouse=True)
def _warm(shared) -> None:
    """End one before: the first compiles templates while it holds its locks, and on a busy machine others give up."""
    renew(shared)
    choices = choose(shared.litware)
    press_end(shared, choices, seen(shared.partnership, choices))


@pytest.mark.parametrize("drafts", [OWNER, NOBODY, "contoso"])
def test_submit_for_a_reseller_whose_partnership_ends(shared, starts, sales, standard, drafts):
    """The customer is there and the ending was refused, or it ended and Submit asks for another reseller."""
    made, outcomes = [], Counter()

    def before():
        renew(shared)
        starts.next()
        made.append(None)
        details = make_details(domain_prefix=f"padaria{len(made)}")
        draft = start_draft(reseller=shared.reseller, by=sales)
        save_details(draft=draft, details=details, reseller=shared.reseller, by=sales)
        draft = choose_offers(draft=draft, quantities={standard: 5}, by=sales)
        choice = shared.contoso if drafts == "contoso" else drafts
        choices = choose(shared.litware, MANAGER, MANAGER, drafts=choice)
        return draft, order_fingerprint(draft), choices, seen(shared.partnership, choices)

    def press(subject, number):
        starts.wait(number)
        draft, order_reviewed, choices, reviewed = subject
        if number == 0:
            return submit_draft(
                draft=draft, reviewed=order_reviewed, attestation=attestation_of(draft), session_key="a", by=sales
            )
        return press_end(shared, choices, reviewed)

    def check(subject, results):
        order, ended = results
        partnership = Partnership.objects.get(pk=shared.partnership.pk)
        if isinstance(ended, Partnership):
            assert isinstance(order, NotReady | OrderChanged)
            assert partnership.ended_at is not None
            draft = OrderDraft.objects.get(pk=subject[0].pk)
            assert draft.is_open
            if draft.reseller == shared.reseller:
                assert "You have no partnership with Fabrikam." in draft_problems(draft)[0].message
        else:
            assert isinstance(ended, SomethingChanged)
            assert isinstance(order, Order)
            assert partnership.ended_at is None
        outcomes[type(ended)] += 1
        nothing_rests_on_what_has_ended()

    run_parallel(press, n=2, rounds=ROUNDS, before=before, after=check)
    assert outcomes.total() == ROUNDS
    assert set(outcomes) == {Partnership, SomethingChanged}


def test_two_presses_and_the_other_side_at_once_end_it_once(shared):
    def before():
        renew(shared)
        choices = choose(shared.litware)
        consequences = Consequences(shared.partnership)
        return choices, seen(shared.partnership, choices), fingerprint(consequences, let_go(consequences))

    def press(subject, number):
        choices, reviewed, left = subject
        if number < 2:
            return press_end(shared, choices, reviewed)
        partnership = Partnership.objects.get(pk=shared.partnership.pk)
        return leave_partnership(partnership=partnership, reason="", reviewed=left, by=shared.reseller_admin)

    def check(subject, results):
        ended = Partnership.objects.get(pk=shared.partnership.pk)
        assert results == [ended] * 4
        assert {one.ended_side for one in results} == {ended.ended_side}
        kept = ActivityRecord.objects.filter(action="partnership.ended", target_id=str(ended.public_id))
        assert kept.count() == 1
        assert OutgoingEmail.objects.filter(about_id=str(ended.pk), recipient="hello@fabrikam.example").count() == 1
        nothing_rests_on_what_has_ended()

    run_parallel(press, n=4, rounds=ROUNDS, before=before, after=check)


def test_two_partnerships_that_end_into_each_other_do_not_wait_in_a_circle(shared):
    """Each hands over to the other's reseller: one is first, and the second is told that the other is no partner."""
    contosos = Partnership.objects.get(reseller=shared.contoso)

    def before():
        nonlocal contosos
        renew(shared)
        contosos.refresh_from_db()
        if contosos.ended_at is not None:
            contosos = PartnershipFactory(provider=shared.provider, reseller=shared.contoso)
        CustomerFactory(provider=shared.provider, managed_by=shared.contoso)
        pairs = [(shared.partnership, choose(shared.contoso)), (contosos, choose(shared.reseller))]
        return [(partnership, choices, seen(partnership, choices)) for partnership, choices in pairs]

    def press(subject, number):
        partnership, choices, reviewed = subject[number]
        return end_partnership(partnership=partnership, choices=choices, reason="", reviewed=reviewed, by=shared.admin)

    def check(subject, results):
        assert sum(isinstance(result, Partnership) for result in results) == 1
        assert sum(isinstance(result, Refused) for result in results) == 1
        nothing_rests_on_what_has_ended()

    run_parallel(press, n=2, rounds=ROUNDS, before=before, after=check)


def test_a_customer_handed_over_while_the_partnership_ends(shared, starts):
    def before():
        renew(shared)
        starts.next()
        choices = choose(shared.litware)
        relationship = ResellerRelationship.objects.current().get(partnership=shared.partnership)
        return relationship, choices, seen(shared.partnership, choices)

    def press(subject, number):
        starts.wait(number)
        relationship, choices, reviewed = subject
        if number == 0:
            return hand_over_customer(relationship=relationship, to=shared.contoso, by=shared.admin)
        return press_end(shared, choices, reviewed)

    def check(subject, results):
        handed, ended = results
        current = subject[0].customer.reseller_relationships.current().get()
        if isinstance(ended, Partnership):
            assert isinstance(handed, Refused)
            assert current.reseller == shared.litware
        else:
            assert isinstance(ended, SomethingChanged)
            assert current.reseller == shared.contoso
        nothing_rests_on_what_has_ended()

    run_parallel(press, n=2, rounds=ROUNDS, before=before, after=check)


def test_a_subscription_named_for_another_while_the_partnership_ends(shared, starts):
    subscription = shared.subscriptions[0]

    def before():
        renew(shared)
        starts.next()
        subscription.resellers_of_record.filter(ends_at=None).update(ends_at=clock.now())
        set_reseller_of_record(subscription=subscription, reseller=shared.reseller, by=shared.admin)
        choices = choose(NOBODY, shared.litware)
        return choices, seen(shared.partnership, choices)

    def press(subject, number):
        starts.wait(number)
        if number == 0:
            return set_reseller_of_record(subscription=subscription, reseller=shared.contoso, by=shared.admin)
        return press_end(shared, *subject)

    def check(subject, results):
        named, ended = results
        assert isinstance(named, ResellerOfRecord)
        assert isinstance(ended, Partnership | SomethingChanged)
        assert subscription.resellers_of_record.get(ends_at=None).reseller == shared.contoso
        nothing_rests_on_what_has_ended()

    run_parallel(press, n=2, rounds=ROUNDS, before=before, after=check)


def test_a_request_accepted_while_the_partnership_ends(shared, starts):
    """The old one ends in any case; the new one begins after that or not at all."""

    def before():
        renew(shared)
        starts.next()
        choices = choose(shared.litware)
        # By its link, to nobody by name: the ending does not revoke it.
        return open_request(shared, ""), choices, seen(shared.partnership, choices)

    def press(subject, number):
        starts.wait(number)
        request, choices, reviewed = subject
        if number == 0:
            return accept_request(request=request, nonce=request.nonce, by=shared.reseller_admin)
        return press_end(shared, choices, reviewed)

    def check(subject, results):
        accepted, ended = results
        assert isinstance(ended, Partnership)
        active = Partnership.objects.active().filter(provider=shared.provider, reseller=shared.reseller)
        if isinstance(accepted, Partnership):
            assert (accepted.pk != ended.pk, list(active)) == (True, [accepted])
            shared.partnership = accepted
        else:
            assert isinstance(accepted, AlreadyPartners)
            assert not active.exists()
        nothing_rests_on_what_has_ended()

    run_parallel(press, n=2, rounds=ROUNDS, before=before, after=check)


def test_a_request_to_its_people_is_accepted_or_revoked(shared, starts):
    def before():
        renew(shared)
        starts.next()
        choices = choose(shared.litware)
        request = open_request(shared, "finn@fabrikam.example")
        return request, choices, seen(shared.partnership, choices)

    def press(subject, number):
        starts.wait(number)
        request, choices, reviewed = subject
        if number == 0:
            return accept_request(request=request, nonce=request.nonce, by=shared.reseller_admin)
        return press_end(shared, choices, reviewed)

    def check(subject, results):
        request, (accepted, ended) = subject[0], results
        request.refresh_from_db()
        assert isinstance(ended, Partnership)
        if isinstance(accepted, Partnership):
            # It was answered at this very moment, so the ending passed it by; the answer came after the end.
            assert (request.state, accepted.pk != ended.pk) == ("accepted", True)
            shared.partnership = accepted
        else:
            assert isinstance(accepted, AlreadyPartners | LinkWithdrawn)
            assert request.state in ("revoked", "sent")
            request.delete()

    run_parallel(press, n=2, rounds=ROUNDS, before=before, after=check)
