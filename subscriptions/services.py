"""Starting subscriptions: what an order turns into."""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.access import Actor, require
from accounts.models import Partner
from accounts.roles import Permission
from activity.services import record
from catalogue.models import Price
from core import clock
from core.exceptions import NotPermitted, Refused
from customers.models import Customer
from customers.services import lock_partnership
from subscriptions.models import ResellerOfRecord, Subscription

CANCELLATION_DAYS = 7


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
    return Subscription(
        customer=customer,
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
        auto_renew=price.term_months > 0,
        starts_at=now,
        ends_at=after_months(now, price.term_months) if price.term_months else None,
        cancellable_until=now + timedelta(days=CANCELLATION_DAYS),
        created_at=now,
    )


def after_months(moment: datetime, months: int) -> datetime:
    """The same day and time so many calendar months later; the last day where the month is shorter."""
    years, month = divmod(moment.month - 1 + months, 12)
    year, month = moment.year + years, month + 1
    return moment.replace(year=year, month=month, day=min(moment.day, calendar.monthrange(year, month)[1]))
