"""What the import of a price list costs beside a bare COPY of the rows that it makes (P8)."""

import statistics
from collections.abc import Iterator
from functools import partial
from itertools import product

from django.db import connection

from accounts.access import system_actor
from catalogue.importing.copying import insert_rows
from catalogue.models import Price
from catalogue.services import import_price_list
from tests.benchmarks.ground import Ground
from tests.benchmarks.measure import Result, at_least, benchmark, seconds
from tests.catalogue.files import price, price_list

ROWS = 30_000
TERMS = (("P1M", "Monthly"), ("P1Y", "Monthly"), ("P1Y", "Annual"), ("P3Y", "Monthly"), ("P3Y", "Annual"))
SEGMENTS = ("Commercial", "Education")
ROUNDS = 3


@benchmark
def imports(ground: Ground) -> Iterator[Result]:
    """Thirty thousand rows, read, checked and stored; of what was stored the prices alone are copied once more."""
    imported, copied = [], []
    for number in range(ROUNDS):
        file = a_price_list(number)
        last = Price.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        imported.append(seconds(partial(import_price_list, file=file, by=system_actor("benchmark"))))
        names = [field.name for field in Price._meta.concrete_fields if not (field.generated or field.primary_key)]
        columns = [Price._meta.get_field(name).attname for name in names]
        rows = list(Price.objects.filter(pk__gt=last).values_list(*columns))
        assert len(rows) == ROWS, len(rows)
        forget_prices(last)
        copied.append(seconds(partial(insert_rows, Price, names, rows)))
        forget_prices(last)
    ours, bare = statistics.median(imported), statistics.median(copied)
    note = f"{ROWS / ours:,.0f} rows/s"
    yield at_least("P8", f"Price list of {ROWS:,} rows, against COPY", bare / ours, 0.3, "×", note)


def a_price_list(number: int) -> bytes:
    """Offers that no other list has, in each term and for two segments."""
    offers = ROWS // (len(TERMS) * len(SEGMENTS))
    return price_list(
        *(
            price(
                ProductTitle=f"Offer {place // 10}",
                ProductId=f"BENCH{number}{place // 10:06}",
                SkuId=f"{place % 10:04}",
                SkuTitle=f"Offer {place // 10} plan {place % 10}",
                Market="CA",  # a list ends what it does not name in its market, and orders are placed in others
                Currency="CAD",
                TermDuration=term,
                BillingPlan=plan,
                Segment=segment,
                UnitPrice=f"{place % 900 + 1}.50",
                ERP=f"{place % 900 + 2}.50",
            )
            for place, (term, plan), segment in product(range(offers), TERMS, SEGMENTS)
        )
    )


def forget_prices(last: int) -> None:
    """Take away what came after this one."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {Price._meta.db_table} WHERE id > %s", [last])
