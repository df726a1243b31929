"""Acceptances that wait: for the provider's word, for the back office, for both."""

from datetime import timedelta

import pytest
import time_machine

from accounts.access import ANONYMOUS, Actor, system_actor
from accounts.models import Membership
from accounts.roles import Role
from accounts.services import set_enrolment_state
from activity.models import ActivityRecord
from core import clock
from core.exceptions import InvalidTransition, NotPermitted
from mail.models import OutgoingEmail
from resellers import refusals
from resellers.models import Partnership, PartnershipRequest, PendingAcceptance
from resellers.services import (
    accept_request,
    check_answer,
    complete_if_ready,
    confirm_acceptance,
    decline_request,
    refuse_acceptance,
    revoke_request,
    withdraw_acceptance,
)
from resellers.services.answers import PossibleAnswer
from tests.factories import PartnerFactory, PartnershipFactory
from tests.faults import fail_at_each_statement
from tests.resellers.conftest import actor_of, make_sent

State, Outcome = PartnershipRequest.State, PendingAcceptance.Outcome
BACK_OFFICE = system_actor("back office")


def actions() -> list[str]:
    """What was recorded about requests, acceptances and partnerships after sending, in order."""
    rows = ActivityRecord.objects.filter(target_type__startswith="resellers.").order_by("pk")
    return [action for action in rows.values_list("action", flat=True) if not action.endswith("request.sent")]


def mails() -> list[tuple[str, str]]:
    """Kind and recipient of what was queued about requests, but for their own mails."""
    rows = OutgoingEmail.objects.filter(kind__startswith="partnership").exclude(kind="partnership_request")
    return sorted(rows.values_list("kind", "recipient"))


def accept(request, by):
    """Accept as this person."""
    return accept_request(request=request, nonce=request.nonce, by=by)


def decide(company, state):
    """The back office's decision."""
    return set_enrolment_state(partner=company, state=state, reason="Checked.", by=BACK_OFFICE)


def refuses(refusal, request, by) -> None:
    """Assert that accepting does nothing but say this."""
    before = (actions(), mails(), Partnership.objects.count(), list(PendingAcceptance.objects.values()))
    with pytest.raises(refusals.AnswerRefused) as raised:
        accept(request, by)
    assert type(raised.value) is refusal
    assert (actions(), mails(), Partnership.objects.count(), list(PendingAcceptance.objects.values())) == before


@pytest.fixture
def pat(db) -> Actor:
    """The Global admin of a reseller whose enrolment is not decided."""
    return actor_of(PartnerFactory(reseller=True, pending=True, legal_name="Proseware"), "pat@proseware.example")


@pytest.fixture
def to_pat(sender) -> PartnershipRequest:
    """A request that was sent to Pat."""
    return make_sent(sender, "pat@proseware.example")


@pytest.fixture
def elsewhere(sent, casey) -> PendingAcceptance:
    """Casey of Contoso has accepted what was sent to Riley of Fabrikam."""
    acceptance = accept(sent, casey)
    assert isinstance(acceptance, PendingAcceptance)
    return acceptance


# --- another domain ---------------------------------------------------------------------------------------------------
def test_from_another_domain_it_waits_for_the_providers_word(sent, casey, northwind):
    assert check_answer(sent, sent.nonce, casey) == PossibleAnswer(casey.partner, from_other_domain=True)
    acceptance = accept(sent, casey)
    assert isinstance(acceptance, PendingAcceptance)
    assert (acceptance.reseller, acceptance.accepted_by) == (casey.partner, casey.user)
    assert acceptance.awaits_confirmation
    sent.refresh_from_db()
    assert (sent.state, sent.partnership, sent.opened_at) == (State.SENT, None, acceptance.accepted_at)
    assert not Partnership.objects.exists()
    assert actions() == ["pending_acceptance.began"]
    assert mails() == [("partnership_accepted_waiting", "sasha@northwind.example")]
    text = OutgoingEmail.objects.get(kind="partnership_accepted_waiting").text
    assert "Casey Lund (casey@contoso.example)" in text
    assert f"/resellers/acceptances/{acceptance.public_id}/confirm/" in text
    assert casey.partner.mpn_id in text


def test_pressed_again_it_is_the_same_acceptance(elsewhere, sent, casey):
    before = actions(), mails()
    assert accept(sent, casey) == elsewhere
    colleague = actor_of(casey.partner, "kim@contoso.example", Role.ADMIN_AGENT)
    assert accept(sent, colleague) == elsewhere
    assert (actions(), mails()) == before


def test_to_another_company_it_is_used_whoever_was_invited(elsewhere, sent, riley, tailwind):
    for other in (riley, tailwind, Actor(user=riley.user)):
        refuses(refusals.RequestUsed, sent, other)


def test_while_it_waits_it_is_not_declined(elsewhere, sent, casey):
    for somebody in (ANONYMOUS, casey):
        with pytest.raises(refusals.RequestUsed):
            decline_request(request=sent, nonce=sent.nonce, by=somebody)


def test_confirmed_the_partnership_begins(elsewhere, sent, sender, casey, northwind):
    partnership = confirm_acceptance(acceptance=elsewhere, by=sender)
    assert (partnership.provider, partnership.reseller) == (northwind, casey.partner)
    elsewhere.refresh_from_db()
    assert (elsewhere.outcome, elsewhere.confirmed_by) == (Outcome.COMPLETED, sender.user)
    sent.refresh_from_db()
    assert (sent.state, sent.answered_by, sent.answered_at) == (State.ACCEPTED, casey.user, elsewhere.accepted_at)
    assert actions()[1:] == [
        "pending_acceptance.confirmed",
        "pending_acceptance.completed",
        "partnership_request.accepted",
        "partnership.began",
    ]
    accepted = ActivityRecord.objects.get(action="partnership_request.accepted")
    assert (accepted.actor_user_id, accepted.changes) == (sender.user.pk, {"accepted_by": "Casey Lund"})
    # Sasha has just done it, so only Casey is told.
    assert mails()[1:] == [("partnership_welcome", "casey@contoso.example")]
    before = actions(), mails()
    assert confirm_acceptance(acceptance=elsewhere, by=sender) == partnership
    assert (actions(), mails()) == before


def test_a_colleague_who_confirms_lets_the_sender_know(elsewhere, northwind):
    confirm_acceptance(acceptance=elsewhere, by=actor_of(northwind, "kim@northwind.example"))
    assert ("partnership_accepted", "sasha@northwind.example") in mails()


def test_an_answer_in_time_is_confirmed_after_the_time(elsewhere, sent, sender, riley, casey):
    with time_machine.travel(clock.now() + timedelta(days=40)):
        assert accept(sent, casey) == elsewhere
        assert isinstance(confirm_acceptance(acceptance=elsewhere, by=sender), Partnership)


def test_refused_the_request_stays_open_for_whom_it_was_sent_to(elsewhere, sent, sender, casey, riley):
    for _press in range(2):
        refuse_acceptance(acceptance=elsewhere, reason="We asked Fabrikam.", by=sender)
    elsewhere.refresh_from_db()
    assert elsewhere.outcome == Outcome.REFUSED
    assert actions() == ["pending_acceptance.began", "pending_acceptance.refused"]
    assert mails()[1:] == [("partnership_not_confirmed", "casey@contoso.example")]
    mail = OutgoingEmail.objects.get(kind="partnership_not_confirmed")
    assert "We asked Fabrikam." in mail.text
    assert mail.reply_to == "sasha@northwind.example"
    refuses(refusals.NotConfirmed, sent, casey)
    with pytest.raises(InvalidTransition):
        confirm_acceptance(acceptance=elsewhere, by=sender)
    assert isinstance(accept(sent, riley), Partnership)


def test_only_who_may_request_confirms_and_refuses(elsewhere, helpdesk, tailwind, casey, riley):
    for somebody in (helpdesk, tailwind, casey, riley, ANONYMOUS):
        for service in (confirm_acceptance, refuse_acceptance):
            with pytest.raises(NotPermitted):
                service(acceptance=elsewhere, by=somebody)
    elsewhere.refresh_from_db()
    assert elsewhere.awaits_confirmation


def test_a_colleague_at_the_invited_domain_stands_in_for_the_provider(elsewhere, sent, casey, northwind):
    colleague = actor_of(casey.partner, "cleo@fabrikam.example", Role.ADMIN_AGENT)
    partnership = accept(sent, colleague)
    assert (partnership.provider, partnership.reseller) == (northwind, casey.partner)
    elsewhere.refresh_from_db()
    assert (elsewhere.outcome, elsewhere.accepted_by) == (Outcome.COMPLETED, colleague.user)
    sent.refresh_from_db()
    assert sent.answered_by == colleague.user


def test_a_colleague_at_the_invited_domain_with_a_lesser_role_does_not(elsewhere, sent, casey):
    sales = actor_of(casey.partner, "cleo@fabrikam.example", Role.SALES_AGENT)
    assert accept(sent, sales) == elsewhere
    elsewhere.refresh_from_db()
    assert elsewhere.awaits_confirmation


# --- an enrolment that is not decided ---------------------------------------------------------------------------------
def test_it_completes_itself_when_the_enrolment_is_approved(to_pat, pat, northwind):
    acceptance = accept(to_pat, pat)
    assert isinstance(acceptance, PendingAcceptance)
    assert not acceptance.awaits_confirmation
    assert mails() == [("partnership_accepted_waiting", "sasha@northwind.example")]
    assert "/confirm/" not in OutgoingEmail.objects.get(kind="partnership_accepted_waiting").text
    with time_machine.travel(clock.now() + timedelta(days=40)):
        decide(pat.partner, "active")
    partnership = Partnership.objects.get()
    assert (partnership.provider, partnership.reseller) == (northwind, pat.partner)
    acceptance.refresh_from_db()
    assert acceptance.outcome == Outcome.COMPLETED
    to_pat.refresh_from_db()
    assert (to_pat.state, to_pat.answered_by) == (State.ACCEPTED, pat.user)
    assert mails()[:2] == [
        ("partnership_accepted", "sasha@northwind.example"),
        ("partnership_accepted_waiting", "sasha@northwind.example"),
    ]
    assert ("partnership_welcome", "pat@proseware.example") in mails()


def test_rejected_it_ends_and_the_provider_hears_of_it(to_pat, pat):
    acceptance = accept(to_pat, pat)
    decide(pat.partner, "rejected")
    acceptance.refresh_from_db()
    assert acceptance.outcome == Outcome.REJECTED
    assert ("partnership_acceptance_ended", "sasha@northwind.example") in mails()
    text = OutgoingEmail.objects.get(kind="partnership_acceptance_ended").text
    assert "Its enrolment was not approved" in " ".join(text.split())
    assert "Checked." not in text
    refuses(refusals.NotEnrolled, to_pat, pat)
    decide(pat.partner, "pending")
    assert isinstance(accept(to_pat, pat), PendingAcceptance)


def test_both_are_waited_for_in_either_order(sent, sender, pat, northwind, tailwind):
    first = accept(sent, pat)
    assert confirm_acceptance(acceptance=first, by=sender) == first
    assert ("partnership_confirmed", "pat@proseware.example") in mails()
    assert confirm_acceptance(acceptance=first, by=sender) == first
    assert [kind for kind, _to in mails()].count("partnership_confirmed") == 1
    other = accept(make_sent(tailwind), pat)
    decide(pat.partner, "active")
    assert [one.provider for one in Partnership.objects.all()] == [northwind]
    other.refresh_from_db()
    assert other.awaits_confirmation
    confirm_acceptance(acceptance=other, by=tailwind)
    assert Partnership.objects.count() == 2


def test_a_suspension_ends_nothing(elsewhere, sender, casey):
    decide(casey.partner, "suspended")
    assert confirm_acceptance(acceptance=elsewhere, by=sender) == elsewhere
    assert not Partnership.objects.exists()
    decide(casey.partner, "active")
    assert Partnership.objects.count() == 1


def test_a_provider_that_is_reinstated_gets_what_waited(to_pat, pat, northwind):
    accept(to_pat, pat)
    decide(northwind, "suspended")
    decide(pat.partner, "active")
    assert not Partnership.objects.exists()
    decide(northwind, "active")
    assert Partnership.objects.count() == 1


def test_a_colleague_of_a_company_that_is_not_enrolled_stands_in_as_well(sender, pat):
    sent = make_sent(sender, "office@tailspin.example")
    acceptance = accept(sent, pat)
    colleague = actor_of(pat.partner, "lee@tailspin.example", Role.ADMIN_AGENT)
    assert accept(sent, colleague) == acceptance
    acceptance.refresh_from_db()
    assert (acceptance.accepted_by, acceptance.awaits_confirmation) == (colleague.user, False)
    decide(pat.partner, "active")
    assert Partnership.objects.get().reseller == pat.partner


# --- what still matters when it completes -----------------------------------------------------------------------------
def test_who_left_the_company_no_longer_speaks_for_it(elsewhere, sent, sender, casey):
    Membership.objects.filter(user=casey.user).update(ended_at=clock.now())
    assert confirm_acceptance(acceptance=elsewhere, by=sender).outcome == Outcome.WITHDRAWN
    assert not Partnership.objects.exists()
    assert "partnership_confirmed" not in dict(mails())
    sent.refresh_from_db()
    assert sent.state == State.SENT


def test_companies_that_became_partners_otherwise_are_not_connected_twice(elsewhere, sent, sender, casey, northwind):
    PartnershipFactory(provider=northwind, reseller=casey.partner)
    assert confirm_acceptance(acceptance=elsewhere, by=sender).outcome == Outcome.LAPSED
    assert Partnership.objects.count() == 1


def test_another_request_accepted_ends_the_wait(elsewhere, sender, casey, northwind):
    own = make_sent(sender, "casey@contoso.example")
    assert accept(own, casey).provider == northwind
    elsewhere.refresh_from_db()
    assert elsewhere.outcome == Outcome.LAPSED
    assert "partnership_not_confirmed" not in dict(mails())


def test_completing_needs_nothing_more_to_be_owed(elsewhere):
    before = actions()
    assert complete_if_ready(acceptance=elsewhere, by=BACK_OFFICE) == elsewhere
    assert (actions(), Partnership.objects.count()) == (before, 0)


# --- withdrawn, revoked -----------------------------------------------------------------------------------------------
def test_withdrawn_the_request_can_be_accepted_again(elsewhere, sent, casey):
    for _press in range(2):
        withdraw_acceptance(acceptance=elsewhere, by=casey)
    elsewhere.refresh_from_db()
    assert elsewhere.outcome == Outcome.WITHDRAWN
    assert actions() == ["pending_acceptance.began", "pending_acceptance.withdrawn"]
    assert mails()[0] == ("partnership_acceptance_ended", "sasha@northwind.example")
    again = accept(sent, casey)
    assert isinstance(again, PendingAcceptance)
    assert again != elsewhere


def test_a_colleague_may_withdraw_and_nobody_else(elsewhere, sender, riley, casey):
    sales = actor_of(casey.partner, "sam@contoso.example", Role.SALES_AGENT)
    for somebody in (sender, riley, sales, ANONYMOUS, Actor(user=casey.user)):
        with pytest.raises(NotPermitted):
            withdraw_acceptance(acceptance=elsewhere, by=somebody)
    colleague = actor_of(casey.partner, "kim@contoso.example", Role.ADMIN_AGENT)
    assert withdraw_acceptance(acceptance=elsewhere, by=colleague).outcome == Outcome.WITHDRAWN


def test_what_was_completed_is_not_withdrawn(elsewhere, sender, casey):
    confirm_acceptance(acceptance=elsewhere, by=sender)
    with pytest.raises(InvalidTransition):
        withdraw_acceptance(acceptance=elsewhere, by=casey)
    with pytest.raises(InvalidTransition):
        refuse_acceptance(acceptance=elsewhere, by=sender)
    assert Partnership.objects.active().count() == 1


def test_a_request_that_is_revoked_ends_the_wait(elsewhere, sent, sender, casey):
    revoke_request(request=sent, by=sender)
    elsewhere.refresh_from_db()
    assert elsewhere.outcome == Outcome.LAPSED
    assert ("partnership_not_confirmed", "casey@contoso.example") in mails()
    assert "withdrew the request" in OutgoingEmail.objects.get(kind="partnership_not_confirmed").text
    refuses(refusals.LinkWithdrawn, sent, casey)
    with pytest.raises(InvalidTransition):
        confirm_acceptance(acceptance=elsewhere, by=sender)


def test_after_a_refusal_was_regretted_it_waits_as_well(sent, sender, casey):
    decline_request(request=sent, nonce=sent.nonce, by=casey)
    acceptance = accept(sent, casey)
    assert isinstance(acceptance, PendingAcceptance)
    assert isinstance(confirm_acceptance(acceptance=acceptance, by=sender), Partnership)


# --- all or nothing ---------------------------------------------------------------------------------------------------
def test_waiting_begins_all_or_nothing(sent, casey):
    def nothing_was_kept():
        assert (actions(), mails(), PendingAcceptance.objects.count()) == ([], [], 0)
        assert PartnershipRequest.objects.get().opened_at is None

    assert fail_at_each_statement(lambda: accept(sent, casey), nothing_was_kept) > 8
    assert PendingAcceptance.objects.count() == 1


def test_confirming_is_all_or_nothing(elsewhere, sender):
    before = actions(), mails()

    def nothing_was_kept():
        assert (actions(), mails(), Partnership.objects.count()) == (*before, 0)
        assert PendingAcceptance.objects.get().awaits_confirmation

    assert fail_at_each_statement(lambda: confirm_acceptance(acceptance=elsewhere, by=sender), nothing_was_kept) > 12
    assert Partnership.objects.count() == 1


def test_approving_is_all_or_nothing(to_pat, pat):
    accept(to_pat, pat)
    before = actions()

    def nothing_was_kept():
        pat.partner.refresh_from_db()
        assert (actions(), Partnership.objects.count(), pat.partner.enrolment_state) == (before, 0, "pending")

    assert fail_at_each_statement(lambda: decide(pat.partner, "active"), nothing_was_kept) > 15
    assert Partnership.objects.count() == 1
