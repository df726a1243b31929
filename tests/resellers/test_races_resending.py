"""A request is sent again, extended or closed by time at the very moment at which somebody answers or withdraws it."""

import os
import time
from datetime import timedelta

import pytest

from accounts.access import system_actor
from activity.models import ActivityRecord
from core import clock
from core.exceptions import InvalidTransition, Refused
from mail.models import OutgoingEmail
from resellers.models import Partnership, PartnershipRequest, PendingAcceptance
from resellers.refusals import (
    AcceptancePending,
    AlreadyPending,
    LinkWithdrawn,
    RequestExpired,
    RequestReplaced,
)
from resellers.services import accept_request, extend_request, resend_request, revoke_request
from resellers.services.expiry import expire_overdue
from resellers.services.reminders import remind_of_requests, tell_of_undeliverable_mail
from tests.factories import PartnershipRequestFactory
from tests.races import run_parallel
from tests.resellers.conftest import actor_of

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("patient_locks"),
]

State, Outcome = PartnershipRequest.State, PendingAcceptance.Outcome
PORTAL = system_actor("reminders")
ROUNDS = int(os.environ.get("RACE_ROUNDS", "12"))
HOUR = timedelta(hours=1)


def fresh(sender, *, recipient="riley@fabrikam.example", sent=HOUR, left=timedelta(days=10)) -> PartnershipRequest:
    """Forget the last round and ask again: sent so long ago, with so much time left."""
    PendingAcceptance.objects.all().delete()
    PartnershipRequest.objects.update(replaced_by=None)
    PartnershipRequest.objects.all().delete()
    Partnership.objects.all().delete()
    OutgoingEmail.objects.all().delete()
    now = clock.now()
    return PartnershipRequestFactory(
        provider=sender.partner,
        created_by=sender.user,
        sent=True,
        recipient=recipient,
        sent_at=now - sent,
        expires_at=now + left,
    )


def accept(request, by):
    """Accept as this person."""
    return accept_request(request=request, nonce=request.nonce, by=by)


class Scales:
    """Presses of two acts for run_parallel: who won starts a little later next time, until the two meet."""

    def __init__(self, first, second) -> None:
        self.acts = (first, second)
        self.lead, self.step, self.last = 0.0, 0.004, None

    def __call__(self, subject, number):
        """Wait as long as this act has to, then do it."""
        time.sleep(max(0.0, self.lead if number == 0 else -self.lead))
        return self.acts[number](subject)

    def tip(self, *, first_won: bool) -> None:
        """Note who won this round."""
        self.step = min(self.step * 1.6, 0.1) if first_won == self.last else 0.004
        self.lead += self.step if first_won else -self.step
        self.last = first_won


def recorded(action: str) -> int:
    """How often this was recorded about the requests that are there now."""
    keys = [str(one) for one in PartnershipRequest.objects.values_list("public_id", flat=True)]
    return ActivityRecord.objects.filter(action=action, target_id__in=keys).count()


def test_a_request_is_accepted_or_sent_again_and_never_both(sender, riley):
    seen = set()

    def check(request, results):
        accepted, new = results
        press.tip(first_won=isinstance(accepted, Partnership))
        request.refresh_from_db()
        if isinstance(accepted, Partnership):
            assert isinstance(new, InvalidTransition)
            assert (request.state, request.partnership, request.replaced_by) == (State.ACCEPTED, accepted, None)
            assert PartnershipRequest.objects.count() == 1
            assert not OutgoingEmail.objects.filter(kind="partnership_replaced").exists()
        else:
            assert isinstance(accepted, RequestReplaced)
            assert (request.state, request.replaced_by, new.state) == (State.SUPERSEDED, new, State.SENT)
            assert Partnership.objects.count() == 0
        seen.add(request.state)

    press = Scales(lambda request: accept(request, riley), lambda request: resend_request(request=request, by=sender))
    run_parallel(press, n=2, rounds=ROUNDS, before=lambda: fresh(sender), after=check)
    assert seen == {State.ACCEPTED, State.SUPERSEDED}


def test_a_request_is_sent_again_or_waits_for_a_word_and_never_both(sender, casey):
    seen = set()

    def check(request, results):
        acceptance, new = results
        press.tip(first_won=isinstance(acceptance, PendingAcceptance))
        request.refresh_from_db()
        if isinstance(acceptance, PendingAcceptance):
            assert isinstance(new, AcceptancePending)
            assert (request.state, PendingAcceptance.objects.waiting().count()) == (State.SENT, 1)
        else:
            assert isinstance(acceptance, RequestReplaced)
            assert (request.state, PendingAcceptance.objects.count()) == (State.SUPERSEDED, 0)
        seen.add(request.state)

    press = Scales(lambda request: accept(request, casey), lambda request: resend_request(request=request, by=sender))
    run_parallel(press, n=2, rounds=ROUNDS, before=lambda: fresh(sender), after=check)
    assert seen == {State.SENT, State.SUPERSEDED}


def test_eight_presses_of_resend_send_once(sender):
    def check(request, results):
        assert len({result.pk for result in results}) == 1
        assert PartnershipRequest.objects.count() == 2
        assert OutgoingEmail.objects.count() == 1
        assert (recorded("partnership_request.resent"), recorded("partnership_request.superseded")) == (1, 1)

    run_parallel(
        lambda request, number: resend_request(request=request, by=sender),
        rounds=ROUNDS,
        before=lambda: fresh(sender),
        after=check,
    )


def test_of_two_colleagues_one_sends_again(sender, northwind):
    people = [sender, actor_of(northwind, "kim@northwind.example")]

    def check(request, results):
        made = [result for result in results if isinstance(result, PartnershipRequest)]
        assert [type(result) for result in results if isinstance(result, Exception)] == [InvalidTransition]
        request.refresh_from_db()
        assert [request.replaced_by] == made
        assert (PartnershipRequest.objects.count(), OutgoingEmail.objects.count()) == (2, 1)

    run_parallel(
        lambda request, number: resend_request(request=request, by=people[number]),
        n=2,
        rounds=ROUNDS,
        before=lambda: fresh(sender),
        after=check,
    )


def test_two_requests_corrected_to_one_address_do_not_both_leave(sender, northwind):
    people = [sender, actor_of(northwind, "kim@northwind.example")]

    def before():
        first = fresh(sender)
        now = clock.now()
        second = PartnershipRequestFactory(
            provider=northwind, created_by=sender.user, sent=True, recipient="b@fabrikam.example", sent_at=now - HOUR
        )
        return [first, second]

    def check(requests, results):
        assert sum(isinstance(result, PartnershipRequest) for result in results) == 1
        assert [type(result) for result in results if isinstance(result, Exception)] == [AlreadyPending]
        open_now = PartnershipRequest.objects.filter(state=State.SENT)
        assert open_now.filter(recipient_key="right@fabrikam.example").count() == 1
        assert open_now.count() == 2

    run_parallel(
        lambda requests, number: resend_request(
            request=requests[number], recipient="right@fabrikam.example", by=people[number]
        ),
        n=2,
        rounds=ROUNDS,
        before=before,
        after=check,
    )


def test_a_request_is_sent_again_or_revoked_and_never_both(sender, northwind):
    kim = actor_of(northwind, "kim@northwind.example")
    seen = set()

    def check(request, results):
        new, revoked = results
        press.tip(first_won=isinstance(new, PartnershipRequest))
        request.refresh_from_db()
        if isinstance(revoked, PartnershipRequest):
            assert isinstance(new, InvalidTransition)
            assert (request.state, PartnershipRequest.objects.count()) == (State.REVOKED, 1)
        else:
            assert isinstance(revoked, InvalidTransition)
            assert (request.state, request.replaced_by) == (State.SUPERSEDED, new)
        seen.add(request.state)

    press = Scales(
        lambda request: resend_request(request=request, by=sender),
        lambda request: revoke_request(request=request, by=kim),
    )
    run_parallel(press, n=2, rounds=ROUNDS, before=lambda: fresh(sender), after=check)
    assert seen == {State.REVOKED, State.SUPERSEDED}


def test_time_closes_a_request_or_somebody_revokes_it(sender):
    def check(request, results):
        expired, revoked = results
        press.tip(first_won=bool(expired))
        request.refresh_from_db()
        assert (expired, request.state) in ((1, State.EXPIRED), (0, State.REVOKED))
        assert isinstance(revoked, InvalidTransition) == (request.state == State.EXPIRED)
        assert recorded("partnership_request.expired") == expired

    press = Scales(
        lambda request: expire_overdue(by=PORTAL), lambda request: revoke_request(request=request, by=sender)
    )
    run_parallel(press, n=2, rounds=ROUNDS, before=lambda: fresh(sender, left=timedelta(0)), after=check)


def test_an_answer_in_the_last_moment_counts_or_comes_too_late(sender, casey):
    seen = set()
    lead = [0.05]

    def press(request, number):
        left = (request.expires_at - clock.now()).total_seconds()
        if number == 0:
            time.sleep(max(0.0, left - lead[0]))
            return accept(request, casey)
        # Again and again around the moment itself: whoever was in time must never be closed behind their back.
        time.sleep(max(0.0, left - 0.01))
        return sum(expire_overdue(by=PORTAL) or time.sleep(0.004) or 0 for _try in range(20))

    def check(request, results):
        accepted, expired = results
        request.refresh_from_db()
        if isinstance(accepted, PendingAcceptance):
            assert (expired, request.state, PendingAcceptance.objects.waiting().count()) == (0, State.SENT, 1)
        else:
            assert isinstance(accepted, RequestExpired)
            assert (request.state, PendingAcceptance.objects.count()) == (State.EXPIRED, 0)
        lead[0] *= 0.8 if request.state == State.SENT else 1.5
        seen.add(request.state)

    run_parallel(press, n=2, rounds=ROUNDS, before=lambda: fresh(sender, left=timedelta(milliseconds=300)), after=check)
    assert seen == {State.SENT, State.EXPIRED}


def test_time_closes_a_request_once_whoever_looks(sender):
    def check(request, results):
        assert sum(results) == 1
        assert recorded("partnership_request.expired") == 1

    run_parallel(
        lambda request, number: expire_overdue(by=PORTAL),
        n=4,
        rounds=ROUNDS,
        before=lambda: fresh(sender, left=timedelta(0)),
        after=check,
    )


def test_more_time_or_the_end_and_never_both(sender):
    def expire(request):
        return expire_overdue(by=PORTAL)

    def check(request, results):
        extended, expired = results
        request.refresh_from_db()
        if isinstance(extended, PartnershipRequest):
            assert (request.state, expired) == (State.SENT, 0)
        else:
            assert (isinstance(extended, InvalidTransition), request.state) == (True, State.EXPIRED)

    def press(request, number):
        time.sleep(max(0.0, (request.expires_at - clock.now()).total_seconds() - (0.012 if number == 0 else -0.001)))
        return expire(request) if number else extend_request(request=request, days=7, by=sender)

    def settled(request, results):
        # Whoever extended a moment too late finds it overdue, and the next look closes it.
        if not isinstance(results[0], PartnershipRequest):
            expire_overdue(by=PORTAL)
        check(request, results)

    run_parallel(
        press, n=2, rounds=ROUNDS, before=lambda: fresh(sender, left=timedelta(milliseconds=30)), after=settled
    )


def test_two_extensions_at_once_leave_the_longer_one(sender, northwind):
    people = [(sender, 30), (actor_of(northwind, "kim@northwind.example"), 14)]

    def check(request, results):
        request.refresh_from_db()
        assert request.expires_at - clock.now() > timedelta(days=29, hours=23)
        assert recorded("partnership_request.extended") == sum(
            isinstance(result, PartnershipRequest) for result in results
        )

    run_parallel(
        lambda request, number: extend_request(request=request, days=people[number][1], by=people[number][0]),
        n=2,
        rounds=ROUNDS,
        before=lambda: fresh(sender),
        after=check,
    )


@pytest.mark.parametrize(("sent", "left"), [(8, 6), (13, 1)])
def test_whoever_reminds_a_request_is_reminded_of_once(sender, sent, left):
    def check(request, results):
        assert sum(results) == 1
        assert OutgoingEmail.objects.count() == 1
        assert recorded("partnership_request.reminded") == 1

    run_parallel(
        lambda request, number: remind_of_requests(by=PORTAL),
        n=4,
        rounds=ROUNDS,
        before=lambda: fresh(sender, sent=timedelta(days=sent), left=timedelta(days=left)),
        after=check,
    )


def test_whoever_looks_the_sender_hears_once_of_a_mail_that_failed(sender):
    def before():
        request = fresh(sender)
        OutgoingEmail.objects.create(
            kind="partnership_request",
            recipient=request.recipient,
            language="en",
            subject="x",
            text="x",
            html="x",
            message_id="<x@y>",
            about_type="resellers.partnershiprequest",
            about_id=str(request.pk),
            state="failed",
        )
        return request

    def check(request, results):
        assert not [result for result in results if isinstance(result, Exception)]
        assert OutgoingEmail.objects.filter(kind="partnership_undeliverable").count() == 1

    run_parallel(lambda request, number: tell_of_undeliverable_mail(), n=4, rounds=ROUNDS, before=before, after=check)


def test_a_resend_and_a_revocation_of_what_waits(sender, casey, northwind):
    kim = actor_of(northwind, "kim@northwind.example")

    def before():
        request = fresh(sender)
        accept(request, casey)
        return request

    def check(request, results):
        new, revoked = results
        request.refresh_from_db()
        # The resend waits for nobody's word: it is refused, or comes too late.
        assert isinstance(new, Refused)
        assert isinstance(revoked, PartnershipRequest)
        assert (request.state, PendingAcceptance.objects.get().outcome) == (State.REVOKED, Outcome.LAPSED)
        with pytest.raises(LinkWithdrawn):
            accept(request, casey)

    acts = (
        lambda request: resend_request(request=request, by=sender),
        lambda request: revoke_request(request=request, by=kim),
    )
    run_parallel(lambda request, number: acts[number](request), n=2, rounds=ROUNDS, before=before, after=check)
