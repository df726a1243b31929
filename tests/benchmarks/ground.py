"""The data that the measurements stand on: one large provider and one small one, filled through COPY."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.management.color import no_style
from django.db import connection, models

from accounts.models import Partner
from core import clock
from core.text import fold
from customers.models import Customer, ResellerRelationship
from resellers.models import Partnership
from subscriptions.models import ResellerOfRecord, Subscription
from tests.benchmarks.measure import Visitor
from tests.world import Holdings, World, make_world

WORDS = "alpine amber basil cedar cobalt coral delta ember fjord garnet harbor indigo juniper kelp linden maple".split()
KINDS = "Bakery Clinic Dairy Foundry Garage Hotel Laundry Mill Nursery Pharmacy Quarry School Theater Vineyard".split()
RARE = "zanzibar"


@dataclass
class Ground:
    """Two providers, the visitors who work there, and how much there is of what."""

    world: World
    large: Visitor
    small: Visitor
    resellers: int
    customers: int


def copy_rows(prototype: models.Model, count: int, vary: Callable[[int], dict[str, Any]]) -> None:
    """COPY so many rows that are like the prototype but for what `vary(number)` says, by column."""
    model = type(prototype)
    fields = [field for field in model._meta.concrete_fields if not field.generated]
    same = {field.attname: field.get_db_prep_save(field.value_from_object(prototype), connection) for field in fields}
    columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    names = [field.attname for field in fields]
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY {connection.ops.quote_name(model._meta.db_table)} ({columns}) FROM STDIN") as copy:
            for number in range(count):
                row = same | vary(number)
                copy.write_row([row[name] for name in names])
        for statement in connection.ops.sequence_reset_sql(no_style(), [model]):
            cursor.execute(statement)


def next_id(model: type[models.Model]) -> int:
    """The first id that is free, with room below it."""
    return (model.objects.aggregate(last=models.Max("pk"))["last"] or 0) + 1000  # type: ignore[attr-defined]


def name_of(number: int, kind: list[str]) -> str:
    """A company's name: common words, a number, and in one of ten thousand the rare word."""
    words = [WORDS[number % 16].title(), kind[number % 14], str(number)]
    return " ".join([*words, RARE.title()] if number % 10_000 == 77 else words)


def long_ago(number: int) -> datetime:
    """Moments of the last two years, in no order."""
    return clock.now() - timedelta(seconds=number * 7919 % 63_000_000)


def make_ground(resellers: int, customers: int) -> Ground:
    """Seed everything, and say how long it took."""
    began = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")  # a page's limit, and no page fills a table
    world = make_world()
    fill(world.ours, resellers, customers, "1")
    fill(world.theirs, 1000, 1000, "2")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("RESET statement_timeout")
    print(
        f"Seeded {resellers:,} resellers and {customers:,} customers in {time.monotonic() - began:.0f} s.", flush=True
    )
    assert world.ours.provider_admin.user
    assert world.theirs.provider_admin.user
    large, small = Visitor(world.ours.provider_admin.user), Visitor(world.theirs.provider_admin.user)
    return Ground(world, large, small, resellers, customers)


def fill(one: Holdings, resellers: int, customers: int, mark: str) -> None:
    """Give a provider so many resellers, and them so many customers with two subscriptions each."""
    partner_id, partnership_id = next_id(Partner), next_id(Partnership)
    customer_id, subscription_id = next_id(Customer), next_id(Subscription)
    countries = sorted(one.provider.countries)

    def reseller(number: int) -> dict[str, Any]:
        name, mpn_id = name_of(number, ["Services"] * 14), f"{mark}{7_000_000 + number}"
        return {
            "id": partner_id + number,
            "microsoft_id": uuid.uuid4(),
            "legal_name": name,
            "mpn_id": mpn_id,
            "mpn_key": mpn_id,
            "country": countries[number % len(countries)],
            "search_text": fold(f"{name} {mpn_id} contact@reseller{number}.example"),
        }

    def customer(number: int) -> dict[str, Any]:
        name, prefix = name_of(number, KINDS), f"bench{mark}x{number}"
        return {
            "id": customer_id + number,
            "microsoft_id": uuid.uuid4(),
            "company_name": name,
            "domain_prefix": prefix,
            "contact_email": f"ana@{prefix}.example",
            "created_at": long_ago(number),
            "search_text": fold(f"{name} {prefix} ana@{prefix}.example"),
        }

    copy_rows(one.reseller, resellers, reseller)
    copy_rows(one.partnership, resellers, lambda number: {
        "id": partnership_id + number,
        "public_id": uuid.uuid4(),
        "reseller_id": partner_id + number,
        "began_at": long_ago(number),
    })  # fmt: skip
    copy_rows(one.customer, customers, customer)
    relation = ResellerRelationship.objects.get(customer=one.customer)
    first = next_id(ResellerRelationship)
    copy_rows(relation, customers, lambda number: {
        "id": first + number,
        "customer_id": customer_id + number,
        # One in ten resellers has no customers, and one has many.
        "reseller_id": partner_id + holder(number, resellers),
        "partnership_id": partnership_id + holder(number, resellers),
        "begins_at": long_ago(number),
    })  # fmt: skip
    copy_rows(one.subscription, 2 * customers, lambda number: {
        "id": subscription_id + number,
        "subscription_id": uuid.uuid4(),
        "customer_id": customer_id + number // 2,
        "created_at": long_ago(number // 2),
    })  # fmt: skip
    record = ResellerOfRecord.objects.get(subscription=one.subscription)
    first_record = next_id(ResellerOfRecord)
    copy_rows(record, 2 * customers, lambda number: {
        "id": first_record + number,
        "subscription_id": subscription_id + number,
        "reseller_id": partner_id + holder(number // 2, resellers),
    })  # fmt: skip


def holder(number: int, resellers: int) -> int:
    """Which reseller has this customer: every fiftieth belongs to the first, a tenth of the resellers have none."""
    return 0 if number % 50 == 0 else number % (resellers * 9 // 10)
