"""Starting subscriptions: what an order turns into; and naming the resellers that earn and answer for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.access import Actor, require
from accounts.models import Partner
from accounts.roles import Permission
from activity.services import record
from catalogue.models import Policy, Price
from core import clock
from core.exceptions import NotPermitted, Refused
from core.text import fold
from customers.changes import lock_customers, mark_changed
from customers.models import Customer
from customers.services import lock_partnership
from subscriptions.facts import batches_json, keep_derived
from subscriptions.models import ResellerOfRecord, Subscription, SubscriptionRelation, SupportContact
from subscriptions.rules import Batch
from subscriptions.rules.money import after_months


@dataclass(frozen=True)
class NewSubscription:
    """One line of what a customer buys; `parent` is the base of an add-on."""

    price: Price
    quantity: int
    parent: Subscription | None = None


class QuantityRefused(Refused):
    """The offer is not sold in this number of licenses."""


def start_subscription(
    *,
    customer: Customer,
    price: Price,
    quantity: int,
    reseller_of_record: Partner | None,
    by: Actor,
    parent: Subscription | None = None,
) -> Subscription:
    """Start one subscription at the price of this moment."""
    lines = [NewSubscription(price, quantity, parent)]
    return start_subscriptions(customer=customer, lines=lines, reseller_of_record=reseller_of_record, by=by)[0]


@transaction.atomic
def start_subscriptions(
    *, customer: Customer, lines: Sequence[NewSubscription], reseller_of_record: Partner | None, by: Actor
) -> list[Subscription]:
    """Start subscriptions, one per line in the same order, with one reseller of record; all or none.

    What is copied here (price, currency, term, plan, segment) no later price list changes. Whether the offer is on
    sale for this customer is the caller's question: it knows the moment the customer was promised.
    """
    require(by, Permission.PLACE_ORDER, customer)
    if by.user is None:
        raise NotPermitted("A subscription is started by a person.")
    if reseller_of_record is not None:
        country = customer.country_code
        reseller_of_record = lock_partnership(customer.provider, reseller_of_record, customer_country=country).reseller
    now = clock.now()
    subscriptions = Subscription.objects.bulk_create([_built(customer, line, now) for line in lines])
    if reseller_of_record is not None:
        ResellerOfRecord.objects.bulk_create(
            ResellerOfRecord(
                subscription=subscription,
                reseller=reseller_of_record,
                mpn_id=reseller_of_record.mpn_id,
                begins_at=now,
                set_by=by.user,
            )
            for subscription in subscriptions
        )
    mark_changed(customer.pk, at=now)
    for subscription in subscriptions:
        record(
            "subscription.started",
            subscription,
            by=by,
            offer=subscription.offer_name,
            quantity=subscription.quantity,
            unit_price=subscription.unit_price,
            currency=subscription.currency,
            reseller_of_record=reseller_of_record.name_and_mpn if reseller_of_record else None,
        )
    return subscriptions


@transaction.atomic
def set_reseller_of_record(
    *, subscription: Subscription, reseller: Partner | None, by: Actor
) -> ResellerOfRecord | None:
    """Let this reseller, with its MPN ID of today, earn the incentives from this moment on; None ends only.

    PartnershipRequired says why a reseller may not be named. Naming the one that is named already changes nothing.
    """
    return _name_reseller(ResellerOfRecord, subscription, reseller, by)


@transaction.atomic
def set_support_contact(*, subscription: Subscription, reseller: Partner | None, by: Actor) -> SupportContact | None:
    """Let this reseller answer the customer's support requests from this moment on; None leaves them to the provider.

    PartnershipRequired says why a reseller may not be named. Naming the one that is named already changes nothing.
    """
    return _name_reseller(SupportContact, subscription, reseller, by)


# What the record calls a change of each relation: for the reseller that is named now, and for the one that was.
RELATION_ACTIONS: dict[type[SubscriptionRelation], tuple[str, str]] = {
    ResellerOfRecord: ("subscription.reseller_of_record_changed", "subscription.reseller_of_record_ended"),
    SupportContact: ("subscription.support_contact_changed", "subscription.support_contact_ended"),
}
Relation = TypeVar("Relation", bound=SubscriptionRelation)


def _name_reseller(
    model: type[Relation], subscription: Subscription, reseller: Partner | None, by: Actor
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


def record_relation_change(
    subscription: Subscription, old: SubscriptionRelation | None, new: SubscriptionRelation | None, *, by: Actor
) -> None:
    """Record the change for the reseller that is named now, and for the one that was: each has a record of its own."""
    changed, ended = RELATION_ACTIONS[type(new or old)]  # type: ignore[index]
    names = {"old": old.reseller.name_and_mpn if old else None, "new": new.reseller.name_and_mpn if new else None}
    if old is not None and new is not None:
        subscription.concerned_reseller = old.reseller
        record(ended, subscription, by=by, reseller=names["old"])
    subscription.concerned_reseller = new.reseller if new else old.reseller if old else None
    record(changed, subscription, by=by, **names)
    subscription.concerned_reseller = None


def _built(customer: Customer, line: NewSubscription, now: datetime) -> Subscription:
    price, sku = line.price, line.price.sku
    least, most = sku.quantity_limits
    if not least <= line.quantity <= most:
        raise QuantityRefused(
            _("Enter the number of licenses for %(offer)s, %(least)d to %(most)d.")
            % {"offer": sku.title, "least": least, "most": most}
        )
    if price.market != customer.country_code:
        raise Refused(
            _("%(offer)s has no price in the customer's country at this row of the price list.") % {"offer": sku.title}
        )
    if line.parent is not None and line.parent.customer_id != customer.pk:
        raise Refused(_("An add-on belongs to a subscription of the same customer."))
    policy = Policy(sku.policy)
    new_commerce = policy == Policy.NEW_COMMERCE
    subscription = Subscription(
        customer=customer,
        provider_id=customer.provider_id,
        sku=sku,
        parent=line.parent,
        offer_name=sku.title,
        nickname=sku.title,
        quantity=line.quantity,
        term_duration=price.term_duration,
        billing_plan=price.billing_plan,
        segment=price.segment,
        unit_price=price.unit_price,
        currency=price.currency,
        is_trial=sku.is_trial,
        policy=policy,
        starts_at=now,
        term_starts_at=now,
        anchor_day=now.day,
        ends_at=after_months(now, price.term_months) if price.term_months else None,
        batches=batches_json([Batch(line.quantity, now)]) if new_commerce else [],
        search_text=fold(f"{sku.title} {sku.title}"),
        created_at=now,
        changed_at=now,
    )
    keep_derived(subscription)
    return subscription
