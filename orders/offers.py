"""Offers as New subscription lists them: a SKU for a term and a billing plan, with its price for every quantity."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from catalogue.models import Price, Sku
from catalogue.models.products import LARGEST_QUANTITY, SMALLEST_QUANTITY
from core import clock
from core.html import number_text
from orders.money import billing_words, price_words, term_words
from subscriptions.options import SEGMENTS

# SKU, term, billing plan, segment, and the currency.
OfferKey = tuple[int, str, str, str, str]


@dataclass(frozen=True)
class Market:
    """Where the customer is and what kind of customer it is: together they decide what is on sale."""

    country: str
    segments: tuple[str, ...]

    @classmethod
    def of(cls, country: str, qualification: str) -> "Market":
        """The market of a customer."""
        return cls(country, SEGMENTS.get(qualification, ()))


def offer_key(price: Price) -> OfferKey:
    """What stays the same of an offer in its market when its price changes."""
    return (price.sku_id, price.term_duration, price.billing_plan, price.segment, price.currency)


@dataclass(frozen=True)
class Offer:
    """One row of New subscription; `prices` are its tiers from the smallest quantity on."""

    prices: tuple[Price, ...]

    @property
    def price(self) -> Price:
        """The price of the smallest quantity: it stands for the offer in forms."""
        return self.prices[0]

    @property
    def sku(self) -> Sku:
        """What is bought."""
        return self.price.sku

    @property
    def key(self) -> OfferKey:
        """What identifies it among the offers of a market."""
        return offer_key(self.price)

    @property
    def is_add_on(self) -> bool:
        """Whether it needs another subscription first."""
        return bool(self.sku.is_add_on or self.sku.prerequisite_codes)

    def price_for(self, quantity: int) -> Price | None:
        """The tier into which this many licenses fall; None when the list has none."""
        for price in self.prices:
            if price.pricing_tier_min <= quantity <= (price.pricing_tier_max or LARGEST_QUANTITY):
                return price
        return None

    @property
    def in_words(self) -> str:
        """Title, term and billing: what tells two rows apart when read aloud."""
        words = [self.sku.title, term_words(self.price), billing_words(self.price)]
        return ", ".join(word for word in words if word)

    @property
    def price_words(self) -> str:
        """What one license costs on one bill."""
        return price_words(self.price)

    @property
    def hints(self) -> list[str]:
        """What is unusual about the number of licenses and its price; nothing for most offers."""
        return [*self.number_hints, *self.price_hints]

    @property
    def number_hints(self) -> list[str]:
        """What is unusual about the number of licenses."""
        least, most = self.sku.quantity_limits
        found = []
        if self.sku.is_usage_based:
            found.append(_("Billed by usage: enter %(number)s to select it.") % {"number": number_text(least)})
        elif least == most:
            found.append(_("Always %(number)s licenses") % {"number": number_text(least)})
        elif most < LARGEST_QUANTITY and least > SMALLEST_QUANTITY:
            found.append(_("%(least)s to %(most)s licenses") % {"least": number_text(least), "most": number_text(most)})
        elif most < LARGEST_QUANTITY:
            found.append(_("Up to %(most)s licenses") % {"most": number_text(most)})
        elif least > SMALLEST_QUANTITY:
            found.append(_("%(least)s licenses or more") % {"least": number_text(least)})
        return found

    @property
    def price_hints(self) -> list[str]:
        """From how many licenses on each of them costs something else."""
        return [
            _("From %(number)s licenses: %(price)s")
            % {"number": number_text(price.pricing_tier_min), "price": price_words(price)}
            for price in self.prices[1:]
        ]


# --- finding them -----------------------------------------------------------------------------------------------------
def offers_of_skus(market: Market, sku_ids: Iterable[int]) -> dict[OfferKey, Offer]:
    """Everything on sale in the market of these SKUs, by key."""
    ids = set(sku_ids)
    if not ids or not market.segments:
        return {}
    prices = (
        Price.objects.on_sale(country=market.country, at=clock.now(), segments=market.segments)
        .filter(sku_id__in=ids)
        .prefetch_related("sku__prerequisites")
    )
    return grouped(prices)


def grouped(prices: Iterable[Price]) -> dict[OfferKey, Offer]:
    """Prices as offers, in the order of the prices, each offer's tiers from the smallest quantity on."""
    tiers: dict[OfferKey, list[Price]] = {}
    for price in prices:
        tiers.setdefault(offer_key(price), []).append(price)
    return {key: Offer(tuple(sorted(found, key=lambda p: p.pricing_tier_min))) for key, found in tiers.items()}


def same_offer(offers: Mapping[OfferKey, Offer], price: Price) -> Offer | None:
    """The offer that this price row was a price of, at today's price; after a change of country, in that currency."""
    key = offer_key(price)
    return offers.get(key) or next((offer for other, offer in offers.items() if other[:-1] == key[:-1]), None)
