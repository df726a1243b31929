"""From a draft to a customer with its order: each step kept, and at the end everything or nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.access import Actor, require
from accounts.models import Partner
from accounts.roles import Permission
from accounts.services import PreparedPassword, prepare_temporary_password
from catalogue.models import Price
from core import clock
from core.exceptions import InvalidTransition, NotPermitted
from customers.account_status import AccountNotActive, require_active_account
from customers.credentials.services import issue_credentials
from customers.details import CustomerDetails
from customers.models import Customer
from customers.services import (
    DetailsRejected,
    DomainTaken,
    PartnershipRequired,
    create_customer,
)
from orders.attesting import require_attestation
from orders.checks import (
    DETAILS,
    SUBSCRIPTIONS,
    Line,
    Problem,
    customer_problems,
    draft_problems,
    line_problems,
    lines_of,
    reseller_obstacles,
    typed_problems,
)
from orders.choosing import chosen_lines
from orders.fulfilment import fulfilment_in_use
from orders.fulfilment.interface import Fulfilment
from orders.models import Order, OrderDraft, OrderDraftLine, OrderDraftQuerySet
from orders.placing import place_order
from orders.refusals import DraftCanceled, EditedMeanwhile, NotReady, OffersRefused, SomethingChanged
from orders.reviewed import differences, displayed, fingerprint, read_fingerprint
from orders.supporting import require_support_contact
from resellers.readiness import reasons
from subscriptions.starting import lock_partners

__all__ = [
    "DraftCanceled",
    "EditedMeanwhile",
    "NotReady",
    "OffersRefused",
    "SomethingChanged",
    "cancel_draft",
    "choose_offers",
    "choose_reseller",
    "create_customer_of",
    "draft_problems",
    "fingerprint",
    "keep_typed",
    "lock_draft",
    "lock_open_draft",
    "open_drafts",
    "purge_abandoned_drafts",
    "require_same",
    "save_details",
    "save_draft",
    "save_subscriptions",
    "start_draft",
    "submit_draft",
]


# --- drafts -----------------------------------------------------------------------------------------------------------
def open_drafts(actor: Actor) -> OrderDraftQuerySet:
    """The person's own unfinished work in the provider that it acts for, latest first."""
    return OrderDraft.objects.visible_to(actor).worth_resuming()


@transaction.atomic
def start_draft(
    *, reseller: Partner | None, customer: Customer | None = None, is_suggestion: bool = False, by: Actor
) -> OrderDraft:
    """Begin work on a new customer, or on new subscriptions of one that exists.

    With `is_suggestion` nobody has chosen the reseller, or none: choose_reseller() has to say it before Submit.
    """
    require(by, Permission.ADD_CUSTOMER if customer is None else Permission.PLACE_ORDER, customer)
    if by.user is None or by.partner is None:
        raise NotPermitted("Drafts belong to people of a provider.")
    now = clock.now()
    draft = OrderDraft(
        owner=by.user, provider=by.partner, reseller=reseller, customer=customer, created_at=now, changed_at=now
    )
    draft.reseller_is_suggested = is_suggestion
    _require_reseller(draft)
    draft.save()
    return draft


@transaction.atomic
def save_details(
    *,
    draft: OrderDraft,
    details: CustomerDetails,
    reseller: Partner | None,
    support_contact: Partner | None = None,
    version: int | None = None,
    by: Actor,
) -> OrderDraft:
    """Keep the details of the customer to be made and the reseller that is to manage it, and perhaps to answer for it.

    Here and below, `version` is the one that the caller saw; with None it takes the draft as it is.
    """
    draft = lock_open_draft(draft, by, version)
    if not draft.makes_customer:
        raise InvalidTransition("The customer of this draft exists.")
    draft.reseller, draft.support_contact = reseller, support_contact
    draft.details = details.to_json()
    _require_reseller(draft)
    require_support_contact(draft)
    draft.typed.pop(DETAILS, None)
    return save_draft(draft, "details", "reseller", "support_contact", "typed")


@transaction.atomic
def keep_typed(
    *, draft: OrderDraft, step: str, typed: Mapping[str, str], version: int | None = None, by: Actor
) -> OrderDraft:
    """Keep what was typed on a step and cannot be taken, as it was typed, above what was taken before."""
    draft = lock_open_draft(draft, by, version)
    if draft.typed.get(step) == typed:
        return draft
    draft.typed[step] = dict(typed)
    return save_draft(draft, "typed")


@transaction.atomic
def choose_reseller(
    *,
    draft: OrderDraft,
    reseller: Partner | None,
    support_contact: Partner | None = None,
    is_suggestion: bool = False,
    by: Actor,
) -> OrderDraft:
    """Keep who is to be the reseller of record of a customer's new subscriptions, and who answers for them.

    It is chosen with that, and no longer suggested, unless `is_suggestion`. Without a support contact the provider
    answers.
    """
    draft = lock_open_draft(draft, by)
    if draft.makes_customer:
        raise InvalidTransition("A new customer's reseller is chosen with its details.")
    draft.reseller, draft.reseller_is_suggested, draft.support_contact = reseller, is_suggestion, support_contact
    _require_reseller(draft)
    require_support_contact(draft)
    return save_draft(draft, "reseller", "reseller_is_suggested", "support_contact")


@transaction.atomic
def choose_offers(
    *,
    draft: OrderDraft,
    quantities: Mapping[Price, int],
    confirmed: Mapping[Price, int] | None = None,
    version: int | None = None,
    by: Actor,
) -> OrderDraft:
    """Keep the number of licenses of these offers; 0 takes an offer out, and offers not named stay as they are.

    `confirmed` says for offers that the customer has already beside how many subscriptions they are ordered once more.
    """
    draft = lock_open_draft(draft, by, version)
    gone, added = chosen_lines(draft, draft.lines.select_related("price"), quantities, confirmed)
    OrderDraftLine.objects.filter(pk__in=[line.pk for line in gone]).delete()
    OrderDraftLine.objects.bulk_create(added)
    draft.typed.pop(SUBSCRIPTIONS, None)
    draft.is_account_only = draft.is_account_only and not added
    return save_draft(draft, "typed", "is_account_only")


@transaction.atomic
def save_subscriptions(
    *,
    draft: OrderDraft,
    quantities: Mapping[Price, int],
    confirmed: Mapping[Price, int] | None = None,
    partners: Mapping[str, Any] | None = None,
    version: int | None = None,
    by: Actor,
) -> OrderDraft:
    """Keep the offers and, where `partners` says whom, who earns and answers for them: both or neither."""
    draft = choose_offers(draft=draft, quantities=quantities, confirmed=confirmed, version=version, by=by)
    return draft if partners is None else choose_reseller(draft=draft, **partners, by=by)


@transaction.atomic
def cancel_draft(*, draft: OrderDraft, by: Actor) -> OrderDraft:
    """Give the whole operation up: what was entered is removed, and only the fact that it was canceled stays."""
    draft = lock_draft(draft, by)
    if draft.state == OrderDraft.State.SUBMITTED:
        raise InvalidTransition(_("This order has been submitted and can no longer be canceled here."))
    return give_up(draft) if draft.state == OrderDraft.State.OPEN else draft


def give_up(draft: OrderDraft) -> OrderDraft:
    """Cancel an open draft that the caller holds and may cancel."""
    draft.lines.all().delete()
    draft.state = OrderDraft.State.CANCELED
    draft.details, draft.typed = {}, {}
    return save_draft(draft, "state", "details", "typed")


@transaction.atomic
def purge_abandoned_drafts() -> int:
    """Remove drafts that nobody touched for a month, canceled ones too; return how many there were."""
    # Locked, so that none of them is being worked on while it goes.
    old = OrderDraft.objects.abandoned().select_for_update(skip_locked=True)
    drafts = list(old.values_list("pk", flat=True))
    OrderDraft.objects.filter(pk__in=drafts).delete()
    return len(drafts)


def lock_draft(draft: OrderDraft, by: Actor) -> OrderDraft:
    """The draft as it is now, held until the end of the transaction; somebody else's is refused."""
    # Two queries: a join in the one that waits for the lock would show the related rows of before the wait.
    if not OrderDraft.objects.visible_to(by).select_for_update(no_key=True).filter(pk=draft.pk):
        raise NotPermitted(f"{by.label} has no such draft.")
    related = ("provider", "reseller", "support_contact", "customer__provider", "order__customer")
    return OrderDraft.objects.select_related(*related).get(pk=draft.pk)


def lock_open_draft(draft: OrderDraft, by: Actor, version: int | None = None) -> OrderDraft:
    """The same of a draft that can still be worked on and is still of this version."""
    locked = lock_draft(draft, by)
    require(by, Permission.ADD_CUSTOMER if locked.makes_customer else Permission.PLACE_ORDER)
    if locked.state == OrderDraft.State.CANCELED:
        raise DraftCanceled(_("This draft was canceled."))
    if locked.state == OrderDraft.State.SUBMITTED:
        raise InvalidTransition(_("This order has been submitted and cannot be changed here."))
    if version is not None and locked.version != version:
        raise EditedMeanwhile(_("This draft was changed after you opened it."))
    return locked


def save_draft(draft: OrderDraft, *names: str) -> OrderDraft:
    """Save a change of a locked draft, which makes it another version."""
    draft.version += 1
    draft.changed_at = clock.now()
    draft.save(update_fields=[*names, "version", "changed_at"])
    return draft


def _require_reseller(draft: OrderDraft) -> None:
    if found := reseller_obstacles(draft):
        raise PartnershipRequired(reasons(found))


# --- submit -----------------------------------------------------------------------------------------------------------
def submit_draft(
    *,
    draft: OrderDraft,
    reviewed: str,
    attestation: str,
    session_key: str,
    by: Actor,
    fulfilment: Fulfilment | None = None,
) -> Order:
    """Make the customer, its order, its subscriptions and its credentials, all or none; again: the same order.

    `reviewed` is the fingerprint of what the person saw, `attestation` the part in which the person said the provider
    acts. The draft's row is the submit key: whoever holds it decides, everybody else waits and then finds the order.
    The order is carried out as this installation does, unless said.
    """
    # Hashing takes longer than all the rest: it is done before anything is held.
    prepared = prepare_temporary_password() if draft.makes_customer and draft.is_open else None
    return _submit(draft, reviewed, attestation, session_key, prepared, fulfilment or fulfilment_in_use(), by)


@transaction.atomic
def _submit(
    draft: OrderDraft,
    reviewed: str,
    attestation: str,
    session_key: str,
    prepared: PreparedPassword | None,
    fulfilment: Fulfilment,
    by: Actor,
) -> Order:
    draft = lock_draft(draft, by)
    if draft.order is not None:
        return draft.order
    if draft.state == OrderDraft.State.SUBMITTED:
        raise InvalidTransition(_("This customer has been added without an order."))
    require(by, Permission.PLACE_ORDER)
    if draft.state == OrderDraft.State.CANCELED:
        raise DraftCanceled(_("This draft was canceled."))
    lines = _require_ready(draft)
    require_same(draft, lines, reviewed)
    require_attestation(draft, attestation)
    customer = draft.customer or create_customer_of(draft, fulfilment.new_customer_status, by)
    order = _place(draft, customer, lines, attestation, fulfilment, by)
    if draft.makes_customer:
        issue_credentials(customer=customer, session_key=session_key, by=by, prepared=prepared)
        draft.created_customer = customer
    draft.order, draft.state, draft.details = order, OrderDraft.State.SUBMITTED, {}
    save_draft(draft, "order", "created_customer", "state", "details")
    return order


def _require_ready(draft: OrderDraft) -> list[Line]:
    """Refuse an incomplete draft, return its lines. What create_customer() checks under its locks is left to it."""
    problems: list[Problem] = []
    if draft.customer is not None:
        refused = ""
        try:
            lock_partners(draft.customer, draft.reseller, draft.support_contact)
            # Locked after the partnerships: what the back office decides meanwhile waits, or is seen here.
            require_active_account(draft.customer, lock=True)
        except (PartnershipRequired, AccountNotActive) as error:
            refused = str(error)
        problems += customer_problems(draft) or ([Problem(SUBSCRIPTIONS, refused)] if refused else [])
    elif not draft.details:
        problems += customer_problems(draft)
    # Read while the customer is held: another order for it is either seen here, or waits and sees this one.
    lines = lines_of(draft)
    problems += [*typed_problems(draft), *line_problems(draft, lines)]
    if problems:
        raise NotReady(problems)
    return lines


def require_same(draft: OrderDraft, lines: Sequence[Line], reviewed: str) -> None:
    seen, now = read_fingerprint(reviewed), displayed(draft, lines)
    if seen is None or seen["draft"] != now["draft"]:
        raise SomethingChanged([])
    if found := differences(seen, now):
        raise SomethingChanged(found)


def create_customer_of(draft: OrderDraft, status: str, by: Actor) -> Customer:
    details, _missing = CustomerDetails.from_json(draft.details)
    try:
        return create_customer(provider=draft.provider, details=details, reseller=draft.reseller, status=status, by=by)
    except DetailsRejected as error:
        messages = [message for texts in error.errors.values() for message in texts]
        raise NotReady([Problem(DETAILS, message) for message in messages]) from error
    except (DomainTaken, PartnershipRequired) as error:
        raise NotReady([Problem(DETAILS, str(error))]) from error


def _place(
    draft: OrderDraft, customer: Customer, lines: Sequence[Line], attestation: str, fulfilment: Fulfilment, by: Actor
) -> Order:
    """Place the order; a reseller with whom no new business may be done is a problem of the draft."""
    try:
        return place_order(
            draft=draft, customer=customer, lines=lines, attestation=attestation, fulfilment=fulfilment, by=by
        )
    except PartnershipRequired as error:
        raise NotReady([Problem(SUBSCRIPTIONS, str(error))]) from error
