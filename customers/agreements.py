"""The customer agreement: confirmed by the provider's people or accepted by the customer itself, and asked for."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.access import Actor, require
from accounts.roles import Permission
from activity.services import record
from core import clock
from core.exceptions import NotPermitted, Refused
from core.html import date_text
from customers import rules
from customers.details import DetailsRejected
from customers.models import Customer, CustomerAgreement
from mail.services import queue_email

AGREEMENT_NAME = "Microsoft Customer Agreement"
# Where Microsoft publishes its text, in the language of each country.
AGREEMENT_URL = "https://www.microsoft.com/licensing/docs/customeragreement"


class AgreementRequired(Refused):
    """Nobody has accepted the agreement for the customer: no order is placed and no licenses are changed."""


class AlreadyConfirmed(Refused):
    """The very same confirmation is in force."""


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """Who accepted the agreement for the customer, and when."""

    accepted_on: date | None
    first_name: str
    last_name: str
    email: str
    phone: str = ""


def agreement_in_force(customer: Customer) -> CustomerAgreement | None:
    """The last one that was confirmed or accepted; those before it are history."""
    return customer.agreements.select_related("confirmed_by").order_by("-pk").first()


def has_agreement(customer: Customer) -> bool:
    """Whether there is one at all, as of now."""
    return CustomerAgreement.objects.filter(customer=customer).exists()


def require_agreement(customer: Customer) -> None:
    """Raise AgreementRequired unless the customer's agreement is accepted: before each order and change of licenses."""
    if not has_agreement(customer):
        raise AgreementRequired(
            _(
                "%(customer)s has not accepted the %(agreement)s yet. "
                "Confirm it first; without it nothing is ordered and no licenses are changed."
            )
            % {"customer": customer.company_name, "agreement": AGREEMENT_NAME}
        )


@transaction.atomic
def attest_agreement(*, customer: Customer, acceptance: Acceptance, by: Actor) -> CustomerAgreement:
    """Confirm for the customer that it accepted the agreement; what was in force before stays as history.

    DetailsRejected names each wrong field; AlreadyConfirmed refuses the same words a second time.
    """
    customer = _locked(customer)
    require(by, Permission.ATTEST_AGREEMENT, customer)
    if by.user is None:
        raise NotPermitted("An agreement is confirmed by a person.")
    values = {f"agreement_{name}": value for name, value in vars(acceptance).items()}
    try:
        cleaned = rules.clean_agreement(values, country=customer.country_code)
    except ValidationError as error:
        raise DetailsRejected(error.message_dict) from error
    facts = {name.removeprefix("agreement_"): value for name, value in cleaned.items()}
    before = agreement_in_force(customer)
    if before is not None and all(getattr(before, name) == value for name, value in facts.items()):
        raise AlreadyConfirmed(
            _(
                "%(name)s confirmed exactly this on %(day)s, and it is in force. "
                "A new confirmation is needed only where the person, the address, the number or the day is another."
            )
            % {"name": before.confirmed_by, "day": date_text(timezone.localtime(before.confirmed_at))}
        )
    agreement = CustomerAgreement(customer=customer, confirmed_by=by.user, **facts)
    _keep(agreement)
    record("customer.agreement_attested", customer, by=by, **_words(agreement))
    tell_of_agreement(agreement, by)
    return agreement


@transaction.atomic
def accept_agreement(*, customer: Customer, by: Actor) -> CustomerAgreement:
    """Accept the agreement as the customer's own administrator; where one is in force already, that one is returned."""
    customer = _locked(customer)
    require(by, Permission.ACCEPT_AGREEMENT, customer)
    if by.user is None:
        raise NotPermitted("An agreement is accepted by a person.")
    before = agreement_in_force(customer)
    if before is not None:
        return before
    first_name, _space, last_name = by.user.full_name.strip().partition(" ")
    agreement = CustomerAgreement(
        customer=customer,
        accepted_on=timezone.localdate(),
        first_name=first_name[:50],
        last_name=last_name[:50],
        # The account's name stands for the person: an administrator need not have a mailbox.
        email=by.user.email or by.user.sign_in_name,
        accepted_directly=True,
        confirmed_by=by.user,
    )
    _keep(agreement)
    record("customer.agreement_accepted", customer, by=by, **_words(agreement))
    return agreement


def tell_of_agreement(agreement: CustomerAgreement, by: Actor) -> None:
    """Write to the person who is said to have accepted; who accepted here has seen it."""
    customer = agreement.customer
    with override(customer.language):
        accepted_on = date_text(agreement.accepted_on)
    queue_email(
        "agreement_confirmed",
        to=agreement.email,
        language=customer.language,
        context={
            "name": f"{agreement.first_name} {agreement.last_name}",
            "provider_name": customer.provider.legal_name,
            "customer_name": customer.company_name,
            "agreement_name": AGREEMENT_NAME,
            "agreement_url": AGREEMENT_URL,
            "accepted_on": accepted_on,
            "support": customer.provider.contact_email,
        },
        about=agreement,
        reply_to=by.user.email if by.user else "",
    )


def _locked(customer: Customer) -> Customer:
    """The customer as it is now, held until the end of the transaction: two confirmations wait for each other."""
    rows = Customer.objects.select_related("provider").select_for_update(of=("self",), no_key=True)
    return rows.get(pk=customer.pk)


def _keep(agreement: CustomerAgreement) -> None:
    agreement.save()
    Customer.objects.filter(pk=agreement.customer_id).update(changed_at=clock.now())


def _words(agreement: CustomerAgreement) -> dict[str, Any]:
    """What the record says of an agreement."""
    names = ("accepted_on", "first_name", "last_name", "email", "phone")
    return {"agreement": AGREEMENT_NAME, **{name: getattr(agreement, name) for name in names}}
