"""Asking for a change and deciding about it: who may, in which state, and that what is approved is what was asked."""

from copy import copy
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from accounts.access import Actor
from accounts.models import Membership, Partner
from accounts.roles import Role
from activity.models import ActivityRecord
from core import clock
from core.exceptions import InvalidTransition, NotPermitted
from customers.models import Customer, ResellerRelationship
from customers.relationships import change_scope, end_reseller_relationship
from mail.models import OutgoingEmail
from subscriptions.change_requests import services
from subscriptions.change_requests.asking import save_change_request, submit_change_request
from subscriptions.change_requests.matters import AlreadyAsked, NotReadable
from subscriptions.change_requests.services import (
    answer_change_request,
    approve_change_request,
    ask_about_change_request,
    close_impossible_requests,
    discard_change_request,
    reject_change_request,
    withdraw_change_request,
)
from subscriptions.change_requests.states import MOVES
from subscriptions.changing import ChangedMeanwhile, ChangeRefused, change_subscription, rename_subscription
from subscriptions.models import ChangeRequest, ChangeRequestEntry, Subscription
from subscriptions.rules import Cancel, ChangeLicenses, Suspend
from tests.customers.conftest import actor_of
from tests.factories import MembershipFactory, PartnerFactory, PartnershipFactory, ResellerRelationshipFactory
from tests.subscriptions.asking import Scope, ask, asking_customer, current
from tests.subscriptions.living import bought, offer, path

State = ChangeRequest.State


@pytest.fixture
def subscription(provider: Partner, reseller: Partner, sales: Actor) -> Subscription:
    """Ten licenses of a customer that the reseller sees and asks about."""
    return bought(asking_customer(provider, reseller), offer(), sales, at=clock.now() - timedelta(hours=1))


@pytest.fixture
def asker(reseller: Partner) -> Actor:
    return actor_of(reseller, Role.SALES_AGENT)


def relationship(subscription: Subscription) -> ResellerRelationship:
    return ResellerRelationship.objects.current().get(customer=subscription.customer)


def mails() -> list[tuple[str, str]]:
    """To whom, and about what."""
    rows = OutgoingEmail.objects.filter(kind="change_request").order_by("created_at")
    return list(rows.values_list("recipient", "subject"))


# --- asking ----------------------------------------------------------------------------------------------------------
def test_a_request_changes_nothing_and_reaches_the_provider(
    subscription: Subscription, asker: Actor, provider: Partner
) -> None:
    request = ask(subscription, asker)
    subscription.refresh_from_db()
    assert (subscription.quantity, subscription.version) == (10, 1)
    assert (request.state, request.values, request.before["quantity"]) == (State.SUBMITTED, {"quantity": "15"}, 10)
    assert mails() == [(provider.contact_email, f"{subscription.customer}: a change is requested")]
    assert ActivityRecord.objects.filter(action="change_request.submitted").count() == 1


def test_asked_twice_is_asked_once(subscription: Subscription, asker: Actor) -> None:
    assert ask(subscription, asker) == ask(subscription, asker)
    assert (ChangeRequest.objects.count(), len(mails())) == (1, 1)


def test_something_else_of_the_same_kind_waits_for_the_first(subscription: Subscription, asker: Actor) -> None:
    first = ask(subscription, asker)
    with pytest.raises(AlreadyAsked) as refused:
        ask(subscription, asker, quantity=20)
    assert refused.value.request == first
    assert ask(subscription, asker, "suspend").state == State.SUBMITTED


def test_what_the_rules_forbid_cannot_be_asked(subscription: Subscription, asker: Actor) -> None:
    with pytest.raises(ChangeRefused):
        ask(subscription, asker, quantity=301)
    assert not ChangeRequest.objects.exists()
    assert mails() == []


def test_what_was_changed_meanwhile_is_compared_first(subscription: Subscription, asker: Actor, sales: Actor) -> None:
    change_subscription(subscription=subscription, intent=ChangeLicenses(12), by=sales)
    with pytest.raises(ChangedMeanwhile):
        ask(subscription, asker)


def test_strangers_and_staff_do_not_ask(subscription: Subscription, sales: Actor, provider: Partner) -> None:
    sibling = PartnerFactory(reseller=True)
    PartnershipFactory(provider=provider, reseller=sibling)
    for by in (sales, actor_of(sibling), Actor()):
        with pytest.raises(NotPermitted):
            ask(subscription, by)


def test_a_draft_is_kept_taken_up_and_submitted(subscription: Subscription, asker: Actor) -> None:
    draft = save_change_request(
        subscription=subscription, kind="licenses", values={"quantity": "14"}, message="Soon", by=asker
    )
    assert (draft.state, mails()) == (State.DRAFT, [])
    again = save_change_request(
        subscription=subscription, kind="licenses", values={"quantity": "15"}, message="Later", by=asker
    )
    assert (again.pk, again.values, again.message) == (draft.pk, {"quantity": "15"}, "Later")
    assert ask(subscription, asker).pk == draft.pk
    with pytest.raises(InvalidTransition):
        discard_change_request(request=draft, by=asker)


def test_a_draft_is_its_writer_s_alone(
    subscription: Subscription, asker: Actor, reseller: Partner, sales: Actor
) -> None:
    draft = save_change_request(subscription=subscription, kind="suspend", values={}, message="", by=asker)
    for by in (actor_of(reseller), sales):
        assert not ChangeRequest.objects.visible_to(by).exists()
    discard_change_request(request=draft, by=asker)
    assert not ChangeRequest.objects.exists()


# --- deciding --------------------------------------------------------------------------------------------------------
def test_an_approval_makes_the_change_in_the_approver_s_name(
    subscription: Subscription, asker: Actor, sales: Actor
) -> None:
    request = approve_change_request(request=ask(subscription, asker), version=1, by=sales)
    subscription.refresh_from_db()
    assert (request.state, request.decided_by, subscription.quantity) == (State.APPROVED, sales.user, 15)
    assert ActivityRecord.objects.get(action="subscription.licenses_changed").actor_user_id == sales.user.pk
    assert mails()[-1] == (asker.user.email, f"{subscription.customer}: your request is approved")


def test_a_second_approval_changes_nothing(subscription: Subscription, asker: Actor, sales: Actor) -> None:
    request = ask(subscription, asker)
    for _press in range(2):
        assert approve_change_request(request=request, version=1, by=sales).state == State.APPROVED
    subscription.refresh_from_db()
    assert (subscription.quantity, subscription.version, len(mails())) == (15, 2, 2)


def test_a_nickname_is_asked_for_too(subscription: Subscription, asker: Actor, sales: Actor) -> None:
    request = ask(subscription, asker, "nickname", nickname="Head office")
    approve_change_request(request=request, version=1, by=sales)
    subscription.refresh_from_db()
    assert subscription.nickname == "Head office"


@pytest.mark.parametrize("kind", ["suspend", "cancel", "end", "upgrade", "schedule"])
def test_each_kind_is_made_by_its_service(kind: str, subscription: Subscription, asker: Actor, sales: Actor) -> None:
    price = offer(price="240")
    path(subscription.sku, price.sku)
    values = {
        "end": {"at_end": "cancel"},
        "upgrade": {"price": price.pk, "quantity": 10},
        "schedule": {"quantity": 8, "price": ""},
    }.get(kind, {})
    request = ask(subscription, asker, kind, **values)
    approve_change_request(request=request, version=1, by=sales)
    subscription.refresh_from_db()
    made = {
        "suspend": subscription.status == "suspended",
        "cancel": subscription.status == "deleted",
        "end": subscription.at_end == "cancel",
        "upgrade": subscription.sku_id == price.sku_id,
        "schedule": (subscription.scheduled or {}).get("quantity") == 8,
    }
    assert made[kind]
    assert current(request).state == State.APPROVED


def test_what_the_rules_forbid_by_now_stays_open(subscription: Subscription, asker: Actor, sales: Actor) -> None:
    request = ask(subscription, asker, "suspend")
    change_subscription(subscription=subscription, intent=Suspend(), by=sales)
    with pytest.raises(ChangeRefused):
        approve_change_request(request=request, version=2, by=sales)
    assert current(request).state == State.SUBMITTED
    assert not request.entries.filter(kind="approved").exists()
    assert len(mails()) == 1


def test_a_price_that_is_gone_is_said(subscription: Subscription, asker: Actor, sales: Actor) -> None:
    price = offer(price="240")
    path(subscription.sku, price.sku)
    request = ask(subscription, asker, "upgrade", price=price.pk, quantity=10)
    subscription.sku.conversions.all().delete()
    with pytest.raises(NotReadable):
        approve_change_request(request=request, version=1, by=sales)
    assert current(request).state == State.SUBMITTED


def test_an_approver_decides_about_what_it_read(subscription: Subscription, asker: Actor, sales: Actor) -> None:
    request = ask(subscription, asker)
    rename_subscription(subscription=subscription, nickname="Shop", version=1, by=sales)
    with pytest.raises(ChangedMeanwhile):
        approve_change_request(request=request, version=1, by=sales)
    assert approve_change_request(request=request, version=2, by=sales).state == State.APPROVED


def test_nothing_is_approved_when_the_record_fails(
    subscription: Subscription, asker: Actor, sales: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = ask(subscription, asker)

    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(services, "record", fail)
    with pytest.raises(RuntimeError):
        approve_change_request(request=request, version=1, by=sales)
    subscription.refresh_from_db()
    assert (subscription.quantity, current(request).state, len(mails())) == (10, State.SUBMITTED, 1)


def test_a_rejection_gives_its_reason(subscription: Subscription, asker: Actor, sales: Actor) -> None:
    request = reject_change_request(request=ask(subscription, asker), reason="They owe us.", by=sales)
    subscription.refresh_from_db()
    assert (request.state, request.decided_by, subscription.quantity) == (State.REJECTED, sales.user, 10)
    mail = OutgoingEmail.objects.filter(kind="change_request").latest("created_at")
    assert (mail.recipient, "They owe us." in mail.text, "They owe us." in mail.html) == (asker.user.email, True, True)
    with pytest.raises(InvalidTransition):
        approve_change_request(request=request, version=1, by=sales)


def test_question_and_answer(subscription: Subscription, asker: Actor, sales: Actor, admin: Actor) -> None:
    request = ask_about_change_request(request=ask(subscription, asker), text="For whom?", by=admin)
    assert request.state == State.QUESTION
    with pytest.raises(InvalidTransition):
        ask_about_change_request(request=request, text="And why?", by=sales)
    request = answer_change_request(request=request, text="The shop.", by=asker)
    assert request.state == State.SUBMITTED
    assert [recipient for recipient, _subject in mails()[1:]] == [asker.user.email, admin.user.email]
    assert list(request.entries.order_by("pk").values_list("kind", "text")) == [
        ("submitted", "They grow."),
        ("question", "For whom?"),
        ("answer", "The shop."),
    ]


def test_a_request_is_withdrawn_once(subscription: Subscription, asker: Actor, reseller: Partner, sales: Actor) -> None:
    request = ask(subscription, asker)
    colleague = actor_of(reseller)
    for _press in range(2):
        assert withdraw_change_request(request=request, by=colleague).state == State.WITHDRAWN
    assert len(mails()) == 2
    for decide in (
        lambda: approve_change_request(request=request, version=1, by=sales),
        lambda: reject_change_request(request=request, reason="No", by=sales),
        lambda: ask_about_change_request(request=request, text="Why?", by=sales),
        lambda: answer_change_request(request=request, text="So", by=asker),
    ):
        with pytest.raises(InvalidTransition):
            decide()


def test_nobody_decides_what_it_asked_for(
    subscription: Subscription, asker: Actor, provider: Partner, reseller: Partner
) -> None:
    """Also not in the other company's name, in which the same person may act."""
    for person in (asker, actor_of(reseller)):
        MembershipFactory(user=person.user, partner=provider, role=Role.ADMIN_AGENT)
    other = Membership.objects.get(partner=provider, user=person.user)
    request = ask(subscription, asker)
    as_staff = Actor(user=asker.user, partner=provider, role=Role.ADMIN_AGENT)
    speaker = Actor(user=other.user, partner=provider, role=Role.ADMIN_AGENT)
    ask_about_change_request(request=request, text="For whom?", by=speaker)
    answer_change_request(
        request=request, text="Us", by=Actor(user=other.user, partner=reseller, role=Role.GLOBAL_ADMIN)
    )
    for by in (as_staff, speaker, asker):
        with pytest.raises(NotPermitted):
            approve_change_request(request=request, version=1, by=by)
        with pytest.raises(NotPermitted):
            reject_change_request(request=request, reason="No", by=by)
    assert current(request).state == State.SUBMITTED


def test_another_provider_decides_nothing(subscription: Subscription, asker: Actor) -> None:
    request = ask(subscription, asker)
    rival = actor_of(PartnerFactory())
    assert not ChangeRequest.objects.visible_to(rival).exists()
    with pytest.raises(NotPermitted):
        approve_change_request(request=request, version=1, by=rival)


# --- rights that are gone --------------------------------------------------------------------------------------------
def test_with_the_relationship_the_request_ends(
    subscription: Subscription, asker: Actor, admin: Actor, sales: Actor
) -> None:
    request = ask(subscription, asker)
    end_reseller_relationship(relationship=relationship(subscription), by=admin)
    assert not ChangeRequest.objects.visible_to(asker).exists()
    with pytest.raises(NotPermitted):
        withdraw_change_request(request=request, by=asker)
    assert approve_change_request(request=request, version=1, by=sales).state == State.CLOSED
    subscription.refresh_from_db()
    assert subscription.quantity == 10
    assert mails()[-1] == (asker.user.email, f"{subscription.customer}: your request is closed")


def test_what_can_never_be_closed_keeps_nothing_behind_it_from_its_turn(
    subscription: Subscription, asker: Actor, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many they are: each run begins with them."""
    request = ask(subscription, asker)
    others = [copied(subscription, subscription_id=uuid4(), anchor_day=1) for _number in range(500)]
    Subscription.objects.bulk_create(others)
    broken = ChangeRequest.objects.bulk_create(
        [copied(request, public_id=uuid4(), subscription=one) for one in Subscription.objects.filter(anchor_day=1)]
    )
    last = ChangeRequest.objects.bulk_create([copied(request, public_id=uuid4(), kind="suspend")])[0]
    close = services.close_change_request

    def closed(*, request: ChangeRequest) -> ChangeRequest:
        if request in broken:
            raise RuntimeError
        return close(request=request)

    monkeypatch.setattr(services, "close_change_request", closed)
    end_reseller_relationship(relationship=relationship(subscription), by=admin)
    assert close_impossible_requests() == 2
    assert current(last).state == State.CLOSED


def copied(row: Any, **values: object) -> Any:
    """Another one like it, unsaved."""
    made = copy(row)
    for name, value in {"pk": None, **values}.items():
        setattr(made, name, value)
    return made


def test_the_clock_closes_what_is_no_longer_possible(subscription: Subscription, asker: Actor, admin: Actor) -> None:
    request = ask(subscription, asker)
    save_change_request(subscription=subscription, kind="suspend", values={}, message="", by=asker)
    assert close_impossible_requests() == 0
    end_reseller_relationship(relationship=relationship(subscription), by=admin)
    assert [close_impossible_requests(), close_impossible_requests()] == [1, 0]
    assert (current(request).state, ChangeRequest.objects.count()) == (State.CLOSED, 1)


def test_one_that_fails_keeps_no_other_from_being_closed(
    subscription: Subscription, asker: Actor, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ask(subscription, asker)
    second = ask(subscription, asker, kind="suspend")
    end_reseller_relationship(relationship=relationship(subscription), by=admin)
    real = services.close_change_request

    def rigged(*, request: ChangeRequest) -> ChangeRequest:
        if request.pk == first.pk:
            raise RuntimeError("rigged")
        return real(request=request)

    monkeypatch.setattr(services, "close_change_request", rigged)
    assert close_impossible_requests() == 1
    assert [current(one).state for one in (first, second)] == [State.SUBMITTED, State.CLOSED]


def test_a_deleted_subscription_closes_its_requests(subscription: Subscription, asker: Actor, sales: Actor) -> None:
    request = ask(subscription, asker)
    change_subscription(subscription=subscription, intent=Cancel(), by=sales)
    assert close_impossible_requests() == 1
    assert current(request).state == State.CLOSED


def test_whoever_follows_is_not_held_up(subscription: Subscription, asker: Actor, admin: Actor) -> None:
    """The former reseller's open request is closed by the first of the next one, which never hears of it."""
    former = ask(subscription, asker)
    end_reseller_relationship(relationship=relationship(subscription), by=admin)
    follower = PartnerFactory(reseller=True)
    ResellerRelationshipFactory(customer=subscription.customer, reseller=follower, scope=Scope.VIEW_AND_REQUEST)
    request = ask(subscription, actor_of(follower), quantity=20)
    assert (current(former).state, request.state) == (State.CLOSED, State.SUBMITTED)


# --- what is delegated, and what is asked for ------------------------------------------------------------------------
def test_a_manager_changes_what_is_delegated(subscription: Subscription, asker: Actor, admin: Actor) -> None:
    change_scope(relationship=relationship(subscription), scope=Scope.MANAGE, by=admin)
    change_subscription(subscription=subscription, intent=ChangeLicenses(12), by=asker)
    rename_subscription(subscription=subscription, nickname="Shop", version=2, by=asker)
    with pytest.raises(NotPermitted):
        change_subscription(subscription=subscription, intent=Cancel(), by=asker)
    assert ask(Subscription.objects.get(pk=subscription.pk), asker, "cancel").state == State.SUBMITTED
    change_scope(relationship=relationship(subscription), scope=Scope.VIEW_AND_REQUEST, by=admin)
    with pytest.raises(NotPermitted):
        change_subscription(subscription=subscription, intent=ChangeLicenses(14), by=asker)


def test_the_table_of_moves_is_the_only_way(subscription: Subscription, asker: Actor, sales: Actor) -> None:
    """Every step from every state: it is done where the table says so, and refused everywhere else."""
    request = ask(subscription, asker)
    steps = {
        "question": lambda: ask_about_change_request(request=request, text="Why?", by=sales),
        "answer": lambda: answer_change_request(request=request, text="So", by=asker),
        "withdrawn": lambda: withdraw_change_request(request=request, by=asker),
        "rejected": lambda: reject_change_request(request=request, reason="No", by=sales),
        "approved": lambda: approve_change_request(request=request, version=None, by=sales),
    }
    done = {}
    for state in State.values:
        for name, step in steps.items():
            Subscription.objects.filter(pk=subscription.pk).update(quantity=10)
            ChangeRequest.objects.filter(pk=request.pk).update(state=state)
            ChangeRequestEntry.objects.filter(request=request).exclude(kind="submitted").delete()
            try:
                step()
            except InvalidTransition:
                continue
            done[name] = {*done.get(name, set()), str(state)}
    again = {"withdrawn", "rejected", "approved"}
    assert done == {name: {*map(str, MOVES[name][0]), *([name] if name in again else [])} for name in steps}


def test_prices_stay_out_of_mails(subscription: Subscription, asker: Actor) -> None:
    price = offer(price="777.77")
    path(subscription.sku, price.sku)
    ask(subscription, asker, "upgrade", price=price.pk, quantity=10)
    mail = OutgoingEmail.objects.get(kind="change_request")
    assert price.sku.title in " ".join(mail.text.split())
    assert "777.77" not in mail.text + mail.html


def test_mails_are_of_whole_sentences(subscription: Subscription, asker: Actor) -> None:
    Customer.objects.filter(pk=subscription.customer_id).update(company_name="Padaria Inc.")
    ask(Subscription.objects.get(pk=subscription.pk), asker)
    mail = OutgoingEmail.objects.get(kind="change_request")
    assert f"{asker.partner} asks you for a change for Padaria Inc. " in " ".join(mail.text.split())
    assert "Inc.." not in mail.text + mail.html


def test_values_are_read_again(subscription: Subscription, asker: Actor) -> None:
    """What no form would accept is kept out, whoever sends it."""
    with pytest.raises(NotReadable):
        submit_change_request(
            subscription=subscription, kind="licenses", values={"quantity": "many"}, message="", version=1, by=asker
        )
