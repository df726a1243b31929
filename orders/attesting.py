"""In which part the provider acts: said by a person for each order, in words that depend on who takes part."""

from django.utils.translation import gettext as _

from core.exceptions import Refused
from orders.models import Order, OrderDraft

Attestation = Order.Attestation


class AttestationMissing(Refused):
    """Nobody said in which part the provider acts, or what was said is not so for this order.

    The programme's own codes for it are 900203 (with a reseller) and 900206 (without).
    """


def attestation_of(draft: OrderDraft) -> str:
    """What is to be said of the order: indirect with a reseller, direct without one."""
    return Attestation.DIRECT if draft.reseller is None else Attestation.INDIRECT


def attestation_words(draft: OrderDraft) -> str:
    """The sentence that a person confirms."""
    if draft.reseller is None:
        text = _("I confirm that %(provider)s acts as Direct Partner: no indirect reseller takes part in this order.")
        return text % {"provider": draft.provider.legal_name}
    text = _("I confirm that %(provider)s acts as Indirect Partner and %(reseller)s as the indirect reseller.")
    return text % {"provider": draft.provider.legal_name, "reseller": draft.reseller.legal_name}


def missing_words(draft: OrderDraft) -> str:
    """What to do where it was not confirmed."""
    if draft.reseller is None:
        return _("Confirm that your company acts as Direct Partner.")
    return _("Confirm that your company acts as Indirect Partner.")


def require_attestation(draft: OrderDraft, said: str) -> None:
    """Refuse an order of which nobody said this: a tick that was meant for another reseller counts for nothing."""
    if said != attestation_of(draft):
        raise AttestationMissing(missing_words(draft))
