"""What changed between Review and Submit, as the page says it: what was, what is, and what is to be done about it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from customers.agreements import AGREEMENT_NAME, has_agreement
from customers.models import Customer
from customers.services import domain_is_free
from orders.checks import (
    Line,
    Problem,
    customer_problems,
    details_of,
    line_problems,
    lines_of,
    reseller_obstacles,
    typed_problems,
)
from orders.models import OrderDraft
from orders.reviewed import Difference, differences, displayed, read_fingerprint
from orders.supporting import support_problem
from resellers.readiness import reasons


@dataclass(frozen=True)
class Changes:
    """The draft as it is now beside what Review showed; with `problems` it cannot be submitted as it is."""

    differences: list[Difference]
    problems: list[Problem]
    lines: list[Line]

    def __bool__(self) -> bool:
        return bool(self.differences or self.problems)


def changes_since(draft: OrderDraft, reviewed: str) -> Changes | None:
    """What became of what was reviewed; None when this is no fingerprint of the draft's Review.

    Review gives a fingerprint only to what nothing stands in the way of: whatever does now, came since.
    """
    seen = read_fingerprint(reviewed)
    if seen is None or seen["draft"] != str(draft.public_id):
        return None
    lines = lines_of(draft)
    found = [*differences(seen, displayed(draft, lines)), *_standing(draft, seen)]
    problems = [*customer_problems(draft), *typed_problems(draft), *line_problems(draft, lines)]
    return Changes(found, problems, lines)


def _standing(draft: OrderDraft, seen: Mapping[str, Any]) -> Iterator[Difference]:
    """What is not as the draft says it and was well when it was reviewed: domain, reseller, account, agreement."""
    if draft.customer is not None:
        yield from _account(draft.customer)
    else:
        yield from _domain(draft, seen)
    if draft.support_contact is not None and support_problem(draft):
        name = draft.support_contact.legal_name
        yield Difference(_("Designated support contact"), name, _("Does not manage the customer any more"))
    if draft.reseller is not None and (found := reseller_obstacles(draft)):
        before = _("%(reseller)s, ready for business") % {"reseller": draft.reseller.legal_name}
        label = _("Indirect reseller") if draft.makes_customer else _("Reseller")
        yield Difference(label, before, reasons(found))


def _domain(draft: OrderDraft, seen: Mapping[str, Any]) -> Iterator[Difference]:
    details = details_of(draft)
    # A domain that was changed meanwhile has a difference of its own.
    same = seen["details"].get("domain_prefix") == details.domain_prefix
    if same and details.domain_prefix and not domain_is_free(details.domain_prefix):
        yield Difference(_("Primary domain name"), _("Free"), _("Taken by another customer"))


def _account(customer: Customer) -> Iterator[Difference]:
    now = Customer.objects.get(pk=customer.pk)
    if now.status != Customer.Status.ACTIVE:
        label = _("Account of %(customer)s") % {"customer": now.company_name}
        yield Difference(label, str(Customer.Status.ACTIVE.label), now.get_status_display())
    if not has_agreement(now):
        yield Difference(AGREEMENT_NAME, pgettext("agreement", "Accepted"), _("Not accepted"))
