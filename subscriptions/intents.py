"""What people ask for, in terms of the catalogue, and the change that the rules judge."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils.translation import gettext as _

from catalogue.models import Price
from catalogue.models.prices import BILLING_MONTHS
from subscriptions.facts import facts_of
from subscriptions.models import Subscription
from subscriptions.options import Path, own_prices, paths
from subscriptions.rules import (
    Answer,
    Change,
    ChangeBilling,
    ChangeTerm,
    ConvertTrial,
    Facts,
    Mate,
    Refused,
    Status,
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
    parent = subscription.parent
    return facts_of(
        subscription, has_add_ons=running.exists(), parent_status=parent.status if parent is not None else None
    )


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
        return ChangeBilling(months, price.unit_price, mates_of(subscription))
    path = path_of(subscription, intent.price, now)
    if path is None:
        return off_sale()
    if intent.kind == Kind.CONVERT:
        return ConvertTrial(path.target(), intent.quantity or subscription.quantity)
    return Upgrade(path.target(), intent.quantity)


def path_of(subscription: Subscription, price: Price, now: datetime) -> Path | None:
    """The path to this very price, if it is open today."""
    return next((path for path in paths(subscription, now) if path.price.pk == price.pk), None)


def mates_of(subscription: Subscription) -> tuple[Mate, ...]:
    """The other subscriptions of the same order, which legacy bills change with."""
    line = getattr(subscription, "order_line", None)
    if line is None:
        return ()
    rows = Subscription.objects.filter(order_line__order=line.order_id, policy=subscription.policy).listed()
    return tuple(
        Mate(
            name=row.nickname,
            status=Status(row.status),
            billing_months=BILLING_MONTHS.get(row.billing_plan, 0),
            is_trial=row.is_trial,
        )
        for row in rows.exclude(pk=subscription.pk).order_by("pk")
    )


def preview(subscription: Subscription, intent: Intent, now: datetime) -> Answer:
    """What would happen, asked before it does; the service asks again under its locks."""
    change = resolve(subscription, intent, now)
    return change if isinstance(change, Refused) else judge(current_facts(subscription), change, now)
