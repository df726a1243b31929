"""The catalogue of a market as New subscription pages through it: searched, filtered, add-ons under their base."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from catalogue.models import Price, SkuPrerequisite
from catalogue.models.prices import PriceQuerySet
from core import clock
from orders.offers import Market, Offer, OfferKey, offers_of_skus

PER_PAGE = 50
# With more publishers than this their names are searched for; a list of them would be no choice.
MOST_PUBLISHERS = 50
BASE, ADD_ON, TRIAL = "base", "add_on", "trial"
KINDS = ((BASE, _("Base offers")), (ADD_ON, _("Add-ons")), (TRIAL, _("Trials")))


@dataclass(frozen=True)
class OfferFilters:
    """How the list is narrowed; empty text narrows nothing."""

    q: str = ""
    publisher: str = ""
    segment: str = ""
    term: str = ""
    billing: str = ""
    kind: str = ""

    def __bool__(self) -> bool:
        return any(vars(self).values())


@dataclass(frozen=True)
class OfferPage:
    """A page of offers and its place among all that match; `start` is the place of its first offer, from 1 on."""

    offers: tuple[Offer, ...]
    number: int
    pages: int
    start: int
    count: int

    @property
    def end(self) -> int:
        """The place of its last offer."""
        return self.start + len(self.offers) - 1

    @property
    def before(self) -> int:
        """The number of the page before it."""
        return self.number - 1

    @property
    def after(self) -> int:
        """The number of the page after it."""
        return self.number + 1

    @property
    def is_all(self) -> bool:
        """Whether everything that matches is on it."""
        return self.pages <= 1


NOTHING = OfferPage((), 1, 1, 0, 0)


class Entry(NamedTuple):
    """What the arrangement needs to know of an offer."""

    key: OfferKey
    code: str
    needs: tuple[str, ...]
    is_add_on: bool


def on_sale(market: Market) -> PriceQuerySet:
    """What may be bought in the market now."""
    return Price.objects.on_sale(country=market.country, at=clock.now(), segments=market.segments)


def publishers(market: Market) -> list[str]:
    """Who sells something in the market, by name; nobody where they are too many for a list."""
    names = on_sale(market).exclude(sku__product__publisher="").order_by("sku__product__publisher")
    found = list(names.values_list("sku__product__publisher", flat=True).distinct()[: MOST_PUBLISHERS + 1])
    return found if len(found) <= MOST_PUBLISHERS else []


def matching(market: Market, filters: OfferFilters) -> PriceQuerySet:
    """The prices of the market that match, by title and term."""
    prices = on_sale(market)
    if filters.q:
        prices = prices.search(filters.q)
    exact = {
        "sku__product__publisher": filters.publisher,
        "segment": filters.segment,
        "term_duration": filters.term,
        "billing_plan": filters.billing,
    }
    prices = prices.filter(**{name: value for name, value in exact.items() if value})
    if filters.kind:
        needs_another = Q(sku__is_add_on=True) | Exists(SkuPrerequisite.objects.filter(sku=OuterRef("sku")))
        kinds = {
            BASE: ~needs_another & Q(sku__is_trial=False),
            ADD_ON: needs_another,
            TRIAL: Q(sku__is_trial=True),
        }
        prices = prices.filter(kinds[filters.kind])
    return prices


def page_of_offers(market: Market, filters: OfferFilters, number: int = 1) -> OfferPage:
    """One page of what matches; beyond the last page it is the last.

    All keys are read and arranged, for where an add-on stands depends on its bases; only the offers of the page are
    read in full. The number of queries depends on neither.
    """
    entries = _entries(matching(market, filters)) if market.segments else []
    pages = _cut(_families(entries))
    if not pages:
        return NOTHING
    number = min(max(number, 1), len(pages))
    shown = pages[number - 1]
    offers = offers_of_skus(market, (entry.key[0] for entry in shown))
    start = 1 + sum(len(page) for page in pages[: number - 1])
    found = tuple(offers[entry.key] for entry in shown if entry.key in offers)
    return OfferPage(found, number, len(pages), start, len(entries))


def _entries(prices: PriceQuerySet) -> list[Entry]:
    """The offers of these prices, in their order (two queries)."""
    names = ("sku_id", "term_duration", "billing_plan", "segment", "currency", "sku__code", "sku__is_add_on")
    rows = {row[:5]: row[5:] for row in prices.values_list(*names)}
    needs: dict[int, list[str]] = {}
    wanted = SkuPrerequisite.objects.filter(sku__in=prices.order_by().values("sku"))
    for sku, code in wanted.order_by("required_code").values_list("sku_id", "required_code"):
        needs.setdefault(sku, []).append(code)
    return [
        Entry(key, code, tuple(needs.get(key[0], ())), add_on or key[0] in needs)
        for key, (code, add_on) in rows.items()
    ]


def _families(entries: Sequence[Entry]) -> list[list[Entry]]:
    """Each add-on behind the rows of the first base of it that is listed; all rows of a base stand together."""
    bases = {entry.code: position for position, entry in reversed(list(enumerate(entries))) if not entry.is_add_on}
    families: dict[str, list[Entry]] = {}
    under: dict[str, list[Entry]] = {}
    for entry in entries:
        known = [code for code in entry.needs if code in bases] if entry.is_add_on else []
        if known:
            under.setdefault(min(known, key=bases.__getitem__), []).append(entry)
        else:
            families.setdefault(entry.code, []).append(entry)
    return [[*rows, *under.get(code, ())] for code, rows in families.items()]


def _cut(families: Iterable[Sequence[Entry]]) -> list[list[Entry]]:
    """Pages of at most PER_PAGE offers; a family begins on a new page rather than being parted, if a page holds it."""
    pages: list[list[Entry]] = []
    page: list[Entry] = []
    for family in families:
        if page and len(page) + len(family) > PER_PAGE:
            pages.append(page)
            page = []
        page = [*page, *family]
        while len(page) > PER_PAGE:
            pages.append(page[:PER_PAGE])
            page = page[PER_PAGE:]
    return [*pages, page] if page else pages


# --- the order of rows ------------------------------------------------------------------------------------------------
def arranged(chosen: Sequence[Offer], listed: Sequence[Offer]) -> list[Offer]:
    """Chosen offers first, each add-on under a base of it that is chosen too; then the others as they are listed."""
    known = {offer.key: offer for offer in chosen}
    entries = [Entry(o.key, o.sku.code, tuple(o.sku.prerequisite_codes), o.is_add_on) for o in chosen]
    first = [known[entry.key] for family in _families(entries) for entry in family]
    return [*first, *(offer for offer in listed if offer.key not in known)]
