"""Who manages a customer: the relationship begins, changes hands or scope, and ends, one customer at a time."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.access import Actor, require
from accounts.models import Partner
from accounts.roles import Permission
from activity.services import record
from core import clock
from core.exceptions import InvalidTransition, NotPermitted, Refused
from customers.changes import lock_customers, mark_changed
from customers.letters import tell_of_another_scope, tell_of_the_beginning, tell_of_the_end
from customers.models import Customer, ResellerRelationship
from customers.registry import follow_managers
from customers.services import lock_partnership
from customers.tenant_owners import end_tenant_ownership
from resellers.models import Partnership

Scope = ResellerRelationship.Scope


class AlreadyManaged(Refused):
    """A reseller manages the customer already; it is changed, not added to."""

    def __init__(self, relationship: ResellerRelationship) -> None:
        text = _("%(reseller)s manages this customer already. To let another reseller do it, change the reseller.")
        super().__init__(text % {"reseller": relationship.reseller})
        self.relationship = relationship


@transaction.atomic
def establish_relationship(
    *, customer: Customer, reseller: Partner, scope: str = Scope.MANAGE, by: Actor, notify: bool = True
) -> ResellerRelationship:
    """Let a reseller manage a customer that none manages, from this moment on; a second call changes nothing.

    The reseller must be ready for the customer's country: PartnershipRequired says what is not.
    """
    require(by, Permission.ASSIGN_RESELLER, customer)
    if by.user is None:
        raise NotPermitted("A relationship is established by a person.")
    partnership = lock_partnership(customer.provider, reseller, customer_country=customer.country_code)
    customer = lock_customer(customer)
    present = current_relationship(customer)
    if present is not None:
        if (present.reseller_id, present.scope) == (reseller.pk, scope):
            return present
        raise AlreadyManaged(present)
    return begin_relationship(customer, partnership, scope=scope, by=by, now=clock.now(), notify=notify)


@transaction.atomic
def end_reseller_relationship(
    *, relationship: ResellerRelationship, by: Actor, reason: str = "", notify: bool = True
) -> ResellerRelationship:
    """Take the customer out of the reseller's hands from this moment on; a second call changes nothing.

    The provider may, the reseller itself, and the customer. With `notify=False` no mail is written: for a caller that
    tells the reseller about many customers at once.
    """
    require(by, Permission.END_RELATIONSHIP, relationship.customer)
    relationship = lock_relationship(relationship)
    if relationship.ends_at is None:
        close_relationship(relationship, by=by, now=clock.now(), reason=reason, notify=notify)
    return relationship


@transaction.atomic
def hand_over_customer(
    *,
    relationship: ResellerRelationship,
    to: Partner | None,
    by: Actor,
    scope: str = "",
    reason: str = "",
    notify: bool = True,
) -> ResellerRelationship | None:
    """Let another reseller manage the customer from this moment on, or nobody; return what begins.

    The scope stays unless another one is named. The new reseller must be ready for the customer's country:
    PartnershipRequired says what is not.
    """
    if to is None:
        end_reseller_relationship(relationship=relationship, by=by, reason=reason, notify=notify)
        return None
    customer = relationship.customer
    require(by, Permission.ASSIGN_RESELLER, customer)
    if by.user is None:
        raise NotPermitted("A customer is handed over by a person.")
    # The partnership before the rest: the end of a partnership takes its locks in this order too.
    partnership = lock_partnership(customer.provider, to, customer_country=customer.country_code)
    relationship = lock_relationship(relationship)
    if relationship.reseller_id == to.pk and relationship.ends_at is None:
        return relationship
    if relationship.ends_at is not None:
        raise _ended(relationship)
    return replace_manager(
        relationship, partnership, scope=scope or relationship.scope, by=by, reason=reason, notify=notify
    )


@transaction.atomic
def change_scope(
    *, relationship: ResellerRelationship, scope: str, by: Actor, reason: str = "", notify: bool = True
) -> ResellerRelationship:
    """Widen what the reseller may do to *manage*, or narrow it to *view and request*; return what is in force then.

    Only the provider widens, and only for a reseller that is ready; whoever may end the relationship may narrow it.
    """
    customer, widens = relationship.customer, scope == Scope.MANAGE
    require(by, Permission.ASSIGN_RESELLER if widens else Permission.END_RELATIONSHIP, customer)
    if by.user is None:
        raise NotPermitted("A scope is changed by a person.")
    if widens:
        lock_partnership(customer.provider, relationship.reseller, customer_country=customer.country_code)
    else:
        # What follows rests on it too, and whoever ends it holds it before any customer.
        Partnership.objects.select_for_update(no_key=True).get(pk=relationship.partnership_id)
    relationship = lock_relationship(relationship)
    if relationship.ends_at is not None:
        raise _ended(relationship)
    if relationship.scope == scope:
        return relationship
    return switch_scope(relationship, scope, by=by, reason=reason, notify=notify)


def _ended(relationship: ResellerRelationship) -> InvalidTransition:
    text = _("%(reseller)s does not manage %(customer)s any more. Look at who does now.")
    return InvalidTransition(text % {"reseller": relationship.reseller, "customer": relationship.customer})


# --- the parts, for services that have asked whether the actor may and hold the partnership ---------------------------
def lock_customer(customer: Customer) -> Customer:
    """The customer as it is now, held until the transaction ends: whoever changes who manages it holds it too."""
    lock_customers([customer.pk])
    return Customer.objects.select_related("provider").get(pk=customer.pk)


def lock_relationship(relationship: ResellerRelationship) -> ResellerRelationship:
    """The relationship as it is now, held until the transaction ends, and its customer before it."""
    customer = lock_customer(relationship.customer)
    rows = ResellerRelationship.objects.select_related("reseller").select_for_update(of=("self",), no_key=True)
    relationship = rows.get(pk=relationship.pk)
    relationship.customer = customer
    return relationship


def current_relationship(customer: Customer) -> ResellerRelationship | None:
    """Who manages a locked customer now."""
    rows = ResellerRelationship.objects.current().filter(customer=customer)
    found = rows.select_related("reseller").select_for_update(of=("self",), no_key=True).first()
    if found is not None:
        found.customer = customer
    return found


def begin_relationship(
    customer: Customer, partnership: Partnership, *, scope: str, by: Actor, now: datetime, notify: bool = True
) -> ResellerRelationship:
    """Begin it for a locked customer that nobody manages, record that, and tell the reseller."""
    begun = _begin(customer, partnership, scope=scope, by=by, now=now)
    name = begun.reseller.recorded_name
    record_as_concerning("customer.relationship_established", begun, by=by, reseller=name, scope=scope)
    if notify:
        tell_of_the_beginning(begun, by)
    return begun


def replace_manager(
    relationship: ResellerRelationship,
    partnership: Partnership,
    *,
    scope: str,
    by: Actor,
    reason: str = "",
    notify: bool = True,
) -> ResellerRelationship:
    """End a locked relationship, and begin one under the other partnership at the same moment."""
    now = max(clock.now(), relationship.begins_at)
    close_relationship(relationship, by=by, now=now, reason=reason, notify=notify, followed=True)
    following = _begin(relationship.customer, partnership, scope=scope, by=by, now=now)
    old, new = relationship.reseller.recorded_name, following.reseller.recorded_name
    record_as_concerning("customer.reseller_changed", following, by=by, old=old, new=new, scope=following.scope)
    if notify:
        tell_of_the_beginning(following, by)
    return following


def switch_scope(
    relationship: ResellerRelationship, scope: str, *, by: Actor, reason: str = "", notify: bool = True
) -> ResellerRelationship:
    """Let a locked relationship go on in another scope: a new row, so that it stays known who might do what when."""
    now = max(clock.now(), relationship.begins_at)
    relationship.ends_at = now
    relationship.save(update_fields=["ends_at"])
    following = _begin(relationship.customer, relationship.partnership, scope=scope, by=by, now=now)
    record_as_concerning(
        "customer.scope_changed",
        following,
        by=by,
        reseller=following.reseller.recorded_name,
        old=relationship.scope,
        new=scope,
        reason=reason,
    )
    if notify:
        tell_of_another_scope(following, reason, by)
    return following


def close_relationship(
    relationship: ResellerRelationship,
    *,
    by: Actor,
    now: datetime,
    reason: str = "",
    notify: bool = True,
    followed: bool = False,
) -> None:
    """End a locked relationship, record that for the reseller that loses it, and tell it.

    `followed` says that another reseller begins at the same moment.
    """
    relationship.ends_at = max(now, relationship.begins_at)
    relationship.save(update_fields=["ends_at"])
    end_tenant_ownership(relationship.customer, relationship.reseller, by=by, now=now)
    mark_changed(relationship.customer_id, at=now)
    follow_managers([relationship.customer_id])
    record_as_concerning(
        "customer.access_removed",
        relationship,
        by=by,
        reseller=relationship.reseller.recorded_name,
        old=relationship.scope,
        new=None,
        reason=reason,
    )
    if notify:
        tell_of_the_end(relationship, reason, by, followed=followed)


def record_as_concerning(action: str, relationship: ResellerRelationship, *, by: Actor, **changes: object) -> None:
    """Record in the name of the customer, so that the relationship's reseller is the one whose record it is too."""
    customer: Customer = relationship.customer
    customer.current_relationships = [relationship]
    record(action, customer, by=by, **changes)
    del customer.current_relationships


def _begin(
    customer: Customer, partnership: Partnership, *, scope: str, by: Actor, now: datetime
) -> ResellerRelationship:
    assert by.user is not None
    mark_changed(customer.pk, at=now)
    follow_managers([customer.pk])
    return ResellerRelationship.objects.create(
        customer=customer,
        reseller=partnership.reseller,
        partnership=partnership,
        scope=scope,
        begins_at=now,
        set_by=by.user,
    )
