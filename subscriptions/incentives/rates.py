"""Incentive rates: which one holds for a subscription on a day, and how the back office adds and ends them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Actor
from activity.services import record
from catalogue.models import Product, Sku
from core import clock
from core.exceptions import InvalidTransition, NotPermitted, Refused
from core.html import date_text
from subscriptions.models import IncentiveRate

# No two rates are added at once; any number that no other lock of the portal uses.
RATES_LOCK = 7_031_761
HIGHEST = Decimal(100)
OUT_OF_RANGE = gettext_lazy("Enter a percentage between 0 and 100.")
ENDS_TOO_EARLY = gettext_lazy("The last day is before the first.")
VOIDED_ALREADY = gettext_lazy("This rate is voided: it holds on no day.")
USED_ALREADY = gettext_lazy(
    "Entries were calculated with this rate. End it instead, and calculate those entries again."
)


class RatesOverlap(Refused):
    """For some subscriptions and days two rates of the same kind would hold; `other` is the one that is there."""

    def __init__(self, other: IncentiveRate) -> None:
        until = date_text(other.effective_to) if other.effective_to else _("further notice")
        super().__init__(
            _(
                "A rate for the same offers, segment and markets holds already: %(rate)s, from %(begin)s until "
                "%(end)s. End it first, or choose other days."
            )
            % {"rate": other, "begin": date_text(other.effective_from), "end": until}
        )
        self.other = other


@dataclass(frozen=True)
class Offered:
    """What of a subscription decides which rate holds."""

    sku: int
    product: int
    segment: str
    market: str


class RateTable:
    """The rates of some months at hand, so that millions of subscriptions ask for theirs without a query."""

    def __init__(self, rates: Iterable[IncentiveRate]) -> None:
        self.rates = list(rates)
        ends = [rate.effective_to + timedelta(days=1) for rate in self.rates if rate.effective_to]
        # The days on which another rate may hold than the day before.
        self.days = sorted({*(rate.effective_from for rate in self.rates), *ends})
        self._known: dict[Offered, list[IncentiveRate]] = {}

    @classmethod
    def between(cls, first: date, last: date) -> "RateTable":
        """Those that hold on some day between the two; none of them is voided while the transaction lasts."""
        hold_rates_lock(shared=True)
        rows = IncentiveRate.objects.select_related("product", "sku").filter(voided_at=None, effective_from__lte=last)
        return cls(rows.filter(Q(effective_to=None) | Q(effective_to__gte=first)))

    def of(self, offered: Offered) -> list[IncentiveRate]:
        """All that could hold for it on some day, the narrowest first."""
        if offered not in self._known:
            found = [rate for rate in self.rates if covers(rate, offered)]
            self._known[offered] = sorted(found, key=narrowness, reverse=True)
        return self._known[offered]

    def on(self, offered: Offered, day: date) -> IncentiveRate | None:
        """The narrowest that holds on the day, or None: then nothing is earned."""
        return next((rate for rate in self.of(offered) if holds_on(rate, day)), None)


def covers(rate: IncentiveRate, offered: Offered) -> bool:
    """Whether the rate is meant for this offer, segment and market."""
    return (
        rate.sku_id in (None, offered.sku)
        and rate.product_id in (None, offered.product)
        and rate.segment in ("", offered.segment)
        and (not rate.markets or f";{offered.market};" in rate.markets)
    )


def narrowness(rate: IncentiveRate) -> tuple[bool, bool, bool, bool]:
    """What counts first where several hold: the offer before its product, then the segment, then the markets."""
    return rate.sku_id is not None, rate.product_id is not None, bool(rate.segment), bool(rate.markets)


def holds_on(rate: IncentiveRate, day: date) -> bool:
    """Whether it is in force on the day; both of its days count."""
    return rate.effective_from <= day and (rate.effective_to is None or day <= rate.effective_to)


def overlapping(
    *,
    product: Product | None,
    sku: Sku | None,
    segment: str,
    markets: Sequence[str],
    effective_from: date,
    effective_to: date | None,
) -> IncentiveRate | None:
    """A rate of the same kind that would hold for the same subscriptions on some of these days."""
    rows: QuerySet[IncentiveRate] = IncentiveRate.objects.filter(
        product=product, sku=sku, segment=segment, voided_at=None
    )
    rows = rows.filter(Q(effective_to=None) | Q(effective_to__gte=effective_from))
    if effective_to is not None:
        rows = rows.filter(effective_from__lte=effective_to)
    if not markets:
        rows = rows.filter(markets="")
    else:
        shared = Q(pk=None)
        for code in markets:
            shared |= Q(markets__contains=f";{code};")
        rows = rows.filter(shared)
    return rows.select_related("product", "sku").order_by("effective_from", "pk").first()


@transaction.atomic
def add_rate(
    *,
    percent: Decimal,
    effective_from: date,
    effective_to: date | None = None,
    product: Product | None = None,
    sku: Sku | None = None,
    segment: str = "",
    markets: Sequence[str] = (),
    reason: str = "",
    by: Actor,
) -> IncentiveRate:
    """Let resellers of record earn this percentage from a day on; RatesOverlap where another rate says otherwise.

    Months that are written already do not change: their entries are calculated again one by one, where that is wanted.
    """
    require_back_office(by)
    if not 0 <= percent <= HIGHEST:
        raise Refused(str(OUT_OF_RANGE))
    if effective_to is not None and effective_to < effective_from:
        raise Refused(str(ENDS_TOO_EARLY))
    if product is not None and sku is not None:
        raise Refused(_("Choose an offer or a product, not both."))
    hold_rates_lock()
    markets = sorted(set(markets))
    other = overlapping(
        product=product,
        sku=sku,
        segment=segment,
        markets=markets,
        effective_from=effective_from,
        effective_to=effective_to,
    )
    if other is not None:
        raise RatesOverlap(other)
    rate = IncentiveRate.objects.create(
        product=product,
        sku=sku,
        segment=segment,
        markets=f";{';'.join(markets)};" if markets else "",
        percent=percent,
        effective_from=effective_from,
        effective_to=effective_to,
    )
    record(
        "incentive_rate.added",
        rate,
        by=by,
        percent=percent,
        offer=(sku or product).title if sku or product else None,  # type: ignore[union-attr]
        segment=segment,
        markets=markets,
        effective_from=effective_from,
        effective_to=effective_to,
        reason=reason,
    )
    return rate


@transaction.atomic
def end_rate(*, rate: IncentiveRate, effective_to: date, reason: str, by: Actor) -> IncentiveRate:
    """Let the rate hold for the last time on this day; a rate is never lengthened and never changed otherwise."""
    require_back_office(by)
    if not reason.strip():
        raise Refused(_("Give a reason: resellers will ask for it."))
    rate = IncentiveRate.objects.select_for_update().get(pk=rate.pk)
    if rate.voided_at is not None:
        raise InvalidTransition(str(VOIDED_ALREADY))
    if effective_to < rate.effective_from:
        raise Refused(_("The rate begins on %(day)s only.") % {"day": date_text(rate.effective_from)})
    if rate.effective_to is not None and effective_to >= rate.effective_to:
        raise Refused(_("The rate ends on %(day)s already.") % {"day": date_text(rate.effective_to)})
    before, rate.effective_to = rate.effective_to, effective_to
    rate.save(update_fields=["effective_to"])
    record("incentive_rate.ended", rate, by=by, effective_to=[before, effective_to], reason=reason.strip())
    return rate


@transaction.atomic
def void_rate(*, rate: IncentiveRate, reason: str, by: Actor) -> IncentiveRate:
    """Let a rate that was entered by mistake hold on no day; refused once an entry of the ledger rests on it."""
    require_back_office(by)
    if not reason.strip():
        raise Refused(_("Give a reason: it stands in the record."))
    hold_rates_lock()
    rate = IncentiveRate.objects.select_for_update(no_key=True).get(pk=rate.pk)
    if rate.voided_at is not None:
        raise InvalidTransition(str(VOIDED_ALREADY))
    if rate.entries.exists():
        raise InvalidTransition(str(USED_ALREADY))
    rate.voided_at = clock.now()
    rate.save(update_fields=["voided_at"])
    record("incentive_rate.voided", rate, by=by, percent=rate.percent, reason=reason.strip())
    return rate


def why_settled(rate: IncentiveRate, service: Callable[..., object]) -> str:
    """Why a service can do nothing any more with the rate, whatever is entered; nothing while it can."""
    if rate.voided_at is not None:
        return str(VOIDED_ALREADY)
    if service == void_rate and rate.entries.exists():
        return str(USED_ALREADY)
    return ""


def require_back_office(by: Actor) -> None:
    """Rates and the ledger are the programme's: a provider or a reseller only reads them."""
    if by.user is not None and by.user.is_staff:
        return
    if by.user is None and by.system:
        return
    raise NotPermitted(f"{by.label} does not decide about incentives.")


def hold_rates_lock(*, shared: bool = False) -> None:
    """Wait until nobody else adds or voids a rate; released with the transaction. SQLite has one writer anyway.

    Shared by those who calculate: they wait for whoever changes a rate, and not for each other.
    """
    if connection.vendor == "postgresql":
        name = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {name}(%s)", [RATES_LOCK])


def earliest_day() -> date | None:
    """Since when there is a rate at all."""
    return (
        IncentiveRate.objects.filter(voided_at=None)
        .order_by("effective_from")
        .values_list("effective_from", flat=True)
        .first()
    )
