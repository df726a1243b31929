"""Making customers."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.access import Actor, require
from accounts.models import Partner, User
from accounts.roles import Permission
from activity.services import record
from core.exceptions import NotPermitted, Refused
from core.fence import beyond_the_fence
from customers import rules
from customers.agreements import tell_of_agreement
from customers.details import CustomerDetails, DetailsRejected
from customers.letters import tell_of_the_beginning
from customers.models import (
    TENANT_DOMAIN,
    Customer,
    CustomerAdministrator,
    CustomerAgreement,
    ResellerRelationship,
)
from resellers.models import Partnership
from resellers.readiness import company_obstacles, reasons

__all__ = [
    "CustomerDetails",
    "DetailsRejected",
    "DomainTaken",
    "PartnershipRequired",
    "create_customer",
    "domain_is_free",
    "lock_partnership",
]


class DomainTaken(Refused):
    """Another customer has this primary domain name; a person chooses another one."""


class PartnershipRequired(Refused):
    """No new business may be done with the reseller today; the text says why and what repairs it."""


def administrator_name(prefix: str) -> str:
    """The user name of the customer's administrator; a name to sign in with and not a mailbox."""
    return f"admin@{prefix}.{TENANT_DOMAIN}"


def domain_is_free(prefix: str) -> bool:
    """Say whether no customer has this primary domain, as of now."""
    with beyond_the_fence("A domain is taken whoever's customer has it."):
        return not (
            Customer.objects.filter(domain_prefix=prefix).exists()
            or User.objects.filter(sign_in_name=administrator_name(prefix)).exists()
        )


@transaction.atomic
def create_customer(
    *,
    provider: Partner,
    details: CustomerDetails,
    reseller: Partner | None,
    status: str = Customer.Status.ACTIVE,
    by: Actor,
) -> Customer:
    """Make the customer, its administrator without a password, its agreement and, with a reseller, the delegation.

    An agreement that is still to come is asked for when the administrator first signs in.
    Everything is checked again here: whoever calls may have kept the details for days. Of an account that is still to
    be set up, the reseller is told once it is.
    """
    require(by, Permission.ADD_CUSTOMER)
    if by.user is None or by.partner != provider:
        raise NotPermitted(f"{by.label} does not act for {provider}.")
    partnership = lock_partnership(provider, reseller, customer_country=details.country) if reseller else None
    try:
        details = rules.clean_details(details, provider=provider)
    except ValidationError as error:
        raise DetailsRejected(error.message_dict) from error
    customer, administrator = _create_with_domain(provider, details, status, by.user)
    CustomerAdministrator.objects.create(user=administrator, customer=customer)
    if not details.agreement_to_come:
        _keep_agreement(customer, details, by)
    relationships = []
    if partnership is not None:
        relationships.append(
            ResellerRelationship.objects.create(
                customer=customer,
                reseller=partnership.reseller,
                partnership=partnership,
                scope=ResellerRelationship.Scope.MANAGE,
                set_by=by.user,
            )
        )
    customer.current_relationships = relationships
    record(
        "customer.created",
        customer,
        by=by,
        company_name=customer.company_name,
        domain=customer.domain,
        country=customer.country_code,
        administrator=administrator.sign_in_name,
        reseller=partnership.reseller.recorded_name if partnership else None,
    )
    if partnership is not None and customer.status == Customer.Status.ACTIVE:
        tell_of_the_beginning(relationships[0], by, is_new=True)
    return customer


def _keep_agreement(customer: Customer, details: CustomerDetails, by: Actor) -> None:
    """Keep that the customer accepted, and tell the person who is said to have."""
    assert details.agreement_accepted_on is not None
    assert by.user is not None
    agreement = CustomerAgreement.objects.create(
        customer=customer,
        accepted_on=details.agreement_accepted_on,
        first_name=details.agreement_first_name,
        last_name=details.agreement_last_name,
        email=details.agreement_email,
        phone=details.agreement_phone,
        confirmed_by=by.user,
    )
    tell_of_agreement(agreement, by)


def lock_partnership(provider: Partner, reseller: Partner, *, customer_country: str = "") -> Partnership:
    """Lock the active partnership, or refuse with every obstacle to new business with the reseller.

    Ending a partnership locks it too: the second to come sees what the first did.
    """
    partnership = (
        Partnership.objects.active()
        .filter(provider=provider, reseller=reseller)
        .select_related("reseller")
        .select_for_update(of=("self",), no_key=True)
        .first()
    )
    company = partnership.reseller if partnership else reseller
    found = company_obstacles(provider, company, active=partnership is not None, customer_country=customer_country)
    if found or partnership is None:
        raise PartnershipRequired(reasons(found))
    return partnership


def _create_with_domain(
    provider: Partner, details: CustomerDetails, status: str, creator: User
) -> tuple[Customer, User]:
    """Write the two rows in which the domain is unique; on a lost race only their savepoint is undone."""
    taken = DomainTaken(
        _("%(domain)s is taken. Enter another primary domain name.")
        % {"domain": f"{details.domain_prefix}.{TENANT_DOMAIN}"}
    )
    if not domain_is_free(details.domain_prefix):
        raise taken
    values: dict[str, Any] = {name: value for name, value in vars(details).items() if not name.startswith("agreement_")}
    try:
        with transaction.atomic():
            customer = Customer.objects.create(provider=provider, status=status, created_by=creator, **values)
            administrator = User.objects.create_user(
                administrator_name(details.domain_prefix),
                password=None,
                email="",
                full_name=customer.contact_name,
                language=details.language,
            )
    except IntegrityError as error:
        if domain_is_free(details.domain_prefix):
            raise
        raise taken from error
    return customer, administrator
