"""What Submit costs, against the same rows written by a script that does nothing else (P7)."""

import os
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import urlencode

import psycopg
from django.apps import apps
from django.db import connection, models
from django.test.utils import override_settings
from django.urls import reverse

from activity.models import UnsealedRecord
from catalogue.models import Price, Product, Sku
from core import clock
from customers.details import CustomerDetails
from orders.models import OrderDraft
from orders.services import choose_offers, save_details, start_draft
from tests.benchmarks.ground import Ground
from tests.benchmarks.measure import RUNS, WARM_UP, Result, Visitor, at_most, benchmark, side_by_side

OURS = ("accounts", "catalogue", "resellers", "customers", "subscriptions", "orders", "activity", "mail")
FIELD = re.compile(r"<input\b[^>]*>")
ATTRIBUTE = re.compile(r'\b(name|value|type)="([^"]*)"')


@benchmark
def submit(ground: Ground) -> Iterator[Result]:
    """Submit of the New customer wizard over HTTP, with three lines; and the same request once more."""
    prices = [make_offer(number) for number in range(3)]
    turns = RUNS + WARM_UP
    forms = [reviewed_form(ground, prices, f"benchsubmit{number}") for number in range(2 * turns + 1)]
    script = Script(forms.pop(), ground.large)
    unsent, quick, sent = iter(forms[:turns]), iter(forms[turns:]), iter(forms[:turns])

    def send_quickly() -> None:
        # A password is hashed slowly on purpose, and no script that only writes rows does that. Subtracted, the one
        # measurement's noise would be as large as what is left of the other.
        with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
            next(quick).send(ground.large)

    portal, without, replay, raw = side_by_side(
        lambda: next(unsent).send(ground.large),
        send_quickly,
        lambda: next(sent).send(ground.large),
        script.write,
    )
    yield at_most("P7", "Submit, without hashing the password", without / raw, 10, "×", f"{without * 1000:.0f} ms")
    note = f"{portal * 1000:.0f} ms; {len(script.rows)} rows {raw * 1000:.0f} ms"
    yield at_most("P7", "Submit of the New customer wizard", portal / raw, 10, "×", note)
    yield at_most("P7", "Submit, the same once more", replay / raw, 5, "×", f"{replay * 1000:.1f} ms")


@dataclass
class Form:
    """What the page Review sends."""

    path: str
    prefix: str
    data: dict[str, str]

    def send(self, visitor: Visitor) -> None:
        """Submit; any answer but the confirmation fails."""
        location = visitor.post(self.path, urlencode(self.data))
        if "confirmation" not in location:
            raise RuntimeError(f"{self.path} leads to {location}")


def make_offer(number: int) -> Price:
    """An offer for a year."""
    product = Product.objects.create(product_id=f"CFQ7TTC9{number:04d}", title=f"Bench {number}", publisher="Microsoft")
    sku = Sku.objects.create(product=product, sku_id="0001", title=f"Bench {number}", max_licenses=300)
    return Price.objects.create(
        sku=sku,
        market="US",
        currency="USD",
        term_duration="P1Y",
        term_months=12,
        billing_plan="Monthly",
        segment="Commercial",
        unit_price=100,
        sold_from=clock.now() - timedelta(days=400),
    )


def reviewed_form(ground: Ground, prices: list[Price], prefix: str) -> Form:
    """A draft that is ready, and what its page Review would send."""
    ours = ground.world.ours
    details = CustomerDetails(
        company_name=f"Company {prefix}",
        domain_prefix=prefix,
        country="US",
        address_line_1="1 Infinite Loop",
        city="Cupertino",
        state="CA",
        postal_code="95014",
        contact_first_name="Ana",
        contact_last_name="Lima",
        contact_email=f"ana@{prefix}.example",
        contact_phone="+14085550123",
        agreement_accepted_on=(clock.now() - timedelta(days=2)).date(),
        agreement_first_name="Ana",
        agreement_last_name="Lima",
        agreement_email=f"ana@{prefix}.example",
    )
    draft: OrderDraft = start_draft(reseller=ours.reseller, by=ours.provider_admin)
    save_details(draft=draft, details=details, reseller=ours.reseller, by=ours.provider_admin)
    choose_offers(draft=draft, quantities=dict.fromkeys(prices, 5), by=ours.provider_admin)
    page = ground.large.get(reverse("orders:review", args=[draft.public_id])).decode()
    form = page[page.index(f'action="{reverse("orders:submit", args=[draft.public_id])}"') :]
    fields = [dict(ATTRIBUTE.findall(field)) for field in FIELD.findall(form[: form.index("</form>")])]
    data = {field["name"]: unescape(field.get("value", "")) for field in fields if "name" in field}
    return Form(reverse("orders:submit", args=[draft.public_id]), prefix, data)


class Script:
    """Writes the rows that a Submit made, again and again under keys of their own, in one transaction each."""

    def __init__(self, form: Form, visitor: Visitor) -> None:
        # What the database adds by itself it adds to the script's rows too.
        tables = [model for model in apps.get_models() if model._meta.app_label in OURS and model != UnsealedRecord]
        before = {model: set(new_keys(model)) for model in tables}
        form.send(visitor)
        made = {model: model._base_manager.filter(pk__in=set(new_keys(model)) - before[model]) for model in tables}
        self.prefix = form.prefix
        self.rows = in_order([row for rows in made.values() for row in rows])
        self.connection = psycopg.connect(os.environ["DATABASE_URL"])

    def write(self) -> None:
        """One BEGIN, the INSERTs, one COMMIT."""
        fresh = f"raw{uuid.uuid4().hex[:12]}"
        keys: dict[tuple[type[models.Model], Any], Any] = {}
        with self.connection.transaction(), self.connection.cursor() as cursor:
            for row in self.rows:
                model = type(row)
                values = {
                    field.column: self.value(field, row, fresh, keys)
                    for field in model._meta.concrete_fields
                    if not field.generated and not isinstance(field, models.AutoField)
                }
                names, marks = ", ".join(f'"{name}"' for name in values), ", ".join(["%s"] * len(values))
                table, pk = model._meta.db_table, model._meta.pk.column
                cursor.execute(
                    f'INSERT INTO "{table}" ({names}) VALUES ({marks}) RETURNING "{pk}"',  # type: ignore[arg-type]
                    list(values.values()),
                )
                keys[model, row.pk] = cursor.fetchone()[0]  # type: ignore[index]

    def value(self, field: Any, row: models.Model, fresh: str, keys: dict[tuple[type[models.Model], Any], Any]) -> Any:
        """The column's value; what must be unique is made anew, and what points to a new row points to its twin."""
        value = getattr(row, field.attname)
        if field.is_relation:
            return keys.get((field.related_model, value), value)
        if field.unique and isinstance(field, models.UUIDField):
            return uuid.uuid4()
        if isinstance(value, str) and self.prefix in value:
            return value.replace(self.prefix, fresh)
        if field.unique and isinstance(value, str):
            return f"{fresh}{value}"[: field.max_length]
        return field.get_db_prep_save(value, connection)


def new_keys(model: type[models.Model]) -> Iterator[Any]:
    """The keys of the latest rows: a Submit makes fewer than a hundred of anything."""
    manager = model._base_manager
    # A key that is no number says nothing of when its row was made.
    latest = "-created_at" if isinstance(model._meta.pk, models.UUIDField) else "-pk"
    return manager.order_by(latest).values_list("pk", flat=True)[:100].iterator()


def in_order(rows: list[models.Model]) -> list[models.Model]:
    """The rows, each after those that it points to."""
    placed: list[models.Model] = []
    keys: set[tuple[type[models.Model], Any]] = set()
    everything = {(type(row), row.pk) for row in rows}
    while rows:
        waiting = []
        for row in rows:
            needs = {
                (field.related_model, getattr(row, field.attname))
                for field in row._meta.concrete_fields
                if field.is_relation
            }
            if needs & everything <= keys:
                placed.append(row)
                keys.add((type(row), row.pk))
            else:
                waiting.append(row)
        assert len(waiting) < len(rows), waiting
        rows = waiting
    return placed
