"""Talking about a request, and deciding; what is approved is made by the service that makes it always."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.access import Actor, require
from accounts.roles import Permission
from activity.services import record
from core import clock
from core.exceptions import InvalidTransition, NotPermitted
from core.sweeping import each
from core.text import clean_message
from customers.changes import lock_customers
from subscriptions.change_requests.letters import tell
from subscriptions.change_requests.matters import matter_of
from subscriptions.change_requests.states import BECAME, Entry, State, move, reload, settled
from subscriptions.models import ChangeRequest


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
    """Remove a draft; what was submitted is withdrawn instead, so that it is remembered.

    A second press finds it done.
    """
    _require_asker(request, by)
    rows = ChangeRequest.objects.filter(pk=request.pk)
    if not rows.filter(state=State.DRAFT, created_by=by.user).delete()[0] and rows.exists():
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
    """Say no, and why; nothing changes."""
    require_decider(request, by)
    return _step(request, Entry.REJECTED, by, clean_message(reason), decided_at=clock.now(), decided_by=by.user)


@transaction.atomic
def approve_change_request(
    *, request: ChangeRequest, version: int | None, said: Mapping[str, str] | None = None, by: Actor
) -> ChangeRequest:
    """Say yes, and make the change in the approver's name; both or neither. A second call changes nothing.

    Refusals of the service that makes it (ChangeRefused, NotReadable) say why the rules forbid it now, ChangedMeanwhile
    and EditedMeanwhile that the approver had read about another version, NotConfirmed what has to be `said` with it:
    the request stays open. One that is no longer possible is closed and returned as that.
    """
    require_decider(request, by)
    matter_of(request).hold(request)
    # The customer before the request, and the request before its subscription, as whoever changes one takes them.
    lock_customers([request.customer_id])
    if not ChangeRequest.objects.possible().filter(pk=request.pk).exists():
        return close_change_request(request=request)
    moved = move(request, Entry.APPROVED, by=by, decided_at=clock.now(), decided_by=by.user)
    if moved is None:
        return settled(request, State.APPROVED)
    matter_of(moved).make(moved, version=version, said=said or {}, by=by)
    record("change_request.approved", moved, by=by, kind=moved.kind)
    moved = reload(moved)
    tell(moved, Entry.APPROVED)
    return moved


@transaction.atomic
def close_change_request(*, request: ChangeRequest) -> ChangeRequest:
    """Note that an open request can no longer be: its reseller has lost the customer, or the subscription is gone."""
    portal = Actor(system="change requests")
    lock_customers([request.customer_id])
    if ChangeRequest.objects.possible().filter(pk=request.pk).exists():
        return reload(request)
    moved = move(request, Entry.CLOSED, by=portal)
    if moved is None:
        return reload(request)
    record("change_request.closed", moved, by=portal, kind=moved.kind)
    tell(moved, Entry.CLOSED)
    return moved


def close_impossible_requests() -> int:
    """Close what can no longer be, each in a transaction of its own, and forget such drafts; safe to run twice.

    One that fails is logged and keeps no other from its turn.
    """
    ChangeRequest.objects.filter(state=State.DRAFT).impossible().delete()
    rows = ChangeRequest.objects.undecided().impossible().order_by("pk")
    return each("Change request %s could not be closed", rows.values_list("pk", flat=True), _close)


def _close(key: int) -> bool:
    request = ChangeRequest.objects.with_people().get(pk=key)
    return close_change_request(request=request).state == State.CLOSED


# --- who may ---------------------------------------------------------------------------------------------------------
def require_decider(request: ChangeRequest, by: Actor) -> None:
    """Staff of the provider that could make the change itself, and has not asked for it in another company's name."""
    if not by.is_provider or by.partner != request.provider:
        raise NotPermitted(f"{by.label} does not act for {request.provider}.")
    require(by, matter_of(request).permission(request.kind), request.customer)
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
    require(by, Permission.REQUEST_CHANGE, request.customer)


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
