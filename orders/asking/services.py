"""Asking for new subscriptions, keeping what somebody is about to ask for, and ordering what was approved."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.access import Actor, require
from accounts.roles import Permission
from catalogue.models import Price
from core.exceptions import NotPermitted
from customers.account_status import standing
from customers.agreements import AGREEMENT_NAME, has_agreement
from customers.models import Customer
from orders.asking.wanted import (
    LINES,
    TYPED,
    Kind,
    Wanted,
    edition_of,
    owned_before,
    unsaved_draft,
    values_of,
)
from orders.checks import (
    SUBSCRIPTIONS,
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
from orders.supporting import require_support_contact, support_problem
from subscriptions.change_requests.asking import hand_in, keep, open_request, require_asker
from subscriptions.change_requests.matters import AlreadyAsked
from subscriptions.change_requests.states import reload
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
    supports: bool = False,
    edition: int | None = None,
    by: Actor,
) -> ChangeRequest | None:
    """Keep the number of licenses of these offers; 0 takes an offer out, and offers not named stay as they are.

    With `supports` the reseller is to be the designated support contact, if it may. Nobody is told. Nothing is kept
    where nothing was chosen. `edition` is what the page showed; with None it is taken as it is, else EditedMeanwhile
    says that something else was kept since.
    """
    customer, present = _about_to_ask(customer, edition, by)
    before = _wanted(customer, present.values if present else {}, by)
    gone, added = chosen_lines(before.draft, before.kept, quantities, confirmed)
    lines = [*(line for line in before.kept if line not in gone), *added]
    if present is None and not lines and not supports:
        return None
    wanted = _wanted(customer, values_of(lines, supports=supports), by)
    require_support_contact(wanted.draft)
    return _keep(wanted, present.message if present else "", by)


@transaction.atomic
def keep_typed_request(
    *, customer: Customer, typed: Mapping[str, str], edition: int | None = None, by: Actor
) -> ChangeRequest:
    """Keep what was typed and cannot be taken, as it was typed, above what was taken before."""
    customer, present = _about_to_ask(customer, edition, by)
    before = present.values if present else {LINES: []}
    wanted = _wanted(customer, {**before, TYPED: dict(typed)}, by)
    return _keep(wanted, present.message if present else "", by)


def _about_to_ask(customer: Customer, edition: int | None, by: Actor) -> tuple[Customer, ChangeRequest | None]:
    """The customer, held, and the person's draft as it is now."""
    customer = require_asker(customer, by)
    present = own_draft(customer, by)
    if edition is not None and edition != edition_of(present.values if present else {}):
        raise EditedMeanwhile(_("This draft was changed after you opened it."))
    return customer, present


def _wanted(customer: Customer, values: dict[str, Any], by: Actor) -> Wanted:
    assert by.partner is not None
    return Wanted(unsaved_draft(customer, by.partner, values), values, by)


def _keep(wanted: Wanted, message: str, by: Actor) -> ChangeRequest:
    subject = {"customer": wanted.draft.customer, "kind": Kind.ADD}
    return keep(subject, values=wanted.values, before=owned_before(wanted.lines), message=message, by=by)


# --- asking -----------------------------------------------------------------------------------------------------------
@transaction.atomic
def submit_order_request(*, request: ChangeRequest, message: str, version: int | None, by: Actor) -> ChangeRequest:
    """Ask the provider to order what a draft says, if the rules allow it at this moment.

    Pressed again, what was asked is returned. NotReady says what the rules forbid, AlreadyAsked that another request
    for the customer is open, EditedMeanwhile that the person had read another version.
    """
    customer = require_asker(request.customer, by)
    found = reload(request)
    if found.created_by != by.user or found.reseller != by.partner:
        raise NotPermitted(f"{by.label} has no such draft.")
    if found.state != State.DRAFT:
        return found
    if present := open_request(by, kind=Kind.ADD, customer=customer):
        raise AlreadyAsked(present)
    if version is not None and version != edition_of(found.values):
        raise EditedMeanwhile(_("This draft was changed after you opened it."))
    wanted = Wanted.by(found, by)
    if problems := problems_of(wanted):
        raise NotReady(problems)
    return hand_in(_keep(wanted, message, by), by)


def problems_of(wanted: Wanted) -> list[Problem]:
    """Everything that keeps it from being ordered now, in words for the reader's side."""
    draft = wanted.draft
    found = [*customer_obstacles(draft, wanted.reader), *lost_problems(wanted), *typed_problems(draft)]
    return [*found, *line_problems(draft, wanted.lines, wanted.reader)]


def customer_obstacles(draft: OrderDraft, reader: Actor) -> list[Problem]:
    """What keeps anything from being ordered: the account, the agreement, the reseller and the support contact."""
    if not reader.is_reseller:
        return customer_problems(draft)
    words = [*_account_words(draft), *(obstacle.own for obstacle in reseller_obstacles(draft))]
    return [Problem(SUBSCRIPTIONS, text) for text in (*words, support_problem(draft)) if text]


def lost_problems(wanted: Wanted) -> list[Problem]:
    """Of which offers even the price that was chosen is gone."""
    lost = [one["offer"] for one in wanted.values.get(LINES, ()) if one["price"] not in wanted.prices]
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
    wanted = Wanted.by(request, by)
    if problems := lost_problems(wanted):
        raise NotReady(problems)
    draft = wanted.draft
    draft.owner = by.user
    draft.save()
    OrderDraftLine.objects.bulk_create(wanted.kept)
    order = submit_draft(draft=draft, reviewed=reviewed, attestation=attestation, session_key="", by=by)
    order.requested_in = request
    order.save(update_fields=["requested_in"])
    return order
