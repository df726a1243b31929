"""The catalogue: products, their SKUs, what they cost where, and the files this came from."""

from catalogue.models.imports import CatalogueImport
from catalogue.models.prices import BillingPlan, Price, Segment, TermDuration
from catalogue.models.products import Policy, Product, Sku, SkuConversion, SkuPrerequisite

__all__ = [
    "BillingPlan",
    "CatalogueImport",
    "Policy",
    "Price",
    "Product",
    "Segment",
    "Sku",
    "SkuConversion",
    "SkuPrerequisite",
    "TermDuration",
]
