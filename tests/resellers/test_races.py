"""Several people press at the same moment: one wins, and nobody sees half of anything."""

import itertools
import time

import pytest

from core.exceptions import DraftDiscarded, InvalidTransition, Refused
from mail.models import OutgoingEmail
from resellers.models import Partnership, PartnershipRequest
from resellers.refusals import AlreadyPending, LimitReached, LinkWithdrawn, RequestUsed
from resellers.services import accept_request, discard_draft, draft_request, quotas, revoke_request, send_request
from tests.factories import PartnershipRequestFactory
from tests.races import at_once, run_parallel, while_undecided
from tests.resellers.conftest import actor_of, make_draft, make_sent

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("patient_locks"),
]

State = PartnershipRequest.State


def start_over() -> None:
    """Forget the last round."""
    PartnershipRequest.objects.all().delete()
    Partnership.objects.all().delete()
    OutgoingEmail.objects.all().delete()


def sent_again(sender, recipient="riley@fabrikam.example"):
    """A fresh request."""
    start_over()
    return PartnershipRequestFactory(provider=sender.partner, created_by=sender.user, sent=True, recipient=recipient)


def test_eight_presses_of_one_person_make_one_partnership(sender, riley):
    def check(request, results):
        assert len({result.pk for result in results}) == 1
        assert Partnership.objects.count() == 1
        assert PartnershipRequest.objects.get().state == State.ACCEPTED
        assert OutgoingEmail.objects.filter(kind="partnership_welcome").count() == 1

    run_parallel(
        lambda request, number: accept_request(request=request, nonce=request.nonce, by=riley),
        before=lambda: sent_again(sender),
        after=check,
    )


def test_of_two_companies_one_is_connected(sender, riley, casey):
    people = [riley, casey]

    def check(request, results):
        partnership = Partnership.objects.get()
        assert [result for result in results if isinstance(result, Partnership)] == [partnership]
        assert [type(result) for result in results if isinstance(result, Exception)] == [RequestUsed]
        request.refresh_from_db()
        assert (request.state, request.partnership) == (State.ACCEPTED, partnership)

    run_parallel(
        lambda request, number: accept_request(request=request, nonce=request.nonce, by=people[number]),
        n=2,
        before=lambda: sent_again(sender, ""),
        after=check,
    )


def test_of_two_colleagues_one_has_accepted(sender, riley, robin):
    people = [riley, robin]

    def check(request, results):
        assert Partnership.objects.count() == 1
        assert sum(isinstance(result, Partnership) for result in results) == 1
        assert sum(isinstance(result, Refused) for result in results) == 1

    run_parallel(
        lambda request, number: accept_request(request=request, nonce=request.nonce, by=people[number]),
        n=2,
        before=lambda: sent_again(sender),
        after=check,
    )


def test_a_request_is_accepted_or_revoked_and_never_both(sender, riley):
    # Accepting takes longer than revoking: the later rounds give it the start that it needs to win.
    head_start = itertools.count()

    def press(request, number):
        if number:
            time.sleep(next(head_start) * 0.005)
            return revoke_request(request=request, by=sender)
        return accept_request(request=request, nonce=request.nonce, by=riley)

    def check(request, results):
        accepted, revoked = results
        request.refresh_from_db()
        if isinstance(accepted, Partnership):
            assert isinstance(revoked, InvalidTransition)
            assert (request.state, request.partnership) == (State.ACCEPTED, Partnership.objects.get())
        else:
            assert isinstance(accepted, LinkWithdrawn)
            assert revoked.state == State.REVOKED
            assert (request.state, Partnership.objects.count()) == (State.REVOKED, 0)

    run_parallel(press, n=2, before=lambda: sent_again(sender), after=check)


def test_two_requests_to_one_company_make_one_partnership(sender, riley, robin):
    people = [riley, robin]

    def before():
        first = sent_again(sender)
        second = PartnershipRequestFactory(
            provider=sender.partner, created_by=sender.user, sent=True, recipient="robin@fabrikam.example"
        )
        return [first, second]

    def check(requests, results):
        assert Partnership.objects.count() == 1
        assert sum(isinstance(result, Partnership) for result in results) == 1
        assert sum(isinstance(result, Refused) for result in results) == 1
        assert sorted(PartnershipRequest.objects.values_list("state", flat=True)) == [State.ACCEPTED, State.SENT]

    run_parallel(
        lambda requests, number: accept_request(
            request=requests[number], nonce=requests[number].nonce, by=people[number]
        ),
        n=2,
        before=before,
        after=check,
    )


def test_eight_presses_of_send_send_one_mail(sender):
    def before():
        start_over()
        return make_draft(sender)

    def check(request, results):
        assert {result.pk for result in results} == {request.pk}
        assert OutgoingEmail.objects.count() == 1

    run_parallel(
        lambda request, number: send_request(request=request, by=sender), before=before, after=check, rounds=10
    )


def test_two_drafts_to_one_address_do_not_both_leave(sender, northwind):
    kim = actor_of(northwind, "kim@northwind.example")
    people = [sender, kim]

    def before():
        start_over()
        return [make_draft(person) for person in people]

    def check(requests, results):
        assert sum(isinstance(result, PartnershipRequest) for result in results) == 1
        assert sum(isinstance(result, AlreadyPending) for result in results) == 1
        assert OutgoingEmail.objects.count() == 1

    run_parallel(
        lambda requests, number: send_request(request=requests[number], by=people[number]),
        n=2,
        before=before,
        after=check,
    )


def test_the_limit_holds_for_requests_sent_at_once(sender, monkeypatch):
    monkeypatch.setattr(quotas, "REQUESTS_PER_PERSON", 3)
    drafts = [make_draft(sender, f"p{number}@fabrikam.example") for number in range(6)]
    results = at_once(*[lambda draft=draft: send_request(request=draft, by=sender) for draft in drafts])
    assert sum(isinstance(result, PartnershipRequest) for result in results) == 3
    assert sum(isinstance(result, LimitReached) for result in results) == 3
    assert OutgoingEmail.objects.count() == 3


def test_a_double_click_begins_one_draft(sender):
    drafts = at_once(*[lambda: draft_request(by=sender)] * 8)
    assert len({draft.pk for draft in drafts}) == 1


def test_a_request_expired_and_asked_again_by_two_leaves_once(sender, northwind):
    kim = actor_of(northwind, "kim@northwind.example")
    for _round in range(10):
        start_over()
        old = make_sent(sender)
        PartnershipRequest.objects.filter(pk=old.pk).update(expires_at=old.sent_at)
        drafts = [(make_draft(person), person) for person in (sender, kim)]
        results = at_once(*[lambda one=one, by=by: send_request(request=one, by=by) for one, by in drafts])
        assert sum(isinstance(result, PartnershipRequest) for result in results) == 1
        assert PartnershipRequest.objects.filter(state=State.SENT).count() == 1


def test_a_draft_that_is_discarded_while_it_is_sent_says_so(sender, draft):
    discarded, sent = while_undecided(
        lambda: discard_draft(request=draft, by=sender), lambda: send_request(request=draft, by=sender)
    )
    assert (discarded, type(sent)) == (None, DraftDiscarded)
    assert not OutgoingEmail.objects.exists()


def test_a_draft_is_discarded_once_however_often_it_is_pressed(sender, draft):
    def press():
        return discard_draft(request=PartnershipRequest.objects.get(pk=draft.pk), by=sender)

    assert while_undecided(press, press) == [None, None]
    assert not PartnershipRequest.objects.exists()
