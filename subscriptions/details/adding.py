"""The way from a subscription to the add-ons that are on sale for it."""

from dataclasses import dataclass

from accounts.access import Actor, can
from accounts.roles import Permission
from catalogue.models import Price
from core import clock
from subscriptions.models import Subscription
from subscriptions.options import SEGMENTS
from subscriptions.tables import add_subscription_url, ask_subscription_url

# Of more, New subscription lists all add-ons instead of being searched for one.
MOST_NAMED = 3
# As many letters as the search of New subscription takes; part of a word finds it too.
LONGEST_SEARCH = 100


@dataclass(frozen=True)
class AddOnOffers:
    """Where add-ons are ordered, or asked for; `named` are title and search of each, none of too many to name."""

    url: str
    asks: bool
    named: list[tuple[str, str]]


def add_ons_offered(subscription: Subscription, actor: Actor) -> AddOnOffers | None:
    """What the actor may order or ask for to go with an active base subscription; None where there is nothing."""
    url, asks = None, False
    if can(actor, Permission.PLACE_ORDER):
        url = add_subscription_url(subscription.customer)
    elif can(actor, Permission.REQUEST_CHANGE):
        url, asks = ask_subscription_url(subscription.customer), True
    if url is None or subscription.parent_id is not None or subscription.status != Subscription.Status.ACTIVE:
        return None
    titles = add_ons_on_sale(subscription)
    if not titles:
        return None
    named = titles if len(titles) <= MOST_NAMED else []
    return AddOnOffers(url, asks, [(title, title[:LONGEST_SEARCH]) for title in named])


def add_ons_on_sale(subscription: Subscription) -> list[str]:
    """The titles of the add-ons that its customer may buy for it today, one more than are named (one query)."""
    customer = subscription.customer
    segments = SEGMENTS.get(customer.qualification, ())
    prices = Price.objects.on_sale(country=customer.country_code, at=clock.now(), segments=segments)
    wanted = prices.filter(sku__prerequisites__required_code=subscription.sku.code).order_by("sku__title")
    return list(wanted.values_list("sku__title", flat=True).distinct()[: MOST_NAMED + 1])
