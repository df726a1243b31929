"""What a customer has already of what is offered: it decides what may be chosen, and what must be confirmed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import Actor
from catalogue.models import Sku
from core.html import number_text
from customers.models import Customer
from orders.models import Order, OrderLine
from orders.money import licenses_words
from subscriptions.models import Subscription

Status = Subscription.Status
# What is ordered and waits to be carried out: no subscription yet, and yet nothing to be ordered twice.
ORDERED = "ordered"


class Owned(NamedTuple):
    """A subscription that the customer has; without a key it is ordered and not set up yet."""

    pk: int | None
    sku_code: str
    status: str
    quantity: int
    offer_name: str
    subscription_id: UUID | None
    policy: str = ""
    ends_at: datetime | None = None


class Barrier(NamedTuple):
    """Why an offer cannot be chosen for this customer, and the page that repairs it, if there is one."""

    text: str
    action: str = ""
    url: str = ""


def owned_subscriptions(customer: Customer | None, skus: Iterable[Sku], reader: Actor | None = None) -> list[Owned]:
    """What the customer has of these offers and of their bases, oldest first, then what is ordered (two queries).

    With a reader, of what is ordered only that of which it sees the order.
    """
    codes = {code for sku in skus for code in (sku.code, *sku.prerequisite_codes)}
    if customer is None or not codes:
        return []
    rows = Subscription.objects.filter(customer=customer, sku__code__in=codes).order_by("pk")
    names = ("pk", "sku__code", "status", "quantity", "offer_name", "subscription_id", "policy", "ends_at")
    having = [Owned(*row) for row in rows.values_list(*names)]
    pending = OrderLine.objects.filter(order__customer=customer, sku__code__in=codes, state=OrderLine.State.PENDING)
    if reader is not None:
        pending = pending.filter(order__in=Order.objects.visible_to(reader))
    waiting = pending.order_by("pk").values_list("sku__code", "quantity", "offer_name")
    return having + [Owned(None, code, ORDERED, number, name, None) for code, number, name in waiting]


@dataclass(frozen=True)
class Standing:
    """What the customer's own subscriptions say of one offer."""

    # Of the offer itself, whether active or ordered.
    having: tuple[Owned, ...] = ()
    # A suspended one of it.
    suspension: Barrier | None = None
    # As many as the customer may have.
    limit: Barrier | None = None
    # For an add-on: the name of a base that the customer has, or that there is none to be had.
    base: str = ""
    baseless: Barrier | None = None

    @property
    def barrier(self) -> Barrier | None:
        """Why it cannot be chosen, if anything keeps it from that."""
        return self.suspension or self.limit or self.baseless

    @property
    def licenses(self) -> int:
        """How many licenses of the offer the customer has or has ordered."""
        return sum(one.quantity for one in self.having)

    @property
    def words(self) -> str:
        """What the customer has of the offer, for a person to compare: 25 licenses, or that one is suspended."""
        if self.suspension:
            return str(Status.SUSPENDED.label)
        return " + ".join(licenses_words(one.quantity) for one in self.having)


NOTHING_OWNED = Standing()


def standing_of(sku: Sku, owned: Sequence[Owned], customer: Customer | None) -> Standing:
    """What is so of an offer, judged alone; what the customer has of it and of its bases is among `owned`."""
    if customer is None:
        return NOTHING_OWNED
    own = [one for one in owned if one.sku_code == sku.code]
    active = {one.sku_code: one.offer_name for one in reversed(owned) if one.status == Status.ACTIVE}
    return Standing(
        having=tuple(one for one in own if one.status in (Status.ACTIVE, ORDERED)),
        suspension=suspension(sku, own, customer),
        limit=spent_limit(sku, own),
        base=next((active[code] for code in sku.prerequisite_codes if code in active), ""),
    )


def suspension(sku: Sku, own: Iterable[Owned], customer: Customer) -> Barrier | None:
    """A suspended subscription of the offer is reactivated, and no other one is bought."""
    suspended = next((one for one in own if one.status == Status.SUSPENDED), None)
    if suspended is None:
        return None
    text = _("The customer’s subscription of %(offer)s is suspended. Reactivate it instead of ordering it again.")
    url = reverse("subscriptions:change", args=[customer.microsoft_id, suspended.subscription_id, "reactivate"])
    return Barrier(text % {"offer": sku.title}, _("Reactivate"), url)


def repeat_problem(sku: Sku, standing: Standing, confirmed_beside: int) -> str:
    """What the customer has already is ordered once more only if somebody said so, knowing how many there are."""
    if confirmed_beside >= len(standing.having):
        return ""
    text = _(
        "The customer has %(licenses)s of %(offer)s already. Change its licenses instead, or confirm that it is to be "
        "ordered once more."
    )
    return text % {"licenses": licenses_words(standing.licenses), "offer": sku.title}


def spent_limit(sku: Sku, own: Sequence[Owned]) -> Barrier | None:
    """An offer of which the customer has as many as it may."""
    limit = sku.asset_ownership_limit
    counted = len(counted_by_limit(sku, own))
    if limit is None or sku.asset_ownership_limit_type == Sku.OwnershipLimitType.NONE or counted < limit:
        return None
    return Barrier(limit_words(sku, counted))


def counted_by_limit(sku: Sku, own: Iterable[Owned]) -> list[Owned]:
    """What the limit of the offer counts: not what was deleted, unless a customer gets the offer once in its life."""
    ever = sku.asset_ownership_limit_type == Sku.OwnershipLimitType.LIFETIME
    return [one for one in own if one.sku_code == sku.code and (ever or one.status != Status.DELETED)]


def limit_words(sku: Sku, counted: int) -> str:
    """That a customer may have no more of the offer than it has, or than the order asks for."""
    limit = sku.asset_ownership_limit
    if limit == 1:
        text = (
            _("A customer may have %(offer)s only once, and this one already has it.")
            if counted
            else _("A customer may have %(offer)s only once. Choose one term for it.")
        )
    else:
        text = (
            _("A customer may have %(offer)s only %(limit)s times; it has %(owned)s already.")
            if counted
            else _("A customer may have %(offer)s only %(limit)s times. Choose it once, for one term.")
        )
    values = {"offer": sku.title, "limit": number_text(limit or 0), "owned": number_text(counted)}
    return text % values
