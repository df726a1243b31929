"""The price list: the full list of a market. What it no longer names is ended, what it names anew replaces."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import Q
from django.utils.translation import gettext as _

from catalogue.importing.columns import PRICE_LIST, checked_rows
from catalogue.importing.copying import insert_rows
from catalogue.importing.describing import in_batches, store_skus
from catalogue.importing.outcome import Outcome
from catalogue.importing.problems import Problems
from catalogue.importing.reading import Sheet
from catalogue.models import BillingPlan, Price
from catalogue.models.prices import BILLING_MONTHS, TERM_MONTHS
from core import clock

SKU_FIELDS = ["title", "description", "unit_of_measure", "is_trial", "is_usage_based"]
# What makes two rows prices of the same thing; the SKU's primary key stands first.
KEY_FIELDS = ("sku_id", "market", "currency", "term_duration", "billing_plan", "segment", "pricing_tier_min")
CONTENT_FIELDS = ("effective_from", "effective_to", "unit_price", "erp_price", "pricing_tier_max")
INSERTED = (
    *("sku", *KEY_FIELDS[1:]),
    *CONTENT_FIELDS,
    *("term_months", "is_listed", "sold_from", "sold_until", "created_at"),
)
# Terms and billing plans that exclude each other: one month is not billed once a year.
TOO_SELDOM = {(t, p) for t, term in TERM_MONTHS.items() for p, bill in BILLING_MONTHS.items() if bill > term}
Key = tuple[Any, ...]


class Row(NamedTuple):
    """A checked row, in the order of PRICE_LIST."""

    product_title: str
    product: str
    sku: str
    sku_title: str
    publisher: str
    description: str
    unit: str
    term: str
    plan: str
    market: str
    currency: str
    price: Decimal
    tier_min: int
    tier_max: int | None
    start: datetime
    end: datetime | None
    tags: frozenset[str]
    erp: Decimal | None
    segment: str


class Content(NamedTuple):
    """What a row says about its key."""

    effective_from: datetime
    effective_to: datetime | None
    unit_price: Decimal
    erp_price: Decimal | None
    pricing_tier_max: int | None


@dataclass
class PriceList:
    """A checked price list: its products, its SKUs, and its prices by SKU and key, in the order of the file."""

    products: dict[str, dict[str, str]] = field(default_factory=dict)
    skus: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    # The key begins with (product ID, SKU ID) here, because the SKU may not be stored yet.
    prices: dict[Key, dict[datetime, Content]] = field(default_factory=lambda: defaultdict(dict))
    repeated: int = 0

    @property
    def markets(self) -> set[str]:
        """The markets it lists."""
        return {key[1] for key in self.prices}


def parse(sheet: Sheet, problems: Problems, on_progress: Callable[[int], None]) -> PriceList:
    """Check every row; the result is complete only if there are no problems."""
    found = PriceList()
    first_rows: dict[tuple[Key, datetime], int] = {}
    for number, values in checked_rows(PRICE_LIST, sheet, problems, on_progress):
        row = Row._make(values)
        if wrong := contradiction(row):
            problems.add(number, *wrong)
            continue
        key = ((row.product, row.sku), row.market, row.currency, row.term, row.plan, row.segment, row.tier_min)
        content = Content(row.start, row.end, row.price, row.erp, row.tier_max)
        periods = found.prices[key]
        earlier = periods.get(row.start)
        if earlier is None:
            periods[row.start] = content
            first_rows[key, row.start] = number
            describe(found, row)
        elif earlier == content:
            found.repeated += 1
        else:
            reason = _("Row %(row)d says something else about the same offer and start date.")
            problems.add(number, "UnitPrice", str(row.price), reason % {"row": first_rows[key, row.start]})
    return found


def contradiction(row: Row) -> tuple[str, str, str] | None:
    """The column, value and reason where cells that are fine alone do not fit together."""
    if row.end is not None and row.end <= row.start:
        return "EffectiveEndDate", f"{row.end:%Y-%m-%d %H:%M}", _("The price ends before it begins.")
    if row.tier_max is not None and row.tier_max < row.tier_min:
        return "PricingTierRangeMax", str(row.tier_max), _("The range ends before it begins.")
    if (row.term, row.plan) in TOO_SELDOM:
        return "BillingPlan", row.plan, _("A term of %(term)s is not billed so seldom.") % {"term": row.term}
    return None


def describe(found: PriceList, row: Row) -> None:
    """Take over what the row says of its product and SKU; of several rows the last one holds."""
    found.products[row.product] = {"title": row.product_title, "publisher": row.publisher}
    # Without a term, a billing plan and a license there is nothing to count: consumption is billed afterwards.
    by_usage = row.term == "" and row.plan == BillingPlan.NONE and not row.tags & {"license", "trial"}
    values = found.skus.get((row.product, row.sku))
    if values is None:
        values = found.skus[row.product, row.sku] = {"is_trial": False, "is_usage_based": by_usage}
    values["title"], values["description"], values["unit_of_measure"] = row.sku_title, row.description, row.unit
    values["is_trial"] = values["is_trial"] or "trial" in row.tags
    values["is_usage_based"] = values["is_usage_based"] and by_usage


def is_one_time(plan: str) -> bool:
    """Whether it belongs to the list of things bought once, which comes in a file of its own."""
    return plan == BillingPlan.ONE_TIME


@dataclass
class Live:
    """A stored price that is offered now or will be."""

    pk: int
    content: Content
    sold_until: datetime | None
    is_listed: bool


class Changes:
    """What a file makes of the stored prices: rows to insert, and ends to set."""

    def __init__(self, file: dict[Key, dict[datetime, Content]], now: datetime) -> None:
        self.file, self.now = file, now
        self.inserted: list[tuple[Any, ...]] = []
        self.ends: dict[tuple[datetime | None, bool], list[int]] = defaultdict(list)
        self.outcome = Outcome()
        # A list that begins in the future (next month's, published early) ends nothing before it begins.
        self.file_start = max(now, min((start for periods in file.values() for start in periods), default=now))

    def compare(self, live: dict[Key, list[Live]], touched: set[int]) -> set[Key]:
        """Compare key by key; `touched` are SKUs that the file describes anew. Returns the keys that are new."""
        new_keys: set[Key] = set()
        for key, periods in self.file.items():
            if key not in live:
                new_keys.add(key)
                self.outcome.added += len(periods)
                continue
            self._compare_key(key, periods, live[key], described_anew=key[0] in touched)
        for key, rows in live.items():
            if key not in self.file and self._is_in_scope(key):
                for row in rows:
                    self.outcome.ended += row.is_listed
                    self._end(row, self.file_start)
        return new_keys

    def _is_in_scope(self, key: Key) -> bool:
        return (key[1], key[5], is_one_time(key[4])) in self.scope

    @cached_property
    def scope(self) -> set[tuple[str, str, bool]]:
        """What the file is the full list of: (market, segment, bought once) that it names at least once."""
        return {(key[1], key[5], is_one_time(key[4])) for key in self.file}

    def _compare_key(
        self, key: Key, periods: dict[datetime, Content], rows: list[Live], *, described_anew: bool
    ) -> None:
        until = selling_ends(periods)
        changeover = max(self.now, min(periods))
        kept: dict[datetime, Live] = {}
        for row in rows:
            start = row.content.effective_from
            # An end once set is never taken back: then a new row takes over.
            if row.is_listed and periods.get(start) == row.content and not is_later(until[start], row.sold_until):
                kept[start] = row
            else:
                self._end(row, changeover)
        for start, content in periods.items():
            if start not in kept:
                self.outcome.changed += 1
                self.insert(key, content, max(start, changeover), until[start])
                continue
            if until[start] != kept[start].sold_until:
                self.ends[until[start], True].append(kept[start].pk)
            self.outcome.changed += described_anew
            self.outcome.unchanged += not described_anew

    def _end(self, row: Live, moment: datetime) -> None:
        until = moment if is_later(row.sold_until, moment) else row.sold_until
        if row.is_listed or until != row.sold_until:
            self.ends[until, False].append(row.pk)

    def insert(self, key: Key, content: Content, sold_from: datetime, sold_until: datetime | None) -> None:
        """Note a row to insert."""
        months = TERM_MONTHS.get(key[3], 0)
        self.inserted.append((*key, *content, months, True, sold_from, sold_until, self.now))

    def insert_new(self, keys: Iterable[Key], returning: set[Key]) -> None:
        """Note the rows of new keys; one that returns after an absence is offered from now on, not in between."""
        for key in keys:
            periods = self.file[key]
            until = selling_ends(periods)
            for start, content in periods.items():
                sold_from = max(start, self.now) if key in returning else start
                self.insert(key, content, sold_from, until[start])


def selling_ends(periods: dict[datetime, Content]) -> dict[datetime, datetime | None]:
    """Until when each period of a key is offered: its end, or the start of the next one if that is earlier."""
    if len(periods) == 1:
        return {start: content.effective_to for start, content in periods.items()}
    starts = sorted(periods)
    ends: dict[datetime, datetime | None] = {}
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        end = periods[start].effective_to
        ends[start] = following if is_later(end, following) else end
    return ends


def is_later(moment: datetime | None, other: datetime | None) -> bool:
    """Whether one end lies after another; None is no end at all."""
    return other is not None and (moment is None or moment > other)


def store(found: PriceList) -> Outcome:
    """Bring the catalogue to what the list says, in the caller's transaction; stored prices are only ever ended."""
    now = clock.now()
    described = store_skus(found.skus, found.products, fields=SKU_FIELDS)
    pks = {code.partition("/")[::2]: sku.pk for code, sku in described.skus.items()}
    file: dict[Key, dict[datetime, Content]] = {(pks[key[0]], *key[1:]): value for key, value in found.prices.items()}
    changes = Changes(file, now)
    live = live_prices(found.markets, {segment for _market, segment, _once in changes.scope}, now)
    new_keys = changes.compare(live, {described.skus[code].pk for code in described.changed})
    changes.insert_new(new_keys, returning_keys(new_keys, found.markets, described.added, pks))
    for (until, listed), rows in changes.ends.items():
        for batch in in_batches(rows):
            Price.objects.filter(pk__in=batch).update(sold_until=until, is_listed=listed)
    insert_rows(Price, INSERTED, changes.inserted)
    changes.outcome.unchanged += found.repeated
    return changes.outcome


def live_prices(markets: set[str], segments: set[str], now: datetime) -> dict[Key, list[Live]]:
    """What is listed, or still offered, in these markets and segments."""
    rows = Price.objects.filter(
        Q(is_listed=True) | Q(sold_until__gt=now), market__in=markets, segment__in=segments
    ).values_list(*KEY_FIELDS, *CONTENT_FIELDS, "pk", "sold_until", "is_listed")
    live: dict[Key, list[Live]] = defaultdict(list)
    split, after = len(KEY_FIELDS), len(KEY_FIELDS) + len(CONTENT_FIELDS)
    for row in rows:
        live[row[:split]].append(Live(row[after], Content(*row[split:after]), row[after + 1], row[after + 2]))
    return live


def returning_keys(keys: set[Key], markets: set[str], added: set[str], pks: dict[Any, int]) -> set[Key]:
    """Those of the keys that were offered at an earlier time; SKUs that are new as well need no look."""
    fresh = {pks[tuple(code.split("/"))] for code in added}
    found: set[Key] = set()
    for batch in in_batches({key[0] for key in keys} - fresh):
        found.update(Price.objects.filter(sku__in=batch, market__in=markets).values_list(*KEY_FIELDS).distinct())
    return found & keys
