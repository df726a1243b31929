"""The offer matrix: the full list of SKUs with the conditions under which they are sold."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from catalogue.importing.columns import OFFER_MATRIX, checked_rows
from catalogue.importing.describing import Described, in_batches, store_skus
from catalogue.importing.outcome import Outcome
from catalogue.importing.problems import Problems
from catalogue.importing.reading import Sheet
from catalogue.models import Price, Sku, SkuConversion, SkuPrerequisite
from catalogue.models.products import sku_code
from core import clock

CONDITIONS = [
    "provisioning_id",
    "provisioning_string",
    "min_licenses",
    "max_licenses",
    "asset_ownership_limit",
    "asset_ownership_limit_type",
    "allowed_countries",
    "is_add_on",
    "withdrawn_at",
]
WORDS = ["title", "description"]


class Row(NamedTuple):
    """A checked row, in the order of OFFER_MATRIX."""

    product_title: str
    product: str
    sku: str
    sku_title: str
    provisioning_id: str
    provisioning_string: str
    fewest: int | None
    most: int | None
    limit: int | None
    limit_type: str
    needs: tuple[str, ...]
    becomes: tuple[str, ...]
    description: str
    countries: str


@dataclass
class OfferMatrix:
    """A checked offer matrix: its products, its SKUs, and what these need or may become."""

    products: dict[str, dict[str, str]] = field(default_factory=dict)
    skus: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    prerequisites: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    conversions: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    repeated: int = 0


def parse(sheet: Sheet, problems: Problems, on_progress: Callable[[int], None]) -> OfferMatrix:
    """Check every row; the result is complete only if there are no problems."""
    found = OfferMatrix()
    first_rows: dict[tuple[str, str], tuple[int, Row]] = {}
    for number, values in checked_rows(OFFER_MATRIX, sheet, problems, on_progress):
        row = Row._make(values)
        code = (row.product, row.sku)
        if wrong := contradiction(row):
            problems.add(number, *wrong)
        elif code not in first_rows:
            first_rows[code] = (number, row)
            describe(found, row)
        elif first_rows[code][1] == row:
            found.repeated += 1
        else:
            reason = _("Row %(row)d says something else about the same SKU.") % {"row": first_rows[code][0]}
            problems.add(number, "SkuId", row.sku, reason)
    return found


def contradiction(row: Row) -> tuple[str, str, str] | None:
    """The column, value and reason where cells that are fine alone do not fit together."""
    if row.fewest is not None and row.most is not None and row.most < row.fewest:
        return "MaxLicenses", str(row.most), _("The most licenses are fewer than the fewest.")
    if sku_code(row.product, row.sku) in row.needs:
        return "ProductSkuPreRequisites", sku_code(row.product, row.sku), _("A SKU cannot need itself.")
    return None


def describe(found: OfferMatrix, row: Row) -> None:
    """Take over what the row says."""
    code = (row.product, row.sku)
    found.products.setdefault(row.product, {"title": row.product_title})
    found.skus[code] = {
        "title": row.sku_title,
        "description": row.description,
        "provisioning_id": row.provisioning_id,
        "provisioning_string": row.provisioning_string,
        "min_licenses": row.fewest,
        "max_licenses": row.most,
        "asset_ownership_limit": row.limit,
        "asset_ownership_limit_type": row.limit_type,
        "allowed_countries": row.countries,
        "is_add_on": bool(row.needs),
        "withdrawn_at": None,
    }
    found.prerequisites[code], found.conversions[code] = row.needs, row.becomes


def store(found: OfferMatrix) -> Outcome:
    """Bring the catalogue to what the matrix says, in the caller's transaction; nothing is removed from it."""
    now = clock.now()
    # The words of a SKU are the price list's as soon as that has named it; two files never quarrel over a title.
    priced = set(Price.objects.order_by().values_list("sku__code", flat=True).distinct())
    priced_products = {code.partition("/")[0] for code in priced}
    described = store_skus(
        found.skus,
        {product: values if product not in priced_products else {} for product, values in found.products.items()},
        fields=[*WORDS, *CONDITIONS],
        owns=lambda sku, name: name not in WORDS or sku.code not in priced,
    )
    changed = set(described.changed)
    changed |= store_links(SkuPrerequisite, "required_code", found.prerequisites, described)
    changed |= store_links(SkuConversion, "target_code", found.conversions, described)
    added = mark_listed(described, now)
    changed -= added
    return Outcome(
        added=len(added),
        changed=len(changed),
        unchanged=len(found.skus) - len(added) - len(changed) + found.repeated,
        ended=withdraw_absent(described, now),
    )


def store_links(
    model: Any, name: str, wanted: dict[tuple[str, str], tuple[str, ...]], described: Described
) -> set[str]:
    """Make the links of each SKU those of the file; return the codes of the SKUs whose links changed."""
    codes = {sku.pk: code for code, sku in described.skus.items()}
    stored: dict[int, dict[str, int]] = {pk: {} for pk in codes}
    for batch in in_batches(codes):
        for pk, sku, target in model.objects.filter(sku__in=batch).values_list("pk", "sku_id", name):
            stored[sku][target] = pk
    new, gone, changed = [], [], set()
    for pk, code in codes.items():
        targets = set(wanted[tuple(code.split("/"))])  # type: ignore[index]
        new += [model(sku_id=pk, **{name: target}) for target in sorted(targets - stored[pk].keys())]
        gone += [link for target, link in stored[pk].items() if target not in targets]
        if targets != stored[pk].keys():
            changed.add(code)
    for batch in in_batches(gone):
        model.objects.filter(pk__in=batch).delete()
    model.objects.bulk_create(new, batch_size=500)
    return changed


def mark_listed(described: Described, now: datetime) -> set[str]:
    """Note since when the matrix lists these SKUs; return the codes of those that it lists for the first time."""
    new = {code for code, sku in described.skus.items() if sku.offer_listed_at is None}
    for batch in in_batches(described.skus[code].pk for code in new):
        Sku.objects.filter(pk__in=batch).update(offer_listed_at=now)
    return new


def withdraw_absent(described: Described, now: datetime) -> int:
    """Withdraw the SKUs that an earlier matrix listed and this one does not; return how many."""
    listed = {sku.pk for sku in described.skus.values()}
    former = Sku.objects.filter(offer_listed_at__isnull=False, withdrawn_at=None).values_list("pk", flat=True)
    absent = [pk for pk in former if pk not in listed]
    for batch in in_batches(absent):
        Sku.objects.filter(pk__in=batch).update(withdrawn_at=now)
    return len(absent)
