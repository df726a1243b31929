"""Asking for a change, and keeping what somebody is about to ask for; the provider is told when it is asked."""

from typing import Any

from django.db import transaction

from accounts.access import Actor, require
from accounts.roles import Permission
from activity.services import record
from core import clock
from core.exceptions import NotPermitted
from core.text import clean_message
from customers.changes import lock_customers
from customers.models import Customer
from subscriptions.change_requests.letters import tell
from subscriptions.change_requests.matters import AlreadyAsked
from subscriptions.change_requests.services import close_change_request
from subscriptions.change_requests.states import Entry, State, move
from subscriptions.change_requests.wishes import kept_of, read, values_of
from subscriptions.changing import ChangedMeanwhile, ChangeRefused, lock_subscription
from subscriptions.details.forms import FORMS, ChangeForm
from subscriptions.details.making import answer_to
from subscriptions.models import ChangeRequest, Subscription
from subscriptions.rules import Refused as RulesRefused


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
    form = read(FORMS[kind](values, subscription=subscription))
    answer = answer_to(form, clock.now())
    if isinstance(answer, RulesRefused):
        raise ChangeRefused(answer)
    if present := open_request(by, kind=kind, subscription=subscription):
        return same_or_refuse(present, values_of(form))
    return hand_in(_keep_draft(subscription, kind, form, message, by), by)


@transaction.atomic
def save_change_request(
    *, subscription: Subscription, kind: str, values: dict[str, Any], message: str, by: Actor
) -> ChangeRequest:
    """Keep what somebody is about to ask for; one draft of each kind and person. Nobody is told."""
    subscription = _asked_about(subscription, by)
    return _keep_draft(subscription, kind, read(FORMS[kind](values, subscription=subscription)), message, by)


# --- the parts, for whatever is asked --------------------------------------------------------------------------------
def require_asker(customer: Customer, by: Actor) -> Customer:
    """Hold a customer that the reseller has at this very moment, and return it as it is; a person of its asks."""
    lock_customers([customer.pk])
    customer = Customer.objects.select_related("provider").get(pk=customer.pk)
    _require_person(customer, by)
    return customer


def open_request(by: Actor, **subject: Any) -> ChangeRequest | None:
    """The open request of this kind; one of a reseller that had the customer before is closed, and never shown."""
    found = ChangeRequest.objects.undecided().filter(**subject).with_people().first()
    if found is not None and found.reseller != by.partner:
        close_change_request(request=found)
        return None
    return found


def same_or_refuse(present: ChangeRequest, values: dict[str, Any]) -> ChangeRequest:
    """The open request, if it wants just this."""
    if present.values == values:
        return present
    raise AlreadyAsked(present)


def keep(subject: dict[str, Any], *, values: dict[str, Any], before: Any, message: str, by: Actor) -> ChangeRequest:
    """The person's draft about this with these values; the caller holds the customer, so there is never a second."""
    assert by.partner is not None
    draft, _made = ChangeRequest.objects.update_or_create(
        **subject,
        created_by=by.user,
        state=State.DRAFT,
        defaults={
            "values": values,
            "message": clean_message(message),
            "reseller": by.partner,
            "before": before,
            "changed_at": clock.now(),
        },
    )
    return draft


def hand_in(draft: ChangeRequest, by: Actor) -> ChangeRequest:
    """Give a draft to the provider: recorded, and told by mail."""
    moved = move(draft, Entry.SUBMITTED, by=by, text=draft.message, submitted_at=clock.now())
    assert moved is not None
    record("change_request.submitted", moved, by=by, kind=moved.kind)
    tell(moved, Entry.SUBMITTED, moved.message)
    return moved


# --- subscriptions ---------------------------------------------------------------------------------------------------
def _asked_about(subscription: Subscription, by: Actor) -> Subscription:
    """The subscription, held; of a customer that the reseller has at this very moment."""
    subscription = lock_subscription(subscription)
    _require_person(subscription.customer, by)
    return subscription


def _require_person(customer: Customer, by: Actor) -> None:
    if by.user is None or not by.is_reseller:
        raise NotPermitted("A change is requested by a person of a reseller.")
    require(by, Permission.REQUEST_CHANGE, customer)


def _keep_draft(subscription: Subscription, kind: str, form: ChangeForm, message: str, by: Actor) -> ChangeRequest:
    subject = {"subscription": subscription, "customer": subscription.customer, "kind": kind}
    return keep(subject, values=values_of(form), before=kept_of(subscription), message=message, by=by)
