"""Whether a subscription's own reseller of record lets anything be bought under it today, in words for the reader."""

from django.utils.translation import gettext as _

from accounts.access import Actor
from accounts.models import Partner
from customers.models import Customer
from resellers.readiness import obstacles
from subscriptions.rules import Refused


def reseller_refused(reseller: Partner | None, customer: Customer, reader: Actor | None = None) -> Refused | None:
    """Why nothing is bought under this reseller of record, and what the reader can do next; without one, the provider.

    None for whoever may be named today, and where nobody is named (one query for the others).
    """
    if reseller is None:
        return None
    found = obstacles(customer.provider, reseller, customer_country=customer.country_code)
    if not found:
        return None
    if reader is not None and reader.partner == reseller:
        # It names no other in its own place.
        return Refused("900400", " ".join(obstacle.own for obstacle in found))
    if reader is not None and reader.is_reseller:
        # A reseller reads nothing of another.
        return Refused("900400", _("Your provider has to settle something first. Ask it to make this change."))
    sentences = [*(obstacle.sentence for obstacle in found), _("Name another reseller of record, or none, first.")]
    return Refused("900400", " ".join(sentences))
