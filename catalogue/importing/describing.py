"""Products and SKUs as a file describes them: new ones are added, changed ones updated, none is removed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from catalogue.models import Product, Sku
from catalogue.models.products import sku_code, sku_search_text
from core import clock

BATCH = 500


@dataclass
class Described:
    """The SKUs of a file by code, as they are stored now, and which of them the file added or changed."""

    skus: dict[str, Sku]
    added: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)


def in_batches(values: Iterable[Any]) -> Iterable[list[Any]]:
    """Lists short enough for one statement on any database."""
    every = list(values)
    return (every[start : start + BATCH] for start in range(0, len(every), BATCH))


def store_products(products: Mapping[str, Mapping[str, str]]) -> tuple[dict[str, Product], set[str]]:
    """Add or update products by product ID; return them, and the IDs of those that existed and changed."""
    stored: dict[str, Product] = {}
    for batch in in_batches(products):
        stored.update({product.product_id: product for product in Product.objects.filter(product_id__in=batch)})
    new: list[Product] = []
    changed: list[Product] = []
    for product_id, values in products.items():
        product = stored.get(product_id)
        if product is None:
            stored[product_id] = Product(product_id=product_id, **values)
            new.append(stored[product_id])
        elif set_values(product, values):
            changed.append(product)
    Product.objects.bulk_create(new, batch_size=BATCH)
    update_rows(Product, changed, ["title", "publisher"])
    return stored, {product.product_id for product in changed}


def store_skus(
    skus: Mapping[tuple[str, str], Mapping[str, Any]],
    products: Mapping[str, Mapping[str, str]],
    *,
    fields: list[str],
    owns: Callable[[Sku, str], bool] = lambda sku, name: True,
) -> Described:
    """Add or update SKUs by (product ID, SKU ID). `owns` says whether the file may change a field of a stored SKU."""
    by_product, changed_products = store_products(products)
    stored: dict[str, Sku] = {}
    for batch in in_batches(product.pk for product in by_product.values()):
        stored.update({sku.code: sku for sku in Sku.objects.filter(product__in=batch)})
    new: list[Sku] = []
    changed: set[str] = set()
    result = Described({})
    for (product_id, sku_id), values in skus.items():
        code = sku_code(product_id, sku_id)
        sku = stored.get(code)
        if sku is None:
            sku = Sku(product=by_product[product_id], sku_id=sku_id, code=code, created_at=clock.now(), **values)
            stored[code] = sku
            new.append(sku)
            result.added.add(code)
        elif set_values(sku, {name: value for name, value in values.items() if owns(sku, name)}):
            changed.add(code)
        if product_id in changed_products and code not in result.added:
            changed.add(code)
        result.skus[code] = sku
    by_pk = {product.pk: product for product in by_product.values()}
    touched = [
        sku for sku in stored.values() if sku.code in changed or by_pk[sku.product_id].product_id in changed_products
    ]
    for sku in (*new, *touched):
        product = by_pk[sku.product_id]
        sku.search_text = sku_search_text(product.title, product.publisher, sku.title, sku.code)
    Sku.objects.bulk_create(new, batch_size=BATCH)
    update_rows(Sku, touched, [*fields, "search_text"])
    result.changed = changed
    return result


def set_values(instance: Any, values: Mapping[str, Any]) -> bool:
    """Give the instance these values; whether any of them is new."""
    fresh = [name for name, value in values.items() if getattr(instance, name) != value]
    for name in fresh:
        setattr(instance, name, values[name])
    return bool(fresh)


def update_rows(model: Any, rows: list[Any], fields: list[str]) -> None:
    """Write the fields of stored rows in few statements; bulk_update would send one CASE per field and row."""
    if rows:
        model.objects.bulk_create(
            rows, batch_size=BATCH, update_conflicts=True, unique_fields=["id"], update_fields=fields
        )
