"""Asking for new subscriptions, keeping what somebody is about to ask for, and ordering what was approved."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.access import Actor, require
from accounts.roles import Permission
from catalogue.models import Price
from core.exceptions import InvalidTransition, NotPermitted
from customers.account_status import standing
from customers.agreements import AGREEMENT_NAME, has_agreement
from customers.models import Customer
from orders.asking.wanted import (
    LINES,
    TYPED,
    Kind,
    draft_lines,
    draft_of,
    edition_of,
    lines_of,
    owned_before,
    unsaved_draft,
    values_of,
)
from orders.checks import (
    SUBSCRIPTIONS,
    Line,
    Problem,
    customer_problems,
    line_problems,
    reseller_obstacles,
    typed_problems,
)
from orders.choosing import chosen_lines
from orders.models import Order, OrderDraft, OrderDraftLine
from orders.refusals import EditedMeanwhile, NotReady
from orders.services import submit_draft
from subscriptions.change_requests.asking import hand_in, keep, open_request, require_asker
from subscriptions.change_requests.matters import AlreadyAsked
from subscriptions.models import ChangeRequest

State = ChangeRequest.State


# --- drafts -----------------------------------------------------------------------------------------------------------
def own_draft(customer: Customer, by: Actor) -> ChangeRequest | None:
    """What the person is about to ask for this customer."""
    drafts = ChangeRequest.objects.filter(customer=customer, kind=Kind.ADD, state=State.DRAFT)
    return drafts.filter(created_by=by.user, reseller=by.partner).with_people().first()


@transaction.atomic
def save_order_request(
    *,
    customer: Customer,
    quantities: Mapping[Price, int],
    confirmed: Mapping[Price, int] | None = None,
    edition: int | None = None,
    by: Actor,
) -> ChangeRequest | None:
    """Keep the number of licenses of these offers; 0 takes an offer out, and offers not named stay as they are.

    Nobody is told. Nothing is kept where nothing was chosen. `edition` is what the page showed; with None it is taken
    as it is, else EditedMeanwhile says that something else was kept since.
    """
    customer, present = _about_to_ask(customer, edition, by)
    values = present.values if present else {}
    draft = _unsaved(customer, values, by)
    lines = draft_lines(draft, values)
    gone, added = chosen_lines(draft, lines, quantities, confirmed)
    lines = [*(line for line in lines if line not in gone), *added]
    if present is None and not lines:
        return None
    return _kept(customer, values_of(lines), present, by)


@transaction.atomic
def keep_typed_request(
    *, customer: Customer, typed: Mapping[str, str], edition: int | None = None, by: Actor
) -> ChangeRequest:
    """Keep what was typed and cannot be taken, as it was typed, above what was taken before."""
    customer, present = _about_to_ask(customer, edition, by)
    before = present.values.get(LINES, []) if present else []
    return _kept(customer, {LINES: before, TYPED: dict(typed)}, present, by)


def _about_to_ask(customer: Customer, edition: int | None, by: Actor) -> tuple[Customer, ChangeRequest | None]:
    """The customer, held, and the person's draft as it is now."""
    customer = require_asker(customer, by)
    present = own_draft(customer, by)
    if edition is not None and edition != edition_of(present.values if present else {}):
        raise EditedMeanwhile(_("This draft was changed after you opened it."))
    return customer, present


def _unsaved(customer: Customer, values: Mapping[str, Any], by: Actor) -> OrderDraft:
    assert by.partner is not None
    return unsaved_draft(customer, by.partner, values)


def _kept(customer: Customer, values: dict[str, Any], present: ChangeRequest | None, by: Actor) -> ChangeRequest:
    before = owned_before(lines_of(_unsaved(customer, values, by), values, by))
    message = present.message if present else ""
    return keep({"customer": customer, "kind": Kind.ADD}, values=values, before=before, message=message, by=by)


# --- asking -----------------------------------------------------------------------------------------------------------
@transaction.atomic
def submit_order_request(*, request: ChangeRequest, message: str, version: int | None, by: Actor) -> ChangeRequest:
    """Ask the provider to order what a draft says, if the rules allow it at this moment.

    Pressed again, what was asked is returned. NotReady says what the rules forbid, AlreadyAsked that another request
    for the customer is open, EditedMeanwhile that the person had read another version.
    """
    customer = require_asker(request.customer, by)
    found = ChangeRequest.objects.with_people().filter(pk=request.pk).first()
    if found is None:
        raise InvalidTransition(_("This draft was discarded in the meantime."))
    if found.created_by != by.user or found.reseller != by.partner:
        raise NotPermitted(f"{by.label} has no such draft.")
    if found.state != State.DRAFT:
        return found
    if present := open_request(by, kind=Kind.ADD, customer=customer):
        raise AlreadyAsked(present)
    if version is not None and version != edition_of(found.values):
        raise EditedMeanwhile(_("This draft was changed after you opened it."))
    draft = draft_of(found)
    lines = lines_of(draft, found.values, by)
    if problems := problems_of(draft, lines, found.values, by):
        raise NotReady(problems)
    facts = {"values": found.values, "before": owned_before(lines), "message": message, "by": by}
    return hand_in(keep({"customer": customer, "kind": Kind.ADD}, **facts), by)


def problems_of(draft: OrderDraft, lines: Sequence[Line], values: Mapping[str, Any], reader: Actor) -> list[Problem]:
    """Everything that keeps it from being ordered now, in words for the reader's side."""
    lost = lost_problems((line.chosen.pk for line in lines), values)
    found = [*customer_obstacles(draft, reader), *lost, *typed_problems(draft)]
    return [*found, *line_problems(draft, lines, reader if reader.is_reseller else None)]


def customer_obstacles(draft: OrderDraft, reader: Actor) -> list[Problem]:
    """What keeps anything from being ordered: the account, the agreement, the reseller that would be of record."""
    if not reader.is_reseller:
        return customer_problems(draft)
    words = [*_account_words(draft), *(obstacle.sentence for obstacle in reseller_obstacles(draft))]
    return [Problem(SUBSCRIPTIONS, text) for text in words]


def lost_problems(prices: Iterable[int], values: Mapping[str, Any]) -> list[Problem]:
    """Of which offers even the price that was chosen is gone: it is not among these."""
    known = set(prices)
    lost = [one["offer"] for one in values.get(LINES, ()) if one["price"] not in known]
    return [
        Problem(SUBSCRIPTIONS, _("%(offer)s is not on sale for this customer.") % {"offer": offer}) for offer in lost
    ]


def _account_words(draft: OrderDraft) -> list[str]:
    """Whether the customer may buy, for a reseller, who repairs nothing of it."""
    customer = draft.customer
    assert customer is not None
    account = standing(customer, may_repair=False)
    words = [f"{account.meaning} {account.repair}"] if account.meaning else []
    if not has_agreement(customer):
        text = _("%(customer)s has not accepted the %(agreement)s yet. Ask your provider to confirm it first.")
        words.append(text % {"customer": customer, "agreement": AGREEMENT_NAME})
    return words


# --- ordering ---------------------------------------------------------------------------------------------------------
@transaction.atomic
def place_requested_order(*, request: ChangeRequest, reviewed: str, attestation: str, by: Actor) -> Order:
    """Order what a request wants by the service that places every order; its rules are asked again, under their locks.

    The draft that it is made from takes the number of the request: a second one cannot be. NotReady, SomethingChanged
    and AttestationMissing are as in submit_draft().
    """
    require(by, Permission.PLACE_ORDER, request.customer)
    assert by.user is not None
    draft = draft_of(request)
    lines = draft_lines(draft, request.values)
    if problems := lost_problems((line.price_id for line in lines), request.values):
        raise NotReady(problems)
    draft.owner = by.user
    draft.save()
    OrderDraftLine.objects.bulk_create(lines)
    order = submit_draft(draft=draft, reviewed=reviewed, attestation=attestation, session_key="", by=by)
    order.requested_in = request
    order.save(update_fields=["requested_in"])
    return order
