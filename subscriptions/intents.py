"""What people ask for, in terms of the catalogue, and the change that the rules judge."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from django.db.models import Q
from django.utils.translation import gettext as _

from catalogue.models import Policy, Price
from catalogue.models.prices import BILLING_MONTHS
from subscriptions.facts import facts_of
from subscriptions.models import Subscription, SubscriptionQuerySet
from subscriptions.options import Path, in_tier, next_term_cost, on_sale, own_prices, paths, prices_billed
from subscriptions.rules import (
    Answer,
    Change,
    ChangeBilling,
    ChangeTerm,
    ConvertTrial,
    Facts,
    Mate,
    Refused,
    Upgrade,
    judge,
)


class Kind(StrEnum):
    """The changes that take a price of the catalogue."""

    TERM = "term"
    BILLING = "billing"
    UPGRADE = "upgrade"
    CONVERT = "convert"


@dataclass(frozen=True)
class Priced:
    """A change to one price of the catalogue, with some of the licenses where that is meant."""

    kind: Kind
    price: Price
    quantity: int | None = None


Intent = Change | Priced


def off_sale() -> Refused:
    """The price that was chosen is not offered any more."""
    return Refused("2091", _("This offer is no longer sold like that. Choose again from what is offered today."))


def current_facts(subscription: Subscription) -> Facts:
    """The facts with what other subscriptions say of it (two queries at most)."""
    running = Subscription.objects.filter(parent=subscription, status=Subscription.Status.ACTIVE)
    return facts_of(subscription, has_add_ons=running.exists(), parent=subscription.parent)


def resolve(subscription: Subscription, intent: Intent, now: datetime) -> Change | Refused:
    """The change at today's prices, whatever the page showed."""
    if not isinstance(intent, Priced):
        return intent
    if intent.kind in (Kind.TERM, Kind.BILLING):
        price = next((one for one in own_prices(subscription, now) if one.pk == intent.price.pk), None)
        if price is None:
            return off_sale()
        months = BILLING_MONTHS.get(price.billing_plan, 0)
        if intent.kind == Kind.TERM:
            return ChangeTerm(price.term_months, months, price.unit_price)
        return ChangeBilling(months, price.unit_price, mates_of(subscription, price.billing_plan, now))
    path = path_of(subscription, intent.price, now, intent.quantity)
    if path is None:
        return off_sale()
    if intent.kind == Kind.CONVERT:
        return ConvertTrial(path.target(), intent.quantity or subscription.quantity)
    return Upgrade(path.target(), intent.quantity)


def path_of(subscription: Subscription, price: Price, now: datetime, quantity: int | None) -> Path | None:
    """The path to this very price, or to what so many licenses cost instead, if it is open today."""
    path = next((path for path in paths(subscription, now) if path.price.pk == price.pk), None)
    if path is None or quantity is None or in_tier([path.price], quantity):
        return path
    same = on_sale(subscription, now).filter(
        sku=price.sku_id, term_duration=price.term_duration, billing_plan=price.billing_plan
    )
    # Of a number that is sold at no price the rules say what is wrong with it.
    return next((replace(path, price=one) for one in in_tier(list(same), quantity)), path)


def mates_of(subscription: Subscription, billing_plan: str, now: datetime) -> tuple[Mate, ...]:
    """The others of the same order at their own prices of today, where legacy bills change."""
    if subscription.policy != Policy.LEGACY:
        return ()
    found = billed_together(subscription, billing_plan, now)
    return tuple(Mate(row.nickname, facts_of(row), price.unit_price if price else None) for row, price in found)


def billed_together(
    subscription: Subscription, billing_plan: str, now: datetime
) -> list[tuple[Subscription, Price | None]]:
    """The others of the same order and their add-ons, each with its price of today for these bills (two queries)."""
    mates = list(ordered_together(subscription).select_related("sku__product", "customer").order_by("pk"))
    return [(mate, price) for mate, price in zip(mates, prices_billed(mates, billing_plan, now), strict=True)]


def ordered_together(subscription: Subscription) -> SubscriptionQuerySet:
    """The others of the same order and their add-ons, as legacy bills join them; of an add-on, those of its base.

    What is billed by usage has no bills of a term.
    """
    own = {subscription.pk, subscription.parent_id or subscription.pk}
    of_customer = Subscription.objects.filter(customer=subscription.customer_id)
    orders = of_customer.filter(pk__in=own, order_line__isnull=False).values("order_line__order")
    bases = of_customer.filter(Q(pk__in=own) | Q(order_line__order__in=orders))
    rows = of_customer.filter(Q(pk__in=bases.values("pk")) | Q(parent__in=bases.values("pk")), policy=Policy.LEGACY)
    return rows.listed().filter(sku__is_usage_based=False).exclude(pk=subscription.pk)


def preview(subscription: Subscription, intent: Intent, now: datetime) -> Answer:
    """What would happen, asked before it does; the service asks again under its locks."""
    change = resolve(subscription, intent, now)
    answer = change if isinstance(change, Refused) else judge(current_facts(subscription), change, now)
    if isinstance(answer, Refused) or isinstance(change, Upgrade) or answer.cost.next_term is not None:
        # What an upgrade leaves unsaid, the price list of the present offer does not know either.
        return answer
    return replace(answer, cost=replace(answer.cost, next_term=next_term_cost(subscription, answer.after, now)))
