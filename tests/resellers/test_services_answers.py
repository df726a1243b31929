"""Accepting and declining."""

from datetime import timedelta

import pytest
import time_machine

from accounts.access import ANONYMOUS, Actor
from accounts.models import Membership, Partner
from accounts.roles import Role
from activity.models import ActivityRecord
from core import clock
from mail.models import OutgoingEmail
from resellers import refusals
from resellers.models import Partnership, PartnershipRequest
from resellers.services import (
    accept_request,
    answers,
    change_draft,
    check_answer,
    decline_request,
    revoke_request,
    send_request,
    share_request,
)
from resellers.services.answers import address_fits
from tests.factories import PartnershipFactory, PartnershipRequestFactory, UserFactory
from tests.faults import fail_at_each_statement
from tests.resellers.conftest import actor_of, make_draft, make_sent

State = PartnershipRequest.State


def actions() -> list[str]:
    """What was recorded, in order."""
    return list(ActivityRecord.objects.order_by("pk").values_list("action", flat=True))


def refuses(refusal, request, by, nonce=None):
    """Assert that nothing happens but this refusal."""
    before = PartnershipRequest.objects.values().get(pk=request.pk)
    partnerships, recorded, mails = Partnership.objects.count(), actions(), OutgoingEmail.objects.count()
    with pytest.raises(refusals.AnswerRefused) as raised:
        accept_request(request=request, nonce=request.nonce if nonce is None else nonce, by=by)
    assert type(raised.value) is refusal
    assert PartnershipRequest.objects.values().get(pk=request.pk) == before
    assert (Partnership.objects.count(), actions(), OutgoingEmail.objects.count()) == (partnerships, recorded, mails)


def overlook(monkeypatch) -> None:
    """Let the first check pass, as if what it should find happened a moment after it looked."""
    looks = iter([True])

    def check(request, nonce, by):
        return by.partner if next(looks, False) else check_answer(request, nonce, by)

    monkeypatch.setattr(answers, "check_answer", check)


# --- accepting --------------------------------------------------------------------------------------------------------
def test_accepting_makes_a_partnership_and_tells_both_sides(sent, sender, riley, northwind, fabrikam):
    partnership = accept_request(request=sent, nonce=sent.nonce, by=riley)
    assert (partnership.provider, partnership.reseller, partnership.ended_at) == (northwind, fabrikam, None)
    sent.refresh_from_db()
    assert (sent.state, sent.partnership, sent.answered_by) == (State.ACCEPTED, partnership, riley.user)
    assert list(Partnership.objects.visible_to(sender)) == list(Partnership.objects.visible_to(riley)) == [partnership]
    assert actions() == ["partnership_request.sent", "partnership_request.accepted", "partnership.began"]
    for record in ActivityRecord.objects.filter(action__in=["partnership_request.accepted", "partnership.began"]):
        assert (record.provider_id, record.reseller_id) == (northwind.microsoft_id, fabrikam.microsoft_id)
        assert record.acting_for_id == fabrikam.microsoft_id
    mails = OutgoingEmail.objects.exclude(kind="partnership_request").order_by("kind")
    assert [(mail.kind, mail.recipient, mail.reply_to) for mail in mails] == [
        ("partnership_accepted", "sasha@northwind.example", ""),
        ("partnership_welcome", "riley@fabrikam.example", "sasha@northwind.example"),
    ]


def test_pressed_again_accepting_gives_the_same_partnership(sent, riley):
    first = accept_request(request=sent, nonce=sent.nonce, by=riley)
    recorded, mails = actions(), OutgoingEmail.objects.count()
    assert accept_request(request=sent, nonce=sent.nonce, by=riley) == first
    assert (actions(), OutgoingEmail.objects.count()) == (recorded, mails)


def test_somebody_else_finds_it_used(sent, riley, robin, casey):
    accept_request(request=sent, nonce=sent.nonce, by=riley)
    for other in (robin, casey):
        refuses(refusals.RequestUsed, sent, other)


def test_a_declined_request_can_still_be_accepted(sent, riley):
    decline_request(request=sent, nonce=sent.nonce, by=ANONYMOUS)
    assert accept_request(request=sent, nonce=sent.nonce, by=riley)


def test_an_expired_request_is_refused_though_the_page_was_open(sent, riley):
    assert check_answer(sent, sent.nonce, riley) == riley.partner
    with time_machine.travel(clock.now() + timedelta(days=15)):
        refuses(refusals.RequestExpired, sent, riley)


def test_a_request_that_expires_at_the_last_moment_is_refused_by_the_update(sent, riley, monkeypatch):
    overlook(monkeypatch)
    PartnershipRequest.objects.update(expires_at=clock.now())
    refuses(refusals.RequestExpired, sent, riley)


def test_a_revoked_request_is_refused_by_the_update(sent, sender, riley, monkeypatch):
    revoke_request(request=sent, by=sender)
    overlook(monkeypatch)
    refuses(refusals.LinkWithdrawn, sent, riley)


def test_a_link_with_another_nonce_is_refused_by_the_update(sent, riley, monkeypatch):
    refuses(refusals.LinkWithdrawn, sent, riley, nonce="f" * 32)
    refuses(refusals.LinkWithdrawn, sent, riley, nonce="")
    overlook(monkeypatch)
    refuses(refusals.LinkWithdrawn, sent, riley, nonce="f" * 32)


def test_only_global_admins_and_admin_agents_accept(sent, fabrikam):
    able = {Role.GLOBAL_ADMIN, Role.ADMIN_AGENT}
    for number, role in enumerate(Role):
        actor = actor_of(fabrikam, f"p{number}@fabrikam.example", role)
        if role in able:
            assert check_answer(sent, sent.nonce, actor) == fabrikam
        else:
            refuses(refusals.RoleTooLow, sent, actor)


@pytest.mark.parametrize("state", ["pending", "rejected", "suspended"])
def test_a_company_that_is_not_enrolled_waits_and_the_request_stays_valid(sent, riley, fabrikam, state):
    # The actor was made before: the company is asked anew.
    Partner.objects.filter(pk=fabrikam.pk).update(enrolment_state=state)
    assert riley.partner.is_enrolled
    refuses(refusals.NotEnrolled, sent, riley)
    Partner.objects.filter(pk=fabrikam.pk).update(enrolment_state="active")
    assert accept_request(request=sent, nonce=sent.nonce, by=riley)


def test_a_provider_that_is_not_enrolled_gets_no_partners(sent, riley, northwind):
    Partner.objects.filter(pk=northwind.pk).update(enrolment_state="suspended")
    refuses(refusals.ProviderUnavailable, sent, riley)


def test_two_companies_become_partners_once(sent, riley, northwind):
    PartnershipFactory(provider=northwind, reseller=riley.partner)
    refuses(refusals.AlreadyPartners, sent, riley)


def test_the_unique_constraint_refuses_what_the_check_overlooked(sent, riley, northwind, monkeypatch):
    PartnershipFactory(provider=northwind, reseller=riley.partner)
    overlook(monkeypatch)
    refuses(refusals.AlreadyPartners, sent, riley)


def test_an_ended_partnership_may_begin_again(sent, riley, northwind):
    past = clock.now() - timedelta(days=9)
    PartnershipFactory(provider=northwind, reseller=riley.partner, began_at=past, ended_at=clock.now())
    assert accept_request(request=sent, nonce=sent.nonce, by=riley)


def test_who_acts_for_no_reseller_accepts_nothing(sender, northwind, tailwind, casey):
    shared = share_request(request=make_draft(sender, ""), channel="clipboard", by=sender)
    refuses(refusals.OwnRequest, shared, sender)
    refuses(refusals.NoReseller, shared, tailwind)
    refuses(refusals.NoReseller, shared, Actor(user=UserFactory()))
    refuses(refusals.AnotherAccount, shared, ANONYMOUS)
    assert accept_request(request=shared, nonce=shared.nonce, by=casey).reseller == casey.partner


def test_another_companys_person_is_refused(sent, casey):
    refuses(refusals.AnotherAccount, sent, casey)


def test_a_role_that_was_taken_away_no_longer_accepts(sent, riley):
    Membership.objects.filter(user=riley.user).update(role=Role.SALES_AGENT)
    refuses(refusals.RoleTooLow, sent, riley)
    Membership.objects.filter(user=riley.user).update(role=Role.GLOBAL_ADMIN, ended_at=clock.now())
    refuses(refusals.NoReseller, sent, riley)


@pytest.mark.parametrize(
    ("invited", "mine", "fits"),
    [
        ("riley@fabrikam.example", "riley@fabrikam.example", True),
        ("riley@fabrikam.example", "robin@fabrikam.example", True),
        ("riley@fabrikam.example", "ROBIN@Fabrikam.Example", True),
        ("", "anybody@else.example", True),
        ("riley@fabrikam.example", "riley@fabrikam.example.evil.example", False),
        ("riley@fabrikam.example", "riley@mail.fabrikam.example", False),
        ("riley@fabrikam.example", "riley@notfabrikam.example", False),
        ("riley@fabrikam.example", "", False),
        ("riley@gmail.com", "riley@gmail.com", True),
        ("riley@gmail.com", "robin@gmail.com", False),
        ("mike@mike.example", "mıke@mike.example", False),
        ("mike@mike.example", "mike@mıke.example", False),
        ("mike@strasse.example", "mike@straße.example", False),
        ("mike@miſter.example", "mike@mister.example", False),
        ("mike@mike.example", "mike@mike.example\u200b", True),
        ("mike@mike.example", "mike@ｍike.example", False),
    ],
)
def test_which_addresses_fit(invited, mine, fits):
    assert address_fits(invited, mine) is fits


# --- its siblings -----------------------------------------------------------------------------------------------------
def test_accepting_replaces_what_else_the_provider_asks_of_the_same_addresses(sender, tailwind, riley, northwind):
    own = {"provider": northwind, "created_by": sender.user, "sent": True}
    declined = PartnershipRequestFactory(**own, state=State.DECLINED, recipient="office@fabrikam.example")
    to_riley = PartnershipRequestFactory(**own)
    to_robin = PartnershipRequestFactory(**own, recipient="robin@fabrikam.example")
    draft = make_draft(sender, "office@fabrikam.example")
    of_tailwind = make_sent(tailwind)
    accepted = make_sent(sender, "office@fabrikam.example")
    accept_request(request=accepted, nonce=accepted.nonce, by=riley)
    states = dict(PartnershipRequest.objects.values_list("pk", "state"))
    assert states == {
        declined.pk: State.SUPERSEDED,
        to_riley.pk: State.SUPERSEDED,
        to_robin.pk: State.SENT,
        draft.pk: State.DRAFT,
        of_tailwind.pk: State.SENT,
        accepted.pk: State.ACCEPTED,
    }
    assert actions().count("partnership_request.superseded") == 2


# --- all or nothing ---------------------------------------------------------------------------------------------------
def test_accepting_is_all_or_nothing_at_every_statement(sent, riley):
    PartnershipRequestFactory(provider=sent.provider, created_by=sent.created_by, sent=True, state=State.DECLINED)
    recorded, mails = actions(), OutgoingEmail.objects.count()

    def nothing_was_kept():
        assert not Partnership.objects.exists()
        assert sorted(PartnershipRequest.objects.values_list("state", flat=True)) == [State.DECLINED, State.SENT]
        assert (actions(), OutgoingEmail.objects.count()) == (recorded, mails)

    statements = fail_at_each_statement(
        lambda: accept_request(request=sent, nonce=sent.nonce, by=riley), nothing_was_kept
    )
    assert statements > 10
    assert Partnership.objects.count() == 1
    assert OutgoingEmail.objects.count() == mails + 2
    assert actions()[len(recorded) :] == [
        "partnership_request.superseded",
        "partnership_request.accepted",
        "partnership.began",
    ]


@pytest.mark.parametrize("broken", ["record", "queue_email", "_supersede_others"])
def test_accepting_keeps_nothing_when_what_belongs_to_it_fails(sent, riley, monkeypatch, broken):
    def fail(*_args, **_options):
        raise RuntimeError

    recorded = actions()
    monkeypatch.setattr(answers, broken, fail)
    with pytest.raises(RuntimeError):
        accept_request(request=sent, nonce=sent.nonce, by=riley)
    sent.refresh_from_db()
    assert (sent.state, Partnership.objects.count(), actions()) == (State.SENT, 0, recorded)


# --- declining --------------------------------------------------------------------------------------------------------
def test_declining_tells_the_sender_once(sent, riley):
    for _press in range(2):
        declined = decline_request(request=sent, nonce=sent.nonce, by=riley)
    assert (declined.state, declined.answered_by) == (State.DECLINED, riley.user)
    assert actions() == ["partnership_request.sent", "partnership_request.declined"]
    mail = OutgoingEmail.objects.get(kind="partnership_declined")
    assert mail.recipient == "sasha@northwind.example"


def test_declining_needs_the_link_and_no_account(sent):
    with pytest.raises(refusals.LinkWithdrawn):
        decline_request(request=sent, nonce="f" * 32, by=ANONYMOUS)
    assert decline_request(request=sent, nonce=sent.nonce, by=ANONYMOUS).answered_by is None
    assert ActivityRecord.objects.get(action="partnership_request.declined").actor_label == "anonymous"


def test_a_declined_request_does_not_bar_a_new_one(sent, sender, riley):
    decline_request(request=sent, nonce=sent.nonce, by=riley)
    assert make_sent(sender).state == State.SENT


# --- what is sent -----------------------------------------------------------------------------------------------------
def test_a_draft_changed_by_two_people_is_sent_as_last_saved(sender, draft):
    change_draft(request=draft, recipient="robin@fabrikam.example", language="en", message="x", valid_days=7, by=sender)
    sent = send_request(request=draft, by=sender)
    assert (sent.recipient, OutgoingEmail.objects.get().recipient) == ("robin@fabrikam.example",) * 2
    assert sent.expires_at - sent.sent_at == timedelta(days=7)
