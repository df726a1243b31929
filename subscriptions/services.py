"""Naming the resellers that earn and answer for subscriptions; starting them is in starting.py."""

from typing import TypeVar

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.access import Actor, require
from accounts.models import Partner
from accounts.roles import Permission
from activity.services import record
from core import clock
from core.exceptions import NotPermitted, Refused
from customers.changes import lock_customers, mark_changed
from customers.models import Customer
from customers.services import PartnershipRequired, lock_partnership
from subscriptions.models import LIVE, ResellerOfRecord, Subscription, SubscriptionRelation, SupportContact
from subscriptions.starting import NewSubscription, QuantityRefused, start_subscription, start_subscriptions
from subscriptions.supporting import support_candidates

__all__ = [
    "RELATION_ACTIONS",
    "AccessRequired",
    "NamedMeanwhile",
    "NewSubscription",
    "QuantityRefused",
    "record_relation_change",
    "set_reseller_of_record",
    "set_support_contact",
    "start_subscription",
    "start_subscriptions",
]


class NamedMeanwhile(Refused):
    """Somebody else has named another reseller since the page was opened; `current` is that one, or None."""

    def __init__(self, current: Partner | None) -> None:
        super().__init__(_("Somebody else has changed this subscription meanwhile."))
        self.current = current


@transaction.atomic
def set_reseller_of_record(
    *, subscription: Subscription, reseller: Partner | None, by: Actor, instead_of: str | None = None
) -> ResellerOfRecord | None:
    """Let this reseller, with its MPN ID of today, earn the incentives from this moment on; None ends only.

    PartnershipRequired says why a reseller may not be named. Naming the one that is named already changes nothing.
    With `instead_of`, the Microsoft ID of whom the page showed (empty for nobody), NamedMeanwhile if that has changed.
    """
    return _name_reseller(ResellerOfRecord, subscription, reseller, by, instead_of=instead_of)


@transaction.atomic
def set_support_contact(
    *,
    subscription: Subscription,
    reseller: Partner | None,
    by: Actor,
    with_access: bool = False,
    instead_of: str | None = None,
) -> SupportContact | None:
    """Let this reseller answer the customer's support requests from this moment on; None leaves them to the provider.

    PartnershipRequired says why a reseller may not be named; `with_access` also refuses one that does not manage the
    customer at that moment (AccessRequired). Naming the one that is named already changes nothing. `instead_of` is as
    for the reseller of record.
    """
    return _name_reseller(SupportContact, subscription, reseller, by, with_access=with_access, instead_of=instead_of)


class AccessRequired(PartnershipRequired):
    """Who answers for a customer must be able to see its account."""


class SubscriptionOver(PartnershipRequired):
    """Nobody earns with what is over, and nobody answers for it."""


# What the record calls a change of each relation: for the reseller that is named now, and for the one that was.
RELATION_ACTIONS: dict[type[SubscriptionRelation], tuple[str, str]] = {
    ResellerOfRecord: ("subscription.reseller_of_record_changed", "subscription.reseller_of_record_ended"),
    SupportContact: ("subscription.support_contact_changed", "subscription.support_contact_ended"),
}
Relation = TypeVar("Relation", bound=SubscriptionRelation)


def _name_reseller(
    model: type[Relation],
    subscription: Subscription,
    reseller: Partner | None,
    by: Actor,
    *,
    with_access: bool = False,
    instead_of: str | None = None,
) -> Relation | None:
    """End the present relation of this kind and begin the next at the same moment."""
    customer = subscription.customer
    require(by, Permission.PLACE_ORDER, customer)
    if by.user is None:
        raise NotPermitted("The reseller of a subscription is named by a person.")
    if reseller is not None:
        # The partnership before the subscription: the end of a partnership takes its locks in this order too.
        country = customer.country_code
        reseller = lock_partnership(customer.provider, reseller, customer_country=country).reseller
    lock_customers([customer.pk])
    subscription = Subscription.objects.select_for_update(no_key=True).get(pk=subscription.pk)
    subscription.customer = customer
    rows = model._default_manager.filter(subscription=subscription, ends_at=None)
    present = rows.select_related("reseller").first()
    if (present.reseller if present else None) == reseller:
        return present
    if instead_of is not None and instead_of != (str(present.reseller.microsoft_id) if present else ""):
        raise NamedMeanwhile(present.reseller if present else None)
    if reseller is not None:
        require_life(subscription)
        if with_access:
            require_access(reseller, customer)
    now = clock.now()
    if present is not None:
        present.ends_at = max(now, present.begins_at)
        present.save(update_fields=["ends_at"])
    following = None
    if reseller is not None:
        mpn_id = {"mpn_id": reseller.mpn_id} if model is ResellerOfRecord else {}
        following = model._default_manager.create(
            subscription=subscription, reseller=reseller, begins_at=now, set_by=by.user, **mpn_id
        )
    mark_changed(customer.pk, at=now)
    record_relation_change(subscription, present, following, by=by)
    return following


def require_life(subscription: Subscription) -> None:
    """Raise SubscriptionOver for what is expired, disabled or deleted; the caller holds it."""
    if subscription.status not in LIVE:
        raise SubscriptionOver(_("The subscription is neither active nor suspended. Nobody is named for it any more."))


def require_access(reseller: Partner, customer: Customer) -> None:
    """Raise AccessRequired unless the reseller manages the customer; the caller holds the customer."""
    if not support_candidates(customer).filter(pk=reseller.pk).exists():
        raise AccessRequired(
            _("%(reseller)s does not manage this customer. Establish a reseller relationship first.")
            % {"reseller": reseller.name_and_mpn}
        )


def record_relation_change(
    subscription: Subscription, old: SubscriptionRelation | None, new: SubscriptionRelation | None, *, by: Actor
) -> None:
    """Record the change for the reseller that is named now, and for the one that was: each has a record of its own."""
    changed, ended = RELATION_ACTIONS[type(new or old)]  # type: ignore[index]
    names = {"old": old.reseller.recorded_name if old else None, "new": new.reseller.recorded_name if new else None}
    if old is not None and new is not None:
        subscription.concerned_reseller = old.reseller
        record(ended, subscription, by=by, reseller=names["old"])
    subscription.concerned_reseller = new.reseller if new else old.reseller if old else None
    record(changed, subscription, by=by, **names)
    subscription.concerned_reseller = None
