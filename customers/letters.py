"""The mails that tell a reseller, and the provider where it did not act itself, who manages a customer from now on."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.access import Actor
from core.text import one_period
from customers.models import Customer, ResellerRelationship
from mail.services import queue_email

Scope = ResellerRelationship.Scope


def tell_of_the_beginning(relationship: ResellerRelationship, by: Actor, *, is_new: bool = False) -> None:
    """Write to the reseller's contact that the customer is in its hands now; `is_new` says it was just added."""
    customer, reseller = relationship.customer, relationship.reseller
    with override(reseller.language):
        country = customer.country_name
    _write_to_reseller(
        "customer_assigned",
        relationship,
        by,
        is_new=is_new,
        may_manage=relationship.scope == Scope.MANAGE,
        customer_country=country,
        customer_path=customer.get_absolute_url(),
    )


def tell_of_the_end(relationship: ResellerRelationship, reason: str, by: Actor, *, followed: bool = False) -> None:
    """Write to the reseller's contact that the customer is not in its hands any more, and on whose side that was done;
    to the provider, unless it did it itself or another reseller has `followed`, of which it is told anyway."""
    customer, reseller = relationship.customer, relationship.reseller
    names = _names(customer, relationship)
    with override(reseller.language):
        happened = one_period(_end_words(relationship, by) % names)
    _write_to_reseller(
        "customer_access_ended",
        relationship,
        by,
        happened=happened,
        reason=reason,
        customers_path=reverse("customers:list"),
    )
    if not followed and not _acts_for_provider(by, customer):
        with override(customer.provider.language):
            happened = _end_words(relationship, by) % names
            after = _("%(customer_name)s stays your customer and keeps its subscriptions. No reseller manages it now.")
            _write_to_provider(relationship, happened, after % names, reason)


def tell_of_another_scope(relationship: ResellerRelationship, reason: str, by: Actor) -> None:
    """Write to the reseller's contact what it may do from now on; to the provider, unless it did it itself."""
    customer, reseller = relationship.customer, relationship.reseller
    may_manage = relationship.scope == Scope.MANAGE
    with override(reseller.language):
        happened = one_period(_scope_words(may_manage, by, customer) % _names(customer, relationship))
    _write_to_reseller(
        "customer_scope_changed",
        relationship,
        by,
        happened=happened,
        may_manage=may_manage,
        reason=reason,
        customer_path=customer.get_absolute_url(),
    )
    if not _acts_for_provider(by, customer):
        names = _names(customer, relationship)
        with override(customer.provider.language):
            happened = _scope_words(may_manage, by, customer) % names
            after = _("%(reseller_name)s sees the account and the subscriptions and asks you for changes.") % names
            _write_to_provider(relationship, happened, after, reason)


def _end_words(relationship: ResellerRelationship, by: Actor) -> str:
    """Who ended what, in the active language."""
    if by.partner == relationship.reseller:
        return _("%(reseller_name)s gave up its access to the customer %(customer_name)s (%(customer_domain)s).")
    if by.is_customer:
        return _(
            "The administrator of %(customer_name)s (%(customer_domain)s) removed the access of %(reseller_name)s."
        )
    if relationship.scope == Scope.MANAGE:
        return _(
            "%(provider_name)s ended the administrator access of %(reseller_name)s to the customer %(customer_name)s "
            "(%(customer_domain)s)."
        )
    return _(
        "%(provider_name)s ended the access of %(reseller_name)s to the customer %(customer_name)s "
        "(%(customer_domain)s)."
    )


def _scope_words(may_manage: bool, by: Actor, customer: Customer) -> str:
    """Who changed the scope to what, in the active language."""
    if by.is_customer:
        return _(
            "The administrator of %(customer_name)s (%(customer_domain)s) narrowed the access of %(reseller_name)s "
            "to “View and request”."
        )
    if by.partner != customer.provider:
        return _(
            "%(reseller_name)s narrowed its own access to the customer %(customer_name)s (%(customer_domain)s) "
            "to “View and request”."
        )
    if may_manage:
        return _(
            "%(provider_name)s widened the access of %(reseller_name)s to the customer %(customer_name)s "
            "(%(customer_domain)s) to “Manage”."
        )
    return _(
        "%(provider_name)s narrowed the access of %(reseller_name)s to the customer %(customer_name)s "
        "(%(customer_domain)s) to “View and request”."
    )


def _names(customer: Customer, relationship: ResellerRelationship) -> dict[str, str]:
    return {
        "provider_name": customer.provider.legal_name,
        "reseller_name": relationship.reseller.legal_name,
        "customer_name": customer.company_name,
        "customer_domain": customer.domain,
    }


def _acts_for_provider(by: Actor, customer: Customer) -> bool:
    return by.partner == customer.provider


def _write_to_reseller(kind: str, relationship: ResellerRelationship, by: Actor, **context: Any) -> None:
    customer, reseller = relationship.customer, relationship.reseller
    queue_email(
        kind,
        to=reseller.contact_email,
        language=reseller.language,
        context={**_names(customer, relationship), **context},
        about=customer,
        # The sender answers for the provider only; whoever did it on another side is no address of ours.
        reply_to=by.user.email if by.user and _acts_for_provider(by, customer) else "",
    )


def _write_to_provider(relationship: ResellerRelationship, happened: str, after: str, reason: str) -> None:
    customer = relationship.customer
    queue_email(
        "customer_reseller_stepped_back",
        to=customer.provider.contact_email,
        language=customer.provider.language,
        context={
            **_names(customer, relationship),
            "happened": one_period(happened),
            "after": one_period(after),
            "reason": reason,
            "account_path": reverse("customers:detail", args=[customer.microsoft_id]),
        },
        about=customer,
    )
