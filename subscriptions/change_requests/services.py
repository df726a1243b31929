"""Asking for a change, talking about it, and deciding; what is approved is made by the service that makes it always."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.access import Actor, require
from accounts.roles import Permission
from activity.services import record
from core import clock
from core.exceptions import InvalidTransition, NotPermitted, Refused
from core.text import clean_message
from customers.changes import lock_customers
from subscriptions.change_requests.letters import tell
from subscriptions.change_requests.states import BECAME, Entry, State, move, reload, settled
from subscriptions.change_requests.wishes import form_of, kept_of, values_of
from subscriptions.changing import ChangedMeanwhile, ChangeRefused, lock_subscription
from subscriptions.delegation import permission_for_kind
from subscriptions.details.forms import FORMS, ChangeForm
from subscriptions.details.making import answer_to, make_change
from subscriptions.models import ChangeRequest, Subscription
from subscriptions.rules import Refused as RulesRefused


class AlreadyAsked(Refused):
    """The provider has another request of this kind to decide; `request` is it."""

    def __init__(self, request: ChangeRequest) -> None:
        super().__init__(_("Another request for this is open already. Withdraw it first, or wait for the decision."))
        self.request = request


class NotReadable(Refused):
    """What was asked can no longer be chosen, as a price that is not offered any more."""


@transaction.atomic
def submit_change_request(
    *, subscription: Subscription, kind: str, values: dict[str, Any], message: str, version: int | None, by: Actor
) -> ChangeRequest:
    """Ask the provider for one change, if the rules allow it at this moment; a draft of the person's becomes it.

    Pressed again, the open request is returned; AlreadyAsked if that one wants something else. ChangeRefused and
    ChangedMeanwhile are as in change_subscription().
    """
    subscription = _asked_about(subscription, by)
    if version is not None and version != subscription.version:
        raise ChangedMeanwhile(subscription)
    form = _read(FORMS[kind](values, subscription=subscription))
    answer = answer_to(form, clock.now())
    if isinstance(answer, RulesRefused):
        raise ChangeRefused(answer)
    if present := _present(subscription, kind, by):
        if present.values == values_of(form):
            return present
        raise AlreadyAsked(present)
    request = _keep_draft(subscription, kind, form, message, by)
    moved = move(request, Entry.SUBMITTED, by=by, text=request.message, submitted_at=clock.now())
    assert moved is not None
    record("change_request.submitted", moved, by=by, kind=kind)
    tell(moved, Entry.SUBMITTED, moved.message)
    return moved


@transaction.atomic
def save_change_request(
    *, subscription: Subscription, kind: str, values: dict[str, Any], message: str, by: Actor
) -> ChangeRequest:
    """Keep what somebody is about to ask for; one draft of each kind and person. Nobody is told."""
    subscription = _asked_about(subscription, by)
    return _keep_draft(subscription, kind, _read(FORMS[kind](values, subscription=subscription)), message, by)


@transaction.atomic
def reword_change_request(*, request: ChangeRequest, message: str, by: Actor) -> ChangeRequest:
    """Keep other words for a draft; what it wants is chosen on the page of its change."""
    _require_asker(request, by)
    drafts = ChangeRequest.objects.filter(pk=request.pk, state=State.DRAFT, created_by=by.user)
    if not drafts.update(message=clean_message(message), changed_at=clock.now()):
        raise InvalidTransition(str(BECAME[reload(request).state]))
    return reload(request)


@transaction.atomic
def discard_change_request(*, request: ChangeRequest, by: Actor) -> None:
    """Remove a draft; what was submitted is withdrawn instead, so that it is remembered."""
    _require_asker(request, by)
    if not ChangeRequest.objects.filter(pk=request.pk, state=State.DRAFT, created_by=by.user).delete()[0]:
        raise InvalidTransition(
            _("This request was submitted in the meantime. Withdraw it if it should not be decided.")
        )


@transaction.atomic
def withdraw_change_request(*, request: ChangeRequest, by: Actor) -> ChangeRequest:
    """Take an open request back; anybody of the reseller's may. A second call changes nothing."""
    _require_asker(request, by)
    return _step(request, Entry.WITHDRAWN, by)


@transaction.atomic
def answer_change_request(*, request: ChangeRequest, text: str, by: Actor) -> ChangeRequest:
    """Answer the provider's question, so that it decides."""
    _require_asker(request, by)
    return _step(request, Entry.ANSWER, by, clean_message(text))


@transaction.atomic
def ask_about_change_request(*, request: ChangeRequest, text: str, by: Actor) -> ChangeRequest:
    """Ask the reseller something before deciding."""
    require_decider(request, by)
    return _step(request, Entry.QUESTION, by, clean_message(text))


@transaction.atomic
def reject_change_request(*, request: ChangeRequest, reason: str, by: Actor) -> ChangeRequest:
    """Say no, and why; nothing of the subscription changes."""
    require_decider(request, by)
    return _step(request, Entry.REJECTED, by, clean_message(reason), decided_at=clock.now(), decided_by=by.user)


@transaction.atomic
def approve_change_request(*, request: ChangeRequest, version: int | None, by: Actor) -> ChangeRequest:
    """Say yes, and make the change in the approver's name; both or neither. A second call changes nothing.

    ChangeRefused and NotReadable say why the rules forbid it now, ChangedMeanwhile that the approver had read about
    another version: the request stays open. One that is no longer possible is closed and returned as that.
    """
    require_decider(request, by)
    # The customer before the request, and the request before its subscription, as whoever changes one takes them.
    lock_customers([request.subscription.customer_id])
    if not ChangeRequest.objects.possible().filter(pk=request.pk).exists():
        return close_change_request(request=request)
    moved = move(request, Entry.APPROVED, by=by, decided_at=clock.now(), decided_by=by.user)
    if moved is None:
        return settled(request, State.APPROVED)
    make_change(_read(form_of(moved)), version=version, by=by)
    record("change_request.approved", moved, by=by, kind=moved.kind)
    moved = reload(moved)
    tell(moved, Entry.APPROVED)
    return moved


@transaction.atomic
def close_change_request(*, request: ChangeRequest) -> ChangeRequest:
    """Note that an open request can no longer be: its reseller has lost the customer, or the subscription is gone."""
    portal = Actor(system="change requests")
    lock_customers([request.subscription.customer_id])
    if ChangeRequest.objects.possible().filter(pk=request.pk).exists():
        return reload(request)
    moved = move(request, Entry.CLOSED, by=portal)
    if moved is None:
        return reload(request)
    record("change_request.closed", moved, by=portal, kind=moved.kind)
    tell(moved, Entry.CLOSED)
    return moved


def close_impossible_requests() -> int:
    """Close what can no longer be, each in a transaction of its own, and forget such drafts; safe to run twice."""
    ChangeRequest.objects.filter(state=State.DRAFT).impossible().delete()
    rows = ChangeRequest.objects.undecided().impossible().with_people().order_by("pk")
    return sum(close_change_request(request=request).state == State.CLOSED for request in rows[:500])


# --- who may ---------------------------------------------------------------------------------------------------------
def require_decider(request: ChangeRequest, by: Actor) -> None:
    """Staff of the provider that could make the change itself, and has not asked for it in another company's name."""
    if not by.is_provider or by.partner != request.provider:
        raise NotPermitted(f"{by.label} does not act for {request.provider}.")
    require(by, permission_for_kind(request.kind), request.subscription.customer)
    if asked_by(request, by):
        raise NotPermitted(_("You took part in this request for the reseller. Somebody else decides about it."))


def asked_by(request: ChangeRequest, by: Actor) -> bool:
    """Whether the person itself asked, or spoke for the reseller."""
    if by.user is None or request.created_by_id == by.user.pk:
        return True
    return request.entries.filter(author=by.user, company=request.reseller).exists()


def _require_asker(request: ChangeRequest, by: Actor) -> None:
    if not by.is_reseller or by.partner != request.reseller or by.user is None:
        raise NotPermitted(f"{by.label} does not act for {request.reseller}.")
    require(by, Permission.REQUEST_CHANGE, request.subscription.customer)


def _asked_about(subscription: Subscription, by: Actor) -> Subscription:
    """The subscription, held; of a customer that the reseller has at this very moment."""
    if by.user is None or not by.is_reseller:
        raise NotPermitted("A change is requested by a person of a reseller.")
    subscription = lock_subscription(subscription)
    require(by, Permission.REQUEST_CHANGE, subscription.customer)
    return subscription


# --- the parts -------------------------------------------------------------------------------------------------------
def _read(form: ChangeForm) -> ChangeForm:
    if not form.is_valid():
        raise NotReadable(" ".join(str(error) for errors in form.errors.values() for error in errors))
    return form


def _present(subscription: Subscription, kind: str, by: Actor) -> ChangeRequest | None:
    """The open request of this kind; one of a reseller that had the customer before is closed, and never shown."""
    found = ChangeRequest.objects.undecided().filter(subscription=subscription, kind=kind).with_people().first()
    if found is not None and found.reseller != by.partner:
        close_change_request(request=found)
        return None
    return found


def _keep_draft(subscription: Subscription, kind: str, form: ChangeForm, message: str, by: Actor) -> ChangeRequest:
    """The person's draft of this kind with these values; the subscription is held, so there is never a second one."""
    assert by.partner is not None
    draft, _made = ChangeRequest.objects.update_or_create(
        subscription=subscription,
        kind=kind,
        created_by=by.user,
        state=State.DRAFT,
        defaults={
            "values": values_of(form),
            "message": clean_message(message),
            "reseller": by.partner,
            "before": kept_of(subscription),
            "changed_at": clock.now(),
        },
    )
    return draft


def _step(request: ChangeRequest, done: str, by: Actor, text: str = "", **fields: Any) -> ChangeRequest:
    """Move it, record that, and tell the other side; one that is there already stays as it is."""
    moved = move(request, done, by=by, text=text, **fields)
    if moved is None:
        now = reload(request)
        if done in (Entry.WITHDRAWN, Entry.REJECTED) and now.state == done:
            return now
        raise InvalidTransition(str(BECAME[now.state]))
    record(f"change_request.{RECORDED[done]}", moved, by=by, kind=moved.kind, **({"reason": text} if text else {}))
    tell(moved, done, text)
    return moved


RECORDED: dict[str, str] = {
    Entry.QUESTION: "questioned",
    Entry.ANSWER: "answered",
    Entry.WITHDRAWN: "withdrawn",
    Entry.REJECTED: "rejected",
}
