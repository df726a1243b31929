"""What must be true of a customer before anything is ordered or changed for it: one question for all who ask."""

from core.exceptions import Refused
from customers.account_status import require_active_account
from customers.agreements import require_agreement
from customers.models import Customer


def account_refusals(customer: Customer) -> list[Refused]:
    """What keeps anything from being ordered for the customer, each in words for people; nothing when it may buy."""
    found: list[Refused] = []
    for requirement in (require_active_account, require_agreement):
        try:
            requirement(customer)
        except Refused as refusal:
            found.append(refusal)
    return found
