"""The data that the measurements stand on: one large provider and one small one, made by the database itself."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.core.management.color import no_style
from django.db import connection, models

from customers.models import CustomerAgreement, ResellerRelationship
from subscriptions.models import ResellerOfRecord
from subscriptions.tallies import count_resellers_anew
from tests.benchmarks.measure import Visitor
from tests.world import Holdings, World, make_world

WORDS = "Alpine Amber Basil Cedar Cobalt Coral Delta Ember Fjord Garnet Harbor Indigo Juniper Kelp Linden Maple".split()
KINDS = "Bakery Clinic Dairy Foundry Garage Hotel Laundry Mill Nursery Pharmacy Quarry School Theater Vineyard".split()
RARE = "zanzibar"
FIRST_RESELLER = f"{WORDS[0]} {KINDS[0]} 0 Services"
SUBSCRIPTIONS_EACH = 5
# A name from common words, a number, and in one of ten thousand the rare word.
NAME = (
    f"(string_to_array('{','.join(WORDS)}', ','))[n % 16 + 1] || ' ' || "
    f"(string_to_array('{','.join(KINDS)}', ','))[n % 14 + 1] || ' ' || n "
    "|| CASE WHEN n % 10000 = 77 THEN ' Zanzibar' ELSE '' END"
)
# Moments of the last two years, in no order.
LONG_AGO = "now() - make_interval(secs => ({n}::bigint * 7919) % 63000000)"


@dataclass
class Ground:
    """Two providers, the visitors who work there, and how much there is of what."""

    world: World
    large: Visitor
    small: Visitor
    resellers: int
    customers: int


def grow(prototype: models.Model, count: int, where: str = "TRUE", **columns: str) -> None:
    """INSERT so many rows that are like the prototype, but for columns given as SQL of `n`, counted from 0."""
    model = type(prototype)
    quote = connection.ops.quote_name
    names = [field.column for field in model._meta.concrete_fields if not field.generated]
    assert set(columns) <= set(names), set(columns) - set(names)
    values = ", ".join(f"({columns[name]})" if name in columns else f"p.{quote(name)}" for name in names)
    table = quote(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(map(quote, names))}) SELECT {values} FROM {table} p, "
            f"generate_series(0, {count - 1}) n WHERE p.id = {prototype.pk} AND {where}"
        )
        for statement in connection.ops.sequence_reset_sql(no_style(), [model]):
            cursor.execute(statement)


def copy_rows(prototype: models.Model, rows: list[dict[str, Any]]) -> None:
    """COPY rows that are like the prototype but for what each says, by column."""
    model = type(prototype)
    fields = [field for field in model._meta.concrete_fields if not field.generated]
    same = {field.attname: field.get_db_prep_save(field.value_from_object(prototype), connection) for field in fields}
    columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {connection.ops.quote_name(model._meta.db_table)} ({columns}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row([(same | row)[field.attname] for field in fields])


@contextmanager
def without_upkeep(*given: type[models.Model]) -> Iterator[None]:
    """Fill tables without triggers and indexes; what triggers would have kept is set by whoever fills."""
    tables = [model._meta.db_table for model in given]
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SET maintenance_work_mem = '512MB'")
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s) AND schemaname = current_schema() "
            "AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = indexname)",
            [tables],
        )
        indexes = cursor.fetchall()
        for name, _definition in indexes:
            cursor.execute(f"DROP INDEX {connection.ops.quote_name(name)}")
        yield
        cursor.execute("RESET session_replication_role")
        cursor.execute("RESET maintenance_work_mem")
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        list(workers.map(make_index, [definition for _name, definition in indexes]))


def make_index(definition: str) -> None:
    """Make one index, on a connection of its own."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("SET maintenance_work_mem = '512MB'")
        cursor.execute(definition)
    connection.close()


def next_id(model: type[models.Model]) -> int:
    """The first id that is free, with room below it."""
    return (model.objects.aggregate(last=models.Max("pk"))["last"] or 0) + 1000  # type: ignore[attr-defined]


def make_ground(resellers: int, customers: int) -> Ground:
    """Seed everything, and say how long it took."""
    began = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")  # a page's limit, and no page fills a table
    world = make_world()
    ours = world.ours
    ours.provider.further_regions = ["LATAM"]
    ours.provider.save(update_fields=["further_regions"])
    grown = (ours.reseller, ours.partnership, ours.customer, ours.subscription, ours.order)
    dated = (ResellerRelationship, CustomerAgreement, ResellerOfRecord)
    with without_upkeep(*(type(one) for one in grown), *dated):
        fill(ours, resellers, customers, "1")
        fill(world.theirs, 1000, 1000, "2")
    count_resellers_anew()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("RESET statement_timeout")
    print(
        f"Seeded {resellers:,} resellers, {customers:,} customers and {SUBSCRIPTIONS_EACH * customers:,} subscriptions "
        f"in {time.monotonic() - began:.0f} s.",
        flush=True,
    )
    assert ours.provider_admin.user
    assert world.theirs.provider_admin.user
    large, small = Visitor(ours.provider_admin.user), Visitor(world.theirs.provider_admin.user)
    return Ground(world, large, small, resellers, customers)


def fill(one: Holdings, resellers: int, customers: int, mark: str) -> None:
    """Give a provider so many resellers, and them so many customers with an order and five subscriptions each.

    One customer in twenty has no reseller, one in thirty no agreement; one subscription in fifty is suspended, one in
    forty a trial, one in thirty ended, and one in twenty without a reseller of record.
    """
    partner_id, partnership_id = fill_resellers(one, resellers, mark)
    customer_id = next_id(type(one.customer))
    prefix = f"'bench{mark}x' || n"
    now_and_then = LONG_AGO.format(n="n")
    grow(
        one.customer, customers,
        id=f"{customer_id} + n",
        microsoft_id="gen_random_uuid()",
        company_name=NAME,
        domain_prefix=prefix,
        country="CASE WHEN n % 10 = 7 THEN 'BR' ELSE 'US' END",
        contact_email=f"'ana@' || {prefix} || '.example'",
        created_at=now_and_then,
        changed_at=now_and_then,
        status="CASE WHEN n % 39 = 3 THEN 'under_review' ELSE 'active' END",
        managing_reseller_id=f"CASE WHEN n % 20 <> 0 THEN {partner_id} + {holder('n', resellers)} END",
        has_agreement="n % 30 <> 0",
        search_text=f"lower({NAME} || ' ' || {prefix} || ' ana@' || {prefix} || '.example')",
    )  # fmt: skip
    grow(
        ResellerRelationship.objects.get(customer=one.customer), customers, "n % 20 <> 0",
        id=f"{next_id(ResellerRelationship)} + n",
        customer_id=f"{customer_id} + n",
        reseller_id=f"{partner_id} + {holder('n', resellers)}",
        partnership_id=f"{partnership_id} + {holder('n', resellers)}",
        begins_at=now_and_then,
    )  # fmt: skip
    grow(
        CustomerAgreement.objects.get(customer=one.customer), customers, "n % 30 <> 0",
        id=f"{next_id(CustomerAgreement)} + n",
        customer_id=f"{customer_id} + n",
    )  # fmt: skip
    order_id, line = next_id(type(one.order)), one.order.lines.get()
    grow(
        one.order, customers,
        id=f"{order_id} + n",
        public_id="gen_random_uuid()",
        customer_id=f"{customer_id} + n",
        reseller_id=f"CASE WHEN n % 20 <> 0 THEN {partner_id} + {holder('n', resellers)} END",
        placed_at=now_and_then,
        status="CASE WHEN n % 100 = 5 THEN 'pending' WHEN n % 100 = 7 THEN 'partial' ELSE 'completed' END",
    )  # fmt: skip
    grow(
        line, 2 * customers,
        id=f"{next_id(type(line))} + n",
        order_id=f"{order_id} + n / 2",
        subscription_id="NULL::bigint",
        state="'refused'",
    )  # fmt: skip
    fill_subscriptions(one, customers, customer_id, partner_id, resellers)


def fill_resellers(one: Holdings, resellers: int, mark: str) -> tuple[int, int]:
    """The companies and their partnerships; return the id of the first of each."""
    partner_id, partnership_id = next_id(type(one.reseller)), next_id(type(one.partnership))
    countries = ",".join(sorted(one.provider.countries))
    mpn_id = f"'{mark}' || 7000000 + n"
    grow(
        one.reseller, resellers,
        id=f"{partner_id} + n",
        microsoft_id="gen_random_uuid()",
        legal_name=f"{NAME} || ' Services'",
        mpn_id=mpn_id,
        mpn_key=mpn_id,
        country=f"(string_to_array('{countries}', ','))[n % array_length(string_to_array('{countries}', ','), 1) + 1]",
        search_text=f"lower({NAME} || ' services ' || {mpn_id} || ' contact@reseller' || n || '.example')",
    )  # fmt: skip
    grow(
        one.partnership, resellers,
        id=f"{partnership_id} + n",
        public_id="gen_random_uuid()",
        reseller_id=f"{partner_id} + n",
        began_at=LONG_AGO.format(n="n"),
    )  # fmt: skip
    return partner_id, partnership_id


def fill_subscriptions(one: Holdings, customers: int, customer_id: int, partner_id: int, resellers: int) -> None:
    """Five for each customer, in every state, with terms that end over the coming year."""
    subscription_id = next_id(type(one.subscription))
    owner = f"(n / {SUBSCRIPTIONS_EACH})"
    since, named = LONG_AGO.format(n=owner), f"{partner_id} + {holder(owner, resellers)}"
    grow(
        one.subscription, SUBSCRIPTIONS_EACH * customers,
        id=f"{subscription_id} + n",
        subscription_id="gen_random_uuid()",
        customer_id=f"{customer_id} + {owner}",
        quantity="n % 90 + 1",
        status="CASE WHEN n % 50 = 4 THEN 'suspended' WHEN n % 30 = 6 THEN 'expired' ELSE 'active' END",
        is_trial="n % 40 = 9",
        ends_at="now() + make_interval(hours => n * 7 % 8760)",
        cancellable_until="now() + make_interval(hours => n * 7 % 8760 - 8600)",
        managing_reseller_id=f"CASE WHEN {owner} % 20 <> 0 THEN {named} END",
        reseller_of_record_id=f"CASE WHEN n % 20 <> 0 THEN {named} END",
        support_contact_id="NULL::bigint",
        created_at=since,
        changed_at=since,
    )  # fmt: skip
    grow(
        ResellerOfRecord.objects.get(subscription=one.subscription), SUBSCRIPTIONS_EACH * customers, "n % 20 <> 0",
        id=f"{next_id(ResellerOfRecord)} + n",
        subscription_id=f"{subscription_id} + n",
        reseller_id=named,
    )  # fmt: skip


def holder(number: str, resellers: int) -> str:
    """Which reseller has this customer: every fiftieth belongs to the first, a tenth of the resellers have none."""
    return f"CASE WHEN {number} % 50 = 0 THEN 0 ELSE {number} % {resellers * 9 // 10} END"
