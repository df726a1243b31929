"""Accepting and declining."""

from datetime import timedelta

import pytest
import time_machine

from accounts.access import ANONYMOUS, Actor, system_actor
from accounts.models import Membership, Partner, User
from accounts.roles import Role
from accounts.services import set_user_active
from activity.models import ActivityRecord
from core import clock
from mail.models import OutgoingEmail
from resellers import refusals
from resellers.addresses import address_fits
from resellers.models import Partnership, PartnershipRequest
from resellers.services import (
    accept_request,
    change_draft,
    check_answer,
    connecting,
    decline_request,
    revoke_request,
    send_request,
    share_request,
    telling,
)
from resellers.services.answers import PossibleAnswer
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
    assert check_answer(sent, sent.nonce, riley).company == riley.partner
    with time_machine.travel(clock.now() + timedelta(days=15)):
        refuses(refusals.RequestExpired, sent, riley)


def test_a_revoked_request_is_refused(sent, sender, riley):
    revoke_request(request=sent, by=sender)
    refuses(refusals.LinkWithdrawn, sent, riley)


def test_a_link_with_another_nonce_is_refused(sent, riley):
    refuses(refusals.LinkWithdrawn, sent, riley, nonce="f" * 32)
    refuses(refusals.LinkWithdrawn, sent, riley, nonce="")


def test_what_changed_since_the_page_was_read_is_seen(sent, sender, riley):
    stale = PartnershipRequest.objects.select_related("provider").get(pk=sent.pk)
    revoke_request(request=sent, by=sender)
    refuses(refusals.LinkWithdrawn, stale, riley)


def test_only_global_admins_and_admin_agents_accept(sent, fabrikam):
    able = {Role.GLOBAL_ADMIN, Role.ADMIN_AGENT}
    for number, role in enumerate(Role):
        actor = actor_of(fabrikam, f"p{number}@fabrikam.example", role)
        if role in able:
            assert check_answer(sent, sent.nonce, actor) == PossibleAnswer(fabrikam, from_other_domain=False)
        else:
            refuses(refusals.RoleTooLow, sent, actor)


@pytest.mark.parametrize("state", ["rejected", "suspended"])
def test_a_company_that_is_not_enrolled_cannot_accept_and_the_request_stays_valid(sent, riley, fabrikam, state):
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


def test_a_person_of_another_domain_who_acts_for_no_reseller_is_refused(sent, tailwind):
    refuses(refusals.AnotherAccount, sent, tailwind)
    refuses(refusals.AnotherAccount, sent, Actor(user=UserFactory()))
    refuses(refusals.NoReseller, sent, Actor(user=UserFactory(sign_in_name="new@fabrikam.example")))


def test_a_mailbox_that_nobody_has_seen_read_accepts_nothing(sent, riley):
    # The actor was made before: the person is asked anew.
    User.objects.filter(pk=riley.user.pk).update(email_proved_at=None)
    assert riley.user.email_proved_at
    refuses(refusals.MailboxNotProved, sent, riley)
    shared = PartnershipRequestFactory(provider=sent.provider, created_by=sent.created_by, sent=True, recipient="")
    refuses(refusals.MailboxNotProved, shared, riley)
    User.objects.filter(pk=riley.user.pk).update(email_proved_at=clock.now())
    assert accept_request(request=sent, nonce=sent.nonce, by=riley)


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
        ("riley@gmail.com", "riley@fabrikam.example", False),
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


@pytest.mark.parametrize(
    ("module", "name"),
    [(connecting, "record"), (telling, "queue_email"), (connecting, "_supersede_others"), (connecting, "lapse_others")],
)
def test_accepting_keeps_nothing_when_what_belongs_to_it_fails(sent, riley, monkeypatch, module, name):
    def fail(*_args, **_options):
        raise RuntimeError

    recorded = actions()
    monkeypatch.setattr(module, name, fail)
    with pytest.raises(RuntimeError):
        accept_request(request=sent, nonce=sent.nonce, by=riley)
    sent.refresh_from_db()
    assert (sent.state, Partnership.objects.count(), actions()) == (State.SENT, 0, recorded)


# --- who is told ------------------------------------------------------------------------------------------------------
def test_when_the_sender_may_no_longer_the_companys_contact_is_told(sent, sender, riley, northwind):
    Membership.objects.filter(user=sender.user).update(ended_at=clock.now())
    accept_request(request=sent, nonce=sent.nonce, by=riley)
    mails = OutgoingEmail.objects.exclude(kind="partnership_request").order_by("kind")
    assert [(mail.kind, mail.recipient, mail.reply_to) for mail in mails] == [
        ("partnership_accepted", northwind.contact_email, ""),
        ("partnership_welcome", "riley@fabrikam.example", northwind.contact_email),
    ]


def test_what_somebody_sent_who_was_deactivated_stays_their_companys(sent, sender, riley, northwind):
    colleague = actor_of(northwind, "kim@northwind.example", Role.SALES_AGENT)
    set_user_active(user=sender.user, active=False, by=system_actor("back office"))
    assert list(PartnershipRequest.objects.visible_to(colleague).listed()) == [sent]
    assert check_answer(sent, sent.nonce, riley).company == riley.partner
    revoke_request(request=sent, by=colleague)
    refuses(refusals.LinkWithdrawn, sent, riley)


# --- declining --------------------------------------------------------------------------------------------------------
def test_declining_tells_the_sender_once(sent, riley):
    for _press in range(2):
        declined = decline_request(request=sent, nonce=sent.nonce, by=riley)
    assert (declined.state, declined.answered_by) == (State.DECLINED, riley.user)
    assert actions() == ["partnership_request.sent", "partnership_request.declined"]
    mail = OutgoingEmail.objects.get(kind="partnership_declined")
    assert mail.recipient == "sasha@northwind.example"


def test_declining_keeps_the_reason_and_the_note(sent, riley):
    Reason = PartnershipRequest.DeclineReason
    decline_request(request=sent, nonce=sent.nonce, by=riley, reason=Reason.OTHER_PROVIDER, note="We have one.")
    sent.refresh_from_db()
    assert (sent.decline_reason, sent.decline_note) == ("other_provider", "We have one.")
    changes = ActivityRecord.objects.get(action="partnership_request.declined").changes
    assert changes == {"state": ["sent", "declined"], "reason": "other_provider", "note": "We have one."}
    mail = OutgoingEmail.objects.get(kind="partnership_declined")
    assert "Reason: We work with another provider" in mail.text
    assert "We have one." in mail.text
    accept_request(request=sent, nonce=sent.nonce, by=riley)
    sent.refresh_from_db()
    assert (sent.state, sent.decline_reason, sent.decline_note) == (State.ACCEPTED, "", "")


def test_the_reason_is_in_the_senders_language(sent, sender):
    User.objects.filter(pk=sender.user.pk).update(language="pt-br")
    decline_request(request=sent, nonce=sent.nonce, by=ANONYMOUS, reason=PartnershipRequest.DeclineReason.NOT_NOW)
    assert OutgoingEmail.objects.get(kind="partnership_declined").language == "pt-br"


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
