"""A customer without subscriptions: its account, its administrator and its reseller, and nothing ordered."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.access import Actor, require
from accounts.roles import Permission
from accounts.services import PreparedPassword, prepare_temporary_password
from core.exceptions import InvalidTransition
from customers.credentials.services import issue_credentials
from customers.models import Customer
from orders.checks import DETAILS, SUBSCRIPTIONS, Problem, details_problems, lines_of, typed_problems
from orders.fulfilment import fulfilment_in_use
from orders.models import OrderDraft
from orders.services import (
    DraftCanceled,
    NotReady,
    create_customer_of,
    lock_draft,
    lock_open_draft,
    require_same,
    save_draft,
)


@transaction.atomic
def skip_offers(*, draft: OrderDraft, version: int | None = None, by: Actor) -> OrderDraft:
    """Say that the customer is to be added without subscriptions; chosen offers are taken out first, by the person."""
    draft = lock_open_draft(draft, by, version)
    if not draft.makes_customer:
        raise InvalidTransition("Without subscriptions there is nothing to do for a customer that exists.")
    if not draft.details:
        raise NotReady(details_problems(draft))
    if draft.lines.exists():
        raise NotReady([Problem(SUBSCRIPTIONS, offers_left_words())])
    draft.is_account_only = True
    draft.typed.pop(SUBSCRIPTIONS, None)
    return save_draft(draft, "is_account_only", "typed")


def offers_left_words() -> str:
    """What to do about chosen offers before they are skipped."""
    return _("Clear the numbers of licenses to add the customer without subscriptions, or go on to Review with them.")


def submit_account(*, draft: OrderDraft, reviewed: str, session_key: str, by: Actor) -> Customer:
    """Make the customer and its credentials without an order, both or neither; again: the same customer.

    As in submit_draft(), the draft's row is the submit key, and `reviewed` the fingerprint of what the person saw.
    """
    prepared = prepare_temporary_password() if draft.is_open else None
    return _submit(draft, reviewed, session_key, prepared, by)


@transaction.atomic
def _submit(
    draft: OrderDraft, reviewed: str, session_key: str, prepared: PreparedPassword | None, by: Actor
) -> Customer:
    draft = lock_draft(draft, by)
    if draft.created_customer is not None:
        return draft.created_customer
    require(by, Permission.ADD_CUSTOMER)
    if draft.state == OrderDraft.State.CANCELED:
        raise DraftCanceled(_("This draft was canceled."))
    lines = lines_of(draft)
    if not draft.makes_customer or not draft.is_account_only or lines:
        raise NotReady([Problem(SUBSCRIPTIONS, offers_left_words())])
    if not draft.details:
        raise NotReady([Problem(DETAILS, _("Enter the customer details."))])
    if problems := typed_problems(draft):
        raise NotReady(problems)
    require_same(draft, lines, reviewed)
    customer = create_customer_of(draft, fulfilment_in_use().new_customer_status, by)
    issue_credentials(customer=customer, session_key=session_key, by=by, prepared=prepared)
    draft.created_customer, draft.state, draft.details = customer, OrderDraft.State.SUBMITTED, {}
    save_draft(draft, "created_customer", "state", "details")
    return customer
