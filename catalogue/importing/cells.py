"""From the text of one cell to a value; each function raises ValueError with the reason in words."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django_countries import countries

from catalogue.models import BillingPlan, Segment, TermDuration
from catalogue.models.prices import OPEN_START
from catalogue.models.products import Sku, sku_code
from core.text import clean_message, clean_name

LARGEST_NUMBER = 2_147_483_647
LARGEST_PRICE = Decimal("9999999999.9999")
PRICE_STEP = Decimal("0.0001")
# Microsoft sells in Kosovo under a code that ISO has not given out.
FURTHER_MARKETS = frozenset({"XK"})

TERMS = {"": TermDuration.NONE, "NONE": TermDuration.NONE, "P1M": "P1M", "P1Y": "P1Y", "P3Y": "P3Y"}
BILLING_PLANS = {
    "": BillingPlan.NONE,
    "none": BillingPlan.NONE,
    "monthly": BillingPlan.MONTHLY,
    "annual": BillingPlan.ANNUAL,
    "triennial": BillingPlan.TRIENNIAL,
    "onetime": BillingPlan.ONE_TIME,
}
SEGMENTS = {
    "commercial": Segment.COMMERCIAL,
    "education": Segment.EDUCATION,
    "government": Segment.GOVERNMENT,
    "charity": Segment.NONPROFIT,
    "nonprofit": Segment.NONPROFIT,
    "charity/nonprofit": Segment.NONPROFIT,
}
LIMIT_TYPES = {
    "": Sku.OwnershipLimitType.NONE,
    "none": Sku.OwnershipLimitType.NONE,
    "concurrentcount": Sku.OwnershipLimitType.CONCURRENT,
    "concurrent": Sku.OwnershipLimitType.CONCURRENT,
    "lifetime": Sku.OwnershipLimitType.LIFETIME,
}
ISO_DATE = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?\s*(Z|[+-]\d{2}:?\d{2})?"
)
US_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?: (\d{1,2}):(\d{2})(?::(\d{2}))?(?: ?([AP]M))?)?", re.I)

AMOUNT = re.compile(r"[-+]?[0-9.]+([eE][-+]?[0-9]{1,3})?")

Clean = Callable[[str], Any]


def line(longest: int, *, required: bool = False) -> Clean:
    """Text on one line of at most so many characters."""

    def clean(cell: str) -> str:
        text = " ".join(cell.split()) if cell.isascii() and cell.replace("\t", " ").isprintable() else tidy(cell)
        if required and not text:
            raise ValueError(_("This cell must not be empty."))
        if len(text) > longest:
            raise ValueError(
                _("At most %(longest)d characters; this has %(count)d.") % {"longest": longest, "count": len(text)}
            )
        return text

    return clean


def tidy(cell: str) -> str:
    """Text on one line; line breaks inside a cell become spaces, deceiving characters are refused."""
    try:
        return clean_name(" ".join(cell.split()))
    except ValidationError as error:
        raise ValueError(error.messages[0]) from error


def paragraphs(cell: str) -> str:
    """Text of several lines."""
    try:
        return cell.strip() if cell.isascii() and cell.isprintable() else clean_message(cell)
    except ValidationError as error:
        raise ValueError(error.messages[0]) from error


def product_id(cell: str) -> str:
    """CFQ7TTC0LDPB."""
    text = cell.strip().upper()
    if not re.fullmatch(r"[A-Z0-9]{6,20}", text):
        raise ValueError(_("A product ID has letters and digits only, like CFQ7TTC0LDPB."))
    return text


def sku_id(cell: str) -> str:
    """0001, also when a spreadsheet has made it 1."""
    text = cell.strip().upper()
    if not re.fullmatch(r"[A-Z0-9]{1,4}", text):
        raise ValueError(_("A SKU ID has up to four letters and digits, like 0001."))
    return text.zfill(4)


def codes(cell: str) -> tuple[str, ...]:
    """CFQ7TTC0LDPB/0001,CFQ7TTC0LCHC/0002 as sorted names of SKUs."""
    if cell.strip().lower() == "none":
        return ()
    found = set()
    for part in re.split(r"[,;\s]+", cell.strip()):
        if not part:
            continue
        match = re.fullmatch(r"([A-Za-z0-9]{6,20})[/:]([A-Za-z0-9]{1,4})", part)
        if match is None:
            raise ValueError(_("“%(part)s” is not a product and SKU ID like CFQ7TTC0LDPB/0001.") % {"part": part[:50]})
        found.add(sku_code(match[1].upper(), match[2].upper().zfill(4)))
    return tuple(sorted(found))


def allowed_countries(cell: str) -> str:
    """AD;AE;… as the SKU keeps it."""
    found = {part.upper() for part in re.split(r"[;,\s]+", cell.strip()) if part}
    for part in sorted(found):
        if not re.fullmatch(r"[A-Z]{2}", part):
            raise ValueError(_("“%(part)s” is not a country code of two letters.") % {"part": part[:50]})
    return f";{';'.join(sorted(found))};" if found else ""


def market(cell: str) -> str:
    """A country's two letters."""
    text = cell.strip().upper()
    if text not in countries and text not in FURTHER_MARKETS:
        raise ValueError(_("This is not the two-letter code of a country, like US."))
    return text


def currency(cell: str) -> str:
    """A currency's three letters."""
    text = cell.strip().upper()
    if not re.fullmatch(r"[A-Z]{3}", text):
        raise ValueError(_("A currency has three letters, like USD."))
    return text


def price(cell: str) -> Decimal:
    """An amount with a decimal point; a comma is refused, because 1,234 would mean two things."""
    text = cell.strip()
    if "," in text:
        raise ValueError(_("Write the amount with a decimal point and without thousands separators, like 1234.50."))
    if not text:
        raise ValueError(_("This cell must not be empty."))
    try:
        amount = Decimal(text) if AMOUNT.fullmatch(text) else None
    except InvalidOperation:
        amount = None
    if amount is None:
        raise ValueError(_("This is not an amount like 1234.50."))
    if amount < 0:
        raise ValueError(_("A price cannot be negative."))
    if amount > LARGEST_PRICE:
        raise ValueError(_("This amount is too large."))
    return amount.quantize(PRICE_STEP, ROUND_HALF_UP)


def optional_price(cell: str) -> Decimal | None:
    """An amount, or nothing."""
    return None if cell.strip().lower() in ("", "none") else price(cell)


def optional_number(cell: str) -> int | None:
    """A whole number of zero or more, or nothing."""
    text = cell.strip()
    if text.lower() in ("", "none"):
        return None
    if not re.fullmatch(r"[0-9]{1,12}(\.0+)?", text):
        raise ValueError(_("This is not a whole number of zero or more."))
    number = int(text.partition(".")[0])
    if number > LARGEST_NUMBER:
        raise ValueError(_("This number is larger than %(limit)d.") % {"limit": LARGEST_NUMBER})
    return number


def tier_start(cell: str) -> int:
    """From how many licenses the price holds; nothing means from the first."""
    number = optional_number(cell)
    return 1 if number is None else number


def starts(cell: str) -> datetime:
    """When a price begins; 1753 or nothing means that it was always so."""
    moment, _whole_day = instant(cell)
    if moment is None or moment.year <= OPEN_START.year:
        return OPEN_START
    if moment.year >= 9999:
        raise ValueError(_("A price cannot begin in the year 9999, which stands for “no end”."))
    return moment


def ends(cell: str) -> datetime | None:
    """The moment from which a price no longer holds; 9999, 1753 or nothing means that it is open.

    A last second (23:59:59) or a bare date means the whole of that day.
    """
    moment, whole_day = instant(cell)
    if moment is None or moment.year <= OPEN_START.year or moment.year >= 9999:
        return None
    if whole_day:
        return moment + timedelta(days=1)
    if (moment.hour, moment.minute) == (23, 59):
        return moment.replace(minute=0, second=0) + timedelta(hours=1)
    return moment


def instant(cell: str) -> tuple[datetime | None, bool]:
    """A moment in UTC and whether only its date was written: `2/1/2023 0:00` (month first) or ISO."""
    text = cell.strip()
    if text.lower() in ("", "none"):
        return None, False
    try:
        if match := ISO_DATE.fullmatch(text):
            year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC) - offset(match[7]), match[4] is None
        if match := US_DATE.fullmatch(text):
            month, day, year, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
            if match[7]:
                hour = hour % 12 + (12 if match[7].upper() == "PM" else 0)
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC), match[4] is None
    except (ValueError, OverflowError) as error:
        raise ValueError(_("There is no such date; dates are written month/day/year or year-month-day.")) from error
    raise ValueError(_("This is not a date like 2/1/2023 0:00 (month first) or 2023-02-01T00:00:00Z."))


def offset(zone: str | None) -> timedelta:
    """The distance from UTC that an ISO date names."""
    if not zone or zone == "Z":
        return timedelta(0)
    digits = zone[1:].replace(":", "")
    distance = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return distance if zone[0] == "+" else -distance


def tags(cell: str) -> frozenset[str]:
    """License; Trial as words in lower case."""
    return frozenset(part.strip().lower() for part in re.split(r"[;,]", cell) if part.strip())


def one_of(values: dict[str, Any], shown: str, *, normal: Callable[[str], str] = str.lower) -> Clean:
    """One of these words, whatever its case and spacing."""

    def clean(cell: str) -> Any:
        try:
            return str(values[normal("".join(cell.split()).replace("-", ""))])
        except KeyError:
            raise ValueError(_("Expected one of: %(values)s.") % {"values": shown}) from None

    return clean


term_duration = one_of(TERMS, "P1M, P1Y, P3Y, None", normal=str.upper)
billing_plan = one_of(BILLING_PLANS, "Monthly, Annual, Triennial, None, OneTime")
segment = one_of(SEGMENTS, "Commercial, Education, Government, Charity, NonProfit")
limit_type = one_of(LIMIT_TYPES, "None, ConcurrentCount, Lifetime")
