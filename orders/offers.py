"""Offers as New subscription lists them: a SKU for a term and a billing plan, with its price for every quantity."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from catalogue.models import Price, Segment, Sku
from catalogue.models.products import LARGEST_QUANTITY, SMALLEST_QUANTITY
from core import clock
from core.html import number_text
from customers.models import Customer
from orders.money import billing_words, price_words, term_words

# What a customer of each kind may buy, as the programme publishes it.
SEGMENTS: dict[str, tuple[str, ...]] = {
    Customer.Qualification.NONE: (Segment.COMMERCIAL,),
    Customer.Qualification.EDUCATION: (Segment.COMMERCIAL, Segment.EDUCATION),
    Customer.Qualification.GOVERNMENT: (Segment.GOVERNMENT,),
    Customer.Qualification.STATE_OWNED: (Segment.COMMERCIAL,),
}
# More rows than people read; the search finds the others.
MOST_OFFERS = 100

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
    # Of an add-on: the titles of what it needs, as far as the catalogue knows them.
    bases: tuple[str, ...] = field(default=(), compare=False)

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
        """What is unusual about the number of licenses; nothing for most offers."""
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
        for price in self.prices[1:]:
            found.append(
                _("From %(number)s licenses: %(price)s")
                % {"number": number_text(price.pricing_tier_min), "price": price_words(price)}
            )
        return found


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


@dataclass(frozen=True)
class OfferFilters:
    """How the list is narrowed; empty text narrows nothing."""

    q: str = ""
    segment: str = ""
    term: str = ""
    billing: str = ""

    def __bool__(self) -> bool:
        return bool(self.q or self.segment or self.term or self.billing)


@dataclass(frozen=True)
class OfferList:
    """A page of offers; `is_cut` says that more would match."""

    offers: tuple[Offer, ...]
    is_cut: bool


def list_offers(market: Market, filters: OfferFilters) -> OfferList:
    """The first offers of the market that match, by title and term."""
    if not market.segments:
        return OfferList((), False)
    prices = Price.objects.on_sale(country=market.country, at=clock.now(), segments=market.segments)
    if filters.q:
        prices = prices.search(filters.q)
    exact = {"segment": filters.segment, "term_duration": filters.term, "billing_plan": filters.billing}
    prices = prices.filter(**{name: value for name, value in exact.items() if value})
    # Enough rows for one offer more than shown, however many tiers they have; the last offer may lack tiers and is cut.
    rows = list(prices.prefetch_related("sku__prerequisites")[: MOST_OFFERS * 2])
    offers = list(grouped(rows).values())
    return OfferList(tuple(offers[:MOST_OFFERS]), len(offers) > MOST_OFFERS or len(rows) == MOST_OFFERS * 2)


def arranged(chosen: Sequence[Offer], listed: Sequence[Offer]) -> list[Offer]:
    """Chosen offers first, then the others; each add-on under the first base of it that stands before it."""
    known = {offer.key for offer in chosen}
    return [
        *_add_ons_under_bases(chosen),
        *_add_ons_under_bases([offer for offer in listed if offer.key not in known]),
    ]


def _add_ons_under_bases(offers: Sequence[Offer]) -> list[Offer]:
    last_row_of: dict[str, int] = {}
    for position, offer in enumerate(offers):
        last_row_of[offer.sku.code] = position
    under: dict[int, list[Offer]] = {}
    standing: list[tuple[int, Offer]] = []
    for position, offer in enumerate(offers):
        bases = [last_row_of[code] for code in offer.sku.prerequisite_codes if code in last_row_of]
        if offer.is_add_on and bases and offers[min(bases)] is not offer and not offers[min(bases)].is_add_on:
            under.setdefault(min(bases), []).append(offer)
        else:
            standing.append((position, offer))
    return [one for position, offer in standing for one in (offer, *under.get(position, []))]


def with_bases(offers: Sequence[Offer]) -> list[Offer]:
    """The same offers, each add-on knowing the titles of what it needs (one query for all)."""
    codes = {code for offer in offers for code in offer.sku.prerequisite_codes}
    titles = dict(Sku.objects.filter(code__in=codes).values_list("code", "title")) if codes else {}
    return [
        Offer(offer.prices, tuple(titles[code] for code in offer.sku.prerequisite_codes if code in titles))
        for offer in offers
    ]
