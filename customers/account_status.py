"""The state of a customer's account: what it means, who decides it, and that only an active one buys."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Actor
from accounts.models import Membership
from activity.models import ActivityRecord
from activity.services import record
from core import clock
from core.exceptions import InvalidTransition, NotPermitted, Refused
from customers.letters import tell_of_the_beginning
from customers.models import Customer
from mail.services import queue_email

Status = Customer.Status

# From which states the programme may decide for which, and what the record calls it.
DECISIONS: dict[str, dict[str, str]] = {
    Status.PENDING: {
        Status.UNDER_REVIEW: "customer.put_under_review",
        Status.ACTIVE: "customer.approved",
        Status.NOT_APPROVED: "customer.not_approved",
    },
    Status.UNDER_REVIEW: {Status.ACTIVE: "customer.approved", Status.NOT_APPROVED: "customer.not_approved"},
    Status.ACTIVE: {
        Status.UNDER_REVIEW: "customer.put_under_review",
        Status.NOT_APPROVED: "customer.not_approved",
    },
    Status.NOT_APPROVED: {Status.UNDER_REVIEW: "customer.put_under_review", Status.ACTIVE: "customer.approved"},
}
# What the record calls it when the account comes with its first subscription.
SET_UP = "customer.set_up"
ACTIONS = sorted({action for decisions in DECISIONS.values() for action in decisions.values()})
# States in which somebody loses something and must be told why.
REASON_NEEDED = {Status.UNDER_REVIEW, Status.NOT_APPROVED}
STATUS_KINDS = {
    Status.PENDING: "info",
    Status.ACTIVE: "success",
    Status.UNDER_REVIEW: "warning",
    Status.NOT_APPROVED: "danger",
}
# What each state but the active one means, and what those who look after the customer can do about it.
MEANINGS: dict[str, Any] = {
    Status.PENDING: gettext_lazy("The account of %(customer)s is still being set up."),
    Status.UNDER_REVIEW: gettext_lazy("The account of %(customer)s is under review."),
    Status.NOT_APPROVED: gettext_lazy("The account of %(customer)s was not approved."),
}
REPAIRS: dict[str, Any] = {
    Status.PENDING: gettext_lazy(
        "Subscriptions can be ordered and licenses changed as soon as it is active; nothing is left for you to do."
    ),
    Status.UNDER_REVIEW: gettext_lazy(
        "Until the review is finished nothing can be ordered and no licenses changed; what the customer has goes on. "
        "Check meanwhile that the company info on the Account page is exact."
    ),
    Status.NOT_APPROVED: gettext_lazy(
        "Nothing can be ordered and no licenses changed; what the customer has goes on. "
        "Correct the company info on the Account page, then ask the back office to review the account again."
    ),
}


class AccountNotActive(Refused):
    """The customer's account is not active: no order is placed and no licenses are changed."""


@dataclass(frozen=True)
class Standing:
    """The state of an account as pages show it; `meaning` and `repair` are empty for an active one."""

    kind: str
    label: str
    meaning: str = ""
    repair: str = ""
    reason: str = ""


def standing(customer: Customer, *, may_repair: bool = True) -> Standing:
    """The state in words; the customer itself and its reseller, who repair nothing, are sent to the provider."""
    status = Status(customer.status)
    kind, label = STATUS_KINDS[status], str(status.label)
    if status == Status.ACTIVE:
        return Standing(kind, label)
    meaning = MEANINGS[status] % {"customer": customer.company_name}
    repair = str(REPAIRS[status]) if may_repair else _("Ask your provider what it can do about it.")
    return Standing(kind, label, meaning, repair, reason_of(customer))


def reason_of(customer: Customer) -> str:
    """Why it was decided so, in the words of the back office."""
    decided = ActivityRecord.objects.about(customer).filter(action__in=ACTIONS).first()
    return str(decided.changes.get("reason", "")) if decided else ""


def require_active_account(customer: Customer, *, lock: bool = False) -> None:
    """Raise AccountNotActive unless the account is active: before each order and change of licenses.

    With `lock` it stays so until the end of the transaction.
    """
    rows = Customer.objects.select_for_update(no_key=True) if lock else Customer.objects.all()
    now = rows.get(pk=customer.pk)
    if now.status != Status.ACTIVE:
        raise AccountNotActive(
            f"{MEANINGS[Status(now.status)] % {'customer': now.company_name}} {REPAIRS[Status(now.status)]}"
        )


def require_account_to_come(customer: Customer) -> Customer:
    """The customer as it is now, held; AccountNotActive unless its account is active or still being set up."""
    rows = Customer.objects.select_related("provider")
    now = rows.select_for_update(of=("self",), no_key=True).get(pk=customer.pk)
    if now.status not in (Status.ACTIVE, Status.PENDING):
        raise AccountNotActive(
            f"{MEANINGS[Status(now.status)] % {'customer': now.company_name}} {REPAIRS[Status(now.status)]}"
        )
    return now


@transaction.atomic
def set_up_account(*, customer: Customer, by: Actor) -> Customer:
    """Make an account active that was being set up, as its first subscription starts; the reseller is told."""
    customer = require_account_to_come(customer)
    if customer.status == Status.PENDING:
        customer.status = Status.ACTIVE
        customer.changed_at = clock.now()
        customer.save(update_fields=["status", "changed_at"])
        record(SET_UP, customer, by=by, status=[Status.PENDING, Status.ACTIVE])
        _tell_reseller(customer, by)
    return customer


@transaction.atomic
def decide_account(*, customer: Customer, status: str, reason: str = "", by: Actor) -> Customer:
    """Put the account under review, approve it or not, for the back office; whoever added the customer is told."""
    if by.user is None or not by.user.is_staff:
        raise NotPermitted(f"{by.label} does not decide about accounts.")
    rows = Customer.objects.select_related("provider", "created_by")
    customer = rows.select_for_update(of=("self",), no_key=True).get(pk=customer.pk)
    action = DECISIONS[customer.status].get(status)
    if action is None:
        message = _("The account of %(customer)s is already in this state: %(state)s.")
        raise InvalidTransition(message % {"customer": customer, "state": customer.get_status_display()})
    reason = reason.strip()
    if status in REASON_NEEDED and not reason:
        raise Refused(_("Give a reason: the provider will ask for it."))
    before = customer.status
    begins = status == Status.ACTIVE and not _was_active(customer)
    customer.status = status
    customer.changed_at = clock.now()
    customer.save(update_fields=["status", "changed_at"])
    record(action, customer, by=by, status=[before, status], reason=reason)
    _tell_creator(customer, reason)
    if begins:
        _tell_reseller(customer, by)
    return customer


def _was_active(customer: Customer) -> bool:
    """Whether the account is or ever was active: a new one that is set up later begins as pending."""
    if customer.status in (Status.ACTIVE, Status.PENDING):
        return customer.status == Status.ACTIVE
    moves = ActivityRecord.objects.about(customer).filter(action__in=[*ACTIONS, SET_UP])
    return any(Status.ACTIVE in one.changes.get("status", []) for one in moves)


def _tell_reseller(customer: Customer, by: Actor) -> None:
    """Write to the managing reseller of a new customer, which was not told before the account was there."""
    relationship = customer.reseller_relationships.current().select_related("reseller").first()
    if relationship is not None:
        relationship.customer = customer
        tell_of_the_beginning(relationship, by, is_new=True)


def _tell_creator(customer: Customer, reason: str) -> None:
    """Write to the person who added the customer, while that person works for its provider and has a mailbox."""
    person = customer.created_by
    works_there = Membership.objects.current().filter(user=person, partner=customer.provider).exists()
    if not (person.email and works_there):
        return
    queue_email(
        "account_decided",
        to=person.email,
        language=person.language,
        context={
            "name": person.full_name,
            "customer_name": customer.company_name,
            "customer_domain": customer.domain,
            "status": customer.status,
            "reason": reason,
            "account_path": f"/customers/{customer.microsoft_id}/account/",
        },
        about=customer,
    )
