"""Ending the delegation of a customer to a reseller, and handing the customer over to another one."""

from datetime import datetime

from django.db import transaction
from django.urls import reverse

from accounts.access import Actor, require
from accounts.models import Partner
from accounts.roles import Permission
from activity.services import record
from core import clock
from core.exceptions import InvalidTransition, NotPermitted
from customers.changes import lock_customers, mark_changed
from customers.models import Customer, ResellerRelationship
from customers.services import lock_partnership, tell_reseller
from customers.tenant_owners import end_tenant_ownership
from mail.services import queue_email


@transaction.atomic
def end_reseller_relationship(
    *, relationship: ResellerRelationship, by: Actor, reason: str = "", notify: bool = True
) -> ResellerRelationship:
    """Take the customer out of the reseller's hands from this moment on; a second call changes nothing.

    With `notify=False` no mail is written: for a caller that tells the reseller about many customers at once.
    """
    require(by, Permission.ASSIGN_RESELLER, relationship.customer)
    relationship = lock_relationship(relationship)
    if relationship.ends_at is None:
        close_relationship(relationship, by=by, now=clock.now(), reason=reason, notify=notify)
    return relationship


@transaction.atomic
def hand_over_customer(
    *, relationship: ResellerRelationship, to: Partner | None, by: Actor, reason: str = "", notify: bool = True
) -> ResellerRelationship | None:
    """Let another reseller manage the customer in the same scope from this moment on, or nobody; return what begins.

    The new reseller must be ready for the customer's country: PartnershipRequired says what is not.
    """
    if to is None:
        end_reseller_relationship(relationship=relationship, by=by, reason=reason, notify=notify)
        return None
    customer = relationship.customer
    require(by, Permission.ASSIGN_RESELLER, customer)
    if by.user is None:
        raise NotPermitted("A customer is handed over by a person.")
    # The partnership before the relationship: the end of a partnership takes its locks in this order too.
    partnership = lock_partnership(customer.provider, to, customer_country=customer.country_code)
    relationship = lock_relationship(relationship)
    if relationship.reseller_id == to.pk and relationship.ends_at is None:
        return relationship
    if relationship.ends_at is not None:
        raise InvalidTransition(f"{relationship.reseller} does not manage {customer} any more.")
    now = clock.now()
    close_relationship(relationship, by=by, now=now, reason=reason, notify=notify)
    following = ResellerRelationship.objects.create(
        customer=customer,
        reseller=partnership.reseller,
        partnership=partnership,
        scope=relationship.scope,
        begins_at=now,
        set_by=by.user,
    )
    _record_as_concerning(
        "customer.reseller_changed",
        following,
        by=by,
        old=relationship.reseller.name_and_mpn,
        new=following.reseller.name_and_mpn,
        scope=following.scope,
    )
    if notify:
        tell_reseller(following.customer, following.reseller, by)
    return following


def lock_relationship(relationship: ResellerRelationship) -> ResellerRelationship:
    """The relationship as it is now, held until the transaction ends, after its customer."""
    lock_customers([relationship.customer_id])
    rows = ResellerRelationship.objects.select_related("customer__provider", "reseller")
    return rows.select_for_update(of=("self",), no_key=True).get(pk=relationship.pk)


def close_relationship(
    relationship: ResellerRelationship, *, by: Actor, now: datetime, reason: str = "", notify: bool = True
) -> None:
    """End a locked relationship, record that for the reseller that loses it, and tell it; the caller has asked whether
    the actor may: either company of a partnership may end it, and with it what rests on it."""
    relationship.ends_at = max(now, relationship.begins_at)
    relationship.save(update_fields=["ends_at"])
    end_tenant_ownership(relationship.customer, relationship.reseller, by=by, now=now)
    mark_changed(relationship.customer_id, at=now)
    _record_as_concerning(
        "customer.access_removed",
        relationship,
        by=by,
        reseller=relationship.reseller.name_and_mpn,
        old=relationship.scope,
        new=None,
        reason=reason,
    )
    if notify:
        _tell_of_the_end(relationship, reason, by)


def _record_as_concerning(action: str, relationship: ResellerRelationship, *, by: Actor, **changes: object) -> None:
    """Record in the name of the customer, so that the relationship's reseller is the one whose record it is too."""
    customer: Customer = relationship.customer
    customer.current_relationships = [relationship]
    record(action, customer, by=by, **changes)
    del customer.current_relationships


def _tell_of_the_end(relationship: ResellerRelationship, reason: str, by: Actor) -> None:
    customer, reseller = relationship.customer, relationship.reseller
    queue_email(
        "customer_access_ended",
        to=reseller.contact_email,
        language=reseller.language,
        context={
            "provider_name": customer.provider.legal_name,
            "reseller_name": reseller.legal_name,
            "customer_name": customer.company_name,
            "customer_domain": customer.domain,
            "reason": reason,
            "customers_path": reverse("customers:list"),
        },
        about=customer,
        # The sender answers for the provider only; whoever ended it on the reseller's own side is no address of ours.
        reply_to=by.user.email if by.user and by.partner == customer.provider else "",
    )
