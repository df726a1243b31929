"""Requests for a reseller relationship: drafted, sent or shared, revoked, accepted, declined, expired."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.access import Actor
from accounts.models import Partner
from accounts.roles import Role
from activity.models import ActivityRecord
from core import clock
from core.exceptions import InvalidTransition, NotPermitted, Refused
from customers.models import RelationshipRequest, ResellerRelationship
from customers.relationship_requests.answers import (
    ManagerChanged,
    RequestOver,
    ResellerNotReady,
    accept_relationship_request,
    decline_relationship_request,
)
from customers.relationship_requests.services import (
    AlreadyInForce,
    RequestAlreadyOpen,
    change_request_draft,
    discard_request_draft,
    draft_relationship_request,
    revoke_relationship_request,
    send_relationship_request,
    share_relationship_request,
)
from customers.relationship_requests.wording import default_message
from customers.relationships import end_reseller_relationship, establish_relationship
from customers.services import PartnershipRequired
from mail.delivery import send_due
from mail.models import OutgoingEmail
from resellers.models import Partnership
from tests.customers.asking import MANAGE, VIEW, administrator_of, bakery, draft, expire, owner, sent  # noqa: F401
from tests.customers.conftest import actor_of
from tests.customers.test_relationships import contoso, mails  # noqa: F401 - a fixture
from tests.factories import CustomerFactory, PartnerFactory
from tests.faults import fail_at_each_statement

# ruff: noqa: F811 - fixtures of the modules above
FABRIKAM = "Fabrikam (MPN ID 0012345)"


def actions() -> list[str]:
    """What was recorded, the first first."""
    return list(ActivityRecord.objects.order_by("pk").values_list("action", flat=True))


# --- draft ------------------------------------------------------------------------------------------------------------
def test_a_draft_begins_in_the_customers_language_with_words_of_its_own(bakery, reseller, sales):
    bakery.language = "pt-br"
    bakery.save(update_fields=["language"])
    draft = draft_relationship_request(customer=bakery, reseller=reseller, scope=VIEW, by=sales)
    assert (draft.state, draft.scope, draft.reseller, draft.language) == ("draft", VIEW, reseller, "pt-br")
    assert draft.message == default_message(bakery, bakery.provider, sales.user, "pt-br")
    assert (draft.sent_at, draft.expires_at, actions(), mails()) == (None, None, [], [])


def test_a_person_has_one_draft_for_a_customer(draft, bakery, contoso, sales, admin):
    again = draft_relationship_request(customer=bakery, reseller=contoso, scope=VIEW, by=sales)
    assert (again.pk, again.reseller, again.scope) == (draft.pk, contoso, VIEW)
    colleague = draft_relationship_request(customer=bakery, reseller=contoso, scope=VIEW, by=admin)
    assert colleague.pk != draft.pk


def test_changing_the_language_takes_along_only_words_that_nobody_edited(draft, sales, reseller):
    entered = {"reseller": reseller, "scope": MANAGE, "by": sales}
    changed = change_request_draft(request=draft, language="pt-br", message=draft.message, **entered)
    assert changed.message == default_message(draft.customer, draft.customer.provider, sales.user, "pt-br")
    mine = change_request_draft(request=changed, language="pt-br", message="Oi\r\nDois", **entered)
    assert change_request_draft(request=mine, language="en", message=mine.message, **entered).message == "Oi\nDois"


def test_a_reseller_without_partnership_is_not_asked_for(draft, bakery, sales):
    stranger = PartnerFactory(reseller=True, legal_name="Elsewhere")
    with pytest.raises(Refused, match="You have no partnership with Elsewhere"):
        draft_relationship_request(customer=bakery, reseller=stranger, scope=MANAGE, by=sales)
    with pytest.raises(Refused, match="You have no partnership with Elsewhere"):
        change_request_draft(request=draft, reseller=stranger, scope=MANAGE, language="en", message="", by=sales)


def test_a_discarded_draft_is_gone_and_a_sent_one_is_not(draft, sales):
    stale = RelationshipRequest.objects.get()
    share_relationship_request(request=draft, by=sales)
    with pytest.raises(InvalidTransition, match="Revoke it"):
        discard_request_draft(request=stale, by=sales)
    RelationshipRequest.objects.update(state="draft")
    discard_request_draft(request=stale, by=sales)
    assert not RelationshipRequest.objects.exists()


# --- send and share ---------------------------------------------------------------------------------------------------
def test_sending_mails_the_contact_once(draft, sales):
    sent = send_relationship_request(request=draft, by=sales)
    again = send_relationship_request(request=draft, by=sales)
    assert (again.pk, again.sent_at) == (sent.pk, sent.sent_at)
    assert (sent.state, sent.expires_at - sent.sent_at) == ("sent", timedelta(days=30))
    assert actions() == ["relationship_request.sent"]
    record = ActivityRecord.objects.get()
    assert (record.reseller_id, record.customer_id) == (None, sent.customer.microsoft_id)
    mail = OutgoingEmail.objects.get()
    assert (mail.recipient, mail.reply_to, mail.language) == ("ana@bakery.example", sales.user.email, "en")
    assert mail.subject == "Reseller relationship with Northwind"
    link = f"/customers/{sent.customer.microsoft_id}/partners/requests/{sent.public_id}/"
    assert [line.endswith(link) for line in mail.text.splitlines() if link in line] == [True]
    text = " ".join(mail.text.split())
    for words in (
        "Northwind asks you to let its indirect reseller Fabrikam (United States, MPN ID 0012345) manage "
        "the account of Bakery (bakery.onmicrosoft.com).",
        "Sign in as an administrator of your account, like admin@bakery.onmicrosoft.com:",
        "If you accept, Fabrikam can: - See your account information, your subscriptions and your orders - Manage your "
        "account and administer your subscriptions and services on your behalf, as an administrator",
    ):
        assert words in text


def test_sharing_mails_nothing_and_can_be_followed_by_a_mail(draft, sales):
    shared = share_relationship_request(request=draft, by=sales)
    assert (shared.state, actions(), mails()) == ("sent", ["relationship_request.shared"], [])
    assert share_relationship_request(request=draft, by=sales).sent_at == shared.sent_at
    sent = send_relationship_request(request=shared, by=sales)
    assert (sent.sent_at, actions()) == (shared.sent_at, ["relationship_request.shared"])
    assert mails() == [("relationship_request", "ana@bakery.example")]


def test_a_customer_answers_one_request_at_a_time(sent, bakery, contoso, admin):
    second = draft_relationship_request(customer=bakery, reseller=contoso, scope=VIEW, by=admin)
    for leave in (send_relationship_request, share_relationship_request):
        with pytest.raises(RequestAlreadyOpen, match="the one for Fabrikam") as refusal:
            leave(request=second, by=admin)
        assert refusal.value.pending == sent
    second.refresh_from_db()
    assert (second.state, mails()) == ("draft", [])
    with pytest.raises(IntegrityError), transaction.atomic():
        RelationshipRequest.objects.filter(pk=second.pk).update(
            state="sent", sent_at=sent.sent_at, expires_at=sent.expires_at
        )


def test_an_expired_request_makes_room_and_stays_expired(sent, bakery, contoso, admin):
    expire(sent)
    second = draft_relationship_request(customer=bakery, reseller=contoso, scope=VIEW, by=admin)
    share_relationship_request(request=second, by=admin)
    sent.refresh_from_db()
    assert (sent.state, sent.is_expired, sent.answered_at) == ("revoked", True, None)
    assert list(RelationshipRequest.objects.expired()) == [sent]
    assert list(RelationshipRequest.objects.awaiting_answer()) == [second]


def test_only_a_ready_reseller_is_asked_for(draft, reseller, sales):
    Partner.objects.filter(pk=reseller.pk).update(agreement_accepted_on=None)
    with pytest.raises(PartnershipRequired, match="Fabrikam has not accepted"):
        send_relationship_request(request=draft, by=sales)
    draft.refresh_from_db()
    assert (draft.state, mails(), actions()) == ("draft", [], [])


def test_what_is_so_already_is_not_asked_for(draft, bakery, reseller, admin, sales):
    establish_relationship(customer=bakery, reseller=reseller, scope=MANAGE, by=admin)
    with pytest.raises(AlreadyInForce, match="Fabrikam has this access to the customer already"):
        share_relationship_request(request=draft, by=sales)
    narrower = change_request_draft(request=draft, reseller=reseller, scope=VIEW, language="en", message="", by=sales)
    assert share_relationship_request(request=narrower, by=sales).state == "sent"


def test_sending_is_all_or_nothing(draft, sales):
    def check() -> None:
        draft.refresh_from_db()
        assert (draft.state, draft.sent_at, actions(), mails()) == ("draft", None, [], [])

    fail_at_each_statement(lambda: send_relationship_request(request=draft, by=sales), check)
    assert RelationshipRequest.objects.get().state == "sent"


def test_only_those_who_may_request(draft, sent, bakery, reseller, provider, owner):
    others = [actor_of(provider, Role.HELPDESK_AGENT), actor_of(PartnerFactory()), actor_of(reseller), owner, Actor()]
    for actor in others:
        with pytest.raises(NotPermitted):
            draft_relationship_request(customer=bakery, reseller=reseller, scope=MANAGE, by=actor)
        for act in (send_relationship_request, share_relationship_request, revoke_relationship_request):
            with pytest.raises(NotPermitted):
                act(request=sent, by=actor)
        with pytest.raises(NotPermitted):
            discard_request_draft(request=draft, by=actor)
    assert RelationshipRequest.objects.get().state == "sent"


# --- revoke -----------------------------------------------------------------------------------------------------------
def test_revoking_ends_it_and_holds_back_the_mail(draft, sales, owner):
    sent = send_relationship_request(request=draft, by=sales)
    revoked = revoke_relationship_request(request=sent, by=sales)
    assert (revoked.state, revoked.answered_by, revoked.is_expired) == ("revoked", sales.user, False)
    again = revoke_relationship_request(request=sent, by=sales)
    assert again.answered_at == revoked.answered_at
    assert actions() == ["relationship_request.sent", "relationship_request.revoked"]
    send_due()
    assert OutgoingEmail.objects.get().state == "dropped"
    for answer in (lambda: accept(sent, owner), lambda: decline_relationship_request(request=sent, by=owner)):
        with pytest.raises(RequestOver, match="Northwind withdrew this request"):
            answer()
    assert not ResellerRelationship.objects.exists()


def test_an_answered_or_expired_request_is_not_revoked(sent, sales, owner):
    expire(sent)
    with pytest.raises(InvalidTransition):
        revoke_relationship_request(request=sent, by=sales)
    RelationshipRequest.objects.update(expires_at=clock.now() + timedelta(days=1))
    decline_relationship_request(request=sent, by=owner)
    with pytest.raises(InvalidTransition):
        revoke_relationship_request(request=sent, by=sales)
    assert RelationshipRequest.objects.get().state == "declined"


# --- answer -----------------------------------------------------------------------------------------------------------
def accept(request: RelationshipRequest, by: Actor, replaces: str = "") -> RelationshipRequest:
    """Accept what the page showed."""
    return accept_relationship_request(request=request, replaces=replaces, by=by)


def test_accepting_begins_the_relationship_in_the_name_of_the_administrator(sent, owner, reseller, sales, bakery):
    accepted = accept(sent, owner)
    assert (accepted.state, accepted.answered_by) == ("accepted", owner.user)
    begun = ResellerRelationship.objects.get()
    assert (begun.customer, begun.reseller, begun.scope, begun.set_by) == (bakery, reseller, MANAGE, owner.user)
    assert actions()[1:] == ["customer.relationship_established", "relationship_request.accepted"]
    assert mails() == [
        ("customer_assigned", "hello@fabrikam.example"),
        ("relationship_accepted", sales.user.email),
    ]
    assert OutgoingEmail.objects.get(kind="relationship_accepted").subject == (
        "Bakery accepted Fabrikam as its reseller"
    )


def test_accepting_twice_happens_once(sent, owner):
    first = accept(sent, owner)
    assert accept(sent, owner).answered_at == first.answered_at
    assert (ResellerRelationship.objects.count(), len(mails())) == (1, 2)


def test_accepting_replaces_the_reseller_that_was_shown(sent, owner, bakery, contoso, admin):
    earlier = establish_relationship(customer=bakery, reseller=contoso, by=admin)
    OutgoingEmail.objects.all().delete()
    with pytest.raises(ManagerChanged, match="Another reseller manages your account than this page said"):
        accept(sent, owner)
    sent.refresh_from_db()
    assert (sent.state, mails()) == ("sent", [])
    accept(sent, owner, replaces=str(contoso.microsoft_id))
    earlier.refresh_from_db()
    begun = ResellerRelationship.objects.current().get()
    assert (earlier.ends_at, begun.reseller.legal_name) == (begun.begins_at, "Fabrikam")
    assert [kind for kind, _to in mails()] == ["customer_access_ended", "customer_assigned", "relationship_accepted"]
    assert "Fabrikam" not in OutgoingEmail.objects.get(kind="customer_access_ended").text


def test_accepting_another_scope_of_the_same_reseller_changes_the_scope(draft, owner, bakery, reseller, admin, sales):
    establish_relationship(customer=bakery, reseller=reseller, scope=VIEW, by=admin)
    sent = share_relationship_request(request=draft, by=sales)
    accept(sent, owner, replaces=str(reseller.microsoft_id))
    begun = ResellerRelationship.objects.current().get()
    assert (begun.scope, begun.set_by) == (MANAGE, owner.user)


def test_an_expired_request_is_not_answered(sent, owner):
    expire(sent)
    for answer in (lambda: accept(sent, owner), lambda: decline_relationship_request(request=sent, by=owner)):
        with pytest.raises(RequestOver, match="The time to answer this request is over"):
            answer()
    assert not ResellerRelationship.objects.exists()


def test_readiness_lost_meanwhile_keeps_the_request_open_and_tells_no_reason(sent, owner, reseller):
    Partner.objects.filter(pk=reseller.pk).update(enrolment_state="suspended")
    with pytest.raises(ResellerNotReady) as refusal:
        accept(sent, owner)
    assert str(refusal.value).startswith("Fabrikam cannot be given access to your account at the moment.")
    assert "uspended" not in str(refusal.value)
    sent.refresh_from_db()
    assert (sent.state, ResellerRelationship.objects.count()) == ("sent", 0)
    Partner.objects.filter(pk=reseller.pk).update(enrolment_state="active")
    assert accept(sent, owner).state == "accepted"


def test_a_partnership_that_ended_gives_nothing(sent, owner):
    Partnership.objects.update(ended_at=clock.now() + timedelta(seconds=1))
    with pytest.raises(ResellerNotReady):
        accept(sent, owner)
    assert not ResellerRelationship.objects.exists()


def test_declining_says_why_and_changes_nothing(sent, owner, sales):
    declined = decline_relationship_request(request=sent, reason="We manage it ourselves", by=owner)
    assert (declined.state, declined.reason, declined.answered_by) == (
        "declined",
        "We manage it ourselves",
        owner.user,
    )
    decline_relationship_request(request=sent, reason="Again", by=owner)
    assert actions()[1:] == ["relationship_request.declined"]
    assert mails() == [("relationship_declined", sales.user.email)]
    assert "Reason: We manage it ourselves" in OutgoingEmail.objects.get().text
    with pytest.raises(RequestOver, match="This request was declined in the meantime"):
        accept(sent, owner)
    assert not ResellerRelationship.objects.exists()


def test_nobody_but_the_customers_administrator_answers(sent, admin, reseller, bakery):
    foreign = administrator_of(CustomerFactory(provider=bakery.provider))
    for actor in (admin, actor_of(reseller), foreign, actor_of(PartnerFactory()), Actor()):
        with pytest.raises(NotPermitted):
            accept(sent, actor)
        with pytest.raises(NotPermitted):
            decline_relationship_request(request=sent, by=actor)
    assert RelationshipRequest.objects.get().state == "sent"


def test_a_draft_is_not_answered(draft, owner):
    with pytest.raises(NotPermitted):
        accept(draft, owner)
    assert not RelationshipRequest.objects.visible_to(owner).exists()


def test_accepting_is_all_or_nothing(sent, owner):
    before = actions()

    def check() -> None:
        sent.refresh_from_db()
        assert (sent.state, actions(), mails(), ResellerRelationship.objects.count()) == ("sent", before, [], 0)

    fail_at_each_statement(lambda: accept(sent, owner), check)
    assert ResellerRelationship.objects.current().count() == 1


def test_the_requester_who_left_is_not_written_to(sent, owner, sales):
    sales.user.is_active = False
    sales.user.save(update_fields=["is_active"])
    accept(sent, owner)
    assert mails() == [("customer_assigned", "hello@fabrikam.example")]


def test_what_was_accepted_can_be_removed_by_the_customer(sent, owner):
    accept(sent, owner)
    end_reseller_relationship(relationship=ResellerRelationship.objects.get(), by=owner)
    assert not ResellerRelationship.objects.current().exists()
