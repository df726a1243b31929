"""What choosing offers makes of the lines that were chosen before."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from catalogue.models import Price
from orders.checks import market_of, quantity_problem
from orders.models import OrderDraft, OrderDraftLine
from orders.offers import OfferKey, offer_key, offers_of_skus
from orders.refusals import OffersRefused


def chosen_lines(
    draft: OrderDraft,
    lines: Iterable[OrderDraftLine],
    quantities: Mapping[Price, int],
    confirmed: Mapping[Price, int] | None = None,
) -> tuple[list[OrderDraftLine], list[OrderDraftLine]]:
    """Which of the draft's lines go and which come, unsaved; 0 takes an offer out, and OffersRefused says why not.

    `confirmed` says for offers that the customer has already beside how many subscriptions they are ordered once more.
    """
    market = market_of(draft)
    offers = offers_of_skus(market, (price.sku_id for price in quantities))
    kept: dict[Any, list[OrderDraftLine]] = {}
    for line in lines:
        # Without the currency: after a change of country the same offer takes the place of the one chosen before.
        kept.setdefault(offer_key(line.price)[:-1], []).append(line)
    errors: dict[int, str] = {}
    added: dict[OfferKey, OrderDraftLine] = {}
    gone: list[OrderDraftLine] = []
    for price, quantity in quantities.items():
        key = offer_key(price)
        gone += kept.get(key[:-1], [])
        if quantity == 0:
            continue
        offer = offers.get(key)
        if offer is None or price.market != market.country:
            errors[price.pk] = _("%(offer)s is not on sale for this customer.") % {"offer": price.sku.title}
        elif problem := quantity_problem(offer, quantity):
            errors[price.pk] = problem
        else:
            tier = offer.price_for(quantity) or offer.price
            beside = (confirmed or {}).get(price)
            added[key] = OrderDraftLine(draft=draft, price=tier, quantity=quantity, confirmed_beside=beside)
    if errors:
        raise OffersRefused(errors)
    return gone, list(added.values())
