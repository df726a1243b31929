"""Starting subscriptions: what an order turns into."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.access import Actor, require
from accounts.models import Partner
from accounts.roles import Permission
from activity.models import ActivityRecord
from activity.services import composed, record_all
from catalogue.models import Policy, Price
from core import clock
from core.bulk import create_under_parents
from core.exceptions import NotPermitted, Refused
from core.text import fold
from customers.changes import mark_changed
from customers.models import Customer
from customers.services import lock_partnership
from subscriptions.facts import batches_json, keep_derived
from subscriptions.models import ResellerOfRecord, Subscription, SupportContact
from subscriptions.rules import Batch
from subscriptions.rules import Policy as RulesPolicy
from subscriptions.rules.money import first_end


@dataclass(frozen=True)
class NewSubscription:
    """One line of what a customer buys.

    The base of an add-on is a subscription that exists (`parent`), or an earlier line of the same call (`under`, its
    place). `subscription_id` is the GUID under which the programme knows it, where it has given one already.
    """

    price: Price
    quantity: int
    parent: Subscription | None = None
    under: int | None = None
    subscription_id: UUID | None = None


class QuantityRefused(Refused):
    """The offer is not sold in this number of licenses."""


class SubscriptionIdTaken(Refused):
    """Another subscription has this ID."""


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
    """Start subscriptions at the wish of somebody who may order for the customer; all or none."""
    require(by, Permission.PLACE_ORDER, customer)
    started = begin_subscriptions(customer=customer, lines=lines, reseller_of_record=reseller_of_record, by=by)
    mark_changed(customer.pk, at=clock.now())
    return started


@transaction.atomic
def begin_subscriptions(
    *,
    customer: Customer,
    lines: Sequence[NewSubscription],
    reseller_of_record: Partner | None,
    support_contact: Partner | None = None,
    by: Actor,
) -> list[Subscription]:
    """Start what was ordered, one subscription per line in the same order, with its resellers; all or none.

    The order was placed by somebody who might; who carries it out needs no role at the provider. What is copied here
    (price, currency, term, plan, segment) no later price list changes. Whether the offer is on sale for this customer
    is the caller's question too: it knows the moment the customer was promised. So does it mark the customer changed.
    """
    if by.user is None:
        raise NotPermitted("A subscription is started by a person.")
    named = lock_partners(customer, reseller_of_record, support_contact)
    now = clock.now()
    subscriptions: list[Subscription] = []
    for line in lines:
        parent = subscriptions[line.under] if line.under is not None else line.parent
        subscriptions.append(_built(customer, line, parent, now))
    _insert(subscriptions, [line.subscription_id for line in lines if line.subscription_id is not None])
    if reseller_of_record is not None:
        reseller = named[reseller_of_record.pk]
        facts = {"reseller": reseller, "mpn_id": reseller.mpn_id, "begins_at": now, "set_by": by.user}
        ResellerOfRecord.objects.bulk_create(ResellerOfRecord(subscription=one, **facts) for one in subscriptions)
    if support_contact is not None:
        facts = {"reseller": named[support_contact.pk], "begins_at": now, "set_by": by.user}
        SupportContact.objects.bulk_create(SupportContact(subscription=one, **facts) for one in subscriptions)
    record_all(_records(subscriptions, reseller_of_record, support_contact, by))
    return subscriptions


def lock_partners(customer: Customer, *resellers: Partner | None) -> dict[int, Partner]:
    """The resellers as they are now, by key, while their partnerships are held; PartnershipRequired says why not.

    In the order of their keys, so that two orders that name the same two never wait for each other.
    """
    wanted = {reseller.pk: reseller for reseller in resellers if reseller is not None}
    country = customer.country_code
    return {
        pk: lock_partnership(customer.provider, wanted[pk], customer_country=country).reseller for pk in sorted(wanted)
    }


def _insert(subscriptions: Sequence[Subscription], given: Sequence[UUID]) -> None:
    """Write the rows; a given ID that another subscription has is refused, and nothing else is lost by it."""
    if not given:
        create_under_parents(subscriptions, "parent")
        return
    try:
        with transaction.atomic():
            create_under_parents(subscriptions, "parent")
    except IntegrityError as error:
        taken = Subscription.objects.filter(subscription_id__in=given).first()
        if taken is None:
            raise
        raise SubscriptionIdTaken(
            _("Another subscription has the ID %(id)s.") % {"id": taken.subscription_id}
        ) from error


def _records(
    subscriptions: Sequence[Subscription], of_record: Partner | None, support: Partner | None, by: Actor
) -> list[ActivityRecord]:
    """That each was started and, for the reseller that answers for it, that it was designated."""
    records = []
    for subscription in subscriptions:
        records.append(
            composed(
                "subscription.started",
                subscription,
                by=by,
                offer=subscription.offer_name,
                quantity=subscription.quantity,
                unit_price=subscription.unit_price,
                currency=subscription.currency,
                reseller_of_record=of_record.recorded_name if of_record else None,
            )
        )
        if support is not None:
            subscription.concerned_reseller = support
            changes = {"old": None, "new": support.recorded_name}
            records.append(composed("subscription.support_contact_changed", subscription, by=by, **changes))
            subscription.concerned_reseller = None
    return records


def _built(customer: Customer, line: NewSubscription, parent: Subscription | None, now: datetime) -> Subscription:
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
    if parent is not None and parent.customer_id != customer.pk:
        raise Refused(_("An add-on belongs to a subscription of the same customer."))
    policy = Policy(sku.policy)
    new_commerce = policy == Policy.NEW_COMMERCE
    # Add-ons of the legacy rules end with their base, and renew with it.
    base = parent if parent is not None and {policy, parent.policy} == {Policy.LEGACY} else None
    base_ends_at = base.ends_at if base is not None else None
    ends_at = first_end(now, price.term_months, RulesPolicy(policy), is_trial=sku.is_trial, base_ends_at=base_ends_at)
    subscription = Subscription(
        subscription_id=line.subscription_id or uuid4(),
        customer=customer,
        provider_id=customer.provider_id,
        sku=sku,
        parent=parent,
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
        anchor_day=base.anchor_day if base is not None and ends_at == base_ends_at else now.day,
        ends_at=ends_at,
        batches=batches_json([Batch(line.quantity, now)]) if new_commerce else [],
        search_text=fold(f"{sku.title} {sku.title}"),
        created_at=now,
        changed_at=now,
    )
    keep_derived(subscription)
    return subscription
