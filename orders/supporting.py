"""The designated support contact of an order that is being prepared, by the rule of Subscription details."""

from django.utils.translation import gettext as _

from customers.services import PartnershipRequired
from orders.models import OrderDraft
from subscriptions.supporting import support_candidates


def support_problem(draft: OrderDraft) -> str:
    """Why the chosen support contact may not be designated today, or nothing."""
    contact = draft.support_contact
    if contact is None:
        return ""
    if draft.customer is None:
        allowed = contact == draft.reseller
    else:
        allowed = support_candidates(draft.customer).filter(pk=contact.pk).exists()
    if allowed:
        return ""
    text = _("%(reseller)s does not manage the customer and cannot be its designated support contact. Choose another.")
    return text % {"reseller": contact.legal_name}


def require_support_contact(draft: OrderDraft) -> None:
    """Refuse a support contact that may not be designated."""
    if problem := support_problem(draft):
        raise PartnershipRequired(problem)
