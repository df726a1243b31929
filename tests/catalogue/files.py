"""Files as Microsoft ships them, with as much wrong as a test asks for."""

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

PRICE_LIST = (
    "ProductTitle", "ProductId", "SkuId", "SkuTitle", "Publisher", "SkuDescription", "UnitOfMeasure", "TermDuration",
    "BillingPlan", "Market", "Currency", "UnitPrice", "PricingTierRangeMin", "PricingTierRangeMax",
    "EffectiveStartDate", "EffectiveEndDate", "Tags", "ERP Price", "Segment",
)  # fmt: skip
OFFER_MATRIX = (
    "ProductTitle", "ProductId", "SkuId", "SkuTitle", "ProvisioningId", "ProvisioningString", "MinLicenses",
    "MaxLicenses", "AssetOwnershipLimit", "AssetOwnershipLimitType", "ProductSkuPreRequisites",
    "ProductSkuConversion", "Description", "AllowedCountries",
)  # fmt: skip
PRICE = dict(
    zip(
        PRICE_LIST,
        ("Microsoft 365 Business Standard", "CFQ7TTC0LDPB", "0001", "Microsoft 365 Business Standard",
         "Microsoft Corporation", "Desktop apps.", "1 License(s)", "P1Y", "Monthly", "US", "USD", "150.00", "", "",
         "2/1/2023 0:00", "12/31/9999 0:00", "License", "187.50", "Commercial"),
        strict=True,
    )
)  # fmt: skip
OFFER = dict(
    zip(
        OFFER_MATRIX,
        ("Microsoft 365 Business Standard", "CFQ7TTC0LDPB", "0001", "Microsoft 365 Business Standard",
         "f245ecc8-75af-4f8e-b61f-27d8114de5f3", "O365_BUSINESS_PREMIUM", "1", "300", "", "None", "", "",
         "Desktop apps.", "BR;US"),
        strict=True,
    )
)  # fmt: skip


def price(**cells: Any) -> dict[str, Any]:
    """A row of a price list; keywords are headings, ERP stands for ERP Price."""
    if "ERP" in cells:
        cells["ERP Price"] = cells.pop("ERP")
    return {**PRICE, **cells}


def offer(**cells: Any) -> dict[str, Any]:
    """A row of an offer matrix."""
    return {**OFFER, **cells}


def text_of(headings: Sequence[str], rows: Iterable[Mapping[str, Any]], delimiter: str = ",", end: str = "\r\n") -> str:
    """The rows as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end)
    writer.writerow(headings)
    writer.writerows([row.get(heading, "") for heading in headings] for row in rows)
    return out.getvalue()


def price_list(*rows: Mapping[str, Any], headings: Sequence[str] = PRICE_LIST) -> bytes:
    """A price list in UTF-8."""
    return text_of(headings, rows).encode()


def offer_matrix(*rows: Mapping[str, Any], headings: Sequence[str] = OFFER_MATRIX) -> bytes:
    """An offer matrix in UTF-8."""
    return text_of(headings, rows).encode()


def zipped(packing: int = zipfile.ZIP_DEFLATED, **members: bytes) -> bytes:
    """A zip archive; a double underscore in a name stands for the dot before its ending."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return out.getvalue()
