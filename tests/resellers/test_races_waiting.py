"""Several people press at the same moment while an acceptance waits: one wins, and nothing is left half done."""

import itertools
import os
import time

import pytest

from accounts.access import ANONYMOUS, system_actor
from accounts.models import Partner
from accounts.roles import Role
from accounts.services import set_enrolment_state
from core.exceptions import InvalidTransition, Refused
from mail.models import OutgoingEmail
from resellers.models import Partnership, PartnershipRequest, PendingAcceptance
from resellers.refusals import LinkWithdrawn, RequestUsed
from resellers.services import (
    accept_request,
    confirm_acceptance,
    decline_request,
    refuse_acceptance,
    revoke_request,
    withdraw_acceptance,
)
from tests.factories import PartnershipRequestFactory
from tests.races import run_parallel
from tests.resellers.conftest import actor_of

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("patient_locks"),
]

State, Outcome = PartnershipRequest.State, PendingAcceptance.Outcome
BACK_OFFICE = system_actor("back office")
ROUNDS = int(os.environ.get("RACE_ROUNDS", "12"))


def fresh(sender, recipient="riley@fabrikam.example"):
    """Forget the last round and ask again."""
    PendingAcceptance.objects.all().delete()
    PartnershipRequest.objects.all().delete()
    Partnership.objects.all().delete()
    OutgoingEmail.objects.all().delete()
    return PartnershipRequestFactory(provider=sender.partner, created_by=sender.user, sent=True, recipient=recipient)


def undecided(company) -> None:
    """The company's enrolment is still to be decided."""
    Partner.objects.filter(pk=company.pk).update(enrolment_state="pending")


def accept(request, by):
    """Accept as this person."""
    return accept_request(request=request, nonce=request.nonce, by=by)


def approve(company):
    """The back office says yes."""
    return set_enrolment_state(partner=company, state="active", by=BACK_OFFICE)


def one_after_the_other(*acts):
    """A press for run_parallel: each act in its thread, the second with a start that changes from round to round."""
    head_start = itertools.cycle(range(6))

    def press(subject, number):
        if number:
            time.sleep(next(head_start) * 0.006)
        return acts[number](subject)

    return press


def consistent(request) -> tuple[str, str]:
    """The state of the request and the outcome of its acceptance, which must belong together."""
    request.refresh_from_db()
    acceptance = PendingAcceptance.objects.get()
    begun = request.state == State.ACCEPTED
    assert (acceptance.outcome == Outcome.COMPLETED) == begun
    assert Partnership.objects.count() == begun
    assert OutgoingEmail.objects.filter(kind="partnership_welcome").count() == begun
    return request.state, acceptance.outcome


def test_eight_presses_of_one_person_wait_once(sender, casey):
    def check(request, results):
        assert not [one for one in results if isinstance(one, Exception)]
        assert {result.pk for result in results} == {PendingAcceptance.objects.get().pk}
        assert OutgoingEmail.objects.filter(kind="partnership_accepted_waiting").count() == 1

    run_parallel(lambda r, number: accept(r, casey), rounds=ROUNDS, before=lambda: fresh(sender), after=check)


def test_of_the_right_company_and_another_one_has_answered(sender, riley, casey):
    def check(request, results):
        right, other = results
        request.refresh_from_db()
        if isinstance(right, Partnership):
            assert isinstance(other, RequestUsed)
            assert (request.state, PendingAcceptance.objects.count()) == (State.ACCEPTED, 0)
        else:
            assert isinstance(right, RequestUsed)
            assert other == PendingAcceptance.objects.waiting().get()
            assert (request.state, Partnership.objects.count()) == (State.SENT, 0)

    press = one_after_the_other(lambda r: accept(r, riley), lambda r: accept(r, casey))
    run_parallel(press, n=2, rounds=ROUNDS, before=lambda: fresh(sender), after=check)


def test_nothing_waits_on_a_request_that_was_revoked(sender, casey):
    def check(request, results):
        accepted, revoked = results
        request.refresh_from_db()
        assert request.state == revoked.state == State.REVOKED
        assert not PendingAcceptance.objects.waiting().exists()
        if isinstance(accepted, PendingAcceptance):
            assert PendingAcceptance.objects.get().outcome == Outcome.LAPSED
        else:
            assert isinstance(accepted, LinkWithdrawn)

    press = one_after_the_other(lambda r: accept(r, casey), lambda r: revoke_request(request=r, by=sender))
    run_parallel(press, n=2, rounds=ROUNDS, before=lambda: fresh(sender), after=check)


def test_nothing_waits_on_a_request_that_was_declined(sender, casey):
    def check(request, results):
        accepted, declined = results
        request.refresh_from_db()
        if isinstance(declined, RequestUsed):
            assert request.state == State.SENT
        else:
            # Declined first, and the refusal was regretted at once.
            assert request.state == State.DECLINED
        assert accepted == PendingAcceptance.objects.waiting().get()
        mails = OutgoingEmail.objects.filter(kind="partnership_declined").count()
        assert mails == (request.state == State.DECLINED)

    press = one_after_the_other(
        lambda r: accept(r, casey), lambda r: decline_request(request=r, nonce=r.nonce, by=ANONYMOUS)
    )
    run_parallel(press, n=2, rounds=ROUNDS, before=lambda: fresh(sender), after=check)


def test_eight_confirmations_begin_one_partnership(sender, casey, northwind):
    people = [sender, *(actor_of(northwind, f"p{number}@northwind.example") for number in range(3))]

    def check(request, results):
        assert consistent(request) == (State.ACCEPTED, Outcome.COMPLETED)
        assert set(results) == {Partnership.objects.get()}

    run_parallel(
        lambda r, number: confirm_acceptance(acceptance=PendingAcceptance.objects.get(), by=people[number]),
        n=4,
        rounds=ROUNDS,
        before=lambda: waiting_for(sender, casey),
        after=check,
    )


def waiting_for(sender, by):
    """A request that this person has accepted, and that waits."""
    request = fresh(sender)
    assert isinstance(accept(request, by), PendingAcceptance)
    return request


def test_a_colleagues_acceptance_and_the_confirmation_begin_one_partnership(sender, casey):
    colleague = actor_of(casey.partner, "cleo@fabrikam.example", Role.ADMIN_AGENT)

    def check(request, results):
        consistent(request)
        partnership = Partnership.objects.get()
        assert results[1] == partnership
        assert results[0] == partnership or isinstance(results[0], RequestUsed)

    press = one_after_the_other(
        lambda r: accept(r, colleague),
        lambda r: confirm_acceptance(acceptance=PendingAcceptance.objects.get(), by=sender),
    )
    run_parallel(press, n=2, rounds=ROUNDS, before=lambda: waiting_for(sender, casey), after=check)


@pytest.mark.parametrize("against", ["refuse", "withdraw", "revoke"])
def test_it_is_confirmed_or_ended_and_never_both(sender, casey, against):
    ends = {
        "refuse": lambda r: refuse_acceptance(acceptance=PendingAcceptance.objects.get(), by=sender),
        "withdraw": lambda r: withdraw_acceptance(acceptance=PendingAcceptance.objects.get(), by=casey),
        "revoke": lambda r: revoke_request(request=r, by=sender),
    }

    def check(request, results):
        state, outcome = consistent(request)
        won = state == State.ACCEPTED
        assert isinstance(results[0], Partnership) == won
        assert isinstance(results[1], InvalidTransition) == won
        if not won:
            assert isinstance(results[0], InvalidTransition)
            assert outcome in (Outcome.REFUSED, Outcome.WITHDRAWN, Outcome.LAPSED)

    press = one_after_the_other(
        lambda r: confirm_acceptance(acceptance=PendingAcceptance.objects.get(), by=sender), ends[against]
    )
    run_parallel(press, n=2, rounds=ROUNDS, before=lambda: waiting_for(sender, casey), after=check)


def test_a_company_approved_while_it_accepts_does_not_wait_for_ever(sender, riley):
    def before():
        undecided(riley.partner)
        return fresh(sender)

    def check(request, results):
        assert not [one for one in results if isinstance(one, Exception)]
        request.refresh_from_db()
        assert (request.state, Partnership.objects.count()) == (State.ACCEPTED, 1)
        assert not PendingAcceptance.objects.waiting().exists()

    press = one_after_the_other(lambda r: accept(r, riley), lambda r: approve(riley.partner))
    run_parallel(press, n=2, rounds=ROUNDS, before=before, after=check)


@pytest.mark.parametrize("against", ["withdraw", "revoke", "confirm"])
def test_an_approval_against_the_rest(sender, casey, riley, against):
    person = casey if against == "confirm" else riley
    acts = {
        "withdraw": lambda r: withdraw_acceptance(acceptance=PendingAcceptance.objects.get(), by=person),
        "revoke": lambda r: revoke_request(request=r, by=sender),
        "confirm": lambda r: confirm_acceptance(acceptance=PendingAcceptance.objects.get(), by=sender),
    }

    def before():
        undecided(person.partner)
        return waiting_for(sender, person)

    def check(request, results):
        approved, other = results
        assert isinstance(approved, Partner)
        state, outcome = consistent(request)
        if against == "confirm":
            assert (state, outcome) == (State.ACCEPTED, Outcome.COMPLETED)
        elif state == State.ACCEPTED:
            assert isinstance(other, Refused)
        else:
            assert not isinstance(other, Exception)
            assert outcome in (Outcome.WITHDRAWN, Outcome.LAPSED)

    press = one_after_the_other(lambda r: approve(person.partner), acts[against])
    run_parallel(press, n=2, rounds=ROUNDS, before=before, after=check)
